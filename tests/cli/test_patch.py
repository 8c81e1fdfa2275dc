"""`verl-doctor patch` as a process: what it prints where, exit codes, JSON, and what it does not import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor, imported
from tests.patching import guide
from tests.patching.sandbox import ALL, FILES, FIXED, WORLD_SIZE, Sandbox, make
from tests.patching.writing.test_faults import FaultyDisk, Killed
from verl_doctor.patching import catalogue

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/patch.json").read_text())


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    return make(tmp_path / "site")


def states(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    finished = doctor("patch", "--format", "json", *arguments)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == code
    return document


def examined(box: Sandbox) -> str:
    """The line that every text begins with."""
    return f"examined: {box.site} (Python unknown)\n"


def words(document: dict[str, Any]) -> list[str]:
    """The states of the patches that the box has files for."""
    return [patch["state"] for patch in document["patches"] if patch["name"] in ALL]


def test_apply_and_revert(box: Sandbox) -> None:
    before = box.snapshot()
    target = ("--prefix", box.site)
    assert words(states("--status", *target)) == ["applicable"] * 4
    assert words(states("--check", *target, code=1)) == ["applicable"] * 4
    preview = states(*target)
    assert preview["diff"].count("\n--- a/") == 3
    assert box.snapshot() == before
    applied = states("--apply", *target)
    assert words(applied) == ["applied"] * 4
    assert applied["changed"] == [str(box.site / file) for file in FIXED]
    assert {file: box.read(file) for file in FIXED} == FIXED
    assert words(states("--check", *target)) == ["applied"] * 4
    assert states("--apply", *target)["changed"] == []
    assert words(states("--revert", *target)) == ["applicable"] * 4
    assert box.snapshot() == before


def test_one_patch_by_id_and_another_by_name(box: Sandbox) -> None:
    document = states("VDP002", "vllm07-empty-cache", "--apply", "--prefix", box.site)
    assert [patch["name"] for patch in document["patches"]] == list(ALL[1:3])
    assert words(states("--status", "--prefix", box.site)) == ["applicable", "applied", "applied", "applicable"]


@pytest.mark.parametrize("option", ["--apply", "--check"])
def test_a_patch_asked_for_by_name_whose_distribution_is_missing(box: Sandbox, option: str) -> None:
    target = ("--prefix", box.site)
    finished = doctor("patch", "VDP008", "VDP001", option, *target)
    assert (finished.returncode, finished.stdout) == (1, "")
    lines = finished.stderr.splitlines()
    assert lines[0] == examined(box).rstrip()
    assert any(line.endswith("VDP001  vllm07-world-size-assert  vllm 0.7.2") for line in lines)
    assert "not installed     verl (VDP008)" in lines
    assert lines[-1] == "VDP008 was asked for by name, but verl is not installed."
    states("VDP008", option, *target, code=1)
    states("VDP008", "--diff", *target)


@pytest.mark.parametrize("option", ["--apply", "--check"])
def test_a_patch_asked_for_by_name_whose_need_is_gone(box: Sandbox, option: str) -> None:
    box.write("verl-0.7.1.dist-info/METADATA", b"Metadata-Version: 2.1\nName: verl\nVersion: 0.7.1\n")
    finished = doctor("patch", "VDP008", option, "--prefix", box.site)
    assert finished.returncode == 0
    assert "VDP008  zmq-lock-permission  verl" in finished.stderr


@pytest.mark.parametrize("option", ["--apply", "--check"])
def test_an_environment_without_anything_to_patch(tmp_path: Path, option: str) -> None:
    (tmp_path / "other-1.0.dist-info").mkdir()
    finished = doctor("patch", option, "--prefix", tmp_path)
    assert finished.returncode == 0
    assert finished.stderr.startswith(
        f"examined: {tmp_path} (Python unknown)\nNeither vllm nor sglang is installed, so there is nothing to patch.\n"
    )


@pytest.mark.parametrize("program", [("git", "apply"), ("patch", "-p1", "-i")], ids=lambda program: program[0])
def test_the_diff_alone_goes_to_standard_output(box: Sandbox, program: tuple[str, ...], tmp_path: Path) -> None:
    finished = doctor("patch", "--prefix", box.site)
    assert finished.returncode == 0
    diff = tmp_path / "fix.diff"
    diff.write_text(finished.stdout)
    assert all(f"to be applied     VDP00{n}" in finished.stderr for n in (1, 2, 3, 4))
    subprocess.run([*program, str(diff)], check=True, cwd=box.site, capture_output=True)
    assert {file: box.read(file) for file in FIXED} == FIXED


REINSTALL = "{installer} --force-reinstall --no-deps 'vllm==0.7.2'"
OTHERS = "verl-doctor patch --apply VDP002 VDP003 VDP004 --prefix {site}"


def refusal(box: Sandbox, *arguments: str) -> list[str]:
    """What is said where the code of the first patch is not known."""
    box.write(WORLD_SIZE, b"def initialize_model_parallel(): raise RuntimeError\n")
    before = box.snapshot()
    finished = doctor("patch", *arguments, "--prefix", box.site)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert box.snapshot() == before
    first, *rest = finished.stderr.splitlines()
    assert first == examined(box).rstrip()
    return rest


def test_a_foreign_file_is_refused_with_what_to_run(box: Sandbox) -> None:
    said, *steps = refusal(box, "--apply")
    assert said.startswith("verl-doctor: Nothing was written, because vllm/distributed/parallel_state.py")
    assert steps == [
        "This brings the files of vllm 0.7.2 back:",
        "    " + REINSTALL.format(installer=box.target.installer),
        "This applies the others:",
        "    " + OTHERS.format(site=box.site),
    ]
    document = json.loads(doctor("patch", "--apply", "--format", "json", "--prefix", box.site).stdout)
    assert OTHERS.format(site=box.site) in document["error"]["message"]
    applied = states(*OTHERS.format(site=box.site).split()[2:])
    assert words(applied) == ["applied"] * 3


def test_a_refusal_has_a_line_for_every_patch_that_was_named(box: Sandbox) -> None:
    *lines, said = refusal(box, "--check", "VDP001", "VDP002", "VDP008")[:4]
    assert [line.split("  ")[0] for line in lines] == ["not recognised", "to be applied", "not installed"]
    assert said.startswith("verl-doctor: This cannot be patched as it is")


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_where_nothing_was_to_be_written_a_refusal_does_not_say_so(box: Sandbox, option: str) -> None:
    said = " ".join(refusal(box, option))
    assert said.startswith(
        "verl-doctor: This cannot be patched as it is: vllm/distributed/parallel_state.py is not what"
    )
    assert "Nothing was written" not in said


@pytest.mark.parametrize("version", ["0.7.2+ours", "0.7.2.dev3"])
def test_what_no_index_has_is_not_to_be_installed_again(tmp_path: Path, version: str) -> None:
    said = " ".join(refusal(make(tmp_path / "site", version), "--apply"))
    assert "is not what vllm07-world-size-assert knows" in said
    assert "--force-reinstall" not in said


def test_what_came_from_a_folder_is_installed_again_from_there(box: Sandbox) -> None:
    box.write("vllm-0.7.2.dist-info/direct_url.json", b'{"url": "file:///src/vllm", "dir_info": {}}')
    assert "--force-reinstall --no-deps 'vllm @ file:///src/vllm'" in " ".join(refusal(box, "--apply"))


def test_no_others_are_named_where_the_code_is_not_why(box: Sandbox) -> None:
    folder = (box.site / WORLD_SIZE).parent
    folder.rename(box.site.parent / "elsewhere")
    folder.symlink_to(box.site.parent / "elsewhere")
    finished = doctor("patch", "--apply", "--prefix", box.site)
    assert finished.returncode == 1
    assert "verl-doctor patch --apply" not in finished.stderr


def test_what_is_as_installed_is_not_to_be_installed_again(tmp_path: Path) -> None:
    unknown = b"def initialize_model_parallel(): raise RuntimeError\n"
    box = make(tmp_path / "site", files={**FILES, WORLD_SIZE: unknown})
    assert "--force-reinstall" not in " ".join(refusal(box, "--apply"))


def test_no_upgrade_is_offered_where_nothing_is_to_be_patched(box: Sandbox) -> None:
    target = ("--prefix", box.site)
    assert "comes without" in doctor("patch", "--apply", *target).stderr
    assert "comes without" not in doctor("patch", "--apply", *target).stderr


def test_a_revert_says_first_what_was_restored_and_nothing_of_other_patches(box: Sandbox) -> None:
    target = ("--prefix", box.site)
    states("VDP001", "--apply", *target)
    finished = doctor("patch", "--revert", *target)
    assert finished.stderr == (
        f"{examined(box)}restored {box.site}/{WORLD_SIZE}\n"
        "to be applied     VDP001  vllm07-world-size-assert  vllm 0.7.2\n"
    )
    assert doctor("patch", "--revert", *target).stderr == f"{examined(box)}Nothing was to be restored.\n"


def test_an_offer_for_an_image_is_one_for_inside(tmp_path: Path) -> None:
    image = tmp_path / "image"
    box = make(image / "usr/local/lib/python3.12/dist-packages")
    (image / "usr/local/bin").mkdir()
    (image / "usr/local/bin/python3").write_text("")
    box.write("torch-2.5.1.dist-info/METADATA", b"Name: torch\nVersion: 2.5.1\n")
    said = doctor("patch", "--check", "--prefix", image).stderr
    assert " and fits what is installed; inside the image:\n    uv pip install --python /usr/local/bin/python3 " in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize(("option", "done"), [("--apply", "changed"), ("--revert", "restored")])
def test_what_was_written_is_said_where_the_report_cannot_be(box: Sandbox, option: str, done: str) -> None:
    if option == "--revert":
        box.apply()
    with Path("/dev/full").open("wb") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "verl_doctor", "patch", option, "--format", "json", "--prefix", box.site],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    said = (
        f"verl-doctor: 4 files are {done} as asked, but standard output cannot be written: No space left on device.\n"
    )
    assert (finished.returncode, finished.stderr) == (3, said)
    assert ({file: box.read(file) for file in FILES} == FILES) is (option == "--revert")


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"# Ren\xe9\n", id="not-utf-8"), pytest.param(b"# coding: klingon\n", id="no-such-encoding"), None],
)
def test_a_file_that_cannot_be_read_as_text_or_is_gone(box: Sandbox, content: bytes | None) -> None:
    file = next(iter(FILES))
    if content is None:
        (box.site / file).unlink()
    else:
        box.write(file, content + FILES[file])
    before = box.snapshot()
    finished = doctor("patch", "--apply", "--prefix", box.site)
    assert finished.returncode == 1
    said = finished.stderr.splitlines()[1]
    assert said.startswith(f"verl-doctor: Nothing was written, because {file}")
    assert box.snapshot() == before
    assert words(states("--status", "--prefix", box.site))[0] == ("absent" if content is None else "unrecognised")


def test_a_patch_of_your_own_is_reverted_by_name_without_its_module(box: Sandbox, own: Path) -> None:
    box.write("acme_rewards/score.py", b"def score(answer, expected):\n    return answer == expected\n")
    box.write("acme_rewards-1.2.dist-info/METADATA", b"Metadata-Version: 2.1\nName: acme-rewards\nVersion: 1.2\n")
    (own / "broken.py").unlink()
    before = box.snapshot()
    target = ("--prefix", box.site)
    assert "receipts" not in states("--status", *target)
    states("--apply", "ACME001", "--patches", own, *target)
    words_of = [line.split(None, 3) for line in doctor("patch", "--status", *target).stdout.splitlines()]
    assert [
        "applied",
        "?",
        "rewards-newline",
        "acme-rewards 1.2 (known from its receipt; give --patches to judge it)",
    ] in words_of
    asked = states("--status", "rewards-newline", *target)
    assert asked["patches"] == []
    assert [each["is_known"] for each in asked["receipts"]] == [False]
    assert [each["is_known"] for each in states("--status", "--patches", own, *target)["receipts"]] == [True]
    reverted = doctor("patch", "--revert", "Rewards-Newline", *target)
    assert (reverted.returncode, reverted.stderr) == (0, f"{examined(box)}restored {box.site}/acme_rewards/score.py\n")
    assert box.snapshot() == before
    assert (
        "There is no patch rewards-newline, and none" in doctor("patch", "--revert", "rewards-newline", *target).stderr
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("nothing",), "There is no patch nothing; known are", id="unknown"),
        pytest.param(("status",), "There is no patch status; did you mean --status?", id="an-option"),
        pytest.param(("--apply", "--revert"), "--apply and --revert cannot be given together", id="two"),
    ],
)
def test_wrong_usage(box: Sandbox, arguments: tuple[str, ...], said: str) -> None:
    finished = doctor("patch", *arguments, "--prefix", box.site)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("verl-doctor: ")
    assert said in finished.stderr


@pytest.mark.real
def test_status_of_released_files_imports_no_libcst(installed: Any) -> None:
    site = installed("vllm", "0.7.2", list(FILES))
    names = imported("patch", "--status", "--prefix", site)
    assert "verl_doctor" in names
    assert not names & {"libcst", "rich", "yaml", "pydantic", "torch", "vllm"}
    assert not imported("check", "--format", "json", "--prefix", site) & {"libcst", "rich", "torch", "vllm"}


def test_the_status_of_a_file_that_was_edited_since(box: Sandbox) -> None:
    target = ("--prefix", box.site)
    states("--apply", *target)
    changed = "; changed since, so --revert would refuse"
    assert changed not in doctor("patch", "--status", *target).stdout
    box.write(WORLD_SIZE, box.read(WORLD_SIZE) + b"# mine\n")
    found = doctor("patch", "--status", *target).stdout
    assert [line for line in found.splitlines() if changed in line] == [
        f"applied           VDP001  vllm07-world-size-assert  vllm 0.7.2{changed}"
    ]
    told = {each["patch"]: each["is_changed"] for each in states("--status", *target)["receipts"]}
    assert told == {name: name == "vllm07-world-size-assert" for name in ALL}
    assert doctor("patch", "--revert", *target).returncode == 1


def test_a_receipt_that_cannot_be_read_hides_nothing_else(box: Sandbox) -> None:
    target = ("--prefix", box.site)
    states("--apply", *target)
    (box.metadata / "verl-doctor/receipt.json").write_text("{")
    document = states("--status", *target)
    assert words(document) == ["applied"] * 4
    assert "is not the receipt that verl-doctor writes" in document["unreadable"][0]
    assert document["unreadable"][0] in doctor("patch", "--status", *target).stdout


def test_a_diff_of_what_revert_would_do(box: Sandbox) -> None:
    assert doctor("patch", "--diff", "--revert", "--prefix", box.site).stdout == ""
    doctor("patch", "--apply", "--prefix", box.site)
    applied = box.snapshot()
    finished = doctor("patch", "--diff", "--revert", "--prefix", box.site)
    assert (finished.returncode, finished.stdout.count("\n--- a/")) == (0, 3)
    assert finished.stderr.count("would restore ") == 4
    assert box.snapshot() == applied
    subprocess.run(["git", "apply"], input=finished.stdout.encode(), check=True, cwd=box.site)
    assert {file: box.read(file) for file in FILES} == FILES


def test_a_patch_that_few_need_is_applied_only_by_name(box: Sandbox) -> None:
    [uuid] = catalogue.load(["cvd-uuid"])
    box.write(uuid.site("0.7.2").file, uuid.examples[0].before.encode())
    target = ("--prefix", box.site)
    assert "cvd-uuid" not in [patch["name"] for patch in states("--apply", *target)["patches"]]
    assert "can be applied    VDP005" in doctor("patch", "--status", *target).stdout
    [state] = states("cvd-uuid", "--apply", *target)["patches"]
    assert (state["state"], state["only_where"]) == ("applied", uuid.only_where)


def test_an_upgrade_is_offered_before_patching(box: Sandbox) -> None:
    box.write("torch-2.5.1.dist-info/METADATA", b"Name: torch\nVersion: 2.5.1\n")
    [offer] = states("--prefix", box.site)["upgrades"]
    assert (offer["version"], set(offer["patches"])) == ("0.7.3", set(ALL[:3]))
    finished = doctor("patch", "--prefix", box.site)
    assert finished.stderr.startswith(f"{examined(box)}vllm 0.7.3 comes without ")
    assert f" and fits what is installed:\n    {offer['command']}\n" in finished.stderr
    assert states("--apply", "--prefix", box.site)["upgrades"] == [offer]
    assert "upgrades" not in states("--apply", "--prefix", box.site)


def test_an_interrupted_run_is_told(box: Sandbox) -> None:
    (box.metadata / "verl-doctor.journal-new").write_text("")
    assert states("--status", "--prefix", box.site)["interrupted"] == ["vllm"]
    finished = doctor("patch", "--status", "--prefix", box.site)
    assert "A run that changed vllm 0.7.2 was interrupted; the next --apply or --revert ends it.\n" in finished.stdout
    assert "interrupted" not in states("--revert", "--prefix", box.site)


def test_what_is_left_over_is_told_apart_from_an_interrupted_run(box: Sandbox) -> None:
    states("--apply", "--prefix", box.site)
    (box.metadata / "METADATA").unlink()
    for file in FILES:
        (box.site / file).unlink()
    document = states("--status", "--prefix", box.site)
    assert (document["left_over"], "interrupted" in document) == ([str(box.metadata)], False)
    finished = doctor("patch", "--status", "--prefix", box.site)
    assert f"{box.metadata} is left over from vllm 0.7.2, which is not installed any more" in finished.stdout
    assert "left_over" not in states("--revert", "--prefix", box.site)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the guide's patch and a broken one."""
    folder = tmp_path / "our-patches"
    folder.mkdir()
    (folder / "broken.py").write_text("PATCH = None\n")
    (folder / "rewards.py").write_text(guide.PATCH)
    return folder


