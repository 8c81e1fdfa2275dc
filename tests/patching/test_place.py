"""Where a distribution has to be for an environment to patch it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patching.sandbox import ALL, FILES, FIXED, Sandbox, make
from verl_doctor.errors import PatchRefusedError
from verl_doctor.facts import packages
from verl_doctor.host import LocalHost
from verl_doctor.patching import catalogue
from verl_doctor.patching.apply import apply, revert
from verl_doctor.patching.plan import Plan
from verl_doctor.patching.state import states
from verl_doctor.report.patch_text import seen_by_others
from verl_doctor.target import Target, find

HOST = LocalHost()
SITE = "lib/python3.12/site-packages"


def _environment(folder: Path, settings: str = "") -> Target:
    """Return a virtual environment in which nothing is installed."""
    (folder / SITE).mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"version = 3.12.1\n{settings}")
    return find(HOST, prefix=folder, own=folder)


def _states(target: Target) -> set[str]:
    found = states(HOST, target, packages.collect(HOST, target), catalogue.load(ALL))
    return {state.state for state in found.values()}


def _apply(target: Target) -> Plan:
    return apply(HOST, target, packages.collect(HOST, target), catalogue.load(ALL))


def _revert(target: Target) -> Plan:
    return revert(HOST, target, packages.collect(HOST, target))


def _home(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Target]:
    """Return a folder that holds packages, and an environment that sees them in one of several ways."""
    system = tmp_path / "system"
    if how == "the system's":
        (system / "bin").mkdir(parents=True)
        (system / SITE).mkdir(parents=True)
        settings = f"home = {system}/bin\ninclude-system-site-packages = true\n"
        return system / SITE, _environment(tmp_path / "venv", settings)
    target = _environment(tmp_path / "venv")
    folder = tmp_path / "shared"
    folder.mkdir()
    if how == "PYTHONPATH":
        monkeypatch.setenv("PYTHONPATH", str(folder))
    else:
        (tmp_path / "venv" / SITE / "shared.pth").write_text(f"{folder}\n")
    return folder, find(HOST, prefix=Path(target.prefix), own=tmp_path)


@pytest.mark.parametrize("how", ["the system's", "PYTHONPATH", "a path file"])
def test_what_an_environment_only_sees_is_told_from_what_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder, target = _home(tmp_path, how, monkeypatch)
    sandbox = make(folder)
    before = sandbox.snapshot()
    assert _states(target) == {"applicable"}
    (place,) = {edit.place for edit in _apply(target).edits}
    assert place.is_foreign(HOST)
    assert seen_by_others(place) == (
        f"vllm 0.7.2 lies in {folder}, outside of {tmp_path}/venv: this is for every environment that sees it.\n"
    )
    assert {file: sandbox.read(file) for file in FILES} == FIXED
    _revert(target)
    assert sandbox.snapshot() == before


def test_what_lies_in_the_environment_or_is_the_users_own_is_patched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _environment(tmp_path / "venv")
    make(tmp_path / "venv" / SITE)
    assert not any(edit.place.is_foreign(HOST) for edit in _apply(target).edits)
    assert _states(target) == {"applied"}
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    user = make(tmp_path / "home/.local" / SITE)
    (tmp_path / "python" / SITE).mkdir(parents=True)
    system = find(HOST, prefix=tmp_path / "python", own=tmp_path)
    assert system.kind == "system"
    _apply(system)
    assert {file: user.read(file) for file in FILES} == FIXED


def test_an_environment_may_be_named_through_a_link(tmp_path: Path) -> None:
    _environment(tmp_path / "venv")
    sandbox = make(tmp_path / "venv" / SITE)
    (tmp_path / "link").symlink_to(tmp_path / "venv")
    _apply(find(HOST, prefix=tmp_path / "link", own=tmp_path))
    assert {file: sandbox.read(file) for file in FILES} == FIXED


def _as_egg(sandbox: Sandbox) -> Path:
    """Describe the package as setuptools did, in a folder with a list of its own."""
    egg = sandbox.site / "vllm-0.7.2-py3.12.egg-info"
    described = sandbox.metadata
    egg.mkdir()
    (described / "METADATA").rename(egg / "PKG-INFO")
    for file in described.iterdir():
        file.unlink()
    described.rmdir()
    return egg


def test_an_egg_info_lists_what_is_kept_in_it(sandbox: Sandbox) -> None:
    listing = _as_egg(sandbox) / "installed-files.txt"
    listing.write_bytes(b"../vllm/__init__.py\n./PKG-INFO")
    before = sandbox.snapshot()
    sandbox.apply("VDP001")
    sandbox.apply("VDP002")
    kept = {f"verl-doctor/{file.name}" for file in (listing.parent / "verl-doctor").iterdir()}
    assert set(listing.read_text().splitlines()) == {*kept, "../vllm/__init__.py", "./PKG-INFO"}
    sandbox.revert()
    assert sandbox.snapshot() == before


def test_an_egg_info_that_is_a_file_has_no_room(sandbox: Sandbox) -> None:
    egg = _as_egg(sandbox)
    described = (egg / "PKG-INFO").read_bytes()
    (egg / "PKG-INFO").unlink()
    egg.rmdir()
    egg.write_bytes(described)
    before = sandbox.snapshot()
    with pytest.raises(PatchRefusedError, match=r"egg-info is a file, so there is no folder to keep the originals"):
        sandbox.apply()
    assert sandbox.snapshot() == before
