"""The questions that the matrix answers, on the published one and on a small one."""

from __future__ import annotations

import pytest
from packaging.version import Version

from tests.matrix.small import matrix_of
from verl_doctor.errors import DataError
from verl_doctor.matrix.load import load
from verl_doctor.matrix.specifiers import satisfies

MATRIX = load()


def test_every_published_row_is_sound() -> None:
    MATRIX.verify()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            [(", source: seen}\nwindows", "}\nwindows")],
            "small.yaml:5: the row names no source.",
            id="a row without a source",
        ),
        pytest.param(
            [("source: [seen, told]", "source: hearsay")],
            "small.yaml:9: the source 'hearsay' is not in the table of sources.",
            id="an unknown source",
        ),
        pytest.param(
            [("kind: measured", "kind: rumour")],
            "small.yaml:2: the kind of the source 'seen' is not one of metadata, image, documentation, issue, "
            "source, measured, inferred.",
            id="an unknown kind of source",
        ),
        pytest.param(
            [('"0.8.5": {python', '"0.8.5": {requires: {}, source: seen}\n    "0.8.5": {python')],
            "small.yaml:44: the key '0.8.5' is there twice.",
            id="a release twice",
        ),
        pytest.param(
            [('torch: "==2.6.0"', "torch: 2.10")],
            "small.yaml:43: the key 'torch' holds 2.10, which YAML takes for a float; quote it.",
            id="an unquoted version",
        ),
        pytest.param(
            [('verl: "<0.5", torch', 'verl: "about 0.5", torch')],
            "small.yaml:9: 'about 0.5' is no version specifier.",
            id="a break that is no specifier",
        ),
        pytest.param(
            [('vllm: "===0.6.3 or >=0.7.0"', 'vllm: "0.6.3"')],
            "small.yaml:5: '0.6.3' is no version specifier.",
            id="a gate that is no specifier",
        ),
        pytest.param(
            [('tensordict: "0.6.2", ', "")],
            "small.yaml:25: the stack 'one' must pin verl, vllm, torch and tensordict.",
            id="a stack without tensordict",
        ),
        pytest.param(
            [('rank: "1"', 'rank: "first"')],
            "small.yaml:25: the rank of the stack 'one' must be a whole number.",
            id="a rank that is no number",
        ),
        pytest.param(
            [('pins: {verl: "0.4.0"', 'pins: {verl: "newest"')],
            "The stacks name 'newest', which is no version.",
            id="a stack of no version",
        ),
        pytest.param(
            [("[metadata, measured]", "[metadata, hoped]")],
            "small.yaml:25: the kind is not one of metadata, image, documentation, issue, source, measured, inferred.",
            id="an unknown kind of proof",
        ),
        pytest.param(
            [('verl: "<0.5", vllm: ">=0", enforce', 'verl: "old", vllm: ">=0", enforce')],
            "small.yaml:20: 'old' is no version specifier.",
            id="settings for what is no specifier",
        ),
        pytest.param(
            [('{verl: "<0.5", vllm: "==0.7.3"}', '{verl: "<0.5", vllm: "0.7.3"}')],
            "small.yaml:22: '0.7.3' is no version specifier.",
            id="a claim on what is no specifier",
        ),
        pytest.param(
            [("source: told}\nsettings", "source: nobody}\nsettings")],
            "small.yaml:18: the source 'nobody' is not in the table of sources.",
            id="a GPU of an unknown source",
        ),
        pytest.param(
            [("|instinct", "|(")],
            "small.yaml:47: the names of 'AMD' are no regular expression: missing ), unterminated subpattern at "
            "position 2.",
            id="a maker whose names are no pattern",
        ),
        pytest.param(
            [("confidence: high", "trust: high")],
            "small.yaml:25: the key 'trust' is not one of confidence, cuda, flash_attn, glibc, image, "
            "min_driver, note, period, pins, python, pythons, rank, source, verified.",
            id="an unknown key",
        ),
        pytest.param(
            [("windows:", "wisdom:")],
            "small.yaml: the section 'wisdom' is not one of sources, gates, windows, breaks, drivers, torch, gpus, "
            "settings, claims, stacks, proofs, releases, makers.",
            id="an unknown section",
        ),
        pytest.param(
            [('gates:\n  - {verl: "<0.5", vllm: "===0.6.3 or >=0.7.0", source: seen}\n', "")],
            "small.yaml: the section 'gates' is missing.",
            id="a missing section",
        ),
        pytest.param(
            [('  - {failure: first-failure, when: {verl: "<0.5", torch: ">=2.6"}, source: [seen, told]}', "  none")],
            "small.yaml:8: a list of mappings is needed here.",
            id="a section that is no list",
        ),
    ],
)
def test_refuses(changes: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(DataError) as caught:
        matrix_of(*changes).verify()
    assert str(caught.value) == message


def test_the_small_matrix_is_sound() -> None:
    matrix_of().verify()


@pytest.mark.parametrize(
    ("distribution", "version", "expected"),
    [
        ("vllm", "0.7.2", True),
        ("vllm", "0.7.2+cu118", True),
        ("verl", "0.1.0", True),
        ("torch", "2.5.1+cu124", True),
        ("vllm", "0.99.0", False),
        ("vllm", "main", False),
        ("numpy", "1.26.4", False),
    ],
)
def test_known(distribution: str, version: str, expected: bool) -> None:
    assert MATRIX.known(distribution, version) is expected


def test_what_a_release_requires() -> None:
    vllm = MATRIX.requires("vllm", "0.7.2")
    assert vllm is not None
    assert vllm["torch"] == "==2.5.1"
    assert vllm["xformers"] == "==0.0.28.post3"
    assert MATRIX.requires("vllm", "0.99.0") is None
    assert MATRIX.requires("numpy", "1.26.4") is None


def test_what_an_extra_adds() -> None:
    verl = MATRIX.release("verl", "0.8.0")
    assert verl is not None
    assert verl.python == ">=3.10"
    assert verl.extras["vllm"]["vllm"] == ">=0.8.5,<=0.12.0"
    assert verl.sources[0].kind == "metadata"


@pytest.mark.parametrize(
    ("verl", "vllm", "accepted"),
    [
        ("0.1", "0.6.3", True),
        ("0.1", "0.7.0", False),
        ("0.2.0.post2", "0.6.3.post1", False),
        ("0.2.0.post2", "0.7.0", True),
        ("0.3.0.post1", "0.6.3.post1", False),
        ("0.4.1", "0.6.3.post1", True),
        ("0.4.1", "0.6.6", False),
        ("0.5.0", "0.6.3", False),
        ("0.8.0.dev0", "0.7.0", True),
        ("0.9.1", "0.17.1", False),
        ("0.9.1", "0.18.0", True),
    ],
)
def test_gate(verl: str, vllm: str, accepted: bool) -> None:
    gate = MATRIX.gate(verl)
    assert gate is not None
    assert gate.sources
    assert satisfies(vllm, gate.vllm) is accepted


def test_nothing_is_known_of_the_gate_and_window_of_a_newer_verl() -> None:
    assert MATRIX.gate("0.10.0") is None
    assert MATRIX.window("0.10.0") is None


def test_window() -> None:
    window = MATRIX.window("0.6.0")
    assert window is not None
    assert (window.declared, window.imports) == (">=0.7.3,<=0.9.1", ">=0.9.2,<=0.11.0")


@pytest.mark.parametrize(
    ("verl", "is_avoided"), [("0.3.0.post1", None), ("0.4.0", True), ("0.4.1", True), ("0.5.0", True), ("0.8.0", None)]
)
def test_what_the_documentation_of_a_verl_says_to_avoid(verl: str, is_avoided: bool | None) -> None:
    window = MATRIX.window(verl)
    assert window is not None
    assert (window.avoided and satisfies("0.7.2", window.avoided)) is is_avoided
    assert (window.avoided and satisfies("0.8.5", window.avoided)) is (False if is_avoided else None)
    assert any(source.kind == "documentation" for source in window.sources) is bool(is_avoided)


def test_breaks_come_by_failure() -> None:
    assert {row.failure for row in MATRIX.breaks()} >= {"tensordict-forkingpickler", "pyarrow26-numpy1"}
    (row,) = MATRIX.breaks_of("tensordict-forkingpickler")
    assert dict(row.when) == {"tensordict": ">=0.3.0,<0.6.0", "torch": ">=2.6.0"}
    assert MATRIX.breaks_of("no-such-failure") == ()
    assert MATRIX.has_source(row.sources[0])


@pytest.mark.parametrize(
    ("cuda", "minimum", "toolkit"),
    [
        ("11.8", "450.80.02", None),
        ("12.1", "525.60.13", "530.30.02"),
        ("12.8", "525.60.13", "570.26"),
        ("13.0", "580.65.06", "580.65.06"),
        ("14.0", None, None),
    ],
)
def test_drivers(cuda: str, minimum: str | None, toolkit: str | None) -> None:
    for found, expected in ((MATRIX.driver_minimum(cuda), minimum), (MATRIX.toolkit_driver(cuda), toolkit)):
        assert (found.driver if found else None) == expected


def test_torch_builds() -> None:
    build = MATRIX.torch_build("2.7.0+cu126")
    assert build is not None
    assert (build.cuda, build.cxx11_abi) == ("12.6", True)
    assert MATRIX.torch_build("2.99.0") is None
    assert MATRIX.archs("2.5.1", "12.4") == ("sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90")
    assert MATRIX.archs("2.5.1", "11.8") is None


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        pytest.param("12.0", "torch 2.8.0 or newer", id="Blackwell"),
        pytest.param("10.3", "torch 2.8.0 or newer", id="B300"),
        pytest.param("9.0", "torch 2.3.0 or newer", id="Hopper"),
        pytest.param("8.9", "torch 2.3.0 or newer", id="Ada runs what is for 8.6"),
        pytest.param("7.0", "torch 2.10.0 or older", id="V100"),
        pytest.param("3.5", None, id="K40"),
    ],
)
def test_torch_built_for(capability: str, expected: str | None) -> None:
    assert MATRIX.torch_built_for(capability) == expected


