"""The GPUs as boards: how full their memory is, and their links."""

from __future__ import annotations

from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Unavailable
from verl_doctor.report.html.markup import Markup, section, tag
from verl_doctor.report.system_info import GIB

_TICK = 5


def board(facts: Facts) -> Markup:
    """Return the boards, or an empty place where no GPU is seen."""
    if isinstance(facts.gpus, Unavailable):
        return section("GPUs", _empty("Not known", facts.gpus.reason))
    if not facts.gpus:
        detail = facts.driver.reason if isinstance(facts.driver, Unavailable) else facts.driver.detail
        return section("GPUs", _empty("No GPU is visible", f"{detail[:1].upper()}{detail[1:]}."))
    return section(
        "GPUs", tag("ul", [_gpu(gpu) for gpu in facts.gpus], class_="gpus"), tag("p", _links(facts.gpus), class_="lead")
    )


def _empty(title: str, why: str) -> Markup:
    return tag("ul", tag("li", tag("b", title), tag("p", why), class_="gpu empty"), class_="gpus")


def _links(gpus: tuple[Gpu, ...]) -> str:
    if not any(gpu.nvlinks for gpu in gpus):
        return "No active NVLink was seen."
    return "Each stroke is an active NVLink. Which GPU each of them leads to is not among the facts."


def _gpu(gpu: Gpu) -> Markup:
    return tag(
        "li",
        tag("p", tag("b", gpu.name.removeprefix("NVIDIA ")), tag("small", f"GPU {gpu.index}"), class_="title"),
        _memory(gpu),
        tag("p", " · ".join(_traits(gpu)), class_="traits"),
        _strokes(gpu.nvlinks) if gpu.nvlinks else None,
        class_="gpu",
    )


def _memory(gpu: Gpu) -> Markup:
    if not gpu.memory_total or gpu.memory_free is None:
        return tag("p", "memory not known", class_="traits")
    used = gpu.memory_total - gpu.memory_free
    part = max(0.0, min(1.0, used / gpu.memory_total))
    words = f"{used / GIB:.1f} of {gpu.memory_total / GIB:.1f} GiB in use"
    bar = tag(
        "span", tag("span", style=f"width:{max(part * 100, 0.6):.1f}%"), class_="bar", role="img", aria_label=words
    )
    return tag("div", bar, tag("p", words, class_="traits"), class_="memory")


def _traits(gpu: Gpu) -> list[str]:
    told = {"MIG": gpu.mig, "ECC": gpu.ecc, "persistence": gpu.persistence}
    traits = [f"{name} {'on' if is_on else 'off'}" for name, is_on in told.items() if is_on is not None]
    capability = [f"compute {gpu.compute_capability}"] if gpu.compute_capability else []
    processes = [f"{len(gpu.processes)} processes hold memory"] if gpu.processes else []
    return [*capability, *traits, *processes]


def _strokes(count: int) -> Markup:
    lines = [tag("rect", x=number * _TICK, y=0, width=2, height=14, rx=1) for number in range(count)]
    return tag(
        "svg",
        lines,
        class_="links",
        viewBox=f"0 0 {count * _TICK} 14",
        role="img",
        aria_label=f"{count} NVLinks",
        height=14,
    )
