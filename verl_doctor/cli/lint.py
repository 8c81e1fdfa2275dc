"""`verl-doctor lint`: launch scripts and configurations against the versions that they are for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.options import FactsFile, Format, OutputFormat, Prefix, Python, facts_in, the_host
from verl_doctor.cli.severity import FailOn
from verl_doctor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.lint.outcome import Mode, Outcome

_NEEDED = ("packages", "python", "torch", "vllm", "driver", "gpus", "node")


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", readable=False, help="Files to judge, or folders of such files; - for standard input."
        ),
    ],
    verl: Annotated[str | None, typer.Option(metavar="V", help="Judge for this verl, not the installed one.")] = None,
    vllm: Annotated[str | None, typer.Option(metavar="V", help="Judge for this vLLM.")] = None,
    torch: Annotated[str | None, typer.Option(metavar="V", help="Judge for this torch.")] = None,
    gpus: Annotated[int | None, typer.Option(metavar="N", min=1, help="How many GPUs a node has.")] = None,
    python: Python = None,
    prefix: Prefix = None,
    facts: FactsFile = None,
    fix: Annotated[bool, typer.Option("--fix", help="Correct what has one safe correction; the diff first.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print what --fix would change; write nothing.")] = False,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.ERROR,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Live with this failure: shown, but not counted. May be given again."),
    ] = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Judge launch scripts and configurations.

    Bash scripts, Slurm batch files, Hydra and Ray job YAML, Dockerfiles and requirements files, against the installed
    verl and vLLM, or those that --verl and --vllm name. What is fine is not mentioned.

    Exit codes: 0 nothing found, 1 findings, 2 a file that cannot be read or wrong usage, 3 the doctor could not work.
    """
    from verl_doctor.lint.outcome import diff as diff_of
    from verl_doctor.lint.run import correct, lint, write_corrected
    from verl_doctor.matrix.load import load as load_matrix
    from verl_doctor.model import Severity

    _refuse(files, fix=fix, diff=diff)
    versions = {name: text for name, text in (("verl", verl), ("vllm", vllm), ("torch", torch)) if text is not None}
    known, matrix = _facts(versions, gpus, facts, python, prefix), load_matrix()
    outcome = lint(files, known, matrix, allow or (), stdin=sys.stdin.buffer.read)
    if fix or diff:
        outcome = correct(outcome, known, matrix)
    if (fix or diff) and output is Format.TEXT:
        sys.stdout.buffer.write(diff_of(outcome.files))
        sys.stdout.flush()
    if fix:
        write_corrected(outcome)
    exit_code = 1 if outcome.fails(Severity(fail_on.value), corrected=fix) else 3 if outcome.crashed else 0
    _report(outcome, known, exit_code, output, mode="fix" if fix else "diff" if diff else "check")
    return exit_code


def _refuse(files: Sequence[Path], *, fix: bool, diff: bool) -> None:
    if fix and diff:
        raise UsageError("--fix shows the diff, too; --diff is for looking only. Give one of them.")
    if fix and Path("-") in files:
        raise UsageError("--fix cannot write to standard input; --diff shows what it would change.")
    if files.count(Path("-")) > 1:
        raise UsageError("Standard input can be read once only.")


def _facts(
    versions: Mapping[str, str], gpus: int | None, file: Path | None, python: Path | None, prefix: Path | None
) -> Facts:
    """Return what the files are judged against. Versions that are told, and no environment with them, stand alone."""
    from verl_doctor.lint.circumstances import told, with_gpus, with_versions

    if file is not None and (python or prefix):
        raise UsageError("--facts already says which environment was scanned; leave out --python and --prefix.")
    if file is not None:
        known = with_versions(facts_in(file), versions)
    elif versions and not (python or prefix):
        known = told(versions)
    else:
        known = with_versions(_scanned(python, prefix), versions)
    return known if gpus is None else with_gpus(known, gpus)


def _scanned(python: Path | None, prefix: Path | None) -> Facts:
    from verl_doctor.facts.collect import collect
    from verl_doctor.target import find

    if python and prefix:
        raise UsageError("--python and --prefix name two environments; give one of them.")
    host = the_host()
    return collect(host, find(host, python=python, prefix=prefix, own=Path(sys.prefix)), _NEEDED)


def _report(outcome: Outcome, facts: Facts, exit_code: int, output: Format, *, mode: Mode) -> None:
    if output is Format.JSON:
        from verl_doctor.report.lint_json import render

        sys.stdout.write(render(outcome, facts.target, exit_code, mode=mode))
        return
    from verl_doctor.report.console import console
    from verl_doctor.report.lint_text import render as render_text

    render_text(outcome, console(sys.stderr if mode == "diff" else sys.stdout), mode=mode)
