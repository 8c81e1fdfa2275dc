"""`verl-doctor preflight --ray`, with recorded answers in place of a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doctor import doctor
from tests.preflight.clusters import DEAD, swept
from tests.report import preflights
from tests.report.preflights import POLICY, TODAY
from tests.report.schemas import follows
from verl_doctor.cli import preflight_everywhere
from verl_doctor.cli.preflight_everywhere import MARGIN, Telling, command, times
from verl_doctor.cli.reports import ReportFormat, delivery
from verl_doctor.errors import UsageError
from verl_doctor.fleet.cluster import Ranked, RayNode
from verl_doctor.fleet.sweep import Sweep
from verl_doctor.preflight.policy_sent import unpack
from verl_doctor.preflight.result import Preflight
from verl_doctor.preflight.run import Wish
from verl_doctor.smoke.sessions import Device, Level

NODE = RayNode(id="id1", name="n1", address="10.0.0.1", gpus=8.0)
RANK = Ranked(rank=0, node=NODE, measurements={"backend": "nccl", "gib_per_second": 180.0})


@dataclass
class Fake:
    """A cluster whose nodes say what is given; remembers how they were asked, and what added numbers."""

    sweep: Sweep
    asked: dict[str, Any] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def sweep(_: object, words: tuple[str, ...], seconds: float, **how: Any) -> Sweep:
            self.asked = {"words": words, "seconds": seconds, **how}
            return self.sweep

        def all_reduced(_: object, device: str, __: float) -> tuple[tuple[Ranked, ...], None, bool]:
            self.devices.append(device)
            return (RANK,), None, False

        monkeypatch.setattr(preflight_everywhere, "the_cluster", lambda *_: None)
        monkeypatch.setattr(preflight_everywhere, "sweep", sweep)
        monkeypatch.setattr(preflight_everywhere, "all_reduced", all_reduced)


def run(
    monkeypatch: pytest.MonkeyPatch, *nodes: Preflight | str, form: str = "json", file: Path | None = None, **wish: Any
) -> tuple[Fake, int]:
    fake = Fake(swept(*nodes))
    fake.install(monkeypatch)
    telling = Telling(
        delivery=delivery(ReportFormat(form), file, None), with_facts=False, is_quiet=form == "text", is_verbose=False
    )
    wanted = Wish(**{"today": TODAY, **wish})
    nothing: Any = None
    return fake, preflight_everywhere.preflight(nothing, nothing, "auto", wanted, None, telling)


def test_each_node_is_asked_the_same_and_then_all_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake, code = run(monkeypatch, preflights.healthy(), preflights.healthy(), policy=POLICY, level=Level.FULL)
    assert code == 0
    assert fake.devices == ["cuda"]
    words = fake.asked["words"]
    assert words[words.index("--level") + 1] == "full"
    assert unpack(words[words.index("--judged-by") + 1]) == POLICY
    without = fake.asked["without_gpus"]
    assert without[without.index("--level") + 1] == "none"
    assert fake.asked["gpus"]
    assert not fake.asked["compiled"]
    document = json.loads(capsys.readouterr().out)
    follows(document, "cluster")
    assert document["all_reduce"]["outcome"] == "passed"
    assert document["command"] == "preflight"


@pytest.mark.parametrize(
    ("wish", "gpus", "compiled"),
    [
        ({"level": None}, False, False),
        ({"device": Device.CPU}, False, False),
        ({"level": None, "apply": True}, False, True),
        ({"apply": True}, True, True),
    ],
    ids=["no smoke test", "on CPUs", "patches alone", "patches"],
)
def test_gpus_are_reserved_for_a_smoke_test_alone(
    wish: dict[str, Any], gpus: bool, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, _ = run(monkeypatch, preflights.healthy(), **wish)
    assert (fake.asked["gpus"], fake.asked["compiled"]) == (gpus, compiled)


@pytest.mark.parametrize(
    ("nodes", "wish", "outcome"),
    [
        ((preflights.healthy, preflights.failing), {}, "skipped"),
        ((preflights.healthy, DEAD), {}, "skipped"),
        ((preflights.healthy,), {}, None),
        ((DEAD, DEAD), {}, None),
        ((preflights.healthy, preflights.healthy), {"level": None}, None),
    ],
    ids=["one fails", "one is dead", "one node", "all are dead", "no smoke test"],
)
def test_numbers_are_added_where_each_node_is_seen_to_work(
    nodes: tuple[Any, ...],
    wish: dict[str, Any],
    outcome: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake, _ = run(monkeypatch, *(node if isinstance(node, str) else node() for node in nodes), **wish)
    assert not fake.devices
    document = json.loads(capsys.readouterr().out)
    assert document.get("all_reduce", {}).get("outcome") == outcome


def test_one_line_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, code = run(monkeypatch, preflights.failing(), DEAD, form="text", file=tmp_path / "told")
    assert code == 1
    assert capsys.readouterr().out == ""
    (line,) = (tmp_path / "told").read_text().splitlines()
    assert line.startswith("BROKEN  on 1 of 2 nodes (n1).")


@pytest.mark.parametrize(
    ("wish", "given", "node", "smoke_test"),
    [
        ({"level": None}, None, 120, None),
        ({"level": None, "deadline": 900.0}, 60, 60, 900),
        ({}, None, 1800, 1680),
        ({}, 100, 100, 50),
        ({"deadline": 900.0}, None, 1020, 900),
        ({"deadline": 900.0}, 1000, 1000, 900),
        ({"deadline": 5000.0}, None, 5120, 5000),
    ],
    ids=["no smoke test", "nor for a deadline", "default", "short", "a deadline", "both", "a long deadline"],
)
def test_a_node_has_longer_than_its_smoke_test(
    wish: dict[str, Any], given: float | None, node: float, smoke_test: float | None
) -> None:
    seconds, timed = times(Wish(today=TODAY, **wish), given)
    assert (seconds, timed.deadline) == (node, smoke_test)


@pytest.mark.parametrize(
    ("deadline", "given", "needed"),
    [(900.0, 900, "930 or more"), (900.0, 10, "930 or more"), (5.0, 5.5, "35 or more"), (None, 1, "60 or more")],
)
def test_a_node_that_would_be_ended_before_it_reports_is_wrong_usage(
    deadline: float | None, given: float, needed: str
) -> None:
    with pytest.raises(UsageError, match=f"it would be ended before it reports.*{needed}"):
        times(Wish(today=TODAY, deadline=deadline), given)


@pytest.mark.parametrize("deadline", [None, 5.0, 900.0])
def test_a_node_with_the_time_that_is_asked_for_keeps_the_margin(deadline: float | None) -> None:
    needed = 60.0 if deadline is None else deadline + MARGIN
    seconds, timed = times(Wish(today=TODAY, deadline=deadline), needed)
    assert timed.deadline is not None
    assert (seconds, seconds - timed.deadline) == (needed, MARGIN)


def test_a_node_takes_its_command_line() -> None:
    wish = Wish(today=TODAY, level=Level.FULL, deadline=0.5, keep_going=True, allow=("VD200",), policy=POLICY)
    words = [word.replace("{python}", sys.executable) for word in command(wish)]
    finished = doctor(*words)
    assert finished.returncode == 1, finished.stderr
    document = json.loads(finished.stdout)
    follows(document, "preflight")
    assert document["check"]["facts"]["target"]["python"] == sys.executable
    assert document["policy"]["expectations"]["gpu"] == "H200"
    assert next(each for each in document["check"]["results"] if each["id"] == "VD200")["allowed"]
    assert document["smoke_test"]["reason"].startswith("there is no GPU to try")


def test_what_a_node_is_asked_only_where_it_is_wanted() -> None:
    assert "--model" not in command(Wish(today=TODAY, level=None, model=Path("/m")))
    assert command(Wish(today=TODAY, model=Path("/m")))[-2:] == ("--model", "/m")
    assert "--apply-patches" in command(Wish(today=TODAY, apply=True))
    assert not {"--apply-patches", "--keep-going", "--deadline"} & set(command(Wish(today=TODAY)))


RECORDED = Path(__file__).parents[1] / "data/facts/vllm-0.7.2-beside-torch-2.13-cpu.json"


def test_a_policy_that_was_sent_counts() -> None:
    sent = command(Wish(today=TODAY, policy=POLICY))
    policy = sent[sent.index("--judged-by") + 1]
    document = json.loads(doctor("preflight", "--facts", RECORDED, "-f", "json", "--judged-by", policy).stdout)
    assert document["policy"]["file"] == "verl-doctor.toml"
    assert document["policy"]["expectations"]["gpus"] == 8
    assert doctor("preflight", "--facts", RECORDED, "--judged-by", "{").returncode == 2


@pytest.mark.parametrize(("words", "code"), [(("--judged-by", "null"), 1), ((), 2)], ids=["none was sent", "its own"])
def test_a_node_looks_for_no_policy_of_its_own(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    (tmp_path / "verl-doctor.toml").write_text("gpu = 8")
    finished = subprocess.run(
        [sys.executable, "-m", "verl_doctor", "preflight", "--facts", RECORDED, *words],
        check=False,
        capture_output=True,
        cwd=tmp_path,
    )
    assert finished.returncode == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--format", "junit"), "With --ray a report is text or json", id="format"),
        pytest.param(("--report", "html={file}"), "With --ray a report is text or json", id="report"),
        pytest.param(("--facts", "{file}"), "--facts and --ray name two things", id="facts"),
        pytest.param(("--policy", "/no/file"), "The policy /no/file cannot be read", id="no policy"),
        pytest.param(("--policy", "{file}"), ":1: 'gpu' is not known here", id="a wrong policy"),
        pytest.param(("--allow", "nothing"), "No check is called 'nothing'", id="allow"),
        pytest.param(("--deadline", "9", "--node-deadline", "9"), "would be ended before it reports", id="deadlines"),
        pytest.param(("--ray", "http://head"), "--ray takes auto", id="address"),
    ],
)
def test_bad_usage_is_refused_before_a_cluster_is_joined(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    file = tmp_path / "file.toml"
    file.write_text("gpu = 8\n")
    finished = doctor("preflight", "--ray", "auto", *(argument.format(file=file) for argument in arguments))
    assert finished.returncode == 2
    assert said in " ".join(finished.stderr.split())
    assert finished.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--policy", "/no/file"), "The policy /no/file cannot be read", id="no policy"),
        pytest.param(("--allow", "nothing"), "No check is called 'nothing'", id="allow"),
        pytest.param(("--format", "junit"), "With --ray a report is text or json", id="format"),
    ],
)
def test_so_is_bad_usage_of_a_check(arguments: tuple[str, ...], said: str) -> None:
    finished = doctor("check", "--ray", "auto", *arguments)
    assert finished.returncode == 2
    assert said in " ".join(finished.stderr.split())


def test_a_deadline_for_nodes_is_for_a_cluster() -> None:
    finished = doctor("preflight", "--node-deadline", "9")
    assert finished.returncode == 2
    assert "--node-deadline is for --ray" in finished.stderr
