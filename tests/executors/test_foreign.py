"""Executors that are not luthier's.

Threads, the standard library's processes, and whatever has `submit`.
"""

import concurrent.futures as cf
import multiprocessing
import os
import threading

import pytest

import luthier
from luthier.errors import StorageError
from luthier.trial.record import State

STUDY = """
    import concurrent.futures as cf, multiprocessing as mp, os, sys, warnings
    import luthier
    from luthier.schedulers.base import Decision, Scheduler

    # Python 3.12 warns.
    fork = ".*multi-threaded.*fork"
    warnings.filterwarnings("ignore", message=fork, category=DeprecationWarning)

    class Above(Scheduler):
        def __init__(self, bound):
            self.bound = bound

        def decide(self, history, number):
            steps, losses = history.reports_of(number)
            return Decision.STOP if losses[-1] > self.bound else Decision.CONTINUE

    def make(url="sqlite:///a.db", **options):
        settings = {"sampler": "Random", "scheduler": Above(0.7), "seed": 0, **options}
        return luthier.create_study("s", url, **settings)
"""


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_trials_in_a_process_pool_report_and_are_stopped(script, tmp_path, context):
    if context not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {context} here")
    script(
        STUDY
        + """
    if __name__ == "__main__":
        parent = os.getpid()

        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            trial.set_tag("pid", os.getpid())
            for step in range(3):
                trial.report(x, step, checkpoint={"step": step})
                if trial.should_prune():
                    raise luthier.TrialPruned
            return x

        told = []
        with cf.ProcessPoolExecutor(2, mp_context=mp.get_context(sys.argv[1])) as pool:
            study = make()
            tell = lambda study, row: told.append(row)
            study.optimize(objective, 20, n_jobs=2, executor=pool, callbacks=[tell], progress=False)
            first, best = study.trials, study.best_trial.number
            luthier.delete_study("s", "a.db")  # the workers have the old one open
            again = make()
            again.optimize(objective, 4, n_jobs=2, executor=pool, progress=False)
        assert len(again.trials) == 4
        for rows, best in ((first, best), (again.trials, again.best_trial.number)):
            for row in rows:
                pruned = row.params["x"] > 0.7
                assert row.state.name == ("PRUNED" if pruned else "COMPLETE"), row
                assert row.values == (row.params["x"],)
                assert len(row.reports) == (1 if pruned else 3)
                assert row.number != best or len(row.checkpoints) == 1
                assert row.tags["pid"] != parent
                assert row.token == 1 and row.retries == 0
        assert sorted(r.number for r in told) == list(range(20))
        assert any(r.state.name == "PRUNED" for r in first)
        """,
        context,
    )


@pytest.mark.slow
def test_what_a_process_pool_breaks_on_is_offered_again(script):
    script(
        STUDY
        + """
    if __name__ == "__main__":
        def objective(trial):
            if trial.number == 3:
                import time

                time.sleep(1.5)  # whoever runs beside it is done by then
                os._exit(1)
            return trial.suggest_float("x", 0, 1)

        study = make("sqlite:///a.db?max_retries=2")
        n_broken = 0
        while not any(r.state.name == "FAILED" for r in study.trials):
            try:
                with cf.ProcessPoolExecutor(2, mp_context=mp.get_context("spawn")) as pool:
                    study.optimize(objective, 6, n_jobs=2, executor=pool, progress=False)
            except cf.process.BrokenProcessPool:
                n_broken += 1
            assert n_broken < 10
        assert n_broken == 3
        study.optimize(objective, 3, progress=False)
        rows = study.trials
        assert [r.number for r in rows if r.state.name == "FAILED"] == [3]
        assert "WorkerDiedError" in rows[3].error and rows[3].retries == 2
        assert all(r.state.name == "COMPLETE" for r in rows if r.number != 3), rows
        """
    )


def test_memory_cannot_be_reached_from_another_process(script):
    script(
        STUDY
        + """
    if __name__ == "__main__":
        def quiet(trial):
            return trial.suggest_float("x", 0, 1)

        def reporting(trial):
            trial.report(1.0, 0)

        def pruning(trial):
            trial.should_prune()

        study = make(None)
        with cf.ProcessPoolExecutor(1, mp_context=mp.get_context("spawn")) as pool:
            study.optimize(quiet, 5, executor=pool, progress=False)
            assert [r.values[0] for r in study.trials] == [r.params["x"] for r in study.trials]
            for objective in (reporting, pruning):
                try:
                    study.optimize(objective, 1, executor=pool, progress=False)
                except luthier.errors.StorageError as e:
                    assert "memory cannot be reached" in str(e), e
                    assert "sqlite:///luthier.db" in str(e), e
                else:
                    raise AssertionError("it was reached")
        assert [r.state.name for r in study.trials] == ["COMPLETE"] * 5 + ["FAILED"] * 2
        """
    )


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    for step in range(3):
        trial.report(x, step)
        trial.should_prune()
    return x


