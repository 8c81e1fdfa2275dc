"""Jobs of Ray in YAML."""

from __future__ import annotations

import pytest

from tests.lint.reading import cut, document

MAIN = "python3 -m verl.trainer.main_ppo"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'entrypoint: {MAIN} a.n=1 a.m=2\nruntime_env:\n  env_vars:\n    A: "1"\n', id="plain"),
        pytest.param(
            f'entrypoint: >-\n  {MAIN}\n  a.n=1\n  a.m=2\nruntime_env: {{env_vars: {{A: "1"}}}}\n', id="folded"
        ),
        pytest.param(
            f"entrypoint: |\n  {MAIN} \\\n    a.n=1 \\\n    a.m=2\nruntime_env:\n  env_vars: {{A: 1}}\n", id="block"
        ),
        pytest.param(
            f"kind: RayJob\nspec:\n  entrypoint: {MAIN} a.n=1 a.m=2\n"
            "  runtimeEnvYAML: |\n    env_vars:\n      A: '1'\n",
            id="kuberay",
        ),
    ],
)
def test_jobs(text: str) -> None:
    found = document(text, "job.yaml")
    (launch,) = found.launches
    assert found.format == "ray-job"
    assert launch.program == "verl.trainer.main_ppo"
    assert {each.name: each.value for each in launch.settings} == {"A": "1", "a.n": "1", "a.m": "2"}
    assert [cut(found, each, "literal") for each in launch.settings] == ["1", "1", "2"]
    last = launch.settings[-1]
    assert cut(found, last).strip(" \\\n") == "a.m=2"


def test_a_runtime_environment() -> None:
    found = document("env_vars:\n  A: 'x'\n  B: 2\nworking_dir: .\n", "runtime_env.yaml")
    (launch,) = found.launches
    assert (launch.program, launch.open) == (None, True)
    assert [(each.name, each.value, cut(found, each)) for each in launch.settings] == [
        ("A", "x", "  A: 'x'\n"),
        ("B", "2", "  B: 2\n"),
    ]
