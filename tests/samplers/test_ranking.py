"""Which trials come first.

Feasible ones by loss or front, then infeasible, pruned and failed ones.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import Float, Space, State, TrialRow, testing
from luthier.history.history import History
from luthier.history.resources import rank_at_highest_step
from luthier.numerics.hypervolume import hypervolume, reference_point, subset
from luthier.numerics.pareto import fronts
from luthier.samplers import Evolution, ranking
from luthier.samplers.ranking import order_losses, rank_trials, scale_to_reference

LINE = Space({"x": Float(0, 1)})
PLANE = Space({"x": Float(0, 1), "y": Float(0, 1)})
C = State.COMPLETE
P = State.PRUNED
F = State.FAILED
R = State.RUNNING
W = State.WAITING


def history(rows: list[tuple], m: int = 2) -> History:
    """Trials (state, values, constraints)."""
    trials = [
        testing.trial({"x": i / len(rows)}, values, state, constraints=constraints)
        for i, (state, values, constraints) in enumerate(rows)
    ]
    return testing.history(*trials, directions=["minimize"] * m)


def sphere(n: int, m: int, seed: int = 0) -> np.ndarray:
    """Points of which none dominates another."""
    X = np.abs(np.random.default_rng(seed).standard_normal((n, m)))
    return 2.0 - X / np.linalg.norm(X, axis=1, keepdims=True)


def test_feasible_come_before_infeasible_pruned_and_failed() -> None:
    rows = [
        (F, None, {"a": -1.0}),
        (C, (0.0, 0.0), {"a": 3.0}),  # the best, were it feasible
        (P, None, {}),
        (C, (2.0, 2.0), {"a": 0.0}),
        (C, (0.0, 0.0), {"a": 1.0}),
        (R, None, {}),
        (C, (1.0, 1.0), {"a": -1.0}),
        (W, None, {}),
        (C, (5.0, 5.0), {}),  # told nothing
    ]
    h = history(rows)
    order, n_finished = rank_trials(h)
    assert order.tolist() == [6, 3, 8, 4, 1, 2, 0, 5]
    assert n_finished == 6
    assert rank_trials(h, 1)[0].tolist()[0] == 6
    assert rank_trials(h, among=np.array([1, 3, 4, 5, 7]))[0].tolist() == [3, 4, 1, 5]


def test_the_same_with_one_objective() -> None:
    h = history(
        [
            (C, (3.0,), {"a": -1.0}),
            (C, (0.0,), {"a": 2.0}),
            (C, (1.0,), {"a": 0.0}),
            (C, (0.0,), {"a": 1.0}),
        ],
        1,
    )
    assert rank_trials(h)[0].tolist() == [2, 0, 3, 1]


def test_constraints_count_alike_whatever_their_units() -> None:
    told = [{"bytes": 5e9, "s": -1.0}, {"bytes": -1.0, "s": 1e-3}, {"bytes": 1e9, "s": 1e-4}]
    h = history([(C, (0.0, 0.0), t) for t in told])
    assert rank_trials(h)[0].tolist()[0] == 2


def test_where_failing_breaks_a_constraint_failed_trials_stay_last() -> None:
    h = history([(F, None, {}), (C, (1.0, 0.0), {}), (C, (2.0, 2.0), {}), (F, None, {})])
    h.update_info(crash=True)
    assert h.violation[0] > 0
    assert rank_trials(h)[0].tolist() == [1, 2, 0, 3]
    assert rank_trials(h)[1] == 2


@pytest.mark.parametrize("m", [2, 3, 4])
def test_fronts_one_after_the_other_each_by_what_it_adds(m: int) -> None:
    losses = np.random.default_rng(m).random((40, m))
    front, order = fronts(losses), order_losses(losses)
    assert sorted(order) == list(range(40))
    assert (np.diff(front[order]) >= 0).all()
    members = np.flatnonzero(front == 0)
    reference, taken = reference_point(losses[members]), list[int]()
    for chosen in order[: len(members)]:
        volume = [hypervolume(losses[[*taken, i]], reference) for i in members]
        assert volume[members.tolist().index(chosen)] == pytest.approx(max(volume))
        taken.append(chosen)


def test_only_as_many_as_are_needed_are_put_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = np.concatenate([sphere(30, 3), 1 + sphere(200, 3, 1), 3 + sphere(400, 3, 2)])
    seen = []

    def counted(points: np.ndarray, reference: np.ndarray, k: int) -> np.ndarray:
        seen.append((len(points), k))
        return subset(points, reference, k)

    monkeypatch.setattr(ranking, "subset", counted)
    order = order_losses(losses, 40)
    assert seen == [(200, 10)], "the first front is needed as a whole"
    assert (np.diff(order[40:]) > 0).all()


def test_the_first_do_not_depend_on_how_many_are_asked_for() -> None:
    losses = np.concatenate([sphere(10, 3), 1 + sphere(30, 3, 1)])
    whole = order_losses(losses)
    for most in (0, 1, 10, 17, 40, 99):
        part = order_losses(losses, most)
        assert set(part[:most]) == set(whole[:most])
        assert sorted(part) == list(range(40))


@given(
    st.lists(st.sampled_from([-np.inf, -1.0, 0.0, -0.0, 0.5, 1.0, np.inf, np.nan]), max_size=30),
    st.integers(0, 40),
)
def test_of_one_objective_the_first_and_the_next_are_in_their_places(loss, most) -> None:
    losses = np.array(loss).reshape(-1, 1)
    whole = order_losses(losses)
    part = order_losses(losses, most)
    assert part[: most + 1].tolist() == whole[: most + 1].tolist()
    assert sorted(part) == list(range(len(loss)))


def test_units_do_not_matter() -> None:
    losses = np.random.default_rng(0).random((60, 3))
    assert order_losses(losses).tolist() == order_losses(losses * [1e-9, 1.0, 1e200]).tolist()


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("value", [0.0, np.inf, -np.inf, 1.7e308, -1.7e308, np.nan])
def test_values_that_tell_nothing(m: int, value: float) -> None:
    losses = np.random.default_rng(0).random((30, m))
    losses[::3, 0] = value
    losses[::5] = value
    for table in (losses, np.full((9, m), value), losses[:1], losses[:0]):
        assert sorted(order_losses(table)) == list(range(len(table)))
    clean = ~np.isnan(losses).any(axis=1)
    assert clean[order_losses(losses, 10)[:10]].all()


def test_depths_are_shares_of_the_box_below_the_reference() -> None:
    got = scale_to_reference(np.array([[1.0, -5.0], [2.0, -10.0], [np.inf, -np.inf]]))
    np.testing.assert_allclose(got[:2], [[-1.0, (-5 + 4.5) / 5.5], [-0.2 / 1.2, -1.0]])
    assert got[2].tolist() == [np.inf, -np.inf]
    assert np.isfinite(scale_to_reference(np.array([[1.7e308, 0.0], [-1.7e308, 0.0]]))).all()


def test_bohb_puts_what_breaks_a_constraint_last() -> None:
    told = [{"a": 2.0}, {"a": -1.0}, {}, {"a": 1.0}]
    numbers, losses = rank_at_highest_step(
        history([(C, (float(i),), t) for i, t in enumerate(told)], 1), 4
    )
    assert numbers.tolist() == [1, 2, 3, 0]
    assert losses.tolist() == [1.0, 2.0, np.inf, np.inf]


def test_evolution_takes_parents_from_the_front_of_those_alive() -> None:
    h, rng = History(PLANE, ["minimize"] * 2), np.random.default_rng(0)
    for i in range(60):
        x, y = rng.random(2)
        told = {"a": 1.0 if i % 4 == 0 else -1.0}
        values = (x, x) if i < 30 else (x + y, 1 - x + y)
        h.put(
            [TrialRow(number=i, state=C, params={"x": x, "y": y}, values=values, constraints=told)]
        )
    feasible = h.X[30:][h.feasible[30:], 1]
    got = Evolution(sigma=1e-3).sample(PLANE, h, 100, np.random.default_rng(1))
    assert np.median(got[:, 1]) < np.quantile(feasible, 0.2)


def test_failures_of_params_that_have_completed_have_no_rank() -> None:
    failed = [testing.trial({"x": x}, None, F) for x in (0.1, 0.2)]
    h = testing.history(*failed, testing.trial({"x": 0.1}, 1.0), testing.trial({"x": 0.3}, 0.0))
    assert rank_trials(h)[0].tolist() == [3, 2, 1]
