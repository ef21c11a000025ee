"""The tables of docs/benchmarks/scaling.md, made of a results file."""

from __future__ import annotations

from typing import Any

from benchmarks.common.tables import figure, markdown, percent
from benchmarks.common.timing import MS
from benchmarks.scaling.fleet import STORAGES
from benchmarks.scaling.scenarios import TRIALS_S, WORKERS

SAMPLERS = ["Random", "TPE", "GP"]
SIZES = [100, 1000, 10_000]  # trials of the study that a sampler proposes for

_KINDS = [storage for storage in STORAGES if storage != "ask/tell"]
_VERBS = ["add_trials", "finish", "report", "extend", "changes"]


def tables(results: dict[str, Any]) -> dict[str, str]:
    """Return all tables by name."""
    constants = results["constants"]
    simulated = results["simulated"]
    grid = {(row["workers"], row["storage"], row["trial_s"]): row for row in simulated["grid"][0]}
    return {
        "cpu": _cpu(constants["storages"]),
        "lock": _lock(constants["storages"]),
        "propose": _propose(constants["propose_ms"]),
        "efficiency": _efficiency(grid),
        "limits": _limits(grid),
        "remedies": _remedies(simulated["remedies"]),
        "asked": _asked(constants["storages"]["ask/tell"]),
        "connections": _connections(constants["connection_mb"]),
        "real": _real(constants["real"], simulated["real"]),
    }


def _cpu(costs: dict[str, Any]) -> str:
    rows = [[f"`{verb}`", *(f"{costs[k][verb]['cpu_ms']:.2f}" for k in _KINDS)] for verb in _VERBS]
    for label, key, digits in (
        ("each further row of `changes`", "row_cpu_ms", 4),
        ("the worker's, a row", "row_worker_ms", 4),
        ("bytes of a row", "row_bytes", 0),
    ):
        rows.append([label, *(f"{costs[k]['changes'][key]:.{digits}f}" for k in _KINDS)])
    return markdown(["server's CPU, ms", *_KINDS], rows)


def _lock(costs: dict[str, Any]) -> str:
    def cell(cost: dict[str, float]) -> str:
        held_ms = f"{cost['lock_ms']:.2f}" if cost["locks"] else "-"
        return f"{held_ms} ({cost['locked_trips']:g} of {cost['trips']:g})"

    head = ["lock held, ms (round trips meanwhile, of all)", *_KINDS]
    rows = [[f"`{verb}`", *(cell(costs[kind][verb]) for kind in _KINDS)] for verb in _VERBS]
    return markdown(head, rows)


def _propose(propose_ms: dict[str, dict[str, float]]) -> str:
    head = ["a proposal, ms of CPU", *(f"{n:,} trials" for n in SIZES)]
    return markdown(head, [[s, *(figure(propose_ms[s][str(n)]) for n in SIZES)] for s in SAMPLERS])


def _efficiency(grid: dict[tuple[int, str, float], dict[str, Any]]) -> str:
    rows = [
        [
            f"{workers:,}",
            storage,
            *(percent(grid[workers, storage, t]["efficiency"]) for t in TRIALS_S),
        ]
        for workers in WORKERS[2:]
        for storage in STORAGES
        if (workers, storage, TRIALS_S[0]) in grid
    ]
    return markdown(["workers", "storage", *(f"{t:,.0f} s" for t in TRIALS_S)], rows)


def _limits(grid: dict[tuple[int, str, float], dict[str, Any]]) -> str:
    rows = []
    for workers in WORKERS[3:]:
        for trial_s in TRIALS_S:
            run = grid[workers, "postgresql", trial_s]
            shares = [percent(run[key]) for key in ("lock", "writes", "leases", "reads")]
            bounds = [figure(run["paper"][key]) for key in ("lock", "cores")]
            label = f"{workers:,} workers, {trial_s:,.0f} s"
            rows.append(
                [label, figure(run["trials_per_s"]), *shares, figure(run["mb_per_s"]), *bounds]
            )
    head = ["PostgreSQL", "trials a second", "lock busy", "writes", "leases", "reads"]
    return markdown([*head, "MB/s read", "lock's bound", "cores' bound"], rows)


def _remedies(groups: list[list[dict[str, Any]]]) -> str:
    rows = [
        [
            _difference(fleet, group[0]),
            figure(fleet["trials_per_s"]),
            percent(fleet["efficiency"]),
            percent(fleet["lock"]),
            percent(fleet["cores"]),
            figure(fleet["wait_p99_s"]),
        ]
        for group in groups
        for fleet in group
    ]
    head = ["", "trials a second", "training", "lock busy", "cores busy"]
    return markdown([*head, "99 % wait less than, s"], rows)


def _difference(fleet: dict[str, Any], base: dict[str, Any]) -> str:
    """What sets a fleet apart from another, in words."""
    if fleet is base:
        reports = f", {base['reports']} reports" if base["reports"] else ""
        return f"**{base['workers']:,} workers, {base['trial_s']:g} s{reports}, {base['storage']}**"
    words = {
        "storage": fleet["storage"],
        "jobs": f"{fleet['jobs']} trials a process",
        "studies": f"{fleet['studies']} studies",
        "reports": f"{fleet['reports']} reports",
        "lease_s": f"leases of {fleet['lease_s']:g} s",
        "rtt_s": "round trips take no time",
        "propose_s": f"proposals of {MS * fleet['propose_s']:.2g} ms",
        "looks": "nobody reads",
        "expects": "nobody proposes twice",
        "row_share": "half of the rows read",
    }
    return ", ".join(word for key, word in words.items() if fleet[key] != base[key])


def _asked(costs: dict[str, Any]) -> str:
    verbs = ("ask", "tell", "report", "extend")
    head = ["the service's CPU, ms", "`ask`", "`tell`", "`report`", "`heartbeat`"]
    return markdown(head, [["without a proposal", *(f"{costs[v]['cpu_ms']:.2f}" for v in verbs)]])


def _connections(mb: float) -> str:
    head = ["PostgreSQL's memory", "1 worker", *(f"{w:,} workers" for w in WORKERS[2:])]
    return markdown(head, [["MB of its own", *(figure(w * mb) for w in (1, *WORKERS[2:]))]])


def _real(measured: dict[str, Any], simulated: dict[str, Any]) -> str:
    rows = [
        [kind, figure(run["trials_per_s"]), figure(simulated[kind]["trials_per_s"])]
        for kind, run in measured.items()
    ]
    return markdown(["4 processes, 20 ms a trial", "measured, trials a second", "simulated"], rows)
