"""The model of partly trained trials, the scheduler and the sampler that use it, and forecasts."""

import copy
import math
import pickle

import numpy as np
import pytest

import luthier
from luthier.errors import StudyError
from luthier.history.history import History
from luthier.history.resources import full_resource
from luthier.models.learning_curves import fit_curves, rung_levels, tabulate_curves
from luthier.schedulers import ASHA, Auto, Decision, FreezeThaw
from luthier.schedulers.base import Next, Resume
from luthier.space.distributions import Float
from luthier.space.space import Space
from luthier.trial.record import State, TrialRow, Turn

SPACE = Space({"x": Float(0, 1), "y": Float(0, 1)})
C = State.COMPLETE
P = State.PAUSED
R = State.RUNNING
F = State.FAILED


def curve(x, y, step, end=32):
    """Falls towards (x - 0.3)^2 + (y - 0.6)^2, quickly where x is large."""
    return (x - 0.3) ** 2 + (y - 0.6) ** 2 + math.exp(-3 * (0.5 + x) * step / end)


def history(rows, direction="minimize"):
    """From (state, x, y, steps), and after them a step from which it was resumed."""
    h = History(SPACE, [direction], seed=1)
    sign = -1 if direction == "maximize" else 1
    for number, (state, x, y, steps, *granted) in enumerate(rows):
        turns = tuple(Turn(float(g), {"x": x, "y": y}) for g in granted)
        last = sign * curve(x, y, steps[-1]) if steps else None
        values = (last,) if state in (C, P) and steps else None
        h.put(
            [
                TrialRow(
                    number=number,
                    state=state,
                    params={"x": x, "y": y},
                    values=values,
                    turns=turns,
                    token=1,
                )
            ]
        )
        for step in steps:
            h.put_report(number, float(step), sign * curve(x, y, step))
    return h


def many(n, seed=0, ends=4):
    rng = np.random.default_rng(seed)
    rows = [(P, *rng.random(2), range(1, 9)) for _ in range(n)]
    for i in range(ends):
        rows[i * 2] = (C, *rows[i * 2][1:3], range(1, 33))
    return rows


def test_rungs_halve_from_the_end():
    assert rung_levels(32.0).tolist() == [1, 2, 4, 8, 16, 32]
    assert rung_levels(1.0)[0] == 1 / 32


def test_a_trial_counts_at_a_rung_with_its_first_report_there_or_beyond():
    h = history(
        [(P, 0.1, 0.1, [1, 3, 7]), (C, 0.2, 0.2, [32]), (R, 0.3, 0.3, []), (F, 0.4, 0.4, [1])]
    )
    told = tabulate_curves(h, rung_levels(32.0))
    assert told.number.tolist() == [0, 1, 3]
    np.testing.assert_allclose(told.V[0], [curve(0.1, 0.1, s) for s in (1, 3, 7)] + [np.nan] * 3)
    np.testing.assert_allclose(told.V[1], [curve(0.2, 0.2, 32)] * 6)
    assert told.V[2, 0] == np.nanmax(told.V[:2, 0])  # a failed trial is as bad as any
    assert np.isnan(told.V[2, 1:]).all()
    assert told.best == min(curve(0.1, 0.1, 7), curve(0.2, 0.2, 32))


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_losses_that_are_not_finite_are_as_bad_as_any(broken):
    h = history(many(12))
    h.put_report(5, 4.0, broken)
    told = tabulate_curves(h, rung_levels(32.0))
    assert np.isfinite(told.V[~np.isnan(told.V)]).all()
    assert told.V[5, 2] == np.nanmax(told.V[:, 2])
    assert fit_curves(SPACE, h) is not None


def test_the_resource_is_what_the_furthest_complete_trial_reached():
    assert full_resource(history([(P, 0.1, 0.1, [8])])) is None
    assert full_resource(history([(P, 0.1, 0.1, [8]), (C, 0.1, 0.1, [1, 4])])) == 4


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_model_expects_of_paused_trials_what_they_come_to(direction):
    rows = many(40, ends=10)
    h = history(rows, direction)
    model = fit_curves(SPACE, h)
    end = np.array([curve(x, y, 32) for _, x, y, *_ in rows])
    order = np.argsort(np.argsort(end[model.number]))
    assert np.corrcoef(order, np.argsort(np.argsort(model.mean)))[0, 1] > 0.95
    assert (model.n_ended, model.agreement > 0.8) == (10, True)


def test_the_model_is_a_function_of_the_history():
    rows = many(30)
    h = history(rows)
    model = fit_curves(SPACE, h)
    assert fit_curves(SPACE, h) is model  # made once
    again = fit_curves(SPACE, history(rows))
    np.testing.assert_array_equal(model.mean, again.mean)
    grown = history(rows[:20])
    fit_curves(SPACE, grown)  # fitted on the way
    for number, (state, x, y, steps) in list(enumerate(rows))[20:]:
        grown.put(
            [TrialRow(number=number, state=state, params={"x": x, "y": y}, values=(0.0,), token=1)]
        )
        for step in steps:
            grown.put_report(number, float(step), curve(x, y, step))
    np.testing.assert_allclose(fit_curves(SPACE, grown).mean, model.mean, rtol=1e-9)


