"""All entries, from checks, rules of lint, known failures, differences between nodes, patches and probes."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from inspect import signature
from types import ModuleType
from typing import Any, Final

from verl_doctor import checks, knowledge
from verl_doctor.errors import UsageError
from verl_doctor.explain import ways, words
from verl_doctor.explain.entry import Cure, Edit, Entry
from verl_doctor.explain.of_probes import probes
from verl_doctor.fleet.trait import Trait
from verl_doctor.fleet.trait import known as known_differences
from verl_doctor.knowledge.failure import Failure
from verl_doctor.lint import rules
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.model import Layer
from verl_doctor.patching.catalogue import built_in
from verl_doctor.patching.patch import Patch

_NEAR: Final = 4
_ID: Final = re.compile(r"(vdp?)(\d+)")


@cache
def entries() -> tuple[Entry, ...]:
    """Return an entry for each name, by layer and id; a patch is told where the failure that it cures is."""
    patches = {patch.name: patch for patch in built_in()}
    found = [
        *map(_check, _modules(checks)),
        *map(_rule, _modules(rules)),
        *(_failure(failure, patches.get(failure.name)) for failure in knowledge.load()),
        *map(_difference, known_differences()),
    ]
    names = {entry.name for entry in found}
    found += [of_patch(patch) for patch in patches.values() if patch.name not in names]
    return tuple(sorted(found, key=lambda entry: (entry.layer.rank, entry.id)))


def everything(own: Sequence[Entry] = ()) -> tuple[Entry, ...]:
    """Return all that has a name: entries, a team's own, and the probes of the smoke test, which are no failures."""
    return (*entries(), *own, *probes())


def named(word: str, own: Sequence[Entry] = ()) -> Entry:
    """Return the entry of an id or a name, in capitals or not. Raises UsageError, with what is near, for none."""
    known = {key.lower(): entry for entry in everything(own) for key in (*entry.ids, entry.name)}
    if entry := known.get(word.lower()):
        return entry
    told = ", ".join(dict.fromkeys(_told(known[key]) for key in _near(word.lower(), list(known))))
    advice = f"near it are {told}" if told else "`verl-doctor explain` lists all"
    raise UsageError(f"Nothing is called {word!r}; {advice}.")


def _told(entry: Entry) -> str:
    return entry.name if entry.id == entry.name else f"{entry.name} ({entry.id})"


def _near(word: str, known: Sequence[str]) -> list[str]:
    """Return what may have been meant: the ids around a number, else names that hold the word or resemble it."""
    if number := _ID.fullmatch(word):
        ids = [match for key in known if (match := _ID.fullmatch(key)) and match.group(1) == number.group(1)]
        ids.sort(key=lambda match: abs(int(match.group(2)) - int(number.group(2))))
        return [match.group() for match in ids[:_NEAR]]
    names = [key for key in known if not _ID.fullmatch(key)]
    return [key for key in names if word and word in key][:_NEAR] or difflib.get_close_matches(word, names, _NEAR, 0.5)


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    return (
        importlib.import_module(f"{package.__name__}.{each.name}") for each in pkgutil.iter_modules(package.__path__)
    )


def _check(module: ModuleType) -> Entry:
    title, _, text = (module.__doc__ or "").strip().partition("\n")
    return Entry(
        id=module.ID,
        name=module.NAME,
        kind="check",
        layer=module.LAYER,
        severity=module.SEVERITY,
        title=title.rstrip("."),
        text=text.strip(),
        found_by=ways.of_check(module.LAYER, signature(module.ask).parameters, is_logged=hasattr(module, "SIGNATURE")),
        signatures=getattr(module, "SIGNATURE", ()),
    )


def _rule(module: ModuleType) -> Entry:
    title, _, text = (module.__doc__ or "").strip().partition("\n")
    return Entry(
        id=module.ID,
        name=module.NAME,
        kind="rule",
        layer=Layer.TRAINER,
        severity=module.SEVERITY,
        title=title.rstrip("."),
        text=text.strip(),
        found_by=("launch",),
    )


