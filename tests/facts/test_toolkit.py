"""Where nvcc is, and its release."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.toolkit import Toolkit, collect
from verl_doctor.host import Exited, Run, TimedOut
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())
IMAGE = Target(python=None, prefix="/img/usr", version="3.12", kind="system", search_path=(), root="/img")
NVCC = "nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 12.4, V12.4.131\n"
JSON = '{"cuda": {"name": "CUDA SDK", "version": "12.6.3"}, "cuda_nvcc": {"version": "12.6.85"}}'


def host(
    files: dict[str, bytes | str],
    environ: dict[str, str] | None = None,
    links: dict[str, str] | None = None,
    told: Run | None = None,
) -> FakeHost:
    nvccs = [name for name in files if name.endswith("nvcc")]
    return FakeHost(
        files=files,
        environ={"PATH": "/usr/bin", **(environ or {})},
        links=links or {},
        programs={(nvcc, "--version"): told for nvcc in nvccs} if told else {},
    )


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        pytest.param(
            host({"/a/bin/nvcc": "", "/a/version.json": JSON, "/usr/bin/nvcc": ""}, {"CUDA_HOME": "/a"}),
            Toolkit(nvcc="/a/bin/nvcc", version="12.6", cuda_home="/a"),
            id="cuda-home",
        ),
        pytest.param(
            host({"/a/bin/nvcc": "", "/a/version.json": JSON}, {"CUDA_PATH": "/a"}),
            Toolkit(nvcc="/a/bin/nvcc", version="12.6", cuda_home="/a"),
            id="cuda-path",
        ),
        pytest.param(
            host({"/usr/bin/nvcc": ""}, told=Exited(0, NVCC, "")),
            Toolkit(nvcc="/usr/bin/nvcc", version="12.4", cuda_home=None),
            id="on-path",
        ),
        pytest.param(
            host(
                {"/usr/bin/nvcc": "", "/opt/cuda/bin/nvcc": "", "/opt/cuda/version.json": JSON},
                links={"/usr/bin/nvcc": "/opt/cuda/bin/nvcc"},
            ),
            Toolkit(nvcc="/opt/cuda/bin/nvcc", version="12.6", cuda_home=None),
            id="link-on-path",
        ),
        pytest.param(
            host({"/usr/local/cuda/bin/nvcc": ""}, told=Exited(0, NVCC, "")),
            Toolkit(nvcc="/usr/local/cuda/bin/nvcc", version="12.4", cuda_home=None),
            id="usual-place",
        ),
        pytest.param(
            host({"/usr/local/cuda/bin/nvcc": "", "/usr/local/cuda/version.json": JSON}, {"CUDA_HOME": "/gone"}),
            Toolkit(nvcc="/usr/local/cuda/bin/nvcc", version="12.6", cuda_home="/gone"),
            id="cuda-home-is-empty",
        ),
        pytest.param(
            host({"/usr/bin/nvcc": "", "/usr/version.json": "{"}, told=Exited(0, NVCC, "")),
            Toolkit(nvcc="/usr/bin/nvcc", version="12.4", cuda_home=None),
            id="broken-version-file",
        ),
        pytest.param(
            host({"/usr/bin/nvcc": "", "/usr/version.json": '{"cuda_nvcc": {"version": "new"}}'}),
            Toolkit(nvcc="/usr/bin/nvcc", version=None, cuda_home=None),
            id="nobody-tells-the-version",
        ),
        pytest.param(
            host({"/usr/bin/nvcc": ""}, told=TimedOut(5.0)),
            Toolkit(nvcc="/usr/bin/nvcc", version=None, cuda_home=None),
            id="nvcc-hangs",
        ),
        pytest.param(
            host({"/usr/bin/gcc": ""}), Toolkit(nvcc=None, version=None, cuda_home=None), id="no-toolkit-is-fine"
        ),
    ],
)
def test_toolkit(machine: FakeHost, expected: Toolkit) -> None:
    assert collect(machine, TARGET) == expected


def test_the_version_file_spares_running_nvcc() -> None:
    machine = host({"/usr/local/cuda/bin/nvcc": "", "/usr/local/cuda/version.json": JSON}, told=Exited(0, NVCC, ""))
    assert collect(machine, TARGET).version == "12.6"
    assert machine.started == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {
                "/img/usr/local/cuda-9.2/bin/nvcc": "",
                "/img/usr/local/cuda-12.6/bin/nvcc": "",
                "/img/usr/local/cuda-12.6/version.json": JSON,
                "/usr/local/cuda/bin/nvcc": "",
            },
            Toolkit(nvcc="/img/usr/local/cuda-12.6/bin/nvcc", version="12.6", cuda_home=None),
            id="newest-of-the-image",
        ),
        pytest.param(
            {"/img/usr/local/bin/pip": "", "/usr/local/cuda/bin/nvcc": ""},
            Toolkit(nvcc=None, version=None, cuda_home=None),
            id="the-hosts-own-does-not-count",
        ),
        pytest.param({"/img/bin/sh": ""}, Toolkit(nvcc=None, version=None, cuda_home=None), id="bare-image"),
    ],
)
def test_image(files: dict[str, bytes | str], expected: Toolkit) -> None:
    machine = host(files, {"CUDA_HOME": "/usr/local/cuda"}, told=Exited(0, NVCC, ""))
    assert collect(machine, IMAGE) == expected
    assert machine.started == []
