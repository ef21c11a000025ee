"""Trials that pause and go on, from the study's side.

A scheduler of the test decides, everything else is real.
"""

import logging
import threading
import time

import numpy as np
import pytest
from msgspec.structs import replace

import luthier
from luthier.checkpoints import Checkpoints
from luthier.errors import CheckpointError, NothingToAskError, ReportError
from luthier.schedulers import Decision, Scheduler
from luthier.schedulers.base import Next, Resume
from luthier.storages import SQLite
from luthier.trial.record import State, Turn


class Halves(Scheduler):
    """Two trials pause at step 2; the better one goes on, to the end."""

    def decide(self, history, number):
        at_rung = history.last_step[number] >= 2 and not history.granted[number] >= 2
        return Decision.PAUSE if at_rung else Decision.CONTINUE

    def next(self, history):
        if len(history.paused) == 2 and history.n == 2:
            return Resume(min(history.paused, key=lambda i: history.last_loss[i]))
        if history.n < 2:
            return Next.START
        return Next.WAIT if history.running else Next.DONE


class CopyBest(Halves):
    """The worse one goes on as a copy of the better."""

    def next(self, history):
        if len(history.paused) == 2 and not history.turns:
            best, worst = sorted(history.paused, key=lambda i: history.last_loss[i])
            return Resume(worst, {"x": 0.5}, source=best)
        return super().next(history) if history.n < 2 or history.running else Next.DONE


SPACE = {"x": luthier.Float(0, 1)}


def trained(trial, log=None):
    """Steps 1 to 4; what a checkpoint holds is the sum of the params so far."""
    state = trial.checkpoint or {"sum": 0.0, "w": np.zeros(500)}
    total, w = float(state["sum"]), state["w"]
    if log is not None:
        log.append((trial.number, trial.step, total))
    for step in range(int(trial.step) + 1, 5):
        total, w = total + trial.params["x"], w + 1
        trial.report(total, step, checkpoint={"sum": total, "w": w})
        if trial.should_prune():
            raise luthier.TrialPruned
    return total


@pytest.fixture(params=["memory", "sqlite"])
def url(request, tmp_path):
    return None if request.param == "memory" else f"sqlite:///{tmp_path}/a.db"


def two(url, scheduler, **settings):
    study = luthier.create_study(
        name="s", storage=url, space=SPACE, scheduler=scheduler, seed=0, **settings
    )
    study.enqueue({"x": 0.75})
    study.enqueue({"x": 0.25})
    return study


def without_times(turns):
    return tuple(replace(turn, paused_s=None, resumed_s=None) for turn in turns)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_paused_trial_goes_on_from_its_checkpoint(url, n_jobs):
    study = two(url, Halves())
    study.optimize(trained, n_jobs=n_jobs, progress=False)
    loser, winner = study.trials
    assert (loser.state, loser.value, len(loser.reports), loser.turns) == (State.PAUSED, 1.5, 2, ())
    assert (winner.state, winner.value) == (State.COMPLETE, 1.0)
    assert [s for s, _ in winner.reports] == [1, 2, 3, 4]
    assert without_times(winner.turns) == (Turn(2.0, {"x": 0.25}),)
    [turn] = winner.turns
    assert None not in (turn.paused_s, turn.resumed_s)
    assert winner.token == 2
    assert study.load_checkpoint(study.best_trial)["w"][0] == 4  # trained four steps in two turns
    assert study.load_checkpoint(0)["w"][0] == 2


def test_a_pause_costs_no_process_and_no_trial_of_the_budget(url):
    study, log = two(url, Halves()), []
    study.optimize(lambda trial: trained(trial, log), n_trials=2, progress=False)
    assert log == [(0, 0, 0.0), (1, 0, 0.0), (1, 2, 0.5)]
    assert study.trials[1].state == State.COMPLETE


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_copy_goes_on_from_the_other_trials_checkpoint_with_its_own_params(url, n_jobs):
    study = two(url, CopyBest())
    study.optimize(trained, n_jobs=n_jobs, progress=False)
    copy, source = study.trials
    assert without_times(copy.turns) == (Turn(0.0, {"x": 0.75}), Turn(2.0, {"x": 0.5}, 1))
    assert (copy.params, copy.value) == ({"x": 0.5}, 0.25 + 0.25 + 0.5 + 0.5)
    assert study.load_checkpoint(copy)["w"][0] == 4
    assert (source.state, source.value) == (State.PAUSED, 0.5)


