"""What a model says of points that were not tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import SamplerError
from ...history.history import History
from ...trial.record import State, TrialRow
from .core.experiment import Experiment
from .core.parameter import FixedParameter
from .exceptions.core import DataRequiredError


def make_metric_history(experiment: Experiment, name: str) -> History:
    """Return the trials with a result of a metric as a history of that metric alone.

    Args:
        experiment: The experiment.
        name: The metric; less counts as better where the experiment does not say.
    """
    metric = experiment.metrics.get(name)
    is_maximized = metric is not None and metric.lower_is_better is False
    space = experiment.search_space.to_space({})
    history = History(space, ["maximize" if is_maximized else "minimize"], objectives=[name])
    rows: list[TrialRow] = []
    for trial in experiment.trials.values():
        if name not in trial.means or not (
            trial.status.is_completed or trial.status.is_early_stopped
        ):
            continue
        whole = experiment.search_space.backfill(trial.params)
        params = {n: v for n, v in whole.items() if n in space.params}
        if experiment.search_space.check_membership(whole):
            values = (trial.means[name],)
            number = len(rows)
            rows.append(TrialRow(number=number, state=State.COMPLETE, params=params, values=values))
    history.put(rows)
    return history


def predict_metrics(
    experiment: Experiment, names: Sequence[str], points: Sequence[Mapping[str, Any]]
) -> list[dict[str, tuple[float, float]]]:
    """Return mean and standard deviation of metrics at points.

    Args:
        experiment: The experiment.
        names: The metrics.
        points: Params, name to value.

    Raises:
        DataRequiredError: There are too few results for a model.
    """
    from ...models.surrogate import Surrogate

    found: list[dict[str, tuple[float, float]]] = [{} for _ in points]
    fixed = {
        n: p.value
        for n, p in experiment.search_space.parameters.items()
        if isinstance(p, FixedParameter)
    }
    for name in names:
        history = make_metric_history(experiment, name)
        try:
            model = Surrogate(history.space, history, near_best=False)
        except SamplerError as e:
            raise DataRequiredError(f"A model of {name} needs more results: {e}") from None
        space = history.space
        whole = [{n: v for n, v in {**fixed, **p}.items() if n in space.params} for p in points]
        mean, sd = model.predict(space.encode(whole))
        values = history.values_of(np.asarray(mean)[:, None])[:, 0]
        for i in range(len(points)):
            found[i][name] = (float(values[i]), float(sd[i]))
    return found
