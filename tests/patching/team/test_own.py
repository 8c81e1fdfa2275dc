"""A team's own patches: sound and broken, and the guide's example as it stands."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
import pytest

from tests.patching import guide
from tests.patching.sandbox import Sandbox, row
from verl_doctor.errors import LoadInterruptedError, PatchRefusedError, UsageError
from verl_doctor.facts.broken_patches import Broken
from verl_doctor.patching import catalogue
from verl_doctor.patching.apply import apply, revert
from verl_doctor.patching.patch import After, Before, Example, Patch, Site, Unfamiliar, Untouched
from verl_doctor.patching.state import states
from verl_doctor.patching.structure import examine
from verl_doctor.patching.team import own, trial
from verl_doctor.patching.verify import verify
from verl_doctor.report import verification_report

SITE: Any = Site(since="1.0", file="acme_rewards/score.py", scope="score")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that the guide makes."""
    made = tmp_path / "our-patches"
    made.mkdir()
    (made / "rewards_newline.py").write_text(guide.PATCH)
    return made


@pytest.fixture
def rewards(tmp_path: Path) -> Sandbox:
    """The package that the guide patches."""
    sandbox = Sandbox(tmp_path / "site")
    files = {
        "acme_rewards/score.py": guide.SOURCE.encode(),
        "acme_rewards-1.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: acme-rewards\nVersion: 1.2\n",
    }
    for path, content in files.items():
        sandbox.write(path, content)
    sandbox.write("acme_rewards-1.2.dist-info/RECORD", "".join(f"{row(*file)}\n" for file in files.items()).encode())
    return sandbox


def test_the_guide_is_right(folder: Path, rewards: Sandbox) -> None:
    found = catalogue.everything(folder)
    assert found.broken == ()
    [patch] = found.named(["rewards-newline"])
    verification = verify(patch)
    assert (verification.problems, f"{verification.tried} sources tried" in guide.TEXT) == ((), True)
    before = rewards.snapshot()
    apply(rewards.host, rewards.target, rewards.packages, [patch])
    assert b"answer.strip() == expected" in rewards.read("acme_rewards/score.py")
    revert(rewards.host, rewards.target, rewards.packages)  # without the patch
    assert rewards.snapshot() == before


def test_an_interrupt_at_import_names_the_module(folder: Path) -> None:
    (folder / "another.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(LoadInterruptedError, match=r"Interrupted while .*another\.py was being loaded\."):
        catalogue.everything(folder)
    with ThreadPoolExecutor(1) as pool:  # a signal reaches the main thread only
        [broken] = pool.submit(catalogue.everything, folder).result().broken
    assert broken.reason == "it cannot be loaded: KeyboardInterrupt (another.py, line 1)"


def test_one_is_reverted_by_name_without_its_module(patch: Patch, rewards: Sandbox) -> None:
    before = rewards.snapshot()
    apply(rewards.host, rewards.target, rewards.packages, [patch])
    said = r"There is no patch ACME001, and none of that name was applied here: the receipts name rewards-newline\."
    with pytest.raises(UsageError, match=said):
        revert(rewards.host, rewards.target, rewards.packages, recorded=["rewards-newline", "ACME001"])
    plan = revert(rewards.host, rewards.target, rewards.packages, recorded=["rewards-newline"])
    assert (len(plan.edits), plan.states) == (1, {})
    assert rewards.snapshot() == before


def test_files_that_are_no_patches_are_left(folder: Path) -> None:
    (folder / "_shared.py").write_text("raise SystemExit")
    (folder / "README.md").write_text("")
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    assert catalogue.everything(folder).broken == ()


def test_a_link_to_nothing_is_told(folder: Path) -> None:
    (folder / "gone.py").symlink_to("nowhere")
    [broken] = catalogue.everything(folder).broken
    assert broken.reason.startswith("it cannot be loaded: FileNotFoundError")


def test_a_name_that_belongs_to_a_broken_one(folder: Path) -> None:
    (folder / "rewards_newline.py").write_text("raise ValueError('boom')")
    with pytest.raises(
        UsageError,
        match=r"rewards_newline\.py cannot be used: it cannot be loaded: ValueError: boom \(.*, line 1\)\.$",
    ):
        catalogue.everything(folder).named(["rewards-newline"])


def test_one_that_does_not_end_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "DEADLINE", 1.0)
    (folder / "another.py").write_text("import time\nwhile True: time.sleep(1)")
    found = catalogue.everything(folder)
    assert [patch.id for patch in found.patches if not patch.id.startswith("VDP")] == ["ACME001"]
    [broken] = found.broken
    assert broken.reason == "it cannot be loaded: that does not end within 1 seconds"


