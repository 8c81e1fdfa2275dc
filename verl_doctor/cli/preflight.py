"""`verl-doctor preflight`: check, patches and a real rollout as one report, before a job starts."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli import progress
from verl_doctor.cli.everywhere import NodeDeadline, Ray, require_no_deadline
from verl_doctor.cli.options import FactsFile, Prefix, Python, facts_in, seconds, the_host, the_target
from verl_doctor.cli.policy import PolicyFile, policies, policy_in, today
from verl_doctor.cli.reports import Extra, MainFormat, Output, ReportFormat, deliver, delivery, require_text_or_json
from verl_doctor.cli.severity import FailOn
from verl_doctor.errors import UsageError
from verl_doctor.smoke.sessions import Device

if TYPE_CHECKING:
    from verl_doctor.preflight.policy import Policy
    from verl_doctor.preflight.run import Wish
    from verl_doctor.smoke.results import Began, ProbeResult


class Level(str, Enum):
    """How much is tried."""

    QUICK = "quick"
    FULL = "full"
    NONE = "none"


def command(
    python: Python = None,
    prefix: Prefix = None,
    facts: FactsFile = None,
    policy: PolicyFile = None,
    level: Annotated[
        Level | None,
        typer.Option(
            help="How much the smoke test tries; none where there is no GPU. [default: the policy's, or quick]"
        ),
    ] = None,
    device: Annotated[
        Device | None, typer.Option(help="cpu tries what a CPU build of vLLM can. [default: the policy's, or cuda]")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="DIR",
            readable=False,
            help="Try your own model instead; its folder (with --ray on the nodes).",
        ),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=1.0, callback=seconds, help="The time for the whole smoke test."),
    ] = None,
    apply_patches: Annotated[
        bool, typer.Option("--apply-patches", help="Apply the patches that are missing, after the check.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Try the smoke test although the check says that it cannot work.")
    ] = False,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(help="Exit with 1 from this severity on. [default: the policy's, or error]"),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Live with this failure: shown, but not counted. May be given again."),
    ] = None,
    output_format: MainFormat = ReportFormat.TEXT,
    output: Output = None,
    report: Extra = None,
    with_facts: Annotated[bool, typer.Option("--with-facts", help="Put the facts into the JSON report.")] = False,
    ray: Ray = None,
    node_deadline: NodeDeadline = None,
    judged_by: Annotated[str | None, typer.Option("--judged-by", hidden=True, help="A policy that was sent.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="As text, only the line that says it all.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="As text, also what was found to be right.")] = False,
) -> int:
    """Check, patches and a real rollout, as one report.

    For CI, container builds and the prolog of a job: one exit code, and a last line that says it all. A policy
    (verl-doctor.toml, or [tool.verl-doctor] in pyproject.toml) says what counts here and what a node must be.
    """
    from verl_doctor.matrix.load import load as load_matrix
    from verl_doctor.preflight import run as steps
    from verl_doctor.report.of_preflight import OfPreflight
    from verl_doctor.smoke import where

    files = policies(policy) if judged_by is None else ()
    wanted = delivery(output_format, output, report, read=(facts, python, *files))
    if quiet and verbose:
        raise UsageError("--quiet and --verbose cannot be given together.")
    wish = _wish(_rules(policy, judged_by), level, device, deadline, model, apply_patches, keep_going, allow, fail_on)
    if ray is not None:
        if facts is not None:
            raise UsageError("--facts and --ray name two things to judge; give one of them.")
        require_text_or_json(wanted)
        from verl_doctor.cli import preflight_everywhere

        telling = preflight_everywhere.Telling(
            delivery=wanted, with_facts=with_facts, is_quiet=quiet, is_verbose=verbose
        )
        host = the_host()
        return preflight_everywhere.preflight(host, the_target(host, python, prefix), ray, wish, node_deadline, telling)
    require_no_deadline(node_deadline)
    where.checkpoint(wish.model)
    matrix = load_matrix()
    if facts is not None:
        if python or prefix or apply_patches:
            raise UsageError("--facts tells of another machine; leave out --python, --prefix and --apply-patches.")
        preflight = steps.of_facts(facts_in(facts), matrix, wish)
    else:
        host = the_host()
        target = the_target(host, python, prefix)
        try:
            preflight = steps.run(host, target, matrix, wish, _silent if quiet else _tell)
        finally:
            progress.show("")
    told = OfPreflight(
        preflight=preflight,
        matrix=matrix,
        today=wish.today,
        is_quiet=quiet,
        is_verbose=verbose,
        with_facts=with_facts,
    )
    return deliver(told, wanted, preflight.exit_code)


def _rules(file: Path | None, sent: str | None) -> Policy | None:
    """Return the policy to judge by: the one that was sent, where one was or none is to be, else that of a file."""
    if sent is None:
        return policy_in(file, search=True)
    from verl_doctor.preflight.policy_sent import unpack

    return unpack(sent)


def _wish(
    policy: Policy | None,
    level: Level | None,
    device: Device | None,
    deadline: float | None,
    model: Path | None,
    apply_patches: bool,
    keep_going: bool,
    allow: list[str] | None,
    fail_on: FailOn | None,
) -> Wish:
    """Return what is wanted: the command line goes before the policy. Whether there is a model is not looked at."""
    from verl_doctor.model import Severity
    from verl_doctor.preflight.run import Wish
    from verl_doctor.smoke import sessions

    stated = level.value if level else (policy.level if policy else None) or Level.QUICK.value
    own = model or (policy.model if policy else None)
    return Wish(
        level=None if stated == Level.NONE.value else sessions.Level(stated),
        device=device or Device((policy.device if policy else None) or Device.CUDA.value),
        deadline=deadline or (policy.deadline if policy else None),
        model=own.absolute() if own and stated != Level.NONE.value else None,
        apply=apply_patches or bool(policy and policy.apply),
        keep_going=keep_going,
        allow=tuple(allow or ()),
        fail_on=Severity(fail_on.value) if fail_on else (policy.fail_on if policy else None) or Severity.ERROR,
        policy=policy,
        today=today(),
    )


def _tell(happened: str | Began | ProbeResult) -> None:
    if isinstance(happened, str):
        progress.show(happened)
    else:
        progress.show(f"smoke test  {happened.name}")


def _silent(happened: object) -> None:
    del happened
