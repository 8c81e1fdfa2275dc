"""`verl-doctor smoke-test`: a real rollout with the installed vLLM."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli import progress
from verl_doctor.cli.options import Format, OutputFormat, Prefix, Python, the_host, the_target
from verl_doctor.errors import TargetError, UsageError
from verl_doctor.smoke.sessions import LARGE, SMALL, Device, Level, Request, plan

if TYPE_CHECKING:
    from verl_doctor.host import Host
    from verl_doctor.smoke.run import Place
    from verl_doctor.target import Target


def command(
    level: Annotated[
        Level,
        typer.Option(
            "--level",
            help="quick: one engine on one GPU, a minute once warm; full: also eager, flash-attn, NCCL and verl's "
            "layouts of ranks, three minutes on two GPUs.",
        ),
    ] = Level.QUICK,
    device: Annotated[Device, typer.Option("--device", help="cpu tries what a CPU build of vLLM can.")] = Device.CUDA,
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="DIR", readable=False, help="Try your own model instead; its folder."),
    ] = None,
    bench: Annotated[
        bool,
        typer.Option("--bench", help="Also time a batch with and without CUDA graphs: 7B's shape, or --model."),
    ] = False,
    memory: Annotated[
        float | None,
        typer.Option(
            "--gpu-memory",
            min=0.01,
            max=0.98,
            help=f"The part of the GPU's memory that the engine takes: {SMALL}, or {LARGE} with --model or --bench.",
        ),
    ] = None,
    probes: Annotated[
        list[str] | None, typer.Option("--probe", metavar="NAME", help="Only this probe; may be given more than once.")
    ] = None,
    python: Python = None,
    prefix: Prefix = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Generate with the installed vLLM; judge each token.

    A tiny model, made on the spot, whose right answers follow from its construction: eager, with CUDA graphs, in a
    batch, after sleep, after new weights, and in verl's launch layouts. Nothing is downloaded; no child outlives it.
    """
    from verl_doctor.facts.packages import collect
    from verl_doctor.patching import catalogue
    from verl_doctor.patching.state import states
    from verl_doctor.report import smoke_report
    from verl_doctor.report.hang import width_of
    from verl_doctor.smoke.outcome import SmokeTest
    from verl_doctor.smoke.run import Began, run

    host = the_host()
    target = the_target(host, python, prefix)
    place = _place(host, target, device)
    request = Request(
        level=level,
        device=device,
        gpus=len(place.gpus),
        memory=memory,
        model=_checkpoint(model),
        bench=bench,
        only=probes or (),
    )
    started = time.monotonic()
    results = []
    for happened in run(plan(request), place):
        if isinstance(happened, Began):
            progress.show(f"running  {happened.name}")
            continue
        results.append(happened)
        progress.show("")
        told = sys.stderr if output is Format.JSON else sys.stdout
        told.write(smoke_report.line(happened, width_of(told)))
        told.flush()
    test = SmokeTest(
        level=level,
        device=device,
        model=request.model,
        results=tuple(results),
        patches=states(host, target, collect(host, target), catalogue.everything().patches),
        seconds=time.monotonic() - started,
    )
    if output is Format.JSON:
        sys.stdout.write(smoke_report.render(test, target))
    else:
        sys.stdout.write(smoke_report.summary(test, target, width_of(sys.stdout)))
    return test.exit_code


def _checkpoint(folder: Path | None) -> Path | None:
    """Return the folder of a model. Raises UsageError for one that has no config.json."""
    if folder is not None and not (folder / "config.json").is_file():
        raise UsageError(f"{folder} is no folder of a model: it has no config.json.")
    return folder and folder.resolve()


def _place(host: Host, target: Target, device: Device) -> Place:
    """Return where the children run. Raises TargetError where they cannot."""
    from verl_doctor.smoke.run import Place

    if target.python is None or target.root != "/":
        raise TargetError(f"{target.prefix} has no Python that can be run here, so nothing can be tried.")
    gpus = _gpus(host, target) if device is Device.CUDA else ()
    return Place(python=Path(target.python), environ=dict(host.environ), device=device, gpus=gpus)


def _gpus(host: Host, target: Target) -> tuple[str, ...]:
    """Return the GPUs that a child sees, as CUDA_VISIBLE_DEVICES names them. Raises TargetError for none."""
    from verl_doctor.facts.collect import collect
    from verl_doctor.model import Unavailable

    found = collect(host, target, {"gpus"}).gpus
    if isinstance(found, Unavailable):
        raise TargetError(f"Whether there is a GPU is not known: {found.reason}.")
    visible = host.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible is not None else [str(number) for number in range(len(found))]
    shown = tuple(name.strip() for name in names if name.strip() not in {"", "-1", "NoDevFiles"})
    if not found or not shown:
        raise TargetError(
            "There is no GPU to try. --device cpu tries a CPU build of vLLM; `verl-doctor check` says more about GPUs."
        )
    return shown
