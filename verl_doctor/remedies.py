"""Cures that several checks offer: a recommended stack, as far as it concerns what is missing or does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

from packaging.specifiers import SpecifierSet

from verl_doctor import knowledge
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.rows import Break
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.model import Finding, Remedy, Severity, Unavailable
from verl_doctor.target import Target

ESSENTIAL = ("torch", "vllm", "verl", "tensordict")
"""What every node that runs verl with vLLM needs, in the order in which they are missed."""

_OPPOSITE: Final = {">=": "<", ">": "<=", "<": ">=", "<=": ">", "==": "!="}


def fitting_stack(
    matrix: Matrix,
    packages: Mapping[str, Distribution],
    python: Python | Unavailable,
    driver: Driver | Unavailable,
) -> Stack | None:
    """Return the recommended stack that keeps what is already installed, and that this driver can run."""
    version = {name: packages[name].version for name in ESSENTIAL if name in packages}
    return _best_stack(
        matrix,
        verl=version.get("verl"),
        vllm=version.get("vllm"),
        torch=version.get("torch"),
        python=None if isinstance(python, Unavailable) else python.version,
        driver=None if isinstance(driver, Unavailable) else driver.version,
    )


@cache
def _best_stack(matrix: Matrix, **installed: str | None) -> Stack | None:
    """Return `matrix.best_stack`, looked up once for all the checks that may offer it."""
    return matrix.best_stack(**installed)


def install_missing(
    target: Target, packages: Mapping[str, Distribution], matrix: Matrix, stack: Stack | None, text: str
) -> Remedy:
    """Return the remedy that installs every essential distribution that is not there, at versions that fit.

    What an installed vLLM pins in its own metadata goes before what the stack says.
    """
    missing = [name for name in ESSENTIAL if name not in packages]
    if stack is None and (other := matrix.best_stack()):
        return _in_another_python(other)
    vllm = packages.get("vllm")
    own = matrix.requires("vllm", vllm.version) if vllm else None
    pinned = {name: version for name, specifier in (own or {}).items() if (version := exact(specifier))}
    pins = {**(stack.pins if stack else {}), **pinned}
    wanted = " ".join(f"'{name}=={pins[name]}'" if name in pins else name for name in missing)
    return Remedy(
        text=f"{text.rstrip('.')} (stack {stack.name})." if stack else text,
        commands=(f"{target.installer} {wanted}",),
        pins=tuple((name, pins[name]) for name in missing if name in pins),
    )


def _in_another_python(stack: Stack) -> Remedy:
    """Return the remedy where no stack is for this Python and driver.

    Left to itself an installer finds releases that are years old.
    """
    wanted = " ".join(f"'{name}=={stack.pins[name]}'" for name in ESSENTIAL)
    return Remedy(
        text=f"No recommended stack is for this Python and driver; make an environment for the stack {stack.name} "
        f"(Python {stack.python}, driver {stack.min_driver} or newer).",
        commands=(
            f"uv venv --python {stack.python} verl-env",
            f"uv pip install --python verl-env/bin/python {wanted}",
        ),
    )


def missing(
    name: str,
    target: Target,
    packages: Mapping[str, Distribution],
    matrix: Matrix,
    stack: Stack | None,
) -> Iterator[Finding]:
    """Yield a finding where an essential distribution is not installed."""
    if name not in packages:
        yield Finding(
            message=f"{name} is not installed in {target.prefix}.",
            remedy=install_missing(target, packages, matrix, stack, "Install what is missing, at versions that fit."),
            evidence=tuple(f"no {name}-*.dist-info in {folder}" for folder in target.search_path),
            about=frozenset({name}),
        )


def install_for_verl(
    target: Target, packages: Mapping[str, Distribution], verl: Distribution, stack: Stack | None, otherwise: str = ""
) -> Remedy:
    """Return the remedy that installs the vLLM for an installed verl, with its torch; else this command."""
    text = f"Install the vLLM that verl {verl.version} was made for, with its torch"
    if stack is None:
        return Remedy(text=f"{text}.", commands=tuple(filter(None, (otherwise,))))
    return install(target, stack, [name for name in stack.pins if name in packages and name != "verl"], text)


def install(target: Target, stack: Stack, names: Iterable[str], text: str) -> Remedy:
    """Return the remedy that installs these distributions at the stack's versions."""
    pins = tuple((name, stack.pins[name]) for name in names)
    wanted = " ".join(f"'{name}=={version}'" for name, version in pins)
    return Remedy(
        text=f"{text.rstrip('.')} (stack {stack.name}).", commands=(f"{target.installer} {wanted}",), pins=pins
    )


