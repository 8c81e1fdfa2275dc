"""Whether an installation is exactly the old one, exactly the new one, or what else."""

from __future__ import annotations

from benchmarks.battery.case import Case
from benchmarks.battery.workshop import VERSION

STORE = f"vllm-{VERSION}.dist-info/verl-doctor/"
RECORD = f"vllm-{VERSION}.dist-info/RECORD"
OLD = "old"
NEW = "new"
REFUSED = 1
COULD_NOT = 3
"""The exit codes of a doctor that refuses what it found, and of one that could not do its work."""


def condition(case: Case) -> str:
    """Return "old", "new", or what is wrong: the files, their modes, RECORD, and what is left over."""
    seen = case.look()
    wrong = case.subject.disagreements()
    if seen.is_unchanged and seen.is_clean and not leftovers(case):
        return OLD
    others = [path for path in seen.others if not path.endswith(RECORD)]
    left = [path for path in leftovers(case) if not (seen.is_patched and f"{path}/".startswith(STORE))]
    if seen.is_patched and set(seen.added) == {STORE} and not (wrong or others or left):
        return NEW
    words = [seen.words()]
    if seen.added:
        words.append(f"new: {seen.left()}")
    if left:
        words.append(f"left: {', '.join(left)}")
    if wrong:
        words.append(f"RECORD disagrees: {', '.join(wrong)}")
    if seen.others:
        words.append(f"changed: {', '.join(path.rpartition('/')[2] for path in seen.others)}")
    return "; ".join(words)


def leftovers(case: Case) -> list[str]:
    """Return all that verl-doctor made and that is still there."""
    files = case.subject.files
    return sorted(path.relative_to(files).as_posix() for path in files.rglob("*verl-doctor*"))


def is_sentence(output: str) -> bool:
    """Say whether an output ends with one sentence for the user."""
    *_, last = output.strip().splitlines() or [""]
    return last.startswith("verl-doctor: ") and last.endswith(".") and "Traceback" not in output
