"""The state that follows from a version and a content."""

from __future__ import annotations

from dataclasses import replace

import pytest

from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import (
    Absent,
    Applicable,
    Applied,
    Diagnosis,
    FixedUpstream,
    Unrecognised,
    diagnose,
    era_of,
)

(PATCH,) = catalogue.load(["VDP003"])
BUG, FIX = (source.encode() for source in (PATCH.examples[0].before, PATCH.examples[0].after))
STRANGE = b"empty_cache = 1\n"
UNKNOWN = Unrecognised(reason="it has no pt_weights_iterator", is_affected=True)


def _outside(version: str) -> str:
    return f"vllm {version} is outside >=0.7.0,<0.7.3"


@pytest.mark.parametrize(
    ("version", "source", "diagnosis"),
    [
        pytest.param("0.7.0", BUG, Applicable(), id="first release"),
        pytest.param("0.7.2", BUG, Applicable(), id="last release"),
        pytest.param("0.7.2+cu118", BUG, Applicable(), id="local build"),
        pytest.param("0.7.2.post1", BUG, Applicable(), id="later build of the last release"),
        pytest.param("0.7.2rc1", FIX, Applied(), id="candidate of the last release"),
        pytest.param("0.7.2", FIX, Applied(), id="edited"),
        pytest.param("0.7.2", STRANGE, UNKNOWN, id="unfamiliar"),
        pytest.param("0.7.3", FIX, FixedUpstream(), id="fixed"),
        pytest.param("0.10.0", FIX, FixedUpstream(), id="fixed long ago"),
        pytest.param("0.7.3.dev5+g0123abc", BUG, Applicable(), id="development build before the fix"),
        pytest.param("0.7.3.dev9+g0123abc", FIX, FixedUpstream(), id="development build after the fix"),
        pytest.param("0.7.3rc1", STRANGE, UNKNOWN, id="unfamiliar candidate"),
        pytest.param("0.8.0", STRANGE, replace(UNKNOWN, is_affected=False), id="unfamiliar fixed release"),
        pytest.param("0.8.0", b"def (", FixedUpstream(), id="fixed release without a trace is not parsed"),
        pytest.param(
            "0.7.3",
            BUG,
            Unrecognised(reason=f"{_outside('0.7.3')}, but has the same code", is_affected=False),
            id="fixed release with the bug",
        ),
        pytest.param("0.6.6.post1", BUG, Absent(_outside("0.6.6.post1")), id="earlier"),
        pytest.param(
            "0.1.dev1+g0123abc",
            BUG,
            Unrecognised(reason=_outside("0.1.dev1+g0123abc"), is_affected=False),
            id="checkout without tags",
        ),
        pytest.param(
            "main",
            BUG,
            Unrecognised(reason="vllm calls its version 'main', which is no version", is_affected=False),
            id="no version",
        ),
    ],
)
def test_diagnosis(version: str, source: bytes, diagnosis: Diagnosis) -> None:
    assert diagnose(PATCH, version, source) == diagnosis


@pytest.mark.parametrize(
    ("version", "era"),
    [
        pytest.param("0.4.5", "affected", id="last release"),
        pytest.param("0.4.5rc1", "affected", id="candidate of the last release"),
        pytest.param("0.4.5.post1.dev3", "development", id="on the way to the fix"),
        pytest.param("0.4.5.post1", "later", id="fixed"),
    ],
)
def test_a_bug_that_a_post_release_fixed(version: str, era: str) -> None:
    assert era_of(replace(PATCH, fixed_in="0.4.5.post1", sites=(replace(PATCH.site(), since="0.4.0"),)), version) == era


def test_a_bug_that_was_never_fixed() -> None:
    forever = replace(PATCH, fixed_in=None)
    assert forever.versions == ">=0.7.0"
    assert diagnose(forever, "9.9", BUG) == Applicable()
    assert diagnose(forever, "9.9", FIX) == Applied()
