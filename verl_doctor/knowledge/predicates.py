"""The tests that conditions are made of, each on one fact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from verl_doctor.errors import DataError
from verl_doctor.facts.packages import Partial
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.judgement import NOT, Holds, Judgement, Seen, Test, Unknown
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Unavailable

PRESENT: Final = "present"
ABSENT: Final = "absent"
FACTS: Final = frozenset(
    {"packages", "python", "driver", "gpus", "env", "torch", "vllm", "compiler", "limits", "patches"}
)
"""The facts that tests look at."""
_BOUND: Final = re.compile(r"<(\d+)( GiB)?")
_GIB: Final = 2**30


def package(name: str, wanted: str) -> Test:
    """Return a test on an installed version, or on presence or absence."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.packages, Unavailable):
            return Unknown(facts.packages.reason)
        installed = facts.packages.get(name)
        if installed is None:
            if isinstance(facts.packages, Partial):
                return Unknown(f"whether {name} is installed, and which version, is not told")
            absent = Seen(what=f"no {name}", where=f"no {name} in {facts.target.prefix}", about=name)
            return Holds((absent,)) if wanted == ABSENT else NOT
        if wanted == ABSENT:
            return NOT
        here = Seen(
            what=f"{name} {installed.version}",
            where=f"{name} {installed.version} in {installed.location}",
            about=name,
        )
        return Holds((here,)) if wanted == PRESENT else compare(installed.version, wanted, here)

    return test


def python(wanted: str) -> Test:
    """Return a test on the interpreter's version."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.python, Unavailable):
            return Unknown(facts.python.reason)
        version = facts.python.version
        where = f"Python {version} in {facts.python.prefix}"
        return compare(version, wanted, Seen(what=f"Python {version}", where=where, about="python"))

    return test


def driver(wanted: str) -> Test:
    """Return a test on the NVIDIA driver's version."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.driver, Unavailable):
            return Unknown(facts.driver.reason)
        if facts.driver.version is None:
            return Unknown(f"the driver's version is not known: {facts.driver.detail}")
        what = f"driver {facts.driver.version}"
        return compare(facts.driver.version, wanted, Seen(what=what, where=what, about="driver"))

    return test


def compare(version: str, wanted: str, seen: Seen) -> Judgement:
    """Judge a version that was seen against a specifier."""
    match satisfies(version, wanted):
        case True:
            return Holds((seen,))
        case False:
            return NOT
        case None:
            return Unknown(f"{seen.what} cannot be compared with {wanted}")


def env(name: str, wanted: str) -> Test:
    """Return a test on the value of an environment variable."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.env, Unavailable):
            return Unknown(facts.env.reason)
        value = facts.env.get(name)
        if value is None:
            return Holds((_set(name, None),)) if wanted == ABSENT else NOT
        if wanted == ABSENT or (wanted != PRESENT and re.search(wanted, value) is None):
            return NOT
        return Holds((_set(name, value),))

    return test


def env_differ(names: Sequence[str]) -> Test:
    """Return a test on environment variables that contradict each other."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.env, Unavailable):
            return Unknown(facts.env.reason)
        values = {name: value for name in names if (value := facts.env.get(name))}
        if len(set(values.values())) < len(set(names)):
            return NOT
        return Holds(tuple(_set(name, value) for name, value in values.items()))

    return test


def _set(name: str, value: str | None) -> Seen:
    what = f"{name} is not set" if value is None else f"{name}={value}" if value else f"{name} is empty"
    return Seen(what=what, where=what)


def machine(wanted: str) -> Test:
    """Return a test on the processor."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.python, Unavailable):
            return Unknown(facts.python.reason)
        machine = facts.python.machine
        return Holds((Seen(what=machine, where=f"the processor is {machine}"),)) if machine == wanted else NOT

    return test


def flavour(wanted: str) -> Test:
    """Return a test on what torch computes on."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.torch, Unavailable):
            return Unknown(facts.torch.reason)
        if facts.torch is None or facts.torch.flavour != wanted:
            return NOT
        what = f"torch {facts.torch.version}"
        return Holds((Seen(what=what, where=f"{what} in {facts.torch.location}", about="torch"),))

    return test


