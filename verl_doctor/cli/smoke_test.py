"""`verl-doctor smoke-test`: a real rollout with the installed vLLM."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli import progress
from verl_doctor.cli.everywhere import (
    ALL_REDUCE,
    SMOKE_TEST,
    NodeDeadline,
    Ray,
    all_reduced,
    require_no_deadline,
    sweep,
    the_cluster,
)
from verl_doctor.cli.options import Format, OutputFormat, Prefix, Python, the_host, the_target
from verl_doctor.smoke.sessions import LARGE, SMALL, Device, Level, Request, plan

if TYPE_CHECKING:
    from verl_doctor.fleet.cluster import Cluster


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
        typer.Option(
            "--model",
            metavar="DIR",
            readable=False,
            help="Try your own model instead; its folder (with --ray on the nodes).",
        ),
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
    ray: Ray = None,
    node_deadline: NodeDeadline = None,
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
    if ray is not None:
        options = _options(level, device, model, bench, memory, probes or ())
        return _everywhere(the_cluster(host, target, ray), options, device, node_deadline or SMOKE_TEST, output)
    require_no_deadline(node_deadline)
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
        told.write(smoke_report.line(happened, width_of(told), is_own=model is not None))
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


def _options(
    level: Level, device: Device, model: Path | None, bench: bool, memory: float | None, probes: Sequence[str]
) -> tuple[str, ...]:
    """Return the options for the command line on a node."""
    named = {"--level": level.value, "--device": device.value, "--model": model, "--gpu-memory": memory}
    given = [(name, str(value)) for name, value in named.items() if value is not None]
    given += [("--probe", name) for name in probes]
    return (*(word for pair in given for word in pair), *(("--bench",) if bench else ()))


def _everywhere(cluster: Cluster, options: Sequence[str], device: Device, deadline: float, output: Format) -> int:
    """Try every node by itself, then all of them together."""
    command = ("smoke-test", "--format", "json", "--python", "{python}", *options)
    found = sweep(cluster, command, deadline, gpus=device is Device.CUDA)
    ranks, reason, skipped = all_reduced(cluster, device.value, ALL_REDUCE)
    is_broken = any(rank.reason for rank in ranks) or (reason is not None and not skipped)
    exit_code = found.exit_code([*(each.status or 0 for each in found.done), int(is_broken)])
    if output is Format.JSON:
        from verl_doctor.report import cluster_json

        more = cluster_json.all_reduce(ranks, reason, skipped=skipped)
        sys.stdout.write(cluster_json.render(found, "smoke-test", exit_code, more=more) + "\n")
    else:
        from verl_doctor.report import cluster_text
        from verl_doctor.report.console import console

        cluster_text.smoke_test(found, ranks, reason, skipped, console(sys.stdout))
    return exit_code
