"""What text every match of a regular expression holds, so that most of a log is passed over without trying it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import Any

_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
_Needed = frozenset[str]


def literals(pattern: str) -> _Needed:
    """Return texts of which each match of `pattern` holds at least one; none where nothing can be said.

    Of what could be chosen it is the one whose shortest text is the longest. Raises re.error for what is no pattern.
    """
    return _of_sequence(_parser.parse(pattern))


def _of_sequence(parts: Iterable[tuple[Any, Any]]) -> _Needed:
    candidates: list[_Needed] = []
    run = ""
    for operation, argument in parts:
        if str(operation) == "LITERAL":
            run += chr(argument)
            continue
        candidates += [frozenset({run})] if run else []
        run = ""
        candidates.append(_of_part(str(operation), argument))
    candidates += [frozenset({run})] if run else []
    return max(candidates, key=_shortest, default=frozenset())


def _of_part(operation: str, argument: Any) -> _Needed:
    if operation == "SUBPATTERN":
        return _of_sequence(argument[3])
    if operation == "MAX_REPEAT" and argument[0] > 0:
        return _of_sequence(argument[2])
    if operation == "BRANCH":
        ways = [_of_sequence(way) for way in argument[1]]
        return frozenset().union(*ways) if all(ways) else frozenset()
    return frozenset()


def _shortest(needed: _Needed) -> int:
    return min(map(len, needed), default=0)
