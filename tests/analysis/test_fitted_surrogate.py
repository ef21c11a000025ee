"""A surrogate that can be believed, or a clear word."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Float, Space
from luthier.analysis.fitted_surrogate import fit_surrogate
from luthier.errors import NoCompletedTrialsError, TooFewResultsError
from luthier.testing import history, trial

from .conftest import additive


def test_a_good_model_says_how_good_it_is():
    fitted = fit_surrogate(additive(60))
    assert fitted.quality.suffices
    assert fitted.quality.rank_correlation > 0.9
    assert fitted.trials.n == len(fitted.X) == 60


def test_noise_alone_is_refused_and_few_trials_are():
    rng = np.random.default_rng(0)
    noise = history(*[trial({"x": x}, rng.normal()) for x in rng.random(60).tolist()])
    with pytest.raises(TooFewResultsError, match="does not predict"):
        fit_surrogate(noise)
    assert not fit_surrogate(noise, even_if_poor=True).quality.suffices
    with pytest.raises(TooFewResultsError, match="20 are needed"):
        fit_surrogate(history(trial({"x": 0.1}, 1.0), trial({"x": 0.2}, 2.0)))
    with pytest.raises(NoCompletedTrialsError):
        fit_surrogate(history())


def test_each_objective_has_its_own():
    rng = np.random.default_rng(0)
    space = Space({"x": Float(0, 1)})
    rows = [trial({"x": x}, (x, -(x**2))) for x in rng.random(40).tolist()]
    h = history(*rows, space=space, directions=["minimize", "maximize"])
    first, second = fit_surrogate(h), fit_surrogate(h, "value_1")
    assert (first.sign, second.sign) == (1.0, -1.0)
    assert first.model.predict(np.array([[0.2]]))[0] == pytest.approx(0.2, abs=0.05)
    assert second.model.predict(np.array([[0.2]]))[0] == pytest.approx(0.04, abs=0.05)
