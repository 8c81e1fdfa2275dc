"""The probes of a smoke test on a line of time."""

from __future__ import annotations

from verl_doctor.preflight.result import NotTried
from verl_doctor.report.html.marks import mark
from verl_doctor.report.html.markup import Markup, folded, section, tag
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.results import ProbeResult


def timeline(tried: SmokeTest | NotTried) -> Markup:
    """Return a bar for each probe, one after the other as they ran; what was skipped is listed after them."""
    if isinstance(tried, NotTried):
        return section("Smoke test", tag("p", f"Not tried: {tried.reason}.", class_="lead"))
    ran = [result for result in tried.results if result.outcome != "skipped"]
    skipped = [result for result in tried.results if result.outcome == "skipped"]
    whole = sum(result.seconds for result in ran) or 1.0
    bars, begun = [], 0.0
    for result in ran:
        bars.append(_bar(result, begun / whole, result.seconds / whole, is_own=tried.model is not None))
        begun += result.seconds
    return section(
        "Smoke test",
        tag("p", _lead(tried), class_="lead"),
        tag("ol", bars, class_="probes"),
        _skipped(skipped) if skipped else None,
    )


def _lead(tried: SmokeTest) -> str:
    model = f"the model in {tried.model}" if tried.model else "a model whose right answers are known"
    gain = (
        f" Decoding with CUDA graphs is {tried.decoding_gain} times as fast as without." if tried.decoding_gain else ""
    )
    place = "its CPU" if tried.device.value == "cpu" else "its GPUs"
    return (
        f"The installed vLLM on {place}, with {model}: {tried.seconds:.0f} seconds at level {tried.level.value}.{gain}"
    )


def _bar(result: ProbeResult, start: float, width: float, *, is_own: bool) -> Markup:
    left = min(start * 100, 99.4)
    bar = tag("span", style=f"left:{left:.2f}%;width:{max(width * 100, 0.6):.2f}%", class_=result.outcome)
    reason = tag("span", result.reason, class_="reason") if result.reason else None
    return tag(
        "li",
        mark(result.outcome),
        tag(
            "span", tag("b", result.name), tag("small", PROBES[result.name].shown(is_own=is_own)), reason, class_="name"
        ),
        tag("span", bar, class_="track", aria_hidden="true"),
        tag("span", f"{result.seconds:.1f} s", class_="seconds"),
    )


def _skipped(results: list[ProbeResult]) -> Markup:
    rows = [tag("li", tag("b", result.name), tag("span", result.reason or "")) for result in results]
    return folded(f"{len(results)} probes could not run here", tag("ul", rows, class_="plain"))
