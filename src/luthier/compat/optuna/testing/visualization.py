"""A study that figures can be drawn of."""

from __future__ import annotations

from typing import Literal

from ..distributions import FloatDistribution
from ..study.creating import create_study
from ..study.direction import StudyDirection
from ..study.search import Study
from ..trial.frozen import create_trial

_LOW = {"param_a": 0.0, "param_b": 0.0, "param_c": 2.0, "param_d": 2.0}
_WIDTH = 3.0


def prepare_study_with_trials(
    n_objectives: int = 1,
    direction: Literal["minimize", "maximize"] | StudyDirection = "minimize",
    value_for_first_trial: float = 0.0,
) -> Study:
    """Return a study of three trials, one of which lacks two of the four parameters.

    Args:
        n_objectives: Number of objectives, which have equal values.
        direction: Of all of them.
        value_for_first_trial: The value of the first trial.
    """
    study = create_study(directions=[direction] * n_objectives)
    given = [
        (value_for_first_trial, {"param_a": 1.0, "param_b": 2.0, "param_c": 3.0, "param_d": 4.0}),
        (2.0, {"param_b": 0.0, "param_d": 4.0}),
        (1.0, {"param_a": 2.5, "param_b": 1.0, "param_c": 4.5, "param_d": 2.0}),
    ]
    for value, params in given:
        ranges = {k: FloatDistribution(_LOW[k], _LOW[k] + _WIDTH) for k in params}
        study.add_trial(
            create_trial(
                values=[value] * n_objectives, params=dict(params), distributions=dict(ranges)
            )
        )
    return study
