"""Proves the cures of naive installs by following them: real packages, the printed commands, real imports.

    python tools/follow_cures.py 0.4.1 0.6.1 [--python 3.12]

For each verl release, `verl[vllm]==X` is installed by uv into an environment of its own, as users do it today. Then the
commands of the primary cause are run until no error is left, and `check --deep` imports what is installed. It needs
some 15 GB of disk, which it gives back, and minutes for each. The exit status is 1 where an error is left.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST_CURES = 6
DISTRIBUTIONS = ("verl", "vllm", "torch", "tensordict", "transformers", "ray", "numpy", "pyarrow")


def main() -> int:
    """Follow the cures of each release, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verl", nargs="+", help="a release of verl")
    parser.add_argument("--python", default="3.12", help="the Python of the environments, as uv takes it")
    options = parser.parse_args()
    outcomes = [_follow(verl, options.python) for verl in options.verl]
    return int(not all(outcomes))


def _follow(verl: str, python: str) -> bool:
    """Install one release and cure it; say whether no error is left."""
    folder = Path(tempfile.mkdtemp(prefix="follow-cures-"))
    try:
        environment, variables = folder / "env", os.environ | {"UV_CACHE_DIR": str(folder / "cache")}
        variables["PATH"] = f"{Path(sys.executable).parent}:{variables['PATH']}"
        _run(f"uv venv -q --python {python} {environment}", variables)
        _run(f"uv pip install -q --python {environment}/bin/python 'verl[vllm]=={verl}'", variables)
        print(f"verl {verl}, Python {python}: {_versions(environment)}", flush=True)
        report = _check(environment)
        for _ in range(MOST_CURES):
            if not (commands := _told(report, environment)):
                break
            for command in commands:
                _run(command, variables)
            report = _check(environment)
        print(f"  in the end: {_versions(environment)}", flush=True)
        report = _check(environment, "--deep")
        _told(report, environment)
        imported = ", ".join(f"{name} {seen['outcome']}" for name, seen in report["facts"]["imports"].items())
        print(f"  {report['verdict']}; imports: {imported}", flush=True)
        return bool(report["exit_code"] == 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(environment: Path, *options: str) -> Any:
    argv = [sys.executable, "-m", "verl_doctor", "check", "--format", "json", "--with-facts", "--prefix", environment]
    ran = subprocess.run([*argv, "--allow", "driver-missing", *options], stdout=subprocess.PIPE, check=False)
    return json.loads(ran.stdout)


def _told(report: Any, environment: Path) -> list[str]:
    """Print the errors of a report; return the commands that cure the first cause, none where there is no error."""
    errors = [r for r in report["results"] if r["outcome"] == "failed" and r["severity"] == "error"]
    commands: list[str] = []
    for result in errors:
        print(f"  {result['name']}: {result['findings'][0]['message']}", flush=True)
        if result["primary"]:
            commands = [command for each in result["findings"] for command in each["remedy"]["commands"]]
            for command in commands:
                print(f"    $ {command.replace(str(environment), 'ENV')}", flush=True)
    return list(dict.fromkeys(commands))


def _versions(environment: Path) -> str:
    found = {}
    for name in DISTRIBUTIONS:
        for folder in environment.glob(f"lib/python3*/site-packages/{name}-*.dist-info"):
            found[name] = folder.name.removesuffix(".dist-info").partition("-")[2]
    return " ".join(f"{name} {version}" for name, version in found.items())


def _run(command: str, variables: Mapping[str, str]) -> None:
    subprocess.run(["bash", "-c", command], env=dict(variables), check=True)


if __name__ == "__main__":
    sys.exit(main())
