"""Signatures: each finds the lines that a failure leaves in a log, and leaves lines alone that only look like them."""

from __future__ import annotations

import pytest

from verl_doctor import knowledge

SIGNATURES = {failure.name: failure.texts.signature for failure in knowledge.load() if failure.texts.signature}

# name: (lines of the failure, lines of other troubles and of healthy jobs)
LINES: dict[str, tuple[list[str], list[str]]] = {
    "mm-preprocessor-cache-textmodel": (
        ["ValueError: `disable_mm_preprocessor_cache` is only supported for multimodal models."],
        ["'engine_kwargs': {'vllm': {'disable_mm_preprocessor_cache': False}}"],
    ),
    "ray-pin-conflict": (
        ["vllm 0.7.3 requires ray[adag]==2.40.0, but you have ray 2.47.1 which is incompatible."],
        ["This cluster requires ray"],
    ),
    "opentelemetry-pin": (
        ["vllm 0.8.5 requires opentelemetry-api<1.27.0,>=1.26.0, but you have opentelemetry-api 1.38.0"],
        ["Requirement already satisfied: opentelemetry-api>=1.26"],
    ),
    "vllm-use-v1-zero-leftover": (["VLLM_USE_V1=0"], ["VLLM_USE_V1=1", "VLLM_USE_V1 is set"]),
    "vllm07-v1-unsupported": (["VLLM_USE_V1=1"], ["VLLM_USE_V1=0", "VLLM_USE_V1 is set"]),
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
        ],
        ["ModuleNotFoundError: No module named 'torch'", "Building wheel for flash-attn (setup.py): started"],
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
        ],
        ["Registered worker with raylet", "Some workers have not registered within the timeout."],
    ),
    "host-oom-kill": (
        [
            "(1) The process is killed by SIGKILL by OOM killer due to high memory usage.",
            "2 Workers (tasks / actors) killed due to memory pressure (OOM), 0 Workers crashed due to other reasons",
            "[12345.6] Out of memory: Killed process 4242 (ray::WorkerDict) total-vm:1kB",
        ],
        ["Worker exit type: SYSTEM_ERROR", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB"],
    ),
}
"""Of every failure in the files named below, and of others where a near miss is worth a line."""
FILES = {"installing.yaml", "megatron.yaml", "running.yaml", "settings.yaml"}

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
"""


def test_every_signature_of_these_files_has_lines() -> None:
    here = {failure.name for failure in knowledge.load() if failure.written.file in FILES}
    assert here & SIGNATURES.keys() <= LINES.keys() <= SIGNATURES.keys()


@pytest.mark.parametrize("name", LINES)
def test_finds_its_lines(name: str) -> None:
    lines, near = LINES[name]
    assert [line for line in lines if not any(pattern.search(line) for pattern in SIGNATURES[name])] == []
    assert [p.pattern for p in SIGNATURES[name] if not any(p.search(line) for line in lines)] == []
    assert near
    assert [line for line in near if any(pattern.search(line) for pattern in SIGNATURES[name])] == []


@pytest.mark.parametrize("line", HEALTHY.splitlines())
def test_a_healthy_log_shows_nothing(line: str) -> None:
    assert {name for name, patterns in SIGNATURES.items() if any(pattern.search(line) for pattern in patterns)} == set()
