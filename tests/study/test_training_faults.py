"""Objectives that train otherwise than their scheduler can use: said once."""

from __future__ import annotations

import pytest

import luthier
from luthier.schedulers import ASHA, PBT, Hyperband, Median, Patient
from luthier.trial.record import State


def warnings_of(caplog):
    return [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]


def said(caplog, text):
    """Whether exactly one warning has a text."""
    return len([m for m in warnings_of(caplog) if text in m]) == 1


def train(steps, *, asks=True, returns=False, checkpoint=False):
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for i, step in enumerate(steps):
            trial.report(x + 1 / (i + 1), step, checkpoint={"i": i} if checkpoint else None)
            if asks and trial.should_stop():
                if returns:
                    return x + 1 / (i + 1)
                raise luthier.TrialPruned
        return x

    return objective


@pytest.mark.parametrize(
    "scheduler",
    [ASHA(max_resource=27), PBT(population_size=4, interval=5, max_resource=27), Median()],
    ids=repr,
)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_scheduler_that_is_never_asked(scheduler, n_jobs, caplog):
    study = luthier.create_study(scheduler=scheduler, seed=0)
    study.optimize(train(range(1, 28), asks=False, checkpoint=True), n_trials=4, n_jobs=n_jobs)
    assert said(caplog, "has reported and never asked whether to stop")


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("mode", ["promotion", "stopping"])
def test_a_value_that_is_returned_after_a_stop(n_jobs, mode, caplog):
    study = luthier.create_study(scheduler=ASHA(max_resource=27, mode=mode), seed=0)
    study.optimize(train(range(1, 28), returns=True), n_trials=12, n_jobs=n_jobs)
    verb = "pause" if mode == "promotion" else "stop"
    assert said(caplog, f"was told to {verb} and returned a value")


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([5, 4, 3], "reported step 4 after step 5"),
        ([1.2, 1.1, 1.05], "reported step 1.1 after step 1.2"),
        ([1, 2, 1, 2], "reported step 1 after step 2"),
        ([3, 3, 3, 3], "reported 4 times at the same step, 3"),
    ],
)
@pytest.mark.parametrize("scheduler", [None, Patient(patience=3)])
def test_steps_that_do_not_grow(steps, text, scheduler, caplog):
    study = luthier.create_study(scheduler=scheduler, seed=0)
    study.optimize(train(steps), n_trials=3)
    assert said(caplog, text)


@pytest.mark.parametrize(
    "scheduler", [ASHA(max_resource=27), Hyperband(max_resource=27)], ids=["asha", "hyperband"]
)
def test_steps_that_end_before_the_first_comparison(scheduler, caplog):
    study = luthier.create_study(scheduler=scheduler, seed=0)
    study.optimize(train([0.1 * i for i in range(1, 10)]), n_trials=6)
    assert said(caplog, "so none is stopped: report whole steps")


def test_training_beyond_the_step_at_which_trials_end(caplog):
    study = luthier.create_study(scheduler=ASHA(max_resource=9), seed=0)
    study.optimize(train(range(1, 31), checkpoint=True), n_trials=12)
    assert said(caplog, "trained to step 30, and max_resource=9 is the step at which trials end")


def test_what_is_as_it_should_be_is_not_warned_of(caplog):
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(int(trial.step) + 1, 10):
            trial.report(x, step, checkpoint={"x": x})
            trial.report(x, step)  # the later one counts
            if trial.should_stop():
                raise luthier.TrialPruned
        return x

    for scheduler in (None, ASHA(max_resource=9), Hyperband(max_resource=9), Median()):
        study = luthier.create_study(scheduler=scheduler, seed=0)
        study.optimize(objective, n_trials=12)
    assert warnings_of(caplog) == []


# -- paused trials


def held_back(trial):
    """The later, the better in the end; early on, the other way round."""
    x = trial.params["x"]
    for step in range(int(trial.step) + 1, 28):
        trial.report(x if step < 27 else -x, step, checkpoint={"step": step})
        if trial.should_stop():
            raise luthier.TrialPruned
    return -x


def paused_study(**more):
    """Six trials that are paused at step 1; a run would end with one of them complete."""
    scheduler = ASHA(max_resource=27, reduction_factor=8)
    study = luthier.create_study(
        space={"x": luthier.Float(0, 1)}, scheduler=scheduler, seed=0, **more
    )
    for _ in range(6):
        trial = study.ask()
        with pytest.raises(luthier.TrialPruned):
            held_back(trial)
        study.tell(trial, state="pruned")
    return study


def test_without_a_complete_trial_the_paused_ones_are_explained():
    study = paused_study()
    assert {t.state for t in study.trials} == {State.PAUSED}
    best = min(study.trials, key=lambda row: row.value)
    for ask in (lambda: study.best_value, study.recommend, study.choose):
        with pytest.raises(luthier.errors.NoCompletedTrialsError) as refused:
            ask()
        assert f"study.finish({best.number}) trains it to its end" in str(refused.value)
        assert f"{best.value:.6g} at step {best.reports[-1][0]:g}" in str(refused.value)
        assert "max_resource" in str(refused.value)


@pytest.mark.parametrize("storage", [None, "a.db"])
def test_a_paused_trial_is_finished_from_its_checkpoint(storage, tmp_path):
    study = paused_study(storage=storage and tmp_path / storage)
    before = study.trials[2]
    row = study.finish(2, held_back)
    assert row.state == State.COMPLETE
    assert row.number == study.best_trial.number == 2
    assert row.value == -before.params["x"]
    steps = [step for step, _ in row.reports]
    assert steps == [float(i) for i in range(1, 28)]
    assert row.turns[-1].step == before.reports[-1][0]
    others = [t for t in study.trials if t.number != 2]
    assert {t.state for t in others} == {State.PAUSED}
    study.optimize(held_back, n_trials=1)  # the scheduler goes on as before


def test_finish_says_what_it_cannot_do(tmp_path):
    study = paused_study(storage=tmp_path / "a.db", name="s")
    study.finish(study.trials[0], held_back)
    with pytest.raises(luthier.errors.TrialError, match=r"trial 0 is complete; paused are \[1, 2"):
        study.finish(0, held_back)
    with pytest.raises(luthier.errors.TrialError, match="trial 99 is missing"):
        study.finish(99, held_back)
    with pytest.raises(luthier.errors.StudyError, match="pass it"):
        luthier.load_study("s", tmp_path / "a.db").finish(1)


def test_finish_that_fails_or_is_interrupted(tmp_path):
    study = paused_study(storage=tmp_path / "a.db")

    def interrupted(trial):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.finish(1, interrupted)
    assert study.trials[1].state == State.WAITING
    with pytest.raises(ZeroDivisionError):
        study.finish(2, lambda trial: 1 / 0)
    assert study.trials[2].state == State.FAILED
    assert study.finish(3, held_back).state == State.COMPLETE


@pytest.mark.parametrize(("steps", "is_said"), [([1], False), ([5], True), ([1, 2], True)])
def test_one_step_alone_has_nothing_to_ask_about(steps, is_said, caplog):
    study = luthier.create_study(scheduler=Median(), seed=0)
    study.optimize(train(steps, asks=False), n_trials=2)
    assert said(caplog, "never asked whether to stop") is is_said
