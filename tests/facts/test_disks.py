"""Where the caches are, and how much room is there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.fake_host import FakeHost, Space
from verl_doctor.facts.disks import Disk, collect
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())
ROOM = Space(total=100, free=40)


def disks(host: FakeHost) -> Mapping[str, Disk]:
    return {disk.purpose.split(" (")[0]: disk for disk in collect(host, TARGET)}


def path(purpose: str, environ: dict[str, str], folder: str) -> str | None:
    """The folder that is measured when only `folder` has room, or None."""
    host = FakeHost(files={f"{folder}/file": ""}, environ=environ, spaces={folder: ROOM})
    found = disks(host).get(purpose)
    return found.path if found else None


@pytest.mark.parametrize(
    ("purpose", "environ", "folder"),
    [
        pytest.param("models", {"HF_HUB_CACHE": "/d/hub", "HF_HOME": "/hf"}, "/d/hub", id="hub-cache"),
        pytest.param("models", {"HUGGINGFACE_HUB_CACHE": "/d/hub"}, "/d/hub", id="older-hub-cache"),
        pytest.param("models", {"HF_HOME": "/hf"}, "/hf", id="hf-home"),
        pytest.param("models", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/huggingface", id="xdg"),
        pytest.param("models", {"HOME": "/home/me"}, "/home/me/.cache/huggingface", id="default-models"),
        pytest.param("models", {"HOME": "/home/me", "HF_HOME": "~/hf"}, "/home/me/hf", id="tilde"),
        pytest.param("models", {"HOME": "/home/me", "HF_HOME": ""}, "/home/me/.cache/huggingface", id="empty"),
        pytest.param("vLLM's compile cache", {"VLLM_CACHE_ROOT": "/v"}, "/v", id="vllm"),
        pytest.param("vLLM's compile cache", {"HOME": "/home/me"}, "/home/me/.cache/vllm", id="default-vllm"),
        pytest.param("Triton's cache", {"TRITON_CACHE_DIR": "/t"}, "/t", id="triton"),
        pytest.param("Triton's cache", {"TRITON_HOME": "/t"}, "/t/.triton", id="triton-home"),
        pytest.param("Triton's cache", {"HOME": "/home/me"}, "/home/me/.triton", id="default-triton"),
        pytest.param("torch's compile cache", {"TORCHINDUCTOR_CACHE_DIR": "/i"}, "/i", id="inductor"),
        pytest.param("torch's compile cache", {"TMPDIR": "/scratch"}, "/scratch", id="default-inductor"),
        pytest.param("Ray's session files", {"RAY_TMPDIR": "/r", "TMPDIR": "/scratch"}, "/r/ray", id="ray"),
        pytest.param("Ray's session files", {"TMPDIR": "/scratch"}, "/scratch/ray", id="ray-follows-tmpdir"),
        pytest.param("Ray's session files", {}, "/tmp/ray", id="default-ray"),
        pytest.param("temporary files", {}, "/tmp", id="default-temporary"),
    ],
)
def test_folders(purpose: str, environ: dict[str, str], folder: str) -> None:
    assert path(purpose, environ, folder) == folder


def test_a_folder_that_does_not_exist_yet_is_judged_by_its_parent() -> None:
    host = FakeHost(
        files={"/data/file": ""},
        environ={"HF_HOME": "/data/not/yet"},
        spaces={"/data": ROOM},
        denied=frozenset({"/data"}),
    )
    assert disks(host) == {
        "models": Disk(purpose="models (HF_HOME, HF_HUB_CACHE)", path="/data", total=100, free=40, writable=False)
    }


def test_nothing_exists() -> None:
    assert collect(FakeHost(), TARGET) == ()
