"""The fleets that are simulated."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import Any

from benchmarks.common.timing import MS
from benchmarks.scaling.fleet import STORAGES, Fleet, bound, simulate

WORKERS = [1, 10, 100, 1000, 10_000]
TRIALS_S = [1.0, 10.0, 60.0, 600.0, 3600.0]
MAX_SQLITE_WORKERS = 100  # a file on one machine


def fleets(constants: dict[str, Any]) -> dict[str, list[list[Fleet]]]:
    """Fleets by table, in groups; the first of a group is what the others are compared with."""
    propose_s = {s: constants["propose_ms"][s]["1000"] / MS for s in ("TPE", "Random", "GP")}
    tpe_s = propose_s["TPE"]

    grid = [
        Fleet(storage, workers, trial_s, propose_s=tpe_s)
        for workers in WORKERS
        for storage in STORAGES
        if storage != "sqlite" or workers <= MAX_SQLITE_WORKERS
        for trial_s in TRIALS_S
    ]
    short = Fleet("postgresql", 1000, 1.0, propose_s=tpe_s)
    many = Fleet("postgresql", 10_000, 10.0, propose_s=tpe_s)
    long = Fleet("postgresql", 10_000, 60.0, propose_s=tpe_s)
    steps = Fleet("postgresql", 1000, 60.0, propose_s=tpe_s, reports=50)
    service = Fleet("ask/tell", 10_000, 60.0, propose_s=tpe_s)

    remedies = [_remedies(short), _remedies(many), _remedies(long)]
    remedies[1].append(replace(many, studies=10, jobs=16))
    remedies.append([steps, replace(steps, reports=10), replace(steps, studies=10)])
    remedies.append(
        [
            service,
            replace(service, lease_s=600.0),
            replace(service, propose_s=propose_s["Random"]),
            replace(service, propose_s=propose_s["GP"]),
        ]
    )
    fleets_that_read = (short, many, replace(long, storage="redis"), replace(long, storage="http"))
    return {
        "grid": [grid],
        "remedies": remedies,
        "gains": [_gains(fleet) for fleet in fleets_that_read],
    }


def simulate_all(constants: dict[str, Any]) -> dict[str, Any]:
    """Simulate every fleet, and the real runs that were measured; the content of a results file."""
    out: dict[str, Any] = {}
    for name, groups in fleets(constants).items():
        out[name] = []
        for group in groups:
            rows = []
            for fleet in group:
                figures = simulate(fleet, constants)
                rows.append({**asdict(fleet), **figures, "paper": bound(fleet, constants)})
                label = f"{name:9s} {fleet.storage:10s} {fleet.workers:6d} workers"
                print(f"{label} {fleet.trial_s:5g} s {figures['efficiency']:7.1%}", flush=True)
            out[name].append(rows)

    out["real"] = {}
    for kind, run in constants["real"].items():
        fleet = Fleet(
            kind,
            run["workers"],
            run["trial_s"],
            sigma=1e-6,
            rtt_s=0.0,
            local_s=run["worker_cpu_ms"] / MS,
            cores=os.cpu_count() or 1,
        )
        out["real"][kind] = simulate(fleet, constants, 20_000)
    return out


def _remedies(fleet: Fleet) -> list[Fleet]:
    """A fleet, and what its user can change."""
    return [
        fleet,
        replace(fleet, rtt_s=0.0),
        replace(fleet, storage="redis"),
        replace(fleet, jobs=16),
        replace(fleet, studies=10),
        replace(fleet, storage="ask/tell"),
    ]


def _gains(fleet: Fleet) -> list[Fleet]:
    """A fleet, and what luthier could do otherwise."""
    return [
        fleet,
        replace(fleet, expects=False),
        replace(fleet, row_share=0.5),
        replace(fleet, looks=False),
        replace(fleet, looks=False, expects=False),
    ]
