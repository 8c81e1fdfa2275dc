"""The report of a check on every node of a cluster, as text or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verl_doctor.examine import Report
from verl_doctor.fleet.compare import Comparison
from verl_doctor.fleet.sweep import Sweep
from verl_doctor.report.written import Told

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class OfClusterCheck(Told):
    """What every node was found to be, with the exit code for each that was examined and that for all."""

    sweep: Sweep
    comparison: Comparison
    reports: Mapping[str, Report]
    statuses: Mapping[str, int]
    exit_code: int
    with_facts: bool = False

    def text(self, console: Console) -> None:
        """Print it for a person."""
        from verl_doctor.report import cluster_text

        cluster_text.check(self.sweep, self.comparison if len(self.reports) > 1 else None, self.reports, console)

    def json(self) -> str:
        """Return the contract."""
        from verl_doctor.report import cluster_json
        from verl_doctor.report.json_report import document

        reports = {
            name: document(report, self.statuses[name], with_facts=self.with_facts)
            for name, report in self.reports.items()
        }
        rendered = cluster_json.render(self.sweep, "check", self.exit_code, comparison=self.comparison, reports=reports)
        return rendered + "\n"
