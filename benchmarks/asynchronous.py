"""How well do schedulers use many workers? Recorded learning curves on a virtual clock, the studies real.

    python benchmarks/asynchronous.py                                    # a few minutes
    python benchmarks/asynchronous.py --schedulers asha,pbt --workers 1,8,64 --seeds 20
    python benchmarks/asynchronous.py --save                             # also writes
    results/asynchronous-<date>.json

Each worker asks the study, trains epoch by epoch, reports, and asks again when its trial pauses or
ends; where the study has nothing for it, it idles until something happens. An epoch takes its
recorded time, a millisecond as a second; deciding takes no virtual time, and how long it really
took is measured. A paused trial pays only the epochs that it adds, and `--startup` seconds for each
turn. Curves are those of benchmarks/curves.py, interpolated between the points of their grid. They
know no params that change: who copies another goes on with the curve of its new params.

For each number of workers W: the virtual seconds until a report comes within `--target` of the best
of the table (the best is 0, the median of all ends 1), efficiency = seconds with 1 worker / (W ·
seconds with W), how long workers idle on average and the one that idles most, and the milliseconds
that an ask and a report really took. Means over seeds.
"""

from __future__ import annotations

import argparse
import datetime
import heapq
import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")

import numpy as np
from numpy.typing import NDArray

import luthier
from luthier import Float, schedulers
from luthier.errors import NothingToAskError

HERE = Path(__file__).parent
CURVES = HERE / "results" / "curves-digits.npz"
SCALES = {
    "learning_rate": "log",
    "momentum": "reverse_log",
    "batch_size": "log",
    "width": "log",
    "dropout": "linear",
}
MODEL_BASED = "FreezeThaw"
DEFAULT = ["asha", "asha-stopping", "hyperband", "pbt", MODEL_BASED.lower()]
WORKERS = [1, 2, 4, 8, 16, 32, 64, 100, 128, 256, 500]
POPULATION = 64
LEAST_EPOCHS = 1000
EPOCHS_EACH = 10
MOST_EPOCHS = 30_000
MOST_STUDIES = 20
MS = 1000.0  # virtual seconds of a recorded one
COLUMNS = [
    "target_s",
    "reached",
    "efficiency",
    "idle",
    "most idle",
    "epochs",
    "ask_ms",
    "report_ms",
]
HEAD = "workers  seconds  reached  efficiency    idle  most idle   epochs  ask ms  report ms"
LINE = "{:7d} {:8.0f} {:8.0%} {:11.2f} {:7.1%} {:10.1%} {:8.0f} {:7.3f} {:10.3f}"

Array = NDArray[np.floating[Any]]


class Table:
    """Learning curves on a grid, and between its points.

    Args:
        space: Numbers only.
        levels: Of each parameter, ascending, evenly spaced on its scale.
        error: (..., E) after each epoch.
        seconds: (...) of an epoch.
    """

    def __init__(
        self, space: luthier.Space, levels: Mapping[str, Array], error: Array, seconds: Array
    ) -> None:
        self.space = space
        self.error = error
        self.seconds = seconds
        self.n_epochs = error.shape[-1]
        self.shape = tuple(len(levels[name]) for name in space.names)
        self.best = float(error.min())
        self.median = float(np.median(error[..., -1]))

    @classmethod
    def load(cls, file: Path = CURVES) -> Table:
        """The table that curves.py has recorded."""
        with np.load(file) as data:
            levels = {name: data[name].astype(float) for name in SCALES}
            space = luthier.Space(
                {
                    name: Float(x[0].item(), x[-1].item(), scale=SCALES[name])
                    for name, x in levels.items()
                }  # type: ignore[arg-type]
            )
            return cls(
                space, levels, data["error"].astype(float), MS * data["seconds"].astype(float)
            )

    def curve(self, params: Mapping[str, Any]) -> tuple[Array, float]:
        """Errors (E,) and the seconds of an epoch.

        Means of the corners around a point, the nearest counting most.
        """
        place = np.clip(self.space.encode(params)[0], 0, 1) * (np.array(self.shape) - 1)
        low = np.minimum(place.astype(int), np.maximum(np.array(self.shape) - 2, 0))
        cell = tuple(slice(i, i + 2) for i in low)
        error, seconds = self.error[cell], self.seconds[cell]
        for share, n in zip(place - low, self.shape, strict=True):
            weights = np.array([1 - share, share])[:n]
            error = np.tensordot(weights, error, (0, 0))
            seconds = np.tensordot(weights, seconds, (0, 0))
        return error, float(seconds)

    def at(self, regret: float) -> float:
        """The error that is so far from the best, where the median is at 1."""
        return self.best + regret * (self.median - self.best)


