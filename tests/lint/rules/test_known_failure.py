"""Each known failure that a launch brings about: found, and silent for other releases, values, and what is unknown."""

from __future__ import annotations

import pytest

from tests.facts_of import facts_of
from tests.lint.lines import corrected, edited, launch_of
from verl_doctor import knowledge
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.stated import stated
from verl_doctor.facts.torch import Torch
from verl_doctor.knowledge.launched import cases
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.rules import known_failure
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.model import Severity

MATRIX = load_matrix()
ROLLOUT = "actor_rollout_ref.rollout"
ACTOR = "actor_rollout_ref.actor"


def faults(text: str, versions: str, program: str | None = "verl.trainer.main_ppo", **options: bool) -> list[Fault]:
    told = dict(each.split("==") for each in versions.split())
    return judged(text, stated(told, "told"), program, **options)


def judged(text: str, facts: Facts, program: str | None = "verl.trainer.main_ppo", **options: bool) -> list[Fault]:
    return list(known_failure.ask(launch_of(text, program, **options), facts, MATRIX))


def names(text: str, versions: str, program: str | None = "verl.trainer.main_ppo", **options: bool) -> set[str]:
    return {fault.name for fault in faults(text, versions, program, **options)}


ALLOC = "export PYTORCH_CUDA_ALLOC_CONF="
EXPANDABLE = f"{ALLOC}expandable_segments:True\n"
ALIAS = "export PYTORCH_ALLOC_CONF=expandable_segments:True\n"
SLEEPLESS = f"{ROLLOUT}.free_cache_engine=False\n"
SLEEPING = f"{ROLLOUT}.free_cache_engine=True\n"
GRAPHS = f"{ROLLOUT}.enforce_eager=False\n"
EAGER = f"{ROLLOUT}.enforce_eager=True\n"
VLLM = f"{ROLLOUT}.name=vllm\n"
SGLANG = f"{ROLLOUT}.name=sglang\n"
ASYNC = f"{ROLLOUT}.mode=async\n"
SYNC = f"{ROLLOUT}.mode=sync\n"
MANY = f"{ROLLOUT}.n=8\n"
XFORMERS = "export VLLM_ATTENTION_BACKEND=XFORMERS\n"
STEPS = f"+{ROLLOUT}.engine_kwargs.vllm.num_scheduler_steps=8\n"
MM_CACHE = f"+{ROLLOUT}.engine_kwargs.vllm.disable_mm_preprocessor_cache=True\n"
FUSED = "actor_rollout_ref.model.use_fused_kernels=True\n"
MEGATRON = f"{ACTOR}.strategy=megatron\n"
BRIDGE = f"{ACTOR}.megatron.vanilla_mbridge=False\n"
LORA = "actor_rollout_ref.model.lora_rank=32\n"
ONE_GPU = "trainer.n_gpus_per_node=1\ntrainer.nnodes=1\n"
ULYSSES = f"{ACTOR}.ulysses_sequence_parallel_size=2\n"
EXPERTS = f"{ROLLOUT}.expert_parallel_size=8\n"
CAPTURE = f"{ROLLOUT}.cudagraph_capture_sizes=[1,2,4]\n"

