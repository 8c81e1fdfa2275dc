"""Reading nvidia-smi."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts import nvidia_smi
from verl_doctor.facts.nvml import Answer, Gpu, Refusal, Silence
from verl_doctor.host import Exited, Run, TimedOut

HEADER = "| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: {}     |\n"
H200 = "550.54.15, 0, GPU-1, NVIDIA H200, 143771, 143000, 9.0, Disabled, Enabled, Disabled\n"
BARE = "550.54.15, 1, GPU-2, Tesla T4, [N/A], [Unknown Error], [N/A], [N/A], [Not Supported], Enabled\n"
MIB = 2**20


def ask(query: Run | None, listing: Run | None = None) -> Answer | Refusal | Silence:
    programs = {nvidia_smi.QUERY: query, nvidia_smi.LISTING: listing}
    return nvidia_smi.ask(FakeHost(programs={argv: run for argv, run in programs.items() if run}), 3.0)


def test_every_field_is_read_and_what_is_not_told_is_none() -> None:
    assert ask(Exited(0, H200 + BARE, ""), Exited(0, HEADER.format("12.4"), "")) == Answer(
        version="550.54.15",
        cuda="12.4",
        gpus=(
            Gpu(
                index=0,
                uuid="GPU-1",
                name="NVIDIA H200",
                memory_total=143771 * MIB,
                memory_free=143000 * MIB,
                compute_capability="9.0",
                mig=False,
                ecc=True,
                persistence=False,
            ),
            Gpu(
                index=1,
                uuid="GPU-2",
                name="Tesla T4",
                memory_total=None,
                memory_free=None,
                compute_capability=None,
                persistence=True,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("listing", "cuda"),
    [
        pytest.param(Exited(0, HEADER.format("13.0"), ""), "13.0", id="told"),
        pytest.param(Exited(0, "| CUDA UMD Version: 13.1 |", ""), "13.1", id="newer-wording"),
        pytest.param(Exited(0, HEADER.format("N/A"), ""), None, id="not-told"),
        pytest.param(Exited(0, HEADER.format("ERR!"), ""), None, id="libcuda-broken"),
        pytest.param(TimedOut(1.0), None, id="listing-hangs"),
        pytest.param(None, None, id="listing-does-not-start"),
    ],
)
def test_cuda_comes_from_the_listing(listing: Run | None, cuda: str | None) -> None:
    answer = ask(Exited(0, H200, ""), listing)
    assert isinstance(answer, Answer)
    assert answer.cuda == cuda


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(TimedOut(3.0), Silence(3.0), id="hung"),
        pytest.param(None, Refusal("No such file or directory"), id="not-installed"),
        pytest.param(
            Exited(9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\nMore\n", ""),
            Refusal("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "DriverNotLoaded"),
            id="driver-not-loaded",
        ),
        pytest.param(
            Exited(
                18, "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.127\n", ""
            ),
            Refusal("Failed to initialize NVML: Driver/library version mismatch", "LibRmVersionMismatch"),
            id="mismatch",
        ),
        pytest.param(Exited(6, "No devices were found\n", ""), Refusal("No devices were found"), id="no-devices"),
        pytest.param(
            Exited(0, "No devices were found\n", ""), Refusal("No devices were found"), id="no-devices-status-0"
        ),
        pytest.param(Exited(0, "", ""), Refusal("it printed nothing"), id="nothing"),
        pytest.param(Exited(1, "", ""), Refusal("it ended with status 1"), id="silent-failure"),
    ],
)
def test_no_answer(query: Run | None, expected: Refusal | Silence) -> None:
    assert ask(query) == expected
