"""The conditions under which a known failure occurs: on given facts one holds, does not, or is unknown.

A condition is a mapping, of which every line must hold; a list of them holds when one does. Its keys:

    <distribution>: a version specifier, "present" or "absent"
    python:         a specifier for the interpreter's version
    driver:         a specifier for the NVIDIA driver's version
    cuda:           a specifier for the CUDA that torch was built with; without CUDA it does not hold
    capability:     a specifier for the compute capability of a GPU
    gpu:            a regular expression found in the name of a GPU
    gpu-free:       "<50%": less of a visible GPU's memory is free
    untagged:       a distribution whose version has no local tag, as the package index has it
    env:            {NAME: a regular expression found in its value, "present" or "absent"}
    env-differ:     [NAME, NAME] both set, to different values
    machine:        the processor, as "aarch64"
    flavour:        what torch computes on, as "rocm"
    patch:          the name of a patch that is still to be applied
    missing:        "cc", "python-headers" or "cumem-allocator" (vLLM's extension behind sleep mode)
    limit:          {shm: "<10 GiB", open-files: "<65536", processes: "<16384"}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from verl_doctor.errors import DataError
from verl_doctor.knowledge import gpu_predicates, predicates
from verl_doctor.knowledge.judgement import Condition, Test
from verl_doctor.knowledge.predicates import ABSENT, PRESENT
from verl_doctor.matrix.specifiers import specifiers_of
from verl_doctor.matrix.strict_yaml import Row, rows

_OF_TEXT: Final[dict[str, Callable[[str], Test]]] = {
    "machine": predicates.machine,
    "flavour": predicates.flavour,
    "patch": predicates.patch,
    "gpu": gpu_predicates.gpu,
    "untagged": predicates.untagged,
}
_OF_PLACE: Final[dict[str, Callable[[str, str], Test]]] = {
    "missing": predicates.missing,
    "gpu-free": gpu_predicates.gpu_free,
}
_OF_VERSION: Final[dict[str, Callable[[str], Test]]] = {
    "python": predicates.python,
    "driver": predicates.driver,
    "cuda": predicates.cuda,
    "capability": gpu_predicates.capability,
}


def conditions(value: Any, place: str) -> tuple[Condition, ...]:
    """Return the alternatives that a mapping or a list of mappings states."""
    return tuple(_condition(fields) for fields in rows(value, place))


def versions(when: Mapping[str, str]) -> Condition:
    """Return the condition that distributions (and Python) have these versions."""
    return Condition(tuple(_version(name, specifier) for name, specifier in when.items()), when)


def _condition(fields: Row) -> Condition:
    if not fields:
        raise DataError(f"{fields.place}: the condition is empty.")
    return Condition(tuple(test for key in fields for test in _tests(key, fields)), fields)


def _tests(key: str, fields: Row) -> list[Test]:
    if key == "env":
        return [predicates.env(name, wanted) for name, wanted in fields.pairs(key).items()]
    if key == "env-differ":
        return [predicates.env_differ(fields.texts(key))]
    if key == "limit":
        return [predicates.limit(name, bound, fields.place) for name, bound in fields.pairs(key).items()]
    wanted = fields.text(key)
    if key in _OF_PLACE:
        return [_OF_PLACE[key](wanted, fields.place)]
    if key in _OF_TEXT:
        return [_OF_TEXT[key](wanted)]
    if wanted not in {PRESENT, ABSENT} and specifiers_of(wanted) is None:
        raise DataError(f"{fields.place}: the key {key!r} holds no version specifier: {wanted!r}.")
    return [_version(key, wanted)]


def _version(name: str, specifier: str) -> Test:
    return _OF_VERSION[name](specifier) if name in _OF_VERSION else predicates.package(name, specifier)
