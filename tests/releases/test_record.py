from __future__ import annotations

import pytest

from verl_doctor.errors import DoctorError
from verl_doctor.releases import record

LISTED = record.digest(b"content")


def test_parse() -> None:
    text = 'a.py,sha256=x,3\n"b,c.py",sha256=y,4\r\np-1.dist-info/RECORD,,\nnonsense\n'
    assert record.parse(text) == {"a.py": "sha256=x", "b,c.py": "sha256=y", "p-1.dist-info/RECORD": ""}


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        pytest.param(LISTED, True, id="same"),
        pytest.param(record.digest(b"content", "sha512"), True, id="other algorithm"),
        pytest.param(record.digest(b"changed"), False, id="other content"),
        pytest.param("", False, id="no digest"),
        pytest.param("crc=1", False, id="unknown algorithm"),
    ],
)
def test_is_listed(digest: str, expected: bool) -> None:
    assert record.is_listed({"a.py": digest}, "a.py", b"content") is expected


def test_a_file_that_is_not_listed() -> None:
    assert not record.is_listed({}, "a.py", b"content")


def test_name_in() -> None:
    assert record.name_in(["a/RECORD", "p-1.dist-info/RECORD"]) == "p-1.dist-info/RECORD"
    with pytest.raises(DoctorError, match="without a RECORD"):
        record.name_in(["a/RECORD"])
