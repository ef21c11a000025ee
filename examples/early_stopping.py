"""Early stopping: a classifier is trained epoch by epoch, and bad trials are stopped.

ASHA lets the best third of the trials continue at each rung: here at epochs 1, 3 and 9.
Needs scikit-learn.
"""

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import luthier

N_EPOCHS = 27
N_TRIALS = 40
X, y = load_breast_cancer(return_X_y=True)
X, X_valid, y, y_valid = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
scaler = StandardScaler().fit(X)
X = scaler.transform(X)
X_valid = scaler.transform(X_valid)


def objective(trial: luthier.Trial) -> float:
    """Train a classifier, and report its accuracy on the validation half after each epoch."""
    model = SGDClassifier(
        loss=trial.suggest_categorical("loss", ["hinge", "log_loss", "modified_huber"]),
        learning_rate="constant",
        eta0=trial.suggest_float("eta0", 1e-6, 1e-1, log=True),
        alpha=trial.suggest_float("alpha", 1e-7, 1e-1, log=True),
        random_state=0,
    )
    accuracy = 0.0
    for epoch in range(1, N_EPOCHS + 1):
        model.partial_fit(X, y, classes=[0, 1])
        accuracy = model.score(X_valid, y_valid)
        trial.report(accuracy, epoch)  # the value first, then the step
        if trial.should_stop():
            raise luthier.TrialPruned
    return accuracy


study = luthier.create_study(
    direction="maximize",
    scheduler=luthier.schedulers.ASHA(min_resource=1, max_resource=N_EPOCHS),
    seed=0,
)
study.optimize(objective, n_trials=N_TRIALS)

n_epochs = sum(len(row.reports) for row in study.trials)
n_stopped = sum(row.state == luthier.State.PRUNED for row in study.trials)
print(study)
print(f"{n_stopped} of {N_TRIALS} trials were stopped early")
print(f"{n_epochs} epochs were trained instead of {N_TRIALS * N_EPOCHS}")
print(f"best accuracy {study.best_value:.3f} with {study.best_params}")
