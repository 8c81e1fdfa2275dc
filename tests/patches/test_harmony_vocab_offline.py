"""verl's vLLM server on a node without network, with published releases."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Mapping
from types import ModuleType

import pytest
from packaging import version
from packaging.specifiers import SpecifierSet

from tests.conftest import Release
from verl_doctor import releases
from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import Absent, Applicable, Applied, FixedUpstream, diagnose
from verl_doctor.patching.diff import unified
from verl_doctor.patching.patch import After, Before, Unaffected
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real

[PATCH] = catalogue.load(["harmony-vocab-offline"])
FILE = PATCH.site().file


def published(release: Release, number: str) -> bytes:
    return (release("verl", number, [FILE]) / FILE).read_bytes()


@pytest.fixture
def before(release: Release) -> bytes:
    return published(release, "0.7.0")


@pytest.fixture
def after(before: bytes) -> bytes:
    found = examine(PATCH, before)
    assert isinstance(found, Before)
    return found.edited


def test_every_release_in_the_range_has_the_bug(before: bytes, after: bytes) -> None:
    assert list(SpecifierSet(PATCH.versions).filter(releases.versions("verl"))) == ["0.7.0"]
    assert diagnose(PATCH, "0.7.0", before) == Applicable()
    assert diagnose(PATCH, "0.7.0", after) == Applied()


@pytest.mark.parametrize("number", ["0.7.1", "0.8.0.dev0", "0.8.0", "0.9.0", "0.9.1"])
def test_later_releases_do_not_have_it(release: Release, number: str) -> None:
    source = published(release, number)
    assert not PATCH.trace.search(source)
    assert diagnose(PATCH, number, source) == FixedUpstream()
    assert examine(PATCH, source) == After()


@pytest.mark.parametrize("number", ["0.5.0", "0.6.1"])
def test_earlier_releases_have_no_vocabulary(release: Release, number: str) -> None:
    source = published(release, number)
    assert examine(PATCH, source) == Unaffected()
    assert isinstance(diagnose(PATCH, number, source), Absent)


def test_the_diff_has_the_condition_and_no_more(before: bytes, after: bytes) -> None:
    _, _, _, *lines = unified(FILE, before, after).decode().splitlines()
    assert [line for line in lines if line[0] in "+-"] == [
        "-        get_encoding()",
        '+        if os.getenv("VERL_USE_GPT_OSS", "0") == "1":',
        "+            get_encoding()",
    ]


class HarmonyError(RuntimeError):
    """What openai_harmony raises."""


def get_encoding() -> None:
    """Behave as the real one does without network."""
    raise HarmonyError("error downloading or loading vocab file: failed to download or load vocab file")


VLLM: Mapping[str, Mapping[str, object]] = {
    "vllm": {},
    "vllm.entrypoints": {},
    "vllm.entrypoints.harmony_utils": {"get_encoding": get_encoding},
    "vllm.utils": {"FlexibleArgumentParser": object, "get_tcp_uri": object},
    "vllm.utils.argparse_utils": {"FlexibleArgumentParser": object},
    "vllm.utils.network_utils": {"get_tcp_uri": object},
}


@pytest.fixture
def _vllm_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, contents in VLLM.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)


def dies(source: bytes, vllm: str) -> bool:
    """Run the one statement at the top level of the real file that is about get_encoding."""
    [block] = [node for node in ast.parse(source).body if "get_encoding" in ast.dump(node)]
    namespace = {"os": os, "version": version, "_VLLM_VERSION": version.parse(vllm)}
    try:
        exec(compile(ast.Module([block], []), FILE, "exec"), namespace)
    except HarmonyError:
        return True
    assert namespace["FlexibleArgumentParser"] is object
    return False


@pytest.mark.usefixtures("_vllm_without_network")
@pytest.mark.parametrize(
    ("vllm", "asked", "dies_before", "dies_after"),
    [
        pytest.param("0.12.0", None, True, False, id="not asked"),
        pytest.param("0.12.0", "0", True, False, id="refused"),
        pytest.param("0.12.0", "", True, False, id="empty"),
        pytest.param("0.12.0", "1", True, True, id="asked"),
        pytest.param("0.11.0", "1", False, False, id="vLLM without a vocabulary"),
        pytest.param("0.11.2", "1", False, False, id="vLLM before the call"),
    ],
)
def test_a_node_without_network(  # noqa: PLR0913, PLR0917 # a table and what it is tried on
    monkeypatch: pytest.MonkeyPatch,
    release: Release,
    before: bytes,
    after: bytes,
    vllm: str,
    asked: str | None,
    dies_before: bool,
    dies_after: bool,
) -> None:
    monkeypatch.delenv("VERL_USE_GPT_OSS", raising=False)
    if asked is not None:
        monkeypatch.setenv("VERL_USE_GPT_OSS", asked)
    assert dies(before, vllm) == dies_before
    assert dies(after, vllm) == dies_after
    assert dies(published(release, "0.7.1"), vllm) == dies_after
