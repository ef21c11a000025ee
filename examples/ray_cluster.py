"""A Ray cluster: trials in actors, placed by the resources that they need, and data sent once.

The script joins the cluster that it is connected to (`ray.init`), that RAY_ADDRESS names, or that
`ray start` began on this machine; otherwise it starts one here for as long as it runs. An actor
that dies is replaced, and its trial continues from its last checkpoint.
"""

import numpy as np

import luthier

rng = np.random.default_rng(0)
X = rng.normal(size=(2_000, 20))
y = X @ rng.normal(size=20) + rng.normal(size=2_000)
data = luthier.share((X, y))  # sent once; all actors of a machine read the same memory


def objective(trial: luthier.Trial) -> float:
    """Train a linear regression by gradient descent."""
    X, y = data.get()
    rate = trial.suggest_float("rate", 1e-4, 1, log=True)
    decay = trial.suggest_float("decay", 1e-6, 1, log=True)
    state = trial.checkpoint or {"step": 0, "w": np.zeros(X.shape[1])}
    w = state["w"]
    loss = np.inf
    for step in range(state["step"] + 1, 31):
        w = w - rate * (X[:1500].T @ (X[:1500] @ w - y[:1500]) / 1500 + decay * w)
        loss = float(np.mean((X[1500:] @ w - y[1500:]) ** 2))
        trial.report(loss, step, checkpoint={"step": step, "w": w})
        if trial.should_stop():
            raise luthier.TrialPruned
    return loss


study = luthier.create_study(scheduler="Median", seed=0)
study.optimize(
    objective, n_trials=20, n_jobs=2, executor="ray", resources={"cpu": 1}, limits={"time_s": 60}
)
print(study)
