"""Which probes run, in which children."""

from __future__ import annotations

import pytest

from verl_doctor.errors import UsageError
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.sessions import BENCH, FIRST, LAYOUTS, Device, Level, Plan, Request, plan


def layout(planned: Plan) -> list[tuple[tuple[str, ...], int, bool]]:
    return [(session.probes, session.ranks, session.eager) for session in planned.sessions]


def test_quick_is_one_engine_on_one_gpu() -> None:
    planned = plan(Request(gpus=8))
    assert layout(planned) == [(FIRST, 1, False)]
    assert planned.skipped == {}


@pytest.mark.parametrize(
    ("device", "gpus", "ranks"),
    [
        pytest.param(Device.CUDA, 2, 2, id="two GPUs"),
        pytest.param(Device.CUDA, 8, 8, id="eight GPUs"),
        pytest.param(Device.CPU, 0, 2, id="a CPU"),
    ],
)
def test_full_also_tries_launch_layouts(device: Device, gpus: int, ranks: int) -> None:
    planned = plan(Request(level=Level.FULL, device=device, gpus=gpus))
    assert layout(planned) == [
        ((*FIRST, "flash-attention"), 1, False),
        (("eager-rollout",), 1, True),
        (("all-reduce",), ranks, False),
        *(((name,), 2, False) for name in LAYOUTS),
    ]
    assert planned.skipped == {}


def test_layouts_need_two_gpus() -> None:
    planned = plan(Request(level=Level.FULL, gpus=1))
    assert [session.ranks for session in planned.sessions] == [1, 1]
    assert planned.skipped == dict.fromkeys(("all-reduce", *LAYOUTS), "it needs two GPUs, and one is visible")


def test_full_tries_every_probe_that_there_is_but_the_bench() -> None:
    tried = [name for session in plan(Request(level=Level.FULL, gpus=2)).sessions for name in session.probes]
    assert sorted(tried) == sorted(PROBES.keys() - set(BENCH))


def test_probes_are_listed_in_the_order_in_which_they_are_tried() -> None:
    sessions = plan(Request(level=Level.FULL, gpus=2, bench=True)).sessions
    assert [name for session in sessions for name in session.probes] == list(PROBES)


def test_only_some_probes() -> None:
    planned = plan(Request(level=Level.FULL, gpus=1, only=("all-reduce", "eager-rollout", "sleep", "rollout")))
    assert layout(planned) == [(("rollout", "sleep"), 1, False), (("eager-rollout",), 1, True)]
    assert list(planned.skipped) == ["all-reduce"]


def test_a_probe_that_the_level_does_not_have() -> None:
    with pytest.raises(
        UsageError, match=r"^There is no probe all-reduce, nothing at level quick; it has import-vllm, "
    ):
        plan(Request(only=("rollout", "all-reduce", "nothing")))


def test_every_session_is_told_the_settings() -> None:
    planned = plan(Request(level=Level.FULL, gpus=2, memory=0.4))
    assert {session.settings["memory"] for session in planned.sessions} == {0.4}
