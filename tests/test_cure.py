"""What the extensions are after a cure."""

from __future__ import annotations

import pytest

from tests.binaries_of import linked, missing, with_binaries
from verl_doctor.cure import after
from verl_doctor.facts.binaries import Extension
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
