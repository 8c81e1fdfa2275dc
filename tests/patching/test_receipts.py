"""Receipts that are not as verl-doctor writes them: one sentence, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.patching.sandbox import ALL, EMPTY_CACHE, WORLD_SIZE, Sandbox
from verl_doctor.errors import DataError, PatchRefusedError, TargetError
from verl_doctor.patching.writing import bytecode

Document = dict[str, Any]


def _first(**fields: object) -> Callable[[Document], str]:
    def changed(document: Document) -> str:
        document["files"][0].update(fields)
        return json.dumps(document)

    return changed


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(_first(row=5), id="row is a number"),
        pytest.param(_first(row="a\nb,,"), id="row is two"),
        pytest.param(_first(file=5), id="file is a number"),
        pytest.param(_first(file="../../../etc/hostname"), id="file is outside"),
        pytest.param(_first(file="/etc/hostname"), id="file is absolute"),
        pytest.param(_first(file="a\0b"), id="file cannot be one"),
        pytest.param(_first(sha256_before=5), id="digest is a number"),
        pytest.param(_first(sha256_before=["a"]), id="digest is a list"),
        pytest.param(_first(sha256_before="../../vllm/engine/llm_engine.py"), id="digest is a path"),
        pytest.param(_first(patches="abc"), id="patches are a text"),
        pytest.param(_first(patches=[1]), id="patches are numbers"),
        pytest.param(_first(patches=[]), id="no patches"),
        pytest.param(_first(mode="0644"), id="another field"),
        pytest.param(lambda _: "[" * 100_000, id="deep"),
        pytest.param(lambda _: "[1]", id="a list"),
        pytest.param(lambda _: "[]", id="an empty list"),
        pytest.param(lambda _: '{"schema_version": "1", "files": null}', id="no files"),
        pytest.param(lambda _: "", id="empty"),
    ],
)
def test_one_that_was_changed(sandbox: Sandbox, changed: Callable[[Document], str]) -> None:
    sandbox.apply()
    receipt = sandbox.metadata / "verl-doctor/receipt.json"
    receipt.write_text(changed(json.loads(receipt.read_text())))
    before = sandbox.snapshot()
    with pytest.raises(
        DataError, match=r"receipt\.json is not the receipt that verl-doctor writes .* remove .*verl-doctor by hand"
    ):
        sandbox.revert()
    assert sandbox.snapshot() == before


@pytest.mark.parametrize("run", ["apply", "revert"])
def test_a_file_where_receipts_are_kept(sandbox: Sandbox, run: str) -> None:
    (sandbox.metadata / "verl-doctor").write_text("mine")
    before = sandbox.snapshot()
    with pytest.raises(DataError, match=r"dist-info/verl-doctor is a file, where .* Remove it by hand\.$"):
        getattr(sandbox, run)()
    assert sandbox.snapshot() == before


def test_what_can_be_reverted_all_the_same_is_named(sandbox: Sandbox) -> None:
    sandbox.apply()
    sandbox.write(WORLD_SIZE, b"")
    for original in (sandbox.metadata / "verl-doctor").glob("*.original"):
        if b"local_rank" in original.read_bytes():
            original.write_bytes(b"damaged")
    others = set(ALL) - {"vllm07-world-size-assert", "vllm07-local-rank"}
    for names in ((), ("vllm07-local-rank", *others)):
        with pytest.raises(PatchRefusedError) as refusal:
            sandbox.revert(*names)
        assert set(str(refusal.value).partition("`--revert ")[2].partition("`")[0].split()) == others


def test_bytecode_that_cannot_be_seen(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = (sandbox.site / EMPTY_CACHE).parent / "__pycache__"
    folder.mkdir()

    def refused(self: object) -> object:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.iterdir", refused)
    with pytest.raises(TargetError, match="__pycache__ cannot be read: Permission denied; nothing was changed"):
        bytecode.of(sandbox.site / EMPTY_CACHE)
