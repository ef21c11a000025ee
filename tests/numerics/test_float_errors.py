"""What a user has told numpy to raise does not end a study."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier.numerics.float_errors import default_errstate


def test_it_is_what_numpy_does_by_default() -> None:
    with np.errstate(all="raise"):
        with default_errstate():
            assert np.float64(1e-300) * np.float64(1e-300) == 0.0
        with pytest.raises(FloatingPointError):
            np.float64(1e-300) * np.float64(1e-300)


@pytest.mark.parametrize("sampler", ["auto", "tpe", "gp", "bohb", "forest", "cmaes", "evolution"])
@pytest.mark.parametrize("unit", [1e-310, 1.0])
def test_a_study_goes_on_whatever_numpy_is_told_to_raise(sampler, unit) -> None:
    study = luthier.create_study(sampler=sampler, seed=0)

    def objective(trial):
        total = trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1)
        trial.report(total * unit, 1)
        return total * unit

    with np.errstate(all="raise"):
        study.optimize(objective, n_trials=20, progress=False)
        assert study.recommend()
        with pytest.raises(FloatingPointError):  # the objective has what its user has set
            study.optimize(lambda trial: np.exp(np.float64(-1e4)) * np.float64(1e-300), n_trials=1)
    assert len(study.trials) == 21