def test_several_that_end_the_process(folder: Path) -> None:
    for name in ("a", "b", "z"):
        (folder / f"{name}.py").write_text("import os\nos._exit(3)")
    found = catalogue.everything(folder)
    assert [Path(broken.origin).name for broken in found.broken] == ["a.py", "b.py", "z.py"]
    assert found.named(["ACME001"])


MISCHIEF = """
import os, sys
print("said while it was loaded")
os.chdir("/")
sys.path.insert(0, "/nowhere")
"""


def test_streams_and_folder_stay_as_they_are(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "rewards_newline.py").write_text(f"{guide.PATCH}{MISCHIEF}sys.stdout.close()\nsys.stderr.close()\n")
    path = list(sys.path)
    found = catalogue.everything(Path())
    print("after")  # noqa: T201 # shows that it can be
    assert (found.broken, Path.cwd(), sys.path) == ((), folder, path)
    assert tuple(capsys.readouterr()) == ("after\n", "said while it was loaded\n")


def test_a_helper_beside_the_patch(folder: Path, tmp_path: Path) -> None:
    (folder / "rewards_newline.py").write_text(f"{guide.PATCH}\nimport _shared\nPATCH = _shared.named(PATCH)\n")
    code = "from dataclasses import replace\ndef named(patch): return replace(patch, name={!r})\n"
    (folder / "_shared.py").write_text(code.format("first"))
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "_shared.py").write_text(code.format("second"))
    assert catalogue.everything(folder).unknown(["first"]) == ()
    assert catalogue.everything(other).unknown(["second"]) == ()


class Loud(Patch):
    """A patch with a property that breaks."""

    @property
    def title(self) -> str:
        """Break."""
        raise RuntimeError("boom")

    versions = title


def test_a_class_of_ones_own_adds_nothing(patch: Patch) -> None:
    loud = Loud(**{field.name: getattr(patch, field.name) for field in fields(Patch)})
    assert own.checked("here", lambda: loud, ()) == patch


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("def (", r"it cannot be loaded: SyntaxError: ", id="no Python"),
        pytest.param("import nothing_of_that_name", "it cannot be loaded: ModuleNotFoundError: ", id="import fails"),
        pytest.param("raise SystemExit(4)", "it cannot be loaded: SystemExit: 4", id="leaves"),
        pytest.param(
            "raise ValueError('two\\nlines')",
            "it cannot be loaded: ValueError: two lines .another.py, line 1.$",
            id="raises",
        ),
        pytest.param("\n\nint('x')", "it cannot be loaded: ValueError: .* .another.py, line 3.$", id="raises below"),
        pytest.param("import os\nos._exit(0)", ".*ends the whole process .exit status 0.$", id="ends the process"),
        pytest.param("import os\nos.kill(os.getpid(), 11)", ".*ends the whole process .signal 11.$", id="crashes"),
        pytest.param("raise GeneratorExit", "it cannot be loaded: GeneratorExit", id="raises what nobody catches"),
        pytest.param("", "it has no PATCH", id="empty"),
        pytest.param("PATCH = 3", "it has no PATCH", id="another thing"),
    ],
)
def test_a_broken_one_does_not_stop_the_rest(folder: Path, content: str, reason: str) -> None:
    (folder / "another.py").write_text(content)
    found = catalogue.everything(folder)
    assert "rewards-newline" in {patch.name for patch in found.patches}
    [broken] = found.broken
    assert broken.origin == str(folder / "another.py")
    assert re.match(reason, broken.reason)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--patches .*none: No such file or directory"):
        catalogue.everything(tmp_path / "none")
    with pytest.raises(UsageError, match="there is no patch in it"):
        catalogue.everything(tmp_path)


