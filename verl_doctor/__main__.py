"""Where the program starts, and the only place that says what went wrong and leaves."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress

from verl_doctor import endings, streams
from verl_doctor.errors import Failure, failure

_BROKEN_PIPE = 128 + signal.SIGPIPE
"""What a shell shows for a program that ended like `git` and `cat` when their reader left."""


def main() -> None:
    """Run the command line and leave with the exit code of the contract."""
    streams.prepare()
    gc.disable()  # collecting costs a twentieth of a check, and the process ends before it would pay
    try:
        from verl_doctor.cli.app import run

        status = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = _say(Failure(message=f"{endings.how()}.", kind="interrupted", exit_code=endings.exit_code()))
    except BrokenPipeError:
        status = _BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - what nobody expected is a bug of ours, and status 1 would be "findings"
        status = _failed(error)
        with suppress(OSError):  # that there is no answer is said already
            sys.stdout.flush()
    if host := sys.modules.get("verl_doctor.host"):  # where it is not loaded, nothing was started
        host.LocalProcess.end_all()
    # A collector that hangs in the kernel is a daemon thread; waiting for it would hang the doctor too.
    sys.stderr.flush()
    if status == _BROKEN_PIPE:
        _end_by_broken_pipe()
    os._exit(status)


def _failed(error: Exception) -> int:
    """Say why there is no answer; where the doctor broke is told on demand."""
    said = failure(error)
    if said.kind == "bug" and os.environ.get("VERL_DOCTOR_TRACEBACK") == "1":
        sys.excepthook(type(error), error, error.__traceback__)
    return _say(said)


def _end_by_broken_pipe() -> None:
    """End as the system ends what writes for nobody; comes back where that signal is not for us (the first process)."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)


def _say(said: Failure) -> int:
    """Say it, in lines as long as a terminal's; a command stays on a line of its own."""
    from verl_doctor.report.hang import hang, width_of
    from verl_doctor.report.plain_text import in_a_line

    width = width_of(sys.stderr)
    sys.stderr.write(f"{hang(f'verl-doctor: {said.message}', 0, width)}\n")
    for step in said.steps:
        sys.stderr.write(f"{hang(f'{step.what}:', 0, width)}\n    {in_a_line(step.command)}\n")
    return said.exit_code


if __name__ == "__main__":
    main()
