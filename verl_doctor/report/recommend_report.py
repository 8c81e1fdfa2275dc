"""A recommendation for a person: what was asked, the first choice with its commands, then the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from verl_doctor import __version__
from verl_doctor.matrix.machine import Machine
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.recommend.recommend import Advice, Recommendation
from verl_doctor.recommend.wish import spelled
from verl_doctor.report.fold import fold
from verl_doctor.report.plain_text import in_a_line

_TOOLS: Final = ("uv", "pip", "conda", "docker")
_SHOWN: Final = ("verl", "vllm", "torch", "tensordict", "transformers", "ray")
_CONFIDENCE: Final = {"high": "green", "medium": "yellow", "low": "red"}


def render(recommendation: Recommendation, console: Console) -> None:
    """Print a recommendation; commands stay on one line each, however narrow the console is."""
    fold(console, 0, Text.assemble((f"verl-doctor {__version__}", "bold"), f"  for {_machine(recommendation.machine)}"))
    if recommendation.wish:
        wish = ", ".join(f"{spelled(name)} {version}" for name, version in recommendation.wish.items())
        fold(console, 0, Text(f"asked for: {wish}"))
    _answers(recommendation, console)
    if recommendation.stacks:
        first, *others = recommendation.stacks
        if not recommendation.is_fulfilled:
            console.print(Text("\nNo stack here has all that you asked for; this would do instead.", style="bold red"))
        _first(first, console)
        _others(others, console)
    else:
        _nothing(recommendation, console)
    _unfit(recommendation, console)


def _machine(machine: Machine) -> str:
    driver = f"driver {machine.driver}" if machine.driver else "driver unknown"
    cuda = f"CUDA up to {machine.cuda}" if machine.cuda else ""
    gpus = ", ".join(f"{name} (compute capability {capability})" for name, capability in machine.gpus)
    gpus = f"{machine.accelerator.name} ({machine.accelerator.maker.name})" if machine.accelerator else gpus
    python = f"Python {machine.python}" if machine.python else "any Python"
    seen = (driver if machine.driver or not cuda else "", cuda, gpus or "GPU unknown", python, machine.processor)
    return ", ".join(filter(None, seen))


def _answers(recommendation: Recommendation, console: Console) -> None:
    if recommendation.answers:
        console.print(Text("\nTo what you asked for", style="bold"))
        for answer in recommendation.answers:
            _item(console, answer.text)


def _first(advice: Advice, console: Console) -> None:
    stack = advice.stack
    console.print(Text.assemble("\n", ("Install this", "bold"), f"  {stack.name}"))
    pins = {name: stack.pins[name] for name in _SHOWN} | {"flash-attn": advice.flash_attn or "left out"}
    fold(console, 2, Text("  ".join(f"{spelled(name)} {version}" for name, version in pins.items())))
    fold(console, 2, Text(f"Python {advice.python}  CUDA {stack.cuda}  driver {stack.min_driver} or newer"))
    evidence = ", ".join(f"{each.by} ({each.date or 'nobody upstream says it'})" for each in advice.verified)
    fold(console, 2, Text(f"verified: {evidence}"))
    console.print(Text("\n  Why", style="bold"))
    for reason in advice.why:
        _item(console, reason, 4)
    if advice.settings:
        console.print(Text("\n  Settings for CUDA graphs and sleep mode", style="bold"))
        for line in advice.settings.launch:
            console.print(Text(f"    {line}"), soft_wrap=True)
        fold(console, 4, Text(f"{advice.settings.why}; {advice.settings.vllm_use_v1}"))
    for tool in _TOOLS:
        commands = getattr(advice.commands, tool)
        if commands:
            console.print(Text(f"\n  With {tool}", style="bold"))
            for command in commands:
                console.print(Text(f"    {in_a_line(command)}"), soft_wrap=True)


def _nothing(recommendation: Recommendation, console: Console) -> None:
    nothing = "No recommended stack runs here." if recommendation.unfit else "No stack is known for what you asked for."
    console.print(Text(f"\n{nothing}", style="bold red"))
    instead, python = recommendation.instead, recommendation.machine.python
    if instead:
        is_here = python is None or satisfies(python, instead.pythons)
        other = "Without what you asked for" if is_here else f"On Python {instead.python}"
        fold(console, 2, Text(f"{other}, the best for this machine is {instead.name}."))


def _others(others: list[Advice], console: Console) -> None:
    if others:
        console.print(Text("\nThese fit too", style="bold"))
        width = max(len(advice.stack.name) for advice in others)
        for advice in others:
            stack = advice.stack
            evidence = ", ".join(evidence.by for evidence in advice.verified)
            style = _CONFIDENCE[stack.confidence]
            words = f"  {stack.name:<{width}}  torch {stack.pins['torch']:<7} CUDA {stack.cuda}  "
            fold(console, 0, Text.assemble(words, (evidence, style)))
        fold(console, 2, Text("--verl and --vllm choose among them; --format json has the commands of all."))


def _unfit(recommendation: Recommendation, console: Console) -> None:
    if recommendation.unfit:
        console.print(Text("\nThese cannot run here", style="bold"))
        for reason, names in _by_reason(recommendation):
            _item(console, f"{reason}: {', '.join(names)}")


def _by_reason(recommendation: Recommendation) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for unfit in recommendation.unfit:
        found.setdefault("; ".join(unfit.reasons), []).append(unfit.stack.name)
    yield from found.items()


def _item(console: Console, text: str, indent: int = 2) -> None:
    """Print a text folded, with a dash before its first line."""
    lines = list(Text(text).wrap(console, max(20, console.width - indent - 2)))
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text(f"{' ' * indent}{'  ' if number else '- '}").append_text(line), soft_wrap=True)
