"""What Triton finds: a C compiler and Python's headers."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.compiler import collect
from verl_doctor.target import Target

VENV = Target(python=None, prefix="/venv", version="3.12.3", kind="venv", search_path=())
IMAGE = Target(python=None, prefix="/img/opt/venv", version="3.12", kind="venv", search_path=(), root="/img")
FOLDER = Target(python=None, prefix="/packages", version=None, kind="folder", search_path=())


@pytest.mark.parametrize(
    ("programs", "cc", "expected"),
    [
        pytest.param(("gcc", "clang", "cc"), None, "/usr/bin/gcc", id="gcc-first"),
        pytest.param(("clang", "cc"), None, "/usr/bin/clang", id="then-clang"),
        pytest.param(("gcc", "gcc-13"), "gcc-13", "/usr/bin/gcc-13", id="CC-decides"),
        pytest.param(("gcc",), "", "/usr/bin/gcc", id="CC-empty"),
        pytest.param(("gcc",), "icx", None, id="CC-names-nothing"),
        pytest.param(("cc",), None, None, id="triton-does-not-look-for-cc"),
        pytest.param((), None, None, id="none"),
    ],
)
def test_compiler(programs: tuple[str, ...], cc: str | None, expected: str | None) -> None:
    host = FakeHost(files={f"/usr/bin/{name}": "" for name in programs}, environ={} if cc is None else {"CC": cc})
    assert collect(host, VENV).cc == expected


@pytest.mark.parametrize(
    ("files", "links", "expected"),
    [
        pytest.param({"/venv/include/python3.12/Python.h": ""}, {}, "/venv/include/python3.12", id="own-prefix"),
        pytest.param(
            {"/venv/pyvenv.cfg": "version = 3.12.3\nhome = /usr/bin\n", "/usr/include/python3.12/Python.h": ""},
            {},
            "/usr/include/python3.12",
            id="base-of-a-venv",
        ),
        pytest.param(
            {"/venv/pyvenv.cfg": "home = /shims/bin", "/py/include/python3.12/Python.h": ""},
            {"/shims/bin/python3": "/py/bin/python3.12"},
            "/py/include/python3.12",
            id="base-behind-a-link",
        ),
        pytest.param(
            {"/venv/pyvenv.cfg": "home = /usr/bin", "/usr/include/python3.11/Python.h": ""},
            {},
            None,
            id="headers-of-another-version",
        ),
        pytest.param(
            {"/venv/pyvenv.cfg": "home = /uv/bin", "/usr/include/python3.12/Python.h": ""},
            {},
            None,
            id="headers-of-another-python",
        ),
        pytest.param({"/usr/include/python3.12/pyconfig.h": ""}, {}, None, id="none"),
    ],
)
def test_headers(files: dict[str, bytes | str], links: dict[str, str], expected: str | None) -> None:
    assert collect(FakeHost(files=files, links=links), VENV).python_h == expected


def test_an_image_is_searched_and_not_the_host() -> None:
    inside: dict[str, bytes | str] = {
        "/img/opt/venv/pyvenv.cfg": "home = /usr/bin",
        "/img/usr/include/python3.12/Python.h": "",
        "/img/usr/bin/clang": "",
    }
    outside: dict[str, bytes | str] = {"/usr/bin/gcc": "", "/usr/include/python3.12/Python.h": ""}
    found = collect(FakeHost(files={**inside, **outside}), IMAGE)
    assert (found.cc, found.python_h) == ("/img/usr/bin/clang", "/img/usr/include/python3.12")
    assert collect(FakeHost(files=outside), IMAGE).cc is None


def test_a_folder_of_packages_has_no_headers() -> None:
    assert collect(FakeHost(files={"/usr/include/python3.12/Python.h": ""}), FOLDER).python_h is None
