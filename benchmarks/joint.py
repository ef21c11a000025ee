"""Architecture and hyperparameters together, beside one after the other.

    python -m benchmarks.joint record       # trains 1,368 networks; 2 min
    python -m benchmarks.joint --save       # 2 min

A table of networks on handwritten digits was recorded for this: all 57 cells of three nodes, whose
operations are dense layers with ReLU or sigmoid, skips and nothing, by six learning rates and two
momenta, each trained twice. A trial reads one of the two accuracies, by lot. At equal cost, 30
trials, three searches are compared, all by the same sampler:

- together: all parameters at once;
- architecture first: 18 trials of it, with the hyperparameters that are usual, then all 12
  hyperparameters of the best cell;
- hyperparameters first: all 12 of the usual architecture, then 18 architectures with the best.

Recording needs PyTorch and scikit-learn; comparing needs neither.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import luthier
from benchmarks.common.results import RESULTS, describe_run, save_results
from benchmarks.common.tables import markdown, rounded
from luthier import nas

FILE = RESULTS / "records" / "joint-digits.json"
CELL = nas.Cell("cell", ["none", "skip", "relu", "sigmoid"], n_nodes=3)
RATES = (0.001, 0.004, 0.016, 0.06, 0.25, 1.0)
MOMENTA = (0.0, 0.9)
HYPERPARAMETERS = {
    "lr": luthier.Categorical(RATES, ordered=True),
    "momentum": luthier.Categorical(MOMENTA, ordered=True),
}
USUAL = {
    "cell_0_1": "relu",
    "cell_1_2": "relu",
    "cell_0_2": "none",  # two layers
    "lr": 0.016,
    "momentum": 0.9,
}
N_TRAINED = 2
N_EPOCHS = 10
N_ARCHITECTURES = 18
N_HYPERPARAMETERS = len(RATES) * len(MOMENTA)
N_TRIALS = N_ARCHITECTURES + N_HYPERPARAMETERS
N_SEEDS = 40

Params = Mapping[str, Any]
Objective = Callable[[Params], float]


def train(params: Params, seed: int) -> float:
    """Return the accuracy, in points, of a network on images that it was not trained on."""
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    import luthier.nas.torch

    def dense(activation: type[nn.Module]) -> luthier.nas.torch.Maker:
        return lambda n_in, n_out, settings: nn.Sequential(nn.Linear(n_in, n_out), activation())

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    X = torch.tensor(images[order] / 16, dtype=torch.float32)
    y = torch.tensor(labels[order])
    torch.manual_seed(seed)
    operations = {"relu": dense(nn.ReLU), "sigmoid": dense(nn.Sigmoid)}
    network = luthier.nas.torch.build(params, CELL, inputs=64, outputs=10, operations=operations)
    optimizer = torch.optim.SGD(network.parameters(), lr=params["lr"], momentum=params["momentum"])
    for _ in range(N_EPOCHS):
        for batch in torch.randperm(600).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(X[batch]), y[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        right = network(X[600:]).argmax(dim=1) == y[600:]
    return 100 * float(right.float().mean())


def to_key(params: Params) -> str:
    """Return the key of params in the table."""
    return " ".join(str(params[name]) for name in (*CELL.params, *HYPERPARAMETERS))


def record() -> None:
    """Train all networks, and write the table."""
    import torch

    torch.set_num_threads(1)
    space = CELL.space(HYPERPARAMETERS)
    table = {
        to_key(params): [round(train(params, seed), 2) for seed in range(N_TRAINED)]
        for params in space.decode(space.grid())
    }
    FILE.write_text(json.dumps(table, indent=0) + "\n", encoding="utf-8")


class Search:
    """Trials of one search, which know the best of all of them.

    Args:
        table: Key -> accuracies.
        seed: Of the readings and of the sampler.
    """

    def __init__(self, table: Mapping[str, list[float]], seed: int) -> None:
        self._table = table
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self.best: dict[str, Any] = {}
        self._best_read = -math.inf

    def read(self, params: Params) -> float:
        """Return one of the accuracies of a network."""
        value = float(self._rng.choice(self._table[to_key(params)]))
        if value > self._best_read:
            self._best_read, self.best = value, dict(params)
        return value

    def run(self, free: luthier.Space, fixed: Params, n: int) -> None:
        """Search some parameters in n trials, with the others fixed."""
        sampler = nas.choose_sampler(CELL, n) if set(CELL.params) <= set(free.names) else "gp"
        study = luthier.create_study(
            space=free, sampler=sampler, direction="maximize", seed=self._seed
        )
        study.optimize(
            lambda trial: self.read({**fixed, **trial.params}), n_trials=n, progress=False
        )

    def gap(self) -> float:
        """Return how far the mean accuracy of the best is from the best mean in the table."""
        best = max(float(np.mean(found)) for found in self._table.values())
        return best - float(np.mean(self._table[to_key(self.best)]))


def search_together(search: Search) -> None:
    """Search all parameters at once."""
    search.run(CELL.space(HYPERPARAMETERS), {}, N_TRIALS)


def search_architecture_first(search: Search) -> None:
    """Search the architecture, then the hyperparameters of the best one."""
    search.run(CELL.space(), {name: USUAL[name] for name in HYPERPARAMETERS}, N_ARCHITECTURES)
    fixed = {name: search.best[name] for name in CELL.params}
    search.run(luthier.Space(HYPERPARAMETERS), fixed, N_HYPERPARAMETERS)


def search_hyperparameters_first(search: Search) -> None:
    """Search the hyperparameters, then the architecture with the best of them."""
    fixed = {name: USUAL[name] for name in CELL.params}
    search.run(luthier.Space(HYPERPARAMETERS), fixed, N_HYPERPARAMETERS)
    fixed = {name: search.best[name] for name in HYPERPARAMETERS}
    search.run(CELL.space(), fixed, N_ARCHITECTURES)


ORDERS: dict[str, Callable[[Search], None]] = {
    "together": search_together,
    "architecture first": search_architecture_first,
    "hyperparameters first": search_hyperparameters_first,
}


def compare(n_seeds: int) -> dict[str, dict[str, float]]:
    """Return the mean gap of each order, in points, with its standard error."""
    table = json.loads(FILE.read_text(encoding="utf-8"))
    found = {}
    for order, run in ORDERS.items():
        gaps = []
        for seed in range(n_seeds):
            search = Search(table, seed)
            run(search)
            gaps.append(search.gap())
        error = float(np.std(gaps)) / math.sqrt(max(n_seeds - 1, 1))
        found[order] = {"gap": float(np.mean(gaps)), "error": error, "seeds": n_seeds}
    return found


def main() -> None:
    """Read the options; record, or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["record", "compare"], default="compare")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="runs of each order")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args()
    if args.what == "record":
        record()
        return
    found = compare(args.seeds)
    rows = [[order, f"{f['gap']:.2f} ± {f['error']:.2f}"] for order, f in found.items()]
    print(markdown(["order", f"gap after {N_TRIALS} trials"], rows))
    if args.save:
        head = describe_run(trials=N_TRIALS, seeds=args.seeds)
        save_results("joint", head, "gaps", rounded(found))


if __name__ == "__main__":
    main()
