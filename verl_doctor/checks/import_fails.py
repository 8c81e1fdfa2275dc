"""A package that is installed cannot be imported (only with `check --deep`).

torch, tensordict, flash-attn, vLLM, verl and verl's rollout are each imported by the environment's own interpreter, in
a process of its own. Whatever the files promise, an import that raises, crashes or ends the process is what every
worker of a job will meet in its first second. The finding says what was raised, where, and which known failure that
looks like.

See it: run the command of the finding. Cure it: what cures the known failure; else what the error names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from shlex import quote
from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.facts.imports import MODULES, Import
from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.cures import remedy
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.recognise import recognise
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.model import Finding, Layer, Remedy, Severity, Unavailable
from verl_doctor.reinstall import again, torch_again
from verl_doctor.remedies import ESSENTIAL, install_companions
from verl_doctor.target import Target

ID: Final = "VD040"
NAME: Final = "import-fails"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an error says: a pattern, what that means, what to do, and what to install again.

    {module} is what was to be imported, {package} the package in which that failed, {name} what the pattern found.
    `brings` says that {name} is what is to be installed.
    """

    pattern: str = ""
    meaning: str = ""
    advice: str
    again: str | None = None
    brings: bool = False


KINDS: Final = (
    Kind(
        pattern=r"undefined symbol: (?P<name>\S+)",
        meaning="The binary of {package} is broken: a compiled file needs {name}, which no loaded library has",
        advice="Install {package} again, in a build for the torch and CUDA that are here; a library that "
        "LD_LIBRARY_PATH brings must not stand in for one of its own.",
        again="{package}",
    ),
    Kind(
        pattern=r"(?P<name>[^\s:]+): cannot open shared object file",
        meaning="The binary of {package} is broken: it needs the library {name}, which is not here",
        advice="Install {package} again; the libraries of CUDA come with torch.",
        again="{package}",
    ),
    Kind(
        pattern=r"version `(?P<name>\S+)' not found",
        meaning="The binary of {package} is broken: it was built for a system with {name}, which this one has not",
        advice="Install a build of {package} for this system's C library, or use a newer system or image.",
    ),
    Kind(
        pattern=r"operator (?P<name>\w+)::\w+ does not exist",
        meaning="The binary of {name} is broken: this torch could not load it",
        advice="Install {name} again, in the build that belongs to the torch that is here.",
        again="{name}",
    ),
    Kind(
        pattern=r"killed by (?P<name>SIG(?:SEGV|ILL|BUS|FPE|ABRT))",
        meaning="The binary of {package} is broken: compiled code ends the process with {name}",
        advice="Install {package} again, in a build for this processor and for the torch that is here.",
        again="{package}",
    ),
    Kind(
        pattern=r"killed by (?P<name>SIGKILL)",
        meaning="The system ended the process, which it does where memory runs out",
        advice="Look for the limit of memory of this container or job, and into the kernel's log.",
    ),
    Kind(
        pattern=r"(?:cannot import name '\w+' from '|No module named '(?=\w+\.))(?P<name>\w+)",
        meaning="{package} looks for something that the installed {name} does not have",
        advice="Install releases of {package} and {name} that belong together.",
    ),
    Kind(
        pattern=r"No module named '(?P<name>\w+)'",
        meaning="{package} needs the module {name}, which is not here",
        advice="Install the package that brings {name}.",
        brings=True,
    ),
)
DISTRIBUTIONS: Final = {
    "PIL": "pillow",
    "antlr4": "antlr4-python3-runtime",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "git": "gitpython",
    "google": "protobuf",
    "hydra": "hydra-core",
    "pkg_resources": "setuptools",
    "pynvml": "nvidia-ml-py",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""The distributions of modules that verl, vLLM and what they require import under another name."""
_NO_DRIVER: Final = ("libcuda.so.1: cannot open", "Found no NVIDIA driver on your system")
_AGAIN: Final = "Install {} again. If the module {} is still missing, this release has it no longer: take an older one."
OTHER: Final = Kind(advice="Read the whole traceback; the frame says which package to look at.")


def ask(
    packages: Mapping[str, Distribution],
    imports: Mapping[str, Import],
    facts: Facts,
    matrix: Matrix,
    stack: Stack | None,
) -> Iterator[Finding]:
    """Yield a finding for each module whose import was tried and failed."""
    for name, seen in imports.items():
        if seen.outcome == "fails" and not _only_needs_a_driver(seen, facts.driver):
            known = recognise(seen, facts, matrix)
            kind, named = _kind(seen)
            words = {"module": name, "package": _package(name, seen, packages), "name": named}
            told = (_sentence(seen.error or ""), _named(known) or _sentence(kind.meaning.format(**words)))
            yield Finding(
                message=f"Importing {name} fails: {' '.join(filter(None, told))}",
                remedy=remedy(known.texts.cures, known.name, facts, matrix)
                if known
                else _remedy(kind, words, facts, packages, matrix, stack),
                evidence=tuple(_evidence(seen)),
                sources=matrix.cite(known.texts.sources) if known else (),
                about=frozenset({normalise(name.partition(".")[0])}),
            )


def _remedy(
    kind: Kind,
    words: Mapping[str, str],
    facts: Facts,
    packages: Mapping[str, Distribution],
    matrix: Matrix,
    stack: Stack | None,
) -> Remedy:
    """Return what installs the missing module, or what is broken again, and then tries the import again."""
    brought = _brings(words["name"], packages, stack) if kind.brings else None
    if brought and brought not in packages:
        remedy = install_companions(facts, matrix, stack, {brought: brought})
        first, text = remedy.commands, remedy.text.replace("what is missing", brought, 1)
    else:
        first = tuple(_again(brought or (kind.again or "").format(**words), facts.target, packages))
        text = _AGAIN.format(brought, words["name"]) if brought else kind.advice.format(**words)
        remedy = Remedy(text=text)
    return replace(remedy, text=text, commands=(*first, command(facts.target, words["module"])))


def _brings(module: str, packages: Mapping[str, Distribution], stack: Stack | None) -> str | None:
    """Return the distribution that brings a module; None where that is not known, for a guess may be anything."""
    name = DISTRIBUTIONS.get(module, normalise(module))
    required = {
        normalise(match.group())
        for each in packages.values()
        for line in each.requires or ()
        if (match := re.match(r"[\w.-]+", line))
    }
    known = {*packages, *required, *DISTRIBUTIONS.values(), *(stack.pins if stack else ())} - {*ESSENTIAL}
    return name if name in known or name in packages else None


def command(target: Target, name: str) -> str:
    """Return the command that imports a module as it was tried here, and shows where it gets to."""
    names = MODULES[name].names if name in MODULES else ()
    statement = f"from {name} import {', '.join(names)}" if names else f"import {name}"
    return f"{quote(str(target.python))} -X faulthandler -c '{statement}'"


def _only_needs_a_driver(seen: Import, driver: Driver | Unavailable) -> bool:
    """Say whether a build for CUDA could not be loaded because the node has no driver, as another check says."""
    is_absent = isinstance(driver, Driver) and driver.state == "absent"
    return is_absent and any(said in f"{seen.error} {seen.cause}" for said in _NO_DRIVER)


def _kind(seen: Import) -> tuple[Kind, str]:
    for said in (seen.cause, seen.error):
        for kind in KINDS:
            if said and (match := re.search(kind.pattern, said)):
                return kind, match.group("name")
    return OTHER, ""


def _package(name: str, seen: Import, packages: Mapping[str, Distribution]) -> str:
    """Return the package in which the import failed: the last on the way that is one that can be installed."""
    return next((each for each in reversed(seen.through) if normalise(each) in packages), name.partition(".")[0])


def _again(name: str, target: Target, packages: Mapping[str, Distribution]) -> Iterator[str]:
    installed = packages.get(normalise(name))
    if installed and installed.version:
        release = installed.version.partition("+")[0]
        if normalise(name) == "torch":
            yield torch_again(target, packages, release)
        else:
            yield again(target, f"{installed.name}=={release}")


def _named(known: Failure | None) -> str:
    return f"It looks like the known failure {known.name} ({known.id}): {known.texts.title}." if known else ""


def _evidence(seen: Import) -> Iterator[str]:
    if seen.where:
        yield f"in {seen.where}"
    if seen.cause:
        yield f"because of {seen.cause}"
    if len(seen.through) > 1:
        yield f"by way of {', '.join(seen.through)}"


def _sentence(text: str) -> str:
    return f"{text}." if text and not text.endswith((".", "!", "?")) else text
