"""The preflights of a cluster in one line, for a log or a chat."""

from __future__ import annotations

from collections.abc import Iterator

from verl_doctor.examine import failed
from verl_doctor.fleet.names import count, fold, on
from verl_doctor.fleet.sweep import by_value
from verl_doctor.model import Failed, Result
from verl_doctor.preflight.cluster import WITHOUT_GPU, WORST_FIRST, ClusterPreflight
from verl_doctor.preflight.cluster_steps import patches_in_state, refusals, tries


def summary(found: ClusterPreflight) -> str:
    """Return the verdict, on which nodes it is so, what differs, the one cause, and what became of each step."""
    parts = (
        part
        for step in (_verdicts, _differences, _cause, _patches, _smoke_test, _all_reduce, _missing)
        for part in step(found)
    )
    return " ".join(f"{found.verdict.value.upper()}  {' '.join(parts)}".splitlines())


def _verdicts(found: ClusterPreflight) -> Iterator[str]:
    """Yield the nodes by verdict, the worst first; the word before has the worst of all already."""
    verdicts = found.verdicts
    groups = {each: [name for name, verdict in verdicts.items() if verdict is each] for each in WORST_FIRST}
    told = [f"{verdict.value} {on(nodes, len(found.sweep.reports))}" for verdict, nodes in groups.items() if nodes]
    if told:
        text = ", ".join(told)
        same = f"{found.verdict.value} "
        yield f"{text.removeprefix(same) if text.startswith(same) else f'though {text}'}."


def _differences(found: ClusterPreflight) -> Iterator[str]:
    differences, allowed = found.comparison.differences, found.comparison.allowed
    if len(found.reports) < 2:  # noqa: PLR2004 # one node differs from none
        return
    if not differences:
        other = f" but what is allowed ({', '.join(dict.fromkeys(each.name for each in allowed))})" if allowed else ""
        among = f" between the {count(len(found.reports))} that were examined" if found.sweep.missing else ""
        yield f"No differences{among}{other}."
        return
    first, more = differences[0], len(differences) - 1
    rest = f" and {more} more" if more else ""
    odd = f" on {fold(first.odd)}" if first.has_majority else ""
    yield f"Differences: {first.name} ({first.thing}{odd}){rest}."


def _cause(found: ClusterPreflight) -> Iterator[str]:
    """Yield the worst cause that the check names, the one on most nodes first, and how many more causes there are."""
    causes: dict[str, list[tuple[str, Result]]] = {}
    for name, report in found.reports.items():
        if (primary := report.primary) and failed(primary):
            causes.setdefault(primary.name, []).append((name, primary))
    if not causes:
        return
    held = min(causes.values(), key=lambda each: (each[0][1].severity.rank, -len(each)))
    result = held[0][1]
    assert isinstance(result.outcome, Failed)  # noqa: S101 # the cause is a failure
    more = f" {len(causes) - 1} more such on other nodes." if len(causes) > 1 else ""
    where = on([name for name, _ in held], len(found.sweep.reports))
    yield f"{result.name} {where}: {result.outcome.findings[0].message}{more}"


def _patches(found: ClusterPreflight) -> Iterator[str]:
    for reason, nodes in refusals(found):
        yield f"Patches: refused {on(nodes, len(found.sweep.reports))}, {reason}"
    told = []
    for state, word in (("applied", "applied"), ("applicable", "to be applied")):
        if held := patches_in_state(found, state):
            nodes = sorted({node for each in held.values() for node in each})
            told.append(f"{len(held)} {word} {on(nodes, len(found.sweep.reports))}")
    changed = sum(len(document["patches"]["changed"]) for document in found.documents.values())
    told += [f"{changed} files changed now"] if changed else []
    if found.documents:
        yield f"Patches: {', '.join(told) or 'none needed'}."


def _smoke_test(found: ClusterPreflight) -> Iterator[str]:
    if not found.documents:
        return
    if found.wish.level is None:
        yield "Smoke test: none is asked for."
        return
    if not found.tried_on:
        where = "any node that was examined" if found.sweep.missing else "any node"
        yield f"Smoke test: not tried, {WITHOUT_GPU.replace('this node', where)}."
        return
    told = [f"{text} {on(nodes, len(found.sweep.reports))}" for text, nodes in tries(found, first=True)]
    yield f"Smoke test: {'; '.join(told)}."


def _all_reduce(found: ClusterPreflight) -> Iterator[str]:
    if (reduced := found.reduced) is None:
        return
    failures = [(f"rank {rank.rank} on {rank.node.name}", rank.reason) for rank in reduced.ranks if rank.reason]
    why = "; ".join(f"{fold(who)}: {reason}" for reason, who in by_value((w, str(r)) for w, r in failures))
    if reduced.skipped:
        yield f"All-reduce: not tried, {reduced.reason}."
    elif reduced.is_broken:
        yield f"All-reduce: failed, {why or reduced.reason}."
    else:
        many = len(reduced.ranks)
        yield f"All-reduce: passed on {many} rank{'s' if many != 1 else ''}."


def _missing(found: ClusterPreflight) -> Iterator[str]:
    for reason, nodes in by_value((each.node.name, each.reason or "no reason") for each in found.sweep.missing):
        yield f"Not examined: {fold(nodes)} ({reason})."
