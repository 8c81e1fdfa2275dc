"""On which GPUs the machine code in a build runs."""

from __future__ import annotations


def runs_on(arch: str, capability: str) -> bool:
    """Say whether code for `arch` ("sm_86", "sm_90a", "compute_90") runs on a GPU of `capability` ("9.0")."""
    kind, _, number = arch.partition("_")
    specific = not number.isdigit()
    digits = number.rstrip("af")
    built, gpu = (int(digits[:-1]), int(digits[-1])), tuple(map(int, capability.split(".")))
    if kind == "compute":
        return built <= gpu
    return built == gpu if specific else built[0] == gpu[0] and built <= gpu