def test_too_few_trials_are_no_model():
    assert fit_curves(SPACE, history(many(7))) is None
    assert fit_curves(SPACE, History(SPACE, ["minimize"])) is None


# -- FreezeThaw
# ----------------------------------------------------------------------------------------------


def test_it_pauses_at_each_rung_once_and_the_first_trials_later():
    scheduler = FreezeThaw(max_resource=32)
    said = [scheduler.decide(history([(R, 0.5, 0.5, range(1, n + 1))]), 0) for n in range(1, 33)]
    assert next(n for n, d in enumerate(said, 1) if d is Decision.PAUSE) == 4
    rows = many(9)
    for granted, at in ((None, 1), (1, 2), (2, 4), (8, 16), (16, None)):
        paused = None
        for n in range(int(granted or 0) + 1, 33):
            one = (R, 0.5, 0.5, range(1, n + 1), *([granted] if granted else []))
            if scheduler.decide(history([*rows, one]), 9) is Decision.PAUSE:
                paused = n
                break
        assert paused == at, granted


def test_until_a_trial_has_ended_all_run_through_where_nobody_said_how_long_they_are():
    rows = [(R, 0.5, 0.5, range(1, 20)), (P, 0.5, 0.5, range(1, 20))]
    assert FreezeThaw().decide(history(rows), 0) is Decision.CONTINUE
    assert FreezeThaw().next(history(rows)) is Next.START
    assert FreezeThaw().decide(history([*rows, (C, 0.1, 0.1, range(1, 33))]), 0) is Decision.PAUSE


def test_it_resumes_who_promises_most_and_begins_others_where_they_promise_more():
    rows = many(30, ends=10)
    move = FreezeThaw().next(history(rows))
    ends = [curve(x, y, 32) if state == P else math.inf for state, x, y, _ in rows]
    assert isinstance(move, Resume)
    assert ends[move.number] <= sorted(ends)[4]
    poor = [(s, 0.9 + x / 10, y / 10, steps) for s, x, y, steps in many(30, ends=12)]
    assert FreezeThaw().next(history(poor)) is Next.START


def test_something_is_always_trained_to_its_end():
    """However good new points look, what short trainings say has to be checked."""
    move = FreezeThaw(max_resource=32).next(history(many(30, ends=0)))
    assert isinstance(move, Resume)


def test_where_no_trial_can_begin_only_the_best_of_each_rung_go_on():
    h = history(many(30, ends=10))
    h.update_info(budget=30)
    move = FreezeThaw().next(h)
    assert isinstance(move, Resume)
    everyone_ended = history([(C, *r[1:3], range(1, 33)) for r in many(12)])
    everyone_ended.update_info(budget=12)
    assert (
        FreezeThaw().next(everyone_ended) is Next.START
    )  # which nobody can follow: the study is over


def test_decisions_are_the_same_for_a_copy_and_a_history_read_anew():
    rows = many(30, ends=5)
    moves = {FreezeThaw().next(history(rows)) for _ in range(2)}
    scheduler = FreezeThaw()
    h = history(rows)
    moves |= {
        scheduler.next(h),
        scheduler.next(h),
        pickle.loads(pickle.dumps(scheduler)).next(copy.deepcopy(h)),
    }
    assert len(moves) == 1


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, "32"])
def test_a_resource_is_a_positive_number(wrong):
    for kind in (FreezeThaw, Auto):
        with pytest.raises(ValueError, match="max_resource must be a finite number > 0"):
            kind(wrong)


def trained(trial):
    x, y = trial.params["x"], trial.params["y"]
    for step in range(int(trial.step) + 1, 33):
        trial.report(curve(x, y, step), step, checkpoint={"x": x})
        if trial.should_prune():
            raise luthier.TrialPruned
    return curve(x, y, 32)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["gp", "tpe", "random", "forest", None])
@pytest.mark.parametrize("scheduler", [FreezeThaw, Auto])
def test_a_study_trains_less_and_finds_as_much(sampler, scheduler):
    study = luthier.create_study(space=SPACE, sampler=sampler, scheduler=scheduler(), seed=0)
    study.optimize(trained, n_trials=30, progress=False)
    n_steps = sum(len(t.reports) for t in study.trials)
    assert n_steps < 0.6 * 30 * 32
    assert not any(t.state == State.RUNNING for t in study.trials)
    assert sum(t.state == C for t in study.trials) >= 1
    if sampler in ("gp", None):
        assert study.best_value - curve(0.3, 0.6, 32) < 0.05


def test_several_workers_share_it(tmp_path):
    study = luthier.create_study(
        space=SPACE,
        storage=f"sqlite:///{tmp_path}/a.db",
        sampler="random",
        scheduler=FreezeThaw(32),
        seed=0,
    )
    study.optimize(trained, n_trials=20, n_jobs=2, progress=False)
    rows = study.trials
    assert len(rows) == 20
    assert all(r.state in (C, P) for r in rows)
    for r in rows:
        steps = [s for s, _ in r.reports]
        assert steps == list(range(1, len(steps) + 1))


