"""Which files are shared objects, by RECORD or by looking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts import shared_objects
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.shared_objects import SharedObjects
from verl_doctor.target import Kind, Target

SITE = "/venv/lib/python3.12/site-packages"
TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=(SITE,))
LISTED = Distribution(name="a", version="1", location=SITE, metadata="a-1.dist-info")
APEX = Distribution(name="apex", version="0.1", location=SITE, metadata="apex-0.1.egg-info")


@pytest.mark.parametrize(
    ("record", "found"),
    [
        pytest.param("", (), id="empty"),
        pytest.param("a/__init__.py,,\na/sort.py,,\n", (), id="none"),
        pytest.param(
            "a/_C.abi3.so,sha256=x,1\na/x.py,,\na/lib/libx.so.12,,\n", ("a/_C.abi3.so", "a/lib/libx.so.12"), id="two"
        ),
        pytest.param('"a/_C.so",,\n', ("a/_C.so",), id="quoted"),
        pytest.param("a.so/x.py,,\na/x.sourced,,\na/b.so.txt,,", ("a/b.so.txt",), id="so-elsewhere-in-the-name"),
        pytest.param("a/x.so", (), id="cut-short"),
        pytest.param("../../x.so,,\r\n", ("../../x.so",), id="outside"),
    ],
)
def test_record(record: str, found: tuple[str, ...]) -> None:
    there = {f"{SITE}/{name}": "x" for name in found}
    host = FakeHost(files={f"{SITE}/a-1.dist-info/RECORD": record, **there})
    assert shared_objects.of(host, TARGET, LISTED) == SharedObjects(there=tuple(there))


@pytest.mark.parametrize(
    ("files", "kind", "gone"),
    [
        pytest.param((), "venv", ("a/_C.so", "a/lib/libx.so.1"), id="both"),
        pytest.param((f"{SITE}/a/_C.so",), "venv", ("a/lib/libx.so.1",), id="one"),
        pytest.param((f"{SITE}/a/_C.so", "/venv/lib/libx.so.1"), "conda", (), id="where-conda-moves-it"),
    ],
)
def test_what_record_alone_has_is_gone(files: tuple[str, ...], kind: Kind, gone: tuple[str, ...]) -> None:
    record = "a/_C.so,,\na/lib/libx.so.1,,\n../../../lib/libouter.so,,\n/opt/x.so,,\n"
    host = FakeHost(files={f"{SITE}/a-1.dist-info/RECORD": record, **dict.fromkeys(files, "")})
    found = shared_objects.of(host, replace(TARGET, kind=kind), LISTED)
    assert found == SharedObjects(there=tuple(f for f in files if f.startswith(SITE)), gone=gone)


def test_a_file_that_may_not_be_seen_can_be_there() -> None:
    class Closed(FakeHost):
        def size(self, path: Path) -> int:
            if path.suffix == ".so":
                raise PermissionError(13, "Permission denied")
            return super().size(path)

    host = Closed(files={f"{SITE}/a-1.dist-info/RECORD": "a/_C.so,,\n"})
    assert shared_objects.of(host, TARGET, LISTED).there == (f"{SITE}/a/_C.so",)


def test_without_a_record_its_folder_is_searched() -> None:
    names = ("apex/_C.so", "apex/a/b/c/d.so", "apex/a/b/c/d/too_deep.so", "other/x.so")
    host = FakeHost(files={f"{SITE}/{name}": "" for name in names})
    assert shared_objects.of(host, TARGET, APEX).there == (f"{SITE}/apex/_C.so", f"{SITE}/apex/a/b/c/d.so")


def test_an_editable_install_is_searched_in_its_checkout() -> None:
    host = FakeHost(files={"/src/vllm/vllm/_C.abi3.so": "", f"{SITE}/vllm-1.dist-info/RECORD": "x.pth,,\n"})
    editable = Distribution(name="vllm", version="1", location=SITE, metadata="vllm-1.dist-info", editable="/src/vllm")
    assert shared_objects.of(host, TARGET, editable).there == ("/src/vllm/vllm/_C.abi3.so",)
