"""Tables of experiments."""

from __future__ import annotations

from typing import Any

from ....remarks import heed_others
from ...core.experiment import Experiment

_ALL = dict.fromkeys(
    ("metrics", "run_metadata_fields", "trial_properties_fields", "show_relative_metrics"),
    "the table has all metrics and params.",
)


def exp_to_df(exp: Experiment, **kwargs: Any) -> Any:
    """Return the table of the trials.

    Args:
        exp: The experiment.
        **kwargs: `metrics` and others of Ax, without effect.

    Raises:
        TypeError: An argument is not known.
    """
    heed_others("Ax's exp_to_df", kwargs, _ALL)
    return exp.to_df()
