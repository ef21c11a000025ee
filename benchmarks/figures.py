"""Time and size of every figure of one study with many trials, with each back end.

    python -m benchmarks.figures --save          # 100,000 trials of 10 parameters: 2 min
    python -m benchmarks.figures --trials 1000 --only rank

Times are of one thread of the processor. Sizes are of what is kept or sent: the text of an SVG, the
JSON of a plotly figure, the PNG that matplotlib writes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.results import describe_run, save_results
from benchmarks.common.timing import Timer
from luthier import Float, Space, State, TrialRow, plots
from luthier.errors import StudyError
from luthier.history.history import History

D = 10
BACKENDS = ("svg", "plotly", "matplotlib")
NAMES = (
    *("contour", "convergence", "curves", "duplicates", "edf", "effects", "history", "importance"),
    *("isolation", "parallel", "rank", "rank_correlation", "resources", "slices", "timeline"),
    "tuning_curve",
)


def make_history(n: int) -> History:
    """Trials of a linear function with noise, of which a seventh are pruned and all report."""
    rng = np.random.default_rng(0)
    space = Space({f"x{j}": Float(0, 1) for j in range(D)})
    X = space.sample(rng, n)
    y = X @ np.arange(D, 0, -1.0) + rng.standard_normal(n)
    history = History(space, ["minimize"], 0)
    history.put(
        TrialRow(
            number=i,
            state=State.COMPLETE if i % 7 else State.PRUNED,
            params=params,
            values=(value,),
            started_s=1e9 + i,
            finished_s=1e9 + i + 3,
        )
        for i, (params, value) in enumerate(zip(space.decode(X), y.tolist(), strict=True))
    )
    for i, value in enumerate(y.tolist()):
        history.put_report(i, 1.0, value + float(rng.standard_normal()))
        history.put_report(i, 2.0, value)
    return history


def measure(history: History, name: str, backend: str) -> dict[str, float]:
    """Return seconds of the processor, and the size in kilobytes, of a figure."""
    with Timer() as timer:
        figure: Any = getattr(plots, name)(history, backend=backend)
        size = _measure_size(figure, backend)
    return {f"{backend}_s": timer.cpu_s, f"{backend}_kb": size / 1000}


def _measure_size(figure: Any, backend: str) -> int:
    if backend == "plotly":
        return len(figure.to_json())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ("figure.svg" if backend == "svg" else "figure.png")
        (figure.save if backend == "svg" else figure.savefig)(file)
        return file.stat().st_size


def main() -> None:
    """Measure, print and perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", default=list(NAMES), help="names of figures")
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()

    history = make_history(args.trials)
    rows: dict[str, dict[str, float]] = {}
    for name in args.only:
        try:
            rows[name] = {
                key: value
                for backend in BACKENDS
                for key, value in measure(history, name, backend).items()
            }
        except StudyError as error:
            print(f"{name:18} {error}")
            continue
        told = "  ".join(
            f"{b} {rows[name][f'{b}_s']:5.2f} s {rows[name][f'{b}_kb']:7.0f} kB" for b in BACKENDS
        )
        print(f"{name:18} {told}", flush=True)
    if args.save:
        head = describe_run("plotly", "matplotlib", trials=args.trials)
        print(save_results("figures", head, "figures", rows))


if __name__ == "__main__":
    main()
