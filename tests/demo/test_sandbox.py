from __future__ import annotations

import sys
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import Release
from tests.releases.served_index import Served, make_wheel
from verl_doctor.demo import sandbox
from verl_doctor.errors import DoctorError
from verl_doctor.host import LocalHost
from verl_doctor.releases import record
from verl_doctor.target import find


@pytest.fixture
def published(index: Served) -> Served:
    """Serve tiny wheels in place of the real ones."""
    for (name, version), paths in sandbox.PUBLISHED.items():
        files = dict.fromkeys(paths or ("vllm/__init__.py", "vllm/native.so", "vllm/a/b.py"), b"# text\n")
        wheel = make_wheel(files, name=name, version=version)
        index.wheels[f"{name}-{version}-py3-none-any.whl"] = wheel
    return index


@pytest.mark.usefixtures("published")
def test_it_looks_like_a_virtual_environment(tmp_path: Path) -> None:
    made = sandbox.make(tmp_path / "box")
    target = find(LocalHost(), prefix=made.prefix, own=Path(sys.prefix))
    assert target.kind == "venv"
    assert target.version is not None
    assert target.version.startswith("3.")
    assert target.search_path[-1] == str(made.site_packages)
    assert (made.prefix / "bin/python").resolve() == Path(sys.executable).resolve()


@pytest.mark.usefixtures("published")
def test_every_record_lists_exactly_what_is_there(tmp_path: Path) -> None:
    site_packages = sandbox.make(tmp_path / "box").site_packages
    listed: dict[str, str] = {}
    for listing in site_packages.glob("*.dist-info/RECORD"):
        listed |= record.parse(listing.read_text())
    there = {path.relative_to(site_packages).as_posix() for path in site_packages.rglob("*") if path.is_file()}
    assert set(listed) == there
    assert "vllm/native.so" not in there
    for name in there:
        if not name.endswith("/RECORD"):
            assert record.is_listed(listed, name, (site_packages / name).read_bytes())


@pytest.mark.usefixtures("published")
def test_what_differs_from_the_release_is_named(tmp_path: Path) -> None:
    made = sandbox.make(tmp_path / "box")
    vllm = made.site_packages / "vllm"
    assert sandbox.unlike_published(made) == ()
    (vllm / "a/b.py").write_text("changed")
    (vllm / "new.py").write_text("")
    (vllm / "__init__.py").unlink()
    assert sandbox.unlike_published(made) == ("vllm/__init__.py", "vllm/a/b.py", "vllm/new.py")


def test_without_a_release_nothing_is_written(published: Served, tmp_path: Path) -> None:
    published.wheels = {name: wheel for name, wheel in published.wheels.items() if "torch" not in name}
    with pytest.raises(DoctorError, match="has no torch"):
        sandbox.make(tmp_path / "box")
    assert not (tmp_path / "box").exists()


@pytest.mark.parametrize(("running", "told"), [((3, 11), sys.version.split()[0]), ((3, 14), "3.12.9")])
def test_it_has_a_python_that_vllm_knows(running: tuple[int, int], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", running)
    assert sandbox._python_version() == told


@pytest.mark.real
@pytest.mark.parametrize("python", ["3.10", "3.12"])
def test_the_real_packages_fit_each_other(release: Release, tmp_path: Path, python: str) -> None:
    release("vllm", sandbox.VLLM)  # skips where there is no index
    site_packages = sandbox.make(tmp_path / "box").site_packages
    metadata = [message_from_bytes(file.read_bytes()) for file in site_packages.glob("*.dist-info/METADATA")]
    installed = {canonicalize_name(one["Name"]): one["Version"] for one in metadata}
    assert len(installed) == len(sandbox.PUBLISHED) + len(sandbox.COMPANIONS)
    node = {"python_version": python, "platform_system": "Linux", "platform_machine": "x86_64", "extra": ""}
    for one in metadata:
        for line in one.get_all("Requires-Dist", []):
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate(node):
                assert wanted.specifier.contains(installed[canonicalize_name(wanted.name)]), line


@pytest.mark.real
def test_the_real_sandbox_is_as_published(release: Release, tmp_path: Path) -> None:
    release("vllm", sandbox.VLLM)
    made = sandbox.make(tmp_path / "box")
    assert sandbox.unlike_published(made) == ()
    assert "cuda: Optional[str] = '12.4'" in (made.site_packages / "torch/version.py").read_text()
