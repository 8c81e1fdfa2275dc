"""The whole page."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from verl_doctor import __version__
from verl_doctor.examine import Report
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Result, Verdict
from verl_doctor.preflight.result import Preflight
from verl_doctor.report.account import Account
from verl_doctor.report.html import (
    expectations,
    findings,
    gpus,
    layers,
    machine,
    patches,
    probes,
    steps,
    version_matrix,
)
from verl_doctor.report.html.markup import Markup, tag
from verl_doctor.report.system_info import sections
from verl_doctor.report.verdicts import SENTENCES, TRIED, TRIED_OWN, sentence
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.sessions import Device

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""For the browser: load nothing."""


def render(account: Account, report: Report, matrix: Matrix, preflight: Preflight | None = None) -> str:
    """Return the page."""
    title = f"{account.verdict.value.upper()}: verl-doctor {account.command} of {account.place}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", title),
        tag("style", Markup(files(__package__).joinpath("style.css").read_text("utf-8"))),
    )
    body = tag(
        "body",
        tag(
            "div",
            _head(account, report, preflight),
            _main(account, report, matrix, preflight),
            _foot(account),
            class_="page",
        ),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _head(account: Account, report: Report, preflight: Preflight | None) -> Markup:
    python = report.facts.target.version or "unknown"
    return tag(
        "header",
        tag("p", f"verl-doctor {account.command}", class_="eyebrow"),
        tag("h1", _sentence(account, report, preflight)),
        tag(
            "p",
            tag("strong", account.verdict.value, class_="verdict"),
            tag("span", tag("code", account.place)),
            tag("span", f"Python {python}"),
            tag("span", f"exit code {account.exit_code}"),
            tag("span", f"judged by {preflight.policy.origin}") if preflight and preflight.policy else None,
            class_="facts",
        ),
        steps.steps(report, preflight) if preflight else None,
        class_=f"head {account.verdict.value}",
    )


def _sentence(account: Account, report: Report, preflight: Preflight | None) -> str:
    """Return what was found; that it works is claimed only where it was seen."""
    tried = preflight.smoke_test if preflight else None
    if isinstance(tried, SmokeTest) and account.verdict is Verdict.HEALTHY and tried.device is Device.CUDA:
        return TRIED_OWN if tried.model else TRIED
    return sentence(report) if report.verdict is account.verdict else SENTENCES[account.verdict]


def _main(account: Account, report: Report, matrix: Matrix, preflight: Preflight | None) -> Markup:
    primary = [each for each in account.occurrences if each.is_primary]
    cause = preflight.cause if preflight else report.primary
    return tag(
        "main",
        tag(
            "div",
            findings.cause(primary) if primary else findings.nothing(account),
            layers.layers(report, cause if isinstance(cause, Result) else None),
            class_="first",
        ),
        findings.consequences(account),
        findings.others(account),
        probes.timeline(preflight.smoke_test) if preflight else None,
        gpus.board(report.facts),
        version_matrix.section_of(report.facts, matrix),
        patches.table(preflight.patches) if preflight else None,
        expectations.table(preflight.policy, report) if preflight else None,
        findings.excused(account),
        machine.details(account, sections(report.facts)),
    )


def _foot(account: Account) -> Markup:
    return tag(
        "footer",
        tag("p", account.summary),
        tag("p", f"Written by verl-doctor {__version__}. Nothing on this page was loaded from elsewhere."),
    )
