"""What words become, in the less usual ways to write them; bash itself is asked for the truth."""

from __future__ import annotations

import subprocess

import pytest

from tests.lint.reading import document
from verl_doctor.lint.traced import UNKNOWN

MAIN = "python3 -m verl.trainer.main_ppo"
STUB = 'python3() { shift 2; for each in "$@"; do printf "%s\\0" "$each"; done; }\n'


def in_bash(script: str) -> list[str]:
    finished = subprocess.run(["bash", "-c", STUB + script], capture_output=True, check=False, text=True)
    return finished.stdout.split("\0")[:-1]


def here(script: str) -> list[str]:
    (launch,) = document(script).launches
    return [f"{each.sigil}{each.name}={UNKNOWN if each.value is None else each.value}" for each in launch.settings]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(f"{MAIN} a.b=$'x y' a.c=\"x\"'y'z a.d=x\\\ny", id="quotes-side-by-side"),
        pytest.param(f'{MAIN} a.b="x\\"y\\\\z\\$A\\n" a.c=\'"\'', id="escapes"),
        pytest.param(f'A="1 2"\n{MAIN} "a.b=$A" a.c="$A x $A"', id="blanks-kept"),
        pytest.param(f'A="a.b=1  a.c=2 "\n{MAIN} $A a.d=3', id="blanks-at-the-end"),
        pytest.param(f'A=" a.b=1"\n{MAIN} a.a=0$A', id="split-after-a-word"),
        pytest.param(f"A=(a.b=1 a.c=2)\n{MAIN} ${{A[@]}} a.d=3", id="array-without-quotes"),
        pytest.param(f"A=(1 a.c=2)\n{MAIN} a.b=${{A[@]}}", id="array-after-a-word"),
        pytest.param(f"A=(1 2)\n{MAIN} a.b=$A", id="array-as-a-scalar"),
        pytest.param(f'A=(x)\nB="${{A[@]}}"\n{MAIN} a.b=$B', id="array-in-an-assignment"),
        pytest.param(f'A=(x y)\nB="${{A[*]}}"\n{MAIN} "a.b=$B"', id="array-joined"),
        pytest.param(f'A=(a.b=1)\nB=(a.a=0 "${{A[@]}}")\n{MAIN} "${{B[@]}}"', id="array-of-an-array"),
        pytest.param(f'A=x\n{MAIN} a.b=${{A:-"1 2"}} a.c=${{B-y}} a.d=${{B:+z}}w', id="defaults"),
        pytest.param(f"{MAIN} ${{B:-a.b=1 a.c=2}}", id="default-that-is-split"),
        pytest.param(f'A=1\n{MAIN} a.b="${{B:-$A}}" a.c=${{A:+"x y"}}', id="variable-in-a-default"),
        pytest.param(f"A=1 B=2\n{MAIN} a.b=$A a.c=$B", id="two-assignments"),
        pytest.param(f"declare -r A=1\ntypeset B=2\nreadonly C=3\n{MAIN} a.b=$A$B$C", id="declared"),
        pytest.param(f"A=1\nunset A\n{MAIN} a.b=x$A", id="unset"),
        pytest.param(f"f() {{ local A=2; {MAIN} a.b=$A a.c=$# ; }}\nf", id="count-of-arguments"),
        pytest.param(f'set -- a.a=1 a.b=2 a.c=3\nshift 2\n{MAIN} "$@"', id="shifted"),
        pytest.param(f'f() {{ shift; {MAIN} "$@"; }}\nf x a.b=1', id="shifted-in-a-function"),
        pytest.param(f"eval {MAIN} a.b=1", id="eval-of-words"),
        pytest.param(f"A=1\nB=A\n{MAIN} a.b=${{!B}}", id="by-its-name"),
        pytest.param(f"A=(x y)\n{MAIN} a.b=${{A[1]}} a.c=${{#A[@]}}", id="element"),
        pytest.param(f"A=path/x.py\n{MAIN} a.b=${{A##*/}} a.c=${{A/x/y}}", id="cut-and-replaced"),
        pytest.param(f'A=`echo x`\n{MAIN} a.b=$A "a.c=$(echo y)"', id="output"),
        pytest.param(f"if true; then A=1; elif false; then A=2; else A=3; fi\n{MAIN} a.b=$A", id="branches"),
        pytest.param(f"for A in 1; do {MAIN} a.b=$A; done", id="loop"),
        pytest.param(f"A=0\nwhile [ $A -lt 1 ]; do A=1; done\n{MAIN} a.b=$A", id="while"),
        pytest.param(f"A=0\nfalse || A=1\n{MAIN} a.b=$A", id="or-list"),
        pytest.param(f"A[0]=1\n{MAIN} a.b=${{A[0]}}", id="element-assigned"),
        pytest.param(f'A+=x\nB+=(a.c=1)\n{MAIN} a.b=$A "${{B[@]}}"', id="added-to-nothing"),
        pytest.param(f"! {MAIN} a.b=1", id="negated"),
        pytest.param(f"{{ {MAIN} a.b=1; }} 2>/dev/null", id="group"),
    ],
)
def test_as_in_bash(script: str) -> None:
    """What is known here is what bash makes of it; what is not known is said so, and no word is missing."""
    truth = in_bash(script)
    found = here(script)
    assert len(found) == len(truth) or (len(found) < len(truth) and document(script).launches[0].open)
    known = dict(each.split("=", 1) for each in found if UNKNOWN not in each)
    true = dict(each.split("=", 1) for each in truth)
    assert known.items() <= true.items()
