"""`verl-doctor completion`."""

from __future__ import annotations

import pytest

from tests.cli.doctor import doctor
from verl_doctor.cli.completion import Shell


@pytest.mark.parametrize("shell", Shell)
def test_the_script_names_its_shell(shell: Shell) -> None:
    finished = doctor("completion", shell.value)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert f"written by `verl-doctor completion {shell.value}`" in finished.stdout


@pytest.mark.parametrize("arguments", [(), ("tcsh",)])
def test_a_shell_that_is_not_known(arguments: tuple[str, ...]) -> None:
    finished = doctor("completion", *arguments)
    assert (finished.returncode, finished.stdout) == (2, "")


@pytest.mark.parametrize("arguments", [("--help",), ("explain", "--help")])
def test_completion_costs_others_nothing(arguments: tuple[str, ...]) -> None:
    told = doctor(*arguments, flags=("-X", "importtime")).stderr
    assert "verl_doctor.cli.app" in told
    assert "verl_doctor.usage" not in told
