"""The probes of the smoke test as entries: what each does, when it is tried, and what to do where it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from verl_doctor.explain.entry import Cure, Entry
from verl_doctor.model import Layer
from verl_doctor.smoke.probes import PROBES, Probe
from verl_doctor.smoke.sessions import BENCH, FIRST

BY_TRYING: Final = ("smoke test",)
"""How what a probe shows is found."""

_NAMES: Final = ("torch", "flash-attn")
"""How a sentence may begin without a capital."""


@dataclass(frozen=True, slots=True)
class _Page:
    """What a probe does and why that matters to verl, and what to look at where it fails."""

    does: str
    cure: str


_PAGES: Final[Mapping[str, _Page]] = {
    "import-vllm": _Page(
        "A new process imports torch, then vLLM. Where that fails, nothing else can be tried.",
        "`verl-doctor check --deep` names the package that does not fit; the last line of the detail is the error.",
    ),
    "arithmetic": _Page(
        "Every GPU that is visible multiplies matrices of small whole numbers, whose product is known exactly. A torch "
        "without kernels for this GPU, or a broken GPU, shows here, apart from vLLM.",
        "`verl-doctor check` says whether torch, the driver and the GPU fit each other. If they do, try the GPU that "
        "is named alone, with CUDA_VISIBLE_DEVICES, and look at dmesg for its Xid errors.",
    ),
    "bin-checkpoint": _Page(
        "An engine in sleep mode, which verl always has on, loads a checkpoint in torch's own format. The probes after "
        "it use the same engine.",
        "Apply the patch where it is missing; a checkpoint in safetensors avoids the failure, too.",
    ),
    "rollout": _Page(
        "The engine generates greedily after one prompt, then after eight of different lengths at once, and every "
        "token is compared. Wrong tokens mean that a training would learn from answers that the model did not give.",
        "Where the engine did not start, the reason is its error. Where tokens are wrong, try --probe eager-rollout at "
        "--level full: if that is right, CUDA graphs are at fault.",
    ),
    "cuda-graphs": _Page(
        "The launches of CUDA graphs during one generation are counted, and the speed is measured. An engine that has "
        "fallen back to eager mode answers right, but slowly.",
        "See what the engine printed about graphs and compilation, and whether a variable, such as "
        "TORCHDYNAMO_DISABLE, switches compilation off.",
    ),
    "sampling": _Page(
        "Eight samples of each prompt (`n=8`), in twelve rounds; the objects that Python keeps after each are counted. "
        "With rollout.n above 1 an engine that keeps them fills the memory of the node in the course of a training.",
        "Apply the patch where it is missing, or take a release that has the fix.",
    ),
    "sleep": _Page(
        "The engine sleeps and wakes at each level that this vLLM has; how much memory is free meanwhile is measured, "
        "and it answers again. verl trains in the memory that a sleeping engine gives back.",
        "Where memory does not come back, see that no other process takes it meanwhile; `verl-doctor check` knows the "
        "settings with which an engine in sleep mode does not start.",
    ),
    "weight-sync": _Page(
        "New weights are sent as verl sends them after each step, and the answers have to become those of the new "
        "weights; then the first ones again. Stale weights make a training off-policy without a word.",
        "See the error of the engine's load_weights; `verl-doctor check` knows which verl and vLLM do not fit.",
    ),
    "tensordict-batch": _Page(
        "A rollout batch is put into a TensorDict, split, joined, and sent to another process and back, as verl's "
        "workers do with it.",
        "`verl-doctor check` says which tensordict the installed verl takes.",
    ),
    "flash-attention": _Page(
        "flash-attn's forward pass is compared with plain attention on the GPU. verl's trainer uses it, vLLM its own.",
        "Install the build of flash-attn for the installed torch and CUDA; `verl-doctor check` says what does not fit.",
    ),
    "eager-rollout": _Page(
        "The rollout with an engine without CUDA graphs; that there really are none is counted. Its speed is what that "
        "of `cuda-graphs` is compared with.",
        "Where `rollout` passes and this does not, the engine is wrong only without graphs: its error says where.",
    ),
    "all-reduce": _Page(
        "One process for each visible GPU; they add numbers together, through NCCL where there are GPUs. The sum is "
        "known, and the speed is measured. A hang ends at the probe's deadline.",
        "Try again with NCCL_DEBUG=INFO: the last lines say which link or interface NCCL chose.",
    ),
    "world-larger-than-engine": _Page(
        "torch.distributed holds two ranks before an engine of one GPU is made on each, as in verl's workers.",
        "Apply the patch that is missing.",
    ),
    "one-gpu-per-rank": _Page(
        "One engine spans two ranks that each see one GPU and are told LOCAL_RANK=0, which is what Ray gives to verl's "
        "workers.",
        "Apply the patch where it is missing.",
    ),
    "throughput": _Page(
        "64 prompts of 128 tokens at once, 512 tokens generated after each, with CUDA graphs: a model of Qwen2-7B's "
        "shape with made-up weights, or --model.",
        "See the error of the engine. Where the memory does not do, give it a larger part with --gpu-memory.",
    ),
    "eager-throughput": _Page(
        "The batch of `throughput` without CUDA graphs: the difference is what graphs are worth here.",
        "See the error of the engine. Where the memory does not do, give it a larger part with --gpu-memory.",
    ),
}


@cache
def probes() -> tuple[Entry, ...]:
    """Return an entry for each probe, in the order in which they are tried."""
    return tuple(map(_entry, PROBES.values()))


def _entry(probe: Probe) -> Entry:
    page = _PAGES[probe.name]
    option = _option(probe.name)
    again = f"verl-doctor smoke-test {option} --probe {probe.name}"
    held = f"With --model: {probe.own}." if probe.own else ""
    proved = (
        f"It fails without the patch {' or '.join(probe.proves)}, where a release needs that." if probe.proves else ""
    )
    deadline = f"It is tried with {option} and has {probe.deadline:.0f} seconds."
    commands = (*(f"verl-doctor patch --apply {patch}" for patch in probe.proves), again)
    return Entry(
        id=probe.name,
        name=probe.name,
        kind="probe",
        layer=Layer.ENGINE,
        severity=None,
        title=probe.shows if probe.shows.startswith(_NAMES) else f"{probe.shows[0].upper()}{probe.shows[1:]}",
        text="\n\n".join(part for part in (page.does, held, proved, deadline) if part),
        found_by=BY_TRYING,
        cures=(Cure(when=(), text=page.cure, commands=commands, patch=None),),
    )


def _option(name: str) -> str:
    """Return the option with which a smoke test tries a probe, where it can."""
    return "--level quick" if name in FIRST else "--bench" if name in BENCH else "--level full"
