"""Which files of vLLM are there."""

from __future__ import annotations

import pytest

from tests.facts_of import distribution
from tests.fake_host import FakeHost
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.vllm import Vllm, collect
from verl_doctor.target import Target

VENV = Target(python=None, prefix="/venv", version="3.12.3", kind="venv", search_path=("/site",))


@pytest.mark.parametrize(
    ("files", "there"),
    [
        pytest.param(("__init__.py", "cumem_allocator.abi3.so"), True, id="released"),
        pytest.param(("__init__.py", "cumem_allocator.cpython-312-x86_64-linux-gnu.so"), True, id="built-here"),
        pytest.param(("__init__.py", "_C.abi3.so", "cumem_allocator.cpp"), False, id="without"),
        pytest.param(("__init__.py", "sequence.py"), True, id="no build"),
    ],
)
def test_sleep_mode_s_extension(files: tuple[str, ...], there: bool) -> None:
    host = FakeHost(files={f"/site/vllm/{name}": "" for name in files})
    packages = {"vllm": distribution("vllm", "0.8.5", location="/site")}
    assert collect(host, VENV, packages) == Vllm(location="/site/vllm", cumem_allocator=there)


def test_a_build_for_cpus_has_no_sleep_mode() -> None:
    host = FakeHost(files={"/site/vllm/_C.abi3.so": ""})
    packages = {"vllm": distribution("vllm", "0.9.2+cpu", location="/site")}
    assert collect(host, VENV, packages).cumem_allocator


def test_an_editable_install_lies_in_its_checkout() -> None:
    host = FakeHost(files={"/src/vllm/vllm/cumem_allocator.abi3.so": ""})
    packages = {"vllm": distribution("vllm", "0.8.5", location="/site", editable="/src/vllm")}
    assert collect(host, VENV, packages) == Vllm(location="/src/vllm/vllm", cumem_allocator=True)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        pytest.param((), "vllm is not installed", id="not-installed"),
        pytest.param(("vllm",), "vllm 0.8.5 is listed, but /site has no folder vllm", id="only-metadata"),
    ],
)
def test_nothing_to_look_at(listed: tuple[str, ...], message: str) -> None:
    packages = {name: distribution(name, "0.8.5", location="/site") for name in listed}
    with pytest.raises(MissingFactError) as caught:
        collect(FakeHost(), VENV, packages)
    assert str(caught.value) == message
