"""Builds the wheel and the sdist, and compares their file lists with the checkout: nothing missing, nothing extra.

    python tools/check_wheel.py

The wheel is built twice: from the checkout, and from the sdist, as an installer without a wheel would.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

UV = (sys.executable, "-m", "uv")
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Build, compare, print."""
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate((ROOT, _sdist(Path(folder)))):
            out = Path(folder, f"wheel{number}")
            _run(*UV, "build", "--wheel", "--quiet", "--out-dir", str(out), str(source))
            (wheel,) = out.glob("*.whl")
            names = (_installed(name) for name in zipfile.ZipFile(wheel).namelist())
            found = {name for name in names if ".dist-info/" not in name}
            wanted = set(_wanted())
            if found != wanted:
                sys.exit(f"{wheel.name}: missing {sorted(wanted - found)}, not wanted {sorted(found - wanted)}")
            _works(wheel, Path(folder, f"env{number}"))
            print(f"{wheel.name}: {len(found)} files, as wanted; installed, it finds its data and patches")


def _installed(name: str) -> str:
    """Return where an installer puts a file of a wheel: what is shared, below the environment's own folder."""
    return re.sub(r"^[^/]+\.data/data/", "", name)


def _works(wheel: Path, environment: Path) -> None:
    """Install the wheel alone, and run what reads the data files and the patches."""
    _run(*UV, "venv", "--quiet", "--python", sys.executable, str(environment))
    _run(*UV, "pip", "install", "--quiet", "--python", str(environment), str(wheel))
    doctor = str(environment / "bin/verl-doctor")
    for arguments in (("patch", "--status"), ("check", "--format", "json", "--allow", "driver-missing")):
        finished = subprocess.run([doctor, *arguments], check=False, capture_output=True, cwd=environment)
        if finished.returncode not in {0, 1} or not finished.stdout:
            sys.exit(f"{wheel.name}: verl-doctor {' '.join(arguments)} failed: {finished.stderr.decode()}")


def _sdist(folder: Path) -> Path:
    _run(*UV, "build", "--sdist", "--quiet", "--out-dir", str(folder), str(ROOT))
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def _wanted() -> Iterator[str]:
    for path in (ROOT / "verl_doctor").rglob("*"):
        if path.suffix in {".py", ".yaml", ".json", ".typed", ".css"}:
            yield str(path.relative_to(ROOT))
    yield "verl_doctor/compat_matrix.yaml"
    for path in (ROOT / "patches").glob("*.py"):
        yield f"verl_doctor/patches/{path.name}"
    for path in (ROOT / "docs/man").iterdir():
        yield f"share/man/man1/{path.name}"


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
