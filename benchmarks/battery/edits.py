"""What somebody may have done to the files before a tool comes."""

from __future__ import annotations

from benchmarks.battery.case import Case


def make_conflict(case: Case) -> None:
    """Change the line of file 2 that the patch changes, to something else."""
    case.edit(2, lambda text: text.replace("local_rank = rank\n", "local_rank = rank % 8  # GPUs of a node\n"))


def in_other_words(text: str) -> str:
    """Comment the check of file 1 out, line by line."""
    lines = text.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.strip() == "if (world_size")
    end = next(number for number in range(first, len(lines)) if not lines[number].strip())
    return "".join(f"# {line}" if first <= number < end else line for number, line in enumerate(lines))
