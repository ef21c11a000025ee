"""A surrogate that can be believed, or a clear word."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Float, Space, State, TrialRow, analysis
from luthier.analysis import fitted_surrogate
from luthier.analysis.fitted_surrogate import fit_surrogate
from luthier.errors import NoCompletedTrialsError, TooFewResultsError
from luthier.models.surrogate import Surrogate
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


def test_trials_that_no_model_can_use_are_counted():
    rows = [trial({"x": 0.1 * i}, float(i)) for i in range(4)]
    rows += [trial({"x": 0.5}, float("inf")), trial({"x": 0.6}, float("-inf"))]
    with pytest.raises(TooFewResultsError, match="2 complete trials have an infinite value"):
        fit_surrogate(history(*rows))


def count_fits(monkeypatch) -> list[int]:
    """Return a list that gets the number of trials of each model that is fitted from now on."""
    fitted: list[int] = []

    class Counted(Surrogate):
        def __init__(self, *args, **options) -> None:
            super().__init__(*args, **options)
            fitted.append(len(self.left_out()[0]))

    monkeypatch.setattr(fitted_surrogate, "Surrogate", Counted)
    return fitted


def test_the_same_trials_are_learned_once(monkeypatch):
    fits = count_fits(monkeypatch)
    h = additive(60)
    first = fit_surrogate(h)
    analysis.effects(h)
    analysis.contour(h)
    analysis.calibration(h)
    analysis.explain_best(h)
    assert fit_surrogate(h).model is first.model
    assert fits == [60]
    analysis.convergence(h)  # true near the best
    analysis.convergence(h)
    assert fits == [60, 60]

    h.put([TrialRow(number=60, state=State.COMPLETE, params=h.params(0), values=(0.5,))])
    assert fit_surrogate(h).trials.n == 61
    assert fits == [60, 60, 61]


def test_a_report_fits_two_models(monkeypatch):
    fits = count_fits(monkeypatch)
    study = luthier.create_study(space=dict.fromkeys("ab", Float(0, 1)), sampler="random", seed=0)
    study.optimize(lambda t: t.params["a"] + t.params["b"], 120)
    study.report()
    assert fits == [120, 120]  # true everywhere, and true near the best


def test_of_many_trials_it_learns_from_some_that_are_spread_evenly(monkeypatch):
    fits = count_fits(monkeypatch)
    h = additive(1200)
    fitted = fit_surrogate(h)
    assert fits == [500]
    assert fitted.trials.n == len(fitted.X) == 1200
    observed = fitted.model.left_out()[0]
    number = np.linspace(0, 1199, 500).round().astype(int)
    np.testing.assert_allclose(observed, h.losses[number, 0])


def test_each_objective_has_its_own():
    rng = np.random.default_rng(0)
    space = Space({"x": Float(0, 1)})
    rows = [trial({"x": x}, (x, -(x**2))) for x in rng.random(40).tolist()]
    h = history(*rows, space=space, directions=["minimize", "maximize"])
    first, second = fit_surrogate(h), fit_surrogate(h, "value_1")
    assert (first.sign, second.sign) == (1.0, -1.0)
    assert first.model.predict(np.array([[0.2]]))[0] == pytest.approx(0.2, abs=0.05)
    assert second.model.predict(np.array([[0.2]]))[0] == pytest.approx(0.04, abs=0.05)
