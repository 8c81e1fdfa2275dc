"""What a user asks for, read as releases, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

from packaging.specifiers import SpecifierSet

from verl_doctor import knowledge
from verl_doctor.errors import UsageError
from verl_doctor.fitting import hold
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.rows import Stack
from verl_doctor.matrix.specifiers import satisfies, version_of
from verl_doctor.model import Severity, Source

WHOLE: Final = 3
"""The parts of a release's number; with fewer a series is meant."""
_SPELLING: Final = {"vllm": "vLLM"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a wish, with its sources."""

    text: str
    sources: tuple[Source, ...]


def read(asked: Mapping[str, str], matrix: Matrix) -> dict[str, str]:
    """Return the releases that the asked versions mean.

    Of a series ("0.4") that is the newest one that goes with the others, and that a stack has if one does.
    Raises UsageError for a text that is no version.
    """
    choices = [[(name, version) for version in _meant(name, text, matrix)] for name, text in asked.items()]
    readings = [dict(choice) for choice in product(*choices)]
    possible = [reading for reading in readings if not any(clashes(reading, matrix))] or readings[:1]
    return max(possible, key=lambda reading: max(len(kept(stack, reading)) for stack in matrix.stacks()))


def kept(stack: Stack, wish: Mapping[str, str]) -> tuple[str, ...]:
    """Return which of the releases asked for a stack has."""
    return tuple(name for name, version in wish.items() if satisfies(version, f"=={stack.pins[name]}"))


def answers(wish: Mapping[str, str], matrix: Matrix) -> Iterator[Answer]:
    """Yield why these releases do not belong together, and what is written about them and does not hold."""
    if not wish:
        return
    found = list(clashes(wish, matrix))
    yield from found or _not_known(wish, matrix)
    for claim in matrix.claims():
        if hold(claim.when, wish):
            yield Answer(f'You may have read "{claim.claim}". The releases say: {claim.truth}.', claim.sources)


def clashes(wish: Mapping[str, str], matrix: Matrix) -> Iterator[Answer]:
    """Yield what speaks against these releases together: their metadata, verl's own gate, known breaks."""
    for name, version in wish.items():
        yield from _unmet(name, version, wish, matrix)
    for one, other in combinations(wish.items(), 2):
        yield from _disjoint(one, other, matrix)
    gate = matrix.gate(wish["verl"]) if "verl" in wish else None
    if gate and "vllm" in wish and satisfies(wish["vllm"], gate.vllm) is False:
        yield Answer(
            f"verl {wish['verl']} accepts vLLM {gate.vllm} in its own code and raises ValueError for {wish['vllm']}.",
            gate.sources,
        )
    failures = {failure.name: failure for failure in knowledge.load() if failure.severity is not Severity.INFO}
    for broken in matrix.breaks():
        if broken.failure in failures and hold(broken.when, wish):
            title = failures[broken.failure].texts.title
            yield Answer(f"{title} ({broken.failure}).", matrix.cite(broken.sources))


def spelled(name: str) -> str:
    """Return how a distribution's name is written in a sentence."""
    return _SPELLING.get(name, name)


def _meant(name: str, text: str, matrix: Matrix) -> list[str]:
    """Return the releases that a version may mean, the newest first; itself where none is known."""
    series = text.removesuffix(".x").removesuffix(".*")
    version = version_of(series)
    if version is None:
        raise UsageError(f"--{name} {text}: that is no version; 0.8.5.post1 is one, and 0.8 means the newest of 0.8.")
    known = list(reversed(matrix.releases(name)))
    if len(version.release) >= WHOLE and any(satisfies(each, f"=={series}") for each in known):
        return [series]
    if version.is_prerelease or version.is_postrelease or version.local:
        return [series]
    of_series = [each for each in known if satisfies(each, f"=={series}.*")]
    whole = [each for each in of_series if not (parsed := version_of(each)) or not parsed.is_prerelease]
    return whole or of_series or [series]


def _unmet(name: str, version: str, wish: Mapping[str, str], matrix: Matrix) -> Iterator[Answer]:
    release = matrix.release(name, version)
    for companion, specifier in (release.requires if release else {}).items():
        if release and companion in wish and satisfies(wish[companion], specifier) is False:
            yield Answer(
                f"{spelled(name)} {version} requires {spelled(companion)} {specifier}; "
                f"{wish[companion]} is not among them.",
                release.sources,
            )


def _disjoint(one: tuple[str, str], other: tuple[str, str], matrix: Matrix) -> Iterator[Answer]:
    """Yield each companion of which no version is in both releases' requirements."""
    first, second = matrix.release(*one), matrix.release(*other)
    if first is None or second is None:
        return
    for companion in first.requires.keys() & second.requires.keys():
        both = first.requires[companion], second.requires[companion]
        if not any(all(satisfies(version, each) for each in both) for version in _bounds(companion, both, matrix)):
            yield Answer(
                f"{spelled(one[0])} {one[1]} requires {companion} {both[0]}, {spelled(other[0])} {other[1]} "
                f"requires {companion} {both[1]}: no version is in both.",
                (*first.sources, *second.sources),
            )


def _bounds(companion: str, specifiers: tuple[str, ...], matrix: Matrix) -> Iterator[str]:
    """Yield versions of which one is in all specifiers, if any is: what they name, and every known one."""
    yield "0"
    yield from (s.version.removesuffix(".*") for specifier in specifiers for s in SpecifierSet(specifier))
    yield from matrix.named(companion)


def _not_known(wish: Mapping[str, str], matrix: Matrix) -> Iterator[Answer]:
    """Yield which of these releases, or which pair of them, nothing speaks against and nothing for."""
    for name, version in wish.items():
        if not matrix.known(name, version):
            newest = matrix.releases(name)[-1]
            yield Answer(f"{spelled(name)} {version} is in no row of the matrix, which ends with {newest}.", ())
    window = matrix.window(wish["verl"]) if "verl" in wish else None
    if window and "vllm" in wish and satisfies(wish["vllm"], window.usable) is False:
        yield Answer(
            f"verl {wish['verl']} is known to work with vLLM {window.usable}; {wish['vllm']} is not among them.",
            window.sources,
        )
