"""Noise: stop when nothing improves, ask a model for the best, and confirm it with new trials."""

import luthier
from luthier.stopping import Budget, NoImprovement


def expected(params: dict[str, float]) -> float:
    """The mean of many runs; the study never sees it."""
    return 0.9 - (params["x"] - 0.2) ** 2 - 0.5 * (params["y"] + 0.4) ** 2


def objective(trial: luthier.Trial) -> float:
    """An accuracy on 100 random cases, drawn by the trial's own generator."""
    params = {name: trial.suggest_float(name, -1, 1) for name in ("x", "y")}
    trial.set_cost(0.25)  # in a unit of your own: here GPU hours
    return float((trial.rng.random(100) < expected(params)).mean())


study = luthier.create_study(direction="maximize", seed=0)
study.optimize(objective, stop=[NoImprovement(30), Budget(cost=25.0)])
print(f"stopped after {len(study.trials)} trials: {study.stop_reason}")

[leader] = study.recommend()
print(f"best trial: {study.best_value:.3f} observed, {expected(study.best_params):.3f} in truth")
print(f"recommended: {leader}, {expected(leader.params):.3f} in truth")

print(study.confirm(k=3, repeats=5))