def cuda(wanted: str) -> Test:
    """Return a test on the CUDA that torch was built with."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.torch, Unavailable):
            return Unknown(facts.torch.reason)
        if facts.torch.cuda is None:
            return NOT
        what = f"torch {facts.torch.version} for CUDA {facts.torch.cuda}"
        return compare(
            facts.torch.cuda, wanted, Seen(what=what, where=f"{what} in {facts.torch.location}", about="torch")
        )

    return test


def untagged(name: str) -> Test:
    """Return a test on a version that carries no local tag: a build of the package index, not of another source."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.packages, Unavailable):
            return Unknown(facts.packages.reason)
        installed = facts.packages.get(name)
        return NOT if installed is None or "+" in installed.version or installed.editable else Holds(())

    return test


def patch(wanted: str) -> Test:
    """Return a test on whether a patch is still to be applied; not known for a file that is missing or strange."""

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.patches, Unavailable):
            return Unknown(facts.patches.reason)
        found = facts.patches.get(wanted)
        if found is None or found.state in {"applied", "fixed-upstream"}:
            return NOT
        if found.state == "absent":
            return Unknown(found.reason or "its file is missing") if found.is_affected else NOT
        if found.state == "unrecognised":
            return Unknown(f"{found.file} is not the code that was released: {found.reason}")
        return Holds((Seen(what="not patched", where=f"{found.file} is as it was released", about=found.distribution),))

    return test


def missing(wanted: str, place: str) -> Test:
    """Return a test on a tool or a file that is not there."""
    tests = {"cc": _no_cc, "python-headers": _no_python_headers, "cumem-allocator": _no_cumem_allocator}
    if wanted not in tests:
        raise DataError(f"{place}: the key 'missing' holds {wanted!r}, which is none of {', '.join(tests)}.")
    return tests[wanted]


def _no_cc(facts: Facts) -> Judgement:
    if isinstance(facts.compiler, Unavailable):
        return Unknown(facts.compiler.reason)
    found = facts.compiler.cc
    return Holds((Seen(what="no C compiler", where="no C compiler on PATH"),)) if found is None else NOT


def _no_python_headers(facts: Facts) -> Judgement:
    if isinstance(facts.compiler, Unavailable):
        return Unknown(facts.compiler.reason)
    if facts.compiler.python_h is not None:
        return NOT
    if isinstance(facts.python, Unavailable):
        return Unknown(f"for which Python to seek Python.h is not known: {facts.python.reason}")
    return Holds((Seen(what="no Python.h", where=f"no Python.h for the Python of {facts.target.prefix}"),))


def _no_cumem_allocator(facts: Facts) -> Judgement:
    if isinstance(facts.vllm, Unavailable):
        return Unknown(facts.vllm.reason)
    if facts.vllm.cumem_allocator:
        return NOT
    what = "no cumem_allocator"
    return Holds((Seen(what=what, where=f"{what}*.so in {facts.vllm.location}", about="vllm"),))


def limit(name: str, bound: str, place: str) -> Test:
    """Return a test on a limit of this process or node."""
    match = _BOUND.fullmatch(bound)
    if match is None or name not in {"shm", "open-files", "processes"}:
        raise DataError(f'{place}: a limit reads as shm: "<10 GiB", open-files: "<65536" or processes: "<16384".')
    least = int(match.group(1)) * (_GIB if match.group(2) else 1)

    def test(facts: Facts) -> Judgement:
        if isinstance(facts.limits, Unavailable):
            return Unknown(facts.limits.reason)
        if name == "shm":
            if facts.limits.shm is None:
                return Unknown("the size of /dev/shm is not known")
            size = facts.limits.shm.total
            what = f"/dev/shm holds {size / _GIB:.2g} GiB"  # noqa: S108 - only named
        else:
            limit = facts.limits.open_files if name == "open-files" else facts.limits.processes
            if limit.soft is None:
                return NOT
            size = limit.soft
            what = f"the limit of {name.replace('-', ' ')} is {size}"
        return Holds((Seen(what=what, where=what),)) if size < least else NOT

    return test
