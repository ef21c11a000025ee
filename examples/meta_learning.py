"""Meta-learning over real data sets: a fourth data set begins with what helped three others.

Each study adds what it found to a knowledge base, with numbers that describe its data. The new data
set is searched with the base and without it. Needs scikit-learn.
"""

from sklearn import datasets
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import luthier

SPACE = {"C": luthier.Float(1e-2, 1e4, log=True), "gamma": luthier.Float(1e-4, 1e2, log=True)}
base = luthier.Memory("memory://")  # with a URL such as "sqlite:///memory.db" it stays


def tune(name: str, n_trials: int, memory: luthier.Memory | None = None) -> luthier.Study:
    """Search a support vector machine on some data."""
    X, y = (rows[:600] for rows in getattr(datasets, f"load_{name}")(return_X_y=True))
    known = memory and memory.about(data=(X, y))  # tasks whose data are alike come first
    study = luthier.create_study(name, space=SPACE, direction="maximize", memory=known, seed=1)

    def accuracy(trial: luthier.Trial) -> float:
        model = make_pipeline(StandardScaler(), SVC(**trial.params))
        return float(cross_val_score(model, X, y, cv=3).mean())

    study.optimize(accuracy, n_trials=n_trials)
    study.remember(base, data=(X, y))
    return study


for name in ("wine", "breast_cancer", "iris"):
    tune(name, 25, base)
print(*base.recommend(SPACE, n=3), sep="\n")

study, without = tune("digits", 8, base), tune("digits", 8)
print(study.explain(0).memory)
for n in (1, 4, 8):
    best = [max(row.value or 0.0 for row in s.trials[:n]) for s in (without, study)]
    print(f"best accuracy after {n}: {best[0]:.3f} without memory, {best[1]:.3f} with it")
