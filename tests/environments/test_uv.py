"""uv links installed files to its cache: the cache and other environments stay as published."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Release
from tests.environments.conftest import Wheel
from tests.environments.environment import APPLY, REVERT, Environment, contents, photograph
from tests.environments.installers import Uv
from tests.environments.wheel import FILES

pytestmark = pytest.mark.real


@pytest.fixture
def own_uv(tmp_path: Path) -> Uv:
    """A uv whose cache nobody else uses."""
    return Uv(tmp_path / "uv-cache")


@pytest.fixture
def released(release: Release) -> dict[str, bytes]:
    folder = release("vllm", "0.7.2", FILES)
    return {file: (folder / file).read_bytes() for file in FILES}


def _installed(uv: Uv, wheel: Wheel, prefix: Path, *options: str) -> Environment:
    environment = uv.make(prefix)
    uv.install(environment, wheel("0.7.2"), *options)
    return environment


def _cached(uv: Uv, file: str) -> Path:
    (path,) = uv.cache.rglob(file)
    return path


def test_hard_links(own_uv: Uv, wheel: Wheel, released: dict[str, bytes], tmp_path: Path) -> None:
    first = _installed(own_uv, wheel, tmp_path / "first")
    second = _installed(own_uv, wheel, tmp_path / "second")
    for file in FILES:
        places = [_cached(own_uv, file), first.site / file, second.site / file]
        assert len({path.stat().st_ino for path in places}) == 1
        assert places[0].stat().st_nlink == 3
    cache, sibling = photograph(own_uv.cache), second.photograph()

    first.patch(*APPLY)
    assert all(first.read(file) != released[file] for file in FILES)
    assert first.disagreements_with_record() == []
    assert photograph(own_uv.cache) == cache
    assert second.photograph() == sibling
    assert second.files() == released
    assert second.words() == ["to be applied"] * 3

    third = _installed(own_uv, wheel, tmp_path / "third")
    assert third.files() == released
    assert third.words() == ["to be applied"] * 3

    first.patch(*REVERT)
    assert first.files() == third.files() == released
    assert first.disagreements_with_record() == []
    assert second.photograph() == sibling
    assert all(_cached(own_uv, file).stat().st_nlink == 3 for file in FILES)  # the cache, the second, the third


def test_copies(own_uv: Uv, wheel: Wheel, released: dict[str, bytes], tmp_path: Path) -> None:
    environment = _installed(own_uv, wheel, tmp_path / "environment", "--link-mode", "copy")
    assert all((environment.site / file).stat().st_nlink == 1 for file in FILES)
    before, cache = environment.photograph(), photograph(own_uv.cache)
    assert environment.changed(*APPLY) == list(FILES)
    assert environment.disagreements_with_record() == []
    environment.patch(*REVERT)
    assert environment.files() == released
    assert contents(environment.photograph()) == contents(before)
    assert photograph(own_uv.cache) == cache
