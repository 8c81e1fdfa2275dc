"""The report of a preflight on every node of a cluster, as text or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verl_doctor.preflight.cluster import ClusterPreflight
from verl_doctor.report.written import Told

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class OfClusterPreflight(Told):
    """The report; `is_quiet` leaves the last line of the text, `is_verbose` adds to it."""

    preflight: ClusterPreflight
    is_quiet: bool = False
    is_verbose: bool = False
    with_facts: bool = False

    def text(self, console: Console) -> None:
        """Print it for a person."""
        from verl_doctor.preflight.cluster_summary import summary
        from verl_doctor.report.cluster_preflight_text import render

        if self.is_quiet:
            console.print(summary(self.preflight), soft_wrap=True, markup=False, emoji=False)
        else:
            render(self.preflight, console, verbose=self.is_verbose)

    def json(self) -> str:
        """Return the contract."""
        from verl_doctor.preflight.cluster_summary import summary
        from verl_doctor.report import cluster_json

        found = self.preflight
        more: dict[str, Any] = {"verdict": found.verdict.value, "summary": summary(found)}
        if reduced := found.reduced:
            more |= cluster_json.all_reduce(reduced.ranks, reduced.reason, skipped=reduced.skipped)
        rendered = cluster_json.render(
            found.sweep,
            "preflight",
            found.exit_code,
            comparison=found.comparison,
            reports={name: self._document(document) for name, document in found.documents.items()},
            more=more,
        )
        return rendered + "\n"

    def _document(self, document: dict[str, Any]) -> dict[str, Any]:
        if self.with_facts:
            return document
        return {**document, "check": {key: value for key, value in document["check"].items() if key != "facts"}}
