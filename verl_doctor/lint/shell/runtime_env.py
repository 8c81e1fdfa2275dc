"""`ray job submit`: the runtime environment that it is given, and the command that it starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from verl_doctor.lint.document import Setting
from verl_doctor.lint.shell.scope import Field
from verl_doctor.lint.shell.wrappers import Started, program

_JSON: Final = "--runtime-env-json"
_WITH_FILE: Final = "--runtime-env"


def submitted(words: Sequence[Field]) -> Started | None:
    """Return what `ray job submit [OPTION]... -- COMMAND` starts; None for another command.

    What is exported where it is called reaches the job only where the cluster is started from there, too. It counts
    here: whoever exports a setting wants it.
    """
    if [word.text.text for word in words[1:3]] != ["job", "submit"] or program(words[0]) != "ray":
        return None
    separator = next((index for index, word in enumerate(words) if word.text.text == "--"), None)
    rest = words[separator + 1 :] if separator is not None else _command(words)
    own = words[3 : separator if separator is not None else len(words) - len(rest)]
    settings: list[Setting] = []
    for index, word in enumerate(own):
        if word.text.text.startswith(_JSON + "="):
            settings.extend(_environment(word, len(_JSON) + 1))
        elif word.text.text == _JSON and index + 1 < len(own):
            settings.extend(_environment(own[index + 1], 0))
    is_open = any(word.text.text.partition("=")[0] == _WITH_FILE for word in own)
    return Started(words=rest, settings=tuple(settings), open=is_open)


def _command(words: Sequence[Field]) -> Sequence[Field]:
    from verl_doctor.lint.shell.wrappers import is_python

    for index in range(3, len(words)):
        name = program(words[index])
        if is_python(name) or name in {"bash", "sh", "torchrun", "env"}:
            return words[index:]
    return ()


def _environment(word: Field, start: int) -> tuple[Setting, ...]:
    from verl_doctor.lint.readers.ray_job import environment

    return environment(word.text.cut(start, len(word.text.text)))
