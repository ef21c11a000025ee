"""Trials that fail for a reason outside of them, and say so."""

from typing import Any

import numpy as np
import pytest

import luthier
from luthier import samplers, testing

SPACE = {"x": luthier.Float(0, 1), "y": luthier.Float(0, 1)}


class Licensed:
    """A smooth function behind a server that is away at first, and says so or not."""

    def __init__(self, n_away: int, error: type[Exception] = luthier.TrialDisturbedError) -> None:
        self.n_away = n_away
        self.error = error

    def __call__(self, trial: luthier.Trial) -> float:
        if trial.number < self.n_away:
            raise self.error("the licence server is away")
        x, y = trial.params["x"], trial.params["y"]
        return float((x - 0.62) ** 2 + (y - 0.35) ** 2)


def start(sampler: Any = None, n: int = 12, **settings: Any) -> luthier.Study:
    study = luthier.create_study(space=SPACE, sampler=sampler, seed=1, **settings)
    study.optimize(Licensed(n), n_trials=n, catch=luthier.TrialDisturbedError, progress=False)
    return study


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_it_fails_with_its_error_and_is_retried(n_jobs: int, tmp_path) -> None:
    study = luthier.create_study("s", str(tmp_path / "a.db"), space=SPACE, sampler="random", seed=0)
    study.optimize(
        Licensed(3), n_trials=4, n_jobs=n_jobs, catch=luthier.TrialDisturbedError, progress=False
    )
    assert [t.state.name for t in study.trials] == ["FAILED"] * 3 + ["COMPLETE"]
    assert [t.disturbed for t in luthier.load_study("s", str(tmp_path / "a.db")).trials] == [
        True,
        True,
        True,
        False,
    ]
    study.retry(t for t in study.trials if t.disturbed)
    study.optimize(Licensed(0), n_trials=3, progress=False)
    assert {t.state.name for t in study.trials} == {"COMPLETE"}
    assert not study.history.unblamed.any()


def test_a_retried_trial_that_fails_by_its_own_fault_counts() -> None:
    study = start(n=1)
    study.retry(0)
    study.optimize(Licensed(1, ValueError), n_trials=1, catch=ValueError, progress=False)
    assert not study.trials[0].disturbed
    assert study.history.unblamed.tolist() == [False]


def test_without_catch_it_stops_the_study_as_any_failure() -> None:
    study = luthier.create_study(space=SPACE, seed=0)
    with pytest.raises(luthier.TrialDisturbedError, match="away"):
        study.optimize(Licensed(1), n_trials=2, progress=False)
    assert len(study.trials) == 1


@pytest.mark.parametrize(
    "sampler",
    [
        samplers.TPE(),
        samplers.GP(),
        samplers.Forest(),
        samplers.BOHB(),
        samplers.CMAES(),
        samplers.DE(),
        samplers.Auto(),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_no_proposal_depends_on_where_they_lay(sampler: samplers.Sampler) -> None:
    space = luthier.Space(SPACE)
    rng = np.random.default_rng(0)
    points = [dict(zip(SPACE, p, strict=True)) for p in rng.random((30, 2)).tolist()]
    known = [testing.trial(p, (p["x"] - 0.62) ** 2 + (p["y"] - 0.35) ** 2) for p in points]
    proposed = []
    for centre in (0.1, 0.6):
        error = "TrialDisturbedError: away"
        lost = [
            testing.trial(
                {"x": centre + i / 100, "y": 0.4}, None, luthier.State.FAILED, error=error
            )
            for i in range(8)
        ]
        history = testing.history(*known, *lost, space=space)
        proposed.append(sampler.sample(space, history, 1, np.random.default_rng(7)))
    np.testing.assert_array_equal(proposed[0], proposed[1])


def test_it_violates_nothing_where_failures_do() -> None:
    study = start(n=3, catch_as="infeasible")
    study.optimize(Licensed(4, ValueError), n_trials=3, catch=ValueError, progress=False)
    crash = study.history.constraints[:, 0]
    np.testing.assert_array_equal(crash, [np.nan, np.nan, np.nan, 1.0, -1.0, -1.0])


def test_a_search_goes_on_as_without_an_outage() -> None:
    study = start()
    study.optimize(Licensed(12), n_trials=25, progress=False)
    assert study.best_value < 1e-4


def test_it_can_be_told() -> None:
    study = luthier.create_study(space=SPACE, seed=0)
    row = study.tell(study.ask(), error=luthier.TrialDisturbedError("away"))
    other = study.tell(study.ask(), error="the matrix is singular")
    assert (row.disturbed, other.disturbed) == (True, False)
    assert other.error == "the matrix is singular"
