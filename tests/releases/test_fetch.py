from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Release
from tests.releases.served_index import FILES, Served, make_wheel
from verl_doctor import releases
from verl_doctor.errors import DoctorError
from verl_doctor.releases import record
from verl_doctor.releases.index import NotPublishedError, UnreachableError

WHEEL = "parcel-1.0-py3-none-any.whl"
DIST_INFO = {f"parcel-1.0.dist-info/{name}" for name in ("METADATA", "RECORD", "WHEEL")}


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("style", ["html", "json"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "whole"])
@pytest.mark.parametrize("moved", [True, False], ids=["redirect", "direct"])
def test_all_python_files_are_fetched(index: Served, style: str, ranges: bool, moved: bool) -> None:
    index.style, index.ranges, index.moved = style, ranges, moved
    folder = releases.fetch("parcel", "1.0")
    assert files_in(folder) == {name for name in FILES if name.endswith(".py")} | DIST_INFO
    assert (folder / "parcel/address.py").read_bytes() == FILES["parcel/address.py"]


@pytest.mark.usefixtures("index")
def test_named_files_are_fetched() -> None:
    folder = releases.fetch("Parcel", "1.0.0", ["parcel/label.json"])
    assert files_in(folder) == {"parcel/label.json"} | DIST_INFO


@pytest.mark.usefixtures("index")
def test_metadata() -> None:
    assert releases.metadata("parcel", "1.0").startswith(b"Metadata-Version: 2.1\nName: parcel\n")


@pytest.mark.usefixtures("index")
def test_files_cannot_be_written_by_mistake() -> None:
    path = releases.fetch("parcel", "1.0") / "parcel/address.py"
    assert path.stat().st_mode & 0o777 == 0o444


def test_neighbours_come_with_one_request(index: Served) -> None:
    many = {f"parcel/m{number:03}.py": b"x = 1\n" * number for number in range(200)}
    gap = {"parcel/native.so": os.urandom(2**20)}
    index.wheels[WHEEL] = make_wheel({**many, **gap, "parcel/z1.py": b"", "parcel/z2.py": b""})
    releases.fetch("parcel", "1.0")
    # The page, the size, the end of the file (which holds z1 and z2), and the two hundred.
    assert len(index.asked) == 4


def test_only_what_is_wanted_is_fetched(index: Served) -> None:
    releases.fetch("parcel", "1.0")
    spans = [part[6:].split("-") for _, part in index.asked if part]
    assert sum(int(end) - int(start) + 1 for start, end in spans) < len(FILES["parcel/native.so"])


def test_a_second_fetch_needs_no_network(index: Served) -> None:
    first = releases.fetch("parcel", "1.0")
    index.asked.clear()
    assert releases.fetch("parcel", "1.0") == first
    assert index.asked == []


@pytest.mark.usefixtures("index")
def test_selections_do_not_mix() -> None:
    everything = releases.fetch("parcel", "1.0")
    some = releases.fetch("parcel", "1.0", ["parcel/stamp.py"])
    assert files_in(some) < files_in(everything)


@pytest.mark.parametrize(
    "damaged", ["parcel/address.py", "parcel-1.0.dist-info/RECORD", "parcel-1.0.dist-info/METADATA"]
)
@pytest.mark.parametrize("how", ["changed", "removed"])
@pytest.mark.usefixtures("index")
def test_a_damaged_cache_is_fetched_again(damaged: str, how: str) -> None:
    path = releases.fetch("parcel", "1.0") / damaged
    good = path.read_bytes()
    path.unlink()
    if how == "changed":
        path.write_bytes(good + b"\n")
    assert (releases.fetch("parcel", "1.0") / damaged).read_bytes() == good
    assert [entry.name for entry in path.parents[2].iterdir() if entry.name.startswith(".partial")] == []


def test_a_file_unlike_its_digest_is_refused(index: Served, tmp_path: Path) -> None:
    index.wheels[WHEEL] = make_wheel(FILES, lie="parcel/stamp.py")
    with pytest.raises(DoctorError, match=r"parcel/stamp\.py is not the file that the wheel's RECORD lists"):
        releases.fetch("parcel", "1.0")
    assert not (tmp_path / "cache").exists()
    assert "parcel/address.py" in files_in(releases.fetch("parcel", "1.0", ["parcel/address.py"]))


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py"])
def test_a_file_outside_its_folder_is_refused(index: Served, name: str, tmp_path: Path) -> None:
    index.wheels[WHEEL] = make_wheel({name: b"x = 1\n"})
    with pytest.raises(DoctorError, match="not to be trusted"):
        releases.fetch("parcel", "1.0")
    assert not (tmp_path / "cache").exists()


def test_a_wheel_that_was_altered_on_the_way_is_refused(index: Served) -> None:
    data = bytearray(index.wheels[WHEEL])
    place = data.index(FILES["parcel/address.py"])
    data[place] ^= 1
    index.wheels[WHEEL] = bytes(data)
    with pytest.raises(DoctorError, match="arrived damaged"):
        releases.fetch("parcel", "1.0")


