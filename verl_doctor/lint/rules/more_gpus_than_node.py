"""The job asks for more GPUs per node than the examined node has.

Ray then waits for GPUs that never come, or verl stops with "Total available GPUs ... is less than total desired
GPUs". This is a warning, for the job may be meant for other nodes than the one that was examined.

Set trainer.n_gpus_per_node to what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.configured import count
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity, Unavailable

ID: Final = "VD607"
NAME: Final = "more-gpus-than-node"
SEVERITY: Final = Severity.WARNING
_KEY: Final = "trainer.n_gpus_per_node"


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the number of GPUs where it is larger than what the node has."""
    del matrix
    setting, wanted = launch.setting("verl", _KEY), count(launch, facts, _KEY)
    if setting is None or not wanted or isinstance(facts.gpus, Unavailable) or not facts.gpus:
        return
    here = len(facts.gpus)
    if wanted > here:
        yield Fault(
            id=ID,
            name=NAME,
            severity=SEVERITY,
            setting=setting,
            message=f"{_KEY} is {wanted}, and this node has {here} GPUs: Ray waits for GPUs that never come.",
            remedy=Remedy(text=f"Set {_KEY}={here}, or run it on nodes with {wanted} GPUs."),
        )
