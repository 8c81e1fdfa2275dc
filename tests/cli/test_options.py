"""What the options of all commands have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from tests.cli.doctor import doctor
from verl_doctor.cli.app import app


def test_whether_a_path_can_be_read_is_left_to_the_command() -> None:
    """Typer would call it wrong usage, and print the usage."""
    group = typer.main.get_command(app)
    context = typer.Context(group)
    paths = {
        f"{name} {option.name}": option.type
        for name in group.list_commands(context)  # type: ignore[attr-defined] # it is a group
        for option in group.get_command(context, name).params  # type: ignore[attr-defined] # it is a group
        if type(option.type).__name__.endswith("Path")
    }
    assert "patch prefix" in paths
    assert [name for name, kind in paths.items() if kind.readable] == []


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("patch", "--apply", "--prefix", ""), id="prefix"),
        pytest.param(("patch", "--apply", "--python="), id="python"),
        pytest.param(("patch", "--status", "--patches", "patches", "--patches", ""), id="one-of-several"),
        pytest.param(("patch", "--apply", ""), id="argument"),
        pytest.param(("check", "--facts", ""), id="facts"),
        pytest.param(("diagnose", ""), id="log"),
    ],
)
def test_nothing_empty_is_given(arguments: tuple[str, ...]) -> None:
    """An unset shell variable would mean the current folder."""
    finished = doctor(*arguments)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "it is empty; maybe a shell variable is not set." in finished.stderr


def test_patches_of_several_folders(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
        (folder / "broken.py").write_text("PATCH = None\n")
    options = [word for folder in (*folders, folders[0]) for word in ("--patches", folder)]
    finished = doctor("patch", "--status", "--prefix", Path(typer.__file__).parents[1], *options)
    assert finished.returncode == 0
    assert finished.stdout.count("it has no PATCH") == len(folders)
    assert all(f"cannot be used    {folder}/broken.py" in finished.stdout for folder in folders)


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    finished = doctor("pacth", "--status")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "There is no command 'pacth'; did you mean patch?" in finished.stderr
