"""The corpus of logs is whole: each log is listed, and each entry says what can be true of its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypedDict

import pytest
import yaml

from verl_doctor.explain.entries import entries

_LOGS: Final = Path(__file__).parents[1] / "data/logs"
_LARGEST: Final = 60 * 1024

GENERAL: Final = frozenset(
    {
        "checkpoint-corrupt",
        "compiler-missing",
        "cuda-device-assert",
        "cuda-oom-rollout",
        "cuda-oom-training",
        "disk-full",
        "flash-attn-missing",
        "gpu-xid-error",
        "huggingface-gated",
        "huggingface-offline",
        "huggingface-rate-limit",
        "nccl-ib-error",
        "nccl-network-unreachable",
        "nccl-timeout-rank-died",
        "nccl-version-mismatch",
        "open-files-limit",
        "permission-denied-cache",
        "port-in-use",
        "ray-cluster-start",
        "ray-object-store-full",
        "ray-version-mismatch",
        "sequence-length-exceeds-model",
    }
)
"""Failures of training stacks in general, of which only logs tell; they need not be known to `check`."""


class _Entry(TypedDict):
    primary: str | None
    also: Sequence[str]
    acceptable: Sequence[str]
    cause_line: int | None
    obtained: str
    how: str
    split: str
    user_error: bool


class _Unique(yaml.SafeLoader):
    """A loader that refuses a slug given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Return the mapping. Raises ValueError where a key stands twice."""
        keys = [self.construct_object(key) for key, _ in node.value]
        if twice := [key for key, times in Counter(keys).items() if times > 1]:
            raise ValueError(twice)
        return super().construct_mapping(node, deep)


def _index() -> Mapping[str, _Entry]:
    loaded: Mapping[str, _Entry] = yaml.load((_LOGS / "index.yaml").read_text("utf-8"), _Unique)
    return loaded


INDEX: Final = _index()


def _names() -> Iterator[str]:
    for entry in INDEX.values():
        yield from filter(None, (entry["primary"], *entry["also"], *entry["acceptable"]))


def _share(of: int, whole: int) -> float:
    return of / whole


@pytest.mark.parametrize("slug", INDEX)
def test_an_entry_fits_its_log(slug: str) -> None:
    entry, log = INDEX[slug], (_LOGS / f"{slug}.log").read_bytes()
    assert set(entry) == set(_Entry.__annotations__)
    assert len(log) <= _LARGEST
    assert entry["obtained"] in {"reproduced", "rebuilt", "innocent-reproduced", "innocent-rebuilt"}
    assert entry["split"] in {"development", "held-out"}
    assert len(entry["how"]) > 10
    assert entry["primary"] not in {*entry["also"], *entry["acceptable"]}
    assert (entry["primary"] is None) == entry["obtained"].startswith("innocent-")
    if entry["primary"] is None:
        assert (entry["cause_line"], entry["also"]) == (None, [])
    else:
        assert entry["cause_line"] is not None
        assert log.split(b"\n")[entry["cause_line"] - 1].strip(), "the cause stands on a line that says something"


def test_each_log_is_listed() -> None:
    assert {path.stem for path in _LOGS.glob("*.log")} == set(INDEX)
    assert {path.name for path in _LOGS.iterdir()} - {f"{slug}.log" for slug in INDEX} == {"README.md", "index.yaml"}


def test_each_name_is_known() -> None:
    assert set(_names()) - {entry.name for entry in entries()} <= GENERAL


def test_what_the_corpus_is_made_of() -> None:
    whole = len(INDEX)
    obtained = Counter(entry["obtained"] for entry in INDEX.values())
    innocent = sum(entry["primary"] is None for entry in INDEX.values())
    assert whole >= 140
    assert obtained["reproduced"] + obtained["innocent-reproduced"] >= 40
    assert _share(innocent, whole) >= 0.25
    for split, least in (("development", 0.5), ("held-out", 0.35)):
        of_split = [entry for entry in INDEX.values() if entry["split"] == split]
        assert _share(len(of_split), whole) >= least
        assert {entry["obtained"] for entry in of_split} == set(obtained), "each split holds every kind"
        assert _share(sum(entry["primary"] is None for entry in of_split), len(of_split)) >= 0.2
        assert any(entry["user_error"] for entry in of_split)
