"""Options of Slurm's batch files."""

from __future__ import annotations

import pytest

from tests.lint.reading import cut, document

HEAD = "#!/bin/bash\n"
MAIN = "srun python3 -m verl.trainer.main_ppo trainer.nnodes=2\n"


@pytest.mark.parametrize(
    ("line", "name", "value", "literal"),
    [
        pytest.param("--gpus-per-node=8", "gpus-per-node", "8", "8", id="equals"),
        pytest.param("--gres gpu:8", "gres", "gpu:8", "gpu:8", id="two-words"),
        pytest.param("-N 2", "nodes", "2", "2", id="short"),
        pytest.param("-N2", "nodes", "2", "2", id="short-joined"),
        pytest.param("--exclusive  # all of it", "exclusive", "", "", id="flag"),
        pytest.param('--comment="a b"', "comment", '"a', '"a', id="quotes-inside-are-not-read"),
    ],
)
def test_options(line: str, name: str, value: str, literal: str) -> None:
    found = document(f"{HEAD}#SBATCH {line}\n{MAIN}", "job.sh")
    setting = found.launches[0].setting("slurm", name)
    assert found.format == "slurm"
    assert setting is not None
    assert (setting.value, cut(found, setting, "literal")) == (value, literal)
    assert cut(found, setting) == f"#SBATCH {line}\n"


def test_two_options_in_a_line_go_alone() -> None:
    found = document(f"{HEAD}#SBATCH -N 2 --gres=gpu:4\n{MAIN}")
    assert [cut(found, each) for each in found.launches[0].settings[:2]] == [" -N 2", " --gres=gpu:4"]


def test_options_after_a_command_do_not_count() -> None:
    found = document(f"{HEAD}#SBATCH -N 2\necho\n#SBATCH -N 4\n{MAIN}")
    assert [each.value for each in found.launches[0].settings if each.kind == "slurm"] == ["2"]


def test_options_of_srun() -> None:
    found = document("srun --nodes=2 -n 4 --label python3 -m verl.trainer.main_ppo a.b=1\n")
    slurm = {each.name: each.value for each in found.launches[0].settings if each.kind == "slurm"}
    assert slurm == {"nodes": "2", "ntasks": "4", "label": ""}


def test_a_job_that_starts_nothing_of_verl() -> None:
    (launch,) = document(f"{HEAD}#SBATCH -N 2\nray start --head\n").launches
    assert (launch.program, launch.settings[0].name) == (None, "nodes")
