"""Backtests: each loss is forward in time, and each policy pays for what it trains."""

import numpy as np
import pytest

from luthier.errors import LifecycleError
from luthier.lifecycle.backtest import Past, always, at, backtest, every, never, on_harm


class Means:
    """Predicts the mean of the rows that it was trained on; params do nothing."""

    def __init__(self):
        self.seen = []

    def search(self, X, y):
        return {}

    def fit(self, X, y, params):
        self.seen.append(X[:, 0].max())
        return y.mean()

    def losses(self, model, X, y):
        assert X[:, 0].min() > self.seen[-1]  # no row of the future was learnt from
        return np.minimum(np.abs(y - model), 1.0)


def stream(jump=0.5, n=3000, at=1500):
    """Rows with their time as the feature, and a level that jumps."""
    rng = np.random.default_rng(1)
    y = 0.2 + rng.uniform(-0.05, 0.05, n) + jump * (np.arange(n) >= at)
    return np.arange(n, dtype=float)[:, None], y


def run(policies, **changes):
    X, y = stream(**changes)
    return backtest(Means(), X, y, policies, block=100, first=500, window=500, n_trials=10)


def test_who_never_trains_again_pays_once_and_keeps_the_loss():
    done = run({"never": never})["never"]
    assert done.cost == 11
    assert done.losses[:10].max() < 0.05
    assert done.losses[-1] == pytest.approx(0.5, abs=0.05)
    assert not len(done.refits)
    assert not len(done.retunes)


def test_who_always_retunes_pays_for_every_block():
    done = run({"always": always})["always"]
    assert len(done.retunes) == len(done.losses) == 25
    assert done.cost == 11 * 26


def test_a_schedule_retunes_after_its_blocks():
    done = run({"every 5": every(5)})["every 5"]
    assert done.retunes.tolist() == [4, 9, 14, 19, 24]


def test_an_oracle_retunes_where_it_is_told_to():
    done = run({"oracle": at({10, 14}), "never": never})
    assert done["oracle"].retunes.tolist() == [10, 14]
    assert done["oracle"].loss < done["never"].loss / 2


def test_harm_is_answered_soon_after_the_jump_and_not_before():
    done = run({"on harm": on_harm()})["on harm"]
    acts = np.concatenate([done.refits, done.retunes])
    assert acts.min() in (10, 11)
    assert done.losses[-1] < 0.15  # of .5 that were lost
    assert done.cost < run({"always": always})["always"].cost / 4


def test_without_drift_nothing_is_trained():
    done = run({"on harm": on_harm()}, jump=0.0)["on harm"]
    assert done.cost == 11


def test_a_policy_may_be_any_function_of_the_past():
    seen = []

    def look(past):
        seen.append(past)
        return "refit" if past.block == 3 else ""

    done = run({"mine": look})["mine"]
    assert done.refits.tolist() == [3]
    assert all(isinstance(past, Past) for past in seen)
    assert [past.since for past in seen[:6]] == [1, 2, 3, 4, 1, 2]
    assert seen[4].attempts == 0  # it is as good as before


@pytest.mark.parametrize(
    "changes",
    [{"block": 0}, {"first": 0}, {"block": 2000}, {"policies": {}}, {"y": np.zeros(7)}],
)
def test_a_stream_that_is_too_short_is_refused(changes):
    X, y = stream()
    settings = {"policies": {"never": never}, "block": 100, "first": 500} | changes
    with pytest.raises(LifecycleError, match="expected policies, and rows"):
        backtest(Means(), X, settings.pop("y", y), settings.pop("policies"), **settings)
