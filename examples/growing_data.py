"""Growing data: support vector machines see more and more images.

The resource need not be epochs: here a step is the number of images. Steps may be uneven: a trial
is judged at its first report at or beyond each rung of ASHA, which are 50, 150, 450 and 1,200.
Needs scikit-learn.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import luthier

SIZES = (50, 100, 200, 500, 800, 1200)
N_TRIALS = 60
images, labels = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(labels))
X, X_valid, X_test = np.split(images[order] / 16, [1200, 1500])
y, y_valid, y_test = np.split(labels[order], [1200, 1500])


def fit(params: dict[str, object], n: int) -> SVC:
    """Fit a model to the first n images."""
    return SVC(**params).fit(X[:n], y[:n])


def objective(trial: luthier.Trial) -> float:
    """Report the accuracy on the validation part with each number of images."""
    trial.suggest_categorical("kernel", ["rbf", "poly", "sigmoid"])
    trial.suggest_float("C", 1e-3, 1e3, log=True)
    trial.suggest_float("gamma", 1e-4, 1e1, log=True)
    accuracy = 0.0
    for n in SIZES:
        accuracy = float(fit(trial.params, n).score(X_valid, y_valid))
        trial.report(accuracy, n)
        if trial.should_stop():
            raise luthier.TrialPruned
    return accuracy


scheduler = luthier.schedulers.ASHA(min_resource=SIZES[0], max_resource=SIZES[-1], mode="stopping")
study = luthier.create_study(direction="maximize", scheduler=scheduler, seed=0)
study.optimize(objective, n_trials=N_TRIALS)

last = [int(row.reports[-1][0]) for row in study.trials]
print(study)
for n in SIZES:
    print(f"{last.count(n):3d} models ended with {n} images")
spent = sum(int(n) for row in study.trials for n, _ in row.reports)
print(f"{spent} images were fitted instead of {N_TRIALS * sum(SIZES)}")
test = fit(study.best_params, SIZES[-1]).score(X_test, y_test)
print(f"best: {study.best_params}")
print(f"accuracy {study.best_value:.3f} in validation, {test:.3f} on held-out images")