class Elsewhere(cf.Executor):
    """An executor that nobody knows, as Dask's or MPI's would be: here, its workers are threads."""

    def __init__(self, n):
        self.threads = cf.ThreadPoolExecutor(n)

    def submit(self, fn, /, *args, **kwargs):
        return self.threads.submit(fn, *args, **kwargs)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.threads.shutdown(wait, cancel_futures=cancel_futures)


@pytest.mark.parametrize("storage", ["memory", "sqlite"])
@pytest.mark.parametrize("make", [cf.ThreadPoolExecutor, Elsewhere])
def test_threads_share_the_study(tmp_path, make, storage):
    url = f"sqlite:///{tmp_path}/a.db" if storage == "sqlite" else None
    study = luthier.create_study(storage=url, sampler="Random", scheduler="Median", seed=0)
    before = threading.active_count()
    with make(4) as pool:
        study.optimize(objective, n_trials=40, n_jobs=4, executor=pool, progress=False)
    rows = study.trials
    assert [r.number for r in rows] == list(range(40))
    assert all(r.state.finished and r.values == (r.params["x"],) and r.reports for r in rows)
    assert len({r.params["x"] for r in rows}) == 40
    assert threading.active_count() <= before + 1  # the one that keeps leases alive
    from luthier.study import remote

    assert not remote._local_studies  # nothing keeps the study


def test_what_a_thread_finishes_after_an_error_elsewhere_is_kept(eventually):
    study = luthier.create_study(sampler="Random", seed=0)
    fails, go = threading.Event(), threading.Event()

    def slow_or_wrong(trial):
        if trial.number == 1:
            fails.wait()
            raise ZeroDivisionError
        fails.set()
        go.wait()
        return trial.suggest_float("x", 0, 1)

    with cf.ThreadPoolExecutor(2) as pool:
        with pytest.raises(ZeroDivisionError):
            study.optimize(slow_or_wrong, n_trials=9, n_jobs=2, executor=pool, progress=False)
        assert [r.state for r in study.trials] == [State.RUNNING, State.FAILED]
        go.set()
        assert eventually(lambda: study.trials[0].state == State.COMPLETE)
    study.optimize(lambda t: 0, n_trials=1, progress=False)
    assert [r.state for r in study.trials] == [State.COMPLETE, State.FAILED, State.COMPLETE]


def test_what_a_queue_still_holds_after_an_error_goes_back():
    study = luthier.create_study(sampler="Random", seed=0)

    def wrong(trial):
        raise ZeroDivisionError

    with cf.ThreadPoolExecutor(1) as pool:
        go = threading.Event()
        pool.submit(go.wait, 60)
        threading.Timer(0.1, go.set).start()
        with pytest.raises(ZeroDivisionError):
            study.optimize(wrong, n_trials=9, n_jobs=4, executor=pool, progress=False)
    states = [r.state for r in study.trials]
    assert states[0] == State.FAILED
    assert set(states) <= {State.FAILED, State.WAITING}
    study.optimize(lambda t: 0, n_trials=4, progress=False)
    assert all(r.state.finished for r in study.trials)


def test_an_executor_that_refuses_leaves_no_trial_behind():
    study = luthier.create_study(sampler="Random", seed=0)
    pool = cf.ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        study.optimize(objective, n_trials=3, executor=pool, progress=False)
    assert [r.state for r in study.trials] == [State.WAITING]


def test_a_reproducible_study_is_the_same_in_threads():
    def run(seed_of_noise):
        import random
        import time

        noise = random.Random(seed_of_noise)
        study = luthier.create_study(sampler="TPE", scheduler="Median", seed=3)

        def noisy(trial):
            x = trial.suggest_float("x", 0, 1)
            for step in range(3):
                time.sleep(noise.uniform(0, 0.004))
                trial.report(x * x + step, step)
                if trial.should_prune():
                    raise luthier.TrialPruned
            return x * x

        with cf.ThreadPoolExecutor(3) as pool:
            study.optimize(
                noisy, n_trials=30, n_jobs=3, executor=pool, reproducible=True, progress=False
            )
        return [(r.number, r.state, r.params, r.values, r.reports) for r in study.trials]

    assert run(1) == run(2)


def test_limits_and_foreign_executors_do_not_go_together():
    study = luthier.create_study()
    with cf.ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="leave out executor"):
        study.optimize(objective, n_trials=1, executor=pool, limits={"time_s": 1})
    assert study.trials == []


def test_a_folder_that_is_gone_is_told_to_the_trial(tmp_path):
    study = luthier.create_study(storage=str(tmp_path / "a.db"), sampler="Random")

    def vanish(trial):
        trial.suggest_float("x", 0, 1)
        os.rename(tmp_path / "a.db", tmp_path / "b.db")
        trial.report(1.0, 1)

    with cf.ThreadPoolExecutor(1) as pool, pytest.raises(StorageError, match="deleted or replaced"):
        study.optimize(vanish, n_trials=1, executor=pool, progress=False)