FOUND = [
    ("expandable-segments-assert", EXPANDABLE, "verl==0.5.0 vllm==0.9.1"),
    (
        "expandable-segments-assert",
        f"{ALLOC}max_split_size_mb:64,expandable_segments:True\n",
        "verl==0.4.1 vllm==0.8.5",
    ),
    ("expandable-segments-silent", EXPANDABLE, "verl==0.3.0.post1 vllm==0.7.3"),
    ("alloc-conf-alias", ALIAS, "verl==0.7.0 vllm==0.12.0"),
    ("xformers-backend-leftover", XFORMERS, "verl==0.3.0.post1 vllm==0.8.2"),
    ("vllm-use-v1-zero-leftover", f"export VLLM_USE_V1=0\n{ASYNC}", "verl==0.5.0 vllm==0.8.5"),
    ("vllm-use-v1-zero-leftover", f"export VLLM_USE_V1=0\n{SYNC}", "verl==0.6.0 vllm==0.11.0"),
    ("vllm07-v1-unsupported", "export VLLM_USE_V1=1\n", "verl==0.3.0.post1 vllm==0.7.2"),
    ("cvd-empty", "export CUDA_VISIBLE_DEVICES=-1\n", "verl==0.5.0"),
    ("cvd-uuid", "export CUDA_VISIBLE_DEVICES=GPU-1234\n", "vllm==0.9.1"),
    ("rocr-visible-clash", "export ROCR_VISIBLE_DEVICES=0\nexport CUDA_VISIBLE_DEVICES=0\n", "verl==0.5.0"),
    ("hip-cuda-inconsistent", "export HIP_VISIBLE_DEVICES=1\nexport CUDA_VISIBLE_DEVICES=0\n", "verl==0.5.0"),
    ("noset-visible-devices-old-verl", "export RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES=1\n", "verl==0.3.0.post1"),
    ("global-http-proxy", "export http_proxy=http://proxy:3128\n", "verl==0.5.0"),
    ("nccl-cumem", "export NCCL_CUMEM_ENABLE=1\n", "verl==0.5.0 vllm==0.9.1"),
    ("ray-slurm-register", "export SLURM_JOB_ID=7\n", "verl==0.5.0 ray==2.43.0"),
    ("enforce-eager-free-cache-assert", GRAPHS, "verl==0.4.1"),
    ("enforce-eager-free-cache-assert", GRAPHS + SLEEPING, "verl==0.3.0.post1"),
    ("enforce-eager-true", EAGER, "verl==0.4.1 vllm==0.8.5"),
    ("enforce-eager-true", EAGER, "verl==0.7.0 vllm==0.12.0"),
    ("free-cache-engine-off", SLEEPLESS, "verl==0.5.0 vllm==0.9.1"),
    ("prefix-cache-stale", SLEEPLESS, "verl==0.5.0 vllm==0.9.1"),
    ("sleep-level2-ep", EXPERTS, "verl==0.6.1 vllm==0.10.2"),
    ("rollout-mode-sync-removed", SYNC, "verl==0.7.0"),
    ("torch26-state-dict-oom", f"{ACTOR}.strategy=fsdp2\n", "verl==0.4.1 torch==2.6.0"),
    ("torch26-state-dict-oom", "critic.strategy=fsdp2\n", "verl==0.4.0 torch==2.6.0"),
    ("fsdp2-torch24", f"{ACTOR}.strategy=fsdp2\n", "verl==0.4.1 torch==2.3.1"),
    ("transformers-448-ulysses", ULYSSES, "verl==0.2.0.post2 transformers==4.48.0"),
    ("sync-only", ASYNC, "verl==0.6.1 vllm==0.8.5"),
    ("v0-n-gt1-leak", MANY, "verl==0.4.1 vllm==0.7.2"),
    ("cuda-graph-sizes-cli", CAPTURE, "verl==0.7.0 vllm==0.13.0"),
    ("mm-preprocessor-cache-removed", MM_CACHE, "verl==0.7.0 vllm==0.13.0"),
    ("vllm-v1-lora-engine", LORA + ASYNC, "verl==0.5.0 vllm==0.9.1"),
    ("vllm07-world-size-1", ONE_GPU, "verl==0.2.0.post2 vllm==0.7.2"),
    ("num-scheduler-steps", STEPS, "verl==0.5.0 vllm==0.8.5"),
    ("num-scheduler-steps", STEPS + MANY, "verl==0.4.1 vllm==0.7.3"),
    ("mcore-too-old", FUSED + MEGATRON, "verl==0.6.1 megatron-core==0.12.0"),
]
SILENT = [
    ("expandable-segments-assert", EXPANDABLE, "verl==0.9.1 vllm==0.24.0", "another vLLM"),
    ("expandable-segments-assert", EXPANDABLE, "verl==0.5.0", "vLLM not known"),
    ("expandable-segments-assert", f"{ALLOC}$CONF\n", "verl==0.5.0 vllm==0.9.1", "value not known"),
    ("expandable-segments-assert", f"{ALLOC}expandable_segments:False\n", "verl==0.5.0 vllm==0.9.1", "off"),
    ("expandable-segments-assert", EXPANDABLE + SLEEPLESS, "verl==0.5.0 vllm==0.9.1", "no sleep mode"),
    ("expandable-segments-assert", EXPANDABLE + SGLANG, "verl==0.5.0 vllm==0.9.1", "another engine"),
    ("expandable-segments-silent", EXPANDABLE, "verl==0.5.0 vllm==0.9.1", "another vLLM"),
    ("alloc-conf-alias", ALIAS + SLEEPLESS, "verl==0.7.0 vllm==0.12.0", "no sleep mode"),
    ("xformers-backend-leftover", XFORMERS, "verl==0.3.0.post1 vllm==0.6.3", "right there"),
    ("xformers-backend-leftover", "export VLLM_ATTENTION_BACKEND=FLASH_ATTN\n", "vllm==0.8.2", "another backend"),
    ("vllm-use-v1-zero-leftover", "export VLLM_USE_V1=1\n", "vllm==0.8.5", "1"),
    ("vllm-use-v1-zero-leftover", f"export VLLM_USE_V1=0\n{SYNC}", "verl==0.5.0 vllm==0.8.5", "sync"),
    ("vllm-use-v1-zero-leftover", f"export VLLM_USE_V1=0\n{SYNC}", "vllm==0.10.2", "sync, verl not known"),
    ("vllm-use-v1-zero-leftover", "export VLLM_USE_V1=0\n", "verl==0.5.0 vllm==0.9.1", "sync by default"),
    ("vllm-use-v1-zero-leftover", "export VLLM_USE_V1=0\n", "verl==0.3.0.post1 vllm==0.8.5", "before the key"),
    ("vllm07-v1-unsupported", "export VLLM_USE_V1=1\n", "vllm==0.8.5", "another vLLM"),
    ("cvd-empty", "export CUDA_VISIBLE_DEVICES=0\n", "verl==0.5.0", "a device"),
    ("cvd-uuid", "export CUDA_VISIBLE_DEVICES=GPU-1234\n", "vllm==0.24.0", "cured"),
    ("rocr-visible-clash", "export ROCR_VISIBLE_DEVICES=0\n", "verl==0.5.0", "alone"),
    ("rocr-visible-clash", "export ROCR_VISIBLE_DEVICES=0\nexport CUDA_VISIBLE_DEVICES=$GPUS\n", "verl==0.5.0", "?"),
    ("hip-cuda-inconsistent", "export HIP_VISIBLE_DEVICES=0\nexport CUDA_VISIBLE_DEVICES=0\n", "verl==0.5.0", "equal"),
    ("noset-visible-devices-old-verl", "export RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES=1\n", "verl==0.4.0", "new"),
    ("global-http-proxy", "export http_proxy=http://p:1\nexport no_proxy=localhost\n", "verl==0.5.0", "spared"),
    ("nccl-cumem", "export NCCL_CUMEM_ENABLE=0\n", "verl==0.5.0 vllm==0.9.1", "0"),
    ("ray-slurm-register", "export SLURM_JOB_ID=7\n", "verl==0.5.0", "ray not known"),
    ("enforce-eager-free-cache-assert", GRAPHS, "verl==0.5.0", "no assertion any more"),
    ("enforce-eager-free-cache-assert", GRAPHS + SLEEPLESS, "verl==0.4.1", "right"),
    ("enforce-eager-free-cache-assert", EAGER, "verl==0.4.1", "eager"),
    (
        "enforce-eager-free-cache-assert",
        GRAPHS + f"{ROLLOUT}.free_cache_engine=$FREE\n",
        "verl==0.4.1",
        "value not known",
    ),
    ("enforce-eager-free-cache-assert", GRAPHS + SGLANG, "verl==0.4.1", "another engine"),
    ("enforce-eager-free-cache-assert", GRAPHS + f"{ROLLOUT}.name=$ENGINE\n", "verl==0.4.1", "engine not known"),
    ("enforce-eager-free-cache-assert", GRAPHS, "", "verl not known"),
    ("enforce-eager-free-cache-assert", GRAPHS, "verl==0.4.1.dev7", "default not known"),
    ("enforce-eager-true", EAGER, "verl==0.3.0.post1 vllm==0.6.3", "no sleep mode"),
    ("enforce-eager-true", GRAPHS, "verl==0.7.0 vllm==0.12.0", "graphs"),
    ("enforce-eager-true", EAGER, "verl==0.7.0", "vLLM not known"),
    ("enforce-eager-true", VLLM, "verl==0.5.0 vllm==0.9.1", "by default only"),
    ("free-cache-engine-off", SLEEPLESS, "verl==0.4.1 vllm==0.8.5", "right there"),
    ("free-cache-engine-off", SLEEPING, "verl==0.5.0 vllm==0.9.1", "on"),
    ("free-cache-engine-off", SLEEPLESS + "actor_rollout_ref.hybrid_engine=False\n", "verl==0.7.0", "GPUs of its own"),
    ("free-cache-engine-off", SLEEPLESS + f"{ROLLOUT}.nnodes=1\n", "verl==0.8.0", "nodes of its own"),
    ("prefix-cache-stale", SLEEPLESS + ASYNC, "verl==0.5.0 vllm==0.9.1", "emptied"),
    ("prefix-cache-stale", SLEEPLESS, "verl==0.6.0 vllm==0.11.0", "emptied"),
    ("sleep-level2-ep", EXPERTS, "verl==0.6.1 vllm==0.11.0", "another vLLM"),
    ("sleep-level2-ep", f"{ROLLOUT}.expert_parallel_size=1\n", "verl==0.6.1 vllm==0.10.2", "1"),
    ("rollout-mode-sync-removed", SYNC, "verl==0.6.1", "still there"),
    ("rollout-mode-sync-removed", ASYNC, "verl==0.7.0", "async"),
    ("rollout-mode-sync-removed", f"{ROLLOUT}.mode=$MODE\n", "verl==0.7.0", "value not known"),
    ("torch26-state-dict-oom", f"{ACTOR}.strategy=fsdp2\n", "verl==0.5.0 torch==2.6.0", "cured"),
    ("fsdp2-torch24", f"{ACTOR}.strategy=fsdp\n", "verl==0.4.1 torch==2.3.1", "FSDP1"),
    ("transformers-448-ulysses", ULYSSES, "verl==0.2.0.post2", "transformers not known"),
    ("sync-only", ASYNC, "verl==0.6.1 vllm==0.11.0", "another vLLM"),
    ("sync-only", SYNC, "verl==0.6.1 vllm==0.8.5", "sync"),
    ("v0-n-gt1-leak", MANY, "verl==0.4.1 vllm==0.8.5", "another vLLM"),
    ("v0-n-gt1-leak", f"{ROLLOUT}.n=1\n", "verl==0.4.1 vllm==0.7.2", "1"),
    ("cuda-graph-sizes-cli", f"{ROLLOUT}.cudagraph_capture_sizes=null\n", "verl==0.7.0 vllm==0.13.0", "null"),
    ("cuda-graph-sizes-cli", CAPTURE, "verl==0.7.0 vllm==0.12.0", "another vLLM"),
    ("mm-preprocessor-cache-removed", MM_CACHE, "verl==0.7.0 vllm==0.12.0", "another vLLM"),
    ("vllm-v1-lora-engine", LORA + SYNC, "verl==0.5.0 vllm==0.9.1", "sync"),
    ("vllm07-world-size-1", "trainer.n_gpus_per_node=2\n", "verl==0.2.0.post2 vllm==0.7.2", "two"),
    ("num-scheduler-steps", STEPS.replace("8", "1"), "verl==0.5.0 vllm==0.8.5", "1"),
    ("num-scheduler-steps", STEPS, "verl==0.4.1 vllm==0.7.3", "one sample"),
    ("mcore-too-old", FUSED, "verl==0.6.1 megatron-core==0.12.0", "strategy not known"),
    ("mcore-too-old", FUSED + MEGATRON, "verl==0.6.1 megatron-core==0.13.0", "new"),
]
NEEDS_A_NODE = {"sleep-unsupported-platform", "zmq-lock-permission", "megatron-bridge-missing"}


