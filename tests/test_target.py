"""Finding the environment to examine, from its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fake_host import FakeHost
from verl_doctor.errors import TargetError
from verl_doctor.host import Exited, TimedOut
from verl_doctor.target import find

OWN = Path("/own")
VENV: Mapping[str, str] = {
    "/venv/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.12.3\n",
    "/venv/bin/python": "",
    "/venv/lib/python3.12/site-packages/pip/__init__.py": "",
    "/usr/lib/python3/dist-packages/apt.py": "",
}


def test_venv_by_prefix() -> None:
    target = find(FakeHost(files=VENV), prefix=Path("/venv"), own=OWN)
    assert (target.kind, target.version, target.python) == ("venv", "3.12.3", "/venv/bin/python")
    assert target.search_path == ("/venv/lib/python3.12/site-packages",)
    assert target.installer == "/venv/bin/python -m pip install"


def test_venv_by_its_python_is_not_run() -> None:
    host = FakeHost(files=VENV)
    assert find(host, python=Path("/venv/bin/python"), own=OWN).prefix == "/venv"
    assert host.started == []


def test_venv_without_pip_is_installed_into_with_uv() -> None:
    files = {path: text for path, text in VENV.items() if "/pip/" not in path}
    files["/venv/lib/python3.12/site-packages/six.py"] = ""
    assert find(FakeHost(files=files), prefix=Path("/venv"), own=OWN).installer == (
        "uv pip install --python /venv/bin/python"
    )


def test_venv_that_sees_the_system() -> None:
    files = {**VENV, "/venv/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = true\n"}
    folders = find(FakeHost(files=files), prefix=Path("/venv"), own=OWN).search_path
    assert folders == ("/venv/lib/python3.12/site-packages", "/usr/lib/python3/dist-packages")


@pytest.mark.parametrize(
    ("environ", "prefix"),
    [
        pytest.param({"VIRTUAL_ENV": "/venv"}, "/venv", id="virtual-env"),
        pytest.param({"CONDA_PREFIX": "/conda"}, "/conda", id="conda"),
        pytest.param({"VIRTUAL_ENV": "/venv", "CONDA_PREFIX": "/conda"}, "/venv", id="inner-one-wins"),
        pytest.param({"VIRTUAL_ENV": "/gone"}, "/own", id="gone"),
        pytest.param({}, "/own", id="own"),
    ],
)
def test_default(environ: Mapping[str, str], prefix: str) -> None:
    files = {
        **VENV,
        "/conda/conda-meta/python-3.10.14.json": "{}",
        "/conda/lib/python3.10/site-packages/six.py": "",
        "/own/lib/python3.11/site-packages/six.py": "",
    }
    assert find(FakeHost(files=files, environ=environ), own=OWN).prefix == prefix


def test_path_files_and_python_path_are_searched_but_not_run() -> None:
    files = {
        **VENV,
        "/venv/lib/python3.12/site-packages/add.pth": "# comment\nimport evil\n/src/verl\n/nowhere\n",
        "/src/verl/setup.py": "",
        "/extra/six.py": "",
    }
    host = FakeHost(files=files, environ={"PYTHONPATH": "/extra:/missing"})
    assert find(host, prefix=Path("/venv"), own=OWN).search_path == (
        "/extra",
        "/venv/lib/python3.12/site-packages",
        "/src/verl",
    )
    assert host.started == []


def test_users_own_packages_hide_the_systems() -> None:
    files = {
        "/usr/lib/python3/dist-packages/six.py": "",
        "/usr/lib/python3.11/os.py": "",
        "/usr/bin/python3": "",
        "/home/u/.local/lib/python3.11/site-packages/six.py": "",
    }
    folders = find(FakeHost(files=files, environ={"HOME": "/home/u"}), prefix=Path("/usr"), own=OWN).search_path
    assert folders == ("/home/u/.local/lib/python3.11/site-packages", "/usr/lib/python3/dist-packages")
    quiet = FakeHost(files=files, environ={"HOME": "/home/u", "PYTHONNOUSERSITE": "1"})
    assert find(quiet, prefix=Path("/usr"), own=OWN).search_path == ("/usr/lib/python3/dist-packages",)


def test_linked_python_leads_to_its_prefix() -> None:
    files = {"/opt/py/bin/python3.12": "", "/opt/py/lib/python3.12/site-packages/six.py": ""}
    host = FakeHost(files=files, links={"/home/u/bin/python3.12": "/opt/py/bin/python3.12"})
    assert find(host, python=Path("/home/u/bin/python3.12"), own=OWN).prefix == "/opt/py"


def test_wrapper_is_asked() -> None:
    files = {
        "/shims/python3": "#!/bin/sh",
        "/real/bin/python3.11": "",
        "/real/lib/python3.11/site-packages/six.py": "",
        "/real/include/python3.11/patchlevel.h": '#define PY_VERSION      "3.11.7"\n',
    }
    ask = "import sys; print(sys.prefix); print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
    argv = ("/shims/python3", "-I", "-S", "-c", ask)
    host = FakeHost(files=files, programs={argv: Exited(0, "/real\n3.11\n/real/bin/python3.11\n", "")})
    target = find(host, python=Path("/shims/python3"), own=OWN)
    assert (target.prefix, target.version) == ("/real", "3.11.7")
    for answer in (Exited(0, "Hello\n", ""), Exited(1, "", "no"), TimedOut(10.0)):
        with pytest.raises(TargetError, match="does not answer"):
            find(FakeHost(files=files, programs={argv: answer}), python=Path("/shims/python3"), own=OWN)


def test_image_root_finds_the_environment_with_the_packages() -> None:
    files = {
        "/img/usr/lib/python3/dist-packages/apt.py": "",
        "/img/usr/lib/python3.11/os.py": "",
        "/img/opt/venv/pyvenv.cfg": "version = 3.12.1\n",
        "/img/opt/venv/bin/python": "",
        "/img/opt/venv/lib/python3.12/site-packages/vllm/__init__.py": "",
    }
    target = find(FakeHost(files=files, environ={"PYTHONPATH": "/img/usr"}), prefix=Path("/img"), own=OWN)
    assert (target.prefix, target.root, target.python) == ("/img/opt/venv", "/img", "/opt/venv/bin/python")


def test_folder_of_packages() -> None:
    host = FakeHost(files={"/site/six-1.17.0.dist-info/METADATA": "Version: 1.17.0"})
    target = find(host, prefix=Path("/site"), own=OWN)
    assert (target.kind, target.python, target.search_path) == ("folder", None, ("/site",))


def test_python_that_is_gone() -> None:
    files = {path: text for path, text in VENV.items() if not path.startswith("/venv/bin")}
    assert find(FakeHost(files=files), prefix=Path("/venv"), own=OWN).python is None


@pytest.mark.parametrize(
    ("python", "prefix", "said"),
    [
        pytest.param("/no/python", None, "There is no Python at /no/python.", id="no-python"),
        pytest.param(None, "/no", "/no is not a folder that can be read", id="no-folder"),
        pytest.param(None, "/empty", "/empty is no Python environment", id="no-environment"),
    ],
)
def test_no_environment(python: str | None, prefix: str | None, said: str) -> None:
    host = FakeHost(files={"/empty/file": ""})
    with pytest.raises(TargetError, match=said):
        find(host, python=Path(python) if python else None, prefix=Path(prefix) if prefix else None, own=OWN)
