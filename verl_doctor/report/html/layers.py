"""What runs on what, drawn as layers; those that the cause is about are marked."""

from __future__ import annotations

from dataclasses import dataclass

from verl_doctor.examine import Report
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Failed, Result, Unavailable
from verl_doctor.report.html.markup import Markup, tag


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """A layer; `version` None where it is not there."""

    key: str
    name: str
    version: str | None


def layers(report: Report, primary: Result | None) -> Markup:
    """Return the drawing, the trainer on top, the GPUs at the bottom; where the check has the cause, that is marked."""
    about = _about(primary)
    drawn = [_drawn(layer, layer.key in about) for layer in _layers(report.facts)]
    return tag(
        "figure",
        tag("ol", drawn, class_="layers"),
        tag("figcaption", "What runs on what" + (": the cause lies where it is marked" if about else "")),
        class_="stack",
    )


def _about(primary: Result | None) -> frozenset[str]:
    if primary is None or not isinstance(primary.outcome, Failed):
        return frozenset()
    named = frozenset[str]().union(*(finding.about for finding in primary.outcome.findings))
    return named or frozenset({primary.layer.value})


def _drawn(layer: _Layer, is_concerned: bool) -> Markup:
    kind = "missing" if layer.version is None else "there"
    return tag(
        "li",
        tag("b", layer.name),
        tag("span", layer.version or "missing"),
        class_=f"{kind} concerned" if is_concerned else kind,
    )


def _layers(facts: Facts) -> list[_Layer]:
    packages = {} if isinstance(facts.packages, Unavailable) else facts.packages
    named = [
        _Layer(key=key, name=name, version=packages[key].version if key in packages else None)
        for key, name in (("verl", "verl"), ("vllm", "vLLM"), ("tensordict", "tensordict"))
    ]
    torch = None if isinstance(facts.torch, Unavailable) else facts.torch
    if torch is None:
        built = packages["torch"].version if "torch" in packages else None
    else:
        cuda = f"CUDA {torch.cuda}" if torch.cuda else torch.flavour.upper()
        built = f"{torch.version.partition('+')[0]} for {cuda}"
    return [*named, _Layer(key="torch", name="torch", version=built), _driver(facts), _gpus(facts)]


def _driver(facts: Facts) -> _Layer:
    if isinstance(facts.driver, Unavailable):
        return _Layer(key="driver", name="driver", version="not known")
    version, cuda = facts.driver.version, facts.driver.cuda
    shown = f"{version}, up to CUDA {cuda}" if version and cuda else version
    return _Layer(key="driver", name="driver", version=shown)


def _gpus(facts: Facts) -> _Layer:
    if isinstance(facts.gpus, Unavailable):
        return _Layer(key="gpu", name="GPUs", version="not known")
    names = list(dict.fromkeys(gpu.name.removeprefix("NVIDIA ") for gpu in facts.gpus))
    return _Layer(key="gpu", name="GPUs", version=f"{len(facts.gpus)} x {', '.join(names)}" if names else None)