def _difference(trait: Trait) -> Entry:
    title, _, text = trait.document.partition("\n")
    return Entry(
        id=trait.id,
        name=trait.name,
        kind="difference",
        layer=trait.layer,
        severity=trait.severity,
        title=title.rstrip("."),
        text=text.strip(),
        found_by=ways.BY_COMPARING,
        sources=trait.sources,
    )


def _failure(failure: Failure, patch: Patch | None) -> Entry:
    texts, matrix = failure.texts, load_matrix()
    alternatives = failure.alternatives(matrix)
    ids = (*(each for _, sources in alternatives for each in sources), *texts.sources)
    return Entry(
        id=failure.id,
        name=failure.name,
        kind="failure",
        layer=failure.layer,
        severity=failure.severity,
        title=texts.title,
        text=texts.cause,
        when=tuple(dict.fromkeys(words.condition(_of(patch, condition.stated)) for condition, _ in alternatives)),
        within=tuple(words.condition(condition.stated) for condition in failure.within),
        found_by=ways.of_conditions(
            (key for condition, _ in alternatives for key in condition.stated),
            is_logged=bool(texts.signature),
            is_set=bool(failure.launch),
        ),
        signatures=tuple(pattern.pattern for pattern in texts.signature),
        alone=tuple(pattern.pattern for pattern in texts.alone),
        frames=tuple(pattern.pattern for pattern in texts.frames),
        follows=texts.follows,
        launch=tuple(map(words.launch, failure.launch)),
        cures=tuple(_cures(failure)),
        sources=matrix.cite(tuple(dict.fromkeys(ids))),
        patch=edit(patch) if patch else None,
    )


def _of(patch: Patch | None, stated: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what must hold, with the releases of the patch where one decides.

    The condition itself reaches further: a build on the way to the release with the fix is judged by its files.
    """
    if patch is None or patch.name != stated.get("patch") or patch.distribution not in stated:
        return stated
    return {**stated, patch.distribution: patch.versions}


def _cures(failure: Failure) -> Iterator[Cure]:
    cures = failure.texts.cures
    for cure in cures:
        text, commands = words.cure(cure)
        when = words.circumstances(cure) or ((words.OTHERWISE,) if len(cures) > 1 else ())
        yield Cure(when=when, text=text, commands=commands, patch=cure.patch)


def of_patch(patch: Patch, options: str = "") -> Entry:
    """Return the entry of a patch that cures no known failure; `options` are those of its commands."""
    return Entry(
        id=patch.id,
        name=patch.name,
        kind="patch",
        layer=Layer.PATCH,
        severity=None,
        title=patch.documentation.strip().partition("\n")[0].rstrip("."),
        when=(words.condition({patch.distribution: patch.versions}),),
        patch=edit(patch, options),
    )


def edit(patch: Patch, options: str = "") -> Edit:
    """Return what there is to read about a patch; `options` are those of its commands."""
    return Edit(
        id=patch.id,
        releases=f"{patch.distribution} {patch.versions}",
        fixed_in=patch.fixed_in,
        only_where=patch.only_where,
        text=patch.documentation.strip(),
        edits=tuple(f"`{s.file}`, `{s.scope}`" if s.scope else f"`{s.file}`, top level" for s in patch.sites),
        upstream=tuple(patch.upstream),
        commands=tuple(f"verl-doctor patch {each}{options}{patch.name}" for each in ("", "--apply ", "--revert ")),
    )


def by_layer(own: Sequence[Entry] = ()) -> Mapping[Layer, list[Entry]]:
    """Return all entries by layer, the most fundamental first, with a team's own."""
    found: dict[Layer, list[Entry]] = {}
    for entry in sorted((*entries(), *own), key=lambda entry: (entry.layer.rank, entry.id)):
        found.setdefault(entry.layer, []).append(entry)
    return found
