# ruff: noqa: N802  # NVML's names
"""UUIDs in CUDA_VISIBLE_DEVICES, with published releases and a stand-in for NVML."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from packaging.specifiers import SpecifierSet

from benchmarks import uuid_on_gpu
from benchmarks.uuid_on_gpu import VARIABLE, take
from tests.conftest import Release
from verl_doctor import releases
from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import Absent, Applicable, Applied, FixedUpstream, Unrecognised, diagnose
from verl_doctor.patching.diff import unified
from verl_doctor.patching.patch import Before
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real

[PATCH] = catalogue.load(["cvd-uuid"])
EVERY_LAYOUT = ("0.6.3", "0.7.2", "0.8.5", "0.9.0", "0.11.0", "0.15.0", "0.20.2", "0.23.0")
METHODS = EVERY_LAYOUT[3:]

FIRST = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"
SECOND = "GPU-89320a11-52bc-18a6-b9c4-5dd1c1a0e2b7"
THIRD = "GPU-1f0e7c64-9d3b-2c55-8a77-6e4b0d9f3a21"
INSTANCE = "MIG-377e0049-554c-540b-93c6-d0976f8426cb"
OTHER_INSTANCE = "MIG-f39aa248-6f1b-5769-b119-8d650bb34b27"


class NVMLError(Exception):
    """What NVML raises."""


@dataclass
class Device:
    uuid: str
    index: int
    instances: tuple[Device, ...] = ()
    gpu: Device | None = None


@dataclass
class Nvml:
    """A node with three GPUs, of which the second has two MIG instances; answers between init and shutdown only."""

    gpus: list[Device] = field(default_factory=lambda: [Device(FIRST, 0), Device(SECOND, 1), Device(THIRD, 2)])
    users: int = 0
    NVMLError = NVMLError

    def __post_init__(self) -> None:
        uuids = (INSTANCE, OTHER_INSTANCE)
        self.gpus[1].instances = tuple(Device(uuid, n, gpu=self.gpus[1]) for n, uuid in enumerate(uuids))

    def nvmlInit(self) -> None:
        self.users += 1

    def nvmlShutdown(self) -> None:
        self.users -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self._running())

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Device:
        return self._running()[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Device:
        for gpu in self._running():
            for device in (gpu, *gpu.instances):
                if device.uuid == uuid:
                    return device
        raise NVMLError("Not Found")

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, device: Device) -> Device:
        if device.gpu is None:
            raise NVMLError("Invalid Argument")
        return device.gpu

    def nvmlDeviceGetUUID(self, device: Device) -> str:
        return device.uuid if self._running() else ""

    def nvmlDeviceGetIndex(self, device: Device) -> int:
        return device.index if self._running() else -1

    def nvmlDeviceGetMaxMigDeviceCount(self, gpu: Device) -> int:
        return 7 if gpu.instances else 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: Device, index: int) -> Device:
        if index >= len(gpu.instances):
            raise NVMLError("Not Found")
        return gpu.instances[index]

    def nvmlDeviceGetPciInfo(self, gpu: Device) -> SimpleNamespace:
        return SimpleNamespace(domain=0, bus=0x1B + gpu.index, device=0)

    def _running(self) -> list[Device]:
        if self.users < 1:
            raise NVMLError("Uninitialized")
        return self.gpus


def published(release: Release, version: str) -> bytes:
    file = PATCH.site(version).file
    return (release("vllm", version, [file]) / file).read_bytes()


def edited(source: bytes, version: str) -> bytes:
    found = examine(PATCH, source, version)
    assert isinstance(found, Before)
    return found.edited


@pytest.fixture(scope="module")
def affected(release: Release) -> dict[str, bytes]:
    """The file of every release in the range."""
    published(release, "0.6.3")  # skips where there is no index
    versions = SpecifierSet(PATCH.versions).filter(releases.versions("vllm"), prereleases=True)
    return {version: published(release, version) for version in versions}


def test_every_release_in_the_range_has_the_bug(affected: dict[str, bytes]) -> None:
    assert set(EVERY_LAYOUT) < set(affected)
    states = {version: diagnose(PATCH, version, source) for version, source in affected.items()}
    assert states == dict.fromkeys(affected, Applicable())


def test_every_release_in_the_range_can_be_cured(affected: dict[str, bytes]) -> None:
    states = {version: diagnose(PATCH, version, edited(source, version)) for version, source in affected.items()}
    assert states == dict.fromkeys(affected, Applied())


def test_the_lines_of_the_example_are_added_and_none_removed(affected: dict[str, bytes]) -> None:
    declared = {example.since: (example.before.encode(), example.after.encode()) for example in PATCH.examples[:2]}
    for version, source in affected.items():
        before, after = declared["0.9.0" if PATCH.site(version) is PATCH.sites[1] else None]
        assert _changed(source, edited(source, version)) == _changed(before, after)


def _changed(before: bytes, after: bytes) -> list[str]:
    lines = unified("file", before, after).decode().splitlines()[3:]
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize("version", ["0.24.0", "0.25.1", "0.33.0"])
def test_later_releases_do_not_have_it(release: Release, version: str) -> None:
    source = published(release, version)
    assert not PATCH.trace.search(source)
    assert diagnose(PATCH, version, source) == FixedUpstream()


def test_the_release_before_is_outside(release: Release) -> None:
    state = diagnose(PATCH, "0.6.2", published(release, "0.6.2"))
    assert isinstance(state, Absent | Unrecognised)
    assert not state.is_affected


UUIDS = [
    pytest.param(SECOND, [1], id="whole UUID"),
    pytest.param(f"{THIRD},{FIRST}", [2, 0], id="two, in another order"),
    pytest.param("GPU-8932f,GPU-1", [0, 2], id="beginnings that only one has"),
    pytest.param("2,GPU-1", [2, 2], id="a number and a UUID"),
    pytest.param(f"{FIRST}, {SECOND}", [0, 1], id="a space after the comma"),
    pytest.param(INSTANCE, [1], id="MIG instance"),
    pytest.param(f"MIG-{SECOND}/2/0", [1], id="MIG instance, as drivers before 470 name it"),
]
UNKNOWN = [
    pytest.param("GPU-7", id="no such GPU"),
    pytest.param("GPU-8932", id="two GPUs begin so"),
    pytest.param("MIG-4c60d78c-506f-5593-938d-a136eaa1fa52", id="no such MIG instance"),
    pytest.param("MIG-GPU-7a6c2f10-0000-0000-0000-000000000000/2/0", id="MIG instance of no such GPU"),
]


@pytest.mark.parametrize("version", EVERY_LAYOUT)
@pytest.mark.parametrize(("names", "numbers"), UUIDS)
def test_a_uuid_is_found(
    release: Release, monkeypatch: pytest.MonkeyPatch, version: str, names: str, numbers: list[int]
) -> None:
    monkeypatch.setenv(VARIABLE, names)
    source, nvml = published(release, version), Nvml()
    before, after = take(source, nvml), take(edited(source, version), nvml)
    with pytest.raises(ValueError, match="invalid literal for int"):
        before(len(numbers) - 1)
    assert [after(number) for number in range(len(numbers))] == numbers
    assert nvml.users == 0


@pytest.mark.parametrize("version", EVERY_LAYOUT)
@pytest.mark.parametrize("name", UNKNOWN)
def test_a_uuid_that_is_no_gpu_is_named(
    release: Release, monkeypatch: pytest.MonkeyPatch, version: str, name: str
) -> None:
    monkeypatch.setenv(VARIABLE, f"0,{name}")
    nvml = Nvml()
    with pytest.raises(RuntimeError, match=f"CUDA_VISIBLE_DEVICES names {name}, which"):
        take(edited(published(release, version), version), nvml)(1)
    assert nvml.users == 0


@pytest.mark.parametrize("version", EVERY_LAYOUT)
def test_the_rest_is_as_before_and_without_nvml(
    release: Release, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    source = published(release, version)
    for code in (source, edited(source, version)):
        function = take(code, None)
        monkeypatch.delenv(VARIABLE, raising=False)
        assert function(3) == 3
        monkeypatch.setenv(VARIABLE, "6, 4")
        assert [function(0), function(1)] == [6, 4]
        monkeypatch.setenv(VARIABLE, "NoDevFiles")
        with pytest.raises(ValueError, match=r"invalid literal for int.*NoDevFiles"):
            function(0)


@pytest.mark.parametrize("version", METHODS)
@pytest.mark.parametrize("platform", ["ROCM", "XPU", "TPU"])
def test_other_platforms_are_left_alone(
    release: Release, monkeypatch: pytest.MonkeyPatch, version: str, platform: str
) -> None:
    function = take(edited(published(release, version), version), None, platform)
    monkeypatch.setenv(VARIABLE, f"5,{FIRST}")
    assert function(0) == 5
    with pytest.raises(ValueError, match=r"invalid literal for int.*GPU-8932f937"):
        function(1)


def test_the_benchmark_asks_for_every_name(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = Nvml()
    nvml.nvmlInit()
    monkeypatch.setenv(VARIABLE, "")  # and put back afterwards
    monkeypatch.setattr(uuid_on_gpu, "seen_by_cuda", lambda: "0000:1c:00.0")
    rows = uuid_on_gpu.check(edited(published(release, "0.23.0"), "0.23.0"), nvml)
    assert [(row["name"], row["found"], row["right"]) for row in rows] == [
        (FIRST, 0, False),
        ("GPU-8932f", 0, False),
        (SECOND, 1, True),
        ("GPU-89320", 1, True),
        (INSTANCE, 1, True),
        (OTHER_INSTANCE, 1, True),
        (THIRD, 2, False),
        ("GPU-1", 2, False),
    ]
    assert nvml.users == 1
