"""Which variables are shown, and that no secret is."""

from __future__ import annotations

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.env import collect
from verl_doctor.facts.secrets import HIDDEN
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())


def shown(**environ: str) -> dict[str, str]:
    return collect(FakeHost(environ=environ), TARGET)


@pytest.mark.parametrize(
    "name",
    [
        "CC",
        "CUDA_VISIBLE_DEVICES",
        "HF_HOME",
        "HIP_VISIBLE_DEVICES",
        "HTTPS_PROXY",
        "HYDRA_FULL_ERROR",
        "LD_LIBRARY_PATH",
        "LOCAL_RANK",
        "MASTER_ADDR",
        "NCCL_PAT_ENABLE",
        "NVIDIA_REQUIRE_CUDA",
        "KMP_AFFINITY",
        "OMP_NUM_THREADS",
        "PYTHONPATH",
        "PYTORCH_CUDA_ALLOC_CONF",
        "RANK",
        "RAY_ADDRESS",
        "ROCR_VISIBLE_DEVICES",
        "SGLANG_BLOCK_NONZERO_RANK_CHILDREN",
        "SLURM_JOB_ID",
        "TIKTOKEN_ENCODINGS_BASE",
        "TOKENIZERS_PARALLELISM",
        "TORCHINDUCTOR_CACHE_DIR",
        "TORCH_CUDA_ARCH_LIST",
        "VERL_LOGGING_LEVEL",
        "VLLM_ATTENTION_BACKEND",
        "WANDB_MODE",
        "WORLD_SIZE",
        "no_proxy",
    ],
)
def test_shown(name: str) -> None:
    assert shown(**{name: "value"}) == {name: "value"}


@pytest.mark.parametrize(
    "name",
    ["AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY", "SLURM_JOB_ACCOUNT", "HOME", "PATH", "MY_CUDA_VISIBLE", "CUDA", "RANKS"],
)
def test_not_listed_at_all(name: str) -> None:
    assert shown(**{name: "value"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HUGGINGFACE_ACCESS_TOKENS",
        "VLLM_API_KEY",
        "VLLM_APIKEY",
        "RAY_REDIS_PASSWORD",
        "RAY_AUTH_TOKEN",
        "NVIDIA_API_KEY",
        "VERL_SECRET",
        "VERL_SECRETKEY",
        "VERL_DB_PASSWD",
        "VERL_CREDENTIALS",
        "VERL_SESSION_COOKIE",
        "VERL_KEY_FILE",
        "VERL_AUTHORIZATION",
        "VLLM_DB_PWD",
        "VLLM_DBPWD",
        "RAY_PASS",
        "HF_SIG",
        "HF_URL_SIGNATURE",
        "VERL_PRIVATE_KEY",
    ],
)
def test_hidden_by_name(name: str) -> None:
    assert shown(**{name: "correct horse"}) == {name: HIDDEN}


