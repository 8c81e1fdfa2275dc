"""Symbolic links: what they lead to outside the environment is never written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.environments.conftest import UV_ONLY, Wheel
from tests.environments.environment import APPLY, REVERT, Environment, contents, photograph
from tests.environments.installers import Uv
from tests.environments.wheel import FILES, LOCAL_RANK

pytestmark = pytest.mark.real


def test_files_that_uv_linked_to_its_cache(wheel: Wheel, tmp_path: Path) -> None:
    uv = Uv(tmp_path / "uv-cache")
    environment, sibling = uv.make(tmp_path / "environment"), uv.make(tmp_path / "sibling")
    for made in (environment, sibling):
        uv.install(made, wheel("0.7.2"), "--link-mode", "symlink")
    assert all((environment.site / file).readlink().is_relative_to(uv.cache) for file in FILES)
    published, cache = environment.files(), photograph(uv.cache)
    names = environment.photograph().keys()

    environment.patch(*APPLY)
    assert environment.words() == ["applied"] * 3
    assert environment.disagreements_with_record() == []
    assert photograph(uv.cache) == cache
    assert sibling.files() == published

    environment.patch(*REVERT)
    assert environment.files() == published
    assert environment.disagreements_with_record() == []
    assert environment.photograph().keys() == names
    assert photograph(uv.cache) == cache


@UV_ONLY
def test_one_linked_file(environment: Environment, tmp_path: Path) -> None:
    before = contents(environment.photograph())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file.py").write_bytes(environment.read(LOCAL_RANK))
    (environment.site / LOCAL_RANK).unlink()
    (environment.site / LOCAL_RANK).symlink_to(outside / "file.py")
    kept = photograph(outside)
    environment.patch(*APPLY)
    assert environment.words() == ["applied"] * 3
    environment.patch(*REVERT)
    assert photograph(outside) == kept
    assert contents(environment.photograph()).keys() == before.keys()
    assert environment.files() == {file: before[file][0] for file in FILES}


def _moved_out(environment: Environment, folder: str, outside: Path) -> None:
    link = environment.site / folder
    link.rename(outside)
    link.symlink_to(outside)


@UV_ONLY
@pytest.mark.parametrize("folder", ["vllm/executor", "vllm", "vllm-0.7.2.dist-info"])
def test_a_folder_that_is_a_link_out_of_the_environment(environment: Environment, tmp_path: Path, folder: str) -> None:
    outside = tmp_path / "outside"
    _moved_out(environment, folder, outside)
    before, kept = environment.photograph(), photograph(outside)
    sentence = environment.refusal(*APPLY, code=1)
    assert sentence.startswith("Nothing was written: ")
    assert str(outside) in sentence
    assert environment.photograph() == before
    assert photograph(outside) == kept


@UV_ONLY
def test_a_patched_package_that_became_a_link(patched: Environment, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    _moved_out(patched, "vllm/executor", outside)
    before, kept = patched.photograph(), photograph(outside)
    assert patched.refusal(*REVERT, code=1).startswith("Nothing was written: ")
    assert patched.photograph() == before
    assert photograph(outside) == kept


@UV_ONLY
def test_an_environment_reached_through_a_link(environment: Environment, tmp_path: Path) -> None:
    before = contents(environment.photograph())
    (tmp_path / "link").symlink_to(environment.prefix)
    linked = Environment(tmp_path / "link" / environment.site.relative_to(environment.prefix))
    assert linked.changed(*APPLY) == list(FILES)
    assert environment.words() == linked.words() == ["applied"] * 3
    assert environment.disagreements_with_record() == []
    assert environment.changed(*REVERT) == list(FILES)
    assert contents(environment.photograph()) == before


@UV_ONLY
def test_packages_kept_elsewhere_as_a_whole(environment: Environment, tmp_path: Path) -> None:
    before = contents(environment.photograph())
    elsewhere = tmp_path / "packages"
    environment.site.rename(elsewhere)
    environment.site.symlink_to(elsewhere)
    environment.patch(*APPLY)
    assert environment.words() == ["applied"] * 3
    environment.patch(*REVERT)
    assert contents(photograph(elsewhere)) == before
