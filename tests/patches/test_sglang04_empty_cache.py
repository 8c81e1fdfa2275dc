"""SGLang's memory saver and a checkpoint in torch's own format, with published releases."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.specifiers import SpecifierSet

from tests.conftest import Release
from verl_doctor import releases
from verl_doctor.demo.taking import take
from verl_doctor.errors import DoctorError
from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import Absent, Applicable, Applied, FixedUpstream, diagnose
from verl_doctor.patching.diff import unified
from verl_doctor.patching.patch import Before
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real

[PATCH] = catalogue.load(["sglang04-empty-cache"])
FILE = PATCH.site().file
SHARDS = {"one.bin": {"a": 1, "b": 2}, "two.bin": {"c": 3}}


def published(release: Release, version: str) -> bytes:
    return (release("sglang", version, [FILE]) / FILE).read_bytes()


def edited(source: bytes) -> bytes:
    found = examine(PATCH, source)
    assert isinstance(found, Before)
    return found.edited


@pytest.fixture(scope="module")
def affected(release: Release) -> dict[str, bytes]:
    """Every published file in the range, by release."""
    published(release, "0.4.0")  # skips where there is no index
    versions = SpecifierSet(PATCH.versions).filter(releases.versions("sglang"), prereleases=True)
    return {version: published(release, version) for version in versions}


def test_every_release_in_the_range_has_the_bug(affected: dict[str, bytes]) -> None:
    assert {"0.4.0", "0.4.1.post7", "0.4.3.post3", "0.4.5"} < set(affected)
    states = {version: diagnose(PATCH, version, source) for version, source in affected.items()}
    assert states == dict.fromkeys(affected, Applicable())


def test_every_release_in_the_range_can_be_cured(affected: dict[str, bytes]) -> None:
    states = {version: diagnose(PATCH, version, edited(source)) for version, source in affected.items()}
    assert states == dict.fromkeys(affected, Applied())


def test_the_diff_has_the_call_and_no_more(affected: dict[str, bytes]) -> None:
    for source in affected.values():
        _, _, _, *lines = unified(FILE, source, edited(source)).decode().splitlines()
        assert [line for line in lines if line[0] in "+-"] == ["-        torch.cuda.empty_cache()"]


@pytest.mark.parametrize("version", ["0.4.5.post1", "0.4.6", "0.4.10.post2", "0.5.23"])
def test_later_releases_do_not_have_it(release: Release, version: str) -> None:
    source = published(release, version)
    assert not PATCH.trace.search(source)
    assert diagnose(PATCH, version, source) == FixedUpstream()


def test_the_release_before_has_no_such_file(release: Release) -> None:
    source = published(release, "0.4.0")
    with pytest.raises(DoctorError, match=f"has no {FILE}"):
        published(release, "0.3.6.post3")
    assert isinstance(diagnose(PATCH, "0.3.6.post3", source), Absent)


class Torch:
    """A torch whose allocator may be filling a pool; then its cache cannot be emptied."""

    def __init__(self, *, is_filling_pool: bool) -> None:
        self.is_filling_pool = is_filling_pool
        self.distributed = SimpleNamespace(is_initialized=lambda: False)
        self.cuda = SimpleNamespace(empty_cache=self.empty_cache)

    def load(self, file: str, **_: object) -> dict[str, int]:
        return dict(SHARDS[file])

    def empty_cache(self) -> None:
        if self.is_filling_pool:
            raise RuntimeError("captures_underway.empty() INTERNAL ASSERT FAILED")


def load(source: bytes, folder: Path, *, is_filling_pool: bool) -> dict[str, int]:
    file = folder / "weight_utils.py"
    file.write_bytes(source)
    torch = Torch(is_filling_pool=is_filling_pool)
    stand_ins = {"torch": torch, "tqdm": lambda files, **_: files, "_BAR_FORMAT": ""}
    return dict(take(file, "pt_weights_iterator", stand_ins)(list(SHARDS)))


def test_weights_are_loaded_into_a_pool(affected: dict[str, bytes], tmp_path: Path) -> None:
    weights = SHARDS["one.bin"] | SHARDS["two.bin"]
    for source in affected.values():
        assert load(source, tmp_path, is_filling_pool=False) == weights
        with pytest.raises(RuntimeError, match="captures_underway"):
            load(source, tmp_path, is_filling_pool=True)
        assert load(edited(source), tmp_path, is_filling_pool=True) == weights
