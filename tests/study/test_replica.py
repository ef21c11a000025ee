"""Several workers of one study: what each discovers is stored, and known to the others."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.servers import parameters
from tests.support.storages import opened

import luthier
from luthier import Categorical, Float, Int, Space, State
from luthier.errors import IncompatibleDistributionError, UnknownParameterError
from luthier.storages import InMemory

N_WORKERS = 6


@pytest.fixture(params=parameters("memory", "sqlite", "postgresql", "mysql", "redis", "http"))
def storage(request, tmp_path):
    with opened(request.param, tmp_path) as made:
        yield made


def workers(storage, n=2, **options):
    """Handles of one study that know nothing of each other."""
    luthier.create_study("s", storage, seed=1, sampler="random", **options)
    return [luthier.load_study("s", storage) for _ in range(n)]


def run(study, *suggest, n_trials=1, **options):
    """Trials that ask for these names and distributions."""

    def objective(trial):
        return float(sum(isinstance(trial.suggest(*s), float) for s in suggest))

    study.optimize(objective, n_trials=n_trials, progress=False, **options)


def stored(storage):
    return luthier.load_study("s", storage).space.params


def test_names_that_workers_discover_one_after_the_other_are_all_stored(storage):
    a, b = workers(storage)
    run(a, ("svm_C", Float(0, 1)))
    run(b, ("rf_depth", Int(1, 9)))
    both = {"svm_C": Float(0, 1), "rf_depth": Int(1, 9)}
    assert stored(storage) == both
    assert b.space.params == both
    run(a, ("svm_C", Float(0, 1)))
    assert a.space.params == both
    assert a.trials[-1].params.keys() == {"svm_C"}


def test_nothing_is_lost_where_workers_discover_at_the_same_time(storage):
    studies = workers(storage, N_WORKERS)
    together = threading.Barrier(N_WORKERS)

    def work(i):
        together.wait()
        for k in range(5):
            run(studies[i], ("x", Float(0, 1 + i)), (f"p{i}_{k}", Float(0, 1)))
        studies[i].set_catch_as("infeasible")

    with ThreadPoolExecutor(N_WORKERS) as pool:
        list(pool.map(work, range(N_WORKERS)))
    trials = luthier.load_study("s", storage).trials
    space = stored(storage)
    assert len(trials) == 5 * N_WORKERS
    assert all(t.state == State.COMPLETE for t in trials)
    assert space.keys() == {name for t in trials for name in t.params}
    assert storage.study("s").spec["crash"] == "infeasible"
    for study in studies:
        run(study)
        assert study.space.params.keys() == space.keys()


def test_what_one_changes_is_not_undone_by_what_another_discovers(storage):
    a, b = workers(storage)
    run(b, ("x", Float(0, 1)))
    a.set_catch_as("infeasible")
    run(b, ("y", Float(0, 1)))
    assert storage.study("s").spec["crash"] == "infeasible"
    assert b.history.crash
    b.set_catch_as("failed")
    assert stored(storage).keys() == {"x", "y"}
    a.set_catch_as("infeasible")
    assert storage.study("s").spec["crash"] == "infeasible"


def test_ranges_of_workers_that_run_at_the_same_time_are_joined(storage):
    a, b = workers(storage)
    run(a, ("x", Float(0, 1)), ("c", Categorical(["u", "v"])))
    run(b, ("x", Float(0.5, 3)), ("c", Categorical(["v", "w"])))
    wide = {"x": Float(0, 3), "c": Categorical(["u", "v", "w"])}
    assert stored(storage) == wide
    run(a, ("x", Float(0, 1)))
    assert a.space.params == wide

    # Whoever comes later, and narrows the range while others run, does not narrow theirs.
    late = luthier.load_study("s", storage)
    trial = a.ask()
    trial.suggest("x", Float(2, 3))
    run(late, ("x", Float(0, 1)))
    a.tell(trial, 1.0)
    assert stored(storage) == wide


def test_a_range_that_changed_since_an_earlier_run_is_replaced(storage):
    [a] = workers(storage, 1)
    run(a, ("x", Float(0, 9)))
    again = luthier.load_study("s", storage)
    run(again, ("x", Float(0, 1)))
    assert stored(storage) == {"x": Float(0, 1)}


def test_two_kinds_of_one_name_lose_no_trial_and_are_warned_of(storage, caplog):
    a, b = workers(storage)
    mine = a.ask()
    mine.suggest("x", Float(0, 1))
    theirs = b.ask()
    theirs.suggest("x", Int(0, 1))
    theirs.suggest("y", Int(0, 1))
    a.tell(mine, 1.0)
    assert b.tell(theirs, 1.0).state == State.COMPLETE
    assert stored(storage)["x"] == Int(0, 1)
    assert "'x' was Float(low=0, high=1) in this study and is Int(low=0, high=1)" in caplog.text
    run(a, ("x", Categorical(["u"])), ("z", Int(0, 1)))
    assert stored(storage).keys() == {"x", "y", "z"}
    assert all(t.state == State.COMPLETE for t in b.trials)


def test_ranges_that_no_scale_of_theirs_can_hold_together_are_joined_on_a_linear_one():
    a, b = workers(InMemory())
    for _ in range(3):
        run(a, ("x", Float(0, 1)))
        run(b, ("x", Float(0.1, 2, scale="log")))
        assert stored(a.storage) == {"x": Float(0, 2)}
    assert all(t.state == State.COMPLETE for t in a.trials)


def test_a_declared_space_stays_as_declared(storage):
    declared = Space({"x": Float(0, 1)}, [lambda p: p["x"] < 0.5])
    a = luthier.create_study("s", storage, space=declared, seed=1, sampler="random")
    b = luthier.create_study("s", storage, space=declared, load_if_exists=True, sampler="random")
    with pytest.raises(UnknownParameterError, match="another name: no parameter 'x2'; did you"):
        run(a, ("x2", Float(0, 1)))
    with pytest.raises(IncompatibleDistributionError, match="declares 'x' as"):
        run(b, ("x", Float(0, 2)))
    run(a)
    run(b)
    assert stored(storage) == a.space.params == b.space.params == declared.params
    assert all(t.params["x"] < 0.5 for t in a.trials[2:])
    assert storage.study("s").spec["space"]["functions"] == declared.to_json()["functions"]


def test_the_conditions_of_branches_that_others_ran_are_known():
    a, b = workers(InMemory())

    def objective(branch):
        def run(trial):
            model = trial.suggest_categorical("model", ["svm", "forest"])
            if model == branch:
                trial.suggest_float("C" if model == "svm" else "depth", 0, 1)
            return 1.0

        return run

    for _ in range(10):
        a.optimize(objective("svm"), n_trials=2, progress=False)
        b.optimize(objective("forest"), n_trials=2, progress=False)
    for study in (a, b):
        study.engine.refresh()
        assert study.space.names == ("model", "C", "depth")


def test_a_study_that_nobody_else_changes_is_read_no_more_often_than_before():
    class Counting(InMemory):
        calls = 0

        def changes(self, study, since):
            self.calls += 1
            return super().changes(study, since)

        def study(self, name):
            self.calls += 1
            return super().study(name)

    storage = Counting()
    [a] = workers(storage, 1)
    run(a, ("x", Float(0, 1)))
    counts = []
    for n_trials in (50, 100):
        before = storage.calls
        run(a, ("x", Float(0, 1)), n_trials=n_trials)
        counts.append(storage.calls - before)
    assert counts[1] - counts[0] == 50


def test_choices_of_workers_that_differ_in_type_alone_are_all_kept(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    lists = ([1, 2], [1.0, 2.0], [True, "1"])
    workers = [
        luthier.create_study("s", url, sampler="random", seed=0, load_if_exists=True) for _ in lists
    ]
    for study, choices in zip(workers, lists, strict=True):
        study.optimize(lambda t, c=choices: float(t.suggest_categorical("x", c)), n_trials=3)
    whole = luthier.load_study("s", url)
    assert whole.space.params["x"] == Categorical([c for choices in lists for c in choices])
    assert whole.history.fits.all()
