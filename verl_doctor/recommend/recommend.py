"""From a machine and a wish to ranked stacks, each with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from verl_doctor.matrix.machine import OLDEST_FOR_BFLOAT16, Machine, obstacles
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.rows import Proof, Settings, Stack
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Source
from verl_doctor.recommend.commands import Commands, commands
from verl_doctor.recommend.wish import Answer, answers, kept, spelled

TODAY = "today"
RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Who vouches for a stack: by what kind of proof, seen on which day, and where to find it."""

    by: str
    date: str | None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A stack that fits, for the Python it is to be installed on; flash-attn only for GPUs that run it."""

    stack: Stack
    python: str
    why: tuple[str, ...]
    flash_attn: str | None
    verified: tuple[Evidence, ...]
    settings: Settings | None
    commands: Commands


@dataclass(frozen=True, slots=True)
class Unfit:
    """A stack that would be meant, and why it cannot run there."""

    stack: Stack
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What is said to a wish on a machine: the stacks that fit, the best first, and those that do not."""

    machine: Machine
    wish: Mapping[str, str]
    answers: tuple[Answer, ...]
    stacks: tuple[Advice, ...]
    unfit: tuple[Unfit, ...]
    instead: Stack | None
    """Where no stack fits: the best one for this machine without the wish, else on another Python."""

    @property
    def is_fulfilled(self) -> bool:
        """Say whether one of the stacks that fit has all that was asked for."""
        return any(len(kept(advice.stack, self.wish)) == len(self.wish) for advice in self.stacks)


def recommend(machine: Machine, wish: Mapping[str, str], matrix: Matrix) -> Recommendation:
    """Return the stacks for a machine and the releases asked for."""
    fitting = matrix.ranked_stacks(wish, machine)
    judged = ((stack, tuple(obstacles(stack, machine, matrix))) for stack in matrix.ranked_stacks(wish))
    return Recommendation(
        machine=machine,
        wish=wish,
        answers=(*_on_the_accelerator(machine), *_on_the_driver(machine, matrix), *answers(wish, matrix)),
        stacks=tuple(_advice(stack, machine, wish, matrix) for stack in fitting),
        unfit=tuple(Unfit(stack, reasons) for stack, reasons in judged if reasons),
        instead=None if fitting else _instead(machine, matrix),
    )


def _instead(machine: Machine, matrix: Matrix) -> Stack | None:
    here = matrix.ranked_stacks({}, machine) or matrix.ranked_stacks({}, replace(machine, python=None))
    return here[0] if here else None


def _advice(stack: Stack, machine: Machine, wish: Mapping[str, str], matrix: Matrix) -> Advice:
    python = ".".join(machine.python.split(".")[:2]) if machine.python else stack.python
    proof = _proof(stack, python, matrix)
    flash_attn = None if any(_is_without_bfloat16(capability) for _, capability in machine.gpus) else stack.flash_attn
    return Advice(
        stack=stack,
        python=python,
        why=(
            *_on_the_wish(stack, wish),
            *_on_the_versions(stack),
            *_on_the_proof(proof, python),
            *_on_the_machine(stack, machine, matrix),
            *filter(None, (stack.note,)),
        ),
        flash_attn=flash_attn,
        verified=tuple(_verified(stack, proof)),
        settings=matrix.settings(stack.pins["verl"], stack.pins["vllm"]),
        commands=commands(stack, python, flash_attn),
    )


def _on_the_accelerator(machine: Machine) -> Iterator[Answer]:
    """Yield what verl says of an accelerator that no stack is for."""
    if found := machine.accelerator:
        yield Answer(
            f"{found.name} is made by {found.maker.name}; the stacks here are for NVIDIA's GPUs. {found.maker.says}.",
            found.maker.sources,
        )


