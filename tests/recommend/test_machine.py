"""The machine that advice is for: from facts, from options, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.facts_of import facts_of
from verl_doctor.errors import DoctorError, UsageError
from verl_doctor.facts.driver import Driver
from verl_doctor.matrix.load import load
from verl_doctor.matrix.machine import Machine
from verl_doctor.model import Unavailable
from verl_doctor.recommend.machine import Described, described, seen

NODE = facts_of()
LAPTOP = facts_of(driver=Driver(state="absent", detail="no kernel module"), gpus=(), python="3.13.1")
BARE = facts_of(
    driver=Unavailable("hung"), gpus=Unavailable("hung"), python=Unavailable("no file"), node=Unavailable("hung")
)


def machine(
    facts: Any, *, is_named: bool = False, is_own: bool = False, is_asked: bool = False, **description: str
) -> Machine:
    found = seen(facts, is_named=is_named, is_own=is_own)
    return described(found, Described(**description), load(), is_asked=is_asked)


def test_the_node_itself() -> None:
    assert machine(NODE) == Machine(
        python="3.12.3", driver="580.159.04", gpus=(("NVIDIA H200", "9.0"),), processor="x86_64", glibc="2.39"
    )


def test_options_go_before_facts() -> None:
    found = machine(NODE, driver="550.54.15", gpu="A100", python="3.10")
    assert (found.driver, found.gpus, found.python) == ("550.54.15", (("A100", "8.0"),), "3.10")
    assert found.glibc == "2.39"


def test_a_described_cuda_stands_for_the_driver() -> None:
    found = machine(NODE, cuda="12.4")
    assert (found.driver, found.cuda) == (None, "12.4")
    both = machine(NODE, cuda="12.4", driver="550.54.15")
    assert (both.driver, both.cuda) == ("550.54.15", "12.4")


def test_a_laptop_says_nothing_of_the_node() -> None:
    assert machine(LAPTOP, gpu="H100") == Machine(gpus=(("H100", "9.0"),))
    assert machine(LAPTOP, is_asked=True) == Machine()


def test_unless_it_is_named() -> None:
    assert machine(LAPTOP, gpu="H100", is_named=True).python == "3.13.1"


@pytest.mark.parametrize("facts", [pytest.param(LAPTOP, id="laptop"), pytest.param(BARE, id="nothing readable")])
@pytest.mark.parametrize("is_named", [True, False])
def test_nothing_known_and_nothing_described(facts: Any, is_named: bool) -> None:
    with pytest.raises(DoctorError, match="describe the node") as caught:
        machine(facts, is_named=is_named)
    assert caught.value.exit_code == 3


def test_the_doctors_own_python_binds_nobody() -> None:
    assert machine(NODE, is_own=True) == replace(machine(NODE), python=None)


def test_what_cannot_be_read_is_not_known() -> None:
    assert machine(BARE, is_named=True, is_asked=True) == Machine()


def test_musl_is_no_glibc() -> None:
    assert not isinstance(NODE.node, Unavailable)
    assert machine(replace(NODE, node=replace(NODE.node, libc="musl 1.2.5"))).glibc is None


@pytest.mark.parametrize("option", ["driver", "cuda", "python"])
def test_what_is_no_version(option: str) -> None:
    description: Any = {option: "new"}
    with pytest.raises(UsageError, match="new: that is no version"):
        machine(NODE, **description)
