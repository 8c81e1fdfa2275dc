"""Extensions of released wheels beside released torches: right pairs are silent, wrong ones are found.

The symbols are recorded (`tools/write_binary_symbols.py`); small files are made of them and read like real ones. One
test fetches some of the wheels again and compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.elf_image import shared_object
from tests.facts_of import SITE, distribution
from tests.fake_host import FakeHost
from tools.write_binary_symbols import needed
from verl_doctor.facts import shared_objects
from verl_doctor.facts.binaries import Extension, collect
from verl_doctor.facts.torch import Torch
from verl_doctor.target import Target

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "data/binary_symbols.json").read_text())
TORCHES = tuple(row["version"] for row in RECORDED["torch"])
TARGET = Target(python=None, prefix="/opt/venv", version="3.12", kind="venv", search_path=(SITE,))


@dataclass(frozen=True)
class Recorded:
    """An extension as recorded."""

    distribution: str
    version: str
    path: str
    torch: str
    needs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.distribution}-{self.version}-{Path(self.path).name.partition('.')[0]}"


EXTENSIONS = tuple(
    Recorded(**{**row, "needs": tuple(RECORDED["symbols"][number] for number in row["needs"])})
    for row in RECORDED["extensions"]
)


@cache
def lacks(torch: str) -> frozenset[str]:
    (row,) = (row for row in RECORDED["torch"] if row["version"] == torch)
    return frozenset(RECORDED["symbols"][number] for number in row["lacks"])


@cache
def library(torch: str) -> bytes:
    return shared_object(offers=tuple(name for name in RECORDED["symbols"] if name not in lacks(torch)))


def read(extension: Recorded, torch: str) -> Extension:
    """What the collector makes of an extension beside a torch."""
    files: dict[str, bytes | str] = {
        f"{SITE}/torch/lib/libtorch_cpu.so": library(torch),
        f"{SITE}/{extension.path}": shared_object(needs=extension.needs, libraries=("libtorch_cpu.so",)),
        f"{SITE}/x.dist-info/RECORD": f"{extension.path},,\n",
    }
    listed = {extension.distribution: distribution(extension.distribution, extension.version, metadata="x.dist-info")}
    build = Torch(version=torch, flavour="cuda", location=f"{SITE}/torch")
    host = FakeHost(files=files)
    objects = shared_objects.collect(host, TARGET, listed)
    found = collect(host, TARGET, listed, build, objects)[extension.distribution].extensions[extension.path]
    assert isinstance(found, Extension)
    return found


@pytest.mark.parametrize("extension", EXTENSIONS, ids=str)
def test_right_pairs_are_silent(extension: Recorded) -> None:
    found = read(extension, extension.torch)
    assert (found.needs, found.missing, found.absent) == (len(extension.needs), (), ())


@pytest.mark.parametrize("extension", EXTENSIONS, ids=str)
def test_wrong_pairs_are_found(extension: Recorded) -> None:
    for torch in TORCHES:
        assert set(read(extension, torch).missing) == lacks(torch).intersection(extension.needs)


def test_the_pairs_are_many() -> None:
    wrong = [(e, torch) for e in EXTENSIONS for torch in TORCHES if torch != e.torch]
    broken = [pair for pair in wrong if lacks(pair[1]).intersection(pair[0].needs)]
    assert (len(EXTENSIONS), len(wrong), len(broken)) == (48, 432, 399)


SMALL = [e for e in EXTENSIONS if e.distribution in {"torchvision", "torchaudio"} or "_flashmla_C" in e.path]


@pytest.mark.real
@pytest.mark.parametrize("extension", SMALL, ids=str)
def test_what_is_recorded_is_what_is_published(extension: Recorded, release: Callable[..., Path]) -> None:
    folder = release(extension.distribution, extension.version, [extension.path])
    assert needed(folder / extension.path) == frozenset(extension.needs)
