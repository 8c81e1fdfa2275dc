"""Extensions of which a package loads the one that fits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.binaries_of import linked, missing
from tests.facts_of import torch_of
from verl_doctor.alternatives import judged
from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.model import Unavailable

FITS, CUDA = Extension(needs=9), Extension(needs=9, flavour="cuda", cuda="12")
BROKEN = missing()


def paths(extensions: Mapping[str, Extension | Unavailable], flavour: str = "cuda") -> set[str]:
    """The names of those extensions of a package that must fit."""
    build = torch_of("2.8.0", flavour=flavour, cuda="12.8" if flavour == "cuda" else None)
    ((_, counted),) = judged({"x": linked(**extensions)}, build)
    return {path.removeprefix("ext/").removesuffix(".so") for path in counted}


@pytest.mark.parametrize(
    ("extensions", "counted"),
    [
        pytest.param({"addon_torch27-cuda": BROKEN, "addon_torch28-cuda": CUDA}, {"addon_torch28-cuda"}, id="torches"),
        pytest.param({"_torio_ffmpeg4": BROKEN, "_torio_ffmpeg6": FITS}, {"_torio_ffmpeg6"}, id="codecs"),
        pytest.param({"_C.cpython-310": BROKEN, "_C.cpython-312": FITS}, {"_C.cpython-312"}, id="pythons"),
        pytest.param({"a_torch24": BROKEN, "pg_2_13_0.cpython-312": BROKEN}, set(), id="for-other-torches"),
        pytest.param({"a_ffmpeg4": BROKEN, "a_ffmpeg5": BROKEN}, {"a_ffmpeg4", "a_ffmpeg5"}, id="none-fits"),
        pytest.param({"_C": BROKEN, "_moe_C": FITS}, {"_C", "_moe_C"}, id="different-ones"),
        pytest.param({"_fa2_C": BROKEN, "_fa3_C": FITS}, {"_fa2_C", "_fa3_C"}, id="different-numbers"),
        pytest.param({"_C": FITS, "bad": Unavailable("cut short")}, {"_C"}, id="unreadable"),
    ],
)
def test_one_of_several(extensions: dict[str, Extension | Unavailable], counted: set[str]) -> None:
    assert paths(extensions) == counted


def test_an_extension_for_cuda_is_an_alternative_beside_a_cpu_build() -> None:
    both = {"_version_cpu": FITS, "_version_cuda": CUDA}
    assert paths(both, "cpu") == {"_version_cpu"}
    assert paths(both) == {"_version_cpu", "_version_cuda"}


def test_order_and_what_does_without() -> None:
    binaries: dict[str, Linked] = {name: linked(_C=BROKEN) for name in ("torchao", "xformers", "vllm")}
    assert [key for key, _ in judged(binaries, torch_of("2.8.0"))] == ["vllm", "xformers"]
