"""Files that somebody edited by hand: left alone where they do the same, else nothing at all is written."""

from __future__ import annotations

import pytest

from tests.environments.conftest import UV_ONLY
from tests.environments.environment import APPLY, REVERT, Environment, contents
from tests.environments.wheel import EMPTY_CACHE, FILES, LOCAL_RANK, NAMES, WORLD_SIZE

pytestmark = [pytest.mark.real, UV_ONLY]


def _edit(environment: Environment, file: str, old: bytes, new: bytes) -> None:
    content = environment.read(file)
    assert content.count(old) == 1
    environment.write(file, content.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param(LOCAL_RANK, b"local_rank = rank\n", b"local_rank = rank % 8\n", id="another rank"),
        pytest.param(LOCAL_RANK, b"ExternalLauncher(UniProcExecutor):", b"(:", id="no Python"),
        pytest.param(WORLD_SIZE, b"            != tensor_model", b"            < tensor_model", id="it still raises"),
    ],
)
def test_one_file_that_nobody_knows_stops_everything(
    environment: Environment, file: str, old: bytes, new: bytes
) -> None:
    _edit(environment, file, old, new)
    before = environment.photograph()
    sentence = environment.refusal(*APPLY, code=1)
    assert sentence.startswith(f"Nothing was written, because {file} is not what ")
    assert environment.photograph() == before
    assert environment.words(dict(zip(FILES, NAMES, strict=True))[file]) == ["not recognised"]


def test_the_others_are_patched_where_one_was_by_hand(environment: Environment) -> None:
    before = contents(environment.photograph())
    _edit(environment, LOCAL_RANK, b"local_rank = rank\n", b'local_rank = int(os.environ.get("LOCAL_RANK", 0))\n')
    by_hand = environment.read(LOCAL_RANK)
    assert environment.words() == ["to be applied", "applied", "to be applied"]
    assert environment.changed(*APPLY) == [WORLD_SIZE, EMPTY_CACHE]
    assert environment.words() == ["applied"] * 3
    assert environment.disagreements_with_record() == [LOCAL_RANK]
    assert environment.changed(*REVERT) == [WORLD_SIZE, EMPTY_CACHE]
    assert environment.read(LOCAL_RANK) == by_hand
    after = contents(environment.photograph())
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == {LOCAL_RANK}


def test_what_somebody_wrote_after_the_patch_is_not_reverted(patched: Environment) -> None:
    patched.write(EMPTY_CACHE, patched.read(EMPTY_CACHE) + b"# mine\n")
    before = patched.photograph()
    assert "was changed after verl-doctor patched it" in patched.refusal(*REVERT, code=1)
    assert patched.photograph() == before