def fitting_release(
    matrix: Matrix, versions: Mapping[str, str], name: str, specifiers: Iterable[str], python: str
) -> str | None:
    """Return the version of a distribution that meets every specifier and with which nothing known breaks.

    `versions` are those installed. What recommended stacks pin goes before what is merely newest; None where
    no version that the matrix names will do.
    """
    wanted = tuple(specifiers)
    for version in _candidates(matrix, versions, name, wanted, python):
        after = {**versions, "python": python, name: version}
        fits = all(satisfies(version, specifier) for specifier in wanted) and _keeps(matrix, after, name)
        if fits and not any(_hold(broken.when, after) for broken in _breaks_about(matrix, name)):
            return version
    return None


def unbroken(matrix: Matrix, versions: Mapping[str, str], name: str, specifier: str, python: str) -> str:
    """Return a specifier without the versions of which it is known that they break what is installed."""
    excluded = []
    for broken in _breaks_about(matrix, name):
        clauses = list(SpecifierSet(broken.when[name]))
        rest = {key: wanted for key, wanted in broken.when.items() if key != name}
        if len(clauses) == 1 and clauses[0].operator in _OPPOSITE and _hold(rest, {**versions, "python": python}):
            excluded.append(f"{_OPPOSITE[clauses[0].operator]}{clauses[0].version}")
    return ",".join(dict.fromkeys((*filter(None, (specifier,)), *excluded)))


def _candidates(
    matrix: Matrix, versions: Mapping[str, str], name: str, specifiers: tuple[str, ...], python: str
) -> Iterator[str]:
    kept = {key: versions[key] for key in ("verl", "vllm", "torch") if key in versions and key != name}
    best = matrix.best_stack(
        verl=kept.get("verl"), vllm=kept.get("vllm"), torch=kept.get("torch"), python=python, driver=None
    )
    same_engine = (s for s in matrix.stacks() if "vllm" in kept and satisfies(kept["vllm"], f"=={s.pins['vllm']}"))
    for stack in (*filter(None, (best,)), *same_engine):
        if name in stack.pins:
            yield stack.pins[name]
    yield from matrix.named(name)
    yield from filter(None, map(exact, specifiers))


def _keeps(matrix: Matrix, versions: Mapping[str, str], name: str) -> bool:
    """Say whether a version's own requirements are met, and verl's gate for vLLM."""
    requires = matrix.requires(name, versions[name]) or {}
    if any(key in versions and satisfies(versions[key], wanted) is False for key, wanted in requires.items()):
        return False
    gate = matrix.gate(versions["verl"]) if "verl" in versions else None
    return gate is None or "vllm" not in versions or satisfies(versions["vllm"], gate.vllm) is not False


def _breaks_about(matrix: Matrix, name: str) -> tuple[Break, ...]:
    return tuple(b for b in matrix.breaks() if b.when.get(name, "present") != "present" and b.failure not in _mild())


def _hold(when: Mapping[str, str], versions: Mapping[str, str]) -> bool:
    """Say whether these versions meet a condition on versions; what is unknown does not."""
    return all(
        (name in versions) is (wanted != "absent")
        and (wanted in {"present", "absent"} or satisfies(versions[name], wanted) is True)
        for name, wanted in when.items()
    )


@cache
def _mild() -> frozenset[str]:
    """Return the known failures that are information only: recommended stacks have some of them."""
    return frozenset(failure.name for failure in knowledge.load() if failure.severity is Severity.INFO)
