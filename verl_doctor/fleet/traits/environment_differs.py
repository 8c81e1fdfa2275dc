"""Environment variables that matter to training differ between nodes.

Ray's workers inherit the environment of `ray start` on their own node, not that of the driver, so a variable that was
exported in one shell is missing elsewhere. NCCL_*, VLLM_*, PYTORCH_* and CUDA_* change what is computed and how nodes
connect. Variables that belong to one node (ranks, its address, its scratch folder) are not compared, and the node's own
name within a value does not count. Set the variable on all nodes before `ray start`, or in the job's runtime
environment (`ray_kwargs.ray_init.runtime_env.env_vars` of verl).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD835"
NAME: Final = "environment-differs"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.NODE
WHY: Final = (
    "Ray's workers inherit the variables of `ray start` on their own node, so ranks of one job run with "
    "different settings."
)
CURE: Final = "Set it alike on all nodes before `ray start`, or in the job's runtime environment."
ABSENT: Final = "not set"
SOURCES: Final = (
    Source(
        kind="documentation",
        reference="https://docs.ray.io/en/latest/ray-observability/user-guides/debug-apps/general-debugging.html",
        date="2026-11-26",
    ),
)


_OF_ONE_NODE: Final = re.compile(
    r"SLURM_\w+|(LOCAL_)?(RANK|WORLD_SIZE)|MASTER_PORT|TMPDIR|\w*HOST_IP|NODE_RANK"
    r"|RAY_(?!DEDUP|DEBUG|LOG|memory|object|backend|CGRAPH|health|DEFAULT|TMPDIR|ADDRESS)\w*"
)
"""What a scheduler or Ray sets for one node or process."""
_UUID: Final = re.compile(r"(?:GPU|MIG)-[0-9a-f-]+")


def observe(env: Mapping[str, str]) -> Iterator[Observed]:
    """Yield the variables; of GPUs named by their UUIDs only how many there are."""
    for name, value in env.items():
        if not _OF_ONE_NODE.fullmatch(name):
            yield name, _UUID.sub("GPU-...", value)
