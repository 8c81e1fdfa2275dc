"""The state of patches without libcst."""

from __future__ import annotations

import errno
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Installed
from tests.fake_host import FakeHost
from tests.patching.sandbox import ALL, FILES, FIXED, Sandbox, make
from verl_doctor.errors import PatchRefusedError, TargetError
from verl_doctor.facts import packages
from verl_doctor.facts.patches import PatchState, collect
from verl_doctor.host import READ_LIMIT, Exited, LocalHost
from verl_doctor.patching import catalogue
from verl_doctor.patching.plan import plan_apply
from verl_doctor.target import Target

SITE = "/venv/lib/python3.12/site-packages"
TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=(SITE,))


def _collect(host: FakeHost) -> dict[str, PatchState]:
    return collect(host, TARGET, packages.collect(host, TARGET))


def _host(version: str, files: dict[str, bytes]) -> FakeHost:
    metadata = f"{SITE}/vllm-{version}.dist-info/METADATA"
    return FakeHost(
        files={
            **{f"{SITE}/{file}": content for file, content in files.items()},
            metadata: f"Name: vllm\nVersion: {version}\n",
        }
    )


def test_a_state_carries_what_the_report_says() -> None:
    assert _collect(_host("0.7.2", FILES))["vllm07-local-rank"] == PatchState(
        id="VDP002",
        distribution="vllm",
        version="0.7.2",
        file="vllm/executor/uniproc_executor.py",
        state="applicable",
        fixed_in="0.7.3",
    )


def test_no_package() -> None:
    found = _collect(FakeHost(files={f"{SITE}/x-1.dist-info/METADATA": "Name: x\n"}))
    assert {(state.state, state.version, state.reason) for state in found.values()} == {
        ("absent", None, f"{distribution} is not installed") for distribution in ("sglang", "verl", "vllm")
    }


def test_a_package_that_was_half_uninstalled() -> None:
    found = _collect(FakeHost(files={f"{SITE}/~llm-0.7.2.dist-info/METADATA": "Name: vllm\nVersion: 0.7.2\n"}))
    assert {state.state for state in found.values()} == {"absent"}


def test_no_file_in_a_later_release() -> None:
    found = _collect(_host("0.12.0", {}))
    assert found["vllm07-local-rank"].state == "absent"
    assert found["vllm07-local-rank"].reason == "vllm 0.12.0 is outside >=0.7.0,<0.7.3"


def test_no_file_in_a_release_from_before_the_bug() -> None:
    reason = _collect(_host("0.6.6", {}))["vllm07-local-rank"].reason
    assert reason == "vllm 0.6.6 is outside >=0.7.0,<0.7.3"


def test_no_file_in_a_release_that_comes_with_it() -> None:
    state = _collect(_host("0.7.2", {}))["vllm07-local-rank"]
    assert (state.state, state.is_affected) == ("absent", True)
    missing = f"vllm/executor/uniproc_executor.py is not in {SITE}"
    assert state.reason == f"{missing}, though vllm 0.7.2 comes with it: the installation is broken"


