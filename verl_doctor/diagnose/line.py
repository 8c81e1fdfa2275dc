"""One line of a log without what is put before it: who wrote it, how grave it says it is, and what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Level = Literal["debug", "info", "warning", "error"]

LONGEST: Final = 4000
"""The most characters of a line that are looked at."""
_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])"
    r"|\[\d{1,3}(?:;\d{1,3})*m"  # of a pasted log, where the escape itself was lost
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_REPEATED: Final = re.compile(r"\[repeated (\d{1,9})x across (?:the )?cluster\]")
_DATE: Final = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_PLACE: Final = r"(?:\[[^\]\n]{1,80}\] ?|[\w./-]{1,80}:\d+\] ?)?"
_LEVEL: Final = r"DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL"
_HEADS: Final = re.compile(
    "|".join(
        (
            # Ray's workers and vLLM's processes; raylets and the autoscaler
            r"\((?P<worker>[^()\n]{0,80}?\bpid=\d+(?:, ip=[^)\s]+)?)\) ?",
            r"\((?P<daemon>(?:raylet|autoscaler|gcs_server)[^)\n]{0,40})\) ?",
            # torch.distributed, torchrun --tee, mpirun, srun --label, kubectl --prefix, docker compose
            r"\[(?P<rank>(?:rank|default)\d+)\]: ?",
            r"\[\d+,(?P<mpi>\d+)\]<std(?:err|out)>: ?",
            r" {0,4}(?P<task>\d{1,5}):(?: (?=\D|\d{4}[-/]\d\d)|$)",
            r"\[(?P<pod>pod/[^\]\s]{1,120})\] ?",
            r"(?P<service>[\w.-]{1,60}-\d{1,4}) {1,20}\| ?",
            # container runtimes
            rf"{_DATE} std(?:err|out) [FP] ",
            # vLLM
            rf"(?P<vllm>{_LEVEL}) +\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? {_PLACE}",
            # Ray's own modules, and its C++
            rf"{_DATE}\s+(?P<ray>{_LEVEL})\s+\S+:\d+ -- ",
            rf"\[{_DATE} (?P<raylet>[DIWEFC])(?: \d+)* ?\] (?:\([\w ]+\) )?(?:\S+:\d+: ?)?",
            # torch's C++, and its elastic launcher
            r"\[?(?P<glog>[IWEF])\d{3,4} [\d:.]+ (?:\d+ )?[\w./]+:\d+\] ",
            # Hydra, loguru, logging
            rf"\[{_DATE}\]\[[^\]\n]*\]\[(?P<hydra>{_LEVEL})\] - ",
            rf"{_DATE} \| (?P<loguru>{_LEVEL}) +\| [^|\n]{{1,120}}? - ",
            rf"\[?{_DATE}\]?(?:[ \t]*[-|:])? ",
            rf"\[(?P<bracketed>{_LEVEL})\](?::| -| \|)? ",
            rf"(?P<plain>{_LEVEL})(?::[\w.]+)?(?::| -| \|) ?",
            rf"(?P<bare>{_LEVEL}) (?=\S)",
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
_WHO: Final = frozenset({"worker", "daemon", "rank", "mpi", "task", "pod", "service"})
"""The groups that say who wrote it; every other group says how grave it is."""
_MOST_HEADS: Final = 6
_TEXTS: Final = ("log", "message", "msg", "text")
_GRADES: Final = ("level", "levelname", "severity")
"""What loggers that write JSON call the text, and how grave it is."""


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


def read(number: int, raw: bytes) -> Iterator[Line]:
    """Yield what a line says, several lines where it is JSON that holds some.

    Bytes that are no UTF-8 are replaced, escapes and other control characters go, very long lines are cut.
    """
    whole = raw[: LONGEST * 4].decode("utf-8", "replace")
    if whole.startswith("{") and (logged := _logged(raw)):
        for text in str(logged[0]).splitlines()[:LONGEST]:
            yield _read(number, text, logged[1])
    else:
        yield _read(number, whole, None)


def _read(number: int, raw: str, level: Level | None) -> Line:
    text = _CONTROLS.sub("", _ANSI.sub("", raw))[:LONGEST].rstrip()
    who: list[str] = []
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
    if (at := text.rfind("[repeated ")) > 0 and (repeated := _REPEATED.match(text, at)):
        times, text = int(repeated[1]), text[:at].rstrip()
    return Line(number=number, who=" ".join(who), level=level, text=text[start:].lstrip("\ufeff"), times=times)


def _logged(raw: bytes) -> tuple[Any, Level | None] | None:
    """Return the text and the level of a line of JSON, as loggers and container runtimes write them."""
    try:
        told = json.loads(raw)
    except ValueError:
        return None
    text = (
        next((told[key] for key in _TEXTS if isinstance(told.get(key), str)), None) if isinstance(told, dict) else None
    )
    if text is None:
        return None
    grade = next((told[key] for key in _GRADES if isinstance(told.get(key), str)), "")
    return text, _LEVELS.get(grade.upper())
