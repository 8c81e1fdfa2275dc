"""Files of requirements."""

from __future__ import annotations

import pytest

from tests.facts_of import facts_of
from tests.lint.reading import cut, document
from verl_doctor.lint.rules import pins_contradict
from verl_doctor.matrix.load import load

TEXT = """\
# what verl needs
-r other.txt
--extra-index-url https://example.org
vllm==0.8.4  # pinned
Flash_Attn >= 2.7, <3 ; python_version > "3.9"
torch[x]
verl @ git+https://github.com/x/verl
numpy==1.26.4 \\
    --hash=sha256:aaa \\
    --hash=sha256:bbb
./here
git+https://github.com/x/y#egg=z
"""


def test_requirements() -> None:
    found = document(TEXT, "requirements.txt")
    (launch,) = found.launches
    assert (found.unread, launch.program, launch.open) == ((), None, True)
    assert {each.name: each.value for each in launch.settings} == {
        "vllm": "==0.8.4",
        "flash-attn": ">= 2.7, <3",
        "torch": "",
        "verl": None,
        "numpy": "==1.26.4",
    }
    vllm, _, torch, _, numpy = launch.settings
    assert (cut(found, vllm, "literal"), cut(found, vllm)) == ("==0.8.4", "vllm==0.8.4  # pinned\n")
    assert (torch.literal, cut(found, torch, "literal")) == (torch.literal, "")
    assert cut(found, numpy).count("\n") == 3


def test_not_open_without_other_files() -> None:
    assert not document("vllm\n", "requirements.txt").launches[0].open


@pytest.mark.parametrize("line", ["vllm==", "what is this", "=1"])
def test_what_is_no_requirement_is_told(line: str) -> None:
    assert document(f"vllm\n{line}\n", "requirements.txt").unread[0][0] == 2


@pytest.mark.parametrize(
    ("marker", "value"),
    [
        pytest.param("sys_platform == 'linux'", "==1", id="linux"),
        pytest.param("python_version >= '3.10'", "==1", id="every-python"),
        pytest.param("python_version < '3.12'", None, id="some-pythons"),
        pytest.param("sys_platform == 'darwin'", None, id="another-system"),
        pytest.param("platform_machine == 'aarch64'", None, id="some-machines"),
        pytest.param("extra == 'gpu'", None, id="extra"),
    ],
)
def test_markers(marker: str, value: str | None) -> None:
    (launch,) = document(f"a==1 ; {marker}\n", "requirements.txt").launches
    assert [(each.name, each.value) for each in launch.settings] == [("a", value)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "vllm==0.7.2; sys_platform == 'darwin'\nvllm==0.8.5.post1; sys_platform == 'linux'\ntorch==2.6.0\n",
            set(),
            id="others-hold",
        ),
        pytest.param("vllm==0.7.2; python_version < '3.12'\ntorch==2.6.0\n", set(), id="not-everywhere"),
        pytest.param("vllm==0.7.2; sys_platform == 'linux'\ntorch==2.6.0\n", {"VD613"}, id="everywhere"),
    ],
)
def test_contradictions_of_what_holds(text: str, expected: set[str]) -> None:
    (launch,) = document(text, "requirements.txt").launches
    assert {fault.id for fault in pins_contradict.ask(launch, facts_of(), load())} == expected