@pytest.mark.parametrize("name", ["HF_TOKEN", "RAY_REDIS_PASSWORD", "VLLM_API_KEY"])
def test_a_number_can_be_a_secret(name: str) -> None:
    assert shown(**{name: "5241590"}) == {name: HIDDEN}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("VLLM_MAX_TOKENS", "4096", id="a-number-of-tokens"),
        pytest.param("SGLANG_INIT_NEW_TOKEN_RATIO", "0.7", id="a-ratio"),
        pytest.param("VLLM_MAX_TOKENS_PER_EXPERT_FUSED_MOE", "65536", id="tokens-per-expert"),
    ],
)
def test_counts_of_tokens_are_no_secrets(name: str, value: str) -> None:
    assert shown(**{name: value}) == {name: value}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("hf_AbCdEfGhIjKlMnOpQrStUvWx", id="hugging-face"),
        pytest.param("--token hf_AbCdEfGhIjKlMnOpQrStUvWx", id="inside"),
        pytest.param("sk-proj-abcdefghijklmnopqrst", id="openai"),
        pytest.param("ghp_abcdefghijklmnopqrstuvwx", id="github"),
        pytest.param("github_pat_11ABCDEFG0abcdefghij", id="github-fine-grained"),
        pytest.param("glpat-abcdefghijklmnopqrst", id="gitlab"),
        pytest.param("AKIAIOSFODNN7EXAMPLE", id="aws"),
        pytest.param("ASIAIOSFODNN7EXAMPLE", id="aws-temporary"),
        pytest.param("ghr_abcdefghijklmnopqrstuvwx", id="github-refresh"),
        pytest.param("https://b.blob.test/c?sv=2024&sig=0a1b", id="sig"),
        pytest.param("https://s3.test/c?X-Amz-Signature=0a1b", id="amz-signature"),
        pytest.param("{'db_pwd': 'x'}", id="dict-pwd"),
        pytest.param('{"pass": "x"}', id="json-pass"),
        pytest.param('{"secretKey": "x"}', id="json-camel"),
        pytest.param('{"token_1": "x"}', id="json-numbered"),
        pytest.param('{\\"password\\": \\"x\\"}', id="json-in-json"),
        pytest.param("eyJhbGciOiJIUzI1NiIsInR5cCI6", id="jwt"),
        pytest.param("Authorization: Bearer abcdefgh1234", id="bearer"),
        pytest.param("https://host/v1?a=1&api_key=abc", id="query"),
        pytest.param('{"env_vars": {"WANDB_API_KEY": "0123abcd"}}', id="json"),
        pytest.param("a=1;password=abc", id="setting"),
    ],
)
def test_hidden_by_value(value: str) -> None:
    assert shown(RAY_OPTIONS=value) == {"RAY_OPTIONS": HIDDEN}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("/data/hf_checkpoints:/data/task-1234567890abcdef1234", id="path-like-a-token"),
        pytest.param("expandable_segments:True,max_split_size_mb:512", id="settings"),
        pytest.param("cuda>=12.4 brand=tesla,driver>=470,driver<471", id="requirement"),
        pytest.param("/opt/key:/opt/token:/opt/secret/lib", id="paths-named-like-secrets"),
        pytest.param("http://proxy:3128/a@b", id="port-and-path"),
        pytest.param('{"pwd": "/home/u", "OLDPWD": "a"}', id="working-folder"),
        pytest.param('{"pass_config": {"enable_fusion": true}, "bypass": 1}', id="compiler-passes"),
        pytest.param('{"max_tokens": 4096, "token_ratio": 0.7, "tokenizer": "x"}', id="counts"),
        pytest.param("design=1;passes=2;signal=3", id="words-within"),
        pytest.param("localhost,127.0.0.1,.svc", id="hosts"),
        pytest.param("FLASH_ATTN", id="plain"),
    ],
)
def test_harmless_values_stay(value: str) -> None:
    assert shown(RAY_OPTIONS=value) == {"RAY_OPTIONS": value}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("http://me:pw@proxy:3128", "http://***@proxy:3128", id="plain"),
        pytest.param("http://me:12345@proxy:3128", "http://***@proxy:3128", id="digits"),
        pytest.param("http://only-a-token@proxy", "http://***@proxy", id="user-only"),
        pytest.param("http://me:p@ss@proxy", "http://***@proxy", id="at-sign-inside"),
        pytest.param("http://me:p/w@proxy", "http://***@proxy", id="slash-inside"),
        pytest.param("me:pw@proxy:3128", "***@proxy:3128", id="no-scheme"),
        pytest.param("http://a:b@p,https://c:d@q/x", "http://***@p,https://***@q/x", id="two"),
    ],
)
def test_credentials_are_cut_out_of_urls(value: str, expected: str) -> None:
    assert shown(https_proxy=value) == {"https_proxy": expected}


def test_bytes_that_are_no_text_can_be_printed() -> None:
    (value,) = shown(HF_HOME="/data/\udcff").values()
    assert value == "/data/?"


def test_sorted() -> None:
    assert list(shown(VLLM_B="1", CUDA_A="1", NCCL_C="1")) == ["CUDA_A", "NCCL_C", "VLLM_B"]