def _on_the_driver(machine: Machine, matrix: Matrix) -> Iterator[Answer]:
    """Yield which of driver and CUDA counts where both are described and they do not agree: the lower."""
    driver, cuda = machine.driver, machine.cuda
    if driver is None or cuda is None:
        return
    newest = matrix.newest_cuda(driver)
    for needed in (matrix.toolkit_driver(cuda), matrix.driver_minimum(cuda)):
        if needed and satisfies(driver, f"<{needed.driver}"):
            yield Answer(
                f"driver {driver} is too old for the CUDA {cuda} of --cuda: the driver counts.", needed.sources
            )
            return
    if newest and satisfies(cuda, f"<{newest}"):
        yield Answer(f"driver {driver} supports CUDA {newest}, --cuda says {cuda}: the lower counts, CUDA {cuda}.", ())


def _is_without_bfloat16(capability: str) -> bool:
    return satisfies(capability, f"<{OLDEST_FOR_BFLOAT16}") is True


def _proof(stack: Stack, python: str, matrix: Matrix) -> Proof | None:
    return next((p for p in matrix.proofs(stack.name) if (p.python, p.index) == (python, TODAY)), None)


def _verified(stack: Stack, proof: Proof | None) -> Iterator[Evidence]:
    """Yield who vouches for a stack, the strongest first."""
    for kind in stack.verified:
        source = _source(stack, kind)
        yield Evidence(by=kind, date=source.date if source else None, reference=source.reference if source else "")
    if proof and proof.refusal is None:
        reference = f"uv pip compile of its pins, Python {proof.python}, Linux x86-64, glibc {stack.glibc}"
        yield Evidence(by=RESOLVED, date=proof.date, reference=reference)


def _source(stack: Stack, kind: str) -> Source | None:
    return next((source for source in reversed(stack.sources) if source.kind == kind), None)


def _on_the_wish(stack: Stack, wish: Mapping[str, str]) -> Iterator[str]:
    fulfilled = kept(stack, wish)
    if fulfilled:
        yield f"has what you asked for: {', '.join(f'{spelled(name)} {stack.pins[name]}' for name in fulfilled)}"
    for name in wish:
        if name not in fulfilled:
            yield f"{spelled(name)} {stack.pins[name]} instead of {wish[name]}"


def _on_the_versions(stack: Stack) -> Iterator[str]:
    verl, vllm = (f"{spelled(name)} {stack.pins[name]}" for name in ("verl", "vllm"))
    for kind in stack.verified:
        match kind:
            case "measured":
                source = _source(stack, kind)
                yield f"measured: {source.reference}" if source else "measured on a GPU"
            case "metadata":
                yield f"{vllm} is inside what the metadata of {verl} declares"
            case "image":
                yield f"a container image of verl for this release has {vllm}"
            case "documentation":
                yield f"the documentation of {verl} names {vllm}"
            case _:
                yield f"nobody upstream vouches for {verl} with {vllm}: inferred from what was current then"


def _on_the_proof(proof: Proof | None, python: str) -> Iterator[str]:
    if proof is None:
        yield f"whether its pins resolve for Python {python} was not tried"
    elif proof.refusal is None:
        yield f"its pins resolve together for Python {python} (tried on {proof.date})"


def _on_the_machine(stack: Stack, machine: Machine, matrix: Matrix) -> Iterator[str]:
    toolkit = matrix.toolkit_driver(stack.cuda)
    if machine.driver and toolkit and satisfies(machine.driver, f"<{toolkit.driver}"):
        yield (
            f"driver {machine.driver} is older than that of CUDA {stack.cuda} ({toolkit.driver}), but runs it through "
            f"minor-version compatibility (from {stack.min_driver} on; PTX excepted)"
        )
    elif machine.driver:
        yield f"driver {machine.driver} runs CUDA {stack.cuda}"
    elif machine.cuda:
        yield f"a driver that supports CUDA {machine.cuda} runs CUDA {stack.cuda}"
    else:
        yield f"not judged: the driver; it must be {stack.min_driver} or newer"
    if not machine.gpus:
        yield "not judged: the GPU"
    for name, capability in machine.gpus:
        yield f"torch {stack.pins['torch']} holds code for {name} (compute capability {capability})"
        if _is_without_bfloat16(capability):
            yield (
                f"{name} has no bfloat16, which verl uses unless its settings say float16 "
                f"(actor_rollout_ref.rollout.dtype), and flash-attn 2 does not run on it: both need compute capability "
                f"{OLDEST_FOR_BFLOAT16}; flash-attn is left out"
            )
