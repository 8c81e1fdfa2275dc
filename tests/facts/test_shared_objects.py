"""Which files are shared objects, by RECORD or by looking."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts import shared_objects
from verl_doctor.facts.packages import Distribution
from verl_doctor.target import Target

SITE = "/venv/lib/python3.12/site-packages"
TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=(SITE,))
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
    host = FakeHost(files={f"{SITE}/a-1.dist-info/RECORD": record})
    listed = Distribution(name="a", version="1", location=SITE, metadata="a-1.dist-info")
    assert shared_objects.of(host, TARGET, listed) == tuple(f"{SITE}/{name}" for name in found)


def test_without_a_record_its_folder_is_searched() -> None:
    names = ("apex/_C.so", "apex/a/b/c/d.so", "apex/a/b/c/d/too_deep.so", "other/x.so")
    host = FakeHost(files={f"{SITE}/{name}": "" for name in names})
    assert shared_objects.of(host, TARGET, APEX) == (f"{SITE}/apex/_C.so", f"{SITE}/apex/a/b/c/d.so")


def test_an_editable_install_is_searched_in_its_checkout() -> None:
    host = FakeHost(files={"/src/vllm/vllm/_C.abi3.so": "", f"{SITE}/vllm-1.dist-info/RECORD": "x.pth,,\n"})
    editable = Distribution(name="vllm", version="1", location=SITE, metadata="vllm-1.dist-info", editable="/src/vllm")
    assert shared_objects.of(host, TARGET, editable) == ("/src/vllm/vllm/_C.abi3.so",)
