"""The rank layout of vLLM's 0.7.4 nightly builds, made from the release that cured it, among stand-ins for torch."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import libcst as cst
import pytest
from packaging.specifiers import SpecifierSet

from tests.conftest import Release
from verl_doctor import releases
from verl_doctor.demo.taking import take
from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import Absent, Applicable, Applied, FixedUpstream, Unrecognised, diagnose
from verl_doctor.patching.diff import unified
from verl_doctor.patching.patch import Before, Unaffected
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real

[PATCH] = catalogue.load(["vllm074dev-dp-size"])
FILE = PATCH.site().file
NIGHTLY = "0.7.4.dev94+g22757848"
WORLD = 8
BLOB = "86166dd5bb83136054e94d0ba7bb4d432824055c"  # git's name for the file from 25 February to 18 March 2025

Groups = dict[str, list[list[int]]]
MakeGroups = Callable[[bytes, int, int, int], Groups]


def published(release: Release, version: str) -> bytes:
    return (release("vllm", version, [FILE]) / FILE).read_bytes()


class WithoutEngines(cst.CSTTransformer):
    """Takes out what 0.8.0 has more: it compares the world with one engine, and separates engines from each other."""

    def leave_SimpleStatementLine(  # noqa: N802  # libcst's name
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel:
        is_extra = _code(original_node).startswith("has_external_dp")
        return cst.RemoveFromParent() if is_extra else updated_node

    def leave_If(  # noqa: N802  # libcst's name
        self, original_node: cst.If, updated_node: cst.If
    ) -> cst.If | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]:
        test, otherwise = _code(original_node.test), updated_node.orelse
        if test == "has_external_dp":
            return cst.RemoveFromParent()
        if test == "config.parallel_config.world_size != world_size" and isinstance(otherwise, cst.Else):
            return cst.FlattenSentinel(cst.ensure_type(otherwise.body, cst.IndentedBlock).body)
        return updated_node


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node).strip()


@pytest.fixture(scope="module")
def before(release: Release) -> bytes:
    """What the nightly builds had, which are no longer published: 0.8.0 without what cured it."""
    return cst.parse_module(published(release, "0.8.0")).visit(WithoutEngines()).bytes


@pytest.fixture
def after(before: bytes) -> bytes:
    found = examine(PATCH, before, NIGHTLY)
    assert isinstance(found, Before)
    return found.edited


def test_the_code_before_is_the_file_of_the_nightly_builds(before: bytes) -> None:
    assert hashlib.sha1(b"blob %d\0" % len(before) + before).hexdigest() == BLOB


def test_nightly_builds_have_the_bug_and_can_be_cured(before: bytes, after: bytes) -> None:
    assert diagnose(PATCH, NIGHTLY, before) == Applicable()
    assert diagnose(PATCH, NIGHTLY, after) == Applied()


def test_one_line_changes(before: bytes, after: bytes) -> None:
    lines = unified(FILE, before, after).decode().splitlines()[3:]
    assert [line for line in lines if line[0] in "+-"] == [
        "-        data_parallel_size = config.parallel_config.data_parallel_size",
        "+        data_parallel_size = world_size // pipeline_model_parallel_size // tensor_model_parallel_size",
    ]


def test_what_verls_documentation_inserts_is_enough(before: bytes) -> None:
    lines = before.splitlines(keepends=True)
    lines.insert(
        903, b"    data_parallel_size = world_size // pipeline_model_parallel_size // tensor_model_parallel_size\n"
    )
    assert diagnose(PATCH, NIGHTLY, b"".join(lines)) == Applied()


def test_no_release_has_it(release: Release) -> None:
    published(release, "0.8.0")  # skips where there is no index
    every = releases.versions("vllm")
    assert list(SpecifierSet(PATCH.versions, prereleases=True).filter(every)) == []
    later = list(SpecifierSet(f">={PATCH.fixed_in}").filter(every))
    assert {"0.8.0", "0.8.1", "0.8.2", "0.9.0"} < set(later)
    states = {version: diagnose(PATCH, version, published(release, version)) for version in later}
    assert states == dict.fromkeys(later, FixedUpstream())


@pytest.mark.parametrize("version", ["0.7.3", "0.8.0", "0.8.1", "0.8.2", "0.8.3", "0.11.0", "0.17.0", "0.33.0"])
def test_builds_with_the_code_of_a_release_are_unaffected(release: Release, version: str) -> None:
    assert examine(PATCH, published(release, version)) == Unaffected()


def test_the_release_before_is_outside(release: Release) -> None:
    state = diagnose(PATCH, "0.7.3", published(release, "0.7.3"))
    assert isinstance(state, Absent | Unrecognised)
    assert not state.is_affected


@dataclass(frozen=True)
class Ranks:
    """The few things that the layout needs of a tensor, as torch does them."""

    values: list[int]
    sizes: tuple[int, ...]

    def reshape(self, *sizes: int) -> Ranks:
        known = math.prod(size for size in sizes if size != -1)
        full = tuple(len(self.values) // known if size == -1 else size for size in sizes)
        if math.prod(full) != len(self.values):
            raise RuntimeError(f"shape '{list(sizes)}' is invalid for input of size {len(self.values)}")
        return Ranks(self.values, full)

    view = reshape

    def transpose(self, one: int, other: int) -> Ranks:
        def exchanged(places: tuple[int, ...]) -> tuple[int, ...]:
            listed = list(places)
            listed[one], listed[other] = listed[other], listed[one]
            return tuple(listed)

        sizes = exchanged(self.sizes)
        return Ranks([self._at(exchanged(places)) for places in product(*map(range, sizes))], sizes)

    def unbind(self, dim: int) -> Iterator[Ranks]:
        assert dim == 0
        length = math.prod(self.sizes[1:])
        return (Ranks(self.values[n * length :][:length], self.sizes[1:]) for n in range(self.sizes[0]))

    def tolist(self) -> list[int]:
        assert len(self.sizes) == 1
        return self.values

    def _at(self, places: tuple[int, ...]) -> int:
        position = 0
        for place, size in zip(places, self.sizes, strict=True):
            position = position * size + place
        return self.values[position]


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MakeGroups:
    """Let rank 0 of eight make the groups, with an engine of these sizes: tensor, pipeline and data parallel."""

    def make(source: bytes, tensor: int, pipeline: int, data: int) -> Groups:
        made: Groups = {}

        def init_model_parallel_group(ranks: list[list[int]], *_: object, group_name: str, **__: object) -> object:
            made[group_name] = ranks
            return SimpleNamespace(rank_in_group=next(group.index(0) for group in ranks if 0 in group))

        parallel = SimpleNamespace(world_size=tensor * pipeline, data_parallel_size=data)
        config = SimpleNamespace(get_current_vllm_config=lambda: SimpleNamespace(parallel_config=parallel))
        monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(config=config))
        monkeypatch.setitem(sys.modules, "vllm.config", config)
        distributed = SimpleNamespace(
            is_initialized=lambda: True,
            get_world_size=lambda: WORLD,
            get_rank=lambda: 0,
            get_backend=lambda _group: "stand-in",
        )
        (tmp_path / "parallel_state.py").write_bytes(source)
        function = take(
            tmp_path / "parallel_state.py",
            "initialize_model_parallel",
            {
                "torch": SimpleNamespace(distributed=distributed, arange=lambda end: Ranks([*range(end)], (end,))),
                "get_world_group": lambda: SimpleNamespace(device_group=None, local_rank=0),
                "init_model_parallel_group": init_model_parallel_group,
                "logger": SimpleNamespace(info=lambda *_: None),
                **dict.fromkeys(("_TP", "_PP", "_DP")),
            },
        )
        function(tensor_model_parallel_size=tensor, pipeline_model_parallel_size=pipeline)
        return made

    return make


PAIRS = [[0, 1], [2, 3], [4, 5], [6, 7]]
ALONE = [[rank] for rank in range(WORLD)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param((1, 1, 1), {"tp": ALONE, "pp": ALONE}, id="eight engines"),
        pytest.param((2, 1, 1), {"tp": PAIRS, "pp": ALONE}, id="four engines"),
        pytest.param((4, 1, 1), {"tp": [[0, 1, 2, 3], [4, 5, 6, 7]], "pp": ALONE}, id="two engines"),
        pytest.param((2, 2, 1), {"tp": PAIRS, "pp": [[0, 2], [1, 3], [4, 6], [5, 7]]}, id="two engines of two stages"),
    ],
)
def test_several_engines_in_a_world(
    groups: MakeGroups, before: bytes, after: bytes, sizes: tuple[int, int, int], expected: Groups
) -> None:
    tensor, pipeline, data = sizes
    with pytest.raises(RuntimeError, match=rf"shape '\[{data}, {pipeline}, {tensor}\]' is invalid for input of size 8"):
        groups(before, *sizes)
    made = groups(after, *sizes)
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param((8, 1, 1), id="one engine"),
        pytest.param((4, 2, 1), id="one engine of two stages"),
        pytest.param((2, 1, 4), id="vLLM's own data parallelism"),
        pytest.param((2, 2, 2), id="all three"),
    ],
)
def test_one_engine_in_its_world_is_as_before(
    groups: MakeGroups, before: bytes, after: bytes, sizes: tuple[int, int, int]
) -> None:
    made = groups(before, *sizes)
    assert [len(made[name][0]) for name in ("tp", "pp", "dp")] == [*sizes]
    assert groups(after, *sizes) == made
