"""A value counts as known only where the script is certain to set it."""

from __future__ import annotations

import pytest

from tests.lint.reading import document, values

MAIN = "python3 -m verl.trainer.main_ppo"
N = "trainer.nnodes"


@pytest.mark.parametrize(
    ("script", "value"),
    [
        pytest.param(f"t() {{ local A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="local"),
        pytest.param(f"t() {{ declare -i A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="declare"),
        pytest.param(f"t() {{ typeset A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="typeset"),
        pytest.param(f"t() {{ local A; A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="local-set-later"),
        pytest.param(f"t() {{ if x; then local A=9; fi; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="local-in-a-branch"),
        pytest.param(f"t() {{ local A=9; }}\nt\n{MAIN} {N}=${{A:-3}}", "3", id="local-of-a-new-name"),
        pytest.param(f"u() {{ local A=8; }}\nt() {{ local A=9; u; {MAIN} {N}=$A; }}\nA=1\nt", "9", id="nested"),
        pytest.param(f"t() {{ A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "9", id="global"),
        pytest.param(f"t() {{ declare -g A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "9", id="declare-g"),
        pytest.param(f"declare A=9\n{MAIN} {N}=$A", "9", id="declare-outside"),
    ],
)
def test_variables_of_a_function(script: str, value: str) -> None:
    assert values(script)[N] == value