class BlindHost(FakeHost):
    """A machine on which no file can be seen that a patch edits, as below a folder that may not be read."""

    def is_file(self, path: Path) -> bool:
        return "vllm/" not in str(path) and super().is_file(path)

    def size(self, path: Path) -> int:
        if "vllm/" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return super().size(path)

    def read(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        self.size(path)
        return super().read(path, limit)


def test_a_file_that_cannot_be_seen() -> None:
    host = BlindHost(files=_host("0.7.2", FILES).files)
    state = _collect(host)["vllm07-local-rank"]
    path = f"{SITE}/vllm/executor/uniproc_executor.py"
    assert (state.state, state.is_affected) == ("unrecognised", True)
    assert state.reason == f"{path} cannot be read: Permission denied"
    with pytest.raises(TargetError, match=r"/vllm/\S+ cannot be read: Permission denied\."):
        plan_apply(host, TARGET, packages.collect(host, TARGET))


def test_an_editable_checkout_in_an_image_is_found_below_its_root() -> None:
    link = '{"url": "file:///src/vllm", "dir_info": {"editable": true}}'
    host = FakeHost(
        files={
            **{f"/image/src/vllm/{file}": content for file, content in FILES.items()},
            f"/image{SITE}/vllm-0.7.2.dist-info/METADATA": "Name: vllm\nVersion: 0.7.2\n",
            f"/image{SITE}/vllm-0.7.2.dist-info/direct_url.json": link,
        }
    )
    target = Target(
        python=None, prefix="/image/venv", version="3.12", kind="venv", search_path=(f"/image{SITE}",), root="/image"
    )
    found = collect(host, target, packages.collect(host, target))
    assert {found[name].state for name in ALL} == {"applicable"}


@pytest.mark.real
@pytest.mark.parametrize(
    ("version", "state"),
    [("0.7.0", "applicable"), ("0.7.2", "applicable"), ("0.8.0", "fixed-upstream"), ("0.8.5.post1", "fixed-upstream")],
)
def test_published_releases_are_known_without_libcst(installed: Installed, version: str, state: str) -> None:
    site = installed("vllm", version, list(FILES))
    program = (
        "import sys; from pathlib import Path; from tests.patching.sandbox import Sandbox; "
        "print({state.state for state in Sandbox(Path(sys.argv[1])).full_states().values()}, 'libcst' in sys.modules)"
    )
    outcome = LocalHost().run([sys.executable, "-c", program, str(site)], 30)
    assert outcome == Exited(0, f"{ {state} } False\n", "")


def test_patches_are_imported_without_libcst() -> None:
    program = (
        "import sys; from verl_doctor.facts.patches import collect; from verl_doctor.patching import catalogue, state; "
        "print(len(catalogue.load()), 'libcst' in sys.modules)"
    )
    outcome = LocalHost().run([sys.executable, "-c", program], 30)
    assert outcome == Exited(0, f"{len(catalogue.load())} False\n", "")
    assert Path(sys.executable).exists()


def _beside(sandbox: Sandbox, name: str) -> None:
    """Put something else in the place of the file METADATA."""
    path = sandbox.metadata / "METADATA"
    path.unlink()
    if name == "pipe":
        os.mkfifo(path)
    if name == "folder":
        path.mkdir()


@pytest.mark.parametrize("instead", ["nothing", "pipe", "folder"])
def test_code_that_nothing_describes_is_told(sandbox: Sandbox, instead: str) -> None:
    _beside(sandbox, instead)
    before = sandbox.host.names(sandbox.metadata)
    for state in sandbox.full_states().values():
        assert (state.state, state.version, state.is_affected) == ("absent", "0.7.2", True)
        assert "vllm 0.7.2 is not properly installed: " in (state.reason or "")
    said = r"though its code is there; install it again with `[^;]*`\.$"
    with pytest.raises(PatchRefusedError, match=said):
        sandbox.apply()
    with pytest.raises(PatchRefusedError, match=said):
        plan_apply(sandbox.host, sandbox.target, sandbox.packages)
    assert sandbox.host.names(sandbox.metadata) == before


def test_metadata_without_code_is_nothing_installed(tmp_path: Path) -> None:
    sandbox = make(tmp_path / "site", files={})
    _beside(sandbox, "nothing")
    assert {state.reason for state in sandbox.full_states().values()} == {"vllm is not installed"}


@pytest.mark.parametrize("other", ["0.6.6", "0.7.3", "0.7.1"])
def test_two_versions_in_one_folder(sandbox: Sandbox, other: str) -> None:
    sandbox.apply("VDP001")
    sandbox.write(f"vllm-{other}.dist-info/METADATA", f"Name: vllm\nVersion: {other}\n".encode())
    state = sandbox.full_states()["vllm07-local-rank"]
    assert (state.state, state.is_affected) == ("absent", True)
    before = sandbox.snapshot()
    for run in (sandbox.apply, sandbox.revert):
        with pytest.raises(PatchRefusedError, match=rf"vllm lies in .* more than once, as .*{re.escape(other)}"):
            run()
    assert sandbox.snapshot() == before


def test_two_versions_without_the_bug_are_no_matter_here(tmp_path: Path) -> None:
    sandbox = make(tmp_path / "site", "0.8.0", files=FIXED)
    sandbox.write("vllm-0.9.0.dist-info/METADATA", b"Name: vllm\nVersion: 0.9.0\n")
    assert sandbox.states()["vllm07-local-rank"] == "fixed-upstream"


@pytest.mark.parametrize(
    ("hiding", "installed", "search_path", "is_hidden"),
    [
        pytest.param("__init__.py", "__init__.py", ("/src", SITE), True, id="before it"),
        pytest.param("__init__.py", "__init__.py", (SITE, "/src"), False, id="after it"),
        pytest.param("x.py", "__init__.py", ("/src", SITE), False, id="a folder that is no package"),
        pytest.param("executor/uniproc_executor.py", "x.py", ("/src", SITE), True, id="two folders that are none"),
    ],
)
def test_code_that_hides_the_package(
    hiding: str, installed: str, search_path: tuple[str, ...], *, is_hidden: bool
) -> None:
    own = _host("0.7.2", FILES).files
    host = FakeHost(files={**own, f"/src/vllm/{hiding}": "", f"{SITE}/vllm/{installed}": ""})
    target = replace(TARGET, search_path=search_path)
    found = collect(host, target, packages.collect(host, target))["vllm07-local-rank"]
    assert (found.state, found.is_affected) == (("absent", True) if is_hidden else ("applicable", False))
    said = f"/src/vllm hides vllm 0.7.2 in {SITE}, and no metadata says what it is; take /src off PYTHONPATH"
    assert (said in (found.reason or "")) == is_hidden
