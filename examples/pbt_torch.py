"""Population-based training with PyTorch: learning rate and dropout change during training.

Every 3 epochs the worst networks are replaced by copies of the best, with params varied a little.
What the winner was trained with is a schedule, by which one network alone is then trained. Needs
torch and scikit-learn.
"""

import torch
from digits import accuracy, split_digits, train_epoch
from torch import nn

import luthier
from luthier.schedulers import PBT, Replay

N_EPOCHS = 24
N_MEMBERS = 8
torch.set_num_threads(1)
train, valid, test = split_digits(320, 780)


def objective(trial: luthier.Trial) -> float:
    """Train a network, or continue it or a copy, and report the accuracy after each epoch."""
    torch.manual_seed(int(trial.rng.integers(2**31)))
    rate = trial.suggest_float("rate", 1e-3, 1.0, log=True)
    dropout = trial.suggest_float("dropout", 0.0, 0.8)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.9)
    if trial.checkpoint is not None:
        model.load_state_dict(trial.checkpoint["model"])
        optimizer.load_state_dict(trial.checkpoint["optimizer"])
    optimizer.param_groups[0]["lr"] = rate  # last: a checkpoint holds the rate of another network

    for epoch in range(trial.step + 1, N_EPOCHS + 1):
        train_epoch(model, optimizer, train)
        value = accuracy(model, valid)
        checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        trial.report(value, epoch, checkpoint=checkpoint)
        if trial.should_stop():
            raise luthier.TrialPruned
    trial.set_tag("test", accuracy(model, test))
    return value


def tune(scheduler: luthier.schedulers.Scheduler | None, n_trials: int) -> luthier.Study:
    """Run a study of so many networks."""
    study = luthier.create_study(
        direction="maximize", sampler="Random", scheduler=scheduler, seed=1
    )
    study.optimize(objective, n_trials=n_trials)
    return study


population = tune(PBT(population_size=N_MEMBERS, interval=3, max_resource=N_EPOCHS), N_MEMBERS)
constant = tune(None, N_MEMBERS)
schedule = PBT.schedule(population)
replayed = tune(Replay(schedule), 1)

print("epoch  rate   dropout")
for epoch, params in schedule.items():
    print(f"{epoch + 1:5d}  {params['rate']:.3f}  {params['dropout']:.2f}")
for name, study in (
    ("population", population),
    ("random search", constant),
    ("the schedule alone", replayed),
):
    best = study.best_trial
    n_epochs = sum(len(row.reports) for row in study.trials)
    held_out = best.tags["test"]
    print(
        f"{name}: {best.value:.3f} in validation, {held_out:.3f} on held-out images, "
        f"{n_epochs} epochs"
    )
print(f"random search keeps to {constant.best_params}")
