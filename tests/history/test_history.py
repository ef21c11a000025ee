"""The columnar table: whatever order trials come in, columns say what the rows say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.errors import MissingParameterError
from luthier.history.history import History
from luthier.space.choices import choice_key

SPACE = Space(
    {
        "x": Float(0, 1),
        "k": Int(1, 8, scale="log"),
        "c": ["a", "b"],
        "o": Categorical(["s", "m", "l"], ordered=True),
    }
)


def row(
    number: int, state: State = State.COMPLETE, value: float | None = 0.0, **params
) -> TrialRow:
    return TrialRow(
        number=number, state=state, params=params, values=None if value is None else (value,)
    )


ROWS = st.lists(
    st.tuples(
        st.sampled_from(list(State)),
        st.floats(allow_nan=False),
        st.fixed_dictionaries(
            {},
            optional={
                "x": st.floats(0, 1),
                "k": st.integers(1, 8),
                "c": st.sampled_from("ab"),
                "o": st.sampled_from("sml"),
            },
        ),
    ),
    min_size=1,
    max_size=30,
)


@given(ROWS)
def test_one_by_one_and_all_at_once_give_the_same_columns(drawn) -> None:
    rows = [row(i, s, v if s == State.COMPLETE else None, **p) for i, (s, v, p) in enumerate(drawn)]
    single, bulk = History(SPACE, ["maximize"]), History(SPACE, ["maximize"])
    for r in rows:
        single.put([r])
    bulk.put(rows)
    for name in ("state", "X", "fits", "values", "losses", "started_s"):
        np.testing.assert_allclose(getattr(single, name), getattr(bulk, name), atol=1e-12)
    np.testing.assert_allclose(single.X, SPACE.encode([r.params for r in rows]), atol=1e-12)
    assert single.running == bulk.running == {r.number for r in rows if r.state == State.RUNNING}
    assert single.waiting == bulk.waiting
    assert (single.losses == -single.values)[~np.isnan(single.values)].all()
    complete = [r for r in rows if r.state == State.COMPLETE]
    assert single.best() == (
        max(complete, key=lambda r: (r.value, -r.number)).number if complete else None
    )


def test_columns_cannot_be_written() -> None:
    history = History(SPACE, ["minimize"])
    history.put([row(0, x=0.5, k=1, c="a", o="s")])
    for name in ("X", "values", "state", "started_s"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(history, name)[0] = 0


def test_a_changed_space_uses_the_trials_that_still_fit() -> None:
    history = History(Space({"x": Float(0, 1), "c": ["a", "b"]}), ["minimize"])
    history.put([row(0, x=0.25, c="a"), row(1, x=0.75, c="b"), row(2, x=0.5, c="a")])
    history.set_space(Space({"x": Float(0, 0.5), "c": ["z", "a"], "new": Int(0, 3)}))
    assert history.fits.tolist() == [True, False, True]
    np.testing.assert_allclose(
        history.X, [[0.5, 1, np.nan], [np.nan, np.nan, np.nan], [1.0, 1, np.nan]]
    )
    history.set_space(Space({"x": Float(0, 1), "c": ["b", "a"]}))
    np.testing.assert_allclose(history.X, [[0.25, 1], [0.75, 0], [0.5, 1]])


def test_a_parameter_of_another_kind_does_not_fit() -> None:
    for rows in ([row(0, x="wide")], [row(i, x="wide" if i == 5 else 0.5) for i in range(20)]):
        history = History(Space({"x": Float(0, 1)}), ["minimize"])
        history.put(rows)
        assert history.fits.tolist() == [r.params["x"] != "wide" for r in rows]


def test_reports_by_step_whatever_order_they_come_in() -> None:
    history = History(SPACE, ["maximize"])
    history.put([row(i, State.RUNNING, None) for i in range(2)])
    for number, step, value in ((0, 2, 0.2), (1, 1, 0.9), (0, 1, 0.1), (0, 2, 0.3)):
        history.put_report(number, step, value)
    steps, losses = history.reports_of(0)
    assert steps.tolist() == [1, 2]
    assert losses.tolist() == [-0.1, -0.3]
    assert history.last_step.tolist() == [2, 1]
    assert history.last_loss.tolist() == [-0.3, -0.9]
    assert len(history.report_step) == 3, "a step reported again replaces the earlier"


def test_points_that_were_seen() -> None:
    space = Space({"c": ["a", "b"], "k": Int(1, 3)})
    history = History(space, ["minimize"])
    history.put(
        [
            row(0, c="a", k=1),
            row(1, State.RUNNING, None, c="b", k=3),
            row(2, State.FAILED, None, c="a", k=2),
        ]
    )
    rows = space.decode(space.grid()[history.seen(space.grid())])
    assert rows == [{"c": "a", "k": 1}, {"c": "a", "k": 2}, {"c": "b", "k": 3}]
    assert history.n_seen == 3


def test_a_cut_shows_what_was_committed_before_and_the_trial_itself() -> None:
    history = History(SPACE, ["minimize"])
    history.put(
        [row(i, value=float(i)) for i in range(4)] + [row(i, State.RUNNING, None) for i in (4, 5)]
    )
    for number in range(6):
        history.put_report(number, 1, float(number))
    cut = history.before(5, window=2)
    assert cut.state.tolist() == [State.COMPLETE] * 4 + [State.RUNNING] * 2
    assert cut.report_number.tolist() == [0, 1, 2, 3, 5]
    cut = history.before(4, window=3)
    assert cut.report_number.tolist() == [0, 1, 4]
    assert cut.state.tolist() == [State.COMPLETE] * 2 + [State.RUNNING] * 4
    assert np.isnan(cut.last_step[2])
    assert cut.reports_of(4)[1].tolist() == [4.0]
    assert history.state.tolist()[:4] == [State.COMPLETE] * 4, "the whole is left as it was"


@pytest.mark.parametrize("n", [3, 20])
def test_costs_and_durations(n: int) -> None:
    history = History(SPACE, ["minimize"])
    rows = [
        TrialRow(
            number=i,
            state=State.COMPLETE,
            values=(1.0,),
            started_s=10.0,
            finished_s=10.0 + i,
            cost=i or None,
        )
        for i in range(n)
    ]
    history.put(rows)
    history.put([TrialRow(number=n, state=State.RUNNING, started_s=10.0)])
    np.testing.assert_equal(history.cost, [np.nan, *range(1, n), np.nan])
    np.testing.assert_equal(history.duration_s, [*range(n), np.nan])
    cut = history.without(history.number >= 2)
    np.testing.assert_equal(cut.cost, [np.nan, 1.0] + [np.nan] * (n - 1))
    np.testing.assert_equal(cut.duration_s, [0.0, 1.0] + [np.nan] * (n - 1))


@pytest.mark.parametrize("n", [3, 20])
def test_a_rerun_that_confirms_another_is_never_the_best(n: int) -> None:
    history = History(SPACE, ["maximize"])
    rows = [row(i, value=float(i)) for i in range(n)]
    history.put(
        [
            *rows,
            TrialRow(
                number=n, state=State.COMPLETE, values=(99.0,), tags={"confirms": 0, "repeat": 0}
            ),
        ]
    )
    assert history.confirming.tolist() == [False] * n + [True]
    assert history.best() == n - 1


def test_the_best_of_some_trials_are_chosen_from_those_alone() -> None:
    history = History(SPACE, ["minimize"])
    states = [State.COMPLETE, State.FAILED, State.COMPLETE, State.COMPLETE]
    history.put([row(i, s, [1.0, None, 2.0, 2.0][i]) for i, s in enumerate(states)])
    assert history.leaders(np.array([3, 1, 2])).tolist() == [2]
    assert history.leaders(np.array([1])).tolist() == []
    assert history.leaders(np.array([], dtype=np.int64)).tolist() == []


def test_what_became_of_hidden_trials_is_not_known() -> None:
    history = History(SPACE, ["maximize"])
    history.put([row(i, value=float(i), x=0.5) for i in range(5)])
    for number in range(5):
        history.put_report(number, 1, float(number))
    cut = history.without(np.array([False, True, False, True, True]))
    assert cut.state.tolist() == [
        State.COMPLETE,
        State.RUNNING,
        State.COMPLETE,
        State.RUNNING,
        State.RUNNING,
    ]
    assert cut.best() == 2
    assert cut.report_number.tolist() == [0, 2]
    assert len(cut.reports_of(1)[0]) == 0
    again = cut.without(np.array([True] + [False] * 4))
    assert again.report_number.tolist() == [2]
    assert again.best() == 2
    np.testing.assert_equal(again.X, history.X)
    assert history.best() == 4, "the whole is left as it was"


def test_the_worst_there_is_is_still_the_best_of_those_that_are_complete() -> None:
    history = History(SPACE, ["maximize"])
    history.put([row(0, State.FAILED, None), row(1, value=-np.inf), row(2, value=-np.inf)])
    assert history.best() == 1


def test_values_are_losses_there_and_back() -> None:
    assert History(SPACE, ["maximize"]).values_of([1.0, -2.0]).tolist() == [-1.0, 2.0]
    assert History(SPACE, ["minimize"]).values_of(1.5) == 1.5


def test_choices_are_looked_up_once_however_many_trials_there_are(monkeypatch) -> None:
    n_keys = 0

    def counting_key(value):
        nonlocal n_keys
        n_keys += 1
        return choice_key(value)

    space = Space({"user": Categorical(range(5_000))})
    monkeypatch.setattr("luthier.history.param_columns.choice_key", counting_key)
    history = History(space, ("minimize",), 0)
    for i in range(200):
        row = TrialRow(number=i, state=State.COMPLETE, params={"user": 20 * i}, values=(1.0,))
        history.put([row])
    assert n_keys == 200
    assert history.X[:, 0].tolist() == [20.0 * i for i in range(200)]
    history.set_space(Space({"user": Categorical(range(0, 5_000, 40))}))
    assert history.X[::2, 0].tolist() == [float(i) for i in range(100)]
    assert np.isnan(history.X[1::2, 0]).all()


@pytest.mark.parametrize("n_at_once", [1, 100])
def test_the_first_trial_that_was_stored_since_the_last_look(n_at_once: int) -> None:
    rows = [row(i, x=0.5) for i in range(100)]
    h = History(SPACE, ["minimize"])
    assert h.take_first_stored() == 0
    for i in range(0, 100, n_at_once):
        h.put(rows[i : i + n_at_once])
        assert h.take_first_stored() == i
        assert h.take_first_stored() == h.n
    h.put([rows[70], rows[20]])
    h.put([rows[30]])
    assert h.take_first_stored() == 20
    assert h.take_first_stored() == 100


def test_a_name_that_a_trial_does_not_have_is_explained():
    h = History(Space({"lr": Float(0, 1)}), ["minimize"])
    h.put([TrialRow(number=0, state=State.COMPLETE, params={"lr": 0.5}, values=(1.0,))])
    assert h.params(0) == {"lr": 0.5}
    said = "trial 0 has no parameter 'lrr'; did you mean 'lr'"
    with pytest.raises(MissingParameterError, match=said):
        h.params(0)["lrr"]
