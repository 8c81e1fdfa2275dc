"""What the command line takes, read from its own declarations."""

from __future__ import annotations

from verl_doctor.usage import tree

COMMANDS = {command.name: command for command in tree.commands()}


def test_every_command_is_there_with_a_line_about_it() -> None:
    assert {"check", "completion", "explain", "patch", "smoke-test"} <= COMMANDS.keys()
    assert all(command.summary and command.text for command in COMMANDS.values())


def test_an_option_with_choices() -> None:
    option = next(each for each in COMMANDS["recommend"].options if "--format" in each.flags)
    assert (option.flags, option.words, option.default) == (("--format", "-f"), ("text", "json"), "text")


def test_a_switch_takes_no_value() -> None:
    option = next(each for each in COMMANDS["patch"].options if "--apply" in each.flags)
    assert (option.metavar, option.words, option.place) == (None, (), None)


def test_files_and_folders_are_told_apart() -> None:
    places = {each.flags[0]: each.place for each in COMMANDS["smoke-test"].options}
    assert (places["--python"], places["--model"], places["--probe"]) == ("file", "folder", None)


def test_operands() -> None:
    (logs,) = COMMANDS["diagnose"].operands
    assert (logs.flags, logs.place, logs.repeats) == ((), "file", True)


def test_the_program_has_its_own_options() -> None:
    assert {flag for option in tree.program().options for flag in option.flags} == {"--version", "--help", "-h"}
