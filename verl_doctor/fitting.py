"""Which release of a distribution fits what is installed: inside every requirement, and in no row of known breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

from packaging.specifiers import SpecifierSet

from verl_doctor import knowledge
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.rows import Break
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.model import Severity

_OPPOSITE: Final = {">=": "<", ">": "<=", "<": ">=", "<=": ">", "==": "!="}


def fitting_release(
    matrix: Matrix, versions: Mapping[str, str], name: str, specifiers: Iterable[str], python: str
) -> str | None:
    """Return the version of a distribution that meets every specifier and with which nothing known breaks.

    `versions` are those installed. What recommended stacks pin goes before what is merely newest; None where
    no version that the matrix names will do.
    """
    wanted = tuple(specifiers)
    for version in _candidates(matrix, versions, name, wanted, python):
        if all(satisfies(version, specifier) for specifier in wanted) and fits(matrix, versions, name, version, python):
            return version
    return None


def nearest_release(matrix: Matrix, versions: Mapping[str, str], name: str, since: str, python: str) -> str | None:
    """Return the first version of a distribution from `since` on that fits what is installed; None for none."""
    later = (version for version in reversed(matrix.named(name)) if satisfies(version, f">={since}"))
    return next((version for version in later if fits(matrix, versions, name, version, python)), None)


def fits(matrix: Matrix, versions: Mapping[str, str], name: str, version: str, python: str) -> bool:
    """Say whether a version's requirements are met by what is installed, and nothing is known to break with it."""
    after = {**versions, "python": python, name: version}
    return _keeps(matrix, after, name) and not any(hold(b.when, after) for b in _breaks_about(matrix, name))


def is_constrained(matrix: Matrix, versions: Mapping[str, str], name: str, version: str) -> bool:
    """Say whether anything else that is installed has a say in whether a version of a distribution fits."""
    requires = matrix.requires(name, version) or {}
    return any(key in versions and key != name for key in ("verl", *requires))


def unbroken(matrix: Matrix, versions: Mapping[str, str], name: str, specifier: str, python: str) -> str:
    """Return a specifier without the versions of which it is known that they break what is installed."""
    excluded = []
    for broken in _breaks_about(matrix, name):
        clauses = list(SpecifierSet(broken.when[name]))
        rest = {key: wanted for key, wanted in broken.when.items() if key != name}
        if len(clauses) == 1 and clauses[0].operator in _OPPOSITE and hold(rest, {**versions, "python": python}):
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


def hold(when: Mapping[str, str], versions: Mapping[str, str]) -> bool:
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
