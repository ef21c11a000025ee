"""Policies: bounds that keep a model from being retuned for ever."""

import pytest

from luthier.errors import LifecycleError
from luthier.lifecycle import Policy


@pytest.mark.parametrize(
    "changes",
    [
        {"regain": 2.0},
        {"n_trials": 0},
        {"max_failures": 0},
        {"cooldown_s": -1.0},
        {"trials_a_month": -1},
        {"hours_a_month": -1.0},
        {"kwh_a_month": float("nan")},
        {"lease_s": 0.0},
        {"every_s": 0.0},
        {"growth": 1.0},
    ],
)
def test_a_policy_that_could_retune_for_ever_is_refused(changes):
    with pytest.raises(LifecycleError, match=f"{next(iter(changes))} must"):
        Policy(**changes)
