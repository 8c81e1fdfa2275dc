"""Judges files, and corrects them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from verl_doctor.errors import DoctorError, UsageError, WriteFailedError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.circumstances import versions_of
from verl_doctor.lint.document import Document
from verl_doctor.lint.fix import fix
from verl_doctor.lint.judge import Judgement, all_rules, judge
from verl_doctor.lint.outcome import Linted, Outcome
from verl_doctor.lint.read import UnfitError, content, files, read
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.whole_file import write


def lint(
    paths: Sequence[Path], facts: Facts, matrix: Matrix, allow: Collection[str], stdin: Callable[[], bytes]
) -> Outcome:
    """Return what is wrong in files, or in those of folders; `stdin` gives the content of "-".

    Raises UnfitError for a named file that cannot be judged, GrammarMissingError where a format's grammar is missing.
    """
    allowed = _known(allow)
    found: list[Linted] = []
    passed_over: list[tuple[Path, str]] = []
    foreign = 0
    for path, is_searched in files(paths):
        try:
            document = read(path, stdin() if str(path) == "-" else content(path))
        except UnfitError as error:
            if not is_searched:
                raise
            passed_over.append((path, str(error)))
            continue
        if document is not None and (broken := _broken_yaml(document)) is not None:
            if not is_searched:
                raise UnfitError(f"{_name(path)} cannot be read: {broken}.")
            document = document if _concerns_verl(document) else None
        if document is None and not is_searched:
            raise UnfitError(f"{_name(path)} sets nothing for verl: it is no launch script or configuration of verl.")
        if document is None:
            foreign += 1
        else:
            found.append(_judged(document, facts, matrix))
    return Outcome(
        files=tuple(found),
        versions=versions_of(facts),
        unknown=tuple(
            f"{name} {version}"
            for name, version in versions_of(facts).items()
            if name in {"verl", "vllm"} and not matrix.known(name, version)
        ),
        allowed=allowed,
        passed_over=tuple(passed_over),
        foreign=foreign,
    )


def correct(outcome: Outcome, facts: Facts, matrix: Matrix) -> Outcome:
    """Return the outcome with everything corrected that can be; nothing is written."""

    def judged(document: Document) -> Judgement:
        return judge(document, facts, matrix)

    corrected = []
    for each in outcome.files:
        fixed = fix(each.before, each.found, judged, outcome.is_allowed)
        corrected.append(replace(each, after=fixed.document, left=fixed.left, corrected=fixed.corrected))
    return replace(outcome, files=tuple(corrected))


def write_corrected(outcome: Outcome) -> None:
    """Write the files that corrections change, each whole or not at all, also where another cannot be written.

    A file that has changed since it was read is left alone. Raises WriteFailedError at the end, which names what was
    written and what was not.
    """
    written: list[str] = []
    failed: list[DoctorError] = []
    for each in (file for file in outcome.files if file.is_changed):
        try:
            _write_unchanged(each)
            written.append(str(each.before.path))
        except DoctorError as error:
            failed.append(error)
    if len(failed) == 1 and not written:
        raise failed[0]
    if failed:
        told = f"Written: {', '.join(written)}." if written else "Nothing was written."
        raise WriteFailedError(" ".join([*map(str, failed), told]))


def _write_unchanged(file: Linted) -> None:
    if content(file.before.path) != file.before.data:
        raise UnfitError(f"{file.before.path} has changed while it was judged; it is left as it is.")
    write(file.before.path, file.after.data)


def _broken_yaml(document: Document) -> str | None:
    """Return why YAML cannot be read, with the line; None where it can, or the file is no YAML."""
    if document.format not in {"hydra", "ray-job"} or document.launches or not document.unread:
        return None
    line, reason = document.unread[0]
    return f"line {line}: {reason}"


def _concerns_verl(document: Document) -> bool:
    """Say whether broken YAML has a key that only a configuration of verl has, at its top."""
    from verl_doctor.lint.readers.hydra import TELLING

    keys = tuple(f"{key}:" for key in TELLING)
    return any(line.startswith(keys) for line in document.data.decode("utf-8", "replace").splitlines())


def _judged(document: Document, facts: Facts, matrix: Matrix) -> Linted:
    judgement = judge(document, facts, matrix)
    return Linted(before=document, found=judgement, after=document, left=judgement)


def _name(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _known(names: Iterable[str]) -> frozenset[str]:
    """Return the names, if a rule or a known failure has them. Raises UsageError for another one."""
    from verl_doctor import knowledge

    known = {key for rule in all_rules() for key in (rule.id, rule.name)}
    known |= {key for failure in knowledge.load() for key in (failure.id, failure.name)}
    for name in names:
        if name not in known:
            raise UsageError(f"Nothing that lint finds is called {name!r}; `verl-doctor explain` lists the names.")
    return frozenset(names)
