import json
import math
from types import SimpleNamespace

import pytest

import luthier
from luthier.errors import StudyError, UnknownParameterError
from luthier.history.history import History
from luthier.schedulers import PBT, Decision, Replay, from_name
from luthier.schedulers.base import Next, Resume
from luthier.space.distributions import Float
from luthier.space.space import Space
from luthier.trial.record import State, TrialRow, Turn

A = {"x": 0.1}
B = {"x": 0.2}
C = {"x": 0.3}
PATH = {0: A, 10: B, 20: C}


def told(last=None, state=State.RUNNING, granted=None, n=1):
    history = History(Space({"x": Float(0, 1)}), ["minimize"])
    for i in range(n):
        turns = () if granted is None else (Turn(granted, B),)
        history.put([TrialRow(number=i, state=state, params=A, token=1, turns=turns)])
        if last is not None:
            history.put_report(i, float(last), 0.0)
    return history


@pytest.mark.parametrize(
    ("last", "granted", "pauses"),
    [
        (1, None, False),
        (9, None, False),
        (10, None, True),
        (12, None, True),
        (11, 10, False),
        (11, 11, False),
        (19, 11, False),
        (20, 10, True),
        (21, 20, False),
        (99, 20, False),
        (25, None, True),
    ],
)
def test_it_pauses_where_params_change(last, granted, pauses):
    assert (Replay(PATH).decide(told(last, granted=granted), 0) is Decision.PAUSE) == pauses


def test_one_trial_begins_goes_on_and_ends():
    replay = Replay(PATH)
    history = told(n=0)
    assert replay.next(history) == Resume(0, A)
    history.update_info(budget=0)
    assert replay.next(history) is Next.DONE
    assert replay.next(told(3)) is Next.WAIT
    assert replay.next(told(10, State.PAUSED)) == Resume(0, B)
    assert replay.next(told(25, State.PAUSED)) == Resume(0, C)
    assert replay.next(told(12, State.PAUSED, granted=10)) == Resume(0)
    for state in (State.COMPLETE, State.FAILED, State.PRUNED):
        assert replay.next(told(10, state)) is Next.DONE
    with pytest.raises(StudyError, match="a study of its own, and this one has 2 trials"):
        replay.next(told(n=2))


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (None, "Replay needs a schedule"),
        ({}, "Replay needs a schedule"),
        ([1], "Replay needs a schedule"),
        ({5: A}, "starts at step 0"),
        ({0: A, "soon": B}, "finite numbers >= 0, got 'soon'"),
        ({0: A, math.inf: B}, "finite numbers"),
        ({0: A, -1: B}, "finite numbers"),
        ({0: A, 5: 3}, "names and values for step 5, got 3"),
    ],
)
def test_what_is_no_schedule(schedule, words):
    with pytest.raises(ValueError, match=words):
        Replay(schedule)


def test_it_has_no_default_settings():
    with pytest.raises(ValueError, match="Replay needs a schedule"):
        from_name("replay")


def test_schedules_survive_json():
    path = {0: {"k": (1, 2), "x": 1 / 3}, 2.5: {"k": None, "x": 1e-9}, 10: A}
    assert Replay(json.loads(json.dumps(path))).schedule == path
    assert list(Replay({"10": A, "0": B, "9": C}).schedule) == [0, 9, 10]


def row(number, params, *turns):
    return TrialRow(
        number=number, state=State.COMPLETE, params=params, turns=tuple(Turn(*t) for t in turns)
    )


def test_a_schedule_follows_whom_was_copied():
    rows = [
        row(0, C, (5.0, A), (10.0, B, 1), (15.0, B), (20.0, C, 2)),
        row(1, A, (10.0, {"x": 0.9}, 2)),  # after it was copied
        row(2, A, (0.0, {"x": 0.5}), (8.0, {"x": 0.6}, 3), (12.0, {"x": 0.7}), (30.0, {"x": 0.8})),
        row(3, {"x": 0.4}),
    ]
    assert PBT.schedule(rows, 0) == {0: {"x": 0.4}, 8: {"x": 0.6}, 12: {"x": 0.7}, 20: C}
    assert PBT.schedule(rows, 1) == {0: {"x": 0.4}, 8: {"x": 0.6}, 10: {"x": 0.9}}
    assert PBT.schedule(rows, 3) == {0: {"x": 0.4}}
    assert PBT.schedule([rows[0], row(1, A, (4.0, A), (10.0, C, 0))], 1) == {
        0: A,
        10: C,
    }  # they copied each other
    study = SimpleNamespace(trials=rows, best_trial=rows[2])
    assert PBT.schedule(study) == {0: {"x": 0.4}, 8: {"x": 0.6}, 12: {"x": 0.7}, 30: {"x": 0.8}}


def objective(trial):
    """Sums x of each step, from a checkpoint on."""
    total = trial.checkpoint or 0.0
    for step in range(trial.step + 1, 31):
        total += trial.suggest_float("x", 0, 1) * step
        trial.report(total, step, checkpoint=total)
        if trial.should_prune():
            raise luthier.TrialPruned
    return total


@pytest.mark.parametrize("space", [None, {"x": luthier.Float(0, 1)}])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_study_trains_one_model_by_it(space, n_jobs):
    study = luthier.create_study(space=space, scheduler=Replay(PATH))
    study.optimize(objective, n_jobs=n_jobs, progress=False)
    [trial] = study.trials
    want = 0.0
    for step in range(1, 31):
        want += (A if step <= 10 else B if step <= 20 else C)["x"] * step
    assert trial.value == want
    assert [(t.step, t.params, t.source) for t in trial.turns] == [
        (0, A, None),
        (10, B, None),
        (20, C, None),
    ]
    assert PBT.schedule(study) == PATH
    study.optimize(objective, progress=False)
    assert len(study.trials) == 1


def test_what_it_leaves_open_is_sampled_and_what_is_not_there_is_said():
    space = {"x": luthier.Float(0, 1), "y": luthier.Float(0, 1)}
    study = luthier.create_study(space=space, scheduler=Replay({0: A}), sampler="Random")
    study.optimize(lambda t: t.params["y"], progress=False)
    assert study.best_trial.params["x"] == 0.1
    wrong = luthier.create_study(space=space, scheduler=Replay({0: {"z": 1}}))
    with pytest.raises(UnknownParameterError, match="no parameter 'z'"):
        wrong.optimize(lambda t: 0.0, progress=False)
