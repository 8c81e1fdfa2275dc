"""Reading a torch build from its files."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.torch import collect
from verl_doctor.target import Target

SITE = "/venv/lib/python3.12/site-packages"
TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=(SITE,))
LISTED = {"torch": Distribution(name="torch", version="2.5.1", location=SITE, metadata="torch-2.5.1.dist-info")}


@pytest.mark.parametrize(
    ("text", "version", "flavour", "cuda"),
    [
        pytest.param(
            "__version__ = '2.5.1+cu124'\ncuda: Optional[str] = '12.4'\nhip: Optional[str] = None\n",
            "2.5.1+cu124",
            "cuda",
            "12.4",
            id="cuda",
        ),
        pytest.param("__version__ = '2.13.0+cpu'\ncuda = None\n", "2.13.0+cpu", "cpu", None, id="cpu"),
        pytest.param("__version__ = '2.6.0'\ncuda = None\nhip = '6.2'\n", "2.6.0", "rocm", None, id="rocm"),
    ],
)
def test_version_file(text: str, version: str, flavour: str, cuda: str | None) -> None:
    torch = collect(FakeHost(files={f"{SITE}/torch/version.py": text}), TARGET, LISTED)
    assert (torch.version, torch.flavour, torch.cuda) == (version, flavour, cuda)


def test_gpu_code_and_abi_are_read_from_the_build() -> None:
    files: dict[str, bytes | str] = {
        f"{SITE}/torch/version.py": "__version__ = '2.8.0'\ncuda = '12.8'\n",
        f"{SITE}/torch/lib/libtorch_python.so": b"\x7fELF\0sm_\0sm_70 sm_90a compute_120\0",
        f"{SITE}/torch/share/cmake/Torch/TorchConfig.cmake": 'set(F "-D_GLIBCXX_USE_CXX11_ABI=0")',
    }
    torch = collect(FakeHost(files=files), TARGET, LISTED)
    assert torch.archs == ("sm_70", "sm_90a", "compute_120")
    assert torch.cxx11_abi is False


@pytest.mark.parametrize(
    ("files", "packages", "said"),
    [
        pytest.param({}, {}, "torch is not installed", id="none"),
        pytest.param({}, LISTED, "has no torch/version.py", id="listed-only"),
        pytest.param({f"{SITE}/torch/version.py": "def ("}, LISTED, "names no version", id="not-python"),
    ],
)
def test_unavailable(files: dict[str, str], packages: dict[str, Distribution], said: str) -> None:
    with pytest.raises(MissingFactError, match=said):
        collect(FakeHost(files=files), TARGET, packages)
