"""One import in one child: it comes back by the deadline, whatever the module does, and leaves no process behind."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from verl_doctor.facts import secrets
from verl_doctor.facts.imports import Import, Module
from verl_doctor.smoke import interrupts, said
from verl_doctor.smoke.children import Children
from verl_doctor.smoke.rank import NotStartedError
from verl_doctor.smoke.said import Event, Gone
from verl_doctor.target import Target

CHILD: Final = Path(__file__).with_name("child")
ENVIRONMENT: Final = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # so that no question of a module initialises CUDA
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
_DETAIL: Final = 2**13
_STACK: Final = re.compile(r"^(?:Current thread|Thread 0x\w+) .*\n((?:  .*\n)+)", re.MULTILINE)
_FRAME: Final = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
Frame = tuple[str, int, str]


def attempt(name: str, module: Module, target: Target, environ: Mapping[str, str], deadline: float) -> Import:
    """Import a module in a child of the target's interpreter, and return how that went."""
    with interrupts.raised():
        started = time.monotonic()
        children = Children(CHILD)
        try:
            fields = asdict(module)
            task = {"module": name, "names": fields["names"], "compiled": fields["compiled"]}
            folder = {"work": str(children.folder)}
            children.start(Path(str(target.python)), {**task, **folder}, {**environ, **ENVIRONMENT})
            heard = _heard(children, started + deadline)
            if heard is None:
                children.ask_where((0,))
            return _import(heard, children.output(0), target.search_path, deadline, time.monotonic() - started)
        except NotStartedError as error:
            return Import(outcome="fails", error=str(error))
        finally:
            children.end()


def _heard(children: Children, until: float) -> Event | Gone | None:
    """Return the child's answer, or how it went without one; None where the time is up."""
    while True:
        is_late = time.monotonic() > until  # asked first: what was said in time is heard
        heard = [each for each in children.listen(until) if isinstance(each, Event | Gone)]
        for each in sorted(heard, key=lambda each: isinstance(each, Gone)):
            if isinstance(each, Gone) or each.outcome is not None:
                return each
        if is_late:
            return None


def _import(
    heard: Event | Gone | None, output: str, search_path: Iterable[str], deadline: float, seconds: float
) -> Import:
    seconds = round(seconds, 2)
    cause = None
    if isinstance(heard, Event):
        if heard.outcome == "passed":
            version = heard.measurements.get("version")
            return Import(
                outcome="works", seconds=seconds, version=version and secrets.text(said.one_line(str(version)))
            )
        frames = list(_told(heard.measurements.get("frames")))
        error, cause, detail = heard.reason, heard.measurements.get("cause"), f"{output}\n{heard.detail}"
    else:
        frames, error, detail = _stack(output), f"it did not come back within {deadline:g} seconds", output
        if heard:
            told = said.telling(output)
            error = f"the process {heard.how} during the import" + (f": {told}" if told else "")
    return Import(
        outcome="fails" if heard else "hangs",
        seconds=seconds,
        error=secrets.text(error or "it failed"),
        cause=secrets.text(said.one_line(str(cause))) if cause else None,
        where=_where(frames, search_path),
        through=_through(frames, search_path),
        detail="\n".join(map(secrets.text, detail.strip()[-_DETAIL:].splitlines())),
    )


def _told(frames: object) -> Iterator[Frame]:
    """Yield the frames that the child told of; whatever else the module may have written there is left out."""
    for frame in frames if isinstance(frames, list) else []:
        match frame:
            case [str(file), int(line), str(function)]:
                yield file, line, function
            case _:
                pass


def _stack(output: str) -> list[Frame]:
    """Return where Python was when it last told, as it does when it is asked and when a signal kills it."""
    stacks = _STACK.findall(output)
    frames = _FRAME.findall(stacks[-1]) if stacks else []
    return [(file, int(line), function) for file, line, function in reversed(frames) if not file.startswith("<")]


def _through(frames: Iterable[Frame], search_path: Iterable[str]) -> tuple[str, ...]:
    """Return the packages of the frames: those whose files lie in the search path."""
    inside = (_inside(file, search_path) for file, _, _ in frames)
    return tuple(dict.fromkeys(file.split("/")[0].removesuffix(".py") for file in inside if file))


def _inside(file: str, search_path: Iterable[str]) -> str | None:
    """Return where a file is within the packages; None where it is not."""
    folder = max((each for each in search_path if file.startswith(f"{each}/")), key=len, default=None)
    return file[len(folder) + 1 :] if folder else None


def _where(frames: list[Frame], search_path: Iterable[str]) -> str | None:
    if not frames:
        return None
    file, line, function = frames[-1]
    return f"line {line} of {_inside(file, search_path) or file}, in {function}"
