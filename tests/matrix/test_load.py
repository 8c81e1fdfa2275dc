"""Where the matrix is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from verl_doctor.errors import DataError
from verl_doctor.matrix import load as loading


def test_the_checkouts_file_is_found() -> None:
    assert loading.find().name == "compat_matrix.yaml"
    assert loading.load() is loading.load()


def test_the_packages_own_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "verl_doctor"
    package.mkdir()
    monkeypatch.setattr(loading, "_PACKAGE", package)
    with pytest.raises(DataError, match="not properly installed"):
        loading.find()
    (tmp_path / "compat_matrix.yaml").touch()
    assert loading.find() == tmp_path / "compat_matrix.yaml"
    (package / "compat_matrix.yaml").touch()
    assert loading.find() == package / "compat_matrix.yaml"


@pytest.mark.parametrize("data", [None, b"\xff\xfe"], ids=["absent", "not UTF-8"])
def test_a_file_that_cannot_be_read(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "m.yaml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match="cannot be read"):
        loading.load_file(path)
