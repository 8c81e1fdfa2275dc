"""Limits of a process, its control groups and its node."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost, Limit, Space
from verl_doctor.facts.limits import collect
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())
CGROUPS = "/sys/fs/cgroup"
V1 = "9:name=systemd:/\n5:cpu,cpuacct:/job\n4:memory:/job\n0::/\n"


def test_what_the_system_tells() -> None:
    host = FakeHost(
        files={"/proc/meminfo": "MemTotal:       24684096 kB\nMemAvailable:   100 kB\nHugePages_Total:  0\n\n"},
        limits={"RLIMIT_NOFILE": Limit(1024, 4096), "RLIMIT_NPROC": Limit(None, None), "RLIMIT_MEMLOCK": Limit(64, 64)},
        spaces={"/dev/shm": Space(total=64, free=60)},
    )
    found = collect(host, TARGET)
    assert found.shm == Space(total=64, free=60)
    assert (found.open_files, found.processes) == (Limit(1024, 4096), Limit(None, None))
    assert found.locked_memory == Limit(64, 64)
    assert (found.memory_total, found.memory_available) == (24684096 * 1024, 100 * 1024)
    assert (found.cgroup_memory, found.cpus) == (None, 8)


def test_what_the_system_does_not_tell_is_none() -> None:
    found = collect(FakeHost(), TARGET)
    assert (found.shm, found.memory_total, found.memory_available) == (None, None, None)


@pytest.mark.parametrize(
    ("files", "memory"),
    [
        pytest.param({"/a/b/memory.max": "100\n"}, 100, id="own-group"),
        pytest.param({"/a/b/memory.max": "max\n", "/a/memory.max": "50\n"}, 50, id="group-above"),
        pytest.param({"/a/b/memory.max": "10\n", "/a/memory.max": "50\n"}, 10, id="smallest-counts"),
        pytest.param({"/memory.max": "70\n"}, 70, id="container-sees-its-root"),
        pytest.param({"/a/b/memory.max": "max\n"}, None, id="no-limit"),
        pytest.param({"/other/memory.max": "5\n"}, None, id="other-group"),
    ],
)
def test_cgroup_v2_memory(files: dict[str, str], memory: int | None) -> None:
    found = {f"{CGROUPS}{name}": text for name, text in files.items()}
    assert collect(FakeHost(files={"/proc/self/cgroup": "0::/a/b\n", **found}), TARGET).cgroup_memory == memory


@pytest.mark.parametrize(
    ("limit", "memory"),
    [
        pytest.param("100\n", 100, id="limit"),
        pytest.param("9223372036854771712\n", None, id="no-limit"),
    ],
)
def test_cgroup_v1_memory(limit: str, memory: int | None) -> None:
    files: dict[str, bytes | str] = {
        "/proc/self/cgroup": V1,
        f"{CGROUPS}/memory/job/memory.limit_in_bytes": limit,
        f"{CGROUPS}/cpu,cpuacct/job/memory.limit_in_bytes": "5",
    }
    assert collect(FakeHost(files=files), TARGET).cgroup_memory == memory


@pytest.mark.parametrize(
    ("groups", "files", "cpus"),
    [
        pytest.param("0::/a\n", {"/a/cpu.max": "250000 100000\n"}, 2, id="v2-quota"),
        pytest.param("0::/a\n", {"/a/cpu.max": "50000 100000\n"}, 1, id="v2-less-than-one"),
        pytest.param("0::/a\n", {"/a/cpu.max": "max 100000\n"}, 8, id="v2-no-quota"),
        pytest.param("0::/a\n", {"/a/cpu.max": "6400000 100000\n"}, 8, id="v2-more-than-there-are"),
        pytest.param("0::/a\n", {"/a/cpu.max": "100000 0\n"}, 8, id="v2-nonsense"),
        pytest.param(
            V1,
            {"/cpu,cpuacct/job/cpu.cfs_quota_us": "400000\n", "/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n"},
            4,
            id="v1-quota",
        ),
        pytest.param(
            V1,
            {"/cpu,cpuacct/job/cpu.cfs_quota_us": "-1\n", "/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n"},
            8,
            id="v1-no-quota",
        ),
    ],
)
def test_processors_by_quota(groups: str, files: dict[str, str], cpus: int) -> None:
    found = {f"{CGROUPS}{name}": text for name, text in files.items()}
    assert collect(FakeHost(files={"/proc/self/cgroup": groups, **found}), TARGET).cpus == cpus
