"""Optuna in a loop of one's own: enqueue_trial, ask with distributions, tell.

The calls are Optuna's; only the import lines name luthier.
"""

import luthier.compat.optuna as optuna
from luthier.compat.optuna.distributions import CategoricalDistribution, FloatDistribution

optuna.logging.set_verbosity(optuna.logging.WARNING)

space = {
    "temperature": FloatDistribution(20, 90),
    "catalyst": CategoricalDistribution(["none", "zinc", "nickel"]),
}
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.GPSampler(seed=0))
study.enqueue_trial({"temperature": 50.0, "catalyst": "none"})


def run_in_the_laboratory(temperature, catalyst):
    gain = {"none": 0, "zinc": 3, "nickel": 5}[catalyst]
    return 60 + gain - 0.01 * (temperature - 65) ** 2


for _ in range(25):
    trial = study.ask(space)
    study.tell(trial, run_in_the_laboratory(**trial.params))

assert study.trials[0].params == {"temperature": 50.0, "catalyst": "none"}
print("best yield", round(study.best_value, 1), "with", study.best_params)
assert study.best_value > 63
