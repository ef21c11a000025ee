"""Trials in the actors of a Ray cluster, with real clusters, and real deaths in them."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import pytest
from tests.support.processes import is_alive

import luthier
from luthier.errors import ResourceError, TrialMemoryError, TrialTimeoutError
from luthier.schedulers.base import Decision, Scheduler
from luthier.trial.record import State

pytestmark = pytest.mark.external("ray")


@pytest.fixture(scope="module")
def cluster():
    """A cluster of this module: its head with 4 CPUs, to which nodes are added."""
    import ray
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    handler = signal.getsignal(signal.SIGTERM)
    with tempfile.TemporaryDirectory(
        prefix="ray", dir="/tmp"
    ) as folder:  # not where others look for clusters
        os.environ["RAY_TMPDIR"] = folder
        cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 4, "include_dashboard": False}
        )
        ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield cluster
        ray.shutdown()
        cluster.shutdown()
    signal.signal(signal.SIGTERM, handler)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def study(tmp_path):
    def make(storage="sqlite", **options):
        url = f"sqlite:///{tmp_path}/a.db?max_retries=5" if storage == "sqlite" else None
        return luthier.create_study(storage=url, **{"sampler": "Random", "seed": 0, **options})

    return make


class Above(Scheduler):
    def __init__(self, bound):
        self.bound = bound

    def decide(self, history, number):
        _, losses = history.reports_of(number)
        return Decision.STOP if losses[-1] > self.bound else Decision.CONTINUE


@pytest.mark.parametrize("storage", ["memory", "sqlite"])
def test_trials_report_and_are_stopped_wherever_the_study_is(cluster, study, storage):
    import ray

    told, here = [], os.getpid()
    study = study(storage, scheduler=Above(0.7))

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_tag("pid", os.getpid())
        for step in range(3):
            trial.report(x, step, checkpoint={"step": step})
            if trial.should_prune():
                raise luthier.TrialPruned
        return x

    def tell(study, row):
        told.append((row.number, os.getpid()))

    study.optimize(objective, 16, n_jobs=2, executor="ray", callbacks=[tell], progress=False)
    rows, best = study.trials, study.best_trial.number
    for row in rows:
        pruned = row.params["x"] > 0.7
        assert row.state == (State.PRUNED if pruned else State.COMPLETE), row
        assert row.values == (row.params["x"],)
        assert len(row.reports) == (1 if pruned else 3)
        assert row.token == 1
        assert row.retries == 0
        assert row.number != best or len(row.checkpoints) == 1
    assert sorted(told) == [(i, here) for i in range(16)]
    assert 1 <= len({row.tags["pid"] for row in rows} - {here}) <= 2  # actors are kept
    assert ray.is_initialized()  # it was there before
    assert ray.cluster_resources()["CPU"] == 4


def test_a_trial_that_cannot_be_stored_fails_alone(cluster, study):
    def objective(trial):
        if trial.number == 1:
            trial.set_tag("file", os.fsdecode(b"caf\xe9.csv"))
        if trial.number == 2:
            raise ValueError("\udce9" * 10**6)
        return 1.0

    made = study()
    made.optimize(objective, n_trials=4, n_jobs=2, executor="ray", catch=Exception, progress=False)
    rows = made.trials
    assert [r.state.name for r in rows] == ["COMPLETE", "FAILED", "FAILED", "COMPLETE"]
    assert "lone surrogates" in rows[1].error
    assert "characters left out" in rows[2].error
    made.storage.close()


def test_an_actor_that_is_killed_is_replaced_and_its_trial_goes_on(cluster, study, tmp_path):
    study = study()

    def objective(trial):
        begun = trial.step + 1 if trial.checkpoint else 0
        trial.set_tag("begun", begun)
        for step in range(begun, 4):
            trial.report(1.0, step, checkpoint={"step": step})
            if trial.number == 1 and step == 2 and begun == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, 6, n_jobs=2, executor="ray", progress=False)
    rows = study.trials
    assert [r.state for r in rows] == [State.COMPLETE] * 6
    assert [r.tags["begun"] for r in rows] == [0, 3, 0, 0, 0, 0]
    assert [r.retries for r in rows] == [0, 1, 0, 0, 0, 0]
    assert rows[1].token == 2
    assert [step for step, _ in rows[1].reports] == [0, 1, 2, 3]


def test_a_trial_that_kills_each_actor_fails_and_the_study_goes_on(cluster, tmp_path):
    study = luthier.create_study(
        storage=f"sqlite:///{tmp_path}/a.db?max_retries=1", sampler="Random", seed=0
    )

    def objective(trial):
        if trial.number == 1:
            os._exit(3)
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, 4, n_jobs=2, executor="ray", progress=False)
    assert [r.state for r in study.trials] == [
        State.COMPLETE,
        State.FAILED,
        State.COMPLETE,
        State.COMPLETE,
    ]
    assert "died or fell silent 2 times" in study.trials[1].error


@pytest.mark.slow
def is_dead(actor):
    """Whether this process knows that an actor has died."""
    import ray

    try:
        ray.get(actor.__ray_ready__.remote(), timeout=1)
    except ray.exceptions.RayActorError:
        return True
    except ray.exceptions.GetTimeoutError:
        pass
    return False


def test_the_death_of_an_idle_actor_costs_no_trial_a_retry(cluster, tmp_path, eventually):
    import ray

    from luthier.executors import Ray

    study = luthier.create_study(
        storage=f"sqlite:///{tmp_path}/a.db?max_retries=0", sampler="Random", seed=0
    )
    with Ray(2) as pool:
        for _ in range(3):
            study.optimize(
                lambda trial: trial.suggest_float("x", 0, 1),
                2,
                n_jobs=2,
                executor=pool,
                progress=False,
            )
            for actor in list(pool._actors):
                ray.kill(actor)
                assert eventually(lambda actor=actor: is_dead(actor))
        study.optimize(
            lambda trial: trial.suggest_float("x", 0, 1), 1, executor=pool, progress=False
        )
    assert [(r.state, r.retries) for r in study.trials] == [(State.COMPLETE, 0)] * 7


@pytest.mark.slow
def test_the_command_line_runs_trials_in_the_cluster(cluster, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from luthier.cli import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "on_ray.py").write_text(
        "import os, ray\n\ndef f(trial):\n    trial.set_tag('pid', os.getpid())\n"
        "    return ray.get_runtime_context().get_assigned_resources()['CPU']\n"
    )
    options = ["on_ray.py:f", "--executor", "ray", "--jobs", "-1", "--cpu", "2"]
    for command in (
        ["run", "--storage", "a.db", "--trials", "2"],
        ["worker", "on_ray", "--storage", "a.db", "--total", "4"],
    ):
        done = CliRunner().invoke(cli, [*command, *options])
        assert done.exit_code == 0, done.output
    rows = luthier.load_study("on_ray", "a.db").trials
    assert [r.value for r in rows] == [2.0] * 4
    assert os.getpid() not in {r.tags["pid"] for r in rows}


@pytest.mark.slow
def test_nodes_come_and_go(cluster, study, tmp_path, eventually):
    """Growth, and the sudden end of a node that runs trials: the study completes its budget."""
    study = study()
    go = tmp_path / "go"
    first = cluster.add_node(num_cpus=1, resources={"extra": 1})

    def objective(trial):
        import ray

        trial.report(0.0, 0)
        trial.set_tag("node", ray.get_runtime_context().get_node_id())
        while not go.exists():
            time.sleep(0.02)
        return trial.suggest_float("x", 0, 1)

    def begun():
        return sum(bool(r.reports) for r in study.trials)

    options = {"n_jobs": -1, "executor": "ray", "resources": {"extra": 1}, "progress": False}
    running = threading.Thread(target=study.optimize, args=(objective, 8), kwargs=options)
    running.start()
    try:
        assert eventually(lambda: begun() == 1)
        second = cluster.add_node(num_cpus=1, resources={"extra": 1})
        assert eventually(lambda: begun() == 2)  # it was given work
        cluster.remove_node(first, allow_graceful=False)
    finally:
        go.touch()
        running.join()
    cluster.remove_node(second)
    rows = study.trials
    assert [r.state for r in rows] == [State.COMPLETE] * 8
    assert sorted(r.retries for r in rows) in (
        [0] * 7 + [1],
        [0] * 8,
    )  # its trial may have ended just before
    assert len({r.tags["node"] for r in rows}) <= 2


def test_trials_are_placed_by_what_they_need(cluster, study):
    study = study()

    def objective(trial):
        import ray

        trial.set_tag("cpus", ray.get_runtime_context().get_assigned_resources()["CPU"])
        began = time.time()
        time.sleep(0.2)
        trial.set_tag("span", [began, time.time()])
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, 6, n_jobs=4, executor="ray", resources={"cpu": 2}, progress=False)
    assert {r.tags["cpus"] for r in study.trials} == {2.0}
    spans = [r.tags["span"] for r in study.trials]
    assert max(sum(a <= t < b for a, b in spans) for t, _ in spans) <= 2


def test_shared_data_lies_in_the_object_store_once(cluster, study, monkeypatch):
    import ray

    study = study("memory")
    put, n_put = ray.put, []
    monkeypatch.setattr(ray, "put", lambda value: n_put.append(type(value)) or put(value))
    data = luthier.share(np.arange(300_000.0))

    def objective(trial):
        array = data()
        assert array is data.get()
        trial.set_tag("mine", bool(array.flags.owndata or array.flags.writeable))
        return float(array[3]) + trial.suggest_float("x", 0, 1)

    study.optimize(objective, 8, n_jobs=2, executor="ray", progress=False)
    assert all(3 <= r.values[0] <= 4 and r.tags["mine"] is False for r in study.trials)
    assert n_put.count(np.ndarray) == 1


def test_a_time_limit_ends_the_trial_with_what_it_started_and_nothing_else(
    cluster, study, eventually
):
    study = study("memory")

    def objective(trial):
        if trial.number == 0:
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            trial.report(child.pid, 0)
            time.sleep(600)
        return trial.suggest_float("x", 0, 1)

    limits = {"time_s": 10}
    study.optimize(objective, 3, n_jobs=2, executor="ray", limits=limits, progress=False)
    rows = study.trials
    assert [r.state.name for r in rows] == ["FAILED"] + ["COMPLETE"] * 2
    assert rows[0].error.startswith(TrialTimeoutError.__name__)
    child = int(rows[0].reports[0][1])
    assert eventually(lambda: not is_alive(child))


def test_a_memory_limit_ends_the_trial_and_nothing_else(cluster, study):
    study = study("memory")

    def objective(trial):
        if trial.number == 0:
            hoard = []
            while True:
                hoard.append(b"x" * 2**24)
                time.sleep(0.02)
        if trial.number == 1:
            b"x" * 2**35
        return trial.suggest_float("x", 0, 1)

    limits = {"memory_mb": 400}
    study.optimize(objective, 4, n_jobs=2, executor="ray", limits=limits, progress=False)
    rows = study.trials
    assert [r.state.name for r in rows] == ["FAILED"] * 2 + ["COMPLETE"] * 2
    assert rows[0].error.startswith(TrialMemoryError.__name__)
    assert rows[1].error.startswith(TrialMemoryError.__name__)


def test_what_earlier_trials_have_left_does_not_count(cluster, study):
    study = study("memory")

    def objective(trial):
        import builtins

        builtins.__dict__.setdefault("kept", []).append(b"x" * 80 * 2**20)
        time.sleep(0.2)  # the memory is looked at
        return trial.suggest_float("x", 0, 1)

    limits = {"memory_mb": 200}
    study.optimize(objective, 5, n_jobs=1, executor="ray", limits=limits, progress=False)
    assert [r.error for r in study.trials] == [None] * 5


class OwnError(Exception):
    def __init__(self, number, why):
        super().__init__(f"{why} in {number}")
        self.number = number


def test_what_an_objective_raises_arrives_and_ends_the_others(cluster, study):
    study = study()

    def objective(trial):
        if trial.number == 1:
            raise OwnError(1, "no luck")
        time.sleep(600 if trial.number == 0 else 0)

    with pytest.raises(OwnError, match="no luck in 1"):
        study.optimize(objective, 9, n_jobs=2, executor="ray", progress=False)
    assert [r.state for r in study.trials[:2]] == [State.WAITING, State.FAILED]
    assert "no luck" in study.trials[1].error
    assert study.trials[0].retries == 0

    def better(trial):
        if trial.number == 2:
            raise OwnError(2, "caught")
        return 1.0

    study.optimize(better, 3, n_jobs=2, executor="ray", catch=OwnError, progress=False)
    assert [r.state for r in study.trials[:3]] == [State.COMPLETE, State.FAILED, State.FAILED]


def test_what_cannot_be_pickled_is_said(cluster, study):
    study, lock = study(), threading.Lock()
    with pytest.raises(TypeError, match=r"cannot be sent to Ray's actors.*lock"):
        study.optimize(lambda trial: lock, 2, n_jobs=2, executor="ray", progress=False)
    assert all(r.state == State.WAITING for r in study.trials)

    class Unreadable:
        def __reduce__(self):
            return __import__, ("no_such_module",)

    thing = Unreadable()
    with pytest.raises(
        RuntimeError, match=r"cannot be read by a Ray actor on .*no_such_module.*runtime_env"
    ):
        study.optimize(lambda trial: thing, 1, n_jobs=2, executor="ray", progress=False)


def test_the_executor_alone(cluster):
    from luthier.executors import Ray

    with Ray(2) as pool:
        assert list(pool.map(abs, [-1, 2, -3])) == [1, 2, 3]
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        assert pool.submit(os.getpid).result() != os.getpid()
        with pytest.raises(TypeError, match="partial"):
            pool.submit(abs, x=1)
        assert 1 <= pool.room() <= 2
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(abs, 1)
    pool = Ray(1)
    futures = [pool.submit(time.sleep, 600) for _ in range(3)]
    assert futures[0].running() or not futures[0].done()
    pool.shutdown(wait=False, cancel_futures=True)
    assert all(f.done() for f in futures)
    assert futures[2].cancelled()


def test_reproducible_on_ray_as_anywhere(cluster):
    def run(executor):
        study = luthier.create_study(sampler="TPE", scheduler="Median", seed=3)

        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            for step in range(2):
                trial.report(x * x + step, step)
                if trial.should_prune():
                    raise luthier.TrialPruned
            return x * x

        study.optimize(
            objective, 16, n_jobs=2, executor=executor, reproducible=True, progress=False
        )
        return [(r.number, r.state, r.params, r.values, r.reports) for r in study.trials]

    assert run("ray") == run(None)


def test_bad_arguments(study):
    from luthier.executors import Ray

    study = study("memory")
    with pytest.raises(ValueError, match="executor is 'ray'"):
        study.optimize(lambda t: 0, 1, executor="rya", progress=False)
    with pytest.raises(ValueError, match="n_jobs in numbers"):
        study.optimize(lambda t: 0, 1, n_jobs=-1, executor="ray", reproducible=True, progress=False)
    for options, error in (
        ({"n_workers": 0}, ValueError),
        ({"limits": {"minutes": 3}}, ValueError),
        ({"resources": {"cpu": -1}}, ResourceError),
        ({"resources": {"gpu": 1.5}}, ResourceError),
        ({"resources": {"cpu": 0}}, ResourceError),
    ):
        with pytest.raises(error):
            Ray(**options)
    assert study.trials == []


LOCAL = """
    import faulthandler, os, signal, sys

    faulthandler.dump_traceback_later(90, exit=True)
    import luthier, ray

    before, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    study = luthier.create_study(storage="sqlite:///a.db", sampler="Random", seed=0)
    """


@pytest.mark.slow
def test_a_cluster_of_our_own_is_begun_and_ended(script):
    script(
        LOCAL
        + """
    import luthier.errors
    try:
        study.optimize(lambda t: 0, 2, executor="ray", resources={"cpu": 1000}, progress=False)
    except luthier.errors.ResourceError as e:
        assert "room for 0" in str(e), e
    else:
        raise AssertionError
    assert not ray.is_initialized()

    def objective(trial):
        if trial.number == 2:
            trial.report(1, 1, checkpoint={"a": 1})
            print("slow", flush=True)
            import time
            time.sleep(600)
        return trial.suggest_float("x", 0, 1)

    def interrupt(study, row):
        assert signal.getsignal(signal.SIGTERM) is handler
        if row.number == 1:
            import _thread, threading, time
            def wait():
                while not (study.trials[0].values and study.trials[2].reports):
                    time.sleep(0.02)
                _thread.interrupt_main()
            threading.Thread(target=wait).start()

    try:
        options = {"n_jobs": 3, "executor": "ray", "progress": False}
        study.optimize(objective, 3, callbacks=[interrupt], **options)
    except KeyboardInterrupt:
        pass
    assert [r.state.name for r in study.trials] == ["COMPLETE", "COMPLETE", "WAITING"], study.trials
    assert study.trials[2].retries == 0 and len(study.trials[2].checkpoints) == 1
    assert dict(os.environ) == before
    assert signal.getsignal(signal.SIGTERM) is handler
    assert not ray.is_initialized()
    """,
        env={"RAY_ADDRESS": "local"},
    )


def test_without_ray_it_says_what_to_install(script):
    script(
        """
    import sys
    sys.modules["ray"] = None
    import luthier

    study = luthier.create_study()
    try:
        study.optimize(lambda t: 0, 1, executor="ray")
    except luthier.errors.MissingDependencyError as e:
        assert "pip install 'luthier[ray]'" in str(e)
    else:
        raise AssertionError
    assert study.trials == []
    """
    )
