"""Signatures: each finds the lines that a failure leaves in a log, and leaves lines alone that only look like them."""

from __future__ import annotations

import re

import pytest

from tests.knowledge.log_lines import KNOWN, STACK
from verl_doctor import knowledge

TEXTS = {failure.name: failure.texts for failure in knowledge.load() if failure.texts.signature}
SIGNATURES = {failure.name: failure.texts.signature for failure in knowledge.load() if failure.texts.signature}

# name: (lines of the failure, lines of other troubles and of healthy jobs)
LINES: dict[str, tuple[list[str], list[str]]] = {
    "mm-preprocessor-cache-textmodel": (
        ["ValueError: `disable_mm_preprocessor_cache` is only supported for multimodal models."],
        ["'engine_kwargs': {'vllm': {'disable_mm_preprocessor_cache': False}}"],
    ),
    "ray-pin-conflict": (
        [
            "vllm 0.7.3 requires ray[adag]==2.40.0, but you have ray 2.47.1 which is incompatible.",
            "Because verl==0.4.1 depends on ray[default]>=2.41.0 and vllm==0.7.3 depends on ray==2.40.0",
        ],
        ["This cluster requires ray", "verl 0.4.1 requires raylib"],
    ),
    "opentelemetry-pin": (
        ["vllm 0.8.5 requires opentelemetry-api<1.27.0,>=1.26.0, but you have opentelemetry-api 1.38.0"],
        ["Requirement already satisfied: opentelemetry-api>=1.26"],
    ),
    "vllm-use-v1-zero-leftover": (
        [
            "VLLM_USE_V1=0",
            "AssertionError: Using V1 AsyncLLMEngine, but envs.VLLM_USE_V1=False.",
            "'env_vars': {'VLLM_USE_V1': '0'}",
        ],
        ["VLLM_USE_V1=1", "VLLM_USE_V1 is set", "Please try VLLM_USE_V1=0 or 1 and report this issue on Github."],
    ),
    "vllm07-v1-unsupported": (
        ["AttributeError: 'LLMEngine' object has no attribute 'model_executor'"],
        [
            "VLLM_USE_V1=1",
            "NotImplementedError: VLLM_USE_V1=1 is not supported with --num-scheduler-steps.",
            "WARNING x is experimental on VLLM_USE_V1=1. Falling back to V0 Engine.",
            "WARNING Detected VLLM_USE_V1=1 with speculative decoding. Usage should be considered experimental.",
        ],
    ),
    "verl-main-string-version-compare": (
        ["ModuleNotFoundError: No module named 'vllm.utils.argparse_utils'"],
        ["from vllm.utils.argparse_utils import FlexibleArgumentParser", "No module named 'vllm.utils'"],
    ),
    "vllm-process-weights-import": (
        ["ImportError: cannot import name 'process_weights_after_loading' from 'vllm.model_executor.model_loader'"],
        ["INFO process_weights_after_loading took 0.4 s"],
    ),
    "cuda-graph-sizes-cli": (
        [
            "vllm serve: error: unrecognized arguments: --cuda_graph_sizes 1 2 4 8",
            "api_server.py: error: unrecognized arguments: --seed 0 --cuda-graph-sizes 1",
        ],
        ["--cuda-graph-sizes is deprecated and will be removed in v0.13.0", "unrecognized arguments: --swap-space 4"],
    ),
    "mm-preprocessor-cache-removed": (
        [
            "error: unrecognized arguments: --disable_mm_preprocessor_cache",
            "TypeError: EngineArgs.__init__() got an unexpected keyword argument 'disable_mm_preprocessor_cache'",
        ],
        [
            "ValueError: `disable_mm_preprocessor_cache` is only supported for multimodal models.",
            "'engine_kwargs': {'vllm': {'disable_mm_preprocessor_cache': False}}",
        ],
    ),
    "mm-processor-cache-bug": (
        ["AssertionError: Expected a cached item for mm_hash='9f31c0'"],
        ["mm_processor_cache_gb=4", "Encoder cache will be initialized with a budget of 9800 tokens"],
    ),
    "multi-node-mp-executor": (
        ["For multi-node MP Executor, either (1) set data_parallel_size > 1 or (2) upgrade vLLM to >= 0.11.1"],
        ["Using MultiprocExecutor, data_parallel_size=1"],
    ),
    "vllm-v1-lora-engine": (
        [
            "AttributeError: 'Worker' object has no attribute 'llm_engine'",
            "    self.inference_engine.llm_engine.add_lora(lora_reqest)",
        ],
        ["self.model_executor.add_lora(lora_request)", "Initializing a V1 LLM engine (v0.8.5)"],
    ),
    "vllm07-world-size-1": (
        ["NotImplementedError: load_format hf not implemented"],
        ["load_format=LoadFormat.AUTO", "load_format dtensor"],
    ),
    "v0-preempt-assert": (
        ["    assert len(seqs) == 1", "(WorkerDict pid=7)     assert len(seqs) == 1  "],
        ["    assert len(seqs) == 1, (", "assert len(seqs) == 10"],
    ),
    "v0-swap-space": (
        ["RuntimeError: Aborted due to the lack of CPU swap space. Please increase the swap space."],
        ["'vllm': {'swap_space': None}", "# cuda blocks: 3709, # CPU blocks: 2048"],
    ),
    "num-scheduler-steps": (
        [
            "AssertionError: Beam search not supported in multi-step decoding.",
            "WARNING --num-scheduler-steps is not supported by the V1 Engine. Falling back to V0.",
            "NotImplementedError: VLLM_USE_V1=1 is not supported with --num-scheduler-steps.",
            "error: unrecognized arguments: --num_scheduler_steps 8",
            "TypeError: EngineArgs.__init__() got an unexpected keyword argument 'num_scheduler_steps'",
        ],
        ["num_scheduler_steps=1, multi_step_stream_outputs=True", "--enable-lora is not supported by the V1 Engine."],
    ),
    "transformers-topleft-mask": (
        ["ImportError: cannot import name 'flash_attn_supports_top_left_mask' from 'transformers'"],
        ["use_top_left_mask=flash_attn_supports_top_left_mask(),"],
    ),
    "image-without-verl": (
        ["ModuleNotFoundError: No module named 'verl'", "python3: Error (ModuleNotFoundError: No module named 'verl')"],
        [
            "ModuleNotFoundError: No module named 'verl.workers.megatron_workers'",
            "/usr/bin/python3: No module named verl",
        ],
    ),
    "image-code-drift": (
        ["ModuleNotFoundError: No module named 'uvloop'", "ModuleNotFoundError: No module named 'omegaconf'"],
        ["ModuleNotFoundError: No module named 'omegaconf.errors2'", "Requirement already satisfied: codetiming"],
    ),
    "extras-reinstall-torch": (
        ["  Attempting uninstall: torch", "Attempting uninstall: vllm "],
        ["Attempting uninstall: torchdata", "Attempting uninstall: triton", "Found existing installation: torch 2.7.1"],
    ),
    "ascend-torch-conflict": (
        ["vllm-ascend 0.11.0 requires torch==2.7.1, but you have torch 2.8.0 which is incompatible."],
        ["vllm 0.11.0 requires torch==2.8.0, but you have torch 2.7.1 which is incompatible.", "vllm-ascend 0.11.0"],
    ),
    "flash-attn-abi": (
        [
            "/venv/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c104cuda9SetDeviceEi",
            "ImportError: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs",
        ],
        ["import flash_attn_2_cuda as flash_attn_gpu", "vllm/_C.abi3.so: undefined symbol: cuGreenCtxCreate"],
    ),
    "flash-attn-build-isolation": (
        [
            "UserWarning: flash_attn was requested, but nvcc was not found.  Are you sure your environment has nvcc?",
            "  error: Failed to build 'flash-attn' when getting requirements to build wheel",
            "ERROR: Failed building wheel for flash-attn",
            "help: `flash-attn@2.8.3` depends on `torch`, but doesn't declare it as a build dependency.",
            "ModuleNotFoundError: No module named 'flash_attn'",
            "ModuleNotFoundError: No module named 'flash_attn_2_cuda'",
            "ImportError: FlashAttention2 has been toggled on, but the package flash_attn seems to be not installed.",
        ],
        [
            "ModuleNotFoundError: No module named 'torch'",
            "ModuleNotFoundError: No module named 'flash_attn_interface'",
            "Building wheel for flash-attn (setup.py): started",
        ],
    ),
    "pyext-python311": (
        ["AttributeError: module 'inspect' has no attribute 'getargspec'. Did you mean: 'getargs'?"],
        ["DeprecationWarning: inspect.getargspec() is deprecated"],
    ),
    "protobuf-window": (
        [
            "TypeError: Descriptors cannot be created directly.",
            "TypeError: Descriptors cannot not be created directly.",
            "vllm 0.24.0 requires protobuf!=6.30.*,>=5.29.6, but you have protobuf 4.25.8 which is incompatible.",
            "ImportError: cannot import name 'runtime_version' from 'google.protobuf' (/v/google/protobuf/__init__.py)",
            "google.protobuf.runtime_version.VersionError: Detected incompatible Protobuf Gencode/Runtime",
        ],
        ["googleapis-common-protos 1.72 requires protobuf", "Collecting protobuf>=5.29.6 (from vllm==0.24.0)"],
    ),
    "cudart-major-mix": (
        [
            "ImportError: libcudart.so.13: cannot open shared object file: No such file or directory",
            "ImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        ],
        [
            "torchvision.libs/libcudart.41118559.so.12 (deleted): cannot open shared object file",
            "libcudnn.so.9: cannot open shared object file: No such file or directory",
        ],
    ),
    "ray-default-missing": (
        [
            "ModuleNotFoundError: No module named 'aiohttp_cors'",
            "RuntimeError: The Ray jobs CLI & SDK require the ray[default] installation: `pip install 'ray[default]'`",
        ],
        ["View the dashboard at http://127.0.0.1:8265", "Failed to start the dashboard"],
    ),
    "sglang-weight-sync": (
        ["ModuleNotFoundError: No module named 'sglang.srt.weight_sync'"],
        ["ModuleNotFoundError: No module named 'sglang'", "from sglang.srt.weight_sync.utils import update_weights"],
    ),
    "te-no-attention-backend": (
        ["ValueError: No dot product attention backend is available for the provided inputs."],
        ["Available backends = {FlashAttention=False, FusedAttention=True}"],
    ),
    "mcore-too-old": (
        ["AssertionError: Fused forward patching requires mecore >= 0.13.0"],
        ["megatron-core 0.13.0", "Fused forward patching"],
    ),
    "megatron-bridge-missing": (
        [
            "Megatron-Bridge package not found. Please install Megatron-Bridge with `pip install megatron-bridge`",
            "ModuleNotFoundError: No module named 'megatron.bridge'",
        ],
        ["ModuleNotFoundError: No module named 'megatron'", "vanilla_mbridge: True"],
    ),
    "cumem-not-available": (
        ["AssertionError: cumem allocator is not available"],
        ["INFO cumem.py:189] CuMemAllocator: sleep freed 39.20 GiB memory in total"],
    ),
    "gb200-mnnvl": (
        ["node1:7:99 [0] transport/nvls.cc:254 NCCL WARN Cuda failure 801 'operation not supported'"],
        [
            "NCCL INFO NVLS multicast support is available on dev 0",
            "step:801 - loss 0.1",
            "Cuda failure 2 'out of memory'",
        ],
    ),
    "enforce-eager-free-cache-assert": (
        ["AssertionError: disable CUDA graph (enforce_eager = False) if free cache engine"],
        ["enforce_eager: Whether to disable CUDA graph and always execute the model in eager mode."],
    ),
    "prefix-cache-stale": (
        ["WARNING Failed to reset prefix cache because some blocks (12) are not freed yet"],
        ["INFO Successfully reset prefix cache", "Prefix cache hit rate: 60.2%"],
    ),
    "sleep-level2-ep": (
        ["WARNING Setting the sleep level to 1 may cause a memory overflow."],
        ["sleep(level=1)", "Sleep mode freed 39.20 GiB memory"],
    ),
    "rollout-mode-sync-removed": (
        [
            "ValueError: Rollout mode 'sync' has been removed. Please set `actor_rollout_ref.rollout.mode=async`",
            "NotImplementedError: ServerAdapter does not support synchronous generate_sequences(). ",
        ],
        ["actor_rollout_ref.rollout.mode=sync", "'mode': 'sync'"],
    ),
    "fsdp2-torch24": (
        ["AssertionError: PyTorch version >= 2.4 is required for using fully_shard API (FSDP2)"],
        ["PyTorch version 2.4.0 available."],
    ),
    "wakeup-oom": (
        [
            "RuntimeError: CUDA Error: out of memory at /workspace/csrc/cumem_allocator.cpp:62",
            "CUDA Error: invalid argument at /workspace/csrc/cumem_allocator.cpp:119",
        ],
        ["torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.", "CUDA error: invalid argument"],
    ),
    "memory-increased-after-sleep": (
        ["AssertionError: Memory usage increased after sleeping."],
        ["Sleep mode freed 39.20 GiB memory, 3.10 GiB memory is still in use."],
    ),
    "memory-profiling-assert": (
        [
            "AssertionError: Error in memory profiling. Initial free memory 70.1 GiB, current free memory 74.2 GiB.",
        ],
        ["INFO Memory profiling takes 4.88 seconds"],
    ),
    "free-memory-below-utilization": (
        [
            "Free memory on device (20.1/139.8 GiB) on startup is less than desired GPU memory utilization (0.5",
            "Free memory on device cuda:0 (20/139 GiB) on startup is less than desired GPU memory utilization (0.5",
        ],
        ["the current vLLM instance can use total_gpu_memory (79.1GiB) x gpu_memory_utilization (0.50)"],
    ),
    "oov-tokens": (
        ["ValueError: Token id 151935 is out of vocabulary"],
        ["out of vocabulary words: 7", "Token id 151643 is the end of text"],
    ),
    "gpus-less-than-desired": (
        [
            "ValueError: Total available GPUs 4 is less than total desired GPUs 8",
            "ValueError: Total available GPUs 0.0 is less than total desired GPUs 8",
            "ValueError: Resource pool global_pool: 8*2 cannot be satisfied in this ray cluster",
        ],
        ["Total available GPUs 8"],
    ),
    "duplicate-gpu": (
        ["Duplicate GPU detected : rank 1 and rank 0 both on CUDA device 69000"],
        ["rank 1 and rank 0 both on node1"],
    ),
    "ray-slurm-register": (
        [
            "IOError: [RayletClient] Unable to register worker with raylet. No such file or directory",
            "core_worker.cc:203: Failed to register worker 01000000ffff to Raylet. IOError",
            "Failed to register worker to Raylet: IOError: Failed to read data from the socket: End of file",
        ],
        ["Registered worker with raylet", "Some workers have not registered within the timeout."],
    ),
    "host-oom-kill": (
        [
            "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.",
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),task=ray::WorkerDict,pid=4242,uid=0",
            "slurmstepd: error: Detected 1 oom_kill event in StepId=12.0. Some of the step tasks have been OOM Killed.",
            "Some of your processes may have been killed by the cgroup out-of-memory handler.",
            "srun: error: gpu-07: task 3: Out Of Memory",
            "Last State: Terminated, Reason: OOMKilled, Exit Code: 137",
            "RuntimeError: DataLoader worker (pid 41209) is killed by signal: Killed. ",
            "Memory cgroup out of memory: Killed process 4242 (python3) total-vm:1kB",
            "2 Workers (tasks / actors) killed due to memory pressure (OOM), 0 Workers crashed due to other reasons",
            "[12345.6] Out of memory: Killed process 4242 (ray::WorkerDict) total-vm:1kB",
        ],
        [
            "Worker exit type: SYSTEM_ERROR",
            "There are some potential root causes. (1) The process is killed by SIGKILL by OOM killer due to high",
            "0 Workers (tasks / actors) killed due to memory pressure (OOM), 1 Workers crashed due to other reasons",
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB",
            "ray.exceptions.RayTaskError(OutOfMemoryError): ray::WorkerDict.actor_rollout_update_actor()",
        ],
    ),
    **KNOWN,
    **STACK,
}
"""Of every failure that has a signature."""

