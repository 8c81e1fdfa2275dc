"""What kind of place a node is."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.node import Node, collect
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())


def node(files: dict[str, bytes | str] | None = None, environ: dict[str, str] | None = None) -> Node:
    return collect(FakeHost(files=files or {}, environ=environ or {}), TARGET)


@pytest.mark.parametrize(
    ("files", "system"),
    [
        pytest.param(
            {"/etc/os-release": 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n'}, "Ubuntu 24.04 LTS", id="etc"
        ),
        pytest.param({"/usr/lib/os-release": "PRETTY_NAME=Alpine\n"}, "Alpine", id="usr-lib"),
        pytest.param({"/etc/os-release": "NAME=x\n"}, "unknown", id="no-name"),
        pytest.param({}, "unknown", id="no-file"),
    ],
)
def test_system(files: dict[str, bytes | str], system: str) -> None:
    assert node(files).system == system


def test_kernel_and_libc() -> None:
    found = node({"/proc/sys/kernel/osrelease": "6.8.0-31-generic\n"})
    assert (found.kernel, found.libc) == ("6.8.0-31-generic", "glibc 2.39")
    assert node().kernel == "unknown"


@pytest.mark.parametrize(
    ("files", "environ", "container"),
    [
        pytest.param({"/.dockerenv": ""}, {}, "docker", id="docker"),
        pytest.param({"/run/.containerenv": ""}, {}, "podman", id="podman"),
        pytest.param({"/.dockerenv": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes", id="pod"),
        pytest.param({"/.singularity.d/runscript": ""}, {}, "apptainer", id="apptainer-files"),
        pytest.param({}, {"APPTAINER_CONTAINER": "/verl.sif"}, "apptainer", id="apptainer"),
        pytest.param({}, {"SINGULARITY_CONTAINER": "/verl.sif"}, "apptainer", id="singularity"),
        pytest.param({"/proc/1/cgroup": "0::/kubepods/pod1\n"}, {}, "kubernetes", id="cgroup"),
        pytest.param({"/proc/1/cgroup": "0::/init.scope\n"}, {"container": "lxc"}, "lxc", id="variable"),
        pytest.param({"/proc/1/cgroup": "0::/init.scope\n"}, {}, None, id="bare-metal"),
        pytest.param({}, {}, None, id="no-sign"),
    ],
)
def test_container(files: dict[str, bytes | str], environ: dict[str, str], container: str | None) -> None:
    assert node(files, environ).container == container


@pytest.mark.parametrize(
    ("environ", "scheduler"),
    [
        pytest.param({"SLURM_JOB_ID": "1"}, "slurm", id="slurm"),
        pytest.param({"SLURM_CONF": "/etc/slurm.conf"}, None, id="slurm-installed-only"),
        pytest.param({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes", id="kubernetes"),
        pytest.param({"LSB_JOBID": "1"}, "lsf", id="lsf"),
        pytest.param({"PBS_JOBID": "1"}, "pbs", id="pbs"),
        pytest.param({}, None, id="none"),
    ],
)
def test_scheduler(environ: dict[str, str], scheduler: str | None) -> None:
    assert node(environ=environ).scheduler == scheduler


@pytest.mark.parametrize(
    ("files", "environ", "ray"),
    [
        pytest.param({}, {"RAY_ADDRESS": "10.0.0.1:6379"}, "10.0.0.1:6379", id="variable"),
        pytest.param({"/tmp/ray/ray_current_cluster": "10.0.0.2:6379\n"}, {}, "10.0.0.2:6379", id="file"),
        pytest.param({"/tmp/ray/ray_current_cluster": ""}, {}, None, id="empty-file"),
        pytest.param({"/tmp/ray/session_latest/logs/a": ""}, {}, None, id="old-session"),
    ],
)
def test_ray(files: dict[str, bytes | str], environ: dict[str, str], ray: str | None) -> None:
    assert node(files, environ).ray == ray


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("ray://me:pw@head:10001", "ray://***@head:10001", id="password"),
        pytest.param("ray://head:10001", "ray://head:10001", id="plain"),
        pytest.param("10.0.0.1:6379", "10.0.0.1:6379", id="host"),
    ],
)
def test_address_of_ray_without_its_password(address: str, shown: str) -> None:
    assert node(environ={"RAY_ADDRESS": address}).ray == shown
    assert node({"/tmp/ray/ray_current_cluster": address}).ray == shown
