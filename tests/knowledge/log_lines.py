"""What failures leave in a log, and lines that only look like it: the table of test_signatures."""

from __future__ import annotations


def traceback(path: str, function: str, last: str) -> str:
    """A traceback as a log has it, with one frame that matters."""
    return "\n".join((
        "Traceback (most recent call last):",
        '  File "/venv/lib/python3.12/site-packages/ray/_private/worker.py", line 930, in get_objects',
        "    raise value.as_instanceof_cause()",
        f'  File "/venv/lib/python3.12/site-packages/{path}", line 71, in {function}',
        "    out = step(batch)",
        last,
    ))  # fmt: skip


OOM = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 13.91 GiB. GPU 0 has a total capacity of 79.11 GiB "
    "of which 8.85 GiB is free."
)
OLD_OOM = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
PLAIN_OOM = "RuntimeError: CUDA error: out of memory"

STACK: dict[str, tuple[list[str], list[str]]] = {
    "cuda-oom-rollout": (
        [
            "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when",
            (
                "ValueError: The model's max seq len (131072) is larger than the maximum number of tokens that "
                "can be stored "
                "in KV cache (86432). Try increasing `gpu_memory_utilization` or decreasing `max_model_len`"
            ),
            (
                "ValueError: To serve at least one request with the models's max seq len (40960), (5.62 GiB KV "
                "cache is needed, "
                "which is larger than the available KV cache memory (3.11 GiB)."
            ),
            "RuntimeError: CUDA out of memory occurred when warming up sampler with 1024 dummy requests.",
            "Failed to load model - not enough GPU memory. Try lowering --gpu-memory-utilization",
            "ValueError: Cannot auto-fit max_model_len: not enough GPU memory available to serve",
            traceback("vllm/v1/worker/gpu_model_runner.py", "_dummy_run", OOM),
            traceback("vllm/worker/model_runner.py", "profile_run", OLD_OOM),
            traceback("verl/third_party/vllm/vllm_v_0_6_3/llm_engine_sp.py", "_init_cache_engine", PLAIN_OOM),
        ],
        [
            OOM,
            traceback("verl/workers/actor/dp_actor.py", "_forward_micro_batch", OOM),
            traceback("my_reward/vllm_judge.py", "score", OOM),
            "# GPU blocks: 3709, # CPU blocks: 2048",
            "INFO GPU KV cache size: 1,209,600 tokens",
            "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.",
            traceback(
                "vllm/device_allocator/cumem.py", "wake_up", "CUDA Error: out of memory at /w/cumem_allocator.cpp:62"
            ),
        ],
    ),
    "cuda-oom-training": (
        [
            traceback("verl/workers/actor/dp_actor.py", "_forward_micro_batch", OOM),
            traceback("verl/workers/fsdp_workers.py", "compute_log_prob", OLD_OOM),
            traceback("verl/utils/torch_functional.py", "entropy_from_logits", OOM),
            traceback("torch/optim/adamw.py", "_init_group", OOM),
            traceback("torch/distributed/fsdp/_state_dict_utils.py", "_full_pre_state_dict_hook", OOM),
            traceback("megatron/core/optimizer/distrib_optimizer.py", "step_with_ready_grads", OOM),
            traceback("verl/workers/engine/fsdp/transformer_impl.py", "forward_backward_batch", PLAIN_OOM),
        ],
        [
            OOM,
            traceback("vllm/v1/worker/gpu_model_runner.py", "_dummy_run", OOM),
            traceback("verl/workers/actor/dp_actor.py", "update_policy", "ValueError: out of memory bounds"),
            "Before update_actor, memory allocated (GB): 21.3, memory reserved (GB): 44.2",
        ],
    ),
    "ray-object-store-full": (
        [
            "ray.exceptions.ObjectStoreFullError: Failed to put object 00ff in object store because it is full.",
            "The local object store is full of objects that are still in scope and cannot be evicted.",
        ],
        ["The object store is using /tmp instead of /dev/shm because /dev/shm has only 67108864 bytes available."],
    ),
    "disk-full": (
        [
            "OSError: [Errno 28] No space left on device: '/ckpt/global_step_40/actor/model_world_size_8_rank_0.pt'",
            "OSError: [Errno 122] Disk quota exceeded",
            "write error: No space left on device",
            "ray.exceptions.OutOfDiskError: Local disk is full",
            (
                "The object cannot be created because the local object store is full and the local disk's "
                "utilization is over "
                "capacity (95% by default)."
            ),
            (
                "(raylet) file_system_monitor.cc:111: /tmp/ray/session_1 is over 95% full, available space: 3.1 "
                "GB; capacity"
            ),
            "RuntimeError: PytorchStreamWriter failed writing file data/12: file write failed",
            "RuntimeError: [enforce fail at inline_container.cc:603] . unexpected pos 1241 vs 1135",
        ],
        [
            "RuntimeError: unable to write to file </torch_4242_1_0>: No space left on device (28)",
            "OSError: [Errno 28] No space left on device: '/dev/shm/nccl-0x12'",
            "Filesystem is 61% full, 212 GB available",
            "Saving model to /ckpt/global_step_40",
        ],
    ),
    "checkpoint-corrupt": (
        [
            "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory",
            "safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer",
            "RuntimeError: invalid header or archive is corrupted",
            "RuntimeError: unexpected EOF, expected 4012 more bytes. The file might be corrupted.",
            "_pickle.UnpicklingError: pickle data was truncated",
            "RuntimeError: Invalid magic number; corrupt file?",
            "RuntimeError: storage has wrong size: expected 0 got 512",
            "_pickle.UnpicklingError: invalid load key, 'v'.",
            "OSError: Consistency check failed: file should be of size 4976698672 but has size 1048576",
            "CheckpointingException: /ckpt/step_3 is not a distributed checkpoint",
            "FileNotFoundError: [Errno 2] No such file or directory: '/ckpt/actor/optim_world_size_8_rank_3.pt'",
            "OSError: Unable to load weights from pytorch checkpoint file for '/models/q/pytorch_model.bin'",
            traceback("torch/serialization.py", "_legacy_load", "EOFError: Ran out of input"),
            traceback(
                "verl/utils/checkpoint/fsdp_checkpoint_manager.py", "load_checkpoint", "EOFError: Ran out of input"
            ),
            traceback("torch/distributed/checkpoint/filesystem.py", "read_metadata", "EOFError: Ran out of input"),
        ],
        [
            traceback("my_reward/cache.py", "load", "EOFError: Ran out of input"),
            "Loading from checkpoint: /ckpt/global_step_40/actor/model_world_size_8_rank_0.pt",
            "FileNotFoundError: [Errno 2] No such file or directory: '/data/train.parquet'",
        ],
    ),
    "permission-denied-cache": (
        [
            "PermissionError: [Errno 13] Permission denied: '/home/user/.cache/huggingface/hub/models--Qwen'",
            "PermissionError: [Errno 13] Permission denied: '/tmp/ray/session_latest'",
            "PermissionError: [Errno 13] Permission denied: '/.cache'",
            "PermissionError: [Errno 13] Permission denied: '/tmp/triton/d645ef562cfc.lock'",
            "PermissionError: [Errno 13] Permission denied: '/shared/hub/models--Qwen--Qwen2.5-7B/refs'",
            "mkdir: cannot create directory: Permission denied: /home/a/.triton/cache",
            "OSError: PermissionError at /shared/hf/hub/.locks when downloading Qwen/Qwen2.5-7B. Check cache directory",
            "OSError: [Errno 30] Read-only file system: '/home/user/.cache/vllm'",
            "There was a problem when trying to write in your cache folder (/.cache/huggingface/hub).",
        ],
        [
            "PermissionError: [Errno 13] Permission denied: '/tmp/verl_vllm_zmq.lock'",
            "PermissionError: [Errno 13] Permission denied: '/data/out/results.json'",
            "fatal: could not read from remote: Permission denied (publickey).",
        ],
    ),
    "nccl-timeout-rank-died": (
        [
            (
                "[rank2]:[E1109 16:13:20 ProcessGroupNCCL.cpp:616] [Rank 2] Watchdog caught collective "
                "operation timeout: "
                "WorkNCCL(SeqNum=50, OpType=_REDUCE_SCATTER_BASE, Timeout(ms)=600000) ran for 600038 milliseconds"
            ),
            "[PG ID 0 PG GUID 0(default_pg) Rank 0] Received a dump signal due to a collective timeout from rank 1",
            "Some NCCL operations have failed or timed out. Due to the asynchronous nature of CUDA kernels, subsequent",
            "[PG ID 2 PG GUID 3 Rank 3] Timeout at NCCL work: 31, last enqueued NCCL work: 58",
            "[Rank 1] Heartbeat monitor timed out! Process will be terminated after dumping debug info.",
            "ProcessGroupNCCL's watchdog got stuck for 480 seconds without making progress",
            "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.",
            "socketProgress: Connection closed by remote peer node2<51159>",
            (
                "RuntimeError: [../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer "
                "[10.0.0.2]:3711"
            ),
            "RuntimeError: [gloo/transport/tcp/unbound_buffer.cc:81] Timed out waiting 1800000ms for recv operation",
            "[W TCPStore.cpp:106] [c10d] sendBytes failed on SocketImpl(fd=88, addr=[node1]:41234): Broken pipe",
            (
                "DistNetworkError: Failed to recv, got 0 bytes. Connection was likely closed. Did the remote "
                "server shutdown or "
                "crash?"
            ),
            "DistStoreError: Timed out after 601 seconds waiting for clients. 15/16 clients joined.",
            "DistStoreError: wait timeout after 600000ms, keys: /default_pg/0//cuda//0",
        ],
        [
            "'nccl_timeout': 600,",
            "node1:77:99 [0] NCCL INFO comm 0x55 rank 3 nranks 8 - Init COMPLETE",
            "WorkNCCL(SeqNum=1, OpType=ALLGATHER) took 12 ms",
            "TimeoutError: reward function exceeded 30 s",
        ],
    ),
    "nccl-network-unreachable": (
        [
            (
                "node5:240:240 [6] misc/socket.cc:533 NCCL WARN socketPollConnect: Connect to 10.0.0.4<56849> "
                "returned 113(No "
                "route to host) errno 115"
            ),
            "zg:11:12 [0] NCCL INFO socketPollConnect: connect returned No route to host, retrying (26/34) after sleep",
            "socketStartConnect: Connect to 172.17.0.1<45301> failed : Software caused connection abort",
            (
                "ps-8:796:822 [0] include/socket.h:409 NCCL WARN Net : Connect to 192.168.1.9<54263> failed : "
                "No route to host"
            ),
            "node1:1:9 [0] misc/socket.cc:456 NCCL WARN Call to connect returned Connection refused",
            "node1:1:9 [0] bootstrap.cc:45 NCCL WARN Bootstrap : no socket interface found",
            "The client socket has failed to connect to any network address of (head, 29500).",
            (
                "torch.distributed.DistNetworkError: The client socket has timed out after 600000ms while "
                "trying to connect to "
                "(10.0.0.1, 29500)."
            ),
            (
                "The IPv4 network addresses of (gpu-07, 29500) cannot be retrieved (gai error: -2 - Name or "
                "service not known)."
            ),
            "NCCL WARN NET/Socket : peer 10.0.0.7 unreachable",
        ],
        [
            "[W socket.cpp:663] [c10d] The client socket has failed to connect to [localhost]:29500 (errno: 99)",
            "node1:77:99 [0] NCCL INFO NET/Socket : Using [0]eth0:10.0.0.1<0>",
            "node1:77:99 [0] NCCL INFO Bootstrap : Using eth0:10.0.0.1<0>",
            "requests.exceptions.ConnectionError: Connection refused",
        ],
    ),
    "nccl-ib-error": (
        [
            (
                "ib_plugin.c:1615 NCCL WARN NET/IB : Got completion from peer 10.2.0.36<54862> with status=12 "
                "opcode=0 len=0"
            ),
            "NCCL WARN NET/IB : Got completion with error 12, opcode 0, len 0, vendor err 129",
            "NET/IBP:Got completion from peer 7.6.13.83<36315> with status=12 opcode=32698 (Send)",
            "ibvwrap.c:160 NCCL WARN Call to ibv_modify_qp failed with error Connection timed out",
            "NCCL WARN NET/IB : mlx5_3:1 Got async event : port error",
            "NCCL WARN NET/IB : Unable to open device mlx5_2",
            "NCCL WARN NET/IB : mlx5_1:1 Port 1 is down",
        ],
        [
            "NCCL INFO NET/IB : Using [0]mlx5_1:1/IB [1]mlx5_3:1/IB [RO]; OOB ib0:10.0.0.1<0>",
            "NCCL INFO NET/IB : No device found.",
            "NCCL INFO NCCL_IB_TIMEOUT set by environment to 18.",
            "NCCL WARN NET/IB : mlx5_0:1 Got async event : GID table change",
        ],
    ),
    "nccl-version-mismatch": (
        [
            "init.cc:951 NCCL WARN Mismatched NCCL version detected : rank 1 version 22705 rank 0 version 22703",
            "bootstrap.cc:112 NCCL WARN Message truncated : received 1024 bytes instead of 256",
        ],
        ["NCCL version 2.21.5+cuda12.4", "WARNING: output truncated: 1024 bytes"],
    ),
    "port-in-use": (
        [
            "OSError: [Errno 98] Address already in use",
            "AssertionError: Session name session_2026-01-02_1 does not match persisted value b'session_2026-01-02_0'.",
            "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
            "zmq.error.ZMQError: Address already in use (addr='tcp://10.0.0.1:5555')",
            (
                "The server socket has failed to listen on any local network address. port: 29500, code: -98, "
                "name: EADDRINUSE"
            ),
            "ValueError: Failed to bind to 0.0.0.0:8265 because it's already occupied. You can use `ray start",
            "Check failed: server_ Failed to start the grpc server. The specified port is 8076. This means that Ray's",
            "ValueError: Ray component dashboard is trying to use a port number 8265 that is used by other components.",
        ],
        [
            "WARNING Address already in use. Retrying with a new port.",
            "rollout server 3 failed, maybe address already in use, restarting...",
            "Uvicorn running on http://0.0.0.0:8000",
        ],
    ),
    "ray-cluster-start": (
        [
            "Exception: The current node timed out during startup. This could happen because some of the Ray processes",
            "Exception: The current node has not been updated within 30 seconds, this could happen because of",
            "Unable to connect to GCS (ray head) at 10.0.0.1:6379. Check that (1) Ray with matching version started",
            "RuntimeError: Failed to connect to GCS. Please check if the GCS server is running",
            "RuntimeError: Failed to get the system config from raylet because it is dead.",
            "gcs_client.cc:178: Failed to get cluster ID from GCS server: TimedOut",
            "ray.exceptions.RpcError: Timed out while waiting for GCS to become available.",
            "TimeoutError: Timed out after 60 seconds while waiting for node to startup. Did not find socket name",
            "Failed to get node info b'GCS cannot find the node with node ID 19e06b. The node registration may not be",
            "ERROR scripts.py:447 -- Ray processes died unexpectedly:",
            "RuntimeError: Could not read 'session_name' from GCS. Did GCS start successfully?",
            "ConnectionError: Could not find any running Ray instance. Please specify the one to connect to",
            "Some Ray subprocesses exited unexpectedly:",
            "ValueError: Can't find a `node_ip_address.json` file from /tmp/ray/session_1",
            "ValueError: When connecting to an existing cluster, num_cpus and num_gpus must not be provided.",
            "ConnectionError: ray client connection timeout",
            (
                "Failed to connect to the default Ray cluster address at 10.0.0.1:6379. This is most likely due "
                "to a previous"
            ),
            "Raylet is terminated. Termination is unexpected.",
            "raylet exited immediately because the Ray agent failed",
        ],
        [
            "INFO worker.py:1841 -- Connected to Ray cluster.",
            "INFO worker.py:1888 -- Started a local Ray instance.",
            "Failed to start the dashboard , return code 1",
        ],
    ),
    "ray-version-mismatch": (
        ["RuntimeError: Version mismatch: The cluster was started with:\n    Ray: 2.12.0\n    Python: 3.11.11"],
        ["WARNING Python patch version mismatch: The cluster was started with:\n    Ray: 2.43.0", "Ray: 2.43.0"],
    ),
    "huggingface-offline": (
        [
            "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the",
            (
                "OSError: We couldn't connect to 'https://huggingface.co' to load this file, couldn't find it "
                "in the cached"
            ),
            "Cannot find the requested files in the disk cache and outgoing traffic has been disabled.",
            (
                "huggingface_hub.errors.OfflineModeIsEnabled: Cannot reach "
                "https://huggingface.co/api/models/Qwen/Q: offline "
                "mode is enabled. To disable it"
            ),
            "An error happened while trying to locate the file on the Hub and we cannot find the requested files in",
            "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder",
            "ConnectionError: Couldn't reach 'openai/gsm8k' on the Hub (ConnectionError)",
            "ConnectionError: Couldn't reach the Hugging Face Hub for dataset 'openai/gsm8k': Offline mode is enabled.",
            (
                "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Max "
                "retries exceeded "
                "with url: /Qwen/Q/resolve/main/config.json (Caused by NameResolutionError"
            ),
            traceback("huggingface_hub/utils/_http.py", "http_backoff", "httpx.ConnectError: [Errno 101] unreachable"),
            traceback("huggingface_hub/file_download.py", "http_get", "requests.exceptions.SSLError: EOF occurred"),
            traceback("transformers/utils/hub.py", "cached_files", "OSError: Temporary failure in name resolution"),
            traceback("datasets/load.py", "dataset_module_factory", "OSError: [Errno -2] Name or service not known"),
        ],
        [
            (
                "'(MaxRetryError(\"HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded "
                "with url: /x\"))' "
                "thrown while requesting HEAD https://huggingface.co/x. Retrying in 1s [Retry 1/5]."
            ),
            "socket.gaierror: [Errno -2] Name or service not known",
            "'HF_HUB_OFFLINE': '1'",
            "requests.exceptions.ConnectionError: HTTPConnectionPool(host='10.0.0.3', port=8000): Max retries exceeded",
            traceback("verl/workers/rollout/server.py", "call", "httpx.ConnectError: All connection attempts failed"),
        ],
    ),
    "huggingface-gated": (
        [
            (
                "OSError: You are trying to access a gated repo.\nMake sure to have access to it at "
                "https://huggingface.co/m"
            ),
            "Cannot access gated repo for url https://huggingface.co/meta-llama/L/resolve/main/config.json.",
            "huggingface_hub.errors.GatedRepoError: 403 Client Error.",
            "DatasetNotFoundError: Dataset 'a/b' is a gated dataset on the Hub.",
            "Access to model meta-llama/L is restricted and you are not in the authorized list.",
            "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/a/b",
            "Invalid user token. The token from HF_TOKEN environment variable is invalid.",
            "If you are trying to access a private or gated repo, make sure you are authenticated.",
        ],
        ["401 Client Error: Unauthorized for url: https://api.wandb.ai/graphql", "gated_mlp: True"],
    ),
    "huggingface-rate-limit": (
        [
            "HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/api/models/Qwen/Q",
            "HTTP Error 429 thrown while requesting HEAD https://huggingface.co/Qwen/Q/resolve/main/config.json",
            "We had to rate limit your IP (10.1.2.3). To continue using our service, create a HF account",
            "We had to rate limit you, you hit the quota of 1000 api requests per 5 minutes period.",
            "Too Many Requests: https://huggingface.co/api/whoami",
            'HTTP Request: HEAD https://huggingface.co/Qwen/Q "HTTP/1.1 429 Too Many Requests"',
        ],
        ["429 Client Error: Too Many Requests for url: https://api.wandb.ai/graphql", "Running: 429 reqs"],
    ),
    "cuda-device-assert": (
        [
            "RuntimeError: CUDA error: device-side assert triggered",
            (
                "/pytorch/aten/src/ATen/native/cuda/Indexing.cu:1369: indexSelectSmallIndex: block: [3,0,0], "
                "thread: [64,0,0] "
                "Assertion `srcIndex < srcSelectDimSize` failed."
            ),
            "RuntimeError: probability tensor contains either `inf`, `nan` or element < 0",
            "RuntimeError: HIP error: device-side assert triggered",
        ],
        ["Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.", "AssertionError: batch % 8 != 0"],
    ),
    "gpu-xid-error": (
        [
            "[Tue Nov  4 02:11:09 2025] NVRM: Xid (PCI:0000:65:00): 94, pid=4242, Contained: SM (0x1)",
            "NVRM: GPU 0000:65:00.0: GPU has fallen off the bus.",
            "RuntimeError: CUDA error: uncorrectable ECC error encountered",
            "CUDA_ERROR_ECC_UNCORRECTABLE",
            "RuntimeError: CUDA error: uncorrectable NVLink error detected during the execution",
            "Unable to determine the device handle for GPU0000:03:00.0: Unknown Error",
            "CUDA error: Invalid access of peer GPU memory over nvlink or a hardware error",
            "GPU is lost.  Reboot the system to recover this GPU",
            "RuntimeError: CUDA error: hardware stack error",
        ],
        ["ECC errors: 0 uncorrectable", "CUDA error: an illegal memory access was encountered", "pid=94"],
    ),
    "worker-died": (
        [
            "ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.",
            "The actor died because of an error raised in its creation task, ray::WorkerDict.__init__()",
            "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail:",
            "(raylet) A worker died or was killed while executing a task by an unexpected system error.",
            (
                "Worker exit type: SYSTEM_ERROR Worker exit detail: Worker unexpectedly exits with a connection "
                "error code 2."
            ),
            "ray.exceptions.WorkerCrashedError: The worker died unexpectedly while executing this task.",
            "ray.exceptions.OwnerDiedError: Failed to retrieve object 00ff",
            "ray.exceptions.ActorUnavailableError: The actor 8af3c1d2e4b5a697 is unavailable: RpcError",
            "The node with node id: 15378de0 has been marked dead because the detector has missed too many heartbeats",
            "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above)",
            "ERROR 11-03 12:00:00 [core.py:708] EngineCore failed to start.",
            "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
            "Engine core proc EngineCore_DP0 died unexpectedly, shutting down client.",
            "Worker proc VllmWorker-1 died unexpectedly, shutting down executor.",
            "WorkerProcess VllmWorker-1 died unexpectedly.",
            "Exception: WorkerProc initialization failed due to an exception in a background process.",
            "ERROR Worker VllmWorkerProcess pid 4242 died, exit code: -15",
            "RuntimeError: Engine loop is not running. Inspect the stacktrace to find the original error",
            "RuntimeError: Engine process failed to start. See stack trace for the root cause.",
            "AsyncEngineDeadError: Background loop has errored already.",
            "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:",
            (
                "E1104 elastic/multiprocessing/api.py:869] failed (exitcode: -9) local_rank: 3 (pid: 4242) of "
                "binary: python"
            ),
            "RuntimeError: DataLoader worker (pid(s) 4242, 4243) exited unexpectedly",
            "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Killed.",
            "srun: error: gpu-07: task 3: Killed",
            "srun: error: gpu-07: tasks 0-7: Exited with exit code 1",
        ],
        [
            "INFO 11-03 12:00:00 [core.py:77] Initializing a V1 LLM engine",
            (
                "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Bus error. It is possible that "
                "dataloader's"
            ),
            "srun: error: gpu-07: task 3: Out Of Memory",
            "This DataLoader will create 16 worker processes in total.",
            "Worker exit type: INTENDED_SYSTEM_EXIT",
        ],
    ),
    "sequence-length-exceeds-model": (
        [
            (
                "ValueError: User-specified max_model_len (40960) is greater than the derived max_model_len "
                "(max_position_"
                "embeddings=32768"
            ),
            "ValueError: max_model_len (40960) should be less than or equal to max_position_embeddings (32768)",
            "AssertionError: model context length should be greater than total sequence length",
            "ValueError: This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
            "ValueError: The decoder prompt (length 5120) is longer than the maximum model length of 4096.",
            "ValueError: Prompt length (5121) exceeds the model's maximum context length (4096).",
            "RuntimeError: Prompt length 2077 is longer than 1024.",
            "WARNING Input prompt (5120 tokens) is too long and exceeds limit of 4096",
            "NotImplementedError: sequence_length=1245 is larger than max_length=1024",
            (
                "AssertionError: max_token_len must be greater than the sequence length. Got max_token_len=4096 "
                "and max_seq_len=9"
            ),
            (
                "ValueError: max_num_batched_tokens (8192) is smaller than max_model_len (32768). This "
                "effectively limits the"
            ),
            "ValueError: Enable chunked prefill, max_num_batched_tokens is smaller than max_model_len, please increase",
        ],
        [
            "Token indices sequence length is longer than the specified maximum sequence length for this model (9 > 8)",
            "Filtering prompts longer than 1024 tokens: 100%",
            "INFO Using max model len 32768",
            "'max_model_len': 4096, 'max_num_batched_tokens': 8192,",
        ],
    ),
    "hydra-unknown-key": (
        [
            (
                "Could not override 'actor_rollout_ref.rollout.foo'.\nTo append to your config use "
                "+actor_rollout_ref.foo=1"
            ),
            "Could not append to config. An item is already at 'trainer.nnodes'.",
            "Could not delete from config. 'trainer.foo' does not exist.",
            "omegaconf.errors.ConfigAttributeError: Key 'foo' is not in struct",
            "omegaconf.errors.ConfigKeyError: Key 'foo' not in 'PPOTrainerConfig'",
            "omegaconf.errors.ConfigAttributeError: Missing key use_dynamic_bsz",
            traceback(
                "verl/utils/config.py",
                "omega_conf_to_dataclass",
                "TypeError: FSDPActorConfig.__init__() got an unexpected keyword argument 'foo'",
            ),
            traceback(
                "hydra/_internal/instantiate/_instantiate2.py",
                "_call_target",
                "TypeError: RolloutConfig.__init__() got an unexpected keyword argument 'foo'",
            ),
        ],
        [
            "TypeError: ModelConfig.__init__() got an unexpected keyword argument 'foo'",
            "Error executing job with overrides: ['trainer.nnodes=1']",
            "KeyError: 'foo'",
        ],
    ),
}
"""Of the failures of any training stack."""