@pytest.fixture
def patch(folder: Path) -> Patch:
    [found] = catalogue.everything(folder).named(["ACME001"])
    return found


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"id": "VDP900"}, "its id VDP900 begins with VDP", id="reserved id"),
        pytest.param({"id": "VDP001"}, "its id or name is that of VDP001", id="id of another"),
        pytest.param({"name": "vllm07-local-rank"}, "its id or name is that of VDP002", id="name of another"),
        pytest.param({"name": "vdp001"}, "its id or name is that of VDP001", id="name as the id of another"),
        pytest.param({"id": "acme1"}, "its id 'acme1' is not capital letters", id="id"),
        pytest.param({"name": "Rewards newline"}, "is not words of small letters", id="name"),
        pytest.param({"distribution": "Acme_Rewards"}, "is written 'acme-rewards'", id="distribution"),
        pytest.param({"documentation": "no sentence"}, "its documentation does not begin", id="documentation"),
        pytest.param({"examples": ()}, "it has no examples", id="examples"),
        pytest.param({"sites": ()}, "it names no site", id="site"),
        pytest.param({"fixed_in": "soon"}, "of its versions one is none", id="version"),
        pytest.param({"fixed_in": "1.0"}, "its versions 1.0, 1.0 do not rise", id="versions fall"),
        pytest.param(
            {"sites": (Site(since="1.0", file="../x.py", scope="f"),)}, "its file '../x.py'", id="file outside"
        ),
        pytest.param({"sites": (Site(since="1.0", file="/x.py", scope="f"),)}, "its file '/x.py'", id="file absolute"),
        pytest.param({"sites": (Site(since="1.0", file="x.so", scope="f"),)}, "its file 'x.so'", id="no module"),
        pytest.param({"sites": (Site(since="1.0", file="x\0.py", scope="f"),)}, "its file 'x.x00.py'", id="null byte"),
        pytest.param({"sites": (Site(since="1.0", file="x\n.py", scope="f"),)}, "its file 'x.n.py'", id="line end"),
        pytest.param({"sites": (Site(since="1.0", file="x" * 253 + ".py", scope="f"),)}, "its file 'xx", id="too long"),
        pytest.param({"sites": (Site(since="1.0", file="x.py", scope="f()"),)}, r"its scope 'f\(\)'", id="scope"),
        pytest.param({"name": None}, "its field name holds None, not a text", id="name of no type"),
        pytest.param({"name": "\udcff"}, r"its field name holds '\\udcff', not a text", id="name not writable"),
        pytest.param({"fixed_in": 1.4}, "its field fixed_in holds 1.4, not a text or None", id="number"),
        pytest.param({"sites": [SITE]}, r"its field sites holds \[Site.*, not a tuple of Sites", id="list"),
        pytest.param({"sites": SITE}, "its field sites holds Site", id="no tuple"),
        pytest.param({"examples": ("x",)}, r"its field examples holds \('x',\), not a tuple of Examples", id="texts"),
        pytest.param({"trace": "x"}, r"its field trace holds 'x', not a compiled pattern of bytes", id="trace"),
        pytest.param({"trace": re.compile("x")}, r"its field trace holds re.compile\('x'\)", id="trace of text"),
        pytest.param({"edit": "x"}, "its field edit holds 'x', not a function", id="edit"),
        pytest.param({"sites": (replace(SITE, scope=None),)}, "a site's field scope holds None", id="in a site"),
        pytest.param(
            {"examples": (Example(name="x", before=b"", after=""),)},  # type: ignore[arg-type] # what is tested
            "an example's field before holds b'', not a text",
            id="in an example",
        ),
        pytest.param(
            {"untouched": (Untouched(name="x", source="", structure="other"),)},  # type: ignore[arg-type] # what is tested
            "an example's field structure holds 'other', not one of",
            id="in an untouched source",
        ),
    ],
)
def test_what_a_declaration_must_say(patch: Patch, changed: dict[str, Any], reason: str) -> None:
    found = own.checked("here", lambda: replace(patch, **changed), catalogue.built_in())
    assert isinstance(found, Broken)
    assert re.search(reason, found.reason)


