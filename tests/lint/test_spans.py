"""A setting's places are exact: its value can be replaced, and it can go, and nothing else changes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lint.reading import document
from verl_doctor.lint.document import Document, Setting, Span

MAIN = "python3 -m verl.trainer.main_ppo"
PLAIN = st.text("abcXYZ019_./-", min_size=1, max_size=6).filter(lambda text: not text.startswith(("-", "~")))
QUOTED = st.text("abc 019,:[]{}#;|&<>()*?!", min_size=1, max_size=8)
KEYS = st.sampled_from([f"trainer.k{index}" for index in range(40)])
BLANKS = st.sampled_from([" ", "  ", "\t", " \\\n    ", " \\\n\t"])


@st.composite
def words(draw: st.DrawFn) -> str:
    """A setting in one of the ways that people write one."""
    key = draw(st.sampled_from(["", "+", "++"])) + draw(KEYS)
    form = draw(
        st.sampled_from(
            ["{k}={p}", "'{k}={q}'", '"{k}={q}"', "{k}='{q}'", '{k}="{q}"', '{k}="$V{p}"', "{k}=${{V:-{p}}}"]
        )
    )
    return form.format(k=key, p=draw(PLAIN), q=draw(QUOTED))  # fmt: skip


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """A launch script: exports, variables, an array, a text that is split, a command with a prefix."""
    lines = ["#!/bin/bash", "set -x"]
    lines += [f"export E{n}={draw(PLAIN)}" for n in range(draw(st.integers(0, 2)))]
    lines += [f"W{n}={draw(PLAIN)}  # why" for n in range(draw(st.integers(0, 2)))]
    array = draw(st.lists(words(), max_size=4))
    between = draw(st.sampled_from([" ", "\n  ", "\n  # a comment\n  "]))
    lines.append(f"ARGS=({between if between != ' ' else ''}{between.join(array)}{between if between != ' ' else ''})")
    split = [f"{key}={draw(PLAIN)}" for key in draw(st.lists(KEYS, max_size=3))]
    lines.append(f'TEXT="{draw(BLANKS).join(split)}"')
    command = [
        f"P={draw(PLAIN)} {MAIN}",
        *draw(st.lists(words(), max_size=4)),
        "trainer.w=$W0",
        '"${ARGS[@]}"',
        "$TEXT",
    ]
    lines.append(draw(BLANKS).join(command))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join("\n".join(lines).split("\n")) + draw(st.sampled_from(["", end]))


def said(found: Document) -> list[tuple[str, str, str | None]]:
    return [(each.kind, each.sigil + each.name, each.value) for launch in found.launches for each in launch.settings]


def each_of(found: Document) -> list[Setting]:
    return [each for launch in found.launches for each in launch.settings]


def is_accepted(script: bytes) -> bool:
    return subprocess.run(["bash", "-n"], input=script, capture_output=True, check=False).returncode == 0


def changed(found: Document, place: Span, text: bytes) -> Document:
    data = found.data[: place.start] + text + found.data[place.end :]
    if found.format in {"shell", "slurm"} and is_accepted(found.data):
        assert is_accepted(data)
    return document(data, str(found.path))


def check(found: Document) -> None:
    every = each_of(found)
    for setting in every:
        if setting.literal is not None:
            new = "==9" if setting.kind == "package" else "new"
            expected = [
                (kind, name, new if every[index].literal == setting.literal else value)
                for index, (kind, name, value) in enumerate(said(found))
            ]
            assert said(changed(found, setting.literal, new.encode())) == expected
        if setting.whole.start < setting.whole.end:
            left = [row for row, other in zip(said(found), every, strict=True) if other.whole != setting.whole]
            assert said(changed(found, setting.whole, b"")) == left


@given(script=scripts())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_scripts(script: str) -> None:
    found = document(script)
    assert found.unread == ()
    assert len(found.launches) == 1
    check(found)


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """A configuration with values in all the ways that YAML knows on one line, and some on several."""
    values: Sequence[str] = draw(
        st.lists(
            st.one_of(
                PLAIN.filter(lambda text: text not in {".", "-"} and not text.endswith(":")),
                st.integers().map(str),
                st.sampled_from(
                    ["'a b'", '"c: d"', "[1, 2]", "{}", "null", "\n    - 1\n    - 2", "|\n    x\n    y", "{a: 1, b: 2}"]
                ),
            ),
            min_size=1,
            max_size=6,
        )
    )
    comments = st.sampled_from(["", "  # why", "\n  # a line"])
    block = "".join(f"  k{n}: {value}{draw(comments) if '|' not in value else ''}\n" for n, value in enumerate(values))
    return f"# head\nalgorithm: {{x: 1, y: {{z: 2}}}}\ntrainer:\n{block}data:\n  last: 1\ncritic:\n  k: 1"


@given(text=configurations())
@settings(max_examples=25, deadline=None)
def test_configurations(text: str) -> None:
    found = document(text, "c.yaml")
    assert found.unread == ()
    for setting in each_of(found):
        if setting.literal is not None:
            index = each_of(found).index(setting)
            expected = said(found)
            expected[index] = ("verl", setting.name, "new")
            assert said(changed(found, setting.literal, b"new")) == expected
        if setting.whole.start < setting.whole.end:
            assert said(changed(found, setting.whole, b"")) == [row for row in said(found) if row[1] != setting.name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(
            "Dockerfile",
            'FROM x\nENV A=1\nENV B="2" \\\n  C=3\n'
            'RUN pip install a==1 b==2\nCMD ["python3", "-m", "verl.x", "a.b=1"]\n',
            id="dockerfile",
        ),
        pytest.param(
            "job.yaml",
            f"runtime_env:\n  env_vars:\n    A: '1'\n    B: \"2\"\nentrypoint: >\n  {MAIN}\n  a.x=1\n  a.y=2\n",
            id="ray-job",
        ),
        pytest.param(
            "r.sh",
            'ray job submit --runtime-env-json=\'{"env_vars": {"A": "1", "B": "2"}}\' -- ' + f"{MAIN} a.x=1\n",
            id="json",
        ),
        pytest.param(
            "job.sh", f"#!/bin/bash\n#SBATCH -N 2\n#SBATCH --gres=gpu:8 -n 4\nsrun {MAIN} a.x=1\n", id="slurm"
        ),
        pytest.param("r.sh", f"docker run -e A=1 --env=B=2 image bash -c '{MAIN} a.x=1 a.y=2'\n", id="docker"),
        pytest.param("r.sh", f'export A=1\nbash -c "{MAIN} a.x=1 \\\n  a.y=\\"2\\""\n', id="bash-c"),
    ],
)
def test_other_formats(name: str, text: str) -> None:
    check(document(text, name))
