from __future__ import annotations

from pathlib import Path

import pytest

from verl_doctor.releases import cache


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"VERL_DOCTOR_CACHE": "/c", "XDG_CACHE_HOME": "/x"}, Path("/c")),
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/verl-doctor")),
        ({}, Path("~/.cache/verl-doctor").expanduser()),
        ({"VERL_DOCTOR_CACHE": ""}, Path("~/.cache/verl-doctor").expanduser()),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], expected: Path) -> None:
    assert cache.folder(environ) == expected


def test_a_copy_can_be_changed(tmp_path: Path) -> None:
    original = tmp_path / "release" / "parcel"
    original.mkdir(parents=True)
    (original / "a.py").write_text("x")
    (original / "a.py").chmod(0o444)
    cache.copy(tmp_path / "release", tmp_path / "site")
    (tmp_path / "site/parcel/a.py").write_text("y")
    assert (original / "a.py").read_text() == "x"
