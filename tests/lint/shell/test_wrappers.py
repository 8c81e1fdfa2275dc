"""Commands that start others, and what they set."""

from __future__ import annotations

import pytest

from tests.lint.reading import cut, document

MAIN = "python3 -m verl.trainer.main_ppo a.b=1"


@pytest.mark.parametrize(
    ("script", "expected", "is_open"),
    [
        pytest.param(f"export X=1\nenv -i Y=2 {MAIN}", {"Y": "2"}, False, id="env-clean"),
        pytest.param(f"export X=1 Z=2\nX=3 env --unset=X -C / -v {MAIN}", {"Z": "2"}, False, id="env-unset"),
        pytest.param(f"docker run -eX=1 --env-file=f -e Z image {MAIN}", {"X": "1"}, True, id="docker-joined"),
        pytest.param(f"sudo -E timeout 5 nice {MAIN}", {}, False, id="several"),
        pytest.param(f"X=1 bash -c 'export Y=2; {MAIN}'", {"X": "1", "Y": "2"}, False, id="shell"),
        pytest.param("$LAUNCHER -m verl.trainer.main_ppo a.b=1", {}, False, id="unknown-launcher"),
        pytest.param("srun $PYTHON -m verl.trainer.main_ppo a.b=1", {}, False, id="unknown-python"),
        pytest.param("accelerate launch --num_processes 2 -m verl.trainer.main_ppo a.b=1", {}, False, id="accelerate"),
        pytest.param(
            "python -m torch.distributed.run --nproc_per_node 2 -m verl.trainer.main_ppo a.b=1",
            {},
            False,
            id="torch-distributed",
        ),
        pytest.param(
            f'ray job submit --address x --runtime-env-json \'{{"env_vars": {{"X": "1"}}}}\' {MAIN}',
            {"X": "1"},
            False,
            id="ray-without-dashes",
        ),
        pytest.param(f"ray job submit --runtime-env=r.yaml -- {MAIN}", {}, True, id="ray-with-a-file"),
        pytest.param(f"ray job submit --runtime-env-json='{{broken' -- {MAIN}", {}, False, id="ray-broken-json"),
        pytest.param(f"cat <<'EOF' | tee run.sh\n{MAIN}\nEOF", {}, False, id="written-through-a-pipe"),
        pytest.param(f"sbatch <<EOF\n#!/bin/bash\n#SBATCH -N 2\n{MAIN}\nEOF", {"nodes": "2"}, False, id="batch"),
        pytest.param(f"ID=$({MAIN} | tail -1)", {}, False, id="in-a-substitution"),
        pytest.param(f"ssh host 'x'; ssh host {MAIN}", {}, False, id="ssh"),
        pytest.param(f"deepspeed --hostfile h train.py a.x=1; {MAIN}", {}, False, id="another-script"),
    ],
)
def test_settings(script: str, expected: dict[str, str], is_open: bool) -> None:
    (launch,) = document(script).launches
    assert launch.program == "verl.trainer.main_ppo"
    assert {each.name: each.value for each in launch.settings} == {**expected, "a.b": "1"}
    assert launch.open is is_open


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(f"docker run -e X=1 image {MAIN}", " -e X=1", id="two-words"),
        pytest.param(f"docker run --env=X=1 image {MAIN}", " --env=X=1", id="one-word"),
        pytest.param(
            f'ray job submit --runtime-env-json=\'{{"env_vars": {{"X": "1"}}, "pip": []}}\' -- {MAIN}',
            '"env_vars": {"X": "1"}, ',
            id="json",
        ),
    ],
)
def test_what_must_go(script: str, expected: str) -> None:
    found = document(script)
    assert cut(found, found.launches[0].settings[0]) == expected


@pytest.mark.parametrize(
    "script", ["env", "docker ps", "srun hostname", "ray status", "ray job submit", "nohup", "sudo"]
)
def test_nothing_is_started(script: str) -> None:
    assert document(script).launches == ()


def test_yaml_in_heredocs() -> None:
    script = (
        "cat > c.yaml <<EOF\ntrainer: {nnodes: 1}\ndata: {x: $X}\nEOF\n"
        "cat > d.yaml <<EOF\na: [\nEOF\ncat > e.yml <<E\nx: 1\nE\n"
    )
    found = document(script)
    assert [(each.name, each.value) for each in found.launches[0].settings] == [
        ("trainer.nnodes", "1"),
        ("data.x", None),
    ]
    assert [line for line, _ in found.unread] == [6]