HEALTHY = """\
INFO 04-01 15:53:16 [loader.py:429] Loading weights took 4.84 seconds
INFO worker.py:267] Memory profiling takes 4.88 seconds
INFO config.py:542] This model supports multiple tasks: {'generate', 'reward'}. Defaulting to 'generate'.
INFO llm_engine.py:234] Initializing a V0 LLM engine (v0.7.2) with config: enforce_eager=False, num_scheduler_steps=1
INFO cumem.py:189] Sleep mode freed 39.20 GiB memory, 3.10 GiB memory is still in use.
WARNING VLLM_USE_V1 is set by verl
INFO utils.py:912] Found nccl from library libnccl.so.2
NCCL version 2.21.5+cuda12.4
node1:77:99 [0] NCCL INFO Channel 17/32 : 0 1 2 3
(TaskRunner pid=712093) 'engine_kwargs': {'sglang': {'attention_backend': None}, 'vllm': {'swap_space': None}},
(TaskRunner pid=712093) 'train_batch_size': 1024, 'disable_mm_preprocessor_cache': False,
INFO worker.py:2003 -- Connected to Ray cluster. View the dashboard at http://192.168.0.108:8265
Requirement already satisfied: opentelemetry-api>=1.26 in ./site-packages (from vllm==0.8.5)
Collecting protobuf>=5.29.6 (from vllm==0.24.0)
INFO Using FlashInfer for top-p & top-k sampling.
step:801 - actor/pg_loss:0.1 - critic/score/mean:0.5 - timing_s/gen:62.1
INFO Capturing cudagraphs for decoding. If out-of-memory error occurs, consider decreasing `gpu_memory_utilization`
INFO 11-03 12:00:00 [kv_cache_utils.py:634] GPU KV cache size: 1,209,600 tokens
INFO 11-03 12:00:00 [kv_cache_utils.py:637] Maximum concurrency for 4,096 tokens per request: 295.31x
INFO 11-03 12:00:00 [gpu_worker.py:189] Available KV cache memory: 32.30 GiB
INFO 11-03 12:00:00 [gpu_model_runner.py:1933] Graph capturing finished in 21 secs, took 0.62 GiB
INFO 11-03 12:00:00 [cuda.py:221] Using Flash Attention backend on V1 engine.
INFO 11-03 12:00:00 [backends.py:430] Dynamo bytecode transform time: 8.51 s
INFO 11-03 12:00:00 [backends.py:136] Cache the graph of shape None for later use
INFO 11-03 12:00:00 [parallel_state.py:1004] rank 0 in world size 2 is assigned as DP rank 0, PP rank 0, TP rank 0
INFO 11-03 12:00:00 [scheduler.py:1] Chunked prefill is enabled with max_num_batched_tokens=8192.
INFO 11-03 12:00:00 [api_server.py:1] Started server process [4242]
WARNING 11-03 12:00:00 [topk_topp_sampler.py:69] FlashInfer is not available. Falling back to the PyTorch-native one.
WARNING 11-03 12:00:00 [utils.py:2382] We must use the `spawn` multiprocessing start method.
WARNING 11-03 12:00:00 [config.py:614] Async output processing is not supported on the current platform type cuda.
WARNING 11-03 12:00:00 [shm_broadcast.py:406] No available shared memory broadcast block found in 60 second.
WARNING 11-03 12:00:00 [scheduler.py:1] Sequence group 3 is preempted by PreemptionMode.RECOMPUTE mode
[W1103 12:00:00 socket.cpp:204] [c10d] The hostname of the client socket cannot be retrieved. err=-3
[rank0]:[W1103 12:00:00 ProcessGroupNCCL.cpp:1479] Warning: destroy_process_group() was not called before exit
node1:77:99 [0] NCCL INFO NET/IB : Using [0]mlx5_1:1/IB [RO]; OOB ib0:10.0.0.1<0>
node1:77:99 [0] NCCL INFO NET/Plugin: Could not find: libnccl-net.so. Using internal network plugin.
node1:77:99 [0] NCCL INFO comm 0x55 rank 0 nranks 8 cudaDev 0 busId 1b000 - Init COMPLETE
(raylet) WARNING: 12 PYTHON worker processes have been started on node: 15378 with address: 10.0.0.1.
(raylet) Spilled 2431 MiB, 12 objects, write throughput 812 MiB/s. Set RAY_verbose_spill_logs=0 to disable.
(autoscaler +4s) Tip: use `ray status` to view detailed cluster status.
(WorkerDict pid=4242) Before state_dict() in sharding manager, memory allocated (GB): 1.2, memory reserved (GB): 4.0
(WorkerDict pid=4242) Qwen2ForCausalLM contains 7.62B parameters
(WorkerDict pid=4242) WARNING:2025-11-03 12:00:00,1:Waiting for register center actor abc_register_center to be ready.
(TaskRunner pid=712093) 'fsdp_config': {'offload_policy': False, 'optimizer_offload': True, 'param_offload': True},
(TaskRunner pid=712093) 'rollout': {'enforce_eager': True, 'free_cache_engine': True, 'gpu_memory_utilization': 0.5},
(TaskRunner pid=712093) 'truncation': 'error', 'filter_overlong_prompts': True, 'max_prompt_length': 1024,
(TaskRunner pid=712093) 'ray_init': {'num_cpus': None, 'timeline_json_file': None}, 'nccl_timeout': 600,
(TaskRunner pid=712093) Checkpoint tracker file does not exist: /ckpt/latest_checkpointed_iteration.txt
(TaskRunner pid=712093) Training from scratch
(TaskRunner pid=712093) Using LocalLogger is deprecated. The constructor API will change
(TaskRunner pid=712093) Final validation metrics: {'val-core/openai/gsm8k/reward/mean@1': 0.83}
Token indices sequence length is longer than the specified maximum sequence length for this model (9 > 8).
You are attempting to use Flash Attention 2.0 with a model not initialized on GPU.
FutureWarning: The pynvml package is deprecated. Please install nvidia-ml-py instead.
FutureWarning: FSDP.state_dict_type() and FSDP.set_state_dict_type() are being deprecated.
UserWarning: Please use the new API settings to control TF32 behavior
Loading checkpoint shards: 100%|##########| 4/4 [00:03<00:00, 1.21it/s]
Fetching 12 files: 100%|##########| 12/12 [00:00<00:00, 412.02it/s]
wandb: WARNING Path /data/wandb/ wasn't writable, using system temp directory.
Setting OMP_NUM_THREADS environment variable for each process to be 1 in default, to avoid your system being overloaded
If reserved but unallocated memory is large try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
"""


