"""Proves cures and recommendations by following them: real packages, the printed commands, real imports.

    python tools/follow_cures.py 0.4.1 0.6.1 [--python 3.12] [--recommended]

For each verl release, `verl[vllm]==X` is installed by uv into an environment of its own, as users do it today, or with
`--recommended` what `verl-doctor recommend --verl X` says (but for flash-attn, which is compiled with a CUDA toolkit).
Then the commands of the primary cause are run until no error is left but a missing driver or flash-attn, and
`check --deep` imports what is there. It needs some 15 GB of disk, which it gives back, and minutes for each. Without a
driver vLLM cannot be imported. The exit status is 1 where an error is left.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MOST_CURES = 6
ALLOWED = ("driver-missing", "flash-attn-not-installed")
NODE = ("--driver", "580.159.04", "--gpu", "H100")
DISTRIBUTIONS = ("verl", "vllm", "torch", "tensordict", "transformers", "ray", "numpy", "pyarrow", "setuptools")


def main() -> int:
    """Follow the cures of each release, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verl", nargs="+", help="a release of verl")
    parser.add_argument("--python", default="3.12", help="the Python of the environments, as uv takes it")
    parser.add_argument("--recommended", action="store_true", help="install what `recommend` says")
    options = parser.parse_args()
    outcomes = [_follow(verl, options.python, recommended=options.recommended) for verl in options.verl]
    return int(not all(outcomes))


def _follow(verl: str, python: str, *, recommended: bool) -> bool:
    """Install one release and cure it; say whether no error is left."""
    folder = Path(tempfile.mkdtemp(prefix="follow-cures-"))
    try:
        environment, variables = folder / "env", os.environ | {"UV_CACHE_DIR": str(folder / "cache")}
        variables["PATH"] = f"{Path(sys.executable).parent}:{variables['PATH']}"
        _run(f"uv venv --python {python} {environment}", variables)
        plain = [f"uv pip install --python {environment}/bin/python 'verl[vllm]=={verl}'"]
        for command in _recommended(verl, environment) if recommended else plain:
            _run(command, variables)
        how = "as recommended" if recommended else "by its own extra"
        print(f"verl {verl} {how}: {_versions(environment)}", flush=True)
        report = _check(environment)
        for _ in range(MOST_CURES):
            if not (commands := _told(report, environment)):
                break
            for command in commands:
                _run(command, variables)
            report = _check(environment)
            print(f"  now: {_versions(environment)}", flush=True)
        report = _check(environment, "--deep")
        _told(report, environment)
        imported = ", ".join(f"{name} {seen['outcome']}" for name, seen in report["facts"]["imports"].items())
        print(f"  {report['verdict']}; imports: {imported}", flush=True)
        return bool(report["exit_code"] == 0)
    except subprocess.CalledProcessError as error:
        print(f"verl {verl}: {error.cmd[-1]} failed: {error.stderr.strip()[-400:]}", flush=True)
        return False
    except LookupError as error:
        print(f"verl {verl}: {error.args[0]}", flush=True)
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _recommended(verl: str, environment: Path) -> Sequence[str]:
    """Return the commands that `recommend` gives. Raises LookupError where it recommends nothing."""
    version = subprocess.run(
        [environment / "bin/python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    advice = _doctor("recommend", "--verl", verl, "--python-version", version, *NODE)
    if not advice["stacks"]:
        raise LookupError("nothing is recommended")
    commands: Sequence[str] = advice["stacks"][0]["commands"]["uv"]
    wanted = [command for command in commands if command.startswith("uv pip install") and "flash-attn" not in command]
    return [command.replace("verl-env", str(environment)) for command in wanted]


def _check(environment: Path, *options: str) -> Any:
    allowed = [option for name in ALLOWED for option in ("--allow", name)]
    return _doctor("check", "--with-facts", "--prefix", str(environment), *allowed, *options)


def _doctor(command: str, *options: str) -> Any:
    argv = [sys.executable, "-m", "verl_doctor", command, "--format", "json", *options]
    return json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=False).stdout)


def _told(report: Any, environment: Path) -> list[str]:
    """Print the errors of a report; return the commands that cure the first cause, none where there is no error."""
    commands: list[str] = []
    for result in report["results"]:
        if result["outcome"] == "failed" and result["severity"] == "error" and not result.get("allowed"):
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
    subprocess.run(["bash", "-c", command], env=dict(variables), check=True, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
