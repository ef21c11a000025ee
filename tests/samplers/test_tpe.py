"""The tree-structured Parzen estimator: what it learns from which trials, and that its cost is bounded."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Float, Int, Space, State, TrialRow
from luthier.history import History
from luthier.samplers import TPE
from luthier.samplers.ranking import ranked
from luthier.samplers.tpe import axes, improvement, recency


def history(space: Space, rows: list[tuple], directions=("minimize",)) -> History:
    h = History(space, directions)
    h.put(
        [TrialRow(number=i, state=s, params=p, values=None if v is None else (v,)) for i, (s, v, p) in enumerate(rows)]
    )
    return h


LINE = Space({"x": Float(0, 1)})


def proposals(h: History, n: int = 200) -> np.ndarray:
    return np.concatenate([TPE().sample(h.space, h, 1, np.random.default_rng(i)) for i in range(n)])[:, 0]


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_it_goes_where_it_is_good(direction: str, sign: int) -> None:
    rows = [(State.COMPLETE, sign * (x - 0.2) ** 2, {"x": x}) for x in np.linspace(0, 1, 21)]
    got = proposals(history(LINE, rows, (direction,)))
    assert np.abs(got - 0.2).mean() < 0.15


def test_running_and_failed_trials_repel() -> None:
    rows = [(State.COMPLETE, (x - 0.5) ** 2, {"x": x}) for x in np.linspace(0, 1, 21)]
    before = proposals(history(LINE, rows))
    for state in (State.RUNNING, State.FAILED):
        crowded = proposals(history(LINE, rows + [(state, None, {"x": 0.5 + i * 1e-3}) for i in range(15)]))
        assert np.mean(np.abs(crowded - 0.5) < 0.1) < np.mean(np.abs(before - 0.5) < 0.1)


def test_pruned_trials_rank_behind_complete_ones_by_how_far_they_came() -> None:
    states = [State.PRUNED, State.COMPLETE, State.PRUNED, State.FAILED, State.PRUNED, State.COMPLETE, State.RUNNING]
    h = history(LINE, [(s, 5.0 - i if s == State.COMPLETE else None, {"x": 0.1 * i}) for i, s in enumerate(states)])
    for number, step, value in ((0, 3, 0.0), (2, 9, 2.0), (4, 9, 1.0)):
        h.put_report(number, step, value)
    order, n_finished = ranked(h)
    assert order.tolist() == [5, 1, 4, 2, 0, 3, 6]
    assert n_finished == 5


def test_trials_outside_the_present_range_are_left_out() -> None:
    h = history(Space({"x": Float(0, 0.5)}), [(State.COMPLETE, -x, {"x": x}) for x in np.linspace(0, 1, 21)])
    assert set(ranked(h)[0]) == set(range(11))
    assert proposals(h, 20).max() <= 1


def test_a_branch_that_is_better_is_taken() -> None:
    space = Space({"m": ["a", "b", "c"], "x": Float(0, 1, when={"m": "a"}), "y": Float(0, 1, when={"m": "b"})})
    study = luthier.create_study(space=space, sampler="TPE", seed=0)
    study.optimize(lambda t: 1.0 if t.params["m"] != "b" else (t.params["y"] - 0.7) ** 2, n_trials=60)
    late = [t.params for t in study.trials[20:]]
    assert sum(p["m"] == "b" for p in late) > 30
    assert np.median([abs(p["y"] - 0.7) for p in late if p["m"] == "b"]) < 0.15


def test_correlations_are_seen_across_a_branch() -> None:
    """Good only where the shared x is low in branch a, and high in branch b: no parameter tells alone."""
    space = Space({"m": ["a", "b"], "x": Float(0, 1), "z": Float(0, 1, when={"m": "b"})})
    study = luthier.create_study(space=space, sampler="TPE", seed=1)
    study.optimize(lambda t: abs(t.params["x"] - (0.1 if t.params["m"] == "a" else 0.9)), n_trials=100)
    hits = [abs(t.params["x"] - (0.1 if t.params["m"] == "a" else 0.9)) < 0.25 for t in study.trials[40:]]
    assert np.mean(hits) > 0.6


def test_the_densities_stay_small_however_many_trials_there_are() -> None:
    rng = np.random.default_rng(0)
    h = history(LINE, [(State.COMPLETE, float(v), {"x": float(v)}) for v in rng.random(3000)])
    order, n_finished = ranked(h)
    good, bad = TPE()._densities(h, order, n_finished, axes(LINE))
    assert len(good._w) == 1 + 25
    assert len(bad._w) == 1 + 160
    assert bad._w[1:-80].sum() == pytest.approx(recency(2975)[:-80].sum() / (1 + recency(2975).sum()), rel=0.02)


def test_good_trials_weigh_by_how_much_better_they_are() -> None:
    h = history(LINE, [(State.COMPLETE, v, {"x": 0.5}) for v in (3.0, 1.0, 2.0, 9.0)])
    order, _ = ranked(h)
    np.testing.assert_allclose(improvement(h, order, 2), [4 / 3, 2 / 3])
    for value in (1.0, np.inf, -np.inf, 1e308):
        flat = history(LINE, [(State.COMPLETE, value, {"x": 0.5})] * 6)
        weights = improvement(flat, ranked(flat)[0], 2)
        assert np.isfinite(weights).all()
        assert (weights > 0).all()


def test_it_says_what_it_cannot_do() -> None:
    for bad in ({"gamma": 0}, {"n_candidates": 0}, {"bandwidth": -1}, {"prior_weight": 0}, {"n_startup_trials": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            TPE(**bad)


def test_it_finds_a_needle_among_integers() -> None:
    study = luthier.create_study(space={"a": Int(0, 30), "b": Int(0, 30)}, sampler="TPE", seed=2)
    study.optimize(lambda t: abs(t.params["a"] - 17) + abs(t.params["b"] - 4), n_trials=100)
    assert study.best_value <= 2
