"""Reads and judges every launch script, configuration, Dockerfile and requirements file of releases of verl.

    python tools/lint_examples.py PATH/TO/verl/.git v0.4.1 v0.5.0 [--vllm v0.5.0=0.9.1]... [--show NAME]

Each file is judged for its own release of verl, so that what is found in a project's own examples is either a mistake
of theirs or one of ours. Prints a table by release; --show lists the findings of a name, or "unread", or "all".
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from verl_doctor.lint.circumstances import told
from verl_doctor.lint.formats import by_name
from verl_doctor.lint.judge import judge
from verl_doctor.lint.places import line_of
from verl_doctor.lint.read import UnfitError, read
from verl_doctor.matrix.load import load

COLUMNS = ("files", "launches", "open", "settings", "unknown", "replaceable", "unread", "broke")


def main() -> int:
    """Print the table; return 1 where a rule broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("git", type=Path, help="a git directory of verl")
    parser.add_argument("tags", nargs="+", metavar="TAG")
    parser.add_argument("--vllm", action="append", default=[], metavar="TAG=VERSION", help="the vLLM to judge for")
    parser.add_argument("--show", metavar="NAME")
    arguments = parser.parse_args()
    vllm = dict(each.split("=", 1) for each in arguments.vllm)
    print(f"{'release':<14}" + "".join(f"{name:>13}" for name in COLUMNS))
    broke = 0
    for tag in arguments.tags:
        counts, faults = count(arguments.git, tag, vllm.get(tag), arguments.show)
        print(f"{tag:<14}" + "".join(f"{counts[name]:>13}" for name in COLUMNS))
        for name, number in faults.most_common():
            print(f"{'':<14}{number:>6}  {name}")
        broke += counts["broke"]
    return int(broke > 0)


def count(git: Path, tag: str, vllm: str | None, show: str | None) -> tuple[Counter[str], Counter[str]]:
    """Return what was found in a release: of what is read, and of each fault."""
    matrix = load()
    facts = told({"verl": tag.removeprefix("v"), **({"vllm": vllm} if vllm else {})})
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for path, data in files(git, tag):
        try:
            document = read(Path(path), data)
        except UnfitError as error:
            print(error, file=sys.stderr)
            continue
        if document is None:
            continue
        settings = [setting for launch in document.launches for setting in launch.settings]
        judgement = judge(document, facts, matrix)
        counts.update(
            files=1,
            launches=len(document.launches),
            open=sum(launch.open for launch in document.launches),
            settings=len(settings),
            unknown=sum(setting.value is None for setting in settings),
            replaceable=sum(setting.literal is not None for setting in settings),
            unread=len(document.unread),
            broke=len(judgement.crashed),
        )
        faults.update(fault.name for fault in judgement.faults)
        for name, reason in judgement.crashed:
            print(f"{tag}:{path}: {name} broke: {reason}", file=sys.stderr)
        if show in {"unread", "all"}:
            print(
                *(f"{tag}:{path}:{line}: {why}" for line, why in document.unread),
                sep="\n",
                end="\n" if document.unread else "",
            )
        for fault in judgement.faults:
            if show in {fault.name, "all"}:
                print(f"{tag}:{path}:{line_of(document, fault.setting)}: {fault.name}: {fault.message}")
    return counts, faults


def files(git: Path, tag: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a release whose name tells of a format that is read."""
    listed = subprocess.run(
        ["git", "--git-dir", git, "ls-tree", "-r", "-z", "--format=%(objecttype) %(objectmode) %(path)", tag],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for row in filter(None, listed.split("\0")):
        kind, mode, path = row.split(" ", 2)
        if kind == "blob" and mode != "120000" and by_name(Path(path).name) is not None:
            shown = subprocess.run(["git", "--git-dir", git, "show", f"{tag}:{path}"], check=True, capture_output=True)
            yield path, shown.stdout


if __name__ == "__main__":
    sys.exit(main())
