"""How often `diagnose` is right, on the logs of tests/data/logs, beside plain matching of the same expressions.

    python -m benchmarks.diagnosis [--split development|held-out] [--wrong] [--json FILE]

Each log is read as `verl-doctor diagnose LOG` reads it, without facts of a node. Plain matching names the failure
whose expression is found first in the text. --wrong lists the logs on which the doctor is wrong.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from verl_doctor import knowledge
from verl_doctor.diagnose.run import diagnosis, read_all
from verl_doctor.diagnose.signatures import of_everything
from verl_doctor.diagnose.story import Story
from verl_doctor.matrix.load import load

LOGS: Final = Path(__file__).parents[1] / "tests/data/logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was named: the cause (None for no known failure), its line, and everything that was named at all."""

    primary: str | None
    line: int | None
    named: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Score:
    """Counts: of logs with a known cause those with the right one and its line; of the others those left in peace."""

    failing: int = 0
    right: int = 0
    placed: int = 0
    innocent: int = 0
    in_peace: int = 0
    named: int = 0
    rightly_named: int = 0
    found: int = 0
    there: int = 0

    def add(self, truth: Mapping[str, Any], answer: Answer) -> bool:
        """Count one log; say whether the cause was judged rightly."""
        primary, there = truth["primary"], {truth["primary"], *truth["also"]} - {None}
        is_right = answer.primary in {primary, *truth["acceptable"]}
        if primary is None:
            self.innocent += 1
            self.in_peace += is_right
        else:
            self.failing += 1
            self.right += is_right
            self.placed += is_right and answer.line == truth["cause_line"]
        self.there += len(there)
        self.named += len(answer.named)
        self.found += len(answer.named & there)
        self.rightly_named += len(answer.named & {*there, *truth["acceptable"]})
        return is_right

    def __str__(self) -> str:
        """One line of a table."""
        precision, recall = self.rightly_named / max(1, self.named), self.found / max(1, self.there)
        return (
            f"cause {self.right}/{self.failing} (line {self.placed}), innocent left in peace "
            f"{self.in_peace}/{self.innocent}, precision {precision:.2f}, recall {recall:.2f}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=("development", "held-out"))
    parser.add_argument("--wrong", action="store_true", help="list the logs on which the doctor is wrong")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    options = parser.parse_args()

    index = yaml.safe_load((LOGS / "index.yaml").read_text("utf-8"))
    splits = (options.split,) if options.split else ("development", "held-out")
    scores: dict[str, dict[str, Any]] = {}
    for split in splits:
        logs = {slug: truth for slug, truth in index.items() if truth["split"] == split}
        for name, answer_of in (("verl-doctor", doctor), ("plain matching", plain)):
            score, wrong = _score(logs, answer_of)
            print(f"{split:<12} {len(logs):>4} logs  {name:<15} {score}")
            scores.setdefault(split, {})[name] = {"logs": len(logs), **asdict(score)}
            if options.wrong and answer_of is doctor:
                print("\n".join(f"    {line}" for line in wrong))
    if options.json:
        options.json.write_text(json.dumps(scores, indent=2) + "\n", "utf-8")


def doctor(path: Path) -> Answer:
    """Return what the doctor names."""
    story = Story(signatures=of_everything())
    read_all([str(path)], story)
    found = diagnosis([str(path)], story, None, load())
    named = {match.known.name for match in found.matches if match.role != "survived" and match.confidence != "low"}
    primary = found.primary
    return Answer(
        primary=primary.known.name if primary else None,
        line=primary.seen.line if primary else None,
        named=frozenset(named),
    )


def plain(path: Path) -> Answer:
    """Return what the expressions by themselves name: whatever is found, the first of it as the cause."""
    text = path.read_bytes().decode("utf-8", "replace")
    found = {
        failure.name: min(places)
        for failure in knowledge.load()
        if (places := [match.start() for each in failure.texts.signature if (match := each.search(text))])
    }
    first = min(found, key=lambda name: found[name], default=None)
    line = None if first is None else text.count("\n", 0, found[first]) + 1
    return Answer(primary=first, line=line, named=frozenset(found))


def _score(logs: Mapping[str, Mapping[str, Any]], answer_of: Callable[[Path], Answer]) -> tuple[Score, list[str]]:
    score, wrong = Score(), []
    for slug, truth in logs.items():
        answer = answer_of(LOGS / f"{slug}.log")
        if not score.add(truth, answer):
            wrong.append(f"{slug}: {answer.primary} at {answer.line}, not {truth['primary']} at {truth['cause_line']}")
    return score, wrong


if __name__ == "__main__":
    main()
