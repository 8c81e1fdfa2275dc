"""`verl-doctor smoke-test`: a real rollout with the installed vLLM."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from verl_doctor.cli import progress
from verl_doctor.cli.options import Format, OutputFormat, Prefix, Python, the_host, the_target
from verl_doctor.smoke.sessions import LARGE, SMALL, Device, Level, Request, plan


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
    from verl_doctor.smoke import where
    from verl_doctor.smoke.outcome import SmokeTest
    from verl_doctor.smoke.run import Began, run

    host = the_host()
    target = the_target(host, python, prefix)
    place = where.place(host, target, device)
    request = Request(
        level=level,
        device=device,
        gpus=len(place.gpus),
        memory=memory,
        model=where.checkpoint(model),
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
