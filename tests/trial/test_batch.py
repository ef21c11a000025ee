"""A batch of trials: what the objective is given, and what it may hand back."""

import collections
import contextlib
import logging

import numpy as np
import pytest

import luthier
from luthier.errors import MissingParameterError, ObjectiveValueError, ReportError, TrialError
from luthier.schedulers import ASHA, Median

SPACE = luthier.Space(
    {"x": luthier.Float(0.0, 1.0), "n": luthier.Int(1, 9), "kind": luthier.Categorical(["a", "b"])}
)


def create(**settings):
    settings.setdefault("space", SPACE)
    return luthier.create_study(sampler="random", seed=0, **settings)


def double(trials):
    return 2 * trials.params["x"]


def states(study):
    return dict(collections.Counter(row.state.name for row in study.trials))


def test_each_row_is_a_trial_with_its_own_params_and_value():
    study = create()
    sizes = []

    def objective(trials):
        sizes.append(len(trials))
        return double(trials)

    study.optimize(objective, n_trials=10, batch=4)
    assert sizes == [4, 4, 2]
    assert [row.number for row in study.trials] == list(range(10))
    assert len({row.params["x"] for row in study.trials}) == 10
    for row in study.trials:
        assert row.values == (2 * row.params["x"],)


def test_a_batch_larger_than_the_run_is_as_large_as_the_run():
    study = create()
    study.optimize(double, n_trials=3, batch=64)
    study.optimize(double, total=5, batch=64)
    assert states(study) == {"COMPLETE": 5}


def test_columns_have_the_type_of_their_parameter():
    study = create()
    seen = []

    def objective(trials):
        seen.append(trials.params)
        trials.params["x"][:] = 7.0  # a copy
        return trials.params["x"]

    study.optimize(objective, n_trials=4, batch=4)
    [params] = seen
    assert {name: column.dtype.kind for name, column in params.items()} == {
        "x": "f",
        "n": "i",
        "kind": "O",
    }
    assert params["kind"].tolist() == [row.params["kind"] for row in study.trials]
    assert params["x"].tolist() == [row.values[0] for row in study.trials]
    with pytest.raises(MissingParameterError, match="did you mean 'kind'"):
        params["kinds"]


def test_an_inactive_parameter_is_nan_or_none():
    space = luthier.Space(
        {
            "kind": luthier.Categorical(["a", "b"]),
            "x": luthier.Float(0.0, 1.0, when={"kind": "a"}),
            "n": luthier.Int(1, 9, when={"kind": "a"}),
            "shape": luthier.Categorical(["r", "s"], when={"kind": "a"}),
        }
    )
    study = create(space=space)
    seen = []

    def objective(trials):
        seen.append(trials.params)
        return np.zeros(len(trials))

    study.optimize(objective, n_trials=16, batch=16)
    [params] = seen
    inactive = params["kind"] == "b"
    assert 0 < inactive.sum() < 16
    assert (np.isnan(params["x"]) == inactive).all()
    assert params["n"].dtype == np.float64
    assert (np.isnan(params["n"]) == inactive).all()
    assert ([v is None for v in params["shape"]] == inactive).all()
    for row, is_inactive in zip(study.trials, inactive, strict=True):
        assert set(row.params) == ({"kind"} if is_inactive else set(space.params))


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x,
        lambda x: x.astype(np.float32),
        lambda x: x.tolist(),
        lambda x: tuple(x),
        lambda x: x[:, None],
        lambda x: (100 * x).astype(np.int64),
        lambda x: {"value": x},
    ],
    ids=["array", "float32", "list", "tuple", "column", "int64", "by_name"],
)
def test_values_may_be_of_any_type_of_numbers(convert):
    study = create(objectives={"value": "minimize"})
    study.optimize(lambda trials: convert(trials.params["x"]), n_trials=3, batch=3)
    for row in study.trials:
        assert type(row.values[0]) is float
    assert states(study) == {"COMPLETE": 3}


