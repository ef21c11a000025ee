"""A Python objective for the command line, which creates the study itself.

luthier run examples/cli_python.py:objective --trials 50 --jobs 2 --scheduler median
luthier show cli_python
"""

import math

import luthier


def objective(trial: luthier.Trial) -> float:
    """Train a model whose loss falls step by step, to a floor that depends on its parameters."""
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    layers = trial.suggest_int("layers", 1, 4)
    floor = (math.log10(lr) + 3) ** 2 + 0.1 * (layers - 2) ** 2
    for step in range(1, 21):
        loss = floor + math.exp(-step / 5)
        trial.report(loss, step)
        if trial.should_stop():
            raise luthier.TrialPruned
    return loss