@dataclass
class Run:
    """What came of a simulation.

    Attributes:
        end_s: Virtual seconds until it ended.
        target_s: Virtual seconds until the target was reached; infinite if it was not.
        epochs: How many were trained.
        idle_s: (W,) how long each worker had nothing to do.
        present_s: (W,) until when each was there: to the end, or to when a study that is over sent
            it home.
        asks_ms: Real milliseconds of each ask.
        reports_ms: Real milliseconds of each report, with what it decided.
    """

    end_s: float = 0.0
    target_s: float = float("inf")
    epochs: int = 0
    idle_s: Array = field(default_factory=lambda: np.zeros(0))
    present_s: Array = field(default_factory=lambda: np.zeros(0))
    asks_ms: list[float] = field(default_factory=list)
    reports_ms: list[float] = field(default_factory=list)

    @property
    def idle(self) -> Array:
        """(W,) the share of its time that each worker idled."""
        return self.idle_s / np.maximum(self.present_s, 1e-12)


def simulate(
    study: luthier.Study,
    table: Table,
    n_workers: int,
    epochs: int,
    target: float = np.inf,
    most: int = MOST_EPOCHS,
    startup_s: float = 0.0,
) -> Run:
    """Lets workers train on a virtual clock.

    Args:
        study: New, with the table's space.
        table: What trials report, and how long an epoch takes.
        n_workers: How many there are.
        epochs: Ends after so many epochs of all workers together ...
        target: ... if an error as low as this was reported by then; and
        most: after so many in any case. It also ends when the study is over.
        startup_s: What each turn of a trial costs before its first epoch.
    """
    run = Run()
    now = 0.0
    order = 0
    # since when; the longest first
    idle_s = np.zeros(n_workers)
    free = dict.fromkeys(range(n_workers), 0.0)
    events: list[tuple[float, int, int, luthier.Trial, int, Array, float]] = []
    while run.epochs < epochs or (run.target_s == np.inf and run.epochs < most):
        while free:
            begin = time.perf_counter()
            try:
                trial = study.ask()
            except NothingToAskError:  # what one worker is refused now, all are
                break
            finally:
                run.asks_ms.append(1e3 * (time.perf_counter() - begin))
            worker = next(iter(free))
            idle_s[worker] += now - free.pop(worker)
            error, epoch_s = table.curve(trial.params)
            heapq.heappush(
                events,
                (now + startup_s + epoch_s, order, worker, trial, int(trial.step), error, epoch_s),
            )
            order += 1
        if not events:
            break
        now, _, worker, trial, epoch, error, epoch_s = heapq.heappop(events)
        value = float(error[epoch])
        run.epochs += 1
        if value <= target and run.target_s == np.inf:
            run.target_s = now
        begin = time.perf_counter()
        trial.report(value, epoch + 1, checkpoint=epoch + 1)
        if epoch + 1 == table.n_epochs:
            study.tell(trial, value)
            free[worker] = now
        elif trial.should_prune():
            study.tell(trial, state="pruned")
            free[worker] = now
        else:
            heapq.heappush(events, (now + epoch_s, order, worker, trial, epoch + 1, error, epoch_s))
            order += 1
        run.reports_ms.append(1e3 * (time.perf_counter() - begin))
    run.end_s = now
    run.idle_s = idle_s
    run.present_s = np.full(n_workers, now)
    for worker, since in free.items():
        if events:
            idle_s[worker] += now - since
        else:
            run.present_s[worker] = since
    return run


def contenders(n_epochs: int) -> dict[str, Callable[[], Any]]:
    """How each scheduler is made."""
    made: dict[str, Callable[[], Any]] = {
        "none": lambda: None,
        "asha": lambda: schedulers.ASHA(max_resource=n_epochs),
        "asha-stopping": lambda: schedulers.ASHA(max_resource=n_epochs, mode="stopping"),
        "hyperband": lambda: schedulers.Hyperband(max_resource=n_epochs),
        "pbt": lambda: schedulers.PBT(
            population_size=POPULATION, interval=3, max_resource=n_epochs
        ),
    }
    if hasattr(schedulers, MODEL_BASED):
        made[MODEL_BASED.lower()] = lambda: getattr(schedulers, MODEL_BASED)(max_resource=n_epochs)
    return made


