"""Several objectives and a business rule: small, fast and accurate trees, and the one to ship.

No search can say how many kilobytes an accuracy is worth. It finds the models that no other model
beats in all objectives; a rule that people agreed on beforehand then picks one of them, and says
why. A model looks better in the figures that it was chosen by than it is: leave a margin where a
bound must hold, and check on data that no trial saw. Needs scikit-learn.
"""

from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import train_test_split

import luthier
from luthier import measure

RULE = "accuracy >= 0.90 and latency_ms <= 50, then smallest size_kb"
N_TRIALS = 40
X, X_test, y, y_test = train_test_split(
    *load_digits(return_X_y=True), test_size=450, random_state=0
)
X, X_valid, y, y_valid = train_test_split(X, y, test_size=450, random_state=0)


def fit(params: dict[str, object]) -> ExtraTreesClassifier:
    """Fit a model to the training images."""
    return ExtraTreesClassifier(**params, random_state=0).fit(X, y)


def objective(trial: luthier.Trial) -> dict[str, float]:
    """Accuracy, time for one image, and size of a model."""
    trial.suggest_int("n_estimators", 2, 100, log=True)
    trial.suggest_int("max_leaf_nodes", 8, 256, log=True)
    trial.suggest_float("max_features", 0.05, 1.0)
    model = fit(trial.params)
    return {
        "accuracy": model.score(X_valid, y_valid),
        "latency_ms": float(measure.latency(lambda: model.predict(X_valid[:1]), time_s=0.05)),
        "size_kb": measure.model_size(model) / 1000,
    }


objectives = {"accuracy": "maximize", "latency_ms": "minimize", "size_kb": "minimize"}
study = luthier.create_study(objectives=objectives, seed=0)
study.optimize(objective, n_trials=N_TRIALS)
print(study)

best = sorted(study.best_trials, key=lambda row: row.values[2])
print(f"\n{len(best)} of {N_TRIALS} models are beaten by no other in all objectives:")
print("  accuracy  latency  size")
for row in best:
    accuracy, latency_ms, size_kb = row.values
    print(f"  {accuracy:8.3f} {latency_ms:5.1f} ms {size_kb:5.0f} kB")

choice = study.choose(RULE)
print(f"\n{choice}")
chosen = choice.values["accuracy"]
test = fit(choice.params).score(X_test, y_test)
print(f"\naccuracy {chosen:.3f} on the images that it was chosen by, {test:.3f} on held-out images")
