"""What is known of the node on which a log was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from verl_doctor.diagnose.story import Chapter, Story
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.stated import stated
from verl_doctor.model import Unavailable
from verl_doctor.target import Target

_REASON = "the log tells versions only"


def is_here(story: Story, target: Target) -> bool:
    """Say whether the log was written in this environment: its tracebacks lead through the same folders."""
    return any(folder in story.folders for folder in target.search_path)


def told(chapter: Chapter) -> Facts:
    """Return what a log alone tells."""
    return stated(_versions(chapter), _REASON)


def with_told(facts: Facts, chapter: Chapter) -> Facts:
    """Return facts of the node as they were when a log was written: the versions that it tells go before."""
    if isinstance(facts.packages, Unavailable):
        return replace(facts, packages=told(chapter).packages)
    packages: Mapping[str, Distribution] = facts.packages
    changed = {
        name: replace(packages[name], version=version) if name in packages else _distribution(name, version)
        for name, version in _versions(chapter).items()
    }
    return replace(facts, packages={**packages, **changed})


def _versions(chapter: Chapter) -> dict[str, str]:
    return {name: told.version for name, told in chapter.versions.items()}


def _distribution(name: str, version: str) -> Distribution:
    return Distribution(name=name, version=version, location=_REASON, metadata="")