@pytest.mark.parametrize(("name", "text", "versions"), FOUND, ids=[f"{row[0]}-{row[2]}" for row in FOUND])
def test_found(name: str, text: str, versions: str) -> None:
    fault = next(each for each in faults(text, versions) if each.name == name)
    failure = next(each for each in knowledge.load() if each.name == name)
    assert (fault.id, fault.severity) == (failure.id, failure.severity)
    assert fault.message.startswith(failure.texts.title)
    assert fault.remedy.text
    assert fault.sources
    assert fault.setting.written in text


@pytest.mark.parametrize(("name", "text", "versions", "why"), SILENT, ids=[f"{row[0]}-{row[3]}" for row in SILENT])
def test_silent(name: str, text: str, versions: str, why: str) -> None:
    assert name not in names(text, versions), why


@pytest.mark.parametrize(("name", "text", "versions"), FOUND, ids=[f"{row[0]}-{row[2]}" for row in FOUND])
def test_correction_leaves_nothing(name: str, text: str, versions: str) -> None:
    fault = next(each for each in faults(text, versions) if each.name == name)
    if fault.edits or fault.beside:
        assert name not in names(corrected(text, fault), versions)


def test_every_failure_that_can_be_judged_has_a_row() -> None:
    judged = {failure.name for failure in knowledge.load() if any(not c.spares for c in cases(failure.launch))}
    assert judged - {name for name, _, _ in FOUND} == NEEDS_A_NODE


