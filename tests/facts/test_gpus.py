"""GPUs as the driver shows them."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.gpus import collect
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.nvidia import Nvidia
from verl_doctor.facts.nvml import Answer, Gpu, Silence
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())
GPU = Gpu(index=0, uuid="GPU-1", name="H200", memory_total=1, memory_free=1, compute_capability="9.0")


def gpus(driver: Driver, answer: Answer | Silence | None) -> tuple[Gpu, ...]:
    seen = Nvidia(kernel=None, devices=(), denied=(), libraries=(), hardware=None, answer=answer)
    return collect(FakeHost(), TARGET, seen, driver)


def test_the_driver_shows_them() -> None:
    answer = Answer(version="550.54.15", cuda="12.4", gpus=(GPU,))
    assert gpus(Driver(state="working", detail=""), answer) == (GPU,)


def test_a_driver_without_cuda_library_still_shows_them() -> None:
    answer = Answer(version="550.54.15", cuda=None, gpus=(GPU,), cuda_error="LibraryNotFound")
    assert gpus(Driver(state="no-access", detail="libcuda.so.1 is missing"), answer) == (GPU,)


def test_none_without_a_driver() -> None:
    assert gpus(Driver(state="absent", detail=""), None) == ()


@pytest.mark.parametrize(
    ("driver", "answer"),
    [
        pytest.param(Driver(state="hung", detail="nvml did not answer"), Silence(5.0), id="hung"),
        pytest.param(Driver(state="no-access", detail="missing: /dev/nvidiactl"), None, id="no-access"),
    ],
)
def test_unknown_where_the_driver_cannot_be_asked(driver: Driver, answer: Silence | None) -> None:
    with pytest.raises(MissingFactError, match=driver.detail):
        gpus(driver, answer)
