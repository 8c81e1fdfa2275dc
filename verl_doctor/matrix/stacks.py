"""Ranks the recommended stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from packaging.version import Version

from verl_doctor.errors import DataError
from verl_doctor.matrix.rows import Stack, Window
from verl_doctor.matrix.specifiers import satisfies, version_of


def ranked(
    stacks: Sequence[Stack], windows: Callable[[], Sequence[Window]], wanted: Mapping[str, str]
) -> Iterable[Stack]:
    """Return the stacks that go with these versions: first what keeps the most of them, then what is vouched for.

    Among equals the order stays: the newest verl, its first choice.
    """
    possible = list(stacks)
    if "verl" in wanted:
        possible = _of_release(possible, wanted["verl"])
    elif "vllm" in wanted:
        vllm = wanted["vllm"]
        same = [s for s in possible if _has(s, "vllm", vllm)] or [s for s in possible if _is_build_of(s, vllm)]
        possible = same or _for_vllm(possible, windows(), vllm)
    elif "torch" in wanted:
        possible = [s for s in possible if _has(s, "torch", wanted["torch"])]
    kept = [(name, wanted[name]) for name in ("vllm", "torch", "tensordict") if name in wanted]
    return sorted(
        possible,
        key=lambda stack: ([_has(stack, *pair) for pair in kept], "verl" in wanted or stack.is_vouched_for),
        reverse=True,
    )


def parsed(version: str) -> Version:
    """Return a version that the matrix names. Raises DataError where it is none."""
    found = version_of(version)
    if found is None:
        raise DataError(f"The stacks name {version!r}, which is no version.")
    return found


def _of_release(stacks: Sequence[Stack], verl: str) -> list[Stack]:
    """Return the stacks of a verl release, or of its series (0.8 for 0.8.0.dev0)."""
    wanted = version_of(verl)
    if wanted is None:
        return []
    series = [s for s in stacks if parsed(s.pins["verl"]).release[:2] == (*wanted.release, 0)[:2]]
    return [s for s in series if _has(s, "verl", verl)] or series


def _is_build_of(stack: Stack, vllm: str) -> bool:
    """Say whether a vLLM is a later build of the stack's release: 0.12.0.post2 of 0.12.0."""
    wanted = version_of(vllm)
    return wanted is not None and wanted.release == parsed(stack.pins["vllm"]).release and not wanted.is_prerelease


def _for_vllm(stacks: Sequence[Stack], windows: Sequence[Window], vllm: str) -> list[Stack]:
    """Return the stacks of the newest verl that can import and use this vLLM.

    One that declares it goes before, one whose documentation says to avoid it comes last.
    """
    usable = [w for w in reversed(windows) if satisfies(vllm, w.imports) and satisfies(vllm, w.usable)]

    def order(window: Window) -> tuple[bool, bool]:
        is_avoided = window.avoided is not None and satisfies(vllm, window.avoided) is True
        return is_avoided, satisfies(vllm, window.declared) is not True

    for window in sorted(usable, key=order):
        if found := [stack for stack in stacks if stack.pins["verl"] == window.verl]:
            return found
    return []


def _has(stack: Stack, name: str, version: str) -> bool:
    return satisfies(version, f"=={stack.pins[name]}") is True
