"""Records learning curves once, so that schedulers can be measured in simulated time (see asynchronous.py).

    python benchmarks/curves.py            # trains 1,296 networks for 27 epochs each; some ten
    minutes of one core

Each is a PyTorch network on scikit-learn's digits: two hidden layers, trained on 400 images of
which a tenth have a wrong label, validated on the other 1,397 after each epoch. Five parameters are
on a full grid, evenly spaced on their scales. What is written to
benchmarks/results/curves-digits.npz, as float32:

    learning_rate, momentum, batch_size, width, dropout   the levels of each
    error     (9, 4, 3, 3, 4, 27)   share of the validation images that is misclassified, after each
    epoch
    seconds   (9, 4, 3, 3, 4)       processor time of an epoch, the median of the 27: other work
    does not count
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from pathlib import Path

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

OUT = Path(__file__).parent / "results" / "curves-digits.npz"
N_EPOCHS = 27
N_TRAIN = 400
WRONG = 0.1
LEVELS = {
    "learning_rate": np.logspace(-4, 0, 9),
    "momentum": 1 - np.logspace(0, -2, 4),
    "batch_size": np.array([8, 32, 128]),
    "width": np.array([8, 32, 128]),
    "dropout": np.array([0.0, 0.2, 0.4, 0.6]),
}


def data() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Training images (400, 64) and labels, validation images and labels."""
    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(labels))
    X = torch.tensor(images[order] / 16 - 0.3, dtype=torch.float32)
    y = torch.tensor(labels[order])
    X_valid = X[N_TRAIN:]
    X = X[:N_TRAIN]
    y_valid = y[N_TRAIN:]
    y = y[:N_TRAIN]
    wrong = rng.random(N_TRAIN) < WRONG
    y[wrong] = torch.tensor(rng.integers(10, size=int(wrong.sum())))
    return X, y, X_valid, y_valid


def train(
    learning_rate: float, momentum: float, batch_size: int, width: int, dropout: float, seed: int
) -> tuple[list[float], float]:
    """The error after each epoch, and the seconds of one."""
    X, y, X_valid, y_valid = DATA
    torch.manual_seed(seed)
    layers = [
        nn.Linear(64, width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(width, width),
        nn.ReLU(),
    ]
    model = nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(width, 10))
    optimizer = torch.optim.SGD(model.parameters(), learning_rate, momentum)
    errors, seconds = [], []
    for _ in range(N_EPOCHS):
        begin = time.thread_time()
        model.train()
        for batch in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            errors.append(float((model(X_valid).argmax(dim=1) != y_valid).float().mean()))
        seconds.append(time.thread_time() - begin)
    return errors, float(np.median(seconds))


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    shape = tuple(map(len, LEVELS.values()))
    error = np.empty((*shape, N_EPOCHS), dtype=np.float32)
    seconds = np.empty(shape, dtype=np.float32)
    begin = time.perf_counter()
    for seed, at in enumerate(itertools.product(*map(range, shape))):
        rate, momentum, batch_size, width, dropout = (
            x[i] for x, i in zip(LEVELS.values(), at, strict=True)
        )
        error[at], seconds[at] = train(rate, momentum, int(batch_size), int(width), dropout, seed)
        if seed % 100 == 99:
            print(f"{seed + 1} of {seconds.size}, {time.perf_counter() - begin:.0f} s", flush=True)
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        OUT, **{k: v.astype(np.float32) for k, v in LEVELS.items()}, error=error, seconds=seconds
    )
    print(
        f"{OUT.name}: {OUT.stat().st_size / 1024:.0f} KB, errors from {error.min():.3f} to "
        f"{error.max():.3f}"
    )


torch.set_num_threads(1)
DATA = data()

if __name__ == "__main__":
    main()
