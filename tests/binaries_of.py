"""Facts about extensions made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.facts_of import SITE, distribution, facts_of, torch_of
from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Unavailable

SCHEMA = "_ZN5torch3jit17parseSchemaOrNameERKSsb"


def linked(*requires: str, **extensions: Extension | Unavailable) -> Linked:
    """A distribution with these extensions: `_C=...` is `ext/_C.so`."""
    return Linked(
        location=SITE,
        extensions={f"ext/{name}.so": extension for name, extension in extensions.items()},
        requires=requires,
    )


def missing(*symbols: str, needs: int = 97, **fields: Any) -> Extension:
    """An extension that lacks these symbols."""
    return Extension(needs=needs, missing=symbols or (SCHEMA,), **fields)


def with_binaries(packages: dict[str, str], torch: str, binaries: dict[str, Linked], **torch_fields: Any) -> Facts:
    """Facts of an environment with these packages beside a torch; what a Linked requires, its metadata requires too."""
    listed = {
        name: distribution(name, version, requires=binaries[name].requires if name in binaries else None)
        for name, version in packages.items()
    }
    return facts_of({**listed, "torch": torch}, binaries=binaries, torch=replace(torch_of(torch), **torch_fields))