EMPTY_CACHE = "RuntimeError: captures_underway.empty() INTERNAL ASSERT FAILED at CUDACachingAllocator.cpp:2967"
SHAPE = "RuntimeError: shape '[-1, 1, 1, 2]' is invalid for input of size 1"
ILLEGAL = "RuntimeError: CUDA error: an illegal memory access was encountered"

KNOWN: dict[str, tuple[list[str], list[str]]] = {
    "tensordict-forkingpickler": (
        [
            (
                "ImportError: cannot import name 'ForkingPickler' from 'torch.multiprocessing.reductions' "
                "(/v/reductions.py)"
            ),
            (
                "(WorkerDict pid=7) ImportError: cannot import name 'ForkingPickler' from "
                "'torch.multiprocessing.reductions'"
            ),
        ],
        ["ImportError: cannot import name 'ForkingPickler' from 'multiprocessing.reduction'"],
    ),
    "tensordict-090-banned": (
        [
            traceback(
                "verl/workers/actor/dp_actor.py",
                "update_policy",
                (
                    "RuntimeError: indexing a tensordict with td.batch_dims==0 is not permitted. Got index slice(1, "
                    "2, None)."
                ),
            ),
            traceback(
                "verl/protocol.py",
                "union",
                (
                    "RuntimeError: batch dimension mismatch, got self.batch_size=torch.Size([]) and "
                    "value.shape=torch.Size([8])"
                ),
            ),
        ],
        [
            (
                "RuntimeError: batch dimension mismatch, got self.batch_size=torch.Size([3]) and "
                "value.shape=torch.Size([8, 3])"
            ),
            traceback("my_env/loader.py", "collate", "RuntimeError: batch dimension mismatch, got self.batch_size=[3]"),
            traceback("verl/workers/actor/dp_actor.py", "update_policy", "AssertionError: batch size 7 % 8 != 0"),
            "'train_batch_size': 1024, dp_actor.py",
        ],
    ),
    "tensordict-below-verl-pin": (
        [
            "AssertionError: Build DataProto from TensorDict at least requires tensordict version 0.10.0",
            "AssertionError: Convert DataProto to TensorDict at least requires tensordict version 0.10",
        ],
        ["tensordict 0.10.0", "verl 0.7.0 requires tensordict!=0.9.0,<=0.10.0,>=0.8.0"],
    ),
    "tensordict-arm64-membership": (
        [
            (
                "NotImplementedError: TensorDict does not support membership checks with the `in` keyword. If "
                "you want to check"
            )
        ],
        ["TensorDict(fields={input_ids: Tensor(shape=torch.Size([8, 512]))})"],
    ),
    "vllm-v0-modules-removed": (
        [
            "ModuleNotFoundError: No module named 'vllm.worker'",
            "ModuleNotFoundError: No module named 'vllm.model_executor.sampling_metadata'",
            "ModuleNotFoundError: No module named 'vllm.executor'",
        ],
        ["from vllm.worker.worker_base import WorkerWrapperBase", "No module named 'vllm'"],
    ),
    "vllm-compilationlevel-renamed": (
        ["ImportError: cannot import name 'CompilationLevel' from 'vllm.config' (/v/vllm/config/__init__.py)"],
        ["from vllm.config import CompilationConfig, CompilationLevel"],
    ),
    "vllm-utils-split": (
        [
            "ImportError: cannot import name 'FlexibleArgumentParser' from 'vllm.utils' (/v/vllm/utils/__init__.py)",
            "ImportError: cannot import name 'get_tcp_uri' from 'vllm.utils' (/v/vllm/utils/__init__.py)",
        ],
        ["cannot import name 'Counter' from 'vllm.utils'"],
    ),
    "vllm-lora-model-moved": (
        ["ModuleNotFoundError: No module named 'vllm.lora.models'"],
        ["No module named 'vllm.lora.peft'", "INFO Using default LoRA kernel configs"],
    ),
    "vllm-lora-tensor-args": (
        [
            "TypeError: LoRAModel.from_lora_tensors() got an unexpected keyword argument 'embeddings'",
            "AttributeError: 'VLLMHijack' object has no attribute 'embedding_padding_modules'",
            "AttributeError: 'LoRAConfig' object has no attribute 'lora_extra_vocab_size'",
            "TypeError: load() got an unexpected keyword argument 'target_embedding_padding'",
        ],
        ["embedding_padding_modules=self.embedding_padding_modules,", "lora_extra_vocab_size=256, lora_dtype=auto"],
    ),
    "vllm-workerwrapper-signature": (
        ["TypeError: WorkerWrapperBase.__init__() got an unexpected keyword argument 'vllm_config'"],
        ["TypeError: Worker.__init__() got an unexpected keyword argument 'vllm_config'"],
    ),
    "async-import": (
        [
            "ImportError: cannot import name 'CoreEngineProcManager' from 'vllm.v1.engine.utils' (/v/utils.py)",
            "ImportError: cannot import name 'run_headless' from 'vllm.entrypoints.cli.serve' (/v/serve.py)",
            "ModuleNotFoundError: No module named 'vllm.v1.engine.utils'",
        ],
        ["No module named 'vllm.v1'", "Starting CoreEngineProcManager"],
    ),
    "sync-only": (
        [
            "ImportError: cannot import name 'CoreEngineProcManager' from 'vllm.v1.engine.core_client'",
            "ModuleNotFoundError: No module named 'vllm.v1.engine.utils'",
        ],
        ["cannot import name 'run_headless' from 'vllm.entrypoints.cli.serve'"],
    ),
    "fp8-moe": (
        ["ImportError: cannot import name 'FusedMoE' from 'vllm.model_executor.layers.fused_moe.layer' (/v/layer.py)"],
        ["ImportError: cannot import name 'FusedMoE' from 'sglang.srt.layers.moe'", "Using Triton FusedMoE backend"],
    ),
    "fp8-moe-isinstance": (
        [
            traceback(
                "verl/utils/vllm/vllm_fp8_utils.py",
                "is_fp8_weight",
                "TypeError: isinstance() arg 2 must be a type, a tuple of types, or a union",
            )
        ],
        [
            "TypeError: isinstance() arg 2 must be a type, a tuple of types, or a union",
            traceback("my_reward/judge.py", "score", "TypeError: isinstance() arg 2 must be a type"),
        ],
    ),
    "moe-no-weight-loader": (
        ["AttributeError: 'Parameter' object has no attribute 'weight_loader'"],
        ["weight_loader = getattr(param, 'weight_loader', default_weight_loader)"],
    ),
    "v0-n-gt1-leak": (
        [
            (
                "(raylet) 3 Workers (tasks / actors) killed due to memory pressure (OOM), 0 Workers crashed due "
                "to other reasons"
            )
        ],
        ["0 Workers (tasks / actors) killed due to memory pressure (OOM), 2 Workers crashed due to other reasons"],
    ),
    "vllm063-illegal-memory": (
        [
            traceback("vllm/worker/model_runner.py", "execute_model", ILLEGAL),
            traceback("vllm/attention/backends/flash_attn.py", "forward", ILLEGAL),
            traceback("vllm_flash_attn/flash_attn_interface.py", "flash_attn_varlen_func", ILLEGAL),
            traceback("verl/third_party/vllm/vllm_v_0_6_3/llm.py", "_run_engine", ILLEGAL),
        ],
        [
            ILLEGAL,
            traceback("vllm/v1/worker/gpu_model_runner.py", "execute_model", ILLEGAL),
            traceback("vllm/v1/attention/backends/flash_attn.py", "forward", ILLEGAL),
            traceback("verl/workers/actor/dp_actor.py", "update_policy", ILLEGAL),
        ],
    ),
    "harmony-vocab-offline": (
        ["openai_harmony.HarmonyError: error downloading or loading vocab file: failed to download or load vocab file"],
        ["downloading vocab file: 100%"],
    ),
    "symm-mem-allreduce": (
        [
            (
                "RuntimeError: CUDASymmetricMemoryAllocator::rendezvous: detected allocations from overlapping "
                "devices from "
                "different ranks."
            ),
            "    handle = torch_symm_mem.rendezvous(self.buffer, self.group.group_name)",
            traceback(
                "vllm/distributed/device_communicators/symm_mem.py",
                "__init__",
                "RuntimeError: CUDA driver error: invalid device ordinal",
            ),
            traceback(
                "torch/distributed/_symmetric_memory/__init__.py",
                "rendezvous",
                "RuntimeError: CUDA driver error: invalid device ordinal",
            ),
        ],
        [
            "CUDA driver error: invalid device ordinal",
            "INFO Using symmetric memory for all-reduce",
            "'VLLM_ALLREDUCE_USE_SYMM_MEM': '0'",
        ],
    ),
    "compile-cache-corruption": (
        [
            "RuntimeError: vLLM failed to compile the model. The most likely reason for this is that a previous",
            "AssertionError: failed to get the hash of the compiled graph",
        ],
        [
            "INFO Using cache directory: /home/user/.cache/vllm/torch_compile_cache/1a2b/rank_0_0",
            "torch.compile takes 31.4 s",
        ],
    ),
    "transformers5-vllm011": (
        [
            "AttributeError: Qwen2Tokenizer has no attribute all_special_tokens_extended. Did you mean: 'num_special'?",
            "AttributeError: 'Qwen2TokenizerFast' object has no attribute 'all_special_tokens_extended'",
        ],
        ["tokenizer_all_special_tokens_extended = tokenizer.all_special_tokens_extended"],
    ),
    "transformers5-vision2seq": (
        ["ImportError: cannot import name 'AutoModelForVision2Seq' from 'transformers' (/v/transformers/__init__.py)"],
        ["FutureWarning: The class `AutoModelForVision2Seq` is deprecated and will be removed in v5.0"],
    ),
    "transformers-4460-yanked": (
        [
            (
                "WARNING: The candidate selected for download or install is a yanked version: 'transformers' candidate "
                "(version 4.46.0 at https://example.org/transformers-4.46.0-py3-none-any.whl)"
            ),
        ],
        ["a yanked version: 'numpy' candidate (version 2.4.0 at"],
    ),
    "transformers-453-qwen2vl": (
        [
            (
                "ValueError: Model architectures ['Qwen2_5_VLForConditionalGeneration'] failed to be inspected. "
                "Please check"
            ),
            "Value error, Model architectures ['Qwen2VLForConditionalGeneration'] failed to be inspected.",
            "TypeError: Qwen2_5_VLProcessor.__init__() got multiple values for argument 'image_processor'",
            "AttributeError: 'Qwen2_5_VLConfig' object has no attribute 'vocab_size'",
            "ImportError: cannot import name 'Qwen2_5_VLImageProcessor' from 'transformers.models.qwen2_5_vl'",
        ],
        [
            "ValueError: Model architectures ['Qwen3ForCausalLM'] failed to be inspected.",
            "INFO Loading Qwen2.5-VL-7B-Instruct",
            "AttributeError: 'Qwen2Config' object has no attribute 'x'",
        ],
    ),
    "transformers-447-gemma2": (
        ["AttributeError: 'Gemma2Attention' object has no attribute '_flash_attn_uses_top_left_mask'"],
        ["AttributeError: 'Gemma2Config' object has no attribute 'x'"],
    ),
    "transformers-448-ulysses": (
        [
            "ImportError: cannot import name 'LlamaFlashAttention2' from 'transformers.models.llama.modeling_llama'",
            "AttributeError: module 'transformers.models.qwen2.modeling_qwen2' has no attribute 'Qwen2FlashAttention2'",
        ],
        ["(self_attn): LlamaFlashAttention2(", "from transformers.models.llama import LlamaFlashAttention2"],
    ),
    "transformers-457-qwen3vlmoe": (
        [
            traceback(
                "transformers/models/qwen3_vl_moe/modeling_qwen3_vl_moe.py",
                "forward",
                "RuntimeError: scatter(): Expected self.dtype to be equal to src.dtype",
            )
        ],
        [
            "RuntimeError: scatter(): Expected self.dtype to be equal to src.dtype",
            traceback("my_loss.py", "f", "RuntimeError: scatter(): Expected self.dtype to be equal to src.dtype"),
        ],
    ),
    "numpy2-old-verl": (
        [
            "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.2.6 as it may crash.",
            "AttributeError: _ARRAY_API not found",
            "ImportError: numpy.core.multiarray failed to import",
            "AttributeError: `np.float_` was removed in the NumPy 2.0 release. Use `np.float64` instead.",
            "verl 0.7.0 requires numpy<2.0.0, but you have numpy 2.2.6 which is incompatible.",
            "vllm 0.8.2 requires numpy<2.0.0, but you have numpy 2.1.0 which is incompatible.",
            "  Because verl[vllm]==0.7.0 depends on numpy<2.0.0 and you require numpy>=2, we can conclude",
        ],
        ["pandas 1.5 requires numpy<2", "numpy 2.2.6", "Collecting numpy<2.0.0 (from verl==0.7.0)"],
    ),
    "numpy1-new-verl": (
        [
            "verl 0.9.0 requires numpy>=2.0.0, but you have numpy 1.26.4 which is incompatible.",
            "Because verl==0.9.1 depends on numpy>=2.0.0 and numpy==1.26.4, we can conclude",
        ],
        ["pyarrow 26 requires numpy>=2.0.0", "verl 0.8.0 requires numpy<2.0.0"],
    ),
    "numpy-124-core": (
        [
            "ModuleNotFoundError: No module named 'numpy._core'",
            "ModuleNotFoundError: No module named 'numpy._core.multiarray'",
        ],
        ["No module named 'numpy.core'", "from numpy._core import umath"],
    ),
    "numba-numpy-cap": (
        [
            "ImportError: Numba needs NumPy 2.2 or less. Got NumPy 2.3.",
            "ImportError: Numba needs NumPy 1.26 or less",
        ],
        ["numba 0.61.2 requires numpy<2.3,>=1.24", "Numba needs LLVM"],
    ),
    "pyarrow26-numpy1": (
        ["ImportError: pyarrow requires NumPy 2.0 or newer, found 1.26.4"],
        ["pyarrow 26.0.0 requires nothing"],
    ),
    "setuptools82-pkg-resources": (
        [traceback("verl/__init__.py", "<module>", "ModuleNotFoundError: No module named 'pkg_resources'")],
        [
            "UserWarning: pkg_resources is deprecated as an API.",
            traceback("other/__init__.py", "<module>", "ModuleNotFoundError: No module named 'pkg_resources'"),
        ],
    ),
    "datasets-2.14-pyarrow21": (
        ["AttributeError: module 'pyarrow' has no attribute 'PyExtensionType'. Did you mean: 'ExtensionType'?"],
        ["FutureWarning: pyarrow.PyExtensionType is deprecated"],
    ),
    "datasets-2.14-fsspec": (
        ["NotImplementedError: Loading a dataset cached in a LocalFileSystem is not supported."],
        ["Found cached dataset parquet (/home/user/.cache/huggingface/datasets)"],
    ),
    "flash-attn-28-torch26": (
        [
            (
                "ImportError: /v/flash_attn_2_cuda.cpython-311-x86_64-linux-gnu.so: undefined symbol: "
                "_ZN3c105ErrorC2ENS_14"
                "SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
            ),
        ],
        ["undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs"],
    ),
    "flashinfer-023": (
        [
            (
                "INFO [topk_topp_sampler.py:44] Currently, FlashInfer top-p & top-k sampling sampler is "
                "disabled because "
                "FlashInfer>=v0.2.3 is not backward compatible. Falling back"
            ),
            "TypeError: top_k_top_p_sampling_from_probs() got an unexpected keyword argument 'deterministic'",
            traceback(
                "vllm/v1/sample/ops/topk_topp_sampler.py",
                "flashinfer_sample",
                "ValueError: not enough values to unpack (expected 2, got 1)",
            ),
        ],
        [
            "INFO Using FlashInfer for top-p & top-k sampling.",
            "WARNING FlashInfer is not available. Falling back to the PyTorch-native implementation of top-p & top-k",
            traceback("my_reward/judge.py", "score", "ValueError: not enough values to unpack (expected 2, got 1)"),
        ],
    ),
    "trl-extra": (
        [
            "ImportError: cannot import name 'AutoModelForCausalLMWithValueHead' from 'trl' (/v/trl/__init__.py)",
            "AttributeError: module 'trl' has no attribute 'AutoModelForCausalLMWithValueHead'",
            "ModuleNotFoundError: No module named 'trl'",
        ],
        ["AutoModelForCausalLMWithValueHead(", "No module named 'trl.experimental'"],
    ),
    "grpcio-dashboard": (
        [
            "ERROR services.py:1353 -- Failed to start the dashboard , return code 1",
            (
                "RuntimeError: The grpc package installed is at version 1.54.2, but the generated code in "
                "health_pb2_grpc.py"
            ),
            "AttributeError: module 'grpc' has no attribute 'aio'",
        ],
        ["View the dashboard at http://127.0.0.1:8265"],
    ),
    "pynvml-shadow": (
        [
            "AttributeError: module 'pynvml' has no attribute 'nvmlDeviceGetHandleByUUID'",
            "WARNING You are using a deprecated `pynvml` package. Please install `nvidia-ml-py` instead",
        ],
        ["FutureWarning: The pynvml package is deprecated. Please install nvidia-ml-py instead."],
    ),
    "multiple-nccl": (
        ["ImportError: /v/torch/lib/libtorch_cuda.so: undefined symbol: ncclCommWindowDeregister"],
        ["NCCL version 2.27.5+cuda12.9", "undefined symbol: cuGreenCtxCreate"],
    ),
    "torch29-conv3d": (["aten::slow_conv_dilated3d 12.41% 3.112s"], ["aten::conv3d 1.2%"]),
    "python-too-old": (
        [
            "AttributeError: 'str' object has no attribute 'removeprefix'",
            "ERROR: Package 'verl' requires a different Python: 3.9.18 not in '>=3.10'",
            "TypeError: unsupported operand type(s) for |: 'type' and 'NoneType'",
        ],
        ["TypeError: unsupported operand type(s) for |: 'dict' and 'list'", "Python 3.10.12"],
    ),
    "python-too-new": (
        ["ERROR: Package 'verl' requires a different Python: 3.13.1 not in '<3.13,>=3.10'"],
        ["ERROR: Package 'verl' requires a different Python: 3.9.18 not in '>=3.10'"],
    ),
    "triton-no-compiler": (
        [
            "RuntimeError: Failed to find C compiler. Please specify via CC environment variable",
            "/tmp/tmpa1/main.c:6:10: fatal error: Python.h: No such file or directory",
            "torch._inductor.exc.InvalidCxxCompiler: No working C++ compiler found in None",
            (
                "subprocess.CalledProcessError: Command '['/usr/bin/gcc', '/tmp/tmpa1/main.c', '-O3', "
                "'-shared', '-fPIC']' "
                "returned non-zero exit status 1."
            ),
        ],
        ["C compiler: gcc 11.4", "mod = compile_module_from_src(Path(path).read_text(), 'cuda_utils')"],
    ),
    "sleep-unsupported-platform": (
        [
            "ValueError: Sleep mode is only supported on CUDA devices.",
            "ValueError: Sleep mode is not supported on current platform.",
        ],
        ["sleep mode is not supported on CPU, ignore it.", "Sleep mode is not enabled in the model config"],
    ),
    "expandable-segments-assert": (
        ["AssertionError: Expandable segments are not compatible with memory pool. Please track https://github.com/x"],
        [
            (
                "If reserved but unallocated memory is large try setting "
                "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to "
                "avoid fragmentation."
            ),
        ],
    ),
    "expandable-segments-silent": (
        ["INFO worker.py:128] Sleep mode freed 0.00 GiB memory, 61.24 GiB memory is still in use."],
        ["INFO worker.py:128] Sleep mode freed 50.00 GiB memory, 3.10 GiB memory is still in use."],
    ),
    "xformers-backend-leftover": (
        [
            "WARNING VLLM_ATTENTION_BACKEND=XFORMERS is not supported by the V1 Engine. Falling back to V0.",
            "'env_vars': {'VLLM_ATTENTION_BACKEND': 'XFORMERS'}",
            "ValueError: Invalid attention backend: 'XFORMERS'. Valid backends are: ['FLASH_ATTN'",
        ],
        ["VLLM_ATTENTION_BACKEND=FLASH_ATTN", "INFO Using XFormers backend."],
    ),
    "cvd-empty": (
        ["RuntimeError: CUDA_VISIBLE_DEVICES is set to empty string, which means GPU support is disabled."],
        ["CUDA_VISIBLE_DEVICES is set to 0,1,2,3"],
    ),
    "cvd-uuid": (
        [
            "ValueError: invalid literal for int() with base 10: 'GPU-5e0a3b1c-1111-2222'",
            "ValueError: invalid literal for int() with base 10: 'MIG-5e0a3b1c-1111-2222'",
        ],
        ["ValueError: invalid literal for int() with base 10: 'gpu'", "GPU 0: NVIDIA H100 (UUID: GPU-5e0a3b1c)"],
    ),
    "rocr-visible-clash": (
        [
            "ValueError: Please don't set ROCR_VISIBLE_DEVICES when HIP/CUDA_VISIBLE_DEVICES is set.",
            "ValueError: Please use HIP_VISIBLE_DEVICES instead of ROCR_VISIBLE_DEVICES",
        ],
        ["ROCR_VISIBLE_DEVICES=0,1"],
    ),
    "hip-cuda-inconsistent": (
        [
            (
                "AssertionError: Please use the same HIP_VISIBLE_DEVICES or CUDA_VISIBLE_DEVICES, inconsistant "
                "values found: "
                "0 and 1."
            ),
        ],
        ["HIP_VISIBLE_DEVICES=0"],
    ),
    "noset-visible-devices-old-verl": (
        ["Duplicate GPU detected : rank 3 and rank 0 both on CUDA device 69000"],
        ["rank 3 and rank 0 both on node1"],
    ),
    "global-http-proxy": (
        [
            "aiohttp.client_exceptions.ClientHttpProxyError: 503, message='Service Unavailable'",
            "openai.InternalServerError: <h1>503 Service Unavailable</h1>The proxy could not connect to 10.0.0.3",
            (
                "(Caused by ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 503 "
                "Service Unavailable'"
            ),
            "503 Server Error: Service Unavailable for url: http://10.0.0.4:41235/v1/chat/completions",
            'HTTP Request: POST http://10.0.0.4:41235/v1/chat/completions "HTTP/1.1 503 Service Unavailable"',
        ],
        [
            "503 prompts filtered",
            "http_proxy=http://proxy:3128",
            'INFO: 10.0.0.4 - "POST /v1/completions HTTP/1.1" 200 OK',
        ],
    ),
    "shm-too-small": (
        [
            (
                "WARNING services.py:2069 -- WARNING: The object store is using /tmp instead of /dev/shm "
                "because /dev/shm has"
            ),
            "ValueError: The configured object store size (200.0 GB) exceeds /dev/shm size (67.1 MB).",
            (
                "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Bus error. It is possible that "
                "dataloader's "
                "workers are out of shared memory."
            ),
            "Fatal Python error: Bus error",
            "run.sh: line 12: 4242 Bus error (core dumped) python3 -m verl.trainer.main_ppo",
            "RuntimeError: unable to write to file </torch_4242_1_0>: No space left on device (28)",
            "RuntimeError: unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)",
            "Error while creating shared memory segment /dev/shm/nccl-x1 (size 9637888)",
            "Error: failed to extend /dev/shm/nccl-x1 to 9637892 bytes, error: No space left on device (28)",
            "OSError: [Errno 28] No space left on device: '/dev/shm/psm_1'",
        ],
        [
            "OSError: [Errno 28] No space left on device: '/ckpt/global_step_40'",
            "pcieport 0000:00:03.0: PCIe Bus Error: severity=Corrected",
            "tmpfs 64G 1.2G 63G 2% /dev/shm",
        ],
    ),
    "ulimit-nofile": (
        ["OSError: [Errno 24] Too many open files", "RuntimeError: received 0 items of ancdata"],
        ["open files (-n) 1024"],
    ),
    "ulimit-nproc": (
        [
            "OpenBLAS blas_thread_init: pthread_create failed for thread 63 of 64: Resource temporarily unavailable",
            "pthread_create failed: Resource temporarily unavailable",
            "RuntimeError: can't start new thread",
            "bash: fork: retry: Resource temporarily unavailable",
            "  what():  Resource temporarily unavailable",
            "OSError: unable to create new native thread",
        ],
        ["BlockingIOError: [Errno 11] write could not complete without blocking", "max user processes (-u) 4096"],
    ),
    "vllm07-world-size-assert": (
        [
            (
                "RuntimeError: world_size (8) is not equal to tensor_model_parallel_size (2) x "
                "pipeline_model_parallel_size (1)"
            ),
        ],
        ["world_size=8 rank=0 local_rank=0 distributed_init_method=env://"],
    ),
    "vllm07-local-rank": (
        ["RuntimeError: CUDA error: invalid device ordinal"],
        ["CUDA driver error: invalid device ordinal", "CUDA error: invalid argument"],
    ),
    "vllm07-empty-cache": (
        [
            EMPTY_CACHE,
            traceback("vllm/model_executor/model_loader/weight_utils.py", "pt_weights_iterator", EMPTY_CACHE),
        ],
        ["RuntimeError: INTERNAL ASSERT FAILED at TensorImpl.cpp:1"],
    ),
    "vllm074dev-dp-size": (
        [traceback("vllm/distributed/parallel_state.py", "initialize_model_parallel", SHAPE)],
        [SHAPE, traceback("my_loss.py", "f", SHAPE), traceback("verl/utils/torch_functional.py", "g", SHAPE)],
    ),
    "sglang04-empty-cache": (
        [traceback("sglang/srt/model_loader/weight_utils.py", "pt_weights_iterator", EMPTY_CACHE)],
        [
            EMPTY_CACHE,
            traceback("vllm/model_executor/model_loader/weight_utils.py", "pt_weights_iterator", EMPTY_CACHE),
        ],
    ),
    "zmq-lock-permission": (
        ["PermissionError: [Errno 13] Permission denied: '/tmp/verl_vllm_zmq.lock'"],
        ["PermissionError: [Errno 13] Permission denied: '/tmp/verl_vllm_zmq_bob.lock'"],
    ),
}
"""Of the failures of versions, variables and nodes."""
