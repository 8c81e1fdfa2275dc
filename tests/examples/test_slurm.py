"""The Slurm recipes: a prolog that drains a broken node, and a job that looks before it trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.examples.sandbox import Sandbox
from tests.examples.tools import EXAMPLES, finds_nothing

PROLOG, JOB = EXAMPLES / "slurm/prolog.sh", EXAMPLES / "slurm/train.sbatch"
SRUN = """\
while [[ $1 == --* ]]; do shift; done
worst=0
for node in gpu-1 gpu-2; do
    SLURMD_NODENAME=$node "$@" || worst=$?
done
exit $worst
"""


@pytest.mark.real
@pytest.mark.parametrize("script", [PROLOG, JOB], ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    finds_nothing("shellcheck", script)


@pytest.fixture
def node(sandbox: Sandbox) -> Sandbox:
    """A node of a Slurm cluster, whose commands write down what they are told."""
    sandbox.add("scontrol", 'printf "%s\\n" "$@" > scontrol.txt')
    sandbox.add("logger", 'printf "%s\\n" "$@" > logger.txt')
    sandbox.add("srun", SRUN)
    return sandbox


def prolog(node: Sandbox, environment: str, **environ: str) -> int:
    told = {"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0,1", "SLURMD_NODENAME": "gpu-1", **environ}
    paths = {"VERL_DOCTOR": str(node.bin / "verl-doctor"), "VERL_ENVIRONMENT": str(node.folder / environment)}
    return node.run("bash", PROLOG, VERL_DOCTOR_REPORTS=str(node.folder / "reports"), **paths, **told).returncode


def test_a_good_node_takes_the_job(node: Sandbox) -> None:
    assert prolog(node, "good") == 0
    assert not node.folder.joinpath("scontrol.txt").exists()
    assert "job 7: exit code 0: HEALTHY" in node.folder.joinpath("logger.txt").read_text()
    assert json.loads(node.folder.joinpath("reports/7-gpu-1.json").read_text())["verdict"] == "healthy"


def test_the_variables_of_the_prolog_are_not_judged(node: Sandbox) -> None:
    assert prolog(node, "good", ROCR_VISIBLE_DEVICES="0,1", CUDA_VISIBLE_DEVICES="0,1") == 0


def test_a_broken_node_is_drained_with_the_reason(node: Sandbox) -> None:
    assert prolog(node, "bad") == 1
    told = node.folder.joinpath("scontrol.txt").read_text()
    assert told.startswith("update\nNodeName=gpu-1\nState=DRAIN\nReason=verl-doctor: BROKEN")


@pytest.mark.parametrize("reports", ["/dev/null/reports", "full"])
def test_a_report_that_cannot_be_written_admits_no_job(reports: str, node: Sandbox) -> None:
    node.folder.joinpath("full").mkdir()
    node.folder.joinpath("full/7-gpu-1.json").symlink_to("/dev/full")
    told = {"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0,1", "SLURMD_NODENAME": "gpu-1"}
    paths = {"VERL_DOCTOR": str(node.bin / "verl-doctor"), "VERL_ENVIRONMENT": str(node.folder / "bad")}
    folder = str(node.folder / reports)
    assert node.run("bash", PROLOG, VERL_DOCTOR_REPORTS=folder, **paths, **told).returncode == 1
    reason = node.folder.joinpath("scontrol.txt").read_text()
    assert reason.startswith("update\nNodeName=gpu-1\nState=DRAIN\nReason=verl-doctor: BROKEN")


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"VERL_ENVIRONMENT": "/nowhere"}, id="no environment"),
        pytest.param({"VERL_DOCTOR": "/nowhere"}, id="no doctor"),
        pytest.param({"SLURM_JOB_GPUS": ""}, id="a job without GPUs"),
    ],
)
def test_a_question_that_stays_open_drains_nothing(node: Sandbox, environ: dict[str, str]) -> None:
    told = {"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0", "SLURMD_NODENAME": "gpu-1", "VERL_DOCTOR": "verl-doctor"}
    finished = node.run("bash", PROLOG, VERL_DOCTOR_REPORTS=str(node.folder), **(told | environ))
    assert finished.returncode == 0
    assert not node.folder.joinpath("scontrol.txt").exists()


def submit(node: Sandbox, environment: str, training: str) -> tuple[int, str]:
    node.folder.joinpath("train.sh").write_text(training)
    node.folder.joinpath("grpo-7.log").write_text("torch.OutOfMemoryError: CUDA out of memory.\n")
    told = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "grpo", "TRAINING_PYTHON": str(node.python(environment))}
    node.folder.joinpath("job.sh").write_text(JOB.read_text().replace("--level quick", "--level none"))
    finished = node.run("bash", "job.sh", **told)
    return finished.returncode, finished.stdout + finished.stderr


def test_a_job_trains_on_good_nodes(node: Sandbox) -> None:
    status, said = submit(node, "good", "echo trained on $SLURMD_NODENAME")
    assert (status, said.count("HEALTHY"), said.count("trained on gpu-2")) == (0, 2, 1)
    assert {path.name for path in node.folder.glob("preflight-*")} == {
        "preflight-7-gpu-1.html",
        "preflight-7-gpu-2.html",
    }


def test_a_job_does_not_begin_on_broken_nodes(node: Sandbox) -> None:
    status, said = submit(node, "bad", "echo trained")
    assert (status, "BROKEN" in said, "trained" in said) == (1, True, False)


def test_a_job_that_fails_is_diagnosed(node: Sandbox) -> None:
    status, said = submit(node, "good", "exit 9")
    assert status == 9
    assert "cuda-oom" in said
