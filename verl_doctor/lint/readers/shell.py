"""Bash scripts, and the batch files of Slurm, which are bash scripts with options in comments."""

from __future__ import annotations

from verl_doctor.lint.budget import SpentError
from verl_doctor.lint.document import INSTALL, Launch, Setting
from verl_doctor.lint.readers import Reading
from verl_doctor.lint.shell.interpreter import Found, Interpreter
from verl_doctor.lint.shell.scope import Scope
from verl_doctor.lint.shell.slurm import batch
from verl_doctor.lint.shell.unit import unit
from verl_doctor.lint.traced import Traced


def read(text: Traced, environment: tuple[Setting, ...] = ()) -> Reading:
    """Return what a script launches; `environment` is what it is started with. Raises GrammarMissingError."""
    from verl_doctor.lint.shell.assignments import export, exports

    root = unit(text)
    scope = Scope(source=text.source)
    export(scope, environment)
    found = Found(launches=[], unread=[])
    slurm = batch(root)
    try:
        Interpreter(unit=root, scope=scope, found=found, slurm=slurm, called=set()).run()
    except RecursionError:
        found.unread.append((1, "nested too deeply to be followed"))
    except SpentError as error:
        found.unread.append((error.line, error.reason))
    if all(launch.program == INSTALL for launch in found.launches):
        settings = (*slurm, *exports(scope))
        if settings:
            found.launches.append(Launch(program=None, line=settings[0].whole.line, settings=settings, open=True))
    return tuple(found.launches), tuple(sorted(set(found.unread)))
