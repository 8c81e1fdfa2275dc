"""The command group: finds a command's module by its name and imports only that one."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from verl_doctor import __version__, cli
from verl_doctor.errors import LoadInterruptedError, failure

_NO_COMMANDS = frozenset(
    {
        "app",
        "deep",
        "everywhere",
        "options",
        "patch_asked",
        "patch_change",
        "patch_refused",
        "policy",
        "preflight_everywhere",
        "progress",
        "reports",
        "severity",
    }
)
_INTERRUPTED = 130
"""What typer makes of Ctrl-C, according to its release, and what interrupted loading; no command returns it."""


class StrictCommand(TyperCommand):
    """A command to which nothing empty is given: a path would be the current folder, where a variable is not set."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # typer's own
        """Parse the command line. Raises typer.BadParameter for an option or argument that is empty."""
        given, *_ = self.make_parser(ctx).parse_args(args=list(args))
        for option in self.params:
            value = given.get(option.name or "")
            if "" in (value if isinstance(value, list | tuple) else (value,)):
                raise typer.BadParameter("it is empty; maybe a shell variable is not set.", ctx=ctx, param=option)
        return super().parse_args(ctx, args)


class LazyGroup(TyperGroup):
    """A group whose commands are the modules of `verl_doctor.cli`; importing all of them would cost every run."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override] # typer's own context
        """Return the commands' names."""
        del ctx
        names = (module.name for module in pkgutil.iter_modules(cli.__path__))
        return [name.replace("_", "-") for name in names if name not in _NO_COMMANDS]

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override] # typer's own context
        """Return the command that is named. Fails for an unknown name, with the one that may be meant."""
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            from difflib import get_close_matches

            if nearest := get_close_matches(args[0], names, n=1):
                ctx.fail(f"There is no command {args[0]!r}; did you mean {nearest[0]}?")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override] # typer's own context
        """Return a command, or None for an unknown name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"verl_doctor.cli.{cmd_name.replace('-', '_')}")
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(cmd_name, cls=StrictCommand)(_answering(module))
        return typer.main.get_command(single)


def _answering(module: ModuleType) -> Callable[..., Any]:
    """Return a command that, asked for JSON, has something for its reader where it fails, too."""

    @functools.wraps(module.command)
    def answering(**options: Any) -> Any:
        try:
            return module.command(**options)
        except Exception as error:
            wanted = options.get("output_format", options.get("output", module.__dict__.get("OUTPUT")))
            if _is_tellable(error):
                _tell(error, is_printed=wanted == "json", has_files="report" in options)
            raise

    return answering


def _tell(error: Exception, *, is_printed: bool, has_files: bool) -> None:
    """Write why there is no answer to where it was to be written as JSON."""
    from verl_doctor.report.error_json import render

    told = render(failure(error)) + "\n"
    if has_files:
        from verl_doctor.cli.reports import tell_failure

        tell_failure(told, is_printed=is_printed)
    elif is_printed:
        sys.stdout.write(told)


def _is_tellable(error: Exception) -> bool:
    """Say whether standard output can have it: not where writing to it is what failed, nor after an interrupt."""
    is_of_stream = isinstance(error, OSError) and error.filename is None
    return not is_of_stream and failure(error).kind != LoadInterruptedError.kind


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"verl-doctor {__version__}")
        raise typer.Exit


@app.callback()
def verl_doctor(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    """Tell whether this node can run verl with vLLM, name the one cause if not, and cure it.

    Exit codes: 0 healthy, 1 findings, 2 wrong usage, 3 the doctor could not do its work, 130 interrupted.
    """
    del version


def run() -> int:
    """Run the command that the command line names; return its exit code."""
    try:
        result = app(standalone_mode=False, prog_name="verl-doctor")
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit:  # the only one left: typer's answer to a reader that has closed its end
        raise BrokenPipeError from None
    except Exception as error:
        # typer 0.26 carries its own copy of click, so the class differs between versions; the protocol does not.
        show, status = getattr(error, "show", None), getattr(error, "exit_code", None)
        if show is None or status is None:
            raise
        show()
        return int(status)
    if result == _INTERRUPTED:
        raise KeyboardInterrupt
    return int(result or 0)
