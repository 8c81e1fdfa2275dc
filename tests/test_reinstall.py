"""Nothing is installed again with all that it requires: that would bring today's releases of all of it."""

from __future__ import annotations

from pathlib import Path

import verl_doctor

PACKAGE = Path(verl_doctor.__file__).parent


def test_every_forced_reinstall_leaves_requirements_alone() -> None:
    lines = [
        f"{file.name}: {line.strip()}"
        for file in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.yaml")])
        if file.name != "reinstall.py"
        for line in file.read_text().splitlines()
        if "--force-reinstall" in line and "--no-deps" not in line
    ]
    assert lines == []
