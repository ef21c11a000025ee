"""What a user has told numpy to raise does not end a study."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import State, TrialRow
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


def tiny(number: int) -> TrialRow:
    """Return a trial whose param is too small to be divided by three without a loss."""
    return TrialRow(
        number=0,
        state=State.COMPLETE,
        params={"x": (number + 1) * 7e-322, "c": "ab"[number % 2]},
        values=(1e-310,),
    )


def test_what_others_have_stored_is_read_whatever_numpy_is_told_to_raise(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    other = luthier.create_study("s", url, sampler="random")

    def objective(trial: luthier.Trial) -> float:
        x = trial.suggest_float("x", 0, 3)
        trial.suggest_categorical("c", ["a", "b"])
        if trial.number % 2:
            other.engine.add_trials([tiny(i) for i in range(12)])
        trial.report(1e-310, 1, checkpoint=x)
        trial.set_constraint("slack", -1e-310)
        return 1e-310

    other.optimize(objective, n_trials=1, progress=False)
    other.engine.add_trials([tiny(i) for i in range(12)])
    with np.errstate(all="raise"):
        study = luthier.load_study("s", url, sampler="random", scheduler="asha")
        study.optimize(objective, n_trials=4, progress=False)
        study.ask()
        other.engine.add_trials([tiny(i) for i in range(12)])
        trial = study.ask()
        study.tell(trial, 1e-310)
        study.engine.refresh()
    assert len(other.trials) == len(study.trials)
