"""What people do with a study while it runs; workers in other processes obey."""

import contextlib
import threading

import numpy as np
import pytest
from tests.support.service import Service

import luthier
from luthier import State
from luthier.errors import SpaceError, StudyError, TrialError
from luthier.space.space import Space
from luthier.storages import InMemory
from luthier.study.nearby import draw_nearby

SPACE = {"x": luthier.Float(0, 1), "kind": luthier.Categorical(["a", "b"])}


@pytest.fixture
def study():
    study = luthier.create_study(storage=InMemory(), space=SPACE, seed=0, sampler="random")
    study.optimize(lambda trial: trial.params["x"], n_trials=10)
    return study


def run(study, n=1, objective=lambda trial: trial.params["x"], **options):
    study.optimize(objective, n_trials=n, **options)
    return study.history.n


# -- the study ------------------------------------------------------------------------------------


def test_a_stopped_study_begins_nothing_until_it_is_resumed(study, caplog):
    study.controls.stop()
    assert run(study) == 10
    assert study.stop_reason.startswith("stopped by hand, by ")
    assert "study.controls.resume() lets it go on" in caplog.text
    with pytest.raises(luthier.errors.NothingToAskError, match="is stopped"):
        study.ask()
    study.controls.resume()
    assert run(study) == 11


def test_a_run_waits_while_its_study_is_paused(study):
    study.controls.pause()
    runs = threading.Thread(target=run, args=(study, 3))
    runs.start()
    runs.join(1.0)
    assert (runs.is_alive(), study.history.n) == (True, 10)
    study.controls.resume()
    runs.join()
    assert study.history.n == 13


def test_a_paused_study_lets_trials_end_that_run(study):
    def objective(trial):
        study.controls.pause()
        return 1.0

    run(study, objective=objective, n=2, timeout_s=1.0)
    assert [row.state for row in study.trials[10:]] == [State.COMPLETE]


def test_what_was_done_is_known_with_who_and_when(study):
    study.controls.pause()
    study.controls.resume()
    [first, second] = study.controls.log
    assert (first.what, second.what) == ("paused the study", "resumed the study")
    assert first.who == study.engine.worker
    assert study.engine.storage.study(study.name).created_s <= first.time_s <= second.time_s


WORKER = """
    import sys, time
    import luthier

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(100_000):
            trial.report(x, step)
            if trial.should_stop():
                raise luthier.TrialPruned
            time.sleep(0.01)
        return x

    study = luthier.load_study("s", "sqlite:///a.db")
    study.optimize(objective, n_jobs=int(sys.argv[1]), progress=False)
    print(study.stop_reason)
"""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_in_other_processes_obey(script, tmp_path, eventually, n_jobs):
    study = luthier.create_study(
        name="s", storage=f"sqlite:///{tmp_path}/a.db", sampler="random", seed=0
    )
    worker = script.start(WORKER, n_jobs)

    def running():
        with study.engine.reading() as history:
            return sorted(history.running)

    first = eventually(lambda: running()[:1])[0]
    study.controls.stop_trial(first)
    assert eventually(lambda: study.trials[first].state == State.PRUNED)
    second = eventually(lambda: [n for n in running() if n != first])[0]
    study.controls.fail_trial(second, "it hangs")  # its worker goes on with another
    assert "it hangs" in study.trials[second].error
    assert eventually(lambda: [n for n in running() if n > second])

    study.controls.stop(trials=True)
    out, _ = worker.communicate()
    assert worker.returncode == 0, out
    assert "stopped by hand, by " in out.splitlines()[-1]
    assert script.all_end()
    states = [row.state for row in study.trials]
    assert states.count(State.FAILED) == 1
    assert set(states) == {State.PRUNED, State.FAILED}
    study.controls.resume()
    assert not study.controls.stored.ends_trials
    assert study.controls.stored.stopping == {}  # of trials that are over


