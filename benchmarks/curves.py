"""Records learning curves, so that schedulers can be measured in simulated time.

    python -m benchmarks.curves            # trains 1,296 networks for 27 epochs, some ten minutes

Each is a PyTorch network on scikit-learn's digits: two hidden layers, trained on 400 images of
which a tenth have a wrong label, validated on the other 1,397 after each epoch. Five parameters are
on a full grid, evenly spaced on their scales. What is written to
benchmarks/results/curves-digits.npz, as float32:

    learning_rate, momentum, batch_size, width, dropout   the levels of each
    error     (9, 4, 3, 3, 4, 27)   share of the validation images that is misclassified, each epoch
    seconds   (9, 4, 3, 3, 4)       processor time of an epoch, the median of the 27
"""

from __future__ import annotations

import argparse
import itertools
import time
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from benchmarks.common.results import RESULTS

OUT = RESULTS / "curves-digits.npz"
N_EPOCHS = 27
N_TRAIN = 400
WRONG_SHARE = 0.1
LEVELS = {
    "learning_rate": np.logspace(-4, 0, 9),
    "momentum": 1 - np.logspace(0, -2, 4),
    "batch_size": np.array([8, 32, 128]),
    "width": np.array([8, 32, 128]),
    "dropout": np.array([0.0, 0.2, 0.4, 0.6]),
}


class Data(NamedTuple):
    """Images (n, 64) and labels (n,)."""

    X: torch.Tensor
    y: torch.Tensor
    X_valid: torch.Tensor
    y_valid: torch.Tensor


def read_data() -> Data:
    """Shuffle the digits, split them, and give a tenth of the training images a random label."""
    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(labels))
    X = torch.tensor(images[order] / 16 - 0.3, dtype=torch.float32)
    y = torch.tensor(labels[order])
    wrong = rng.random(N_TRAIN) < WRONG_SHARE
    y[:N_TRAIN][wrong] = torch.tensor(rng.integers(10, size=int(wrong.sum())))
    return Data(X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:])


def train(
    data: Data,
    learning_rate: float,
    momentum: float,
    batch_size: int,
    width: int,
    dropout: float,
    seed: int,
) -> tuple[list[float], float]:
    """Train a network; return its error after each epoch, and the seconds of an epoch."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(64, width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(width, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), learning_rate, momentum)
    errors = []
    seconds = []
    for _ in range(N_EPOCHS):
        begin_s = time.thread_time()
        model.train()
        for batch in torch.randperm(len(data.X)).split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data.X[batch]), data.y[batch]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            wrong = model(data.X_valid).argmax(dim=1) != data.y_valid
        errors.append(float(wrong.float().mean()))
        seconds.append(time.thread_time() - begin_s)
    return errors, float(np.median(seconds))


def main() -> None:
    """Train every network of the grid and write its curve."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    torch.set_num_threads(1)
    data = read_data()
    shape = tuple(map(len, LEVELS.values()))
    error = np.empty((*shape, N_EPOCHS), dtype=np.float32)
    seconds = np.empty(shape, dtype=np.float32)

    begin_s = time.perf_counter()
    for seed, at in enumerate(itertools.product(*map(range, shape))):
        rate, momentum, batch_size, width, dropout = (
            levels[i] for levels, i in zip(LEVELS.values(), at, strict=True)
        )
        error[at], seconds[at] = train(
            data, rate, momentum, int(batch_size), int(width), dropout, seed
        )
        if seed % 100 == 99:
            spent_s = time.perf_counter() - begin_s
            print(f"{seed + 1} of {seconds.size}, {spent_s:.0f} s", flush=True)

    OUT.parent.mkdir(exist_ok=True)
    levels: dict[str, Any] = {name: x.astype(np.float32) for name, x in LEVELS.items()}
    np.savez_compressed(OUT, **levels, error=error, seconds=seconds)
    print(f"{OUT.name}: {OUT.stat().st_size / 1024:.0f} KB")
    print(f"errors from {error.min():.3f} to {error.max():.3f}")


if __name__ == "__main__":
    main()