def test_several_objectives_are_columns():
    study = create(objectives={"loss": "minimize", "size": "maximize"})
    both = []

    def objective(trials):
        x = trials.params["x"]
        both.append(np.stack([x, -x], axis=1))
        trials.report(both[-1], 1)
        return both[-1] if len(both) == 1 else {"size": -x, "loss": x}

    study.optimize(objective, n_trials=6, batch=3)
    for row in study.trials:
        assert row.values == (row.params["x"], -row.params["x"])
        assert row.reports == ((1.0, row.values),)


def test_constraints_costs_and_tags_are_columns():
    study = create()

    def objective(trials):
        trials.set_constraint("small", trials.params["x"] - 0.5)
        trials.set_cost(np.arange(len(trials)))
        trials.set_tag("host", "a")
        trials[0].set_tag("first", True)
        return trials.params["x"]

    study.optimize(objective, n_trials=4, batch=4)
    for i, row in enumerate(study.trials):
        assert row.constraints == {"small": row.params["x"] - 0.5}
        assert row.cost == i
        assert row.tags == ({"host": "a", "first": True} if i == 0 else {"host": "a"})


def test_nan_fails_its_row_alone(caplog):
    study = create()

    def objective(trials):
        values = double(trials)
        values[1] = np.nan
        return values

    study.optimize(objective, n_trials=4, batch=4)
    assert [row.state.name for row in study.trials] == ["COMPLETE", "FAILED"] + ["COMPLETE"] * 2
    assert "NaN is no result" in study.trials[1].error


def test_a_value_that_is_no_number_fails_its_row_and_ends_the_run():
    study = create()
    with pytest.raises(ObjectiveValueError, match="trial 2 returned None"):
        study.optimize(lambda trials: [1.0, 2.0, None, 4.0], n_trials=8, batch=4)
    assert [row.state.name for row in study.trials] == ["COMPLETE"] * 2 + ["FAILED", "COMPLETE"]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([1.0, 2.0, 3.0], r"returned 3 values; expected a value for each of 4 trials"),
        (0.5, r"returned 0.5 \(float\); expected a value for each of 4 trials"),
        (None, r"returned None \(NoneType\)"),
        ({"loss": [1.0] * 4}, "unknown 'loss'"),
    ],
    ids=["too_few", "number", "none", "name"],
)
def test_values_that_are_not_one_a_row_fail_all_rows(returned, message):
    study = create()
    with pytest.raises(ObjectiveValueError, match=message):
        study.optimize(lambda trials: returned, n_trials=8, batch=4)
    assert states(study) == {"FAILED": 4}
    study.optimize(lambda trials: returned, n_trials=4, batch=4, catch=ObjectiveValueError)
    assert states(study) == {"FAILED": 8}


def test_what_the_objective_raises_fails_all_rows_that_run():
    study = create()

    def objective(trials):
        trials.finish(double(trials), [True, False, False])
        raise KeyError("out")

    with pytest.raises(KeyError, match="out"):
        study.optimize(objective, n_trials=6, batch=3)
    assert [row.state.name for row in study.trials] == ["COMPLETE", "FAILED", "FAILED"]
    assert all('raise KeyError("out")' in row.error for row in study.trials[1:])
    study.optimize(objective, n_trials=6, batch=3, catch=KeyError)
    assert states(study) == {"COMPLETE": 3, "FAILED": 6}


def test_a_report_has_a_value_for_each_row():
    study = create()
    with pytest.raises(ReportError, match="got 2 values; expected a value for each of 4 trials"):
        study.optimize(lambda trials: trials.report([1.0, 2.0], 1), n_trials=4, batch=4)
    with pytest.raises(ReportError, match="step has 2 values; expected one for each of 4 trials"):
        study.optimize(lambda trials: trials.report([1.0] * 4, [1, 2]), n_trials=4, batch=4)
    with pytest.raises(ReportError, match="got value = 'b'"):
        study.optimize(lambda trials: trials.report([1.0, "b"], 1), n_trials=2, batch=2)
    assert [row.reports for row in study.trials] == [()] * 10


