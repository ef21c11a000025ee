"""Tasks of studies and of rows: which trials are kept, and what their losses are."""

import math

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.errors import ObjectiveValueError, TaskError
from luthier.transfer import task_of_rows, task_of_study

SPACE = Space({"x": Float(0, 1), "k": Int(1, 5)})


def test_a_study_becomes_a_task_with_losses_that_are_to_be_small():
    study = luthier.create_study("old", direction="maximize", space=SPACE, seed=0)
    study.optimize(lambda t: t.params["x"], n_trials=10, progress=False)
    task = task_of_study(study, family="net")
    assert (task.name, task.family, task.n) == ("old", "net", 10)
    np.testing.assert_array_equal(task.losses, study.history.losses)
    np.testing.assert_array_equal(task.X, study.history.X)


def test_rows_that_failed_or_broke_a_constraint_come_after_all_others():
    rows = [
        TrialRow(number=0, state=State.COMPLETE, params={"x": 0.1, "k": 1}, values=(1.0,)),
        TrialRow(number=1, state=State.COMPLETE, params={"x": 0.2, "k": 1}, values=(3.0,)),
        TrialRow(
            number=2,
            state=State.COMPLETE,
            params={"x": 0.3, "k": 1},
            values=(0.0,),
            constraints={"size": 1.0},
        ),
        TrialRow(number=3, state=State.FAILED, params={"x": 0.4, "k": 1}),
        TrialRow(number=4, state=State.PRUNED, params={"x": 0.5, "k": 1}, values=(0.0,)),
        TrialRow(number=5, state=State.WAITING, params={"x": 0.6, "k": 1}),
        TrialRow(number=6, state=State.COMPLETE, params={"x": 0.7, "k": 1}, values=(math.nan,)),
    ]
    task = task_of_rows(rows, SPACE)
    assert task.X[:, 0] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert task.losses[:, 0].tolist() == [1.0, 3.0, 4.0, 4.0]


def curve_trial(i, state, reports):
    value = list(reports.values())[-1] if state == State.COMPLETE else None
    values = None if value is None else (value,)
    params = {"x": 0.1 * i, "k": 1}
    return TrialRow(
        number=i, state=state, params=params, values=values, reports=tuple(reports.items())
    )


def test_a_trial_that_was_trained_in_part_counts_as_what_it_would_have_come_to():
    rows = [
        curve_trial(0, State.COMPLETE, {1: 5.0, 3: 3.0, 9: 1.0}),
        curve_trial(1, State.COMPLETE, {1: 6.0, 3: 4.0, 9: 3.0}),
        curve_trial(2, State.PAUSED, {1: 6.5}),  # others gained 4 and 3 from there
        curve_trial(3, State.PRUNED, {1: 7.0, 3: 4.0}),  # 2 and 1
        curve_trial(4, State.PRUNED, {1: 99.0}),
        curve_trial(5, State.PRUNED, {}),
        curve_trial(6, State.RUNNING, {1: 0.0}),
    ]
    task = task_of_rows(rows, SPACE)
    assert task.losses[:, 0].tolist() == [1.0, 3.0, 3.0, 2.5, 95.5]
    assert task.is_penalised.tolist() == [False, False, True, True, True]


def test_without_a_complete_curve_nobody_knows_what_stopped_trials_would_have_come_to():
    rows = [({"x": 0.1, "k": 1}, 2.0), curve_trial(1, State.PRUNED, {1: 3.0})]
    assert task_of_rows(rows, SPACE).n == 1


@pytest.mark.parametrize(
    "values", [(math.inf, 2.0, 1.0), (1e308, 2.0, -1e308), (-math.inf, 2.0, 1.0)], ids=str
)
def test_losses_of_any_size_become_finite_and_keep_their_order(values):
    rows = [({"x": 0.1 * i, "k": 1}, v) for i, v in enumerate(values)]
    rows.append(TrialRow(number=0, state=State.FAILED, params={"x": 0.9, "k": 1}))
    losses = task_of_rows(rows, SPACE).losses[:, 0]
    assert np.isfinite(losses).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(losses[order]) >= 0).all()
    assert losses[3] > losses[:3].max()


def test_where_all_have_failed_there_is_no_row():
    rows = [TrialRow(number=0, state=State.FAILED, params={"x": 0.4, "k": 1})] * 3
    assert task_of_rows(rows, SPACE).n == 0
    assert task_of_rows([], SPACE).n == 0


def test_pairs_of_params_and_values_get_ranges_that_hold_them():
    pairs = [
        ({"lr": 1e-4, "depth": 3, "kind": "a", "bias": True}, 0.5),
        ({"lr": 1e-1, "depth": 8, "kind": "b", "bias": False}, 0.4),
    ]
    task = task_of_rows(pairs, name="table")
    assert task.space.params == {
        "lr": Float(1e-4, 1e-1, log=True),
        "depth": Int(3, 8),
        "kind": Categorical(("a", "b")),
        "bias": Categorical((True, False)),
    }
    assert task.losses[:, 0].tolist() == [0.5, 0.4]


def test_rows_of_several_objectives():
    rows = [({"x": 0.5, "k": 2}, (0.9, 20.0)), ({"x": 0.6, "k": 2}, {"latency": 10.0, "acc": 0.8})]
    task = task_of_rows(rows, SPACE, ("maximize", "minimize"), ("acc", "latency"))
    assert task.losses.tolist() == [[-0.9, 20.0], [-0.8, 10.0]]


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (3, TaskError, "pairs of params and a value"),
        ("ab", TaskError, "pairs of params and a value"),
        ((1, 2), TaskError, "pairs of params and a value"),
        (({"x": 0.5}, "good"), ObjectiveValueError, "an earlier task"),
        (({"x": 0.5}, (1, 2)), ObjectiveValueError, "an earlier task"),
        (({"x": math.inf}, 1.0), TaskError, "finite"),
        (({"": 1.0}, 1.0), TaskError, "name"),
    ],
    ids=["number", "text", "no-params", "no-value", "two-values", "infinite", "no-name"],
)
def test_what_is_no_row_is_refused(row, error, message):
    with pytest.raises(error, match=message):
        task_of_rows([row])


@pytest.mark.parametrize("study", [None, 3, [], "old"], ids=str)
def test_what_is_no_study_is_no_task(study):
    with pytest.raises(TaskError, match="expected a study"):
        task_of_study(study)


@pytest.mark.parametrize(
    "settings",
    [{"directions": "minimize"}, {"objectives": "loss"}, {"objectives": [3]}],
    ids=range(3),
)
def test_a_text_is_no_list_of_names(settings):
    with pytest.raises(TaskError, match="are a list of texts"):
        task_of_rows([({"x": 1.0}, 2.0)], **settings)


def test_rows_are_a_list_and_a_space_may_be_a_dict():
    with pytest.raises(TaskError, match="rows are a list"):
        task_of_rows(3)
    task = task_of_rows([({"x": 0.5}, 2.0)], {"x": Float(0, 1)})
    assert task.space.params == {"x": Float(0, 1)}
