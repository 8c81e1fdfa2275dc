"""Finding the environment to examine, from its files."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fake_host import FakeHost
from verl_doctor.errors import TargetError
from verl_doctor.host import Exited, LocalHost, TimedOut
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


@pytest.mark.parametrize("folder", ["/venv", "/venv/lib", "/venv/lib/python3.12/site-packages"])
def test_a_folder_that_may_not_be_read(folder: str) -> None:
    files = VENV if folder != "/venv" else {"/venv/anything": ""}
    with pytest.raises(TargetError, match=rf"^{folder} cannot be read: Permission denied\.$"):
        find(FakeHost(files=files, denied=frozenset({folder})), prefix=Path("/venv"), own=OWN)


@pytest.mark.parametrize(
    ("environ", "prefix"),
    [
        pytest.param({"VIRTUAL_ENV": "/venv"}, "/venv", id="virtual-env"),
        pytest.param({"CONDA_PREFIX": "/conda"}, "/conda", id="conda"),
        pytest.param({"VIRTUAL_ENV": "/venv", "CONDA_PREFIX": "/conda"}, "/venv", id="inner-one-wins"),
        pytest.param({"VIRTUAL_ENV": "/gone", "CONDA_PREFIX": "/conda"}, "/conda", id="gone-but-conda"),
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


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({"VIRTUAL_ENV": "/gone"}, "VIRTUAL_ENV names /gone, where no folder", id="venv"),
        pytest.param({"CONDA_PREFIX": "/gone"}, "CONDA_PREFIX names /gone, where no folder", id="conda"),
        pytest.param({"VIRTUAL_ENV": "/a", "CONDA_PREFIX": "/b"}, "names /a and CONDA_PREFIX names /b", id="both"),
    ],
)
def test_active_environment_that_is_gone_is_not_replaced_by_our_own(environ: Mapping[str, str], said: str) -> None:
    host = FakeHost(files={"/own/lib/python3.11/site-packages/six.py": ""}, environ=environ)
    with pytest.raises(TargetError, match=said):
        find(host, own=OWN)


def test_active_environment_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "venv/lib/python3.12/site-packages").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIRTUAL_ENV", "venv")
    assert find(LocalHost(), own=OWN).prefix == str(tmp_path / "venv")


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


def test_image_of_debian_has_its_interpreter_in_usr() -> None:
    files = {
        "/img/usr/bin/python3": "",
        "/img/usr/lib/python3.12/os.py": "",
        "/img/usr/local/lib/python3.12/dist-packages/vllm/__init__.py": "",
    }
    target = find(FakeHost(files=files), prefix=Path("/img"), own=OWN)
    assert (target.prefix, target.python) == ("/img/usr", "/usr/bin/python3")
    assert target.search_path == ("/img/usr/local/lib/python3.12/dist-packages",)


def test_image_with_an_interpreter_of_its_own_in_usr_local() -> None:
    files = {
        "/img/usr/bin/python3": "",
        "/img/usr/lib/python3/dist-packages/apt.py": "",
        "/img/usr/lib/python3.11/os.py": "",
        "/img/usr/local/bin/python3": "",
        "/img/usr/local/lib/python3.12/site-packages/vllm/__init__.py": "",
    }
    assert find(FakeHost(files=files), prefix=Path("/img"), own=OWN).python == "/usr/local/bin/python3"


def test_paths_inside_an_image_start_at_its_root() -> None:
    site = "/img/opt/venv/lib/python3.12/site-packages"
    files = {
        "/img/opt/venv/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = true\n",
        f"{site}/add.pth": "/src/verl\n/only/here\n../beside\n",
        f"{site}/../beside/six.py": "",
        "/img/src/verl/setup.py": "",
        "/img/usr/include/python3.12/patchlevel.h": '#define PY_VERSION "3.12.7"',
        "/img/usr/lib/python3/dist-packages/apt.py": "",
        "/only/here/six.py": "",
        "/src/verl/setup.py": "",
        "/usr/include/python3.12/patchlevel.h": '#define PY_VERSION "3.12.1"',
        "/usr/lib/python3/dist-packages/apt.py": "",
    }
    target = find(FakeHost(files=files), prefix=Path("/img"), own=OWN)
    assert target.version == "3.12.7"
    assert target.search_path == (
        site,
        "/img/src/verl",
        f"{site}/../beside",
        "/img/usr/lib/python3/dist-packages",
    )


def test_link_inside_an_image_that_leads_out_of_it_tells_nothing() -> None:
    files = {f"/img/opt/venv/lib/python3.{minor}/site-packages/six.py": "" for minor in (10, 12)}
    host = FakeHost(files=files, links={"/img/opt/venv/bin/python3": "/usr/bin/python3.10"})
    assert find(host, prefix=Path("/img"), own=OWN).version == "3.12"


def test_folder_of_packages() -> None:
    host = FakeHost(files={"/site/six-1.17.0.dist-info/METADATA": "Version: 1.17.0"})
    target = find(host, prefix=Path("/site"), own=OWN)
    assert (target.kind, target.python, target.search_path) == ("folder", None, ("/site",))


def test_python_that_is_gone() -> None:
    files = {path: text for path, text in VENV.items() if not path.startswith("/venv/bin")}
    target = find(FakeHost(files=files), prefix=Path("/venv"), own=OWN)
    assert target.python is None
    assert target.installer == "uv pip install --python 3.12 --target /venv/lib/python3.12/site-packages"


@pytest.mark.parametrize(
    ("python", "prefix", "said"),
    [
        pytest.param("/no/python", None, "There is no Python at /no/python.", id="no-python"),
        pytest.param("/empty", None, "/empty is a folder; --prefix /empty examines the environment", id="a-folder"),
        pytest.param(None, "/site/vllm", r"Packages are installed in /site: give --prefix /site\.", id="a-package"),
        pytest.param(None, "/no", "/no is not a folder that can be read", id="no-folder"),
        pytest.param(None, "/empty", "/empty is no Python environment", id="no-environment"),
    ],
)
def test_no_environment(python: str | None, prefix: str | None, said: str) -> None:
    host = FakeHost(files={"/empty/file": "", "/site/vllm/__init__.py": "", "/site/vllm-1.dist-info/METADATA": ""})
    with pytest.raises(TargetError, match=said):
        find(host, python=Path(python) if python else None, prefix=Path(prefix) if prefix else None, own=OWN)


def test_a_python_behind_a_folder_that_may_not_be_entered() -> None:
    class Barred(FakeHost):
        def size(self, path: Path) -> int:
            if path.is_relative_to("/theirs/venv"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return 0

    with pytest.raises(TargetError, match=r"/venv/bin/python cannot be examined: this user may not enter /theirs\."):
        find(Barred(), python=Path("/theirs/venv/bin/python"), own=OWN)


def test_a_bare_name_is_looked_up_on_path() -> None:
    files = {"/opt/py/bin/python3.12": "", "/opt/py/lib/python3.12/site-packages/six.py": ""}
    host = FakeHost(files=files, environ={"PATH": "/usr/bin:/opt/py/bin"})
    assert find(host, python=Path("python3.12"), own=OWN).prefix == "/opt/py"


@pytest.mark.parametrize("program", ["ls", "perl", "python-config", "sleep"])
def test_another_program_is_no_interpreter(program: str) -> None:
    files = {f"/usr/bin/{program}": "", "/usr/lib/python3.11/os.py": "", "/usr/lib/python3/dist-packages/apt.py": ""}
    with pytest.raises(TargetError, match="is not called as a Python interpreter is"):
        find(FakeHost(files=files), python=Path(f"/usr/bin/{program}"), own=OWN)


def test_paths_in_commands_are_quoted() -> None:
    files = {path.replace("/venv", "/my venv"): text for path, text in VENV.items()}
    assert find(FakeHost(files=files), prefix=Path("/my venv"), own=OWN).installer == (
        "'/my venv/bin/python' -m pip install"
    )
