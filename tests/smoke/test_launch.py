"""What the ranks of a session are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from verl_doctor.smoke.launch import environs, task
from verl_doctor.smoke.sessions import Device, Session

FOLDER = Path("/tmp/verl-doctor-x")
ALONE = Session(probes=("rollout",))
TWO = Session(probes=("all-reduce",), ranks=2)


def test_the_task_of_a_session() -> None:
    session = Session(probes=("rollout", "sleep"), ranks=2, eager=True, settings={"memory": 0.2})
    told = task(session, Device.CPU, FOLDER)
    assert (
        told.items()
        >= {
            "probes": ["rollout", "sleep"],
            "device": "cpu",
            "world": 2,
            "eager": True,
            "settings": {"memory": 0.2},
            "work": "/tmp/verl-doctor-x",
        }.items()
    )


def test_one_rank_gets_the_environment_and_is_no_part_of_a_world() -> None:
    (told,) = environs(
        ALONE, {"HOME": "/root", "CUDA_VISIBLE_DEVICES": "4,5", "HF_HUB_OFFLINE": "0"}, ("4", "5"), FOLDER
    )
    assert told.items() >= {"HOME": "/root", "CUDA_VISIBLE_DEVICES": "4,5", "HF_HUB_OFFLINE": "1"}.items()
    assert not told.keys() & {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "LOCAL_RANK"}


def test_of_several_ranks_each_sees_one_gpu() -> None:
    told = environs(TWO, {"CUDA_VISIBLE_DEVICES": "4,GPU-5,6"}, ("4", "GPU-5", "6"), FOLDER)
    assert [each["CUDA_VISIBLE_DEVICES"] for each in told] == ["4", "GPU-5"]
    assert [(each["RANK"], each["LOCAL_RANK"], each["LOCAL_WORLD_SIZE"]) for each in told] == [
        ("0", "0", "1"),
        ("1", "0", "1"),
    ]


def test_ranks_meet_at_one_port_of_this_machine() -> None:
    first, second = environs(TWO, {}, (), FOLDER)
    assert "CUDA_VISIBLE_DEVICES" not in first
    assert (first["MASTER_ADDR"], first["WORLD_SIZE"]) == ("127.0.0.1", "2")
    assert first["MASTER_PORT"] == second["MASTER_PORT"]
    assert int(first["MASTER_PORT"]) > 1023


def test_the_environment_of_the_doctor_stays_as_it_is() -> None:
    environ = {"HOME": "/root"}
    environs(TWO, environ, ("0", "1"), FOLDER)
    assert environ == {"HOME": "/root"}


@pytest.mark.parametrize(
    ("folder", "is_told"),
    [
        pytest.param(Path("/" + "x" * 69), True, id="just short enough"),
        pytest.param(Path("/" + "x" * 70), False, id="too long"),
        pytest.param(Path("/" + "ö" * 36), False, id="too long in bytes"),
    ],
)
def test_sockets_go_with_the_folder_where_their_paths_fit(folder: Path, is_told: bool) -> None:
    (told,) = environs(ALONE, {}, (), folder)
    assert told.get("VLLM_RPC_BASE_PATH") == (str(folder) if is_told else None)
