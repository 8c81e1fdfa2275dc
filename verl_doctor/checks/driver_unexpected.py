"""The NVIDIA driver is not of the version that the policy expects.

One node with another driver than the rest of its fleet is a usual reason why a job hangs in NCCL or fails on that node
only. Whether the driver can run the installed torch is told by `driver-too-old`.

See it: `nvidia-smi` beside `driver` in the policy's `[expect]`. Cure it: install the driver on the node, or change the
policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.expected import Expected
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Finding, Layer, Remedy, Severity, Unavailable, UnknownError

ID: Final = "VD803"
NAME: Final = "driver-unexpected"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.DRIVER


def ask(facts: Facts, expected: Expected) -> Iterator[Finding]:
    """Yield a finding where the driver is another one, or none."""
    if expected.driver is None:
        return
    if isinstance(facts.driver, Unavailable):
        raise UnknownError(facts.driver.reason)
    version = facts.driver.version
    if version is None and facts.driver.state != "absent":
        raise UnknownError(f"the driver's version is not known: {facts.driver.detail}")
    if version is None or not satisfies(version, expected.driver):
        found = f"The driver is {version}" if version else "There is no driver"
        yield Finding(
            message=f"{found}, and {expected.origin} expects {expected.driver}: this node is not like the others of "
            "its fleet.",
            remedy=Remedy(text="Install that driver on the node, or change `driver`.", commands=("nvidia-smi",)),
            evidence=(facts.driver.detail,),
        )
