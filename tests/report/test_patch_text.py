"""What `verl-doctor patch` says of patches."""

from __future__ import annotations

import pytest

from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.patches import PatchState
from verl_doctor.patching.upgrade import Upgrade
from verl_doctor.report.patch_text import offered, text


def state(number: str, distribution: str = "vllm", version: str | None = "0.7.2", **fields: str | bool) -> PatchState:
    plain = {"id": number, "distribution": distribution, "version": version, "file": "x.py", "state": "absent"}
    return PatchState(**{**plain, **fields})  # type: ignore[arg-type] # fields of a state


MISSING = {"one": state("VDP001", version=None), "two": state("VDP002", version=None)}
OWN = state("ACMECORP00001", "acme-rewards", None)


def test_columns_are_as_wide_as_what_they_hold() -> None:
    found = {"short": state("VDP001", state="applied"), "a-long-name": state("ACMECORP00001", state="applicable")}
    assert text(found) == (
        "applied           VDP001         short        vllm 0.7.2\n"
        "to be applied     ACMECORP00001  a-long-name  vllm 0.7.2\n"
    )


@pytest.mark.parametrize(
    ("states", "whole", "said"),
    [
        pytest.param(
            {**MISSING, "x": state("ACME001", "acme", "1", state="applied")},
            False,
            "applied           ACME001  x  acme 1\n",
            id="beside others",
        ),
        pytest.param(
            {**MISSING, "x": OWN},
            False,
            "not installed     acme-rewards (ACMECORP00001)\n",
            id="only that of a patch of a team's own",
        ),
        pytest.param(
            {**MISSING, "x": OWN},
            True,
            "not installed     vllm (VDP001, VDP002)\nnot installed     acme-rewards (ACMECORP00001)\n",
            id="all",
        ),
        pytest.param(MISSING, True, "not installed     vllm (VDP001, VDP002)\n", id="nothing else, whole"),
        pytest.param(MISSING, False, "vllm is not installed, so there is nothing to patch.\n", id="nothing else"),
        pytest.param(
            {**MISSING, "z": state("VDP007", "sglang", None)},
            False,
            "Neither vllm nor sglang is installed, so there is nothing to patch.\n",
            id="neither of two",
        ),
        pytest.param(
            {**MISSING, "y": state("VDP008", "verl", None), "z": state("VDP007", "sglang", None)},
            False,
            "None of vllm, verl and sglang is installed, so there is nothing to patch.\n",
            id="none of three",
        ),
    ],
)
def test_each_distribution_that_is_not_installed_is_told_once(
    states: dict[str, PatchState], said: str, *, whole: bool
) -> None:
    assert text(states, whole=whole) == said


def test_a_file_that_should_be_there() -> None:
    assert text({"x": state("VDP001", reason="it is gone", is_affected=True), "y": state("VDP002")}) == (
        "not patchable     VDP001  x  vllm 0.7.2: it is gone\n"
    )


def test_a_release_is_named_once() -> None:
    assert text({"x": state("VDP001", reason="vllm 0.7.2 is too old")}) == (
        "nothing to patch  VDP001  x  vllm 0.7.2 is too old\n"
    )


def test_a_terminal_gets_folded_lines() -> None:
    found = {"name": state("VDP001", state="applicable", only_where="the environment names GPUs by UUID")}
    assert text(found, broken=[Broken(origin="/a.py", reason="it has no PATCH at all")], width=60) == (
        "can be applied    VDP001  name  vllm 0.7.2: only where the\n"
        "                  environment names GPUs by UUID\n"
        "cannot be used    /a.py: it has no PATCH at all\n"
    )


def test_the_command_of_an_offer_stays_whole() -> None:
    command = "uv pip install --python /a/long/path/to/a/python 'vllm==0.7.3'"
    upgrade = Upgrade(distribution="vllm", version="0.7.3", patches=("one", "two"), command=command)
    assert offered([upgrade], 40, fitting=[upgrade]) == (
        f"vllm 0.7.3 comes without one and two and\nfits what is installed:\n    {command}\n"
    )
    assert offered([upgrade], is_image=True) == (
        f"vllm 0.7.3 comes without one and two; inside the image:\n    {command}\n"
    )
