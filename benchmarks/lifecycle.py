"""Roll-outs, monitors and retuning on simulated streams whose truth is known.

    python -m benchmarks.lifecycle                # all parts
    python -m benchmarks.lifecycle --parts rates harm --runs 500 --save

- `rates`: how often an equal challenger is rejected at 5 %, with a look after every block.
- `rollback`: units until a worse challenger is rolled back.
- `harm`: how soon a rise of the error rate is found, at one false alarm in 100,000 labels.
- `drift`: false alarms of two years without drift, within a budget of one in 90 days.
- `policies`: refitting and retuning by policies on three drifting streams of real data.
- `speed`: a routing decision, and a row of 20 columns in a monitor.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import norm

from benchmarks.common.results import describe_run, save_results
from luthier.lifecycle import Metric, Monitor, Reference, Rollout
from luthier.lifecycle.backtest import always, backtest, every, never, on_harm
from luthier.lifecycle.router import choose
from luthier.numerics.e_values import compare_rates, detect_harm, log_detector
from luthier.numerics.resampling import wilson_interval

_REJECT = math.log(20)
_UNITS = 20_000
_BLOCK = 50


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--runs", type=int, default=500, help="runs of each row")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results")
    options = parser.parse_args()
    for part in options.parts:
        rows = {str(i): row for i, row in enumerate(PARTS[part](options.runs))}
        if options.save:
            save_results(f"lifecycle-{part}", describe_run(runs=options.runs), part, rows)


class _Plain(argparse.RawDescriptionHelpFormatter):
    pass


def measure_rates(runs: int) -> list[dict[str, Any]]:
    """False rejections of equal rates."""
    rows = []
    for rate in (0.5, 0.1, 0.05, 0.005):
        for share in (0.01, 0.1, 0.5):
            rng = np.random.default_rng(1)
            hits = [
                _first_rejection(rng, rate, rate, share, "different") is not None
                for _ in range(runs)
            ]
            row = {"rate": rate, "share": share, "rejected": float(np.mean(hits))}
            low, high = wilson_interval(sum(hits), runs)
            rows.append(row | {"low": low, "high": high})
            print(_line(rows[-1]), flush=True)
    return rows


def measure_rollback(runs: int) -> list[dict[str, Any]]:
    """Units until a worse challenger is rolled back."""
    rows = []
    for a, b, share in ((0.9, 0.5, 0.01), (0.9, 0.7, 0.05), (0.9, 0.85, 0.1)):
        rng = np.random.default_rng(2)
        units = [_first_rejection(rng, a, b, share, "lower") for _ in range(runs)]
        found = [u for u in units if u is not None]
        row = {"champion": a, "challenger": b, "share": share, "found": len(found) / runs}
        rows.append(row | {"median units": float(np.median(found))})
        print(_line(rows[-1]), flush=True)
    return rows


def measure_harm(runs: int) -> list[dict[str, Any]]:
    """Delay until a rise of the error rate is found, after 3,000 labels without one.

    After a false alarm the detector begins anew, as a monitor does whose alarm was looked at.
    """
    rows = []
    for after in (0.1, 0.12, 0.15, 0.25):
        rng = np.random.default_rng(3)
        delays, n_false = [], 0
        for _ in range(runs):
            x = np.concatenate([rng.random(3000) < 0.1, rng.random(3000) < after]).astype(float)
            begin, alarm = 0, _find_harm(x)
            while alarm is not None and alarm < 3000:
                n_false += begin == 0
                begin = alarm + 1
                alarm = _find_harm(x, begin)
            if alarm is not None:
                delays.append(alarm - 3000)
        row = {"error after": after, "found": len(delays) / runs, "false before": n_false / runs}
        low, high = wilson_interval(len(delays), runs)
        row |= {"low": low, "high": high}
        rows.append(row | {"median delay": float(np.median(delays)) if delays else math.nan})
        print(_line(rows[-1]), flush=True)
    return rows


def measure_drift(runs: int) -> list[dict[str, Any]]:
    """False alarms of years of daily windows without drift, in a budget of one in 90 days.

    The counts of a window's bins are drawn, and not its rows: they have the same distribution, and
    100,000 rows cost what 100 do.
    """
    rows = []
    for n in (100, 1000, 10_000, 100_000):
        rng = np.random.default_rng(4)
        reference = Reference.of(rng.normal(size=(5000, 20)))
        shares = [
            [*np.diff(norm.cdf([-np.inf, *column.edges, np.inf])), 0.0]
            for column in reference.columns
        ]
        n_days = 365 * max(1, runs // 250)
        alarms = 0
        monitor = Monitor(reference, window=n, rows_a_day=n)
        for _ in range(n_days):
            counts = [rng.multinomial(n, share) for share in shares]
            monitor.check_counts(counts, rng.normal(size=(min(n, 400), len(shares))))
            alarms += len(monitor.alarms)
            for name in list(monitor.alarms):
                monitor.acknowledge(name)
        row = {"rows a window": n, "days": n_days, "alarms": alarms, "budget": n_days / 90}
        low, high = wilson_interval(alarms, n_days)
        rows.append(row | {"low": low * n_days, "high": high * n_days})
        print(_line(rows[-1]), flush=True)
    return rows


class Trees:
    """Randomised trees: columns that a cut may look at, and the size of a leaf, are searched."""

    def search(self, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        half = len(X) // 2
        grid = [{"max_features": m, "min_samples_leaf": n} for m in (0.1, 0.3, 1.0) for n in (1, 5)]
        losses = [
            self.losses(self.fit(X[:half], y[:half], params), X[half:], y[half:]).mean()
            for params in grid
        ]
        return grid[int(np.argmin(losses))]

    def fit(self, X: np.ndarray, y: np.ndarray, params: dict[str, Any]) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier

        return ExtraTreesClassifier(30, random_state=0, **params).fit(X, y)

    def losses(self, model: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(model.predict(X) != y, dtype=np.float64)


def sudden(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Digits whose pixels are read in another order from the middle on."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    pick = rng.integers(len(X), size=8000)
    X, y = X[pick] + rng.normal(0, 1, (8000, X.shape[1])), y[pick]
    X[4500:] = X[4500:, ::-1]
    return X, y


def gradual(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Tumours whose measurements wander off, column by column."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    pick = rng.integers(len(X), size=8000)
    X, y = (X[pick] - X.mean(axis=0)) / X.std(axis=0), y[pick]
    moved = np.clip((np.arange(8000) - 3000) / 3000, 0, 1)[:, None]
    return X + 0.3 * rng.normal(size=X.shape) + 2.0 * moved * (np.arange(X.shape[1]) % 2), y


def recurring(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Wines whose classes change names for a while, and back."""
    from sklearn.datasets import load_wine

    X, y = load_wine(return_X_y=True)
    pick = rng.integers(len(X), size=8000)
    X, y = (X[pick] - X.mean(axis=0)) / X.std(axis=0), y[pick]
    X = X + 0.5 * rng.normal(size=X.shape)
    is_other = (np.arange(8000) >= 3500) & (np.arange(8000) < 6000)
    return X, np.where(is_other, (y + 1) % 3, y)