def test_the_scheduler_stops_rows_in_the_middle():
    study = create(scheduler=Median(n_startup_trials=2))
    asked = []

    def objective(trials):
        x = trials.params["x"]
        for step in (1, 2, 3):
            trials.report(x * step, step)
            asked.append(trials.should_stop())
        return x

    study.optimize(objective, n_trials=16, batch=8)
    assert not np.any(asked[:3])  # there was nothing to compare with
    assert (asked[4] >= asked[3]).all()
    stopped = {row.number for row in study.trials if row.state == luthier.State.PRUNED}
    assert stopped == {8 + i for i in np.flatnonzero(asked[-1])}
    assert 0 < len(stopped) < 8
    for row in study.trials:
        last = row.reports[-1][1]
        assert row.values == ((last,) if row.number in stopped else (row.params["x"],))
        assert len(row.reports) == 3 or row.number in stopped


def test_each_row_is_decided_as_if_it_were_alone():
    steps = (1, 2, 3)
    together = create(scheduler=Median(n_startup_trials=3))

    def objective(trials):
        for step in steps:
            trials.report(trials.params["x"] * step, step)
            trials.should_stop()
        return trials.params["x"]

    together.optimize(objective, n_trials=12, batch=1)

    alone = create(scheduler=Median(n_startup_trials=3))

    def one(trial):
        for step in steps:
            trial.report(trial.params["x"] * step, step)
            if trial.should_stop():
                raise luthier.TrialPruned
        return trial.params["x"]

    alone.optimize(one, n_trials=12)
    assert [(r.params, r.state, r.values, r.reports) for r in together.trials] == [
        (r.params, r.state, r.values, r.reports) for r in alone.trials
    ]
    assert "PRUNED" in states(alone)


def train(n_steps, seen=None):
    """An objective whose weights grow by x each step; rows are refilled, checkpoints are rows."""

    def objective(trials):
        if seen is not None:
            seen.append(len(trials))
        weights = trials.restore({"w": np.zeros((len(trials), 2))})["w"]
        while trials.running.any():
            weights += trials.params["x"][:, None]
            step = trials.step + 1
            trials.report(weights[:, 0], step, checkpoint={"w": weights, "rate": 0.5})
            trials.should_stop()
            trials.finish(weights[:, 0], step == n_steps)
            weights[trials.refill()] = 0.0
            weights = trials.restore({"w": weights, "rate": 0.5})["w"]

    return objective


@pytest.mark.parametrize("storage", [None, "sqlite"])
def test_freed_rows_are_refilled_until_the_bound(storage, tmp_path):
    url = None if storage is None else f"sqlite:///{tmp_path}/a.db"
    study = create(storage=url, scheduler=Median(n_startup_trials=4))
    seen = []
    study.optimize(train(4, seen), n_trials=15, batch=4)
    assert seen == [4]
    assert len(study.trials) == 15
    assert set(states(study)) == {"COMPLETE", "PRUNED"}
    for row in study.trials:
        steps = [step for step, _ in row.reports]
        assert steps == [1.0, 2.0, 3.0, 4.0][: len(steps)]
        np.testing.assert_allclose(
            [v for _, v in row.reports], row.params["x"] * np.array(steps), rtol=1e-12
        )


def test_a_paused_row_goes_on_from_its_checkpoint():
    study = create(scheduler=ASHA(min_resource=1, max_resource=9))
    study.optimize(train(9), n_trials=20, batch=4)
    resumed = [row for row in study.trials if row.turns]
    assert resumed
    assert states(study)["COMPLETE"] > 0
    for row in study.trials:
        steps = np.array([step for step, _ in row.reports])
        assert steps.tolist() == list(range(1, len(steps) + 1))
        np.testing.assert_allclose([v for _, v in row.reports], row.params["x"] * steps, rtol=1e-12)


def test_a_checkpoint_has_a_row_for_each_trial():
    study = create()
    with pytest.raises(TrialError, match="checkpoint has 3 rows; expected one for each of 4"):
        study.optimize(
            lambda trials: trials.report(np.zeros(4), 1, checkpoint={"w": np.zeros(3)}),
            n_trials=4,
            batch=4,
        )


