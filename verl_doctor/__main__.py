"""Where the program starts, and the only place that catches what went wrong."""

from __future__ import annotations

import gc
import os
import sys

from verl_doctor import streams
from verl_doctor.errors import DoctorError, one_line


def main() -> None:
    """Run the command line and leave with the exit code of the contract."""
    streams.prepare()
    gc.disable()  # collecting costs a twentieth of a check, and the process ends before it would pay
    try:
        from verl_doctor.cli.app import run

        status = run()
        sys.stdout.flush()
    except DoctorError as error:
        status = _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        status = _say("Interrupted.", 130)
    except BrokenPipeError:
        # Whoever read our output has had enough; that is no failure of ours, but it cannot be told to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 3
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "verl_doctor":
            status = _own_bug(error)
        else:
            status = _say(
                f"verl-doctor cannot start: {error}. A package it depends on is missing or broken here; "
                "installed on its own (`uv tool install verl-doctor` or `pipx install verl-doctor`) it examines "
                "this environment from outside.",
                3,
            )
    except OSError as error:
        status = _say(f"verl-doctor cannot go on: {error}.", 3)
    except Exception as error:  # noqa: BLE001 - what nobody expected is a bug of ours, and status 1 would be "findings"
        status = _own_bug(error)
    if host := sys.modules.get("verl_doctor.host"):  # where it is not loaded, nothing was started
        host.LocalProcess.end_all()
    # A collector that hangs in the kernel is a daemon thread; waiting for it would hang the doctor too.
    sys.stderr.flush()
    os._exit(status)


def _own_bug(error: Exception) -> int:
    """Say that the doctor broke; where is told on demand."""
    if os.environ.get("VERL_DOCTOR_TRACEBACK") == "1":
        sys.excepthook(type(error), error, error.__traceback__)
    return _say(
        f"this is a bug of verl-doctor, not of the environment: {one_line(error)}. "
        "Report it with the command and what VERL_DOCTOR_TRACEBACK=1 makes it print.",
        3,
    )


def _say(sentence: str, status: int) -> int:
    sys.stderr.write(f"verl-doctor: {sentence}\n")
    return status


if __name__ == "__main__":
    main()