def test_one_value_of_several_goes() -> None:
    text = f"{ALLOC}max_split_size_mb:64,expandable_segments:True\n"
    fault = next(iter(faults(text, "verl==0.4.1 vllm==0.8.5")))
    assert edited(text, fault.edits) == f"{ALLOC}max_split_size_mb:64\n"


def test_a_default_that_may_be_set_elsewhere_makes_it_milder() -> None:
    certain, assumed = (faults(GRAPHS, "verl==0.4.1", takes_more=more)[0] for more in (False, True))
    assert (certain.severity, assumed.severity) == (Severity.ERROR, Severity.WARNING)
    assert "unless it is set from elsewhere" in assumed.message
    assert "unless" not in certain.message


def test_what_is_written_stays_what_it_is_where_more_may_come() -> None:
    (fault,) = faults(SYNC, "verl==0.7.0", takes_more=True)
    assert fault.severity is Severity.ERROR


def test_missing_variables_are_not_blamed_on_a_launch_that_takes_more() -> None:
    text = "export http_proxy=http://proxy:3128\n"
    assert names(text, "verl==0.5.0", takes_more=True) == set()


@pytest.mark.parametrize("program", ["verl.trainer.fsdp_sft_trainer", "verl.trainer.main_eval", "train.py"])
def test_programs_without_rollouts_are_left_alone(program: str) -> None:
    assert names(EXPANDABLE, "verl==0.5.0 vllm==0.9.1", program) == set()