def test_a_worker_of_the_command_line_ends_with_its_study(tmp_path, script, eventually):
    (tmp_path / "train.py").write_text("def objective(t):\n    return t.suggest_float('x', 0, 1)\n")
    url = f"sqlite:///{tmp_path}/a.db"
    study = luthier.create_study(name="s", storage=url, sampler="random")
    worker = script.start(
        f"""
        import sys
        from luthier.cli import cli
        cli(["worker", "s", "train.py:objective", "--total", "1000000", "--storage", {url!r}])
        """
    )
    assert eventually(lambda: study.engine.refresh() or study.history.n > 2)
    study.controls.stop()
    out, _ = worker.communicate()
    assert worker.returncode == 0, out
    assert "Stopped: stopped by hand, by " in out


# -- one trial ------------------------------------------------------------------------------------


def test_a_stopped_trial_learns_it_where_it_asks(study):
    asked = []

    def objective(trial):
        for step in range(5):
            trial.report(step, step)
            if step == 2:
                study.controls.stop_trial(trial.number)
            asked.append(trial.should_stop())
            if asked[-1]:
                raise luthier.TrialPruned
        return 1.0

    run(study, objective=objective)
    assert asked == [False, False, True]
    assert (study.trials[10].state, study.trials[10].values) == (State.PRUNED, (2.0,))


def test_a_trial_that_begins_at_the_moment_of_a_stop_is_stopped_too(study):
    begun = []

    def objective(trial):
        begun.append(trial.number)
        study.controls.stop(trials=True)
        trial.report(0.5, 1)
        if trial.should_stop():
            raise luthier.TrialPruned
        return 1.0

    run(study, 5, objective)
    assert begun == [10]
    assert study.trials[10].state == State.PRUNED
    study.controls.resume()
    trial = study.ask()
    trial.report(0.5, 1)
    assert not trial.should_stop()


def test_a_retried_trial_is_not_stopped_by_an_old_request(study):
    study.controls.stop_trial(study.ask().number)
    study.tell(10, error="broken")
    study.retry(10)
    trial = study.ask()
    trial.report(0.0, 1)
    assert (trial.number, trial.should_stop()) == (10, False)


def test_a_trial_that_waits_or_is_paused_can_be_ended(study):
    waiting = study.enqueue({"x": 0.5})
    assert study.controls.fail_trial(waiting, "no more").state == State.FAILED

    asha = luthier.schedulers.ASHA(min_resource=1, max_resource=9)
    paused = luthier.create_study(
        storage=InMemory(), space=SPACE, seed=0, sampler="random", scheduler=asha
    )

    def objective(trial):
        for step in range(1, 10):
            trial.report(trial.params["x"] + step, step)
            if trial.should_stop():
                raise luthier.TrialPruned
        return trial.params["x"]

    run(paused, 9, objective)
    number = min(paused.history.paused)
    last = paused.trials[number].reports[-1][1]
    paused.controls.stop_trial(number)
    row = paused.trials[number]
    assert (row.state, row.values) == (State.PRUNED, (last,))


def test_what_is_over_or_not_there_cannot_be_ended(study):
    for verb in (study.controls.stop_trial, study.controls.fail_trial):
        with pytest.raises(TrialError, match="trial 3 is complete"):
            verb(3)
        with pytest.raises(TrialError, match="there is no trial 10; the study has 10"):
            verb(10)


def test_models_learn_nothing_from_a_trial_that_was_failed_by_hand(study):
    study.controls.fail_trial(study.ask().number, "a typo")
    with study.engine.reading() as history:
        assert history.disturbed[10]


# -- by hand --------------------------------------------------------------------------------------


def test_a_trial_is_proposed_run_by_hand_and_entered(study):
    row = study.controls.propose()
    assert (row.number, row.state, sorted(row.params)) == (10, State.WAITING, ["kind", "x"])
    ended = study.controls.enter(row, -1.0)
    assert (ended.state, ended.values, ended.params) == (State.COMPLETE, (-1.0,), row.params)
    assert study.best_trial.number == 10
    assert [act.what for act in study.controls.log] == [
        "asked for trial 10",
        "entered the value of trial 10",
    ]


def test_a_value_that_is_none_is_refused_and_the_trial_waits(study):
    row = study.controls.propose()
    for value in ("much", [1.0, 2.0], None):
        with pytest.raises(luthier.errors.ObjectiveValueError):
            study.controls.enter(row, value)
    assert study.trials[10].state == State.WAITING
    with pytest.raises(TrialError, match="enter takes a trial that is not over"):
        study.controls.enter(3, 1.0)