def measure_policies(runs: int) -> list[dict[str, Any]]:
    """Quality and cost of policies; quality 1 is that of retuning after every block."""
    rows = []
    seeds = max(1, min(runs // 100, 5))
    for name, make in (("sudden", sudden), ("gradual", gradual), ("recurring", recurring)):
        table: dict[str, list[tuple[float, float]]] = {}
        for seed in range(seeds):
            X, y = make(np.random.default_rng(seed))
            policies = {
                "never": never,
                "every 10 blocks": every(10),
                "on harm": on_harm(),
                "always": always,
            }
            done = backtest(Trees(), X, y, policies, block=200, first=1000, window=1000, n_trials=6)
            best = 1 - done["always"].loss
            for policy, run in done.items():
                quality = (1 - run.loss) / best
                table.setdefault(policy, []).append((quality, run.cost / done["always"].cost))
        for policy, figures in table.items():
            quality, cost = np.mean(figures, axis=0)
            rows.append({"stream": name, "policy": policy, "quality": quality, "cost": cost})
            print(_line(rows[-1]), flush=True)
    return rows


def measure_speed(runs: int) -> list[dict[str, Any]]:
    """CPU time of a routing decision, and of a row of 20 columns in a monitor."""
    rollout = Rollout(
        number=1,
        champion=1,
        challenger=2,
        salt="s",
        metrics=(Metric(name="m"),),
        began_s=0.0,
        step_began_s=0.0,
        shares=(0.1,),
    )
    keys = [f"user {i}" for i in range(20_000)]
    begin = time.process_time()
    for key in keys:
        choose(rollout, 1, key)
    choice_us = (time.process_time() - begin) / len(keys) * 1e6

    rng = np.random.default_rng(5)
    monitor = Monitor(Reference.of(rng.normal(size=(5000, 20))), window=1000)
    data = rng.normal(size=(10_000, 20)).tolist()
    begin = time.process_time()
    for row in data:
        monitor.observe(row)
    row_us = (time.process_time() - begin) / len(data) * 1e6
    rows = [{"routing decision, us": choice_us, "row of 20 columns, us": row_us}]
    print(_line(rows[0]), flush=True)
    return rows


PARTS: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "rates": measure_rates,
    "rollback": measure_rollback,
    "harm": measure_harm,
    "drift": measure_drift,
    "policies": measure_policies,
    "speed": measure_speed,
}


def _first_rejection(
    rng: np.random.Generator, a: float, b: float, share: float, alternative: Any
) -> int | None:
    """Units until equal rates are rejected, with a look after every block; None for never."""
    is_b = rng.random(_UNITS) < share
    y = rng.random(_UNITS) < np.where(is_b, b, a)
    y, is_b = y.reshape(-1, _BLOCK), is_b.reshape(-1, _BLOCK)
    log_e = compare_rates(
        (y & ~is_b).sum(1), (~is_b).sum(1), (y & is_b).sum(1), is_b.sum(1), alternative
    )
    over = log_e >= _REJECT
    return (int(np.argmax(over)) + 1) * _BLOCK if over.any() else None


def _find_harm(x: np.ndarray, begin: int = 0) -> int | None:
    """Label of the first alarm of a detector that begins at a label; None for none."""
    over = log_detector(detect_harm(x[begin:], 0.1)) >= math.log(1e5)
    return begin + int(np.argmax(over)) if over.any() else None


def _line(row: dict[str, Any]) -> str:
    return "  ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in row.items()
    )


if __name__ == "__main__":
    main()
