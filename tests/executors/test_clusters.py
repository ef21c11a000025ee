"""Executors of other libraries, in their own processes: Dask's and loky's."""

import pytest

STUDY = """
    import concurrent.futures as cf, logging, os, signal, sys, time, warnings
    import numpy as np
    import luthier
    from luthier.schedulers.base import Decision, Scheduler

    class Above(Scheduler):
        def __init__(self, bound):
            self.bound = bound

        def decide(self, history, number):
            steps, losses = history.reports_of(number)
            return Decision.STOP if losses[-1] > self.bound else Decision.CONTINUE

    def make(options=""):
        url = f"sqlite:///a.db?max_retries=3{options}"
        return luthier.create_study("s", url, sampler="Random", scheduler=Above(0.7), seed=0)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_tag("pid", os.getpid())
        for step in range(3):
            trial.report(x, step, checkpoint={"step": step})
            if trial.should_prune():
                raise luthier.TrialPruned
        return x

    def check(rows, parent):
        for row in rows:
            pruned = row.params["x"] > 0.7
            assert row.state.name == ("PRUNED" if pruned else "COMPLETE"), row
            assert row.values == (row.params["x"],)
            assert len(row.reports) == (1 if pruned else 3)
            assert row.tags["pid"] != parent
            assert row.token == 1 and row.retries == 0

    data = luthier.share(np.arange(300_000.0))
    loads = "loads"

    class Counted:  # writes down each time that it arrives in a process
        def __reduce__(self):
            return counted, ()

    def counted():
        with open(loads, "a") as file:
            file.write(f"{os.getpid()} ")
        return Counted()

    def reading(trial, marker=Counted()):
        trial.set_tag("pid", os.getpid())
        return float(data.get()[2]) + trial.suggest_float("x", 0, 1)
"""


@pytest.mark.external("distributed")
def test_trials_on_dask_report_are_stopped_and_survive_a_worker(script):
    script(
        STUDY
        + """
    from distributed import Client

    def deadly(trial):
        begun = trial.step + 1 if trial.checkpoint else 0
        trial.set_tag("begun", begun)
        for step in range(begun, 4):
            trial.report(0.5, step, checkpoint={"step": step})
            if trial.number == 1 and step == 2 and begun == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trial.suggest_float("x", 0, 0.5)

    def hopeless(trial):
        if trial.number == 1:
            os._exit(1)
        return trial.suggest_float("x", 0, 0.5)

    if __name__ == "__main__":
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
            executor = client.get_executor()
            study = make()
            told = []
            tell = lambda study, row: told.append(row.number)
            options = {"n_jobs": 2, "executor": executor, "progress": False}
            study.optimize(objective, 20, callbacks=[tell], **options)
            check(study.trials, os.getpid())
            assert sorted(told) == list(range(20))
            assert any(r.state.name == "PRUNED" for r in study.trials)

            luthier.delete_study("s", "a.db")
            study = make()
            study.optimize(reading, 8, n_jobs=2, executor=executor, progress=False)
            pids = {str(r.tags["pid"]) for r in study.trials}
            assert all(2 <= r.values[0] <= 3 for r in study.trials)
            # The data came to each process once.
            assert sorted(open(loads).read().split()) == sorted(pids)

            luthier.delete_study("s", "a.db")
            study = make()
            study.optimize(deadly, 4, n_jobs=2, executor=executor, progress=False)
            rows = study.trials
            assert [r.state.name for r in rows] == ["COMPLETE"] * 4, rows
            assert [r.tags["begun"] for r in rows] == [0, 3, 0, 0]
            assert [step for step, _ in rows[1].reports] == [0, 1, 2, 3]

            luthier.delete_study("s", "a.db")
            study = make()
            study.optimize(hopeless, 3, n_jobs=1, executor=executor, progress=False)
            assert [r.state.name for r in study.trials] == ["COMPLETE", "FAILED", "COMPLETE"]
            assert "WorkerDiedError: Dask: " in study.trials[1].error
        """
    )


def test_trials_on_loky_report_are_stopped_and_survive_a_worker(script):
    script(
        STUDY
        + """
    from loky import get_reusable_executor

    # loky warns of workers that it renews.
    warnings.filterwarnings("ignore", message=".*memory leak", category=UserWarning)

    def deadly(trial):
        begun = trial.step + 1 if trial.checkpoint else 0
        trial.set_tag("begun", begun)
        for step in range(begun, 4):
            trial.report(0.5, step, checkpoint={"step": step})
            if trial.number == 1 and step == 2 and begun == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trial.suggest_float("x", 0, 0.5)

    if __name__ == "__main__":
        study = make()
        study.optimize(objective, 20, n_jobs=2, executor=get_reusable_executor(2), progress=False)
        check(study.trials, os.getpid())
        assert any(r.state.name == "PRUNED" for r in study.trials)

        luthier.delete_study("s", "a.db")
        study = make()
        study.optimize(reading, 8, n_jobs=2, executor=get_reusable_executor(2), progress=False)
        pids = {str(r.tags["pid"]) for r in study.trials}
        assert all(2 <= r.values[0] <= 3 for r in study.trials)
        assert sorted(open(loads).read().split()) == sorted(pids)

        luthier.delete_study("s", "a.db")
        study = make()
        try:
            study.optimize(deadly, 4, n_jobs=2, executor=get_reusable_executor(2), progress=False)
        except cf.BrokenExecutor:
            pass
        else:
            raise AssertionError("loky ends all its workers when one dies")
        left = sum(r.state.name != "COMPLETE" for r in study.trials)
        assert all(r.state.name in ("COMPLETE", "WAITING") for r in study.trials), study.trials
        n_trials = 4 - len(study.trials) + left
        executor = get_reusable_executor(2)
        study.optimize(deadly, n_trials, n_jobs=2, executor=executor, progress=False)
        rows = study.trials
        assert [r.state.name for r in rows] == ["COMPLETE"] * 4, rows
        assert rows[1].tags["begun"] == 3 and rows[1].retries == 1
        assert [step for step, _ in rows[1].reports] == [0, 1, 2, 3]
        get_reusable_executor().shutdown(wait=True)
        """
    )


def test_shared_data_in_processes_threads_and_here(script):
    script(
        STUDY
        + """
    import luthier

    if __name__ == "__main__":
        for n_jobs, executor in ((1, None), (2, None), (2, cf.ThreadPoolExecutor(2))):
            study = luthier.create_study(sampler="Random", seed=0)
            study.optimize(reading, 6, n_jobs=n_jobs, executor=executor, progress=False)
            assert all(2 <= r.values[0] <= 3 for r in study.trials)
            pids = {str(r.tags["pid"]) for r in study.trials} - {str(os.getpid())}
            assert (len(pids) > 0) == (n_jobs == 2 and executor is None)
            if pids:
                assert sorted(open(loads).read().split()) == sorted(pids)
        assert data() is data.get() and "ndarray" in repr(data)
        """
    )