def test_a_copy_of_a_trial_without_a_checkpoint_begins_anew_and_its_turn_says_so(url):
    def afresh(trial):
        for step in range(int(trial.step) + 1, 5):
            trial.report(trial.params["x"], step)
            if trial.should_prune():
                raise luthier.TrialPruned
        return trial.params["x"]

    study = two(url, CopyBest())
    study.scheduler.decide = lambda history, number: (
        Decision.CONTINUE if history.turns else Halves.decide(study.scheduler, history, number)
    )
    study.optimize(afresh, progress=False)
    copy = study.trials[0]
    assert without_times(copy.turns) == (Turn(0.0, {"x": 0.75}), Turn(0.0, {"x": 0.5}))
    assert luthier.schedulers.PBT.schedule(study, 0) == {0: {"x": 0.5}}


def test_a_study_that_was_stopped_in_between_goes_on(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    study = two(url, Halves())
    for _ in range(2):
        trial = study.ask()
        with pytest.raises(luthier.TrialPruned):
            trained(trial)
        study.tell(trial, state="pruned")
    assert [r.state for r in study.trials] == [State.PAUSED] * 2
    again = luthier.load_study("s", url, space=SPACE, scheduler=Halves())
    again.optimize(trained, progress=False)
    assert again.trials[1].value == 1.0


def test_ask_says_why_there_is_nothing_to_do():
    study = two(None, Halves())
    first, second = study.ask(), study.ask()
    with pytest.raises(NothingToAskError, match="tell those that run first"):
        study.ask()
    study.tell(first, 1.0)
    study.tell(second, 1.0)
    with pytest.raises(NothingToAskError, match="all have ended"):
        study.ask()


def test_another_scheduler_leaves_the_paused_ones_and_says_so_once(tmp_path, caplog):
    url = f"sqlite:///{tmp_path}/a.db"
    study = two(url, Halves())
    for _ in range(2):
        trial = study.ask()
        trial.report(1.0, 2)
        assert trial.should_prune()
        study.tell(trial, state="pruned")
    for scheduler, says in ((None, 1), ("median", 1), (Halves(), 0)):
        caplog.clear()
        again = luthier.load_study("s", url, space=SPACE, scheduler=scheduler)
        again.optimize(trained, n_trials=2, progress=False)
        assert sum("trials of 's' are paused" in r.message for r in caplog.records) == says
    assert [r.state for r in again.trials[:2]] == [State.PAUSED] * 2


def test_an_objective_that_ignores_the_pause_is_told_once_and_its_result_counts(
    caplog, monkeypatch
):
    monkeypatch.setattr("luthier.trial.handle._warned_of_going_on", threading.Event())

    def ignores(trial):
        for step in range(1, 5):
            trial.report(trial.params["x"], step)
            trial.should_prune()
        return trial.params["x"]

    study = two(None, Halves())
    study.optimize(ignores, n_trials=2, progress=False)
    assert [r.state for r in study.trials] == [State.COMPLETE] * 2
    assert sum("was told to pause and goes on" in r.message for r in caplog.records) == 1


def test_an_objective_that_never_reports_is_told_what_to_do(caplog):
    study = luthier.create_study(space=SPACE, scheduler=Halves())
    study.optimize(lambda trial: trial.params["x"], n_trials=2, progress=False)
    said = [r.message for r in caplog.records if "without a report" in r.message]
    assert len(said) == 1
    assert "trial.report(value, step)" in said[0]
    caplog.clear()
    plain = luthier.create_study(space=SPACE)
    plain.optimize(lambda trial: trial.params["x"], n_trials=2, progress=False)
    assert not caplog.records


def test_without_checkpoints_a_resumed_trial_starts_afresh_and_is_not_paused_twice():
    begun = []

    def afresh(trial):
        begun.append((trial.number, trial.step, trial.checkpoint))
        for step in range(1, 5):
            trial.report(trial.params["x"], step)
            if trial.should_prune():
                raise luthier.TrialPruned
        return trial.params["x"]

    study = two(None, Halves())
    study.optimize(afresh, progress=False)
    assert begun == [(0, 0, None), (1, 0, None), (1, 0, None)]
    assert study.trials[1].state == State.COMPLETE


@pytest.mark.parametrize("damage", ["deleted", "truncated", "both"])
def test_a_checkpoint_that_is_gone_or_damaged_is_passed_over(tmp_path, caplog, damage):
    study = two(f"sqlite:///{tmp_path}/a.db", Halves())
    for _ in range(2):
        trial = study.ask()
        with pytest.raises(luthier.TrialPruned):
            trained(trial)
        study.tell(trial, state="pruned")
    files = sorted((tmp_path / "a.db.checkpoints").rglob("1-*"))
    assert len(files) == 2  # the last and the one before
    if damage != "truncated":
        files[1].unlink()
    if damage != "deleted":
        f = files[0 if damage == "both" else 1]
        f.write_bytes(f.read_bytes()[:-5])
    log = []
    with caplog.at_level(logging.WARNING):
        study.optimize(lambda trial: trained(trial, log), progress=False)
    assert log == [(1, 0, 0.0) if damage == "both" else (1, 1, 0.25)]
    assert sum("cannot go on from its checkpoint" in r.message for r in caplog.records) == (
        2 if damage == "both" else 1
    )
    assert study.trials[1].value == 1.0


def test_only_what_may_be_needed_stays_on_disk(tmp_path):
    study = two(f"sqlite:///{tmp_path}/a.db", Halves())
    folder = tmp_path / "a.db.checkpoints"
    study.optimize(trained, progress=False)
    left = sorted(p.name.rsplit("-", 2)[0] for p in folder.rglob("*.npz"))
    assert left == ["0-1", "0-2", "1-4"]  # the paused one's last two, the best one's last
    study.enqueue({"x": 0.1})
    study.scheduler = None
    study.optimize(trained, n_trials=1, progress=False)
    assert sorted(p.name.rsplit("-", 2)[0] for p in folder.rglob("*.npz")) == ["0-1", "0-2", "2-4"]
    with pytest.raises(CheckpointError, match="deleted"):
        study.load_checkpoint(1)
    luthier.delete_study("s", f"sqlite:///{tmp_path}/a.db")
    assert list(folder.rglob("*.npz")) == []


@pytest.mark.parametrize(("keep", "left"), [("last", ["0-4", "1-4"]), ("best", ["1-4"])])
def test_what_is_kept_of_finished_trials(tmp_path, keep, left):
    study = two(None, None, checkpoints=Checkpoints(tmp_path / "c", keep=keep))
    study.optimize(trained, n_trials=2, progress=False)
    assert sorted(p.name.rsplit("-", 2)[0] for p in (tmp_path / "c").glob("*.npz")) == left


def test_everything_is_kept_where_it_is_wanted(tmp_path):
    study = two(
        f"sqlite:///{tmp_path}/a.db", Halves(), checkpoints=Checkpoints(tmp_path / "c", keep="all")
    )
    study.optimize(trained, progress=False)
    assert len(list((tmp_path / "c").glob("*.npz"))) == 6
    again = luthier.load_study("s", f"sqlite:///{tmp_path}/a.db")
    assert [r["step"] for r in again.trials[1].checkpoints] == [1, 2, 3, 4]
    assert again.load_checkpoint(1)["sum"] == 1.0  # the study knows where they are


def test_what_a_dead_process_left_behind_is_swept(tmp_path):
    import os

    study = two(f"sqlite:///{tmp_path}/a.db", None)
    study.optimize(trained, n_trials=2, progress=False)
    store = study.engine.checkpoints
    old, new = (store.save(9, step, {"w": np.zeros(500)})["file"] for step in (1, 2))
    path = next((tmp_path / "a.db.checkpoints").rglob(old))
    os.utime(path, (time.time() - 7200,) * 2)
    study.optimize(trained, n_trials=1, progress=False)
    names = set(store.files())
    assert old not in names
    assert new in names  # somebody may be about to note it
    assert study.load_checkpoint(study.best_trial) is not None


def test_the_random_numbers_of_a_turn_are_its_own():
    drawn = []

    def objective(trial):
        drawn.append((trial.step, trial.rng.random()))
        return trained(trial)

    for _ in range(2):
        study = two(None, Halves())
        study.optimize(objective, progress=False)
    assert drawn[:3] == drawn[3:]
    assert len({x for _, x in drawn[:3]}) == 3


def test_several_objectives_report_several_values():
    study = luthier.create_study(space=SPACE, objectives=["minimize", "maximize"])
    trial = study.ask()
    trial.report((1.0, 2.0), 1)
    for wrong in (1.0, (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(ReportError, match="expects 2 values"):
            trial.report(wrong, 2)
    study.tell(trial, state="pruned")
    assert study.trials[0].values == (1.0, 2.0)
    assert study.history.report_losses.tolist() == [[1.0, -2.0]]
    single = luthier.create_study(space=SPACE).ask()
    with pytest.raises(ReportError, match=r"value = \[1.0, 2.0\]"):
        single.report((1.0, 2.0), 1)


def test_time_paused_does_not_count_as_running(tmp_path):
    study = two(f"sqlite:///{tmp_path}/a.db", Halves())
    for _ in range(2):
        trial = study.ask()
        trial.report(trial.params["x"], 2)
        trial.should_prune()
        study.tell(trial, state="pruned")
    time.sleep(0.3)
    study.optimize(trained, progress=False)
    assert study.trials[1].duration_s < 0.25


def test_reproducible_runs_need_a_scheduler_that_never_pauses():
    study = two(None, Halves())
    with pytest.raises(
        ValueError, match="reproducible=True with several jobs takes a scheduler that never pauses"
    ):
        study.optimize(trained, n_jobs=2, reproducible=True)
    study.scheduler = luthier.schedulers.ASHA(mode="stopping")
    study.optimize(trained, n_trials=2, n_jobs=2, reproducible=True, progress=False)
    assert all(r.state.finished for r in study.trials)


# -- at the edges
# ----------------------------------------------------------------------------------------------


def test_a_trial_taken_over_at_the_end_does_not_open_the_bound(tmp_path):
    """n_trials bounds what is begun, also where an expired trial is taken up in the end."""
    url = f"sqlite:///{tmp_path}/a.db?lease_s=0.3"
    lost = luthier.create_study("s", url, space=SPACE)
    trial = lost.ask()  # whose worker is never heard of again
    lost.engine.forget(trial.number)
    study = luthier.load_study("s", url)
    study.optimize(lambda trial: time.sleep(0.15) or trial.params["x"], n_trials=3, progress=False)
    assert len(study.trials) <= 4


def test_a_study_that_was_opened_long_ago_sweeps_nothing_that_is_needed(tmp_path):
    import os

    url = f"sqlite:///{tmp_path}/a.db"
    early = luthier.create_study("s", url, space=SPACE, scheduler=Halves())
    study = luthier.load_study("s", url, space=SPACE, scheduler=Halves())
    study.optimize(trained, n_trials=2, progress=False)
    files = sorted((tmp_path / "a.db.checkpoints").rglob("*.npz"))
    for f in files:
        os.utime(f, (time.time() - 7200,) * 2)
    early.optimize(trained, n_trials=0, progress=False)
    assert sorted((tmp_path / "a.db.checkpoints").rglob("*.npz")) == files


def test_confirming_leaves_the_best_trials_checkpoint():
    study = luthier.create_study(space=SPACE, seed=0)

    def noisy(trial):
        value = trained(trial) + trial.rng.normal()
        return value

    study.optimize(noisy, n_trials=4, progress=False)
    study.confirm(k=2, repeats=4)
    assert study.load_checkpoint(study.best_trial)["w"][0] == 4


def test_turns_add_up_their_cost_and_params_stay():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1) if trial.checkpoint is None else trial.checkpoint["x"]
        for step in range(int(trial.step) + 1, 5):
            trial.report(x, step, checkpoint={"x": x})
            trial.set_cost(step - trial.step)
            if trial.should_prune():
                raise luthier.TrialPruned
        return x

    study = luthier.create_study(scheduler=Halves(), seed=0)
    study.optimize(objective, progress=False)
    best = study.best_trial
    assert best.cost == 4
    assert best.params == {"x": best.value}
    assert np.nansum(study.history.cost) == 6


def test_a_study_of_pausing_trials_is_exported(tmp_path):
    import json

    from luthier.cli.files import to_json

    study = two(None, CopyBest())
    study.optimize(trained, progress=False)
    rows = json.loads(to_json(study))["trials"]
    turn = study.trials[0].turns[1]
    times = {"paused_s": turn.paused_s, "resumed_s": turn.resumed_s}
    assert rows[0]["turns"][1] == {"step": 2.0, "params": {"x": 0.5}, "source": 1, **times}
    assert "turns" not in rows[1]


def test_only_the_scheduler_pauses():
    study = luthier.create_study(space=SPACE)
    with pytest.raises(luthier.errors.TrialError, match="a trial ends complete, pruned or failed"):
        study.tell(study.ask(), state="paused")


def test_patience_hands_over_to_a_scheduler_that_resumes():
    study = luthier.create_study(
        space=SPACE,
        scheduler=luthier.schedulers.Patient(luthier.schedulers.ASHA(1, 4), patience=0),
        seed=0,
    )
    study.optimize(trained, n_trials=12, progress=False)
    assert any(r.state == State.COMPLETE for r in study.trials)
    assert any(r.turns for r in study.trials)


def test_trials_that_are_paused_are_no_failure_to_improve():
    study = luthier.create_study(space=SPACE, scheduler=luthier.schedulers.Hyperband(1, 4), seed=0)
    study.optimize(trained, n_trials=30, progress=False, stop=luthier.stopping.NoImprovement(10))
    assert any(r.state == State.COMPLETE for r in study.trials)


@pytest.mark.parametrize("scheduler", ["freezethaw", "auto", "asha", "hyperband", "pasha"])
@pytest.mark.parametrize("n_trials", [1, 3, 7])
def test_the_smallest_study_has_a_complete_trial(scheduler, n_trials):
    made = {"freezethaw": luthier.schedulers.FreezeThaw(4), "auto": luthier.schedulers.Auto(4)}.get(
        scheduler, scheduler
    )
    study = luthier.create_study(space=SPACE, scheduler=made, seed=0)
    study.optimize(trained, n_trials=n_trials, progress=False)
    assert study.best_trial.state == State.COMPLETE


def test_losses_of_any_size_do_not_stop_a_study():
    def huge(trial):
        for step in range(int(trial.step) + 1, 5):
            trial.report(1e308 * (trial.params["x"] + 1 / step - 1), step, checkpoint={"at": step})
            if trial.should_prune():
                raise luthier.TrialPruned
        return 1e308 * (trial.params["x"] - 0.75)

    study = luthier.create_study(space=SPACE, scheduler=luthier.schedulers.FreezeThaw(4), seed=0)
    study.optimize(huge, n_trials=15, progress=False)
    assert study.best_trial is not None


def test_freeze_thaw_says_that_it_takes_one_objective():
    study = luthier.create_study(
        space=SPACE,
        objectives=["minimize", "minimize"],
        scheduler=luthier.schedulers.FreezeThaw(4),
        sampler="random",
    )

    def both(trial):
        for step in range(1, 5):
            trial.report((step, step), step)
            if trial.should_prune():
                raise luthier.TrialPruned
        return 1.0, 1.0

    with pytest.raises(
        luthier.errors.StudyError, match="FreezeThaw takes one objective, got 2; use ASHA or Auto"
    ):
        study.optimize(both, n_trials=12, progress=False)


def test_a_checkpoint_that_another_worker_has_just_taken_is_not_deleted(tmp_path):
    """Between this worker's last look and its result another resumes from the checkpoint."""

    class Interrupted(SQLite):
        meanwhile = None

        def finish(self, study, row):
            if self.meanwhile:
                act = self.meanwhile
                self.meanwhile = None
                act()
            return super().finish(study, row)

    mine, other = Interrupted(tmp_path / "s.db"), SQLite(tmp_path / "s.db")
    study = luthier.create_study("s", mine, space={"x": luthier.Float(0, 1)}, seed=0)
    large = {"w": np.zeros(9999)}
    best = study.ask()
    paused = study.ask()
    source = study.ask()
    for trial, value in ((best, 0.0), (paused, 5.0), (source, 3.0)):
        trial.report(value, 1, checkpoint=large)
    study.tell(best, 0.0)
    [row] = other.rows(1, [paused.number])
    other.finish(1, replace(row, state=State.PAUSED, values=(5.0,)))
    study.engine.forget(paused.number)
    lent = other.rows(1, [source.number])[0].checkpoints[-1:]
    turn = Turn(1.0, {"x": 0.3}, source.number)
    mine.meanwhile = lambda: other.claim(
        1, paused.number, "other", turn=turn, token=1, checkpoints=lent
    )
    study.tell(source, 3.0)
    [copy] = other.rows(1, [paused.number])
    assert copy.checkpoints[-1]["file"] == lent[0]["file"]
    assert lent[0]["file"] in study.engine.checkpoints.files()