def test_a_broken_patch_of_your_own_is_told_and_does_not_stop_the_rest(box: Sandbox, own: Path) -> None:
    target = ("--patches", own, "--prefix", box.site)
    broken = [{"origin": str(own / "broken.py"), "reason": "it has no PATCH"}]
    assert states("--status", *target)["broken"] == broken
    assert states("--check", *target, code=1)["broken"] == broken
    applied = states("--apply", *target, code=1)
    assert (applied["broken"], len(applied["changed"])) == (broken, 4)
    states("--check", *target, code=1)
    (own / "broken.py").unlink()
    assert "broken" not in states("--check", *target)


def test_patches_are_verified_on_their_own_examples(own: Path) -> None:
    finished = doctor("patch", "--verify-patch", "--patches", own, "rewards-newline")
    assert finished.returncode == 1
    assert finished.stdout == (
        f"holds  ACME001  rewards-newline: 22 sources tried\nfails  {own / 'broken.py'}: it has no PATCH\n"
    )
    (own / "broken.py").unlink()
    document = states("--verify-patch", "--patches", own)
    assert [each["problems"] for each in document["verified"]] == [[]] * (len(catalogue.built_in()) + 1)
    code = own / "rewards.py"
    code.write_text(code.read_text().replace('after=_with("answer.strip() == expected")', 'after=_with("answer")'))
    finished = doctor("patch", "--verify-patch", "--patches", own, "ACME001")
    assert finished.returncode == 1
    assert "fails  ACME001" in finished.stdout
    assert "as published: is edited instead of the code after; the same in 9 more variants (CRLF, " in finished.stdout
    assert finished.stdout.count("+++ what came out") == 1


def test_a_run_that_was_interrupted(box: Sandbox) -> None:
    """All files are patched, but the next run undoes that: nothing may be said that does not hold after it."""
    step, target = 1, ("--prefix", box.site)
    while {file: box.read(file) for file in FIXED} != FIXED:
        box.revert()
        with pytest.raises(Killed):
            box.apply(disk=FaultyDisk({step: Killed}))
        step += 1
    assert states("--status", *target)["interrupted"] == ["vllm"]
    document = states("--check", *target, code=1)
    assert (words(document), document["interrupted"]) == (["applied"] * 4, ["vllm"])
    for arguments in ((), ("--diff",), ("--diff", "--revert")):
        finished = doctor("patch", *arguments, *target)
        assert (finished.returncode, finished.stdout) == (1, "")
        assert "What would change cannot be said: a run that changed vllm 0.7.2 was interrupted" in finished.stderr
    assert words(states("--apply", *target)) == ["applied"] * 4
    assert words(states("--check", *target)) == ["applied"] * 4
