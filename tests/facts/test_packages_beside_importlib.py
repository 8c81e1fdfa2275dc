"""Our reading of a real environment beside that of importlib-metadata, which reads every file."""

from __future__ import annotations

import sys
from pathlib import Path

import importlib_metadata

from verl_doctor.facts.packages import collect, normalise
from verl_doctor.host import LocalHost
from verl_doctor.target import find


def test_same_distributions_in_the_environment_that_runs_the_tests() -> None:
    host = LocalHost()
    target = find(host, prefix=Path(sys.prefix), own=Path(sys.prefix))
    ours = {name: found.version for name, found in collect(host, target).items()}
    theirs: dict[str, str] = {}
    for distribution in importlib_metadata.distributions(path=list(target.search_path)):
        theirs.setdefault(normalise(distribution.metadata["Name"]), distribution.version)
    assert ours == theirs
    assert "pytest" in ours
