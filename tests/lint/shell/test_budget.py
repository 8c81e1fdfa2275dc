"""A script that asks for work without end is followed up to a point, and says so."""

from __future__ import annotations

import pytest

from tests.lint.reading import document

MAIN = "python3 -m verl.trainer.main_ppo"
CALLS = "".join(f"f{index}() {{ {f'f{index + 1}; ' * 12} }}\n" for index in range(11)) + "f11() { echo x; }\n"


@pytest.mark.parametrize(
    ("text", "line", "told", "name"),
    [
        pytest.param("A=xxxxxxxx\n" + "A=$A$A\n" * 27, 20, "grow to more than 4 MiB", "run.sh", id="text"),
        pytest.param("A=(x y)\n" + 'A=("${A[@]}" "${A[@]}")\n' * 27, 18, "grow to more than", "run.sh", id="array"),
        pytest.param("A=(x y)\n" + 'A=("${A[*]}" "${A[*]}")\n' * 27, 18, "grow to more than", "run.sh", id="as-text"),
        pytest.param("A=xxxxxxxx\n" + "A+=$A\n" * 27, 21, "grow to more than 4 MiB", "run.sh", id="appended"),
        pytest.param(f"{CALLS}f0\n", 12, "100,000 statements", "run.sh", id="calls"),
        pytest.param("FROM x\nENV A=xxxxxxxx\n" + "ENV A=$A$A\n" * 27, 21, "grow to", "Dockerfile", id="dockerfile"),
    ],
)
def test_stops(text: str, line: int, told: str, name: str) -> None:
    before = f"{MAIN} trainer.nnodes=1\n" if name == "run.sh" else ""
    found = document(before + text + ("CMD x\n" if not before else "true\n"), name)
    (unread,) = found.unread
    assert abs(unread[0] - line) <= 2
    assert told in unread[1]
    assert [launch.line for launch in found.launches if launch.program] == [1] * bool(before)


def test_long_scripts_are_read_whole() -> None:
    script = "".join(f'A="$A trainer.x{index}=1"\n' for index in range(300)) + f"{MAIN} $A\n"
    found = document("A=\n" + script)
    assert found.unread == ()
    assert len(found.launches[0].settings) == 300
