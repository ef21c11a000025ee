"""SMAC tunes a support vector machine: folds are instances, and bad configurations stop early.

The calls are SMAC's; only the import lines name luthier. Needs `luthier[configspace]` and
scikit-learn.
"""

import tempfile

from ConfigSpace import Configuration, ConfigurationSpace, Float
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier.compat.smac import HyperparameterOptimizationFacade, Scenario

X, y = load_breast_cancer(return_X_y=True)
FOLDS = list(StratifiedKFold(n_splits=5, shuffle=True, random_state=0).split(X, y))


def train(config: Configuration, instance: str, seed: int = 0) -> float:
    learn, check = FOLDS[int(instance)]
    model = make_pipeline(StandardScaler(), SVC(C=config["C"], gamma=config["gamma"]))
    return 1 - model.fit(X[learn], y[learn]).score(X[check], y[check])


configspace = ConfigurationSpace(seed=0)
configspace.add(
    Float("C", (2**-5, 2**15), default=1.0, log=True),
    Float("gamma", (2**-15, 2**3), default=1.0, log=True),
)
folder = tempfile.TemporaryDirectory()
scenario = Scenario(
    configspace,
    n_trials=40,
    deterministic=True,
    instances=[str(i) for i in range(len(FOLDS))],
    output_directory=folder.name,
)
smac = HyperparameterOptimizationFacade(
    scenario,
    train,
    initial_design=HyperparameterOptimizationFacade.get_initial_design(scenario, n_configs=5),
    intensifier=HyperparameterOptimizationFacade.get_intensifier(scenario, max_config_calls=5),
    overwrite=True,
)
incumbent = smac.optimize()

default_error = smac.validate(configspace.get_default_configuration())
print(f"error {smac.validate(incumbent):.3f} with {dict(incumbent)}, {default_error:.3f} before")
print(f"{len(smac.runhistory.get_configs())} configurations in {len(smac.runhistory)} fits")
folder.cleanup()