def test_the_worker_of_a_trial_whose_value_was_entered_is_refused(study):
    trial = study.ask()
    study.controls.enter(trial, 0.25)
    with pytest.raises(luthier.errors.LeaseLostError):
        study.tell(trial, 0.75)
    assert study.trials[10].value == 0.25


def test_a_paused_study_proposes_nothing(study):
    study.controls.pause()
    with pytest.raises(luthier.errors.NothingToAskError, match="is paused"):
        study.controls.propose()
    with pytest.raises(StudyError, match="no space to propose from"):
        luthier.create_study(storage=InMemory()).controls.propose()


# -- more trials ----------------------------------------------------------------------------------


def test_trials_near_another_run_next(study):
    best = study.best_trial
    numbers = study.controls.enqueue_nearby(best, n=5, radius=0.05, seed=1)
    assert numbers == [10, 11, 12, 13, 14]
    run(study, 5)
    for row in study.trials[10:]:
        assert row.tags["near"] == best.number
        assert 0 < abs(row.params["x"] - best.params["x"]) < 0.3


def test_nearby_params_keep_constraints_and_conditions():
    space = Space({"a": luthier.Int(1, 10), "b": luthier.Int(1, 10)}, constraints=["a * b <= 20"])
    rng = np.random.default_rng(0)
    drawn = [draw_nearby(space, {"a": 4, "b": 5}, 0.2, rng) for _ in range(200)]
    assert all(p["a"] * p["b"] <= 20 and p != {"a": 4, "b": 5} for p in drawn)
    with pytest.raises(SpaceError, match="radius must be above 0"):
        draw_nearby(space, {"a": 4, "b": 5}, 0.0, rng)
    one = Space({"a": luthier.Int(1, 1)})
    with pytest.raises(SpaceError, match="gave no other params"):
        draw_nearby(one, {"a": 1}, 0.5, rng)


# -- remarks --------------------------------------------------------------------------------------


def test_remarks_are_kept_until_they_are_taken_back(study):
    controls = study.controls
    controls.note(3, "odd")
    controls.star(3)
    controls.tag(3, "seen", [1, "two"])
    said = controls.remark(3)
    assert (said.note, said.star, said.hidden, said.tags) == (
        "odd",
        True,
        False,
        {"seen": [1, "two"]},
    )
    controls.note(3, "")
    controls.star(3, False)
    controls.tag(3, "seen", None)
    assert controls.stored.remarks == {}


def test_a_hidden_result_is_not_the_best(study):
    best, second = np.argsort(study.history.losses[:, 0])[:2].tolist()
    study.controls.hide(best)
    assert study.best_trial.number == second
    assert study.engine.history.hidden.tolist() == [i == best for i in range(10)]
    assert (best,) not in [found.numbers for found in study.recommend(10)]
    assert study.choose(weights={"value": 1}).trial.number == second
    study.controls.hide(best, False)
    assert study.best_trial.number == best
    assert (best,) in [found.numbers for found in study.recommend(10)]


def test_a_study_with_hidden_results_only_has_no_best(study):
    for number in range(10):
        study.controls.hide(number)
    with pytest.raises(luthier.errors.NoCompletedTrialsError):
        _ = study.best_trial


def test_remarks_that_are_too_long_are_refused(study):
    with pytest.raises(StudyError, match="at most 10000 characters"):
        study.controls.note(0, "x" * 10_001)
    for number in range(8):
        study.controls.tag(number, "large", "x" * 30_000)
    with pytest.raises(StudyError, match="at most 262144 bytes"):
        study.controls.tag(8, "large", "x" * 30_000)
    assert len(study.controls.stored.remarks) == 8
    with pytest.raises(TrialError, match="confirms"):
        study.controls.tag(0, "confirms", 1)


