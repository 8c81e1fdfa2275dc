from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import requests

from tests.releases.served_index import Served
from verl_doctor.releases.ranges import TAIL, RangeFile

DATA = bytes(number * 7 % 251 for number in range(TAIL * 3))


@pytest.fixture
def file(index: Served) -> Iterator[RangeFile]:
    index.wheels["data"] = DATA
    with requests.Session() as session:
        yield RangeFile(session, index.url.replace("simple", "files") + "data")


def test_reads_like_a_file(file: RangeFile) -> None:
    plain = io.BytesIO(DATA)
    for offset, whence, count in [(0, 0, 10), (100, 1, 70_000), (-9, 2, 20), (5, 2, 1), (1000, 0, TAIL * 2)]:
        assert file.seek(offset, whence) == plain.seek(offset, whence)
        assert file.read(count) == plain.read(count)
        assert file.tell() == plain.tell()
    assert file.readable()
    assert file.seekable()
    file.seek(0)
    assert file.read() == DATA


def test_nothing_is_asked_for_twice(file: RangeFile, index: Served) -> None:
    file.prefetch(1000, 2000)
    asked = len(index.asked)
    file.prefetch(1200, 1800)
    file.seek(1000)
    assert file.read(1000) == DATA[1000:2000]
    assert len(index.asked) == asked
    file.prefetch(0, 3000)
    assert [part for _, part in index.asked[asked:]] == ["bytes=0-999", "bytes=2000-2999"]
