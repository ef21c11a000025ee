"""Ax weighs accuracy against size: Client with two objectives and a constraint.

The calls are Ax's; only the import line names luthier. Needs scikit-learn.
"""

from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from luthier.compat.ax import ChoiceParameterConfig, Client, RangeParameterConfig

X, y = load_wine(return_X_y=True)

client = Client(random_seed=0)
client.configure_experiment(
    name="forest",
    parameters=[
        RangeParameterConfig(name="n_estimators", bounds=(2, 40), parameter_type="int"),
        RangeParameterConfig(name="max_features", bounds=(0.1, 1.0), parameter_type="float"),
        ChoiceParameterConfig(
            name="max_depth", values=[2, 4, 8], parameter_type="int", is_ordered=True
        ),
    ],
)
client.configure_optimization(
    objective="accuracy, -n_trees", outcome_constraints=["accuracy >= 0.85"]
)

for _ in range(12):
    for trial_index, params in client.get_next_trials(max_trials=1).items():
        forest = RandomForestClassifier(random_state=0, **params)
        accuracy = float(cross_val_score(forest, X, y, cv=3).mean())
        raw_data = {"accuracy": accuracy, "n_trees": params["n_estimators"]}
        client.complete_trial(trial_index=trial_index, raw_data=raw_data)

for params, metrics, trial_index, _ in client.get_pareto_frontier():
    print(f"trial {trial_index}: {metrics['accuracy'][0]:.3f} with {params}")