# -- Auto
# ----------------------------------------------------------------------------------------------


def test_auto_says_what_it_does_and_why():
    auto = Auto()
    assert auto.explain() == "none: nothing has been decided yet"
    auto.next(history([(R, 0.5, 0.5, [1])]))
    assert "no trial has come to its end" in auto.explain()
    auto.next(history(many(30, ends=10)))
    assert auto.explain().startswith(
        "FreezeThaw: trials end at step 32; early and late losses agree with tau = "
    )
    several = History(SPACE, ["minimize", "maximize"])
    auto = Auto(max_resource=32)
    auto.next(several)
    assert auto.explain() == "ASHA: 2 objectives"
    auto.next(history([(R, 0.5, 0.5, [])] * 65))
    assert auto.explain().startswith("ASHA: 65 trials at a time")


def test_auto_stops_early_no_more_where_early_losses_mislead():
    rng = np.random.default_rng(3)
    h = History(SPACE, ["minimize"], seed=1)
    for number, (x, y) in enumerate(rng.random((40, 2))):
        done = number % 3 == 0
        h.put(
            [
                TrialRow(
                    number=number,
                    state=C if done else P,
                    params={"x": x, "y": y},
                    values=(1.0,),
                    token=1,
                )
            ]
        )
        for step in range(1, 33 if done else 9):
            early = float(rng.standard_normal())
            h.put_report(number, float(step), curve(x, y, 32) if step == 32 else early)
    auto = Auto()
    assert auto.next(h) is Next.START
    assert auto.explain().startswith(
        "none: rungs rank trials differently: early and late losses agree"
    )
    h.put([TrialRow(number=40, state=R, params={"x": 0.5, "y": 0.5}, token=1)])
    h.put_report(40, 1.0, 0.0)
    assert auto.decide(h, 40) is Decision.CONTINUE
    assert FreezeThaw().decide(h, 40) is Decision.PAUSE


# -- forecasts
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_forecast_holds_what_a_trial_comes_to_as_often_as_it_says(direction):
    """Curves a + b exp(-step / 8) with noise: at 8 of 32 steps, what 80 % intervals hold."""
    rng = np.random.default_rng(0)
    sign = -1 if direction == "maximize" else 1
    held, wide = [], []
    for _ in range(40):
        h = History(SPACE, [direction])
        a, b = rng.random(30), 1 + rng.random(30)
        for i in range(30):
            state = C if i < 25 else P
            h.put(
                [
                    TrialRow(
                        number=i, state=state, params={"x": a[i], "y": 0.5}, values=(0.0,), token=1
                    )
                ]
            )
            for step in range(1, 33 if i < 25 else 9):
                h.put_report(
                    i,
                    float(step),
                    sign * (a[i] + b[i] * math.exp(-step / 8) + 0.05 * rng.standard_normal()),
                )
        from luthier.analysis.forecasting import forecast

        for i in range(25, 30):
            f = forecast(h, i, 0.8, None)
            end = sign * (a[i] + b[i] * math.exp(-4) + 0.05 * rng.standard_normal())
            held.append(f.low[-1] <= end <= f.high[-1])
            wide.append(f.high[-1] - f.low[-1])
            assert f.steps[0] == 8
            assert f.steps[-1] == 32
            assert all(x <= y <= z for x, y, z in zip(f.low, f.values, f.high, strict=True))
    assert 0.7 < np.mean(held) < 0.9
    assert (
        np.mean(wide) < 0.9
    )  # without the early losses it would take 0.8 · the range of a, or more


def test_forecast_of_a_study():
    study = luthier.create_study(space=SPACE, scheduler=ASHA(max_resource=32), seed=0)
    study.optimize(trained, n_trials=20, progress=False)
    paused = next(t for t in study.trials if t.state == P)
    f = study.forecast(paused)
    assert f == study.forecast(paused.number)
    assert f.values[0] == paused.value
    assert "at step 32, 90 % within" in repr(f)
    done = study.forecast(study.best_trial)
    assert (done.steps, done.values) == ((32.0,), (study.best_value,))
    assert study.forecast(paused, level=0.5).high[-1] < f.high[-1]
    assert study.forecast(paused, resource=64).steps[-1] == 64


def test_what_cannot_be_forecast_says_so():
    study = luthier.create_study(space=SPACE)
    trial = study.ask()
    with pytest.raises(StudyError, match="trial 0 has reported nothing"):
        study.forecast(0)
    trial.report(1.0, 2)
    with pytest.raises(StudyError, match="pass resource="):
        study.forecast(0)
    assert study.forecast(0, resource=8).values[-1] == 1.0
    with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
        study.forecast(0, level=1.0)
    with pytest.raises(StudyError, match="trial 7"):
        study.forecast(7)
