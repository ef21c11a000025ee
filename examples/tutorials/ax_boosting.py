"""Ax tunes gradient boosting: AxClient with one objective named in the older way.

The calls are Ax's; only the import line names luthier. Needs scikit-learn.
"""

from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import cross_val_score

from luthier.compat.ax.service.ax_client import AxClient

X, y = load_diabetes(return_X_y=True)


def evaluate(params):
    model = GradientBoostingRegressor(
        n_estimators=params["n_estimators"],
        learning_rate=params["learning_rate"],
        max_depth=params["max_depth"],
        loss=params["loss"],
        random_state=0,
    )
    scores = cross_val_score(model, X, y, cv=3, scoring="neg_root_mean_squared_error")
    return {"rmse": (-scores.mean(), scores.std() / len(scores) ** 0.5)}


client = AxClient(random_seed=0, verbose_logging=False)
client.create_experiment(
    name="boosting",
    parameters=[
        {"name": "n_estimators", "type": "range", "bounds": [10, 80], "value_type": "int"},
        {"name": "learning_rate", "type": "range", "bounds": [0.01, 0.5], "log_scale": True},
        {"name": "max_depth", "type": "range", "bounds": [1, 4]},
        {"name": "loss", "type": "choice", "values": ["squared_error", "huber"]},
    ],
    objective_name="rmse",
    minimize=True,
)

for _ in range(12):
    params, trial_index = client.get_next_trial()
    client.complete_trial(trial_index=trial_index, raw_data=evaluate(params))

best, (means, _) = client.get_best_parameters()
print(f"rmse {means['rmse']:.1f} with {best}")
print(client.get_trials_data_frame()[["trial_index", "rmse", "max_depth"]].to_string(index=False))