def test_rows_that_are_over_are_neither_reported_nor_returned():
    study = create()

    def objective(trials):
        trials.finish(np.full(4, 5.0), [True, False, False, False])
        assert trials.running.tolist() == [False, True, True, True]
        assert trials.should_stop().tolist() == [True, False, False, False]
        values = [None, 1.0, 2.0, 3.0]
        trials.report(values, 1)
        trials.finish(np.full(4, 9.0), [True, False, False, False])
        return values

    study.optimize(objective, n_trials=4, batch=4)
    assert [row.values for row in study.trials] == [(5.0,), (1.0,), (2.0,), (3.0,)]
    assert [len(row.reports) for row in study.trials] == [0, 1, 1, 1]


def test_which_rows_end_is_said_by_booleans():
    study = create()
    for where in ([0, 1], [True], 1, np.ones(2)):
        with pytest.raises(TrialError, match="2 booleans, one a trial"):
            study.optimize(
                lambda trials, where=where: trials.finish(np.zeros(2), where), n_trials=2, batch=2
            )


def test_random_numbers_are_those_of_each_trial():
    together, alone = create(), create()
    together.optimize(lambda trials: [t.rng.random() for t in trials], n_trials=4, batch=4)
    alone.optimize(lambda trial: trial.rng.random(), n_trials=4)
    assert [row.values for row in together.trials] == [row.values for row in alone.trials]


def test_a_failing_callback_ends_the_run_and_gives_the_other_rows_back():
    study = create()

    def objective(trials):
        with contextlib.suppress(RuntimeError):  # it is raised all the same
            trials.finish(double(trials), np.arange(4) < 2)
        return double(trials)

    def call(study, row):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        study.optimize(objective, n_trials=8, batch=4, callbacks=[call])
    assert states(study) == {"COMPLETE": 2, "WAITING": 2}


def test_a_stop_in_a_callback_ends_the_refilling():
    study = create()
    study.optimize(train(2), n_trials=40, batch=4, callbacks=[lambda study, row: study.stop()])
    assert states(study) == {"COMPLETE": 4}


def test_a_finite_space_ends_within_a_batch(caplog):
    space = luthier.Space({"n": luthier.Int(1, 10)})
    study = luthier.create_study(space=space, sampler="grid")
    with caplog.at_level(logging.INFO, "luthier"):
        study.optimize(lambda trials: trials.params["n"], batch=4)
    assert sorted(row.params["n"] for row in study.trials) == list(range(1, 11))


def test_enqueued_trials_run_first():
    study = create()
    study.enqueue({"x": 0.25, "n": 3, "kind": "b"})
    study.optimize(double, n_trials=4, batch=4)
    assert study.trials[0].values == (0.5,)
    assert states(study) == {"COMPLETE": 4}


def test_a_trial_of_a_batch_is_finished_and_confirmed_alone():
    study = create(scheduler=ASHA(min_resource=1, max_resource=9))
    study.optimize(train(9), n_trials=12, batch=4)
    paused = next(row for row in study.trials if row.state == luthier.State.PAUSED)
    row = study.finish(paused)
    assert row.state == luthier.State.COMPLETE
    assert row.values == pytest.approx((9 * row.params["x"],))


def test_what_a_batch_cannot_be_is_said_before_it_begins():
    study = create()
    for batch in (0, -1, 2.5, True, "auto"):
        with pytest.raises(ValueError, match="batch must be a whole number >= 1 or None"):
            study.optimize(double, n_trials=4, batch=batch)
    for more in ({"n_jobs": 2}, {"executor": "ray"}):
        with pytest.raises(ValueError, match="rows of a batch run together in this process"):
            study.optimize(double, n_trials=4, batch=4, **more)
    with pytest.raises(ValueError, match="limits and resources are kept for trials"):
        study.optimize(double, n_trials=4, batch=4, limits={"time_s": 1})
    assert study.trials == []


def test_a_batch_needs_a_declared_space():
    study = luthier.create_study()
    with pytest.raises(luthier.errors.StudyError, match="no declared space"):
        study.optimize(double, n_trials=4, batch=4)
    assert study.trials == []