@pytest.mark.parametrize(
    ("distribution", "among", "never"),
    [
        pytest.param("verl", "0.8.0", "0.8.0.dev0", id="releases, no prerelease"),
        pytest.param("torch", "2.6.0", "2.6", id="torch"),
        pytest.param("numpy", "1.26.4", "", id="from the stacks"),
    ],
)
def test_named(distribution: str, among: str, never: str) -> None:
    named = MATRIX.named(distribution)
    assert among in named
    assert never not in named
    assert list(named) == sorted(named, key=Version, reverse=True)


def test_no_version_of_a_stranger_is_named() -> None:
    assert MATRIX.named("xformers") == ()


def test_the_archs_of_a_build_are_read_as_numbers() -> None:
    small = matrix_of(('archs: "80 90"', 'archs: "80 100"'))
    assert small.torch_built_for("10.0") == "torch 2.6.0 or newer"
    assert small.torch_built_for("9.0") is None


def test_proofs() -> None:
    proven, refused = matrix_of().proofs("one")
    assert (proven.python, proven.index, proven.refusal) == ("3.10", "today", None)
    assert (refused.python, refused.refusal) == ("3.13", "no wheel")
    assert matrix_of().proofs("none") == ()


def test_gpu_names() -> None:
    assert matrix_of().gpu_names() == {"H100": "9.0", "H200": "9.0"}


@pytest.mark.parametrize(
    ("verl", "vllm", "expected"),
    [
        pytest.param("0.2.0.post2", "0.6.3", (False, False), id="CUDA graphs, no sleep mode"),
        pytest.param("0.4.1", "0.8.5.post1", (False, False), id="True would be an AssertionError"),
        pytest.param("0.5.0", "0.8.5.post1", (False, True), id="free_cache_engine decides on sleep mode"),
        pytest.param("0.9.1", "0.24.0", (False, True), id="the defaults"),
        pytest.param("main", "0.24.0", None, id="a verl that is no version"),
    ],
)
def test_settings(verl: str, vllm: str, expected: tuple[bool, bool] | None) -> None:
    settings = MATRIX.settings(verl, vllm)
    assert (settings and (settings.enforce_eager, settings.free_cache_engine)) == expected


def test_every_stack_has_settings() -> None:
    for stack in MATRIX.stacks():
        settings = MATRIX.settings(stack.pins["verl"], stack.pins["vllm"])
        assert settings
        assert settings.launch[0] == "actor_rollout_ref.rollout.enforce_eager=False"
