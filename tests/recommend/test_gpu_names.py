"""The GPU that a name means."""

from __future__ import annotations

import pytest

from verl_doctor.errors import UsageError
from verl_doctor.matrix.load import load
from verl_doctor.recommend.gpu_names import accelerator_of, capability_of

KNOWN = load().gpu_names()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("H100", ("H100", "9.0"), id="plain"),
        pytest.param("h100", ("H100", "9.0"), id="lower case"),
        pytest.param("NVIDIA H100 80GB HBM3", ("H100", "9.0"), id="as nvidia-smi writes it"),
        pytest.param("NVIDIA A100-SXM4-80GB", ("A100", "8.0"), id="with its socket"),
        pytest.param("Tesla V100-SXM2-32GB", ("V100", "7.0"), id="an older name"),
        pytest.param("NVIDIA GeForce RTX 4090", ("RTX 4090", "8.9"), id="two words"),
        pytest.param("rtx4090", ("RTX 4090", "8.9"), id="written together"),
        pytest.param("4090", ("RTX 4090", "8.9"), id="the number alone"),
        pytest.param("RTX 6000 Ada Generation", ("RTX 6000 Ada", "8.9"), id="longer than another name"),
        pytest.param("Quadro RTX 6000", ("RTX 6000", "7.5"), id="that other name"),
        pytest.param("sm_90", ("sm_90", "9.0"), id="an architecture"),
        pytest.param("10.3", ("10.3", "10.3"), id="a compute capability"),
        pytest.param("sm_120", ("sm_120", "12.0"), id="three digits"),
    ],
)
def test_known(text: str, expected: tuple[str, str]) -> None:
    assert capability_of(text, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("H1000", "nearest: H100", id="a slip"),
        pytest.param("A1000", "nearest: ", id="a known name is only a part of it"),
        pytest.param("Gaudi3", "only NVIDIA's are", id="a maker of which nothing is known"),
        pytest.param("???", "known: P100", id="no name at all"),
        pytest.param("", "known: P100", id="nothing"),
    ],
)
def test_unknown(text: str, said: str) -> None:
    with pytest.raises(UsageError, match="No GPU is known by the name") as caught:
        capability_of(text, KNOWN)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "maker"),
    [
        pytest.param("MI300X", "AMD", id="plain"),
        pytest.param("AMD Instinct MI250", "AMD", id="with its maker"),
        pytest.param("gfx942", "AMD", id="an architecture"),
        pytest.param("Radeon RX 7900 XTX", "AMD", id="of a desktop"),
        pytest.param("rx7900", "AMD", id="written together"),
        pytest.param("Ascend 910B3", "Huawei", id="Ascend"),
        pytest.param("910B", "Huawei", id="its number alone"),
        pytest.param("Atlas 800T A3", "Huawei", id="Atlas"),
        pytest.param("RTX 6000", None, id="a part of another word"),
        pytest.param("H1000", None, id="a slip"),
        pytest.param("9.0", None, id="a compute capability"),
        pytest.param("Gaudi3", None, id="a maker of which nothing is known"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_other_makers(text: str, maker: str | None) -> None:
    found = accelerator_of(text, KNOWN, load().makers())
    assert (found and found.maker.name) == maker


def test_no_gpu_of_nvidia_is_taken_for_anothers() -> None:
    makers = load().makers()
    assert [name for name in KNOWN if accelerator_of(name, KNOWN, makers)] == []


def test_every_gpu_is_found_by_its_own_name() -> None:
    assert {name: capability_of(name, KNOWN)[1] for name in KNOWN} == KNOWN
