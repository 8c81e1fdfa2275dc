"""CUDA libraries, by distribution and by file."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.libraries import Library, collect
from verl_doctor.facts.packages import Distribution
from verl_doctor.target import Kind, Target

SITE = "/venv/lib/python3.12/site-packages"


def libraries(
    packages: dict[str, str],
    files: dict[str, bytes | str] | None = None,
    *,
    environ: dict[str, str] | None = None,
    kind: Kind = "venv",
    root: str = "/",
) -> tuple[Library, ...]:
    target = Target(python=None, prefix="/venv", version="3.12", kind=kind, search_path=(SITE,), root=root)
    listed = {
        name: Distribution(name=name, version=version, location=SITE, metadata=f"{name}.dist-info")
        for name, version in packages.items()
    }
    return collect(FakeHost(files=files or {}, environ=environ or {}), target, listed)


def rows(found: tuple[Library, ...]) -> list[tuple[str, str, str]]:
    return [(library.name, library.version, library.provider) for library in found]


@pytest.mark.parametrize(
    ("distribution", "name", "cuda"),
    [
        pytest.param("nvidia-cuda-runtime-cu12", "cudart", "12", id="runtime"),
        pytest.param("nvidia-cuda-runtime", "cudart", None, id="runtime-of-cuda-13"),
        pytest.param("nvidia-nccl-cu11", "nccl", "11", id="nccl"),
        pytest.param("nvidia-cudnn-cu13", "cudnn", "13", id="cudnn"),
        pytest.param("nvidia-cublas-cu12", "cublas", "12", id="cublas"),
        pytest.param("nvidia-cusparselt-cu12", "cusparselt", "12", id="cusparselt"),
        pytest.param("nvidia-nvshmem-cu12", "nvshmem", "12", id="nvshmem"),
        pytest.param("nvidia-cuda-nvrtc-cu12", "nvrtc", "12", id="nvrtc"),
    ],
)
def test_distributions(distribution: str, name: str, cuda: str | None) -> None:
    assert libraries({distribution: "1.2.3"}) == (
        Library(name=name, version="1.2.3", cuda=cuda, provider=distribution, path=SITE),
    )


@pytest.mark.parametrize("distribution", ["nvidia-ml-py", "nvidia-cudnn-frontend", "torch", "nvidia-nccl-cuda"])
def test_other_distributions(distribution: str) -> None:
    assert libraries({distribution: "1.0"}) == ()


def test_two_cuda_majors_and_two_nccls_are_visible() -> None:
    found = libraries({"nvidia-nccl-cu12": "2.21.5", "nvidia-nccl-cu13": "2.27.7", "nvidia-cudnn-cu12": "9.1.0.70"})
    assert rows(found) == [
        ("cudnn", "9.1.0.70", "nvidia-cudnn-cu12"),
        ("nccl", "2.21.5", "nvidia-nccl-cu12"),
        ("nccl", "2.27.7", "nvidia-nccl-cu13"),
    ]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param("libcudart-a7b20f20.so.11.0", [("cudart", "11.0", "torch")], id="renamed-by-auditwheel"),
        pytest.param("libcudnn.so.8", [("cudnn", "8", "torch")], id="cudnn"),
        pytest.param("libnccl.so.2", [("nccl", "2", "torch")], id="nccl"),
        pytest.param("libcusparseLt.so.0", [("cusparselt", "0", "torch")], id="cusparselt"),
        pytest.param("libnvshmem_host.so.3", [("nvshmem", "3", "torch")], id="nvshmem"),
        pytest.param("libcudnn_ops_infer.so.8", [], id="part-of-cudnn"),
        pytest.param("libtorch_cuda.so", [], id="torchs-own"),
    ],
)
def test_bundled_in_torch(file: str, expected: list[tuple[str, str, str]]) -> None:
    assert rows(libraries({"torch": "2.0"}, {f"{SITE}/torch/lib/{file}": ""})) == expected


def test_a_folder_lists_each_major_once_by_its_longest_name() -> None:
    folder = {f"/opt/cuda/lib64/libcudart.so{end}": "" for end in ("", ".11.0", ".12", ".12.4.127")}
    found = libraries({}, {**folder}, environ={"LD_LIBRARY_PATH": ":/opt/cuda/lib64:/gone:/opt/cuda/lib64"})
    assert [(library.version, library.provider, library.path) for library in found] == [
        ("11.0", "LD_LIBRARY_PATH", "/opt/cuda/lib64/libcudart.so.11.0"),
        ("12.4.127", "LD_LIBRARY_PATH", "/opt/cuda/lib64/libcudart.so.12.4.127"),
    ]


def test_an_image_does_not_use_this_machines_library_path() -> None:
    files: dict[str, bytes | str] = {"/opt/lib/libnccl.so.2": ""}
    assert libraries({}, files, environ={"LD_LIBRARY_PATH": "/opt/lib"}, root="/img") == ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param("conda", [("cudart", "12.4.127", "conda"), ("nccl", "2.21.5.1", "conda")], id="conda"),
        pytest.param("venv", [], id="no-conda"),
    ],
)
def test_conda_packages(kind: Kind, expected: list[tuple[str, str, str]]) -> None:
    names = (
        "nccl-2.21.5.1-h3a97aeb_0",
        "cuda-cudart-12.4.127-0",
        "cuda-cudart-dev-12.4.127-0",
        "nccl",
        "python-3.12-1",
    )
    files: dict[str, bytes | str] = {f"/venv/conda-meta/{name}.json": "" for name in names}
    assert rows(libraries({}, {**files, "/venv/conda-meta/history": ""}, kind=kind)) == expected
