"""Population-based training with PyTorch.

The learning rate and the dropout change while the networks train.

Every 3 epochs the worst networks go on as copies of the best, with params varied a little. What the
winner was trained with is a schedule, which one network alone is then trained by. Needs torch and
scikit-learn.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import luthier
from luthier.schedulers import PBT, Replay

N_EPOCHS, N_MEMBERS = 24, 8
torch.set_num_threads(1)
images, labels = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(labels))
X, X_valid, X_test = torch.tensor(images[order] / 16, dtype=torch.float32).split([320, 780, 697])
y, y_valid, y_test = torch.tensor(labels[order]).split([320, 780, 697])


def tensors(tree: object) -> object:
    """A checkpoint with its arrays as tensors again."""
    if isinstance(tree, dict):
        return {key: tensors(value) for key, value in tree.items()}
    return torch.as_tensor(tree) if isinstance(tree, np.ndarray) else tree


def accuracy(model: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    """The share of images that a network gets right."""
    model.eval()
    with torch.no_grad():
        return (model(X).argmax(dim=1) == y).float().mean().item()


def objective(trial: luthier.Trial) -> float:
    """Trains a network, or goes on with it or a copy, and reports its accuracy on validation images."""
    torch.manual_seed(int(trial.rng.integers(2**31)))
    rate = trial.suggest_float("rate", 1e-3, 1.0, log=True)
    dropout = trial.suggest_float("dropout", 0.0, 0.8)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.9)
    if trial.checkpoint is not None:
        model.load_state_dict(tensors(trial.checkpoint["model"]))
        optimizer.load_state_dict(tensors(trial.checkpoint["optimizer"]))
    optimizer.param_groups[0]["lr"] = (
        rate  # now: a checkpoint brings the rate of the network that it was copied from
    )
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
    trial.set_tag("test", accuracy(model, X_test, y_test))
    return value


def tuned(scheduler: luthier.schedulers.Scheduler | None, n_trials: int) -> luthier.Study:
    """A study of so many networks."""
    study = luthier.create_study(
        direction="maximize", sampler="Random", scheduler=scheduler, seed=1
    )
    study.optimize(objective, n_trials=n_trials)
    return study


population = tuned(PBT(population_size=N_MEMBERS, interval=3, max_resource=N_EPOCHS), N_MEMBERS)
constant = tuned(None, N_MEMBERS)
schedule = PBT.schedule(population)
replayed = tuned(Replay(schedule), 1)

print("epoch  rate   dropout")
for epoch, params in schedule.items():
    print(f"{epoch + 1:5d}  {params['rate']:.3f}  {params['dropout']:.2f}")
for name, study in (
    ("population", population),
    ("random search", constant),
    ("the schedule alone", replayed),
):
    best, n_epochs = study.best_trial, sum(len(row.reports) for row in study.trials)
    print(
        f"{name}: {best.value:.3f} in validation, {best.tags['test']:.3f} on held-out images, "
        f"{n_epochs} epochs"
    )
print(f"random search keeps to {constant.best_params}")
