"""A key is set that the configuration of this verl does not have.

Hydra stops before anything starts: "Could not override 'trainer.n_gpus'. Key 'n_gpus' is not in struct." Keys come,
go and change their names from release to release, so a launch script that worked with another verl, or was copied
from its documentation, meets this first.

verl-doctor knows the keys of every release from the published wheel. It is silent about a checkout, a release that it
does not know, a configuration of your own (`--config-name`, `--config-path`) and programs other than verl's own.

Correct the name, or remove the setting. With a "+" before it Hydra takes any key; verl then reads it only where its
code asks for it.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import Configured, configured
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.open_parts import is_open
from verl_doctor.lint.overrides import refused
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings.keys import configurations, known_by
from verl_doctor.settings.renames import Rename, other_name

ID: Final = "VD600"
NAME: Final = "unknown-verl-key"
SEVERITY: Final = Severity.ERROR
_NEAR: Final = 0.8


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the settings of keys that are not there."""
    del matrix
    start = configured(launch, facts)
    if start is None:
        return
    for found in refused(launch.settings, start):
        key = found.setting.name
        if found.why == "not there" and not all(is_open(key, keys) for keys in start.possible):
            yield _fault(found.setting, start)


def _fault(setting: Setting, start: Configured) -> Fault:
    known = frozenset.intersection(*(frozenset(keys) for keys in start.possible))
    rename = other_name(setting.name)
    rename = rename if rename and rename.new in known else None
    near = rename.new if rename else nearest(setting.name, known)
    return Fault(
        id=ID,
        name=NAME,
        severity=SEVERITY,
        setting=setting,
        message=_message(setting, start.release),
        remedy=Remedy(text=_advice(setting, rename, near)),
        edits=_edits(setting, rename),
    )


def _message(setting: Setting, release: str) -> str:
    stops = "Could not delete from config" if setting.sigil == "~" else f"Could not override '{setting.name}'"
    told = _elsewhere(setting.name, release)
    return f'verl {release} has no key {setting.name}{told}: Hydra stops with "{stops}" before anything starts.'


def _elsewhere(key: str, release: str) -> str:
    """Say who has a key: another configuration of this release, or other releases."""
    if any(key in keys for keys in (configurations(release) or {}).values()):
        return " in the configuration that this program starts with; another one has it"
    known = known_by(key)
    return f" ({known} has it)" if known else ""


def _advice(setting: Setting, rename: Rename | None, near: str | None) -> str:
    if setting.sigil == "~" and near is None:
        return "Remove the override: there is nothing to delete."
    if rename:
        return " ".join(filter(None, (f"It is {rename.new} in this release.", rename.note)))
    if near:
        return f"The nearest key that this release has is {near}; correct the name, or remove the setting."
    return "Remove the setting, or give it with a + before it where code of your own reads it."


def _edits(setting: Setting, rename: Rename | None) -> tuple[Edit, ...]:
    if rename is None or not rename.same or setting.key is None:
        return ()
    return (Edit(span=setting.key, text=setting.sigil + rename.new),)


def nearest(key: str, known: Collection[str]) -> str | None:
    """Return the key that was probably meant: the same name in another place, else a similar one."""
    parent, _, leaf = key.rpartition(".")
    siblings = {name.rpartition(".")[2]: name for name in known if name.rpartition(".")[0] == parent}
    if close := difflib.get_close_matches(leaf, siblings, 1, _NEAR):
        return siblings[close[0]]
    same = [name for name in known if name.rpartition(".")[2] == leaf]
    if same:
        return max(sorted(same), key=lambda name: difflib.SequenceMatcher(None, name, key).ratio())
    return next(iter(difflib.get_close_matches(key, sorted(known), 1, 0.9)), None)