LITERAL = 6
"""Characters that stand in every match, so that a search for text can rule a log out."""


def test_every_failure_with_a_signature_has_lines() -> None:
    assert LINES.keys() == SIGNATURES.keys()


@pytest.mark.parametrize("name", LINES)
def test_finds_its_lines(name: str) -> None:
    lines, near = LINES[name]
    assert [line for line in lines if not TEXTS[name].is_in(line)] == []
    assert [p.pattern for p in SIGNATURES[name] if not any(p.search(line) for line in lines)] == []
    assert near
    assert [line for line in near if TEXTS[name].is_in(line)] == []


@pytest.mark.parametrize("name", LINES)
def test_every_frame_is_needed(name: str) -> None:
    lines, _ = LINES[name]
    assert [frame.pattern for frame in TEXTS[name].frames if not any(map(frame.search, _places(lines)))] == []


def _places(lines: list[str]) -> list[str]:
    return [
        place for line in lines for frame in re.findall(r'File "(.+?)", line \d+, in (.+)', line) for place in frame
    ]


@pytest.mark.parametrize("line", HEALTHY.splitlines())
def test_a_healthy_log_shows_nothing(line: str) -> None:
    assert {name for name, texts in TEXTS.items() if texts.is_in(line)} == set()


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_can_be_searched_for_fast(name: str) -> None:
    for pattern in SIGNATURES[name]:
        text = pattern.pattern
        assert "\n" not in text
        assert not text.startswith((".*", ".+"))
        assert not re.search(r"[+*}]\)[+*{]", text), "a quantifier within a quantifier"
        assert max(map(len, _literals(text))) >= LITERAL, text
        assert re.compile(text.encode())


def _literals(pattern: str) -> list[str]:
    """Return the runs of characters that stand in every match of a pattern."""
    plain = re.sub(r"\\([^\w\s])", lambda escaped: chr(0xE000 + ord(escaped.group(1))), pattern)
    while (inner := re.sub(r"\([^()]*\)[?*+]?|\[[^\]]*\](?:\{[^}]*\}|[?*+])?", "\0", plain)) != plain:
        plain = inner
    plain = re.sub(r"\\\w(?:\{[^}]*\}|[?*+])?|.(?:\{[^}]*\}|[?*])|[.^$|+]", "\0", plain)
    return plain.split("\0")
