"""What was left to be gained, as it was known then."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis import convergence, improvement
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial

from .conftest import additive


def test_the_last_point_is_what_is_known_now():
    h = additive(80)
    found = improvement(h)
    now = convergence(h)
    assert found.number[[0, -1]].tolist() == [19, 79]
    assert found.regret_bound[-1] == now.regret_bound
    assert found.chance[-1] == now.chance
    assert (np.diff(found.number) > 0).all()


def test_the_bound_falls_as_trials_come_in():
    found = improvement(additive(120))
    known = found.regret_bound[~np.isnan(found.regret_bound)]
    assert known[-1] < known[0]


def test_noise_has_no_curve():
    rng = np.random.default_rng(0)
    rows = [trial({"x": x}, rng.normal()) for x in rng.random(40).tolist()]
    with pytest.raises(TooFewResultsError, match="not enough to say"):
        improvement(history(*rows))
    with pytest.raises(TooFewResultsError, match="20 are needed"):
        improvement(additive(10))
