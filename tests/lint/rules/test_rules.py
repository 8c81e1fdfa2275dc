"""Each rule: finds it, and is silent for another release, a fine value, one that is not known, and unknown versions."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

from tests.facts_of import facts_of, gpu_of
from tests.lint.lines import PPO, corrected, launch_of
from tests.lint.reading import document
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.stated import stated
from verl_doctor.lint import rules
from verl_doctor.lint.fault import Fault
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.model import Severity

MATRIX = load_matrix()
RULES = {
    module.NAME: module
    for found in pkgutil.iter_modules(rules.__path__)
    for module in [importlib.import_module(f"{rules.__name__}.{found.name}")]
}
ROLLOUT = "actor_rollout_ref.rollout"
ACTOR = "actor_rollout_ref.actor"
ENGINE = f"{ROLLOUT}.engine_kwargs.vllm"
EIGHT = "trainer.n_gpus_per_node=8\ntrainer.nnodes=1\n"
TENSOR = f"{ROLLOUT}.tensor_model_parallel_size"
TOKENS = f"{ROLLOUT}.max_num_batched_tokens"
LONG = "data.max_prompt_length=8192\ndata.max_response_length=8192\n"
SHARE = f"{ROLLOUT}.gpu_memory_utilization"
SIZES = f"{ROLLOUT}.cudagraph_capture_sizes=[1,2]\n"
ULYSSES = f"{ACTOR}.ulysses_sequence_parallel_size=2\n"
BATCH = "data.train_batch_size"
MINI = f"{ACTOR}.ppo_mini_batch_size"
MICRO = f"{ACTOR}.ppo_micro_batch_size_per_gpu"
VLLM = f"{ROLLOUT}.name=vllm\n"
EXPERTS = f"{ROLLOUT}.expert_parallel_size=4\n{TENSOR}=2\n{ROLLOUT}.data_parallel_size=1\n"

FOUND: list[tuple[str, str, str, str]] = [
    ("unknown-verl-key", "trainer.n_gpu_per_node=8\n", "verl==0.5.0", "trainer.n_gpus_per_node"),
    ("unknown-verl-key", "trainer.val_generations_to_log_to_wandb=1\n", "verl==0.4.0", "trainer.log_val_generations"),
    ("unknown-verl-key", "trainer.log_val_generations=1\n", "verl==0.3.0.post1", "val_generations_to_log_to_wandb"),
    ("unknown-verl-key", f"{ROLLOUT}.enable_prefix_caching=False\n", "verl==0.5.0", "verl 0.6.0 and newer has it"),
    ("unknown-verl-key", f"{ACTOR}.fsdp_config.grad_offload=False\n", "verl==0.7.0", "0.2.0.post2 and older"),
    ("unknown-verl-key", "~trainer.gone=1\n", "verl==0.5.0", "Could not delete"),
    ("unknown-verl-key", f"{ACTOR}.checkpoint.contents=[model]\n", "verl==0.5.0", "save_contents"),
    ("unknown-verl-key", "completely.different=$X\n", "verl==0.5.0", "Remove the setting"),
    ("value-of-another-kind", f"{ROLLOUT}.enforce_eager=Flase\n", "verl==0.5.0", "has True or False there"),
    ("value-of-another-kind", "trainer.total_epochs=ten\n", "verl==0.5.0", "has a number there"),
    ("plus-missing", f"{ENGINE}.max_lora_rank=8\n", "verl==0.6.0", "Put a + before it"),
    ("plus-missing", f"{ENGINE}.swap_space=8\n", "verl==0.6.0", "0.4.0 to 0.5.0"),
    ("plus-missing", "actor_rollout_ref.model.override_config.attn_implementation=eager\n", "verl==0.5.0", "Put a +"),
    ("plus-refused", "+trainer.val_before_train=False\n", "verl==0.4.0", "True by default"),
    ("plus-refused", f"+{TENSOR}=2\n", "verl==0.5.0", "Remove the +"),
    ("unknown-vllm-option", f"+{ENGINE}.use_v2_block_manager=True\n", "verl==0.7.0 vllm==0.12.0", "no option"),
    ("unknown-vllm-option", f"+{ENGINE}.max_num_seq=8\n", "verl==0.7.0 vllm==0.12.0", "max_num_seqs"),
    ("unknown-vllm-option", f"+{ENGINE}.async_scheduling=False\n", "verl==0.5.0 vllm==0.8.5", "async_scheduling"),
    ("unread-vllm-variable", "export VLLM_USE_V1=1\n", "vllm==0.12.0", "0.6.4 to 0.11.0"),
    ("unread-vllm-variable", "export VLLM_ATENTION_BACKEND=X\n", "vllm==0.12.0", "VLLM_ATTENTION_BACKEND"),
    ("unread-vllm-variable", "export VLLM_ATTENTION_BACKEND=FLASH_ATTN\n", "vllm==0.15.0", "0.14.1 and older"),
    ("rollout-size-mismatch", EIGHT + f"{TENSOR}=3\n", "verl==0.5.0", "1, 2, 4, 8"),
    ("rollout-size-mismatch", EIGHT + f"{TENSOR}=4\n{ROLLOUT}.data_parallel_size=4\n", "verl==0.6.1", "16 GPUs"),
    ("rollout-size-mismatch", "trainer.n_gpus_per_node=1\n", "verl==0.5.0", "2 GPUs, and 1"),
    ("rollout-size-mismatch", f"trainer.n_gpus_per_node=8\ntrainer.nnodes=3\n{TENSOR}=12\n", "verl==0.7.0", "24"),
    ("rollout-parallel-sizes", VLLM + EXPERTS, "verl==0.6.0", "expert_parallel_size=2"),
    ("rollout-parallel-sizes", VLLM + f"{ROLLOUT}.pipeline_model_parallel_size=2\n", "verl==0.7.1", "not implemented"),
    ("memory-share-too-large", f"{SHARE}=0.95\n", "verl==0.5.0 vllm==0.9.1", "leaves 5%"),
    ("memory-share-too-large", f"{SHARE}=1.2\n", "verl==0.5.0 vllm==0.9.1", "between 0 and 1"),
    ("batched-tokens-too-few", LONG, "verl==0.5.0", "16384"),
    ("batched-tokens-too-few", LONG + f"{TOKENS}=1024\n", "verl==0.3.0.post1", "1024"),
    (
        "batched-tokens-too-few",
        LONG + f"{ROLLOUT}.enable_chunked_prefill=False\n",
        "verl==0.4.1 vllm==0.7.3",
        "vLLM 0.7.3",
    ),
    ("batched-tokens-too-few", f"{ROLLOUT}.max_model_len=9000\n{TOKENS}=8192\n", "verl==0.6.1", "9000"),
    ("capture-sizes-without-graphs", SIZES + f"{ROLLOUT}.enforce_eager=True\n", "verl==0.6.0", "no graphs"),
    ("padding-with-ulysses", ULYSSES, "verl==0.5.0", "use_remove_padding=True"),
    ("padding-with-ulysses", ULYSSES + "actor_rollout_ref.model.use_remove_padding=False\n", "verl==0.7.0", "True"),
    ("batch-size-mismatch", EIGHT + f"{BATCH}=100\n{MINI}=100\n", "verl==0.5.0", "not a multiple of the 8 GPUs"),
    ("batch-size-mismatch", f"{BATCH}=128\n", "verl==0.4.1", ""),
    ("batch-size-mismatch", f"{BATCH}=128\n{MINI}=256\n", "verl==0.7.0", "more than data.train_batch_size"),
    ("batch-size-mismatch", EIGHT + f"{MINI}=64\n{MICRO}=3\n", "verl==0.5.0", "8 samples"),
    ("hydra-cannot-parse", "word 1\n", "", "is no KEY=VALUE"),
    ("hydra-cannot-parse", "word --trainer.nnodes=1\n", "", "no option of Hydra"),
    ("hydra-cannot-parse", "data.train_files=[a.parquet,\n", "", "has a bracket"),
    ("pins-contradict", "vllm==0.7.2\ntorch==2.6.0\n", "", "torch==2.5.1"),
    ("pins-contradict", "flash-attn==2.8.0\ntorch==2.6.0\n", "", "flash-attn"),
    ("pins-contradict", "verl==0.6.1\nvllm==0.33.0\n", "", "verl 0.6"),
]
"""The batch size of the default configuration with a smaller one has no setting of the mini-batch to point at."""
FOUND = [row for row in FOUND if row[3]]
SILENT = [
    ("value-of-another-kind", f"{ROLLOUT}.enforce_eager=false\n", "verl==0.5.0", "true or false"),
    ("value-of-another-kind", "trainer.total_epochs=3\n", "verl==0.5.0", "a number"),
    ("value-of-another-kind", "trainer.total_epochs=ten\n", "", "verl not known"),
    ("value-of-another-kind", "trainer.test_freq=after_each_epoch\n", "verl==0.6.1", "in words"),
    ("value-of-another-kind", "trainer.total_epochs=${data.epochs}\n", "verl==0.5.0", "taken from another key"),
    ("value-of-another-kind", "trainer.total_epochs=$X\n", "verl==0.5.0", "not known"),
    ("unknown-verl-key", "trainer.n_gpus_per_node=8\n", "verl==0.5.0", "known"),
    ("unknown-verl-key", "trainer.n_gpu_per_node=8\n", "", "verl not known"),
    ("unknown-verl-key", "trainer.n_gpu_per_node=8\n", "verl==99.0", "a release that is not in the table"),
    ("unknown-verl-key", "trainer.n_gpu_per_node=8\n", "verl==0.5.0.dev3", "a snapshot"),
    ("unknown-verl-key", "+trainer.n_gpu_per_node=8\n", "verl==0.5.0", "added"),
    ("unknown-verl-key", "++trainer.n_gpu_per_node=8\n", "verl==0.5.0", "forced"),
    ("unknown-verl-key", "+own.key=1\nown.key=2\n", "verl==0.5.0", "added before"),
    ("unknown-verl-key", "+own={a: 1}\nown.a=2\n", "verl==0.5.0", "within what was added"),
    ("unknown-verl-key", "hydra.run.dir=/tmp/x\n", "verl==0.5.0", "Hydra's own"),
    ("unknown-verl-key", "trainer.logger.0=wandb\n", "verl==0.5.0", "an element"),
    ("unknown-verl-key", "model_engine=megatron\n", "verl==0.8.0", "a group"),
    (
        "unknown-verl-key",
        f"config-name=ppo_megatron_trainer.yaml\n{ACTOR}.megatron.seed=2\n",
        "verl==0.5.0",
        "of the one named",
    ),
    ("unknown-verl-key", "config-name=own\ntrainer.own=1\n", "verl==0.5.0", "a configuration of one's own"),
    ("unknown-verl-key", "config-path=$HERE\ntrainer.own=1\n", "verl==0.5.0", "a folder of one's own"),
    ("unknown-verl-key", f"{ENGINE}.max_lora_rank=8\n", "verl==0.6.0", "an open part"),
    ("plus-missing", f"+{ENGINE}.max_lora_rank=8\n", "verl==0.6.0", "added"),
    ("plus-missing", f"{ENGINE}.swap_space=8\n", "verl==0.5.0", "there"),
    ("plus-missing", f"{ENGINE}.max_lora_rank=8\n", "", "verl not known"),
    ("plus-refused", "+trainer.val_before_train=False\n", "verl==0.3.0.post1", "new there"),
    ("plus-refused", "+trainer.rollout_data_dir=/tmp\n", "verl==0.6.0", "null"),
    ("plus-refused", f"+{ROLLOUT}.name=vllm\n", "verl==0.6.0", "must be set"),
    ("plus-refused", f"+{ACTOR}.optim={{lr: 1e-6}}\n", "verl==0.5.0", "merged"),
    ("plus-refused", "+data.response_dict_keys=[answer]\n", "verl==0.5.0", "a list, merged"),
    ("plus-refused", f"++{TENSOR}=2\n", "verl==0.5.0", "forced"),
    ("plus-refused", f"+{TENSOR}=$TP\n", "verl==0.5.0", "may be a mapping"),
    ("unknown-vllm-option", f"+{ENGINE}.max_num_seqs=8\n", "verl==0.7.0 vllm==0.12.0", "known"),
    ("unknown-vllm-option", f"+{ENGINE}.compilation_config.level=3\n", "verl==0.7.0 vllm==0.12.0", "below a known one"),
    ("unknown-vllm-option", f"+{ENGINE}.use_v2_block_manager=null\n", "verl==0.7.0 vllm==0.12.0", "not handed on"),
    ("unknown-vllm-option", f"+{ENGINE}.use_v2_block_manager=False\n", "verl==0.7.0 vllm==0.12.0", "not handed on"),
    ("unknown-vllm-option", f"+{ENGINE}.use_v2_block_manager=True\n", "verl==0.5.0 vllm==0.7.3", "there"),
    ("unknown-vllm-option", f"+{ENGINE}.use_v2_block_manager=True\n", "verl==0.7.0", "vLLM not known"),
    ("unknown-vllm-option", f"+{ENGINE}.use_v2_block_manager=True\n", "vllm==0.12.0", "verl not known"),
    ("unknown-vllm-option", f"+{ENGINE}.num_scheduler_steps=8\n", "verl==0.7.0 vllm==0.12.0", "a failure of its own"),
    (
        "unknown-vllm-option",
        f"+{ENGINE}.use_v2_block_manager=True\n{ROLLOUT}.name=sglang\n",
        "verl==0.7.0 vllm==0.12.0",
        "another engine",
    ),
    ("unread-vllm-variable", "export VLLM_USE_V1=1\n", "vllm==0.9.1", "read"),
    ("unread-vllm-variable", "export VLLM_USE_V1=1\n", "", "vLLM not known"),
    ("unread-vllm-variable", "export VLLM_USE_V1=1\n", "vllm==99.0", "not in the table"),
    ("unread-vllm-variable", "export VLLM_MY_OWN_THING=1\n", "vllm==0.12.0", "one's own"),
    ("unread-vllm-variable", "export OMP_NUM_THREADS=1\n", "vllm==0.12.0", "not vLLM's"),
    ("unread-vllm-variable", "export VLLM_ATTENTION_BACKEND=XFORMERS\n", "vllm==0.15.0", "a failure of its own"),
    ("rollout-size-mismatch", EIGHT + f"{TENSOR}=4\n", "verl==0.5.0", "divides"),
    ("rollout-size-mismatch", EIGHT + f"{TENSOR}=$TP\n", "verl==0.5.0", "value not known"),
    ("rollout-size-mismatch", f"trainer.n_gpus_per_node=$N\n{TENSOR}=3\n", "verl==0.5.0", "GPUs not known"),
    ("rollout-size-mismatch", EIGHT + f"{TENSOR}=3\n", "", "verl not known"),
    ("rollout-size-mismatch", EIGHT + f"{TENSOR}=3\n{ROLLOUT}.nnodes=1\n", "verl==0.8.0", "GPUs of its own"),
    ("rollout-size-mismatch", f"trainer.n_gpus_per_node=8\ntrainer.nnodes=3\n{TENSOR}=12\n", "verl==0.6.1", "divides"),
    ("rollout-parallel-sizes", VLLM + EXPERTS.replace("4", "2"), "verl==0.6.0", "fits"),
    ("rollout-parallel-sizes", VLLM + EXPERTS, "verl==0.5.0", "older"),
    ("rollout-parallel-sizes", VLLM + EXPERTS.replace("4", "$EP"), "verl==0.6.0", "value not known"),
    ("rollout-parallel-sizes", f"{ROLLOUT}.name=trtllm\n" + EXPERTS, "verl==0.7.1", "another engine"),
    ("memory-share-too-large", f"{SHARE}=0.8\n", "verl==0.5.0 vllm==0.9.1", "usual"),
    ("memory-share-too-large", f"{SHARE}=0.95\n", "verl==0.2.0.post2 vllm==0.6.3", "of the free memory"),
    ("memory-share-too-large", f"{SHARE}=0.95\n", "verl==0.5.0", "vLLM not known"),
    ("memory-share-too-large", f"{SHARE}=$SHARE\n", "verl==0.5.0 vllm==0.9.1", "value not known"),
    (
        "memory-share-too-large",
        f"{SHARE}=0.95\n{ACTOR}.fsdp_config.param_offload=True\n{ACTOR}.fsdp_config.optimizer_offload=True\n",
        "verl==0.5.0 vllm==0.9.1",
        "offloaded",
    ),
    ("batched-tokens-too-few", LONG + f"{TOKENS}=16384\n", "verl==0.5.0", "enough"),
    ("batched-tokens-too-few", LONG, "verl==0.7.0", "not checked"),
    ("batched-tokens-too-few", LONG, "verl==0.2.0.post2", "not checked yet"),
    ("batched-tokens-too-few", LONG + f"{ROLLOUT}.mode=async\n", "verl==0.5.0", "async"),
    ("batched-tokens-too-few", LONG + f"{TOKENS}=$TOKENS\n", "verl==0.5.0", "value not known"),
    ("batched-tokens-too-few", LONG + f"{ROLLOUT}.enable_chunked_prefill=False\n", "verl==0.5.0", "vLLM not known"),
    ("capture-sizes-without-graphs", SIZES, "verl==0.6.0", "graphs by default"),
    ("capture-sizes-without-graphs", SIZES + f"{ROLLOUT}.enforce_eager=$EAGER\n", "verl==0.6.0", "value not known"),
    ("padding-with-ulysses", ULYSSES + "actor_rollout_ref.model.use_remove_padding=True\n", "verl==0.5.0", "right"),
    ("padding-with-ulysses", ULYSSES.replace("2", "1"), "verl==0.5.0", "off"),
    ("padding-with-ulysses", ULYSSES, "", "verl not known"),
    ("batch-size-mismatch", EIGHT + f"{BATCH}=128\n{MINI}=64\n", "verl==0.5.0", "fits"),
    ("batch-size-mismatch", EIGHT + f"{BATCH}=$BATCH\n{MINI}=64\n", "verl==0.5.0", "value not known"),
    ("batch-size-mismatch", f"{BATCH}=128\n{MINI}=256\n", "verl==0.2.0.post2", "not checked yet"),
    ("batch-size-mismatch", f"{BATCH}=128\n{MINI}=256\n{ACTOR}.use_dynamic_bsz=True\n", "verl==0.7.0", "dynamic"),
    ("batch-size-mismatch", f"{BATCH}=100\n{MINI}=100\n{ACTOR}.strategy=megatron\n", "verl==0.5.0", "Megatron"),
    ("hydra-cannot-parse", "data.train_files=[a.parquet,b.parquet]\n", "", "closed"),
    ("hydra-cannot-parse", "trainer.project_name=$N\n", "", "not known"),
    ("pins-contradict", "vllm==0.7.2\ntorch==2.5.1\n", "", "fits"),
    ("pins-contradict", "vllm==0.7.2\ntorch>=2.6\n", "", "no pin"),
    ("pins-contradict", "vllm==99.0\ntorch==2.6.0\n", "", "a release that is not known"),
    ("pins-contradict", "verl==0.7.0\nvllm==0.12.0\ntorch==2.9.0\n", "", "a recommended stack"),
]


def ask(rule: ModuleType, text: str, facts: Facts, program: str | None = PPO, **options: bool) -> list[Fault]:
    return list(rule.ask(launch_of(text, program, **options), facts, MATRIX))


def facts_with(versions: str) -> Facts:
    return stated(dict(each.split("==") for each in versions.split()), "told")


@pytest.mark.parametrize(("name", "text", "versions", "said"), FOUND, ids=[f"{r[0]}-{r[2]}-{r[3]}" for r in FOUND])
def test_found(name: str, text: str, versions: str, said: str) -> None:
    (fault,) = ask(RULES[name], text, facts_with(versions))
    assert said in f"{fault.message} {fault.remedy.text}"
    if name != "pins-contradict":  # there the finding may be a known failure's
        assert (fault.id, fault.name) == (RULES[name].ID, name)
    assert fault.setting.written in text


@pytest.mark.parametrize(("name", "text", "versions", "why"), SILENT, ids=[f"{r[0]}-{r[3]}-{r[2]}" for r in SILENT])
def test_silent(name: str, text: str, versions: str, why: str) -> None:
    assert not ask(RULES[name], text, facts_with(versions)), why


@pytest.mark.parametrize(("name", "text", "versions", "said"), FOUND, ids=[f"{r[0]}-{r[2]}-{r[3]}" for r in FOUND])
def test_correction_leaves_nothing(name: str, text: str, versions: str, said: str) -> None:
    del said
    facts = facts_with(versions)
    (fault,) = ask(RULES[name], text, facts)
    if fault.edits or fault.beside:
        assert not ask(RULES[name], corrected(text, fault), facts)


def test_every_rule_is_found_and_silent() -> None:
    elsewhere = {"known-failure", "more-gpus-than-node"}
    assert {row[0] for row in FOUND} == {row[0] for row in SILENT} == RULES.keys() - elsewhere


def test_ids_are_unique_and_in_their_range() -> None:
    ids = [module.ID for module in RULES.values()]
    assert len(set(ids)) == len(ids)
    assert all("VD600" <= each <= "VD639" for each in ids)


@pytest.mark.parametrize("name", RULES)
def test_rule_says_what_to_do(name: str) -> None:
    first, _, rest = (RULES[name].__doc__ or "").partition("\n\n")
    assert first.endswith(".")
    assert "\n" not in first
    assert rest


@pytest.mark.parametrize("name", RULES)
def test_an_empty_launch_and_a_bare_node_are_fine(name: str) -> None:
    assert not ask(RULES[name], "", facts_of({"verl": "0.5.0", "vllm": "0.9.1"}))
    assert not ask(RULES[name], "", facts_with(""))


def test_more_gpus_than_the_node_has() -> None:
    rule, text = RULES["more-gpus-than-node"], "trainer.n_gpus_per_node=8\n"
    node = facts_of({"verl": "0.5.0"}, gpus=tuple(map(gpu_of, range(4))))
    (fault,) = ask(rule, text, node)
    assert "this node has 4 GPUs" in fault.message
    assert not ask(rule, "trainer.n_gpus_per_node=4\n", node)
    assert not ask(rule, "trainer.n_gpus_per_node=$N\n", node)
    assert not ask(rule, text, facts_with("verl==0.5.0"))
    assert not ask(rule, text, facts_of({"verl": "0.5.0"}, gpus=()))


def test_option_of_the_server_that_is_not_there() -> None:
    rule, facts = RULES["unknown-vllm-option"], facts_with("vllm==0.12.0")
    (fault,) = ask(rule, "--swap-spaces=4\n", facts, "vllm serve")
    assert "swap_space" in fault.remedy.text
    for fine in ("--swap-space=4\n", "--no-enable-prefix-caching\n", "--compilation-config.level=3\n", "--tp=2\n"):
        assert not ask(rule, fine, facts, "vllm serve")
    assert not ask(rule, "--swap-spaces=4\n", facts, "my_server.py")


def test_configuration_that_is_named_is_the_only_one() -> None:
    rule, facts = RULES["unknown-verl-key"], facts_with("verl==0.5.0")
    key = f"{ACTOR}.fsdp_config.param_offload=True\n"
    megatron = f"{ACTOR}.megatron.seed=1\n"
    assert not ask(rule, key, facts)
    assert ask(rule, megatron, facts)
    assert not ask(rule, megatron, facts, takes_more=True)
    assert ask(rule, f"config-name=ppo_megatron_trainer.yaml\n{key}", facts)
    assert not ask(rule, f"config-name=ppo_trainer\n{key}", facts)


@pytest.mark.parametrize("program", ["recipe.dapo.main_dapo", "train.py", None])
def test_programs_of_ones_own_may_have_keys_of_their_own(program: str | None) -> None:
    assert not ask(RULES["unknown-verl-key"], "own.key=1\n", facts_with("verl==0.5.0"), program)


@pytest.mark.parametrize(
    "program",
    ["verl.trainer.fsdp_sft_trainer", "verl/trainer/fsdp_sft_trainer.py", "/opt/verl/verl/trainer/main_eval.py"],
)
def test_other_programs_have_their_own_keys(program: str) -> None:
    facts = facts_with("verl==0.5.0")
    assert ask(RULES["unknown-verl-key"], "actor_rollout_ref.rollout.n=1\n", facts, program)
    assert not ask(RULES["unknown-verl-key"], "data.prompt_key=prompt\n", facts, program)


def test_a_removed_variable_is_milder_than_a_misspelt_one() -> None:
    rule, facts = RULES["unread-vllm-variable"], facts_with("vllm==0.12.0")
    severities = [ask(rule, f"export {name}=1\n", facts)[0].severity for name in ("VLLM_USE_V1", "VLLM_LOGGING_LEVL")]
    assert severities == [Severity.INFO, Severity.WARNING]


def test_defaults_that_may_be_set_from_elsewhere_make_it_milder() -> None:
    facts = facts_with("verl==0.5.0 vllm==0.9.1")
    for name, text in (("batched-tokens-too-few", LONG), ("padding-with-ulysses", ULYSSES)):
        (fault,) = ask(RULES[name], text, facts, takes_more=True)
        assert fault.severity is Severity.WARNING
        assert "from elsewhere" in fault.message
    (fault,) = ask(RULES["rollout-size-mismatch"], EIGHT + f"{TENSOR}=3\n", facts, takes_more=True)
    assert fault.severity is Severity.ERROR


def test_a_slip_of_many_digits_takes_no_time() -> None:
    launch = launch_of(
        f"trainer.n_gpus_per_node={10**12}\n{ROLLOUT}.tensor_model_parallel_size=7\n", "verl.trainer.main_ppo"
    )
    facts = stated({"verl": "0.7.0"}, "told")
    assert list(RULES["rollout-size-mismatch"].ask(launch, facts, MATRIX)) == []


@pytest.mark.parametrize(
    ("name", "script", "told"),
    [
        ("plus-refused", '"+data.trust_remote_code=True"', 'Remove the +: "data.trust_remote_code=True"'),
        ("plus-refused", "+data.trust_remote_code=True", "Remove the +: data.trust_remote_code=True"),
        ("plus-missing", f"'{ENGINE}.foo=1'", f"Put a + before it: '+{ENGINE}.foo=1'"),
        ("plus-missing", f"{ENGINE}.foo=1", f"Put a + before it: +{ENGINE}.foo=1"),
    ],
)
def test_cures_of_quoted_settings(name: str, script: str, told: str) -> None:
    (launch,) = document(f"python3 -m verl.trainer.main_ppo {script}\n").launches
    (fault,) = RULES[name].ask(launch, facts_with("verl==0.7.0 vllm==0.12.0"), MATRIX)
    assert fault.remedy.text == told