def test_a_decision_of_several_people_at_once_loses_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    study = luthier.create_study(name="s", storage=url, space=SPACE)
    for _ in range(20):
        study.enqueue({})

    def star(numbers):
        own = luthier.load_study("s", url)
        for number in numbers:
            own.controls.star(number)

    people = [threading.Thread(target=star, args=(range(i, 20, 4),)) for i in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(study.controls.stored.remarks) == 20
    assert len(study.controls.log) == 20


# -- over HTTP ------------------------------------------------------------------------------------


@pytest.fixture
def served(serve):
    service = serve()
    return service, service.study(sampler="random")


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(storage=None, **options):
            service = Service(InMemory() if storage is None else storage, **options)
            stack.callback(service.stop)
            return service

        yield start


def test_the_verbs_of_a_script(served):
    service, study = served
    begun = service("POST", f"{study}/ask", {})[1]
    assert service("POST", f"{study}/pause", {})[1]["course"] == "paused"
    status, refused = service("POST", f"{study}/ask", {})
    assert (status, refused["error"]["type"]) == (409, "NothingToAskError")
    assert refused["error"]["retry_after_s"] == 1.0
    assert service("POST", f"{study}/resume", {})[1]["course"] == "running"

    report = {"token": begun["token"], "value": 1.0, "step": 1}
    trial = f"{study}/trials/0"
    assert service("POST", f"{trial}/report", report)[1]["decision"] == "continue"
    assert service("POST", f"{trial}/stop", {})[1]["state"] == "running"
    assert service("POST", f"{trial}/report", {**report, "step": 2})[1]["decision"] == "stop"
    told = {"token": begun["token"], "state": "pruned"}
    assert service("POST", f"{trial}/tell", told)[1]["state"] == "pruned"

    assert service("POST", f"{trial}/nearby", {"n": 2, "seed": 1})[1] == {"numbers": [1, 2]}
    assert service("POST", f"{study}/trials/1/fail", {"reason": "no"})[1]["state"] == "failed"
    assert service("POST", f"{study}/trials/2/enter", {"values": [0.5]})[1]["state"] == "complete"
    assert service("POST", f"{study}/propose", {})[1]["state"] == "waiting"
    assert service("POST", f"{study}/trials/3/enter", {})[0] == 422
    said = {"note": "n", "star": True, "hidden": True, "tags": {"a": 1}}
    assert service("POST", f"{trial}/remark", said)[0] == 200
    found = service("GET", f"{study}/controls")[1]
    assert found["remarks"] == {"0": said}
    assert found["log"][0]["what"] == "paused the study"
    assert found["log"][0]["who"] == "a program at 127.0.0.1"
    assert service("POST", f"{study}/stop", {"trials": True})[1]["course"] == "stopped"
    assert service("POST", f"{study}/ask", {})[1]["error"].get("retry_after_s") is None
    assert service("POST", f"{study}/trials/9/remark", {"note": "x"})[0] == 404
    assert service("POST", f"{trial}/remark", {"note": 3})[0] == 422


def test_a_study_is_created_of_yaml(serve):
    service = serve()
    text = "lr: {low: 0.001, high: 1.0, scale: log}\noptimizer: [adam, sgd]\n"
    status, made = service("POST", "/v1/studies", {"name": "y", "space": text})
    assert status == 201
    assert sorted(made["space"]["params"]) == ["lr", "optimizer"]
    for bad in ("a: [", "- 1", "a: {low: 2, high: 1}", "a: &x [1]\nb: [*x, *x]\nb: 1"):
        status, refused = service("POST", "/v1/studies", {"space": bad})
        assert (status, refused["error"]["type"]) == (422, "SpaceError")
    bomb = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    assert service("POST", "/v1/studies", {"space": bomb})[1]["error"]["type"] == "SpaceError"


def test_a_study_behind_a_service_is_steered_as_any_other(serve):
    service = serve()
    place = service.client()
    study = luthier.create_study("far", place, space=SPACE, sampler="random", seed=0)
    study.optimize(lambda trial: trial.params["x"], n_trials=3)
    best = study.best_trial.number
    study.controls.hide(best)
    study.controls.stop()
    near = luthier.load_study("far", service.storage)
    assert run(near) == 3
    assert [act.what for act in near.controls.log] == [f"hid trial {best}", "stopped the study"]
    assert near.best_trial.number == study.best_trial.number != best
    near.controls.resume()
    assert run(study) == 4
    place.close()
