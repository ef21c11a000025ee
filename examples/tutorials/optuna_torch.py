"""Optuna chooses the layers of a PyTorch network, and prunes it epoch by epoch.

The calls are Optuna's; only the import lines name luthier. Needs PyTorch and scikit-learn.
"""

import torch
from sklearn.datasets import load_digits
from torch import nn

import luthier.compat.optuna as optuna
from luthier.compat.optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.WARNING)
torch.manual_seed(0)
torch.set_num_threads(1)

X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)


def define_model(trial):
    layers, width = [], 64
    for i in range(trial.suggest_int("n_layers", 1, 2)):
        out = trial.suggest_int(f"n_units_l{i}", 8, 64, log=True)
        dropout = trial.suggest_float(f"dropout_l{i}", 0.0, 0.5)
        layers += [nn.Linear(width, out), nn.ReLU(), nn.Dropout(dropout)]
        width = out
    return nn.Sequential(*layers, nn.Linear(width, 10))


def objective(trial):
    model = define_model(trial)
    name = trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"])
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=lr)
    for epoch in range(4):
        model.train()
        for batch in torch.split(torch.randperm(1300), 65):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(X[1300:]).argmax(1) == y[1300:]).float().mean().item()
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optuna.exceptions.TrialPruned
    return accuracy


study = optuna.create_study(direction="maximize", pruner=optuna.pruners.HyperbandPruner())
study.sampler = optuna.samplers.TPESampler(seed=1)
study.optimize(objective, n_trials=6, timeout=600)

pruned = study.get_trials(deepcopy=False, states=[TrialState.PRUNED])
complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
print(len(pruned), "pruned,", len(complete), "complete")
print("best", round(study.best_trial.value, 3), study.best_trial.params)
assert study.best_value > 0.5
