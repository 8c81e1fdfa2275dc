"""What the options of all commands have in common."""

from __future__ import annotations

import typer

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
