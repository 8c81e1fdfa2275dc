"""Dockerfiles."""

from __future__ import annotations

import pytest

from tests.lint.reading import cut, document

MAIN = '["python3", "-m", "verl.trainer.main_ppo", "a.n=1", "a.m=2"]'


def environment(text: str) -> dict[str, str | None]:
    last = document(text, "Dockerfile").launches[-1]
    assert last.program is None
    return {each.name: each.value for each in last.settings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ENV A=1", {"A": "1"}, id="one"),
        pytest.param(
            "ENV A=1 B=\"x y\" \\\n  # why\n  C='z' D=a\\ b", {"A": "1", "B": "x y", "C": "z", "D": "a b"}, id="many"
        ),
        pytest.param("ENV A some value", {"A": "some value"}, id="old-form"),
        pytest.param("env A=1", {"A": "1"}, id="small-letters"),
        pytest.param("ARG V=2\nENV A=x$V B=${V:-3} C=$NOBODY", {"A": "x2", "B": "2", "C": None}, id="argument"),
        pytest.param("ARG V\nENV A=$V", {"A": None}, id="argument-of-the-build"),
        pytest.param("ENV A=1\nFROM other\nENV B=2", {"B": "2"}, id="next-stage"),
        pytest.param("FROM x AS one\nENV A=1\nFROM one\nENV B=2", {"A": "1", "B": "2"}, id="stage-of-a-stage"),
    ],
)
def test_environment(text: str, expected: dict[str, str | None]) -> None:
    assert environment(f"FROM base\n{text}\n") == expected


def test_what_must_go() -> None:
    found = document("FROM base\nENV A=1\nENV B=1 \\\n    C=2\nENV D x\n", "Dockerfile")
    assert [cut(found, each) for each in found.launches[0].settings] == [
        "ENV A=1\n",
        " B=1",
        " \\\n    C=2",
        "ENV D x\n",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("RUN pip install -U vllm==0.8.4 torch", {"vllm": "==0.8.4", "torch": ""}, id="shell"),
        pytest.param("RUN x && \\\n# why\n  pip install vllm==0.8.4", {"vllm": "==0.8.4"}, id="comment-inside"),
        pytest.param('RUN ["pip", "install", "vllm==0.8.4"]', {"vllm": "==0.8.4"}, id="words"),
        pytest.param("RUN <<EOF\nset -e\npip install vllm==0.8.4\nEOF", {"vllm": "==0.8.4"}, id="heredoc"),
        pytest.param("RUN --mount=type=cache,target=/x pip install vllm==0.8.4", {"vllm": "==0.8.4"}, id="mount"),
        pytest.param("ARG V=0.8.4\nRUN pip install vllm==$V", {"vllm": "==0.8.4"}, id="argument"),
        pytest.param(
            "RUN cat <<'EOF' > x.txt && pip install vllm\nhello\nEOF", {"vllm": ""}, id="heredoc-of-a-command"
        ),
    ],
)
def test_what_is_installed(text: str, expected: dict[str, str]) -> None:
    found = document(f"FROM base\n{text}\n", "Dockerfile")
    assert found.unread == ()
    assert {each.name: each.value for each in found.launches[0].settings} == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"CMD {MAIN}", id="words"),
        pytest.param("CMD python3 -m verl.trainer.main_ppo a.n=1 a.m=2", id="shell"),
        pytest.param('ENTRYPOINT ["python3", "-m", "verl.trainer.main_ppo"]\nCMD ["a.n=1", "a.m=2"]', id="both"),
    ],
)
def test_what_is_started(text: str) -> None:
    found = document(f"FROM base\nENV X=1\n{text}\n", "Dockerfile")
    launch = next(each for each in found.launches if each.program == "verl.trainer.main_ppo")
    assert {each.name: each.value for each in launch.settings} == {"X": "1", "a.n": "1", "a.m": "2"}


def test_broken() -> None:
    found = document("FROM base\nENV A=1\nWHAT is this\n", "Dockerfile")
    assert [line for line, _ in found.unread] == [3]
    assert environment("FROM base\nENV A=1\nWHAT is this\n") == {"A": "1"}
