from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

import pytest

from tests.facts_of import SITE, distribution, facts_of
from tests.fake_host import FakeHost
from verl_doctor.facts.contents import Contents, collect
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState

FILES = {"vllm/__init__.py": "version = 1\n", "vllm/engine/core.py": "run = 1\n"}
INFO = "vllm-0.8.5.dist-info"


def record(files: Mapping[str, str]) -> str:
    rows = [f"{name},sha256={digest(text)},{len(text)}" for name, text in files.items()]
    return "\n".join([*rows, f"{INFO}/RECORD,,", f"{INFO}/INSTALLER,sha256=AAAA,2", "../../../bin/vllm,sha256=BBBB,9"])


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def found(files: Mapping[str, str], listed: str = record(FILES), patched: tuple[str, ...] = ()) -> Contents:
    on_disk = {f"{SITE}/{name}": text for name, text in files.items()} | {f"{SITE}/{INFO}/RECORD": listed}
    return collected(FakeHost(files=on_disk), distribution("vllm", "0.8.5"), patched)


def collected(host: FakeHost, installed: Distribution, patched: tuple[str, ...] = ()) -> Contents:
    facts = facts_of({"vllm": installed, "numpy": "2.0.0"})
    patches = {
        name: PatchState(id="VDP001", distribution="vllm", version="0.8.5", file=name, state="applied")
        for name in patched
    }
    assert isinstance(facts.packages, dict)
    contents = collect(host, facts.target, facts.packages, patches)
    assert list(contents) == ["vllm"]
    return contents["vllm"]


def test_files_as_they_were_installed() -> None:
    assert found(FILES).other == {}
    assert found(FILES) == found(FILES, record(dict(reversed(FILES.items()))))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"vllm/engine/core.py": "run = 2\n"}, hashlib.sha256(b"run = 2\n").hexdigest()),
        ({"vllm/engine/core.py": None}, None),
    ],
    ids=["edited to the same length", "gone"],
)
def test_a_file_that_is_not_as_recorded(changed: dict[str, str | None], told: str | None) -> None:
    files = {name: text for name, text in {**FILES, **changed}.items() if text is not None}
    contents = found(files)
    assert contents.other == {"vllm/engine/core.py": told}
    assert contents.digest == found(FILES).digest


def test_another_build_of_the_same_version() -> None:
    other = {**FILES, "vllm/engine/core.py": "run = 3\n"}
    assert found(other, record(other)).other == {}
    assert found(other, record(other)).digest != found(FILES).digest


def test_what_a_patch_edits_is_told_by_its_state() -> None:
    other = {**FILES, "vllm/engine/core.py": "run = 3\n"}
    patched = ("vllm/engine/core.py",)
    assert found(other, record(other), patched) == found(FILES, record(FILES), patched)


def test_a_checkout_is_told_by_its_files() -> None:
    installed = distribution("vllm", "0.8.5", editable="/src/vllm")

    def checkout(**texts: str) -> Contents:
        files = {f"/src/vllm/vllm/{name}.py": text for name, text in texts.items()}
        return collected(FakeHost(files={**files, "/src/vllm/vllm/notes.txt": "x"}), installed)

    assert checkout(a="1", b="2") == checkout(b="2", a="1")
    assert checkout(a="1").digest != checkout(a="2").digest
    assert collected(FakeHost(), installed) == Contents(digest=None)


def test_an_installation_without_a_record() -> None:
    assert collected(FakeHost(), distribution("vllm", "0.8.5")) == Contents(digest=None)