def test_a_fragment_without_a_program_may_be_for_training() -> None:
    assert names(EXPANDABLE, "verl==0.5.0 vllm==0.9.1", None) == {"expandable-segments-assert"}


def test_the_node_tells_what_versions_do_not() -> None:
    torch = Torch(version="2.7.0+rocm6.3", flavour="rocm", location="/opt/venv/torch", hip="6.3")
    rocm = facts_of({"verl": "0.5.0", "vllm": "0.9.1"}, torch=torch)
    assert "sleep-unsupported-platform" in {fault.name for fault in judged(SLEEPING, rocm)}
    assert "sleep-unsupported-platform" not in {fault.name for fault in judged(SLEEPLESS, rocm)}
    bridge = {"verl": "0.8.0", "megatron-core": "0.15.0"}
    assert [fault.name for fault in judged(BRIDGE + MEGATRON, facts_of(bridge))] == ["megatron-bridge-missing"]
    assert not judged(BRIDGE + MEGATRON, facts_of(bridge | {"megatron-bridge": "0.4.0"}))
    assert not faults(BRIDGE + MEGATRON, "verl==0.8.0 megatron-core==0.15.0")


def test_a_checkout_has_no_known_defaults() -> None:
    facts = stated({"verl": "0.4.1"}, "told")
    assert judged(GRAPHS, facts)
    assert not judged(GRAPHS, facts, "recipe.own.main")
