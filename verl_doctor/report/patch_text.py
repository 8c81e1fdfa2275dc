"""The states of patches, and what was done about them, for a person to read."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final

from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.patches import PatchState
from verl_doctor.patching.leftovers import told
from verl_doctor.patching.place import Place
from verl_doctor.patching.recorded import Records
from verl_doctor.patching.upgrade import Upgrade
from verl_doctor.report.hang import hang
from verl_doctor.target import Target

_WORDS: Final = {
    "applicable": "to be applied",
    "applied": "applied",
    "fixed-upstream": "not needed",
    "unrecognised": "not recognised",
    "absent": "nothing to patch",
}
_BY_NAME: Final = "can be applied"
_MISSING: Final = "not patchable"
_NOT_INSTALLED: Final = "not installed"
_BROKEN: Final = "cannot be used"
_CHANGED: Final = "; changed since, so --revert would refuse"
_INDENT: Final = max(map(len, _WORDS.values())) + 2

DONE: Final = {
    "preview": "would change",
    "check": "would change",
    "apply": "changed",
    "revert": "restored",
    "revert-preview": "would restore",
}
"""What is said of a file, by what was asked for."""

NOTHING_DONE: Final = {
    "apply": "Nothing was to be changed.",
    "revert": "Nothing was to be restored.",
}


def examined(target: Target, width: int | None = None) -> str:
    """Return the line that says which environment this is about."""
    return hang(f"examined: {target.prefix} (Python {target.version or 'unknown'})", 0, width) + "\n"


def missing(states: Sequence[PatchState], width: int | None = None) -> str:
    """Return a sentence for each distribution that is not installed though a patch for it was asked for by name."""
    found = (
        (name, [state.id for state in states if state.distribution == name])
        for name in dict.fromkeys(state.distribution for state in states)
    )
    return "".join(
        hang(f"{_listed(ids)} {_were(ids)} asked for by name, but {name} is not installed.", 0, width) + "\n"
        for name, ids in found
    )


def seen_by_others(place: Place, width: int | None = None) -> str:
    """Return the sentence about a distribution that is not the environment's own."""
    where = f"{place.name} {place.version} lies in {place.metadata.parent}, outside of {place.environment}"
    return hang(f"{where}: this is for every environment that sees it.", 0, width) + "\n"


def offered(
    upgrades: Sequence[Upgrade],
    width: int | None = None,
    *,
    fitting: Container[Upgrade] = (),
    is_image: bool = False,
) -> str:
    """Return a sentence for each release that would do instead of patches, and the command, which is never folded.

    `fitting` are those that something else which is installed has a say in.
    """
    return "".join(_offer(each, width, is_fitting=each in fitting, is_image=is_image) for each in upgrades)


def _offer(upgrade: Upgrade, width: int | None, *, is_fitting: bool, is_image: bool) -> str:
    fits = " and fits what is installed" if is_fitting else ""
    where = "; inside the image" if is_image else ""
    sentence = f"{upgrade.distribution} {upgrade.version} comes without {_listed(upgrade.patches)}{fits}{where}:"
    return f"{hang(sentence, 0, width)}\n    {upgrade.command}\n"


def text(  # noqa: PLR0913 # what there is to know
    states: Mapping[str, PatchState],
    *,
    records: Records = Records(),  # noqa: B008 # it is frozen
    broken: Sequence[Broken] = (),
    interrupted: Sequence[Place] = (),
    whole: bool = False,
    width: int | None = None,
) -> str:
    """Return a line for each patch (its state, id, name, and the reason where there is one), and what else to know.

    Those that only receipts know are told as well. Those that have nothing to do are left out where there are others,
    unless the `whole` is asked for. Where nothing is installed that they are for, that is said in a sentence.
    """
    chosen = {name: state for name, state in states.items() if whole or _matters(state)}
    if states and not chosen and not records.found and not any(state.version for state in states.values()):
        rows = [_nothing_installed(list(dict.fromkeys(state.distribution for state in states.values())))]
    else:
        rows = _rows(chosen or states, records)
    rows += [f"{_BROKEN:<{_INDENT}}{each.origin}: {each.reason}" for each in broken]
    sentences = [*map(told, interrupted), *records.unreadable]
    folded = [*(hang(row, _INDENT, width) for row in rows), *(hang(sentence, 0, width) for sentence in sentences)]
    return "".join(line + "\n" for line in folded)


def _rows(states: Mapping[str, PatchState], records: Records) -> list[str]:
    changed = {each.patch for each in records.found if each.is_changed}
    here = [
        (_word(state), state.id, name, _subject(state) + (_CHANGED if name in changed and _is_applied(state) else ""))
        for name, state in states.items()
        if state.version
    ]
    recorded = [
        (
            _WORDS["applied"],
            "?",
            each.patch,
            f"{each.distribution} {each.version} (known from its receipt; give --patches to judge it)"
            + (_CHANGED if each.is_changed else ""),
        )
        for each in records.found
        if each.patch not in states
    ]
    return [
        *_table([*here, *recorded]),
        *_not_installed([state for state in states.values() if not state.version]),
    ]


def _nothing_installed(distributions: Sequence[str]) -> str:
    *others, last = distributions
    if not others:
        return f"{last} is not installed, so there is nothing to patch."
    which = f"Neither {others[0]} nor {last}" if len(others) == 1 else f"None of {_listed(distributions)}"
    return f"{which} is installed, so there is nothing to patch."


def _matters(state: PatchState) -> bool:
    """Say whether a patch has something to do here, or is one that a team added for it."""
    if not state.version:
        return not state.is_built_in
    return state.state != "absent" or state.is_affected


def _table(rows: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    """Yield a row for each patch whose distribution is installed, in columns as wide as what they hold."""
    ids = max((len(id_) for _, id_, _, _ in rows), default=0)
    names = max((len(name) for _, _, name, _ in rows), default=0)
    for word, id_, name, subject in rows:
        yield f"{word:<{_INDENT}}{id_:<{ids}}  {name:<{names}}  {subject}"


def _not_installed(states: Sequence[PatchState]) -> Iterator[str]:
    """Yield a row for each distribution that is not installed, with the patches that are for it."""
    for distribution in dict.fromkeys(state.distribution for state in states):
        ids = (state.id for state in states if state.distribution == distribution)
        yield f"{_NOT_INSTALLED:<{_INDENT}}{distribution} ({', '.join(ids)})"


def _is_applied(state: PatchState) -> bool:
    return state.state == "applied"


def _word(state: PatchState) -> str:
    if state.state == "applicable" and state.only_where:
        return _BY_NAME
    return _MISSING if state.state == "absent" and state.is_affected else _WORDS[state.state]


def _subject(state: PatchState) -> str:
    """Return the distribution and its version, and what more is to say."""
    subject = f"{state.distribution} {state.version}"
    if state.state == "applicable" and state.only_where:
        return f"{subject}: only where {state.only_where}"
    if not state.reason:
        return subject
    return state.reason if state.reason.startswith(f"{subject} ") else f"{subject}: {state.reason}"


def _were(names: Sequence[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
