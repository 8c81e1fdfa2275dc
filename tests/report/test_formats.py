"""Every format holds what there is to report, is as its schema has it, and survives whatever a node says."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.report import preflights
from tests.report.schemas import follows, is_junit, is_sarif
from verl_doctor.errors import WriteFailedError
from verl_doctor.examine import _verdict as verdict_of
from verl_doctor.explain.entries import named
from verl_doctor.matrix.load import load
from verl_doctor.model import Crashed, Failed, Finding, Remedy, Ruling, Severity, Skipped, Verdict
from verl_doctor.preflight.policy import Expectations, Policy
from verl_doctor.preflight.result import Preflight
from verl_doctor.preflight.run import Wish, judge
from verl_doctor.preflight.summary import summary
from verl_doctor.report import github, markdown
from verl_doctor.report.accounts import of_preflight
from verl_doctor.report.console import UNFOLDED, PrintableConsole
from verl_doctor.report.markdown import _details as details_of
from verl_doctor.report.of_check import OfCheck
from verl_doctor.report.plain_text import in_a_line, printable
from verl_doctor.report.ruled import ruled
from verl_doctor.smoke.results import ProbeResult

PREFLIGHTS = {
    "healthy": preflights.healthy(),
    "broken": preflights.broken(),
    "failing": preflights.failing(),
    "unknown": preflights.unknown(),
}
NASTY = (
    "]]>",
    "<script>alert(1)</script>",
    "a\x00b\x1b[31mc\x0b",
    "\ud800 half",
    "%0A::error::x",
    "\r\n::stop-commands::",
    "```\n</details>",
    "| a | b |\n|---|---|",
    "@everyone `a",
    "\"'>&amp;",
    "\ufffe\uffff",
    "é中文🙂",
    "x\nHEALTHY  fine",
    "\r",
    "\u202eyhtlaeh\u2066 \u200f",
)
TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of text."""
IN_AN_ISSUE = frozenset(
    {
        *("h3", "p", "strong", "code", "pre", "ul", "li", "details", "summary"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
)
every_preflight = pytest.mark.parametrize("preflight", PREFLIGHTS.values(), ids=PREFLIGHTS)


def nasty(function: Any) -> Any:
    """Try a test with what has hurt others, and with generated texts, surrogates included."""
    for text in NASTY:
        function = example(text)(function)
    texts = st.text(st.characters(exclude_categories=()), min_size=1, max_size=40)
    return settings(deadline=None, max_examples=40)(given(texts)(function))


def render(preflight: Preflight, form: str) -> str:
    return preflights.written(preflight).render(form)


@every_preflight
def test_json(preflight: Preflight) -> None:
    document = json.loads(render(preflight, "json"))
    follows(document, "preflight")
    assert document["exit_code"] == preflight.exit_code
    assert document["verdict"] == preflight.verdict.value


def test_json_tells_what_the_policy_did() -> None:
    policy = json.loads(render(PREFLIGHTS["broken"], "json"))["policy"]
    rulings = {each.pop("name"): each for each in policy["checks"]}
    assert rulings == {
        "driver-missing": {
            "severity": "ignore",
            "reason": "no GPU in this build",
            "expires": "2026-12-31",
            "expired": False,
            "changed": True,
        },
        "ulimit-nofile": {"severity": "error", "expires": "2026-01-01", "expired": True, "changed": False},
    }
    assert policy["expectations"]["versions"] == {"verl": "==0.5.*"}


@every_preflight
def test_sarif(preflight: Preflight) -> None:
    (run,) = is_sarif(render(preflight, "sarif"))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert run["invocations"][0]["exitCode"] == preflight.exit_code
    fingerprints = [result["partialFingerprints"]["verlDoctorFinding/v1"] for result in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints)


def test_sarif_names_only_what_can_be_explained() -> None:
    (run,) = is_sarif(render(preflights.saying("x"), "sarif"))["runs"]
    helps = {rule["id"]: rule["help"]["text"] for rule in run["tool"]["driver"]["rules"]}
    assert helps["patch-refused"] == "verl-doctor patch --status"
    assert {"rollout", "VD012"} < helps.keys()
    for text in {*helps.values()} - {"verl-doctor patch --status"}:
        assert named(text.removeprefix("verl-doctor explain "))


def test_what_is_ignored_is_suppressed_in_sarif() -> None:
    (run,) = is_sarif(render(PREFLIGHTS["broken"], "sarif"))["runs"]
    told = {result["ruleId"]: result.get("suppressions") for result in run["results"]}
    (suppression,) = told["VD200"]
    assert suppression["justification"] == "ignored until 2026-12-31: no GPU in this build"
    assert told["VD802"] is None


@every_preflight
def test_junit(preflight: Preflight) -> None:
    text = render(preflight, "junit")
    is_junit(text)
    root = ET.fromstring(text)
    account = of_preflight(preflight)
    failures = [test for test in root.iter("testcase") if test.find("failure") is not None]
    assert len(failures) == len({each.id for each in account.occurrences if account.counts(each)})
    assert root.get("failures") == str(len(failures))
    assert root.get("tests") == str(len(account.cases))


def test_what_does_not_count_is_no_failure_in_junit() -> None:
    root = ET.fromstring(render(PREFLIGHTS["broken"], "junit"))
    tests = {test.get("name"): test for test in root.iter("testcase")}
    skipped = tests["VD200 driver-missing"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "ignored until 2026-12-31: no GPU in this build"
    assert tests["smoke-test smoke-test"].find("skipped") is not None


@every_preflight
def test_gitlab(preflight: Preflight) -> None:
    violations = json.loads(render(preflight, "gitlab"))
    follows(violations, "gitlab-code-quality")
    account = of_preflight(preflight)
    assert len(violations) == len([*account.occurrences, *account.open_cases])


def test_github() -> None:
    lines = render(PREFLIGHTS["broken"], "github").splitlines()
    assert lines[0].startswith("::error title=torch-not-installed (VD010)::torch is not installed in /opt/venv.%0A")
    (ignored,) = [line for line in lines if "title=driver-missing" in line]
    assert ignored.startswith("::notice title=driver-missing (VD200)::")
    assert "%0ANot counted, ignored until 2026-12-31: no GPU in this build.%0A" in ignored
    assert lines[-1].startswith("BROKEN  ")


def test_a_file_and_a_line_are_where_a_format_has_them() -> None:
    from verl_doctor.model import Severity
    from verl_doctor.report import gitlab, junit, sarif
    from verl_doctor.report.account import Account, Case, Occurrence

    found = Occurrence(id="VD1", name="n", severity=Severity.WARNING, message="m", file="a dir/run:1,2.sh", line=7)
    case = Case(group="lint", id="VD1", name="n", title="t", outcome="failed", occurrences=(found,))
    account = Account(
        command="lint",
        verdict=Verdict.DEGRADED,
        exit_code=0,
        summary="s",
        place=".",
        fail_on=Severity.ERROR,
        cases=(case,),
    )
    (result,) = is_sarif(sarif.render(account))["runs"][0]["results"]
    where = result["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "a%20dir/run%3A1%2C2.sh"}, "region": {"startLine": 7}}
    assert json.loads(gitlab.render(account))[0]["location"] == {"path": "a dir/run:1,2.sh", "lines": {"begin": 7}}
    assert github.render(account).startswith("::warning file=a dir/run%3A1%2C2.sh,line=7,title=n (VD1)::m\n")
    is_junit(junit.render(account))
    assert 'failures="0"' in junit.render(account)


def test_the_summary_of_a_job_is_appended(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("# before\n")
    rooms: list[int] = []

    def after(room: int) -> markdown.Summary:
        rooms.append(room)
        return markdown.Summary("é after\n", is_whole=True)

    assert github.append_summary({"GITHUB_STEP_SUMMARY": str(file)}, after) is None
    assert file.read_text("utf-8") == "# before\né after\n"
    assert rooms == [2**20 - 2**12 - len("# before\n")]
    with pytest.raises(WriteFailedError, match="cannot be written"):
        github.append_summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, after)
    assert github.append_summary({}, after) is None


@pytest.mark.parametrize(("left", "is_told"), [(3000, True), (800, True), (100, False)])
def test_the_summary_of_a_job_that_is_nearly_full(left: int, is_told: bool, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("x" * (2**20 - 2**12 - left))
    report = preflights.written(PREFLIGHTS["broken"])
    environ = {"GITHUB_STEP_SUMMARY": str(file)}
    if is_told:
        told = github.append_summary(environ, report.job_summary)
        assert told == f"The report is shortened in the job summary {file}, which is nearly full."
        assert file.read_text().endswith(markdown.SHORTENED)
        assert "**BROKEN**" in file.read_text()
    else:
        with pytest.raises(WriteFailedError, match="has no room for the report"):
            github.append_summary(environ, report.job_summary)
    assert file.stat().st_size <= 2**20 - 2**12


def test_what_markdown_leaves_out_is_told() -> None:
    whole = preflights.written(PREFLIGHTS["healthy"])
    assert "For want of room" not in render(PREFLIGHTS["healthy"], "markdown") + whole.job_summary(2**20).text
    text = details_of(of_preflight(PREFLIGHTS["healthy"]), PREFLIGHTS["healthy"].check.facts, 2500)
    assert len(text.encode()) <= 2500
    (left_out,) = re.findall(r"For want of room these parts are left out: (.*)\. `verl-doctor facts`", text)
    assert "Installed packages" in left_out
    assert f"<summary>{left_out.split(', ')[0]}</summary>" not in text


@pytest.mark.parametrize("name", ["healthy", "broken", "failing"])
def test_markdown_has_what_an_issue_is_asked_for(name: str) -> None:
    preflight = PREFLIGHTS[name]
    text = render(preflight, "markdown")
    for heading in ("### System Info", "### Information", "### Tasks", "### Reproduction", "### Expected behavior"):
        assert text.count(heading) == 1
    labels = ("python", "verl", "vllm", "sglang", "ray", "torch", "pip", "kernel", "CUDA compiler", "CUDA of torch")
    for label in (*labels, "driver", "GPUs", "memory", "processors"):
        assert re.search(rf"^{label}: .+$", text, re.MULTILINE), label
    assert text.count("<details>") == text.count("</details>") >= 5
    assert "### Reproduction" not in preflights.written(preflight).job_summary(2**20).text


def test_markdown_fits_an_issue_however_much_there_is() -> None:
    text = render(preflights.saying("é`" * 4000), "markdown")
    assert len(text.encode()) <= markdown.LARGEST
    assert text.count("<details>") == text.count("</details>")
    assert text.endswith("-->\n")


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        pytest.param("a_b*c", r"a\_b\*c", id="emphasis"),
        pytest.param("`a_b` c_d", r"`a_b` c\_d", id="code stays"),
        pytest.param("a `b", r"a \`b", id="one backtick"),
        pytest.param("`a|b`", r"`a\|b`", id="a bar in code"),
        pytest.param("# no heading", r"\# no heading", id="heading"),
        pytest.param("1. no list", r"1\. no list", id="list"),
        pytest.param("ask @someone, not a@b", "ask &#64;someone, not a&#64;b", id="calls nobody"),
        pytest.param("a\n\nb", "a b", id="one line"),
    ],
)
def test_markdown_escapes(plain: str, shown: str) -> None:
    assert markdown.escaped(plain) == shown


class Page(HTMLParser):
    """What a page is made of; fails where an element is closed that is not open."""

    VOID = frozenset({"meta", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def is_self_contained(page: Page) -> None:
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "div", "p", "span"),
        *("h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "b", "strong", "small", "i", "code", "pre", "figure"),
        *("figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
        *("svg", "path", "circle", "rect"),
    }
    for _, attributes in page.tags:
        assert not attributes.keys() & {"src", "href", "srcset", "xlink:href", "data", "action", "poster"}
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in "".join(page.text)


@every_preflight
def test_html(preflight: Preflight) -> None:
    page = Page(render(preflight, "html"))
    is_self_contained(page)
    text = "".join(page.text)
    for found in of_preflight(preflight).occurrences:
        assert found.name in text
    headings = [tag for tag, _ in page.tags if tag in {"h1", "h2", "h3"}]
    assert headings.count("h1") == 1
    assert headings[0] == "h1"


def test_html_marks_this_node_in_the_matrix() -> None:
    cells = [a for tag, a in Page(render(PREFLIGHTS["healthy"], "html")).tags if tag == "td"]
    (here,) = [cell for cell in cells if "here" in (cell["class"] or "").split()]
    assert here["title"] == "verl 0.9.1, vLLM 0.24: a recommended stack, this node"
    broken = [a for tag, a in Page(render(PREFLIGHTS["broken"], "html")).tags if tag == "td"]
    assert len(broken) == len(cells)
    assert not [cell for cell in broken if "here" in (cell["class"] or "").split()]


def expected_marks(preflight: Preflight) -> dict[str, str]:
    """The signs beside what the policy expects."""
    page = render(preflight, "html")
    _, _, after = page.partition("Expected of this node")
    rows = re.findall(
        r'<svg class="mark (\w+)".*?</svg><b>(.*?)</b><span>(.*?)</span>', after.partition("</section>")[0]
    )
    return {f"{label} {wanted}": kind for kind, label, wanted in rows}


def test_html_tells_whether_the_node_is_as_expected() -> None:
    policy = Policy(
        origin="p.toml",
        expect=Expectations(gpus=8, gpu="H200", driver=">=999", versions=(("verl", "==0.9.*"), ("vllm", "==0.7.*"))),
        patches=("vllm07-local-rank",),
    )
    wish = Wish(policy=policy, today=preflights.TODAY)
    facts = PREFLIGHTS["healthy"].check.facts
    judged = replace(PREFLIGHTS["healthy"], check=judge(facts, load(), wish), policy=policy)
    assert expected_marks(judged) == {
        "GPUs 8": "passed",
        "GPU H200": "passed",
        "driver &gt;=999": "failed",
        "verl ==0.9.*": "passed",
        "vllm ==0.7.*": "failed",
        "patch vllm07-local-rank": "unknown",
    }
    assert expected_marks(PREFLIGHTS["healthy"]) == {}


def test_html_draws_gpus_and_probes() -> None:
    tags = Page(render(PREFLIGHTS["healthy"], "html")).tags
    assert len([a for tag, a in tags if a.get("class") == "gpu"]) == 8
    assert len([a for tag, a in tags if a.get("aria-label") == "18 NVLinks"]) == 8
    bars = [a["style"] for tag, a in tags if tag == "span" and a.get("class") == "passed"]
    assert bars == ["left:0.00%;width:85.71%", "left:85.71%;width:14.29%"]


def test_with_a_model_of_ones_own_no_answer_is_called_known() -> None:
    own = replace(PREFLIGHTS["healthy"], smoke_test=preflights.smoke_test(preflights.passed(), model=Path("/m")))
    for form in ("text", "html", "junit", "markdown"):
        assert "known answers" not in render(own, form)
        assert "the right answers" not in render(own, form)
    assert "agrees with the model's own forward pass" in render(own, "text")
    assert "the known answers" in render(PREFLIGHTS["healthy"], "text")


def test_text_ends_with_the_line_that_says_it_all() -> None:
    text = render(PREFLIGHTS["broken"], "text")
    assert text.splitlines()[-1].startswith("BROKEN  torch-not-installed: ")
    assert "Ignored until 2026-12-31: no GPU in this build." in text
    assert "Refused: It is read-only." in text
    quiet = preflights.written(PREFLIGHTS["broken"], is_quiet=True).render("text")
    assert quiet == text.splitlines(keepends=True)[-1]
    verbose = preflights.written(PREFLIGHTS["healthy"], is_verbose=True).render("text")
    assert "  VD202  driver-too-old" in verbose.splitlines()


def test_a_failed_probe_is_the_cause_where_the_check_has_none() -> None:
    (primary,) = [each for each in of_preflight(PREFLIGHTS["failing"]).occurrences if each.is_primary]
    assert primary.name == "sampling"
    assert primary.commands == ("verl-doctor patch --apply VDP004 --python /opt/venv/bin/python",)
    assert "Cure it" in "".join(Page(render(PREFLIGHTS["failing"], "html")).text)
    assert not [
        each for each in of_preflight(preflights.saying("x")).occurrences if each.is_primary and each.name == "rollout"
    ]


def degraded(severity: Severity, *, fail_on: Severity) -> Preflight:
    """A node that is well but for one finding of a severity."""
    preflight = preflights.healthy()
    worn = replace(
        next(each for each in preflight.check.results if each.name == "ulimit-nofile"),
        severity=severity,
        outcome=Failed((Finding(message="too few", remedy=Remedy(text="raise it")),)),
        primary=severity is not Severity.INFO,
    )
    rest = tuple(each for each in preflight.check.results if each.name != worn.name)
    check = replace(preflight.check, results=(worn, *rest), verdict=verdict_of((worn, *rest)))
    return replace(preflight, check=check, fail_on=fail_on)


def test_the_last_line_names_what_makes_it_fail_however_mild() -> None:
    counted = degraded(Severity.INFO, fail_on=Severity.INFO)
    assert (counted.verdict, counted.exit_code) == (Verdict.HEALTHY, 1)
    said = "HEALTHY  ulimit-nofile (info, which counts here): too few"
    assert render(counted, "text").splitlines()[-1].startswith(said)
    assert json.loads(render(counted, "json"))["summary"].startswith(said)
    assert render(counted, "github").splitlines()[-1].startswith(said)
    assert "Nothing to cure" not in render(counted, "html")
    check = OfCheck(check=counted.check, exit_code=1, fail_on=Severity.INFO, matrix=load())
    assert check.render("text").splitlines()[-1].startswith(said)
    assert check.account.summary.startswith(said)
    warned = degraded(Severity.WARNING, fail_on=Severity.WARNING)
    assert warned.exit_code == 1
    assert render(warned, "text").splitlines()[-1].startswith("DEGRADED  ulimit-nofile: too few")


def test_what_does_not_count_is_not_named_in_the_last_line() -> None:
    mild = degraded(Severity.INFO, fail_on=Severity.WARNING)
    assert mild.exit_code == 0
    assert "ulimit-nofile" not in render(mild, "text").splitlines()[-1]
    check = OfCheck(check=mild.check, exit_code=0, fail_on=Severity.WARNING, matrix=load())
    assert check.render("text").splitlines()[-1].endswith("checks found nothing.")
    assert "Nothing to cure" in render(mild, "html")


def test_a_failed_probe_goes_before_a_warning_in_the_text() -> None:
    warned = degraded(Severity.WARNING, fail_on=Severity.ERROR)
    text = render(replace(warned, smoke_test=PREFLIGHTS["failing"].smoke_test), "text")
    first, also = text.index("\nCure this first\n"), text.index("\nAlso found\n")
    assert text.index("BROKEN  This node cannot run verl as it is.") < first
    assert first < text.index("  error  sampling\n    The probe sampling failed after") < also
    assert "verl-doctor patch --apply VDP004" in text[first:also]
    assert text.count("Cure this first") == 1
    assert text.index("warning  ulimit-nofile") > also
    plain = render(warned, "text")
    assert "Cure this first\n  warning  ulimit-nofile" in plain
    assert plain.index("DEGRADED  This node can run verl") < plain.index("Cure this first")


def test_what_is_not_known_is_said_everywhere() -> None:
    preflight = PREFLIGHTS["unknown"]
    assert preflight.exit_code == 3
    page = "".join(Page(render(preflight, "html")).text)
    assert "Whether this node can run verl could not be judged." in page
    assert "it hung" in page
    assert "ZeroDivisionError: division by zero" in page
    root = ET.fromstring(render(preflight, "junit"))
    errors = root.findall(".//error")
    assert {error.get("type") for error in errors} == {"crashed", "not judged"}
    (run,) = is_sarif(render(preflight, "sarif"))["runs"]
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    assert len(invocation["toolExecutionNotifications"]) == len(errors)
    assert "changed /site/vllm/x.py" in render(preflight, "text")


@nasty
def test_nasty_texts_in_xml_and_json(text: str) -> None:
    preflight = preflights.saying(text)
    junit = render(preflight, "junit")
    is_junit(junit)
    junit.encode()
    failure = ET.fromstring(junit).find(".//failure")
    assert failure is not None
    assert in_a_line(text) in (failure.text or "")
    sarif = render(preflight, "sarif")
    is_sarif(sarif)
    json.dumps(json.loads(sarif), ensure_ascii=False).encode()
    follows(json.loads(render(preflight, "gitlab")), "gitlab-code-quality")


@nasty
def test_nasty_texts_in_lines(text: str) -> None:
    lines = render(preflights.saying(text), "github").split("\n")
    assert len(lines) == 6  # three findings, the refused patch, the failed probe... less one, the summary, the end
    assert all(line.startswith("::") for line in lines[:4])
    assert not any("\r" in line for line in lines)


@nasty
def test_nasty_texts_at_a_terminal(text: str) -> None:
    """What a node says steers no terminal, and begins no line of the report as if it were the doctor's own."""
    preflight = preflights.saying(f"{text}\nHEALTHY  fine \x1b[2J\x85\u2028HEALTHY")
    for how in ({}, {"is_quiet": True}, {"is_verbose": True}):
        shown = io.StringIO()
        preflights.written(preflight, **how).text(PrintableConsole(file=shown, width=UNFOLDED, highlight=False))
        assert shown.getvalue() == printable(shown.getvalue())
        lines = shown.getvalue().removesuffix("\n").split("\n")
        assert not [line for line in lines if line.lstrip().startswith("HEALTHY")]
        assert lines[-1].split() == summary(preflight).split()


@pytest.mark.parametrize("form", ["text", "junit", "sarif", "github", "gitlab", "markdown", "html"])
def test_nothing_turns_the_direction_of_text_or_has_a_line_of_its_own(form: str) -> None:
    told = render(preflights.saying("a\u202eb\u2066c\u200fd\nHEALTHY  fine"), form)
    assert not TURNS.search(told)
    assert r"a\u202eb\u2066c\u200fd" in told.replace(r"\\u", r"\u")
    if form != "html":  # where an end of a line is a blank
        assert not [line for line in told.split("\n") if line.lstrip().startswith("HEALTHY")]


def test_a_reason_is_told_on_one_line() -> None:
    ruling = Ruling(severity=None, reason="so\n\x1b]0;x\x07  it is.\r\n")
    assert ruled(ruling) == r"ignored: so \x1b]0;x\x07 it is"


def test_colours_are_the_only_sequences_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = io.StringIO()
    preflights.written(preflights.saying("\x1b[2J\x9b31m\x07")).text(PrintableConsole(file=shown, force_terminal=True))
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())
    assert plain != shown.getvalue()
    assert plain == printable(plain)


@nasty
def test_nasty_texts_in_pages(text: str) -> None:
    preflight = preflights.saying(text)
    page = Page(render(preflight, "html"))
    is_self_contained(page)
    issue = render(preflight, "markdown")
    issue.encode()
    assert issue.count("\n### ") == 4
    shown = Page(MarkdownIt("commonmark").enable("table").render(issue))
    assert {tag for tag, _ in shown.tags} <= IN_AN_ISSUE
    assert [tag for tag, _ in shown.tags].count("h3") == 5
    assert len([tag for tag, _ in shown.tags if tag == "tr"]) == 1 + 3  # the head, and what is not the cause


def open_cases(preflight: Preflight) -> list[str]:
    """What three formats agree is open."""
    junit = [
        (test.get("name") or "").split()[-1]
        for test in ET.fromstring(render(preflight, "junit")).iter("testcase")
        if test.find("error") is not None
    ]
    (run,) = is_sarif(render(preflight, "sarif"))["runs"]
    told = run["invocations"][0].get("toolExecutionNotifications", [])
    assert [each["message"]["text"].split()[0] for each in told] == junit
    quality = json.loads(render(preflight, "gitlab"))
    follows(quality, "gitlab-code-quality")
    assert [each["check_name"] for each in quality if "not judged" in each["description"]] == junit
    return junit


def with_outcome(preflight: Preflight, name: str, outcome: Crashed | Skipped, **given: Any) -> Preflight:
    results = tuple(
        replace(each, outcome=outcome, **given) if each.name == name else each for each in preflight.check.results
    )
    return replace(preflight, check=replace(preflight.check, results=results, verdict=verdict_of(results)))


HUNG = Skipped("it hung")
CRASHED = Crashed("ZeroDivisionError: division by zero")
ALL_SKIPPED = preflights.smoke_test(
    ProbeResult(name="import-vllm", outcome="skipped", reason="no vLLM"),
    ProbeResult(name="rollout", outcome="skipped", reason="no vLLM"),
)
WELL = PREFLIGHTS["healthy"]


@pytest.mark.parametrize(
    ("preflight", "found"),
    [
        pytest.param(WELL, [], id="all is well"),
        pytest.param(with_outcome(WELL, "driver-missing", HUNG), ["driver-missing"], id="not judged"),
        pytest.param(with_outcome(WELL, "driver-missing", CRASHED), ["driver-missing"], id="crashed"),
        pytest.param(with_outcome(WELL, "driver-missing", CRASHED, allowed=True), [], id="allowed to crash"),
        pytest.param(with_outcome(WELL, "ulimit-nofile", CRASHED), [], id="a warning crashed"),
        pytest.param(with_outcome(PREFLIGHTS["failing"], "driver-missing", HUNG), [], id="not judged, but broken"),
        pytest.param(replace(WELL, smoke_test=preflights.NO_TEST), ["smoke-test"], id="wanted, not tried"),
        pytest.param(
            replace(WELL, smoke_test=replace(preflights.NO_TEST, is_wanted=False)), [], id="neither wanted nor tried"
        ),
        pytest.param(replace(WELL, smoke_test=ALL_SKIPPED), ["rollout"], id="all skipped"),
        pytest.param(
            replace(WELL, smoke_test=preflights.smoke_test(preflights.passed("import-vllm"))),
            ["smoke-test"],
            id="no rollout among them",
        ),
    ],
)
def test_what_leaves_the_answer_open_is_told_where_the_exit_code_says_so(
    preflight: Preflight, found: list[str]
) -> None:
    assert open_cases(preflight) == found
    assert (preflight.exit_code == 3) is bool(found)
