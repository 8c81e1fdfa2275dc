"""Versions against specifiers: yes, no, unknown."""

from __future__ import annotations

import pytest

from verl_doctor.matrix.specifiers import exact, release, satisfies


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        pytest.param("2.5.1+cu124", "==2.5.1", True, id="a local tag does not matter"),
        pytest.param("2.5.1+cu124", "!=2.5.1", False, id="nor for an exclusion"),
        pytest.param("0.7.4.dev12+gabc", "<0.8", True, id="a dev build counts"),
        pytest.param("0.7.4.dev12+gabc", ">=0.7.3", True, id="and is newer than the release before"),
        pytest.param("0.9.0rc1", ">=0.8", True, id="prereleases count"),
        pytest.param("0.8.5.post1", "<=0.8.5", False, id="a post release is newer"),
        pytest.param("0.10.0", ">=0.9.2", True, id="ten is more than nine"),
        pytest.param("3.12", ">=3.10,<3.13", True, id="Python without its patch level"),
        pytest.param("0.6.3", "===0.6.3 or >=0.7.0", True, id="the exact alternative"),
        pytest.param("0.6.3.post1", "===0.6.3 or >=0.7.0", False, id="neither alternative"),
        pytest.param("0.7.2", "===0.6.3 or >=0.7.0", True, id="the other alternative"),
        pytest.param("1.0", "", True, id="no bound"),
        pytest.param("main", ">=1", None, id="a version that is none"),
        pytest.param("1.0", "newest", None, id="a specifier that is none"),
    ],
)
def test_satisfies(version: str, specifier: str, expected: bool | None) -> None:
    assert satisfies(version, specifier) is expected


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("==2.5.1", "2.5.1"),
        ("===0.6.3", "0.6.3"),
        ("==2.5.*", None),
        (">=2.5", None),
        ("", None),
        ("==1 or ==2", None),
        ("?", None),
    ],
)
def test_exact(specifier: str, expected: str | None) -> None:
    assert exact(specifier) == expected


def test_release_has_no_local_tag() -> None:
    assert release("2.5.1+cu124") == "2.5.1"
