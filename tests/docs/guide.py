"""The code in a guide, taken out of it and put where the guide says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs/contributing"
_FILE = re.compile(r"<!-- file: (\S+) -->\n```python\n(.*?)```\n<!-- end -->", re.DOTALL)
_FOUND_IN = ("verl_doctor.checks", "verl_doctor.lint.rules", "verl_doctor.patches", "verl_doctor.smoke.child.probes")
_CONFTEST = """\
import importlib
from pathlib import Path

FOLDERS = {"verl_doctor.patches": "patches"}

for name in NAMES:
    package = importlib.import_module(name)
    package.__path__.append(str(Path(__file__).parent / FOLDERS.get(name, name.replace(".", "/"))))
""".replace("NAMES", repr(_FOUND_IN))


def text(guide: str) -> str:
    """The guide's text."""
    return GUIDES.joinpath(guide).read_text("utf-8")


def block(guide: str, label: str) -> str:
    """The code that a comment with this label stands before."""
    (found,) = re.findall(rf"<!-- {label} -->\n```\w+\n(.*?)```\n<!-- end -->", text(guide), re.DOTALL)
    return str(found)


def files(guide: str) -> dict[str, str]:
    """The files that the guide has its reader write, by path."""
    return dict(_FILE.findall(text(guide)))


def follow(guide: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Write the guide's files into a folder that verl-doctor finds its modules in as well, and run its tests."""
    tests: list[Path] = []
    for path, code in files(guide).items():
        place = folder / path
        if path.startswith("tests/"):  # beside our own `tests`, which they import from
            place = folder / Path(path).name
            tests.append(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(code, "utf-8")
    folder.joinpath("conftest.py").write_text(_CONFTEST)
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", str(ROOT / "pyproject.toml")]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        check=False,
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
