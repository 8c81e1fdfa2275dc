"""`verl-doctor recommend`: which versions to install here, and the commands that do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.options import FactsFile, Format, OutputFormat, Prefix, Python, facts_in, the_host
from verl_doctor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.recommend.recommend import Recommendation

_NEEDED = ("driver", "gpus", "python", "node")


def command(
    verl: Annotated[str | None, typer.Option(metavar="V", help="The verl that you want; 0.5 means any 0.5.")] = None,
    vllm: Annotated[str | None, typer.Option(metavar="V", help="The vLLM that you want.")] = None,
    torch: Annotated[str | None, typer.Option(metavar="V", help="The torch that you want.")] = None,
    tensordict: Annotated[str | None, typer.Option(metavar="V", help="The tensordict that you want.")] = None,
    driver: Annotated[
        str | None, typer.Option(metavar="V", help="The node's NVIDIA driver, instead of the one found here.")
    ] = None,
    cuda: Annotated[
        str | None,
        typer.Option(metavar="V", help="The newest CUDA that the node's driver supports, as nvidia-smi shows it."),
    ] = None,
    gpu: Annotated[
        str | None, typer.Option(metavar="NAME", help="The node's GPU: H100, RTX 4090, or a compute capability, 9.0.")
    ] = None,
    python_version: Annotated[
        str | None,
        typer.Option(
            metavar="V",
            help="The Python to install for; left out, that of the active environment, else the stack's own.",
        ),
    ] = None,
    facts: FactsFile = None,
    python: Python = None,
    prefix: Prefix = None,
    constraints: Annotated[
        Path | None,
        typer.Option(
            "--constraints",
            "-c",
            metavar="FILE",
            readable=False,
            help="Write the first choice as a constraints file, whole, or none where nothing fits; - for standard "
            "output, where the report then goes to standard error.",
        ),
    ] = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Say which versions to install, with the commands.

    Ranked stacks for this node or a described one: what fits the wish first, then what is vouched for, then
    the newest; for each why, who vouches for it, the settings for CUDA graphs and sleep mode, and the commands for
    uv, pip, conda and docker. What cannot run is listed with the reason, and a wish that does not hold
    together is told why.

    A place without an NVIDIA driver says nothing of the node: describe that one with the options.

    Exit codes: 0 a stack fits, 1 none does, or none has all that you asked for, 2 wrong usage, 3 nothing is known
    of the node and nothing described.
    """
    from verl_doctor.matrix.load import load as load_matrix
    from verl_doctor.recommend.machine import Described, described, seen
    from verl_doctor.recommend.recommend import recommend
    from verl_doctor.recommend.wish import read

    if str(constraints) == "-" and output is Format.JSON:
        raise UsageError("-c - and --format json both write to standard output; give -c a file.")
    matrix = load_matrix()
    asked = {"verl": verl, "vllm": vllm, "torch": torch, "tensordict": tensordict}
    wish = read({name: text for name, text in asked.items() if text is not None}, matrix)
    modes = _cleared(constraints, facts)
    known, is_named = _facts(facts, python, prefix), any((facts, python, prefix))
    machine = described(
        seen(known, is_named=is_named, is_own=not is_named and _is_own(known)),
        Described(driver=driver, cuda=cuda, gpu=gpu, python=python_version),
        matrix,
        is_asked=bool(wish),
    )
    recommendation = recommend(machine, wish, matrix)
    exit_code = 0 if recommendation.is_fulfilled else 1
    _write_constraints(constraints, recommendation, modes)
    _report(recommendation, known, exit_code, output, to_stderr=str(constraints) == "-")
    return exit_code


def _cleared(constraints: Path | None, facts: Path | None) -> Mapping[Path, int]:
    """Remove the constraints of an earlier run, which must not be taken for those of one in which nothing fits."""
    if constraints is None:
        return {}
    from verl_doctor.destinations import clear

    cleared = clear([constraints], [facts] if facts else ())
    cleared.require_all()
    return cleared.modes


def _facts(file: Path | None, python: Path | None, prefix: Path | None) -> Facts:
    if file is not None:
        if python or prefix:
            raise UsageError("--facts already says which environment was scanned; leave out --python and --prefix.")
        return facts_in(file)
    from verl_doctor.facts.collect import collect
    from verl_doctor.target import find

    if python and prefix:
        raise UsageError("--python and --prefix name two environments; give one of them.")
    host = the_host()
    return collect(host, find(host, python=python, prefix=prefix, own=Path(sys.prefix)), _NEEDED)


def _is_own(facts: Facts) -> bool:
    """Say whether the environment was chosen for want of an active one."""
    return facts.target.prefix == sys.prefix and not {"VIRTUAL_ENV", "CONDA_PREFIX"} & the_host().environ.keys()


def _write_constraints(file: Path | None, recommendation: Recommendation, modes: Mapping[Path, int]) -> None:
    if file is None or not recommendation.stacks:
        return
    from verl_doctor.recommend.commands import constraints
    from verl_doctor.whole_file import write

    first = recommendation.stacks[0]
    text = constraints(first.stack, first.python, first.flash_attn)
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        write(file, text, modes.get(file))


def _report(recommendation: Recommendation, facts: Facts, exit_code: int, output: Format, *, to_stderr: bool) -> None:
    if output is Format.JSON:
        from verl_doctor.report.recommend_json import render

        sys.stdout.write(render(facts.target, recommendation, exit_code))
        return
    from verl_doctor.report.console import console
    from verl_doctor.report.recommend_report import render as render_text

    render_text(recommendation, console(sys.stderr if to_stderr else sys.stdout))