def measure(
    table: Table,
    scheduler: str,
    n_workers: int,
    seeds: int,
    sampler: str,
    regret: float,
    startup_s: float,
) -> dict[str, float]:
    """The figures of a row, over seeds.

    Where a study is over and the target not reached, another one begins.
    """
    runs = []
    target_s = []
    epochs = max(LEAST_EPOCHS, EPOCHS_EACH * n_workers)
    for seed in range(seeds):
        spent_s = 0.0
        for attempt in range(MOST_STUDIES):
            made = contenders(table.n_epochs)[scheduler]()
            study = luthier.create_study(
                space=table.space, sampler=sampler, scheduler=made, seed=seed + 1000 * attempt
            )
            run = simulate(study, table, n_workers, epochs, table.at(regret), startup_s=startup_s)
            runs.append(run)
            if run.target_s < np.inf or run.epochs >= MOST_EPOCHS:
                break
            spent_s += run.end_s
        target_s.append(spent_s + run.target_s)
    return {
        "target_s": float(np.mean(target_s)),
        "reached": float(np.isfinite(target_s).mean()),
        "epochs": sum(r.epochs for r in runs) / seeds,
        "idle": float(np.mean([r.idle.mean() for r in runs])),
        "most idle": float(max(r.idle.max() for r in runs)),
        "ask_ms": float(np.mean(np.concatenate([r.asks_ms for r in runs]))),
        "report_ms": float(np.mean(np.concatenate([r.reports_ms for r in runs]))),
    }


def verdict(rows: Mapping[int, Mapping[str, float]]) -> str:
    """Until where more workers pay."""
    stops = next((w for w, row in rows.items() if not row["efficiency"] >= 0.5), None)
    scales = (
        f"scales to {max(rows)} workers and more"
        if stops is None
        else f"stops scaling at {stops} workers"
    )
    return (
        f"{scales}; the worker that idled most did so for "
        f"{max(r['most idle'] for r in rows.values()):.1%}"
    )


def save(found: dict[str, Any], args: argparse.Namespace) -> None:
    """Writes the figures, beside those of other schedulers measured with the same settings earlier in the day."""
    out = HERE / "results" / f"asynchronous-{datetime.date.today()}.json"
    head = {
        "date": str(datetime.date.today()),
        "python": platform.python_version(),
        "luthier": luthier.__version__,
    }
    head |= {
        "sampler": args.sampler,
        "seeds": args.seeds,
        "target": args.target,
        "startup_s": args.startup,
    }
    known = json.loads(out.read_text()) if out.exists() else {}
    before = known["schedulers"] if known.items() >= head.items() else {}
    out.write_text(json.dumps({**head, "schedulers": {**before, **found}}, indent=1) + "\n")


def main() -> None:
    a = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    a.add_argument("--schedulers", default="", help="with commas  [default: all but none]")
    a.add_argument(
        "--workers",
        type=lambda text: [int(w) for w in text.split(",")],
        default=WORKERS,
        help="with commas; efficiency is relative to the first",
    )
    a.add_argument("--seeds", type=int, default=2, help="how many")
    a.add_argument(
        "--sampler",
        default="Random",
        help="Random or TPE; others think for longer than all the rest takes",
    )
    a.add_argument("--target", type=float, default=0.06, help="regret to reach")
    a.add_argument(
        "--startup", type=float, default=0.0, help="virtual seconds that each turn of a trial costs"
    )
    a.add_argument("--save", action="store_true", help="write the figures to benchmarks/results")
    args = a.parse_args()
    table = Table.load()
    known = contenders(table.n_epochs)
    names = args.schedulers.lower().split(",") if args.schedulers else DEFAULT
    print(
        f"luthier {luthier.__version__}, sampler {args.sampler}, {args.seeds} seeds, target regret "
        f"{args.target:g}"
    )
    found: dict[str, Any] = {}
    for name in names:
        if name not in known:
            print(f"\n{name}: left out, there is no such scheduler here")
            continue
        print(f"\n{name}\n{HEAD}", flush=True)
        rows = found[name] = {}
        for w in args.workers:
            row = measure(table, name, w, args.seeds, args.sampler, args.target, args.startup)
            first = rows[args.workers[0]] if rows else row
            row["efficiency"] = first["target_s"] * args.workers[0] / (row["target_s"] * w)
            rows[w] = row
            print(LINE.format(w, *(row[k] for k in COLUMNS)), flush=True)
        print(verdict(rows))
        if args.save:
            save(found, args)


if __name__ == "__main__":
    main()
