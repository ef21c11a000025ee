"""Ray Tune and PyTorch: HyperOptSearch, session.report with checkpoints, the best network back.

The calls are Ray Tune's of 2.3; only the import lines name luthier. Needs PyTorch and scikit-learn.
"""

import os
import tempfile

import torch
from luthier.compat.ray.tune.search.hyperopt import HyperOptSearch
from sklearn.datasets import load_digits
from torch import nn

from luthier.compat.ray import air, tune
from luthier.compat.ray.air import Checkpoint, session
from luthier.compat.ray.tune.schedulers import ASHAScheduler


def load_data():
    X, y = load_digits(return_X_y=True)
    return torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)


def make_network(config):
    return nn.Sequential(nn.Linear(64, config["width"]), nn.ReLU(), nn.Linear(config["width"], 10))


def train_digits(config):
    torch.set_num_threads(1)
    X, y = load_data()
    net = make_network(config)
    optimizer = torch.optim.SGD(net.parameters(), lr=config["lr"], momentum=config["momentum"])
    for _ in range(3):
        for batch in torch.split(torch.randperm(1300), 65):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(X[batch]), y[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            accuracy = (net(X[1300:]).argmax(1) == y[1300:]).float().mean().item()
        with tempfile.TemporaryDirectory() as folder:
            torch.save(net.state_dict(), os.path.join(folder, "model.pt"))
            session.report(
                {"mean_accuracy": accuracy}, checkpoint=Checkpoint.from_directory(folder)
            )


with tempfile.TemporaryDirectory() as results:
    tuner = tune.Tuner(
        train_digits,
        param_space={
            "lr": tune.loguniform(1e-3, 1e-1),
            "momentum": tune.uniform(0.1, 0.9),
            "width": tune.choice([16, 32, 64]),
        },
        tune_config=tune.TuneConfig(
            metric="mean_accuracy",
            mode="max",
            num_samples=3,
            search_alg=HyperOptSearch(random_state_seed=1),
            scheduler=ASHAScheduler(max_t=3, grace_period=1),
        ),
        run_config=air.RunConfig(name="digits", local_dir=results, verbose=0),
    )
    best = tuner.fit().get_best_result()
    with best.checkpoint.as_directory() as folder:
        network = make_network(best.config)
        network.load_state_dict(torch.load(os.path.join(folder, "model.pt")))
    X, y = load_data()
    print("best:", best.config, f"accuracy {best.metrics['mean_accuracy']:.3f}")
    right = network(X[1300:]).argmax(1) == y[1300:]
    print(f"the network again: {right.float().mean():.3f}")
