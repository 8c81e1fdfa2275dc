"""What kind of place this is: system, container, scheduler, Ray."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.facts import secrets
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 2.0

_CONTAINER_FILES: Final = {
    "/.dockerenv": "docker",
    "/run/.containerenv": "podman",
    "/.singularity.d": "apptainer",
}
_CONTAINER_VARIABLES: Final = {
    "KUBERNETES_SERVICE_HOST": "kubernetes",
    "APPTAINER_CONTAINER": "apptainer",
    "SINGULARITY_CONTAINER": "apptainer",
    "ENROOT_ROOTFS": "enroot",
}
_CONTAINER_GROUPS: Final = {"kubepods": "kubernetes", "docker": "docker", "libpod": "podman", "lxc": "lxc"}
_SCHEDULERS: Final = {
    "SLURM_JOB_ID": "slurm",
    "KUBERNETES_SERVICE_HOST": "kubernetes",
    "LSB_JOBID": "lsf",
    "PBS_JOBID": "pbs",
    "FLUX_JOB_ID": "flux",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The node's system and C library, and the signs of what it runs under.

    `container` is "docker", "kubernetes", "apptainer" and the like, `scheduler` "slurm", "kubernetes" and the like,
    `ray` the address of a Ray cluster; `host` the node's own name. None where there is no sign.
    """

    system: str
    kernel: str
    libc: str | None
    container: str | None
    scheduler: str | None
    ray: str | None
    host: str | None = None


def collect(host: Host, target: Target) -> Node:
    """Return what the files and variables of this node tell."""
    del target
    ray = host.environ.get("RAY_ADDRESS") or _line(host, "/tmp/ray/ray_current_cluster")  # noqa: S108 - Ray's file
    return Node(
        system=_system(host),
        kernel=_line(host, "/proc/sys/kernel/osrelease") or "unknown",
        libc=host.libc(),
        container=_container(host),
        scheduler=next((name for variable, name in _SCHEDULERS.items() if variable in host.environ), None),
        ray=secrets.text(ray) if ray else None,
        host=_line(host, "/proc/sys/kernel/hostname"),
    )


def _system(host: Host) -> str:
    for file in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            text = host.read(Path(file), 2**14).decode("utf-8", "replace")
        except OSError:
            continue
        for line in text.splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip("\"'")
    return "unknown"


def _container(host: Host) -> str | None:
    for variable, name in _CONTAINER_VARIABLES.items():
        if variable in host.environ:
            return name
    for file, name in _CONTAINER_FILES.items():
        if host.is_file(Path(file)) or host.is_dir(Path(file)):
            return name
    try:
        groups = host.read(Path("/proc/1/cgroup"), 2**14).decode("ascii", "replace")
    except OSError:
        groups = ""
    return next((name for sign, name in _CONTAINER_GROUPS.items() if sign in groups), host.environ.get("container"))


def _line(host: Host, file: str) -> str | None:
    try:
        return host.read(Path(file), 2**10).decode("utf-8", "replace").strip() or None
    except OSError:
        return None
