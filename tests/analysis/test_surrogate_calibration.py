"""Whether the surrogate's doubt can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis import calibration
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial

from .conftest import additive


def test_of_a_function_with_normal_noise_intervals_hold_what_they_promise():
    found = calibration(additive(150, noise=0.1))
    np.testing.assert_allclose(found.coverage, found.level, atol=0.12)
    assert found.bins.sum() == 150
    assert found.bins.max() < 40
    assert found.quality.rank_correlation > 0.8


def test_a_maximised_study_is_mirrored():
    h = additive(40)
    rows = [trial(h.params(i), -v) for i, v in enumerate(h.values[:, 0].tolist())]
    up = calibration(history(*rows, space=h.space, directions=["maximize"]))
    down = calibration(h)
    np.testing.assert_allclose(up.observed, -down.observed)
    assert up.bins.tolist() == down.bins[::-1].tolist()


def test_poor_models_are_shown_and_none_is_refused():
    rng = np.random.default_rng(0)
    rows = [trial({"x": x}, rng.normal()) for x in rng.random(40).tolist()]
    assert not calibration(history(*rows)).quality.suffices
    with pytest.raises(TooFewResultsError):
        calibration(history(trial({"x": 0.1}, 1.0)))
