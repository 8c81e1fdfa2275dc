"""One line of a log without what is put before it: who wrote it, how grave it says it is, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["debug", "info", "warning", "error"]

LONGEST: Final = 4000
"""The most characters of a line that are looked at."""
_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])"
    r"|\[\d{1,3}(?:;\d{1,3})*m"  # of a pasted log, where the escape itself was lost
)
_REPEATED: Final = re.compile(r"\s*\[repeated (\d+)x across (?:the )?cluster\].*$")
_DATE: Final = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_PLACE: Final = r"(?:\[[^\]\n]{1,80}\] ?|[\w./-]{1,80}:\d+\] ?)?"
_LEVEL: Final = r"DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL"
_HEADS: Final = re.compile(
    "|".join(
        (
            # Ray's workers and vLLM's processes; raylets and the autoscaler
            r"\((?P<worker>[^()\n]{0,80}?\bpid=\d+(?:, ip=[^)\s]+)?)\) ?",
            r"\((?P<daemon>(?:raylet|autoscaler|gcs_server)[^)\n]{0,40})\) ?",
            # torch.distributed, torchrun --tee, mpirun, srun --label
            r"\[(?P<rank>(?:rank|default)\d+)\]: ?",
            r"\[\d+,(?P<mpi>\d+)\]<std(?:err|out)>: ?",
            r" ?(?P<task>\d{1,4}): (?=\D)",
            # container runtimes
            rf"{_DATE} std(?:err|out) [FP] ",
            # vLLM
            rf"(?P<vllm>{_LEVEL}) +\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? {_PLACE}",
            # Ray's own modules, and its C++
            rf"{_DATE}\s+(?P<ray>{_LEVEL})\s+\S+:\d+ -- ",
            rf"\[{_DATE} (?P<raylet>[DIWEFC])(?: \d+)* ?\] (?:\([\w ]+\) )?(?:\S+:\d+: ?)?",
            # torch's C++
            r"\[(?P<glog>[IWEF])\d{3,4} [\d:.]+ (?:\d+ )?[\w./]+:\d+\] ",
            # Hydra, loguru, logging
            rf"\[{_DATE}\]\[[^\]\n]*\]\[(?P<hydra>{_LEVEL})\] - ",
            rf"{_DATE} \| (?P<loguru>{_LEVEL}) +\| [^|\n]{{1,120}}? - ",
            rf"\[?{_DATE}\]?(?:[ \t]*[-|:])? ",
            rf"\[?(?P<plain>{_LEVEL})\]?(?::[\w.]+)?(?::| -| \|) ?",
        )
    )
)
_LEVELS: Final[dict[str, Level]] = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARNING": "warning",
    "WARN": "warning",
    "ERROR": "error",
    "CRITICAL": "error",
    "FATAL": "error",
    "D": "debug",
    "I": "info",
    "W": "warning",
    "E": "error",
    "F": "error",
    "C": "error",
}
_WHO: Final = frozenset({"worker", "daemon", "rank", "mpi", "task"})
"""The groups that say who wrote it; every other group says how grave it is."""
_MOST_HEADS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line: its number in its file (from 1), who wrote it (empty where that is not said), its level and its text.

    `times` is how often it was written: Ray counts what it leaves out.
    """

    number: int
    who: str
    level: Level | None
    text: str
    times: int = 1

    @property
    def has_head(self) -> bool:
        """Whether a logger wrote it, so that it cannot go on with what came before."""
        return self.level is not None


def read(number: int, raw: bytes) -> Line:
    """Return what a line says; bytes that are no UTF-8 are replaced, and very long lines are cut."""
    text = _ANSI.sub("", raw[: LONGEST * 4].decode("utf-8", "replace"))[:LONGEST].rstrip()
    who: list[str] = []
    level: Level | None = None
    start = 0
    for _ in range(_MOST_HEADS):
        head = _HEADS.match(text, start)
        if head is None:
            break
        start = head.end()
        if head.lastgroup in _WHO:
            who.append(head[head.lastgroup])
        elif head.lastgroup:
            level = _LEVELS[head[head.lastgroup]]
    times = 1
    if "[repeated" in text and (repeated := _REPEATED.search(text, start)):
        times, text = int(repeated.group(1)), text[: repeated.start()]
    return Line(number=number, who=" ".join(who), level=level, text=text[start:].lstrip("\ufeff"), times=times)
