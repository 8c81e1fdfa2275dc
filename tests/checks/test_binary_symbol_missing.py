"""Extensions that need what torch does not have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.binaries_of import SCHEMA, linked, missing, with_binaries
from tests.checks.asked import findings
from verl_doctor.examine import examine, questions
from verl_doctor.facts.binaries import Extension
from verl_doctor.facts.damage import Damage
from verl_doctor.matrix.load import load
from verl_doctor.model import Failed, Skipped, Unavailable, Verdict

NAME = "binary-symbol-missing"
FITS = Extension(needs=97)


def test_the_finding_tells_all() -> None:
    facts = with_binaries(
        {"vllm": "0.7.2"},
        "2.13.0",
        {
            "vllm": linked(
                "torch==2.5.1", _C=missing(SCHEMA, "_ZN2at1xEv", cxx11_abi=False), _moe_C=missing(), fine=FITS
            )
        },
        cxx11_abi=True,
    )
    (finding,) = findings(NAME, facts)
    assert finding.message == (
        "vllm 0.7.2 cannot load ext/_C.so: of the 97 symbols of torch that it needs, torch 2.13.0+cu130 lacks 2, the "
        f"first {SCHEMA} (torch::jit::parseSchemaOrName). 1 more of its extensions have the same trouble. This release "
        "was built for torch==2.5.1; it was built for the pre-C++11 ABI of strings, torch for the C++11 one."
    )
    assert finding.remedy.commands == ("uv pip install --python /opt/venv/bin/python 'torch==2.5.1'",)
    assert len(finding.evidence) == 2


@pytest.mark.parametrize(
    ("key", "version", "requires", "torch", "command"),
    [
        pytest.param("vllm", "0.7.2", ("torch==2.5.1",), "2.13.0", "'torch==2.5.1'", id="put-torch-back"),
        pytest.param("vllm", "0.7.2", (), "2.13.0", "'torch==2.5.1'", id="the-matrix-knows-the-pin"),
        pytest.param(
            "flash-attn",
            "2.7.4.post1",
            ("torch",),
            "2.6.0",
            "--force-reinstall --no-deps --no-cache-dir --no-build-isolation 'flash-attn==2.7.4.post1'",
            id="build-again",
        ),
        pytest.param(
            "flash-attn",
            "2.7.4.post1+cu12torch2.5cxx11abifalse",
            ("torch",),
            "2.6.0",
            "'torch==2.5.*'",
            id="local-version",
        ),
        pytest.param("torch-scatter", "2.1.2+pt25cu124", (), "2.6.0", "'torch==2.5.*'", id="local-version-pt"),
        pytest.param("torchvision", "0.20.1", ("torch (==2.5.1)",), "2.6.0", "'torch==2.5.1'", id="parentheses"),
    ],
)
def test_command(key: str, version: str, requires: tuple[str, ...], torch: str, command: str) -> None:
    (finding,) = findings(NAME, with_binaries({key: version}, torch, {key: linked(*requires, _C=missing())}))
    assert finding.remedy.commands[0].endswith(command)
    assert finding.about == {key, "torch"}


def test_cuda_beside_a_cpu_build() -> None:
    binaries = {"torchvision": linked("torch==2.6.0", _C=missing("_ZN3c104cuda6streamEv", flavour="cuda", cuda="12"))}
    facts = with_binaries({"torchvision": "0.21.0"}, "2.6.0", binaries, flavour="cpu", cuda=None, version="2.6.0+cpu")
    (finding,) = findings(NAME, facts)
    assert finding.message.endswith("It was built for a CUDA torch, and this is a CPU build.")
    assert finding.remedy.commands[0].endswith("--force-reinstall 'torch==2.6.0'")


def test_torch_stays_where_vllm_fits() -> None:
    vllm = linked("torch==2.6.0", "torchvision==0.21.0", _C=FITS)
    binaries = {"vllm": vllm, "torchvision": linked("torch==2.5.1", _C=missing())}
    (finding,) = findings(NAME, with_binaries({"vllm": "0.8.5", "torchvision": "0.20.1"}, "2.6.0", binaries))
    assert finding.remedy.commands[0].endswith("'torchvision==0.21.0' 'torch==2.6.0'")
    assert finding.remedy.pins == (("torchvision", "0.21.0"),)


def test_a_release_is_sought_where_no_metadata_names_it() -> None:
    binaries = {"vllm": linked("torch==2.6.0", _C=FITS), "xformers": linked("torch==2.5.1", _C=missing())}
    (finding,) = findings(NAME, with_binaries({"vllm": "0.8.5", "xformers": "0.0.28"}, "2.6.0", binaries))
    assert finding.remedy.commands[0].endswith("--upgrade 'xformers' 'torch==2.6.0'")


def test_what_belongs_to_the_torch_that_is_put_back_comes_along() -> None:
    binaries = {
        "vllm": linked("torch==2.5.1", _C=missing()),
        "torchvision": linked("torch==2.13.0", _C=FITS),
        "xformers": linked("torch==2.5.1", _C=missing()),
    }
    packages = {"vllm": "0.7.2", "torchvision": "0.28.0", "xformers": "0.0.28"}
    first, _ = findings(NAME, with_binaries(packages, "2.13.0", binaries))
    assert first.remedy.commands[0].endswith(" 'torch==2.5.1' 'torchvision'")


@pytest.mark.parametrize(
    "binaries",
    [
        pytest.param({}, id="none"),
        pytest.param({"vllm": linked("torch==2.5.1", _C=FITS)}, id="fits"),
        pytest.param({"torchao": linked(_C=missing())}, id="does-without"),
    ],
)
def test_silent(binaries: dict[str, object]) -> None:
    packages = {"vllm": "0.7.2", "torchao": "0.9.0"}
    assert findings(NAME, with_binaries(packages, "2.5.1", binaries)) == ()  # type: ignore[arg-type] # of one row each


def test_a_damaged_file_leaves_the_question_open() -> None:
    question = next(question for question in questions() if question.name == NAME)
    damaged = linked(_C=Unavailable("it is cut short"), fine=FITS)
    outcome = question.ask(with_binaries({"vllm": "0.7.2"}, "2.5.1", {"vllm": damaged}), load())
    assert isinstance(outcome, Skipped)
    assert outcome.reason.endswith("ext/_C.so cannot be read: it is cut short")
    both = {"vllm": damaged, "xformers": linked("torch==2.6.0", _C=missing())}
    outcome = question.ask(with_binaries({"vllm": "0.7.2", "xformers": "1"}, "2.5.1", both), load())
    assert isinstance(outcome, Failed)


def test_a_replaced_torch_is_one_cause() -> None:
    binaries = {
        "vllm": linked("torch==2.5.1", _C=missing(flavour="cuda", cuda="12")),
        "torchvision": linked("torch==2.5.1", _C=missing(flavour="cuda", cuda="12")),
        "flash-attn": linked("torch", _C=missing(flavour="cuda", cuda="12")),
    }
    packages = {
        "verl": "0.3.0.post1",
        "vllm": "0.7.2",
        "torchvision": "0.20.1",
        "flash-attn": "2.7.4",
        "tensordict": "0.6.2",
    }
    report = examine(with_binaries(packages, "2.13.0", binaries), load())
    assert report.primary is not None
    assert report.primary.name == "vllm-torch-pin-mismatch"
    (result,) = (result for result in report.results if result.name == NAME)
    assert result.consequence_of == "vllm-torch-pin-mismatch"


def test_an_extension_that_alone_does_not_fit_is_the_cause() -> None:
    binaries = {"vllm": linked("torch==2.5.1", _C=FITS), "flash-attn": linked("torch", _C=missing())}
    packages = {"verl": "0.3.0.post1", "vllm": "0.7.2", "flash-attn": "2.7.4", "tensordict": "0.6.2"}
    report = examine(with_binaries(packages, "2.5.1", binaries), load())
    assert report.primary is not None
    assert report.primary.name == NAME


@pytest.mark.parametrize(
    ("gone", "is_judged"),
    [
        pytest.param("torch/lib/libc10.so", False, id="a-library"),
        pytest.param("torch/_C.cpython-312-x86_64-linux-gnu.so", True, id="an-extension"),
    ],
)
def test_symbols_of_a_library_that_is_gone_are_not_missed(gone: str, is_judged: bool) -> None:
    broken = missing(absent=("libc10.so",))
    facts = with_binaries({"vllm": "0.8.5"}, "2.6.0", {"vllm": linked("torch==2.6.0", _C=broken)})
    report = examine(replace(facts, damage={"torch": Damage(gone=(gone,))}), load())
    outcome = next(result.outcome for result in report.results if result.name == NAME)
    assert isinstance(outcome, Failed) is is_judged
    assert is_judged or outcome == Skipped(f"torch is incomplete: {gone} is gone or cut short")


def test_a_torch_without_one_of_its_libraries_is_the_cause() -> None:
    gone = {"torch": Damage(gone=("torch/lib/libc10.so",))}
    lost = Extension(needs=0, absent=("libc10.so",))
    binaries = {
        "torch": linked(libtorch=lost),
        "vllm": linked("torch==2.6.0", _C=missing(absent=("libc10.so",))),
        "torchvision": linked("torch==2.6.0", _C=missing(absent=("libc10.so",))),
    }
    facts = with_binaries({"vllm": "0.8.5", "torchvision": "0.21.0"}, "2.6.0", binaries)
    report = examine(replace(facts, damage=gone), load())
    assert report.primary is not None
    assert report.primary.name == "broken-distribution"
    assert {r.name for r in report.results if r.consequence_of} == {"binary-library-missing"}
    assert isinstance(report.primary.outcome, Failed)
    (finding,) = report.primary.outcome.findings
    assert finding.message == "torch 2.6.0 is incomplete: torch/lib/libc10.so is gone."
    assert finding.remedy.pins == (("torch", "2.6.0"),)


def test_an_extension_that_is_cut_short_is_broken_not_unknown() -> None:
    cut = {"vllm": Damage(cut_short=("ext/_C.so",))}
    installed = {"vllm": "0.8.5", "verl": "0.5.0", "tensordict": "0.9.1"}
    binaries = {"vllm": linked("torch==2.6.0", _C=Unavailable("it is cut short"), _moe_C=FITS)}
    report = examine(replace(with_binaries(installed, "2.6.0", binaries), damage=cut), load())
    assert (report.verdict, report.primary and report.primary.name) == (Verdict.BROKEN, "broken-distribution")