def _raise(_: Any) -> Any:
    raise ValueError("boom")  # libcst raises it as well


def _leave(_: Any) -> Any:
    sys.exit(4)


def _close(_: Any) -> Any:
    raise GeneratorExit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        pytest.param(_raise, "the patch itself breaks on it: ValueError: boom (test_own.py, line ", id="raises"),
        pytest.param(_leave, "the patch itself breaks on it: SystemExit: 4", id="leaves"),
        pytest.param(_close, "the patch itself breaks on it: GeneratorExit", id="raises what nobody catches"),
        pytest.param(lambda node: node.with_changes(body=None), "the patch itself breaks on it: ", id="no tree"),
        pytest.param(lambda _: None, "the patch returns a NoneType for a FunctionDef", id="returns nothing"),
    ],
)
def test_an_edit_that_breaks_is_told_like_unfamiliar_code(patch: Patch, edit: Callable[[Any], Any], said: str) -> None:
    found = examine(replace(patch, edit=edit), guide.SOURCE.encode(), "1.2")
    assert isinstance(found, Unfamiliar)
    assert found.reason.startswith(said)


def test_what_an_edit_prints_goes_to_standard_error(patch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    def edit(node: Any) -> Any:
        print("editing")  # noqa: T201 # what is tested
        sys.stdout.close()
        os.chdir("/")
        return patch.edit(node)

    folder = Path.cwd()
    assert isinstance(examine(replace(patch, edit=edit), guide.SOURCE.encode(), "1.2"), Before)
    assert (tuple(capsys.readouterr()), Path.cwd()) == (("", "editing\n"), folder)


Change = Callable[[Patch], Patch]


def _first_example(patch: Patch, **changed: str) -> Patch:
    return replace(patch, examples=(replace(patch.examples[0], **changed),))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda p: _first_example(p, after=p.examples[0].before), "instead of the code after", id="after"),
        pytest.param(
            lambda p: _first_example(p, before=p.examples[0].before.replace("float(answer", "int(answer")),
            r"as published: is edited instead of the code after; the same in 9 more variants \(CRLF, .*\)\n"
            r"--- the code after\n\+\+\+ what came out\n",
            id="in every layout",
        ),
        pytest.param(lambda p: _first_example(p, after="("), "the code after is no Python", id="no Python"),
        pytest.param(lambda p: replace(p, trace=re.compile(b"nowhere")), "the trace is not found", id="trace"),
        pytest.param(lambda p: replace(p, untouched=p.untouched[:1]), "no example of unfamiliar code", id="unfamiliar"),
        pytest.param(lambda p: replace(p, untouched=p.untouched[1:]), "does not have the bug", id="none without"),
        pytest.param(
            lambda p: replace(p, untouched=(replace(p.untouched[0], source=p.examples[0].before), p.untouched[1])),
            r"(?s)by hand: is edited instead of being after\n--- as it is.*\n\+    return float\(answer.strip\(\)",
            id="not left alone",
        ),
        pytest.param(
            lambda p: replace(p, sites=(*p.sites, Site(since="1.2", file="acme_rewards/other.py", scope="score"))),
            "there is no example for acme_rewards/other.py since 1.2",
            id="site without example",
        ),
    ],
)
def test_verification_finds(patch: Patch, change: Change, problem: str) -> None:
    assert any(re.search(problem, found) for found in verify(change(patch)).problems)


def test_a_difference_that_cannot_be_seen(patch: Patch) -> None:
    odd = _first_example(patch, after=patch.examples[0].after.replace("expected):", "expected):\x1c"))
    [said] = [found for found in verify(odd).problems if "instead of the code after" in found]
    assert said.count("--- the code after") == 1


