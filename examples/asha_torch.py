"""ASHA with PyTorch: networks pause at epochs 1, 3 and 9, and only the best go on, from their checkpoints.

A checkpoint is a dict of arrays and numbers, so the state of a model and of its optimizer can be
reported as they are. Tensors come back as numpy arrays. Needs torch and scikit-learn.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import luthier

N_EPOCHS, N_TRIALS = 27, 30
images, labels = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(labels))
X, X_valid, X_test = torch.tensor(images[order] / 16, dtype=torch.float32).split([600, 500, 697])
y, y_valid, y_test = torch.tensor(labels[order]).split([600, 500, 697])


def tensors(tree: object) -> object:
    """A checkpoint with its arrays as tensors again."""
    if isinstance(tree, dict):
        return {key: tensors(value) for key, value in tree.items()}
    return torch.as_tensor(tree) if isinstance(tree, np.ndarray) else tree


def network(width: int, dropout: float) -> nn.Module:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 10))


def accuracy(model: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    """The share of images that a network gets right."""
    model.eval()
    with torch.no_grad():
        return (model(X).argmax(dim=1) == y).float().mean().item()


def objective(trial: luthier.Trial) -> float:
    """Trains a network, or goes on with it, and reports its accuracy on validation images after each epoch."""
    torch.set_num_threads(1)
    torch.manual_seed(int(trial.rng.integers(2**31)))
    model = network(
        trial.suggest_int("width", 8, 128, log=True), trial.suggest_float("dropout", 0.0, 0.7)
    )
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=trial.suggest_float("lr", 1e-4, 1.0, log=True),
        momentum=trial.suggest_float("momentum", 0.0, 0.99, scale="reverse_log"),
    )
    if trial.checkpoint is not None:
        model.load_state_dict(tensors(trial.checkpoint["model"]))
        optimizer.load_state_dict(tensors(trial.checkpoint["optimizer"]))
    for epoch in range(trial.step + 1, N_EPOCHS + 1):
        model.train()
        for batch in torch.randperm(len(X)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            optimizer.step()
        value = accuracy(model, X_valid, y_valid)
        trial.report(
            value,
            epoch,
            checkpoint={"model": model.state_dict(), "optimizer": optimizer.state_dict()},
        )
        if trial.should_prune():
            raise luthier.TrialPruned
    return value


with tempfile.TemporaryDirectory() as folder:
    study = luthier.create_study(
        "digits",
        f"sqlite:///{Path(folder) / 'luthier.db'}",
        direction="maximize",
        seed=0,
        scheduler=luthier.schedulers.ASHA(max_resource=N_EPOCHS, mode="promotion"),
    )
    study.optimize(objective, n_trials=N_TRIALS, n_jobs=2)

    n_epochs = sum(len(row.reports) for row in study.trials)
    n_resumed = sum(len(row.turns) for row in study.trials)
    print(study)
    print(
        f"{n_epochs} epochs were trained instead of {N_TRIALS * N_EPOCHS}; {n_resumed} times a "
        "paused trial went on"
    )

    best = study.best_trial
    model = network(best.params["width"], best.params["dropout"])
    model.load_state_dict(tensors(study.load_checkpoint(best)["model"]))
    print(f"best: {best.params}")
    print(
        f"accuracy {best.value:.3f} in validation, {accuracy(model, X_test, y_test):.3f} on "
        "held-out images"
    )
    study.storage.close()
