"""What memory is worth where a scheduler stops most trials early.

    python -m benchmarks.transfer_in_part --data yahpo --tasks memory_tasks.json --save

Each task of the networks is searched by Hyperband with up to 52 epochs, as if it were new; its past
are the others, each a study of 60 trials by BOHB and Hyperband, most of which were stopped early.
`--data` and `--tasks` are those of `benchmarks.transfer`.

Regret is that of the best network that was trained in full, after as many epochs in all: 0 at the
best that a random pool or any run has found, 1 at the median of the pool. It is the mean over
targets and seeds; standard errors of the paired difference are those of the targets, each with the
mean of its seeds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import luthier
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown
from benchmarks.common.yahpo import Array, Surrogate
from luthier.schedulers import Hyperband
from luthier.transfer import Task, task_of_study

STEPS = (1, 2, 6, 17, 52)  # epochs of the rungs
MARKS = (208, 416, 832)  # epochs in all: of 4, 8 and 16 networks that are trained in full
N_TRIALS = 60
N_TARGETS = 12
SAMPLERS = ("bohb", "tpe")
PAST_SEED = 100


def search(
    s: Surrogate, instance: str, sampler: str, seed: int, memory: Sequence[Task] | None
) -> tuple[luthier.Study, Array]:
    """Return a study, and (r, 2) for each report: epochs since the last one, and the final loss.

    The latter is inf where a network was not trained in full.
    """
    spent: list[tuple[float, float]] = []

    def train(trial: luthier.Trial) -> float:
        epochs = [{**trial.params, "epoch": float(step)} for step in STEPS]
        curve = s.evaluate(instance, epochs)
        last = float(trial.step)
        for step, loss in zip(STEPS, curve.tolist(), strict=True):
            if step <= last:
                continue
            trial.report(loss, step, checkpoint={"epoch": step})
            spent.append((step - last, loss if step == STEPS[-1] else np.inf))
            last = step
            if step < STEPS[-1] and trial.should_prune():
                raise luthier.TrialPruned
        return float(curve[-1])

    study = luthier.create_study(
        f"{s.family} {instance}",
        space=s.space,
        sampler=sampler,
        scheduler=Hyperband(STEPS[0], STEPS[-1]),
        seed=seed,
        memory=memory,
    )
    study.optimize(train, N_TRIALS, progress=False)
    return study, np.array(spent)


def best_after(spent: Array) -> list[float]:
    """Return the smallest final loss after each number of epochs in `MARKS`."""
    epochs, losses = np.cumsum(spent[:, 0]), np.minimum.accumulate(spent[:, 1])
    return [float(losses[np.searchsorted(epochs, mark, side="right") - 1]) for mark in MARKS]


def measure(s: Surrogate, instances: Sequence[str], n_seeds: int) -> dict[str, dict[str, Any]]:
    """Return regrets without and with memory, and their paired difference, by sampler."""
    known = instances[: N_TARGETS + 1]
    past = {i: task_of_study(search(s, i, "bohb", PAST_SEED, None)[0]) for i in known}
    rows: dict[str, dict[str, Any]] = {}
    found = np.empty((len(SAMPLERS), 2, N_TARGETS, n_seeds, len(MARKS)))
    for t, i in enumerate(known[:N_TARGETS]):
        others = [task for other, task in past.items() if other != i]
        for seed in range(n_seeds):
            for j, sampler in enumerate(SAMPLERS):
                for k, memory in enumerate((None, others)):
                    spent = search(s, i, sampler, seed, memory)[1]
                    found[j, k, t, seed] = best_after(spent)
        best, median = s.scale(i)
        best = min(best, found[:, :, t].min())
        found[:, :, t] = (found[:, :, t] - best) / (median - best)
    for sampler, (none, memory) in zip(SAMPLERS, found, strict=True):
        d = (memory - none).mean(axis=1)
        rows[sampler] = {"targets": N_TARGETS, "seeds": n_seeds}
        for m, mark in enumerate(MARKS):
            rows[sampler] |= {
                f"none @{mark}": round(float(none[..., m].mean()), 4),
                f"memory @{mark}": round(float(memory[..., m].mean()), 4),
                f"-none @{mark}": round(float(d[:, m].mean()), 4),
                f"se @{mark}": round(float(d[:, m].std(ddof=1) / len(d) ** 0.5), 4),
            }
    return rows


def main() -> None:
    """Measure, print, and save where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the families")
    parser.add_argument("--tasks", type=Path, required=True, help="file that names their instances")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="keep it in benchmarks/results")
    arguments = parser.parse_args()
    instances = json.loads(arguments.tasks.read_text())["lcbench"]["instances"]
    rows = measure(Surrogate(arguments.data / "lcbench"), instances, arguments.seeds)
    shown = [
        [
            name,
            *(f"{row[f'{what} @{m}']:.3f}" for m in MARKS for what in ("none", "memory")),
            *(f"{row[f'-none @{m}']:+.3f} ({row[f'se @{m}']:.3f})" for m in MARKS),
        ]
        for name, row in rows.items()
    ]
    head = ["", *(f"{what} @{m}" for m in MARKS for what in ("none", "memory"))]
    print(markdown([*head, *(f"difference @{m}" for m in MARKS)], shown))
    if arguments.save:
        print(save_results("transfer", describe_run(), "trained in part", rows))


if __name__ == "__main__":
    main()
