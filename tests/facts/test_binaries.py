"""Compiled extensions beside torch's libraries, in environments of small made files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.elf_image import AARCH64, shared_object
from tests.fake_host import FakeHost
from verl_doctor.facts import shared_objects
from verl_doctor.facts.binaries import Extension, Linked, collect
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.torch import Torch
from verl_doctor.model import Unavailable
from verl_doctor.target import Target

SITE = "/venv/lib/python3.12/site-packages"
TORCH = Torch(version="2.5.1+cu124", flavour="cuda", location=f"{SITE}/torch", cuda="12.4")
SCHEMA, TENSOR, STREAM = "_ZN5torch3jit11parseSchemaERKSsb", "_ZN2at6TensorC1Ev", "_ZN3c104cuda6streamEv"
LIBRARIES = {
    f"{SITE}/torch/lib/libtorch_cpu.so": shared_object(offers=(SCHEMA, TENSOR), libraries=("libc10.so", "libc.so.6")),
    f"{SITE}/torch/lib/libc10.so": shared_object(offers=(STREAM, "_ZTVN3c105ErrorE"), libraries=("libc.so.6",)),
    f"{SITE}/torch/lib/libtorch.so": shared_object(libraries=("libtorch_cpu.so",)),
    f"{SITE}/torch/lib/libgomp-a34b3233.so.1": b"not looked at",
}
NEW = "GLIBCXX_3.4.32"
SYSTEM = {"/etc/ld.so.cache": b"glibc-ld.so.cache1.1 libc.so.6\0/lib/x86_64-linux-gnu/libc.so.6\0"}


def extension(**fields: Any) -> bytes:
    return shared_object(**{"libraries": ("libtorch.so", "libtorch_cpu.so", "libc10.so", "libc.so.6"), **fields})


def linked(  # noqa: PLR0913 - what an environment is made of
    files: Mapping[str, bytes],
    *,
    requires: str = "torch==2.5.1",
    environ: Mapping[str, str] | None = None,
    system: Mapping[str, bytes | str] = SYSTEM,
    libraries: Mapping[str, bytes] = LIBRARIES,
    more: Mapping[str, Distribution] | None = None,
    unlisted: Mapping[str, bytes] | None = None,
    links: Mapping[str, str] | None = None,
    denied: frozenset[str] = frozenset(),
) -> Mapping[str, Linked]:
    """What is found where a distribution "ext" has these files."""
    packages = {
        name: Distribution(name=name, version="1.0", location=SITE, metadata=f"{name}.dist-info")
        for name in ("torch", "ext")
    }
    records = {
        f"{SITE}/ext.dist-info/RECORD": "".join(f"{name},sha256=x,1\n" for name in files),
        f"{SITE}/torch.dist-info/RECORD": "".join(f"{path.removeprefix(f'{SITE}/')},,\n" for path in libraries),
        f"{SITE}/ext.dist-info/METADATA": f"Name: ext\nRequires-Dist: numpy\nRequires-Dist: {requires}\n",
    }
    installed = {f"{SITE}/{name}": data for name, data in {**files, **(unlisted or {})}.items()}
    host = FakeHost(
        files={**records, **libraries, **installed, **system}, environ=environ or {}, links=links or {}, denied=denied
    )
    target = Target(python="/venv/bin/python", prefix="/venv", version="3.12", kind="venv", search_path=(SITE,))
    installed_here = {**packages, **(more or {})}
    return collect(host, target, installed_here, TORCH, shared_objects.collect(host, target, installed_here))


def one(files: Mapping[str, bytes], **options: Any) -> Extension:
    """The extension `ext/_C.so`, which must be readable."""
    found = linked(files, **options)["ext"].extensions["ext/_C.so"]
    assert isinstance(found, Extension)
    return found


def test_everything_is_found() -> None:
    needs = (SCHEMA, TENSOR, STREAM, "_ZTVN3c105ErrorE", "PyList_New", "cudaMalloc", "_ZNSt6vectorIiEC1Ev")
    found = linked({"ext/_C.so": extension(needs=needs), "ext/__init__.py": b""})
    assert found["ext"] == Linked(
        location=SITE,
        extensions={"ext/_C.so": Extension(needs=4, cxx11_abi=False)},
        requires=("torch==2.5.1",),
    )


def test_symbols_that_nobody_offers() -> None:
    needs = (TENSOR, "_ZN2at3newEv", "_ZN3c107anotherEv", "_Z16THPVariable_WrapN2at10TensorBaseE")
    found = one({"ext/_C.so": extension(needs=needs, weak=("_ZN2at5maybeEv",), relocations=needs[2:])})
    assert (found.needs, found.missing) == (4, (needs[2], needs[3], needs[1]))


def test_what_the_distributions_own_library_offers_is_there() -> None:
    own = shared_object(offers=("_ZN2at3ownEv",))
    needs = ("_ZN2at3ownEv", "_ZN2at4goneEv")
    assert one({"ext/_C.so": extension(needs=needs), "ext.libs/libown.so.1": own}).missing == (needs[1],)


def test_what_a_linked_library_of_another_package_offers_is_there() -> None:
    other = Distribution(name="other", version="1", location=SITE, metadata="other.dist-info")
    files = {
        "other/libother.so": shared_object(offers=("_ZN2at5otherEv",)),
        "other.dist-info/RECORD": b"other/libother.so,,\n",
    }
    image = extension(needs=("_ZN2at5otherEv",), libraries=("libtorch.so", "libother.so"))
    assert one({"ext/_C.so": image}, more={"other": other}, unlisted=files).missing == ()


@pytest.mark.parametrize(
    ("library", "options", "absent"),
    [
        pytest.param("libnowhere.so.1", {}, True, id="nowhere"),
        pytest.param("libcuda.so.1", {}, False, id="of-the-driver"),
        pytest.param("libnvidia-ml.so.1", {}, False, id="nvml"),
        pytest.param("libavcodec.so.58", {}, False, id="codec"),
        pytest.param("libx.so.1", {"unlisted": {"ext/libx.so.1": b""}}, False, id="beside"),
        pytest.param("libx.so.1", {"unlisted": {"ext/lib/libx.so.1": b""}}, False, id="in-runpath"),
        pytest.param("libx.so.1", {"unlisted": {"y/libx.so.1": b""}}, True, id="in-an-unknown-folder"),
        pytest.param("libx.so.1", {"system": {**SYSTEM, "/usr/lib64/libx.so.1": ""}}, False, id="in-the-system"),
        pytest.param("libx.so.1", {"system": {**SYSTEM, "/venv/lib/libx.so.1": ""}}, False, id="in-the-prefix"),
        pytest.param(
            "libx.so.1",
            {"system": {**SYSTEM, "/opt/x/libx.so.1": ""}, "environ": {"LD_LIBRARY_PATH": ":/opt/x"}},
            False,
            id="in-LD_LIBRARY_PATH",
        ),
        pytest.param("libgomp-a34b3233.so.1", {}, False, id="in-torch"),
        pytest.param("libx.so.1", {"system": {}}, False, id="the-system-is-not-seen"),
    ],
)
def test_libraries(library: str, options: dict[str, Any], absent: bool) -> None:
    image = extension(libraries=("libtorch_cpu.so", "libc.so.6", library), runpath="$ORIGIN/lib:/nowhere")
    assert one({"ext/_C.so": image}, **options).absent == ((library,) if absent else ())


@pytest.mark.parametrize(
    ("version", "system", "outdated"),
    [
        pytest.param("GLIBCXX_3.4.30", {}, (), id="has-it"),
        pytest.param(NEW, {}, (NEW,), id="too-old"),
        pytest.param(NEW, {"/venv/lib/libstdc++.so.6": (NEW,)}, (), id="a-newer-one-in-the-prefix"),
        pytest.param(NEW, {"/conda/lib/libstdc++.so.6": (NEW,)}, (), id="beside-the-interpreter"),
        pytest.param(NEW, {"/lib/libstdc++.so.6": None}, (), id="that-cannot-be-read"),
    ],
)
def test_versions(version: str, system: dict[str, tuple[str, ...] | None], outdated: tuple[str, ...]) -> None:
    libraries = {"/lib/libstdc++.so.6": ("GLIBCXX_3.4.30",), **system}
    files = {path: b"damaged" if names is None else shared_object(defines=names) for path, names in libraries.items()}
    image = extension(versions={"libstdc++.so.6": (version,), "libother.so": ("OTHER_1",)})
    links = {"/venv/bin/python": "/conda/bin/python3.12"}
    assert one({"ext/_C.so": image}, system={**SYSTEM, **files}, links=links).outdated == outdated


@pytest.mark.parametrize(
    ("files", "absent"),
    [
        pytest.param({"nvidia/cudnn/lib/libcudnn.so.9": b""}, (), id="there"),
        pytest.param({}, ("libcudnn.so.9",), id="only-in-RECORD"),
    ],
)
def test_libraries_of_nvidias_wheels_are_preloaded(files: dict[str, bytes], absent: tuple[str, ...]) -> None:
    wheel = Distribution(name="nvidia-cudnn-cu12", version="9", location=SITE, metadata="nvidia_cudnn.dist-info")
    record = {"nvidia_cudnn.dist-info/RECORD": b"nvidia/cudnn/lib/libcudnn.so.9,,\n"}
    image = extension(libraries=("libtorch.so", "libcudnn.so.9"))
    assert one({"ext/_C.so": image}, more={wheel.name: wheel}, unlisted={**record, **files}).absent == absent


def test_torchs_own_libraries_must_find_theirs() -> None:
    libraries = {
        **LIBRARIES,
        f"{SITE}/torch/lib/libtorch.so": extension(libraries=("libtorch_cpu.so", "libcudnn.so.9")),
    }
    found = linked({}, libraries=libraries)
    assert found["torch"].extensions["torch/lib/libtorch.so"] == Extension(needs=0, absent=("libcudnn.so.9",))


@pytest.mark.parametrize(
    ("libraries", "flavour", "cuda"),
    [
        pytest.param(("libtorch.so", "libtorch_cuda.so", "libcudart.so.12"), "cuda", "12", id="cuda-12"),
        pytest.param(("libc10_cuda.so", "libcudart-8774224f.so.13"), "cuda", "13", id="cuda-13-bundled"),
        pytest.param(("libc10_hip.so",), "rocm", None, id="rocm"),
        pytest.param(("libtorch_python.so",), "cpu", None, id="cpu"),
    ],
)
def test_what_an_extension_computes_on(libraries: tuple[str, ...], flavour: str, cuda: str | None) -> None:
    found = one({"ext/_C.so": extension(libraries=libraries)})
    assert (found.flavour, found.cuda) == (flavour, cuda)


@pytest.mark.parametrize(
    ("needs", "abi"),
    [
        pytest.param((TENSOR,), None, id="no-strings"),
        pytest.param((TENSOR, SCHEMA), False, id="old"),
        pytest.param(("_ZN3c101fERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",), True, id="c++11"),
        pytest.param(("_ZN2at12SsInItsNamesEv",), None, id="only-a-name"),
    ],
)
def test_abi(needs: tuple[str, ...], abi: bool | None) -> None:
    assert one({"ext/_C.so": extension(needs=needs)}).cxx11_abi is abi


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        pytest.param(extension()[:200], "it is cut short", id="truncated"),
        pytest.param(b"x" * 100, "it is not an ELF file", id="garbage"),
        pytest.param(b"", "it is cut short", id="empty"),
        pytest.param(extension(machine=AARCH64), "it is for AArch64, torch for x86-64", id="other-processor"),
    ],
)
def test_a_damaged_file_among_extensions_is_told(damaged: bytes, reason: str) -> None:
    found = linked({"ext/_C.so": damaged, "ext/_good.so": extension()})
    assert found["ext"].extensions["ext/_C.so"] == Unavailable(reason)


def test_a_file_that_was_left_out_is_not_judged() -> None:
    record = {"ext.dist-info/RECORD": b"ext/_C.so,,\next/_good.so,,\n"}
    assert set(linked({"ext/_good.so": extension()}, unlisted=record)["ext"].extensions) == {"ext/_good.so"}


def test_a_file_that_may_not_be_read_is_told() -> None:
    found = linked({"ext/_C.so": extension(), "ext/_good.so": extension()}, denied=frozenset({f"{SITE}/ext/_C.so"}))
    assert found["ext"].extensions["ext/_C.so"] == Unavailable("Permission denied")


def test_files_that_have_nothing_to_do_with_torch() -> None:
    found = linked({"ext/data.so": b"GROUP ( libm.so.6 )", "ext/plain.so": shared_object(libraries=("libnowhere.so",))})
    assert "ext" not in found


@pytest.mark.parametrize(
    "libraries",
    [
        pytest.param({f"{SITE}/torch/lib/libc10.so": b"\x7fELF"}, id="damaged"),
        pytest.param({f"{SITE}/torch/lib/readme": b""}, id="none"),
        pytest.param({}, id="no-folder"),
    ],
)
def test_torch_that_cannot_be_read(libraries: dict[str, bytes]) -> None:
    with pytest.raises(MissingFactError, match=r"cannot be read: (it is cut|.*No such)|holds none of torch's"):
        linked({"ext/_C.so": extension()}, libraries=libraries)
