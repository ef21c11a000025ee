"""ASHA with PyTorch: networks pause at epochs 1, 3 and 9, and only the best are trained further.

A checkpoint is a dict of arrays and numbers, so the state of a model and of its optimizer can be
reported as they are. Needs torch and scikit-learn.
"""

import tempfile
from pathlib import Path

import torch
from digits import accuracy, split_digits, train_epoch
from torch import nn

import luthier

N_EPOCHS = 27
N_TRIALS = 30
train, valid, test = split_digits(600, 500)


def network(width: int, dropout: float) -> nn.Module:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 10))


def objective(trial: luthier.Trial) -> float:
    """Train a network, or continue its training, and report the accuracy after each epoch."""
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
        model.load_state_dict(trial.checkpoint["model"])
        optimizer.load_state_dict(trial.checkpoint["optimizer"])

    for epoch in range(trial.step + 1, N_EPOCHS + 1):
        train_epoch(model, optimizer, train)
        value = accuracy(model, valid)
        checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        trial.report(value, epoch, checkpoint=checkpoint)
        if trial.should_stop():
            raise luthier.TrialPruned
    return value


with tempfile.TemporaryDirectory() as folder:
    study = luthier.create_study(
        "digits",
        f"sqlite:///{Path(folder) / 'luthier.db'}",
        direction="maximize",
        scheduler=luthier.schedulers.ASHA(max_resource=N_EPOCHS, mode="promotion"),
        seed=0,
    )
    study.optimize(objective, n_trials=N_TRIALS, n_jobs=2)

    n_epochs = sum(len(row.reports) for row in study.trials)
    n_resumed = sum(len(row.turns) for row in study.trials)
    print(study)
    print(f"{n_epochs} epochs were trained instead of {N_TRIALS * N_EPOCHS}")
    print(f"{n_resumed} times a paused trial was continued")

    best = study.best_trial
    model = network(best.params["width"], best.params["dropout"])
    model.load_state_dict(study.load_checkpoint(best)["model"])
    print(f"best: {best.params}")
    print(
        f"accuracy {best.value:.3f} in validation, {accuracy(model, test):.3f} on held-out images"
    )
    study.storage.close()
