"""The cell of a small convolutional network and its learning rate, searched together.

The space is limited to cells of at most 6,000 weights, which is known before they are trained.
Bad networks stop early. Needs torch and scikit-learn.
"""

import torch
from digits import Images, accuracy, split_digits, train_epoch
from torch import nn

import luthier
import luthier.nas.torch
from luthier import Float, nas
from luthier.schedulers import Median

N_EPOCHS = 8
WEIGHTS = {"conv1x1": 16 * 16 + 32, "conv3x3": 9 * 16 * 16 + 32}  # of operations with 16 channels
torch.set_num_threads(1)
train, valid, test = (Images(X.view(-1, 1, 8, 8), y) for X, y in split_digits(320, 320))
cell = nas.Cell("cell", ["none", "skip", "conv1x1", "conv3x3", "avg_pool3x3"])


def build(params: dict) -> nn.Module:
    """Make the network of a trial: a layer of 16 channels, the cell, and one answer a digit."""
    return nas.torch.build(params, cell, inputs=(1, 8, 8), outputs=10, width=16)


def count_weights(params: dict) -> int:
    """Count the weights of a cell, without training it."""
    return sum(WEIGHTS.get(o.name, 0) for o in cell.graph(params).trim().operations)


def objective(trial: luthier.Trial) -> float:
    """Train a network and report its accuracy after each epoch."""
    torch.manual_seed(int(trial.rng.integers(2**31)))
    network = build(trial.params)
    optimizer = torch.optim.Adam(network.parameters(), lr=trial.params["lr"])
    for epoch in range(1, N_EPOCHS + 1):
        train_epoch(network, optimizer, train)
        value = accuracy(network, valid)
        trial.report(value, epoch)
        if trial.should_stop():
            raise luthier.TrialPruned
    trial.set_tag("test", accuracy(network, test))
    return value


space = cell.space({"lr": Float(1e-4, 1e-1, log=True)}, limits={"weights": (count_weights, 6_000)})
sampler = nas.GraphGP(cell, proxies={"weights": count_weights}, n_startup_trials=5)
study = luthier.create_study(
    direction="maximize", space=space, sampler=sampler, scheduler=Median(), seed=0
)
study.optimize(objective, n_trials=12)

best = study.best_trial
for path, times in cell.graph(best.params).count_paths().items():
    print(f"{times} x {' -> '.join(path)}")
print(
    f"{nas.torch.count_weights(build(best.params))} weights, learning rate {best.params['lr']:.4f}"
)
print(f"{best.value:.3f} in validation, {best.tags['test']:.3f} on held-out images")
