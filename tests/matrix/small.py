"""A matrix of few rows, for tests of what is refused."""

from __future__ import annotations

from verl_doctor.matrix.matrix import Matrix

TEXT = """\
sources:
  seen: {kind: measured, reference: "a run", date: "2026-11-21"}
  told: {kind: issue, reference: "https://example.org/1", date: "2026-11-21"}
gates:
  - {verl: "<0.5", vllm: "===0.6.3 or >=0.7.0", source: seen}
windows:
  - {verl: "0.4.0", declared: "<=0.8.5", imports: "<=0.11.0", usable: "<=0.8.5.post1", source: seen}
breaks:
  - {failure: first-failure, when: {verl: "<0.5", torch: ">=2.6"}, source: [seen, told]}
drivers:
  minimum:
    "12": {driver: "525.60.13", source: seen}
  toolkit:
    "12.4": {driver: "550.54.14", source: seen}
torch:
  "2.6.0": {cuda: "12.4", archs: "80 90", cxx11_abi: "0", python: ">=3.9", cudnn: "9.1", nccl: "2.21", source: seen}
gpus:
  "9.0": {names: [H100, H200], source: told}
settings:
  - {verl: "<0.5", vllm: ">=0", enforce_eager: "False", free_cache_engine: "True", why: a, vllm_use_v1: b, source: seen}
claims:
  - {when: {verl: "<0.5", vllm: "==0.7.3"}, claim: "it runs", truth: "it does not", source: seen}
stacks:
  one:
    rank: "1"
    python: "3.10"
    pythons: ">=3.10,<3.13"
    glibc: "2.28"
    cuda: "12.4"
    min_driver: "525.60.13"
    flash_attn: "2.7.4.post1"
    confidence: high
    verified: [metadata, measured]
    period: "2025-07-01"
    pins: {verl: "0.4.0", vllm: "0.8.5", torch: "2.6.0", tensordict: "0.6.2", numpy: "1.26.4"}
    source: seen
proofs:
  one:
    - {python: "3.10", index: today, date: "2026-11-26"}
    - {python: "3.13", index: today, date: "2026-11-26", refusal: "no wheel"}
releases:
  vllm:
    "0.8.5": {python: ">=3.9", requires: {torch: "==2.6.0"}, source: seen}
  verl:
    "0.4.0": {requires: {numpy: ""}, extras: {vllm: {vllm: "<=0.8.5"}}, source: [seen]}
makers:
  AMD: {names: "mi\\\\d+x?|instinct", says: "another guide has them", source: told}
"""


def matrix_of(*changes: tuple[str, str]) -> Matrix:
    """Return the matrix with texts replaced, each of which must be there."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return Matrix(text, "small.yaml")
