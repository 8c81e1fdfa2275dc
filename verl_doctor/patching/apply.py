"""Carries plans out: the only way in which the doctor writes into another package.

Under a lock: first an interrupted run is brought to its end, then the plan is made from what is there now, then all its
files change or none. Where nothing is to do, nothing is locked, so a read-only environment is no error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verl_doctor.errors import PatchRefusedError, WriteFailedError
from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.patching import catalogue, leftovers
from verl_doctor.patching.locking import lease
from verl_doctor.patching.locking.lock import PATIENCE, all_held
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.place import Place, everything, locate_all
from verl_doctor.patching.plan import Plan, plan_apply
from verl_doctor.patching.revert import plan_revert
from verl_doctor.patching.writing import transaction
from verl_doctor.patching.writing.disk import Disk
from verl_doctor.target import Target


def apply(  # noqa: PLR0913 # what to plan, and how to write
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    patches: Sequence[Patch] = (),
    *,
    disk: Disk | None = None,
    patience: float = PATIENCE,
) -> Plan:
    """Apply patches, the usual ones without any; return the plan that was carried out, maybe without changes.

    Raises PatchRefusedError, BusyError or WriteFailedError, always with nothing changed.
    """
    writer = _Writer(host=host, target=target, packages=packages, disk=disk or Disk(), patience=patience)
    return writer.run(lambda: plan_apply(host, target, packages, patches), patches or catalogue.built_in())


def revert(  # noqa: PLR0913 # what to plan, and how to write
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    patches: Sequence[Patch] = (),
    *,
    known: Sequence[Patch] = (),
    recorded: Sequence[str] = (),
    disk: Disk | None = None,
    patience: float = PATIENCE,
) -> Plan:
    """Put original files back, of all that verl-doctor patched without any; otherwise as `apply`.

    `known` are the patches that can be applied again where one of several is taken back, the built-in by default;
    `recorded` names of patches to revert that only a receipt knows.
    """
    writer = _Writer(host=host, target=target, packages=packages, disk=disk or Disk(), patience=patience)
    return writer.run(lambda: plan_revert(host, target, packages, patches, known, recorded=recorded), patches)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Who writes into an environment."""

    host: Host
    target: Target
    packages: Mapping[str, Distribution]
    disk: Disk
    patience: float

    def run(self, make: Callable[[], Plan], patches: Sequence[Patch]) -> Plan:
        """Carry out the plan that `make` makes, for these patches and whatever was patched before."""
        left = leftovers.find(self.target, self.packages)
        places = (*locate_all(self.target, self.packages, patches), *left)
        refusal: PatchRefusedError | None = None
        if not left and not any(place.is_interrupted or lease.is_abandoned(place.metadata) for place in places):
            try:
                plan = make()
            except PatchRefusedError as error:
                refusal = error  # judged again under the lock: another run may just have ended
            else:
                if not plan.changes:
                    return plan
        try:
            return self._under_lock(make, places)
        except WriteFailedError:
            if refusal:
                raise refusal from None
            raise

    def _under_lock(self, make: Callable[[], Plan], places: Sequence[Place]) -> Plan:
        while True:
            locks = [lock for place in places for lock in place.locks]
            with all_held(self.host, locks, self.patience) as confirm, self.disk.confirming(confirm):
                for place in places:
                    self._recover(place)
                plan = make()
                if set(plan.places) <= set(places):
                    if plan.changes:
                        transaction.carry_out(plan.changes, plan.places[0].journal, self.disk)
                    return plan
            places = (*places, *plan.places)  # another run has just patched one that was not locked

    def _recover(self, place: Place) -> None:
        transaction.recover(place.journal, self.disk, self._holds)
        if not place.is_installed:
            leftovers.clear(place, self.disk)

    def _holds(self, folder: Path) -> bool:
        """Say whether a folder is part of what is, or was, installed here."""
        places = (*everything(self.target, self.packages).values(), *leftovers.find(self.target, self.packages))
        return any(place.holds(self.host, folder) for place in places)
