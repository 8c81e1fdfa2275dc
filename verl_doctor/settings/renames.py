"""Keys of verl that became others (renames.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from verl_doctor.matrix.strict_yaml import Row, row

_FILE: Final = Path(__file__).with_name("renames.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """What became of a key; `same` says that the value stays as it is, `note` what else there is to know."""

    old: str
    new: str
    same: bool
    note: str


@cache
def renames() -> Mapping[str, Rename]:
    """Return the keys that were renamed, by the old name."""
    found = {}
    for old, fields in row(_FILE.read_text("utf-8"), _FILE.name).items():
        assert isinstance(fields, Row)  # noqa: S101 - the file comes with the package
        fields.only({"to", "same", "note"})
        found[old] = Rename(old=old, new=fields.text("to"), same="same" in fields, note=fields.get("note", ""))
    return found


def other_name(key: str) -> Rename | None:
    """Return what a key is called in other releases, be this one older or newer."""
    if found := renames().get(key):
        return found
    back = next((rename for rename in renames().values() if rename.new == key and rename.same), None)
    return Rename(old=key, new=back.old, same=True, note="") if back else None
