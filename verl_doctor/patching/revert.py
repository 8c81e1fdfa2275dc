"""What reverting would do: the original files come back, byte for byte, unless somebody changed them since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verl_doctor.errors import PatchRefusedError, UsageError
from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.host import Host
from verl_doctor.patching import catalogue, receipts, repair
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.place import Place, locate_all
from verl_doctor.patching.plan import Edit, Plan, changes, edited
from verl_doctor.patching.receipts import Ledger, Receipt
from verl_doctor.patching.stale import is_stale
from verl_doctor.patching.state import File, find, states
from verl_doctor.patching.unclear import require_clear
from verl_doctor.patching.writing import content
from verl_doctor.patching.writing.change import sha256
from verl_doctor.target import Target


def plan_revert(  # noqa: PLR0913 # where, what, and what else is known
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    patches: Sequence[Patch] = (),
    known: Sequence[Patch] = (),
    *,
    recorded: Sequence[str] = (),
) -> Plan:
    """Return what reverting these patches would do; without any, all that verl-doctor applied.

    `recorded` are names that only a receipt knows, of patches that are not at hand. Raises UsageError where none does,
    PatchRefusedError where a file is not as verl-doctor left it, and for a patch that somebody else applied.
    """
    known = known or catalogue.built_in()
    require_clear(target, packages, patches or known)
    names = frozenset((*(patch.name for patch in patches), *map(str.casefold, recorded)))
    plan = Plan(states=states(host, target, packages, patches) if patches or not recorded else {})
    undone: set[str] = set()
    held: set[str] = set()
    for place in locate_all(target, packages, patches):
        ledger = receipts.read(host, place)
        held.update(name for receipt in ledger.receipts.values() for name in receipt.patches)
        chosen = [receipt for receipt in ledger.receipts.values() if not names or names & set(receipt.patches)]
        if chosen:
            left = {receipt: _left(receipt, names) for receipt in chosen}
            plan = _Revert(
                host=host,
                target=target,
                place=place,
                distribution=packages[normalise(place.name)],
                ledger=ledger,
                left=left,
                known=known,
            ).added_to(plan)
            undone.update(*(receipt.patches for receipt in chosen))
    if unknown := [name for name in recorded if name.casefold() not in undone]:
        applied = f"the receipts name {', '.join(sorted(held))}" if held else "nothing was applied here"
        raise UsageError(f"There is no patch {', '.join(unknown)}, and none of that name was applied here: {applied}.")
    by_hand = [name for name, state in plan.states.items() if state.state == "applied" and name not in undone]
    if by_hand and (names or not undone):
        were = "was" if len(by_hand) == 1 else "were"
        raise PatchRefusedError(
            f"Nothing was written: {', '.join(by_hand)} {were} not applied by verl-doctor but by hand or another tool, "
            f"so there is no original to put back. {_again(host, target, packages, known, by_hand)}"
        )
    return plan


def _again(
    host: Host, target: Target, packages: Mapping[str, Distribution], known: Sequence[Patch], names: Sequence[str]
) -> str:
    """Return how the files come back that somebody else patched."""
    files: dict[str, list[Path]] = {}
    for patch in known:
        found = find(host, target, packages, patch) if patch.name in names else None
        if isinstance(found, File):
            files.setdefault(patch.distribution, []).append(found.path)
    return " ".join(repair.told(target, packages[name], list(dict.fromkeys(paths))) for name, paths in files.items())


def _left(receipt: Receipt, names: frozenset[str]) -> tuple[str, ...]:
    """Return the patches of a file that stay applied."""
    return tuple(name for name in receipt.patches if names and name not in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revert:
    """Taking patches back in one distribution. `left` has, for each file concerned, the patches that stay."""

    host: Host
    target: Target
    place: Place
    distribution: Distribution
    ledger: Ledger
    left: Mapping[Receipt, tuple[str, ...]]
    known: Sequence[Patch]

    def added_to(self, plan: Plan) -> Plan:
        """Return the plan with what is to do here."""
        edits = {receipt: self._edit(receipt) for receipt in self.left if not self._is_stale(receipt)}
        kept = [receipt for receipt in self.ledger.receipts.values() if receipt not in self.left]
        kept += [
            replace(receipt, patches=self.left[receipt], sha256_after=sha256(edit.new))
            for receipt, edit in edits.items()
            if sha256(edit.new) != receipt.sha256_before
        ]
        real = tuple(edit for edit in edits.values() if edit.old != edit.new)
        written = changes(self.host, self.place, real, receipts.ledger_of(kept, self.ledger.originals))
        return replace(
            plan,
            edits=(*plan.edits, *real),
            changes=(*plan.changes, *written),
            places=(*plan.places, self.place),
        )

    def _is_stale(self, receipt: Receipt) -> bool:
        """Say whether the file came anew, without the patches: its receipt just ends."""
        found = self._current(receipt)
        if found is None or sha256(found) in {receipt.sha256_before, receipt.sha256_after}:
            return False
        return is_stale(receipt, self.place.version, found, self.known)

    def _edit(self, receipt: Receipt) -> Edit:
        """Return the edit of one file; one that changes nothing where the original is back already."""
        path, current = self._path(receipt), self._current(receipt)
        trouble = self._trouble(receipt)
        if trouble or current is None:
            raise self._refusal(receipt, trouble or f"{receipt.file} is gone")
        edit = Edit(patches=receipt.patches, file=receipt.file, place=self.place, path=path, old=current, new=current)
        if sha256(current) == receipt.sha256_before:
            return edit
        original = self.ledger.originals[receipt.sha256_before]
        for patch in self._named(self.left[receipt], receipt.file):
            original = edited(patch, self.place.version, path, original)
        return replace(edit, new=original)

    def _trouble(self, receipt: Receipt) -> str | None:
        """Return what keeps an original from being put back; None where nothing does."""
        path, current = self._path(receipt), self._current(receipt)
        if current is None:
            return f"{receipt.file} is gone"
        if sha256(current) == receipt.sha256_before:
            return None
        if sha256(current) != receipt.sha256_after:
            return f"{path} was changed after verl-doctor patched it"
        if sha256(self.ledger.originals.get(receipt.sha256_before, b"")) != receipt.sha256_before:
            return f"the original of {path}, kept in {self.place.store}, is damaged"
        return None

    def _path(self, receipt: Receipt) -> Path:
        """Return where a file is, or was."""
        return self.place.path(self.host, receipt.file) or self.place.roots[0] / receipt.file

    def _current(self, receipt: Receipt) -> bytes | None:
        return content.read(self.host, self._path(receipt))

    def _named(self, names: Sequence[str], file: str) -> list[Patch]:
        """Return the patches of a file that stay, which must be known."""
        found = [patch for patch in self.known if patch.name in names]
        if len(found) < len(names):
            raise PatchRefusedError(
                f"Nothing was written: {file} has more patches, which have to be reverted with it ({', '.join(names)})."
            )
        return found

    def _refusal(self, receipt: Receipt, reason: str) -> PatchRefusedError:
        others = [name for other in self.left if self._trouble(other) is None for name in other.patches]
        rest = f" The others can be reverted by name: `--revert {' '.join(others)}`." if others else ""
        back = repair.told(self.target, self.distribution, [self._path(receipt)])
        return PatchRefusedError(f"Nothing was written: {reason}.{rest} {back}")
