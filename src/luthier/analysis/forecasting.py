"""Forecast of a trial at the end of its training, by the curves of the others."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from ..errors import StudyError
from ..history.history import History
from ..history.resources import full_resource
from ..models.learning_curves import tabulate_curves
from ..numerics.extrapolation import Lines
from ..validation import check_probability, check_real
from .arguments import takes_history
from .forecast_result import Forecast

_FACTOR = 1.5  # from one step of a forecast to the next


@takes_history
def forecast(history: History, number: int, level: float, resource: float | None) -> Forecast:
    """Forecast a trial; see `Study.forecast`.

    Trials that went on from the same step give a straight line from their losses there to their
    losses later; the slope is drawn towards 1, and the interval holds what the line leaves
    unexplained.
    """
    level = check_probability("level", level)
    if resource is not None:
        resource = check_real("resource", resource, 0, above=True)
    if len(history.directions) > 1:
        raise StudyError(f"a forecast is of one objective, and there are {len(history.directions)}")
    if not 0 <= number < history.n or math.isnan(step := float(history.last_step[number])):
        raise StudyError(
            f"trial {number} has reported nothing, so there is nothing to forecast from"
        )
    end = full_resource(history) if resource is None else float(resource)
    if end is None:
        raise StudyError(
            "no trial has come to its end yet: pass resource=, the step at which trials end"
        )
    if step >= end or step <= 0:
        now = (float(history.values_of(history.last_loss[number])),)
        return Forecast((step,), now, now, now, level)
    n = math.ceil(math.log(end / step) / math.log(_FACTOR))
    steps = np.append(step * (end / step) ** (np.arange(n) / n), end)
    V = tabulate_curves(history, steps).V
    own = np.array([float(history.last_loss[number])])
    mean, sd = np.empty(n + 1), np.empty(n + 1)
    for k in range(n + 1):
        lines = Lines.of(V[:, : k + 1])
        mean[k], sd[k] = lines.end(own, np.zeros(1, dtype=np.int64))[0], lines.sd[0]
    wide = float(ndtri(0.5 + level / 2)) * sd
    values, a, b = (history.values_of(x) for x in (mean, mean - wide, mean + wide))
    return Forecast(
        tuple(steps.tolist()),
        tuple(values.tolist()),
        tuple(np.minimum(a, b).tolist()),
        tuple(np.maximum(a, b).tolist()),
        level,
    )