def test_the_report_keeps_the_lines_of_a_difference(patch: Patch) -> None:
    verified = verify(_first_example(patch, after=patch.examples[0].after.replace("One point", "A point " * 20)))
    lines = verification_report.text([verified], [], width=60).splitlines()
    assert any(len(line) > 100 and line.startswith("         -    ") for line in lines)
    assert all(len(line) <= 60 for line in lines if not re.match(" {9}[-+ @]", line))


def _installed(rewards: Sandbox, name: str, listing: str) -> None:
    """Install one more distribution, with this RECORD."""
    rewards.write(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n".encode())
    rewards.write(f"{name}-1.dist-info/RECORD", listing.encode())


def _refused(rewards: Sandbox, *patches: Patch) -> str:
    before = rewards.snapshot()
    with pytest.raises(PatchRefusedError) as refused:
        apply(rewards.host, rewards.target, rewards.packages, patches)
    assert rewards.snapshot() == before
    return str(refused.value)


def test_a_file_that_the_distribution_does_not_have(patch: Patch, rewards: Sandbox) -> None:
    elsewhere = replace(patch, sites=(replace(SITE, file="acme_rewards/scores.py"),))
    said = "acme-rewards 1.2 lists no acme_rewards/scores.py in its RECORD: check `file` of ACME001"
    assert said in _refused(rewards, elsewhere)
    rewards.write("acme_rewards/scores.py", guide.SOURCE.encode())  # there, but nobody installed it
    assert said in _refused(rewards, elsewhere)
    found = states(rewards.host, rewards.target, rewards.packages, [elsewhere])
    assert (found["rewards-newline"].state, found["rewards-newline"].reason) == ("absent", said)


def test_a_file_of_another_distribution(patch: Patch, rewards: Sandbox) -> None:
    _installed(rewards, "tool", "")
    assert "tool 1 lists no acme_rewards/score.py in its RECORD" in _refused(
        rewards, replace(patch, distribution="tool")
    )
    _installed(rewards, "twin", row("acme_rewards/score.py", guide.SOURCE.encode()) + "\n")
    said = "acme_rewards/score.py is also in the RECORD of twin 1: check `distribution` of ACME001"
    assert said in _refused(rewards, patch)


def test_a_distribution_without_a_list_of_files(patch: Patch, rewards: Sandbox) -> None:
    (rewards.site / "acme_rewards-1.2.dist-info/RECORD").unlink()
    _installed(rewards, "tool", "other/acme_rewards/score.py,,\n")
    apply(rewards.host, rewards.target, rewards.packages, [patch])
    assert b"answer.strip() == expected" in rewards.read("acme_rewards/score.py")


def _back(function: Any) -> Any:
    """Return a function without what the guide's patch puts into it."""
    stripped = m.Call(m.Attribute(m.Name("answer"), m.Name("strip")), [])
    if not m.findall(function, stripped):
        return After()
    return m.replace(function, stripped, cst.Name("answer"))


def test_two_that_undo_each_other(patch: Patch, rewards: Sandbox) -> None:
    back = replace(patch, id="ACME002", name="rewards-as-written", edit=_back)
    path = rewards.site / "acme_rewards/score.py"
    first = f"Nothing was written, because rewards-as-written undoes rewards-newline in {path}."
    assert _refused(rewards, patch, back).startswith(first)
    apply(rewards.host, rewards.target, rewards.packages, [patch])
    assert _refused(rewards, patch, back).startswith(first)
    assert "rewards-newline undoes rewards-as-written" in _refused(rewards, back, patch)


def test_an_interrupt_while_another_process_loads_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trial, "_watch", interrupted)
    (folder / "rewards_newline.py").write_text(f"{guide.PATCH}\n# interrupted\n")
    with pytest.raises(LoadInterruptedError, match=r"Interrupted while .*rewards_newline\.py was being loaded\."):
        catalogue.everything(folder)