def test_a_whole_wheel_unlike_the_index_says_is_refused(index: Served) -> None:
    index.ranges, index.wrong_sha256 = False, True
    with pytest.raises(DoctorError, match="is not the file that the package index"):
        releases.fetch("parcel", "1.0")


def test_something_that_is_no_wheel_is_refused(index: Served) -> None:
    index.wheels[WHEEL] = b"<html>a login page</html>"
    with pytest.raises(DoctorError, match="arrived damaged"):
        releases.fetch("parcel", "1.0")


def test_a_wheel_without_record_is_refused(index: Served) -> None:
    data = index.wheels[WHEEL]
    index.wheels[WHEEL] = data.replace(b"/RECORD", b"/RECARD")
    with pytest.raises(DoctorError, match="without a RECORD"):
        releases.fetch("parcel", "1.0")


def test_a_large_wheel_needs_a_server_with_ranges(index: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verl_doctor.releases.ranges.WHOLE", 1000)
    index.ranges = False
    with pytest.raises(DoctorError, match="its server sends whole files only") as caught:
        releases.fetch("parcel", "1.0")
    assert "\n" not in str(caught.value)


def test_an_answer_cut_short_leaves_nothing(index: Served, tmp_path: Path) -> None:
    index.cut_after = 1000
    with pytest.raises(UnreachableError, match=r"parcel 1\.0 could not be fetched"):
        releases.fetch("parcel", "1.0")
    assert not (tmp_path / "cache").exists()


def test_a_file_that_changes_while_it_is_read_is_refused(index: Served) -> None:
    def grow() -> None:
        if len(index.asked) == 3:
            index.wheels[WHEEL] += b"x"

    index.on_range = grow
    with pytest.raises(UnreachableError, match="changed"):
        releases.fetch("parcel", "1.0")


@pytest.mark.usefixtures("index")
def test_an_interrupted_fetch_leaves_nothing_to_be_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write = Path.write_bytes

    def interrupted(path: Path, data: bytes) -> int:
        if path.name == "stamp.py":
            raise KeyboardInterrupt
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            releases.fetch("parcel", "1.0")
    assert files_in(tmp_path / "cache") == set()
    assert releases.fetch("parcel", "1.0").is_dir()


def test_two_fetchers_at_once_get_the_same(index: Served, tmp_path: Path) -> None:
    other: list[Path] = []

    def overtake() -> None:
        if not other:
            index.on_range = lambda: None
            other.append(releases.fetch("parcel", "1.0"))

    index.on_range = overtake
    assert releases.fetch("parcel", "1.0") == other[0]
    assert not list(tmp_path.rglob(".partial*"))


@pytest.mark.usefixtures("index")
def test_a_name_that_the_release_does_not_have() -> None:
    with pytest.raises(DoctorError, match=r"parcel 1\.0 as published has no parcel/tape\.py"):
        releases.fetch("parcel", "1.0", ["parcel/tape.py"])


@pytest.mark.parametrize(
    ("distribution", "version", "message"),
    [("parcel", "9", "has no wheel of parcel 9"), ("letter", "1.0", "has no letter")],
)
@pytest.mark.usefixtures("index")
def test_what_is_not_published(distribution: str, version: str, message: str) -> None:
    with pytest.raises(NotPublishedError, match=message):
        releases.fetch(distribution, version)


@pytest.mark.usefixtures("index")
def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VERL_DOCTOR_CACHE", str(tmp_path / "file"))
    with pytest.raises(DoctorError, match="name a folder that can be written in VERL_DOCTOR_CACHE"):
        releases.fetch("parcel", "1.0")


@pytest.mark.usefixtures("index")
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypi_simple", None)
    with pytest.raises(DoctorError, match=r"install '\.\[demo\]'"):
        releases.fetch("parcel", "1.0")


@pytest.mark.real
def test_a_real_release(release: Release) -> None:
    folder = release("vllm", "0.7.2")
    digests = record.parse((folder / "vllm-0.7.2.dist-info/RECORD").read_text())
    published = {name for name in digests if name.endswith(".py")}
    assert len(published) == 588
    assert {name for name in files_in(folder) if name.endswith(".py")} == published
    source = (folder / "vllm/distributed/parallel_state.py").read_bytes()
    assert b"is not equal to " in source


@pytest.mark.real
def test_a_real_wheel_needs_few_requests(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release("vllm", "0.7.2")  # skips where there is no index
    from requests import PreparedRequest, Response, Session

    sent: list[str | None] = []
    send = Session.send

    def counted(self: Session, request: PreparedRequest, **options: object) -> Response:
        sent.append(request.url)
        return send(self, request, **options)  # type: ignore[arg-type]  # given through

    monkeypatch.setattr(Session, "send", counted)
    releases.fetch("vllm", "0.7.2", cache=tmp_path)
    assert len(sent) <= 10
