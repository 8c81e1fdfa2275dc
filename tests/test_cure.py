"""What the extensions are after a cure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.binaries_of import linked, missing, with_binaries
from tests.facts_of import facts_of, torch_of
from verl_doctor.cure import after
from verl_doctor.facts.binaries import Extension
from verl_doctor.facts.damage import Damage
from verl_doctor.matrix.load import load
from verl_doctor.model import Remedy, Unavailable

X86 = 'platform_machine == "x86_64"'
BROKEN = missing(flavour="cuda", cuda="12", outdated=("GLIBC_2.99",))
MENDED = Extension(needs=97, flavour="cuda", cuda="12", outdated=("GLIBC_2.99",))


@pytest.mark.parametrize(
    ("requires", "pins", "extension"),
    [
        pytest.param(("torch==2.5.1",), {"torch": "2.5.1"}, MENDED, id="the-torch-that-it-requires"),
        pytest.param(("torch (==2.5.1)",), {"torch": "2.5.1"}, MENDED, id="in-parentheses"),
        pytest.param((f"torch==2.5.1+cpu; {X86}",), {"torch": "2.5.1"}, MENDED, id="of-another-build"),
        pytest.param((), {"torch": "2.5.1"}, MENDED, id="names-none"),
        pytest.param(("torch",), {"torch": "2.5.1"}, MENDED, id="names-no-version"),
        pytest.param(("torch==2.6.0",), {"torch": "2.5.1"}, BROKEN, id="another-torch"),
        pytest.param(("torch==2.5.1",), {"numpy": "1.26.4"}, BROKEN, id="something-else"),
        pytest.param(("torch==2.6.0",), {"x": "1.0"}, Extension(needs=0), id="itself"),
    ],
)
def test_extensions(requires: tuple[str, ...], pins: dict[str, str], extension: Extension) -> None:
    facts = with_binaries({"x": "1.0"}, "2.13.0", {"x": linked(*requires, _C=BROKEN)})
    cured = after(Remedy(text="", pins=tuple(pins.items())), facts, load())
    assert not isinstance(cured.binaries, Unavailable)
    assert cured.binaries["x"].extensions["ext/_C.so"] == extension


def test_what_could_not_be_read_is_still_unknown() -> None:
    facts = with_binaries({"x": "1.0"}, "2.13.0", {"x": linked("torch==2.5.1", _C=Unavailable("cut short"))})
    cured = after(Remedy(text="", pins=(("torch", "2.5.1"),)), facts, load())
    assert not isinstance(cured.binaries, Unavailable)
    assert cured.binaries["x"].extensions["ext/_C.so"] == Unavailable("cut short")


@pytest.mark.parametrize(
    ("version", "command", "is_repaired"),
    [
        pytest.param("9.1", "uv pip install --force-reinstall 'cudnn==9.1'", True, id="forced"),
        pytest.param("9.2", "uv pip install 'cudnn==9.2'", True, id="another-version"),
        pytest.param("9.1", "uv pip install 'cudnn==9.1'", False, id="an-installer-leaves-it-alone"),
    ],
)
def test_files_come_back(version: str, command: str, is_repaired: bool) -> None:
    broken = Extension(needs=1, absent=("libcudnn.so.9", "libother.so"))
    facts = with_binaries({"cudnn": "9.1", "x": "1"}, "2.5.1", {"x": linked(_C=broken, _D=Unavailable("cut short"))})
    facts = replace(facts, damage={"cudnn": Damage(gone=("nvidia/lib/libcudnn.so.9",))})
    cured = after(Remedy(text="", commands=(command,), pins=(("cudnn", version),)), facts, load())
    assert not isinstance(cured.binaries, Unavailable)
    assert bool(cured.damage) is not is_repaired
    mended = replace(broken, absent=("libother.so",)) if is_repaired else broken
    assert cured.binaries["x"].extensions["ext/_C.so"] == mended


def test_the_same_torch_is_the_same_build() -> None:
    facts = with_binaries({}, "2.5.1", {}, version="2.5.1+cpu", flavour="cpu", cuda=None)
    cured = after(Remedy(text="", pins=(("torch", "2.5.1+cpu"),)), facts, load())
    assert cured.torch == facts.torch


def test_damage_and_binaries_that_are_not_known_stay_so() -> None:
    unknown = Unavailable("torch's libraries cannot be read")
    remedy = Remedy(text="", commands=("uv pip install --force-reinstall torch",), pins=(("torch", "2.5.1"),))
    facts = replace(with_binaries({}, "2.5.1", {}), binaries=unknown, damage={"torch": Damage(gone=("a.so",))})
    assert (after(remedy, facts, load()).damage, after(remedy, facts, load()).binaries) == ({}, unknown)
    assert after(remedy, replace(facts, damage=unknown), load()).damage == unknown


@pytest.mark.parametrize(
    ("installed", "command", "is_replaced"),
    [
        pytest.param("2.5.1", "uv pip install 'torch==2.5.1'", False, id="an-installer-leaves-it-alone"),
        pytest.param("2.5.1", "uv pip install --force-reinstall 'torch==2.5.1'", True, id="forced"),
        pytest.param("2.6.0", "uv pip install 'torch==2.5.1'", True, id="another-version"),
    ],
)
def test_the_files_of_torch(installed: str, command: str, is_replaced: bool) -> None:
    facts = facts_of({"torch": installed}, torch=torch_of("2.13.0"))
    cured = after(Remedy(text="", commands=(command,), pins=(("torch", "2.5.1"),)), facts, load())
    assert not isinstance(cured.torch, Unavailable)
    assert cured.torch.version.partition("+")[0] == ("2.5.1" if is_replaced else "2.13.0")
