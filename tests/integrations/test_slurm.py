"""Workers and trials as jobs of SLURM, on a cluster that really runs them."""

import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.support import fake_slurm

import luthier
from luthier.errors import NoWorkerError, PlatformError, WorkerDiedError
from luthier.integrations.slurm import Slurm
from luthier.integrations.slurm_script import write_worker_script

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SLURM is for POSIX systems")


@pytest.fixture
def cluster(tmp_path, monkeypatch, eventually):
    for name, value in fake_slurm.install(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for file in (tmp_path / "state").glob("*.job"):
        subprocess.run(["scancel", file.stem], capture_output=True, check=False)
    assert eventually(lambda: not jobs(tmp_path))


def call(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def jobs(folder):
    return [file.stem for file in (folder / "state").glob("*.job")]


def slow(trial, steps=60):
    for step in range(int(trial.step), steps):
        trial.report(trial.number, step + 1, checkpoint=step + 1)
        if trial.number == 1:
            time.sleep(0.05)
    return trial.suggest_float("x", 0, 1)


def test_tasks_are_jobs(cluster):
    with Slurm({"time": "10"}, poll_s=0.02) as slurm:
        assert slurm.submit(pow, 2, 10).result() == 1024
        with pytest.raises(ZeroDivisionError):
            slurm.submit(divmod, 1, 0).result()
        with pytest.raises(TypeError, match="cannot be pickled"):
            slurm.submit(threading.Lock).result()
        assert [p.suffix for p in (cluster / "luthier-slurm").iterdir()] == []
    with pytest.raises(RuntimeError, match="shut down"):
        slurm.submit(pow, 1, 1)


def test_a_job_that_is_gone_is_a_worker_that_died(cluster):
    with Slurm(poll_s=0.02) as slurm:
        future = slurm.submit(os.system, "echo last words; kill -9 $PPID")
        with pytest.raises(WorkerDiedError, match="job 1 is gone; its log ends with:\nlast words"):
            future.result()


def test_cancelled_tasks_are_cancelled_jobs(cluster, eventually):
    with Slurm(poll_s=0.02) as slurm:
        future = slurm.submit(time.sleep, 3600)
        assert eventually(lambda: any(f.read_text() for f in (cluster / "state").glob("*.job")))
        assert future.cancel()
        assert eventually(lambda: not jobs(cluster))


def test_a_result_that_cannot_be_read_fails_its_task_alone(cluster):
    with Slurm(poll_s=0.02) as slurm:
        command = "echo torn > luthier-slurm/$(ls luthier-slurm | sed -n 's/task$/result/p')"
        with pytest.raises(pickle.UnpicklingError):
            slurm.submit(os.system, f"{command}; sleep 3600").result()
        assert slurm.submit(pow, 2, 3).result() == 8


@pytest.mark.slow
def test_trials_of_failing_nodes_and_requeued_jobs_go_on(cluster, eventually):
    study = luthier.create_study("s", storage=f"sqlite:///{cluster}/s.db", seed=0)

    def disturb():  # one job is put into the queue again in the middle of its trial
        assert eventually(lambda: len(study.storage.rows(1, [1])[0].reports) > 3)
        (running,) = {"2"} & set(jobs(cluster))
        call("fail", running)

    study.enqueue({"x": 0.5})
    study.enqueue({"x": 0.25})
    thread = threading.Thread(target=disturb)
    thread.start()
    with Slurm(poll_s=0.05) as slurm:
        study.optimize(slow, n_trials=2, n_jobs=2, executor=slurm)
    thread.join()
    assert sorted(row.value for row in study.trials) == [0.25, 0.5]
    assert [len(row.reports) for row in study.trials] == [60, 60]
    ended = cluster / "state" / "ended"
    assert eventually(lambda: "2 0 1\n" in ended.read_text())  # restarted once


@pytest.mark.slow
def test_workers_of_an_array_lose_nothing(cluster, eventually):
    (cluster / "train.py").write_text(
        "import time\n\n\ndef objective(trial):\n"
        "    x = trial.suggest_float('x', 0, 1)\n"
        "    for step in range(int(trial.step), 10):\n"
        "        trial.report(x, step + 1, checkpoint=step + 1)\n"
        "        time.sleep(0.02)\n"
        "    return x\n"
    )
    storage = f"sqlite:///{cluster}/s.db?lease_s=1"
    luthier.create_study("train", storage=storage, seed=0)
    command = ["luthier", "worker", "train", "train.py:objective", "--total", "8"]
    made = call("luthier", "slurm", "--workers", "3", "--option", "time=10", "--", *command)
    assert made == write_worker_script(command, 3, {"time": "10"})
    (cluster / "workers.sh").write_text(made)
    os.environ["LUTHIER_STORAGE"] = storage
    try:
        assert call("sbatch", "workers.sh") == "Submitted batch job 1\n"
        study = luthier.load_study("train", storage)
        assert eventually(lambda: len(study.trials) >= 3)
        call("fail", "1_1")  # its node fails, and it is put into the queue again
        file = cluster / "state" / "1_2.job"
        os.kill(int(file.read_text()), signal.SIGTERM)  # its time is over soon
        assert eventually(lambda: not jobs(cluster))
    finally:
        del os.environ["LUTHIER_STORAGE"]
    ended = dict(
        line.split(" ", 1) for line in (cluster / "state" / "ended").read_text().splitlines()
    )
    assert ended == {"1_0": "0 0", "1_1": "0 1", "1_2": "0 1"}
    rows = study.trials
    assert len(rows) == 8
    assert {row.state for row in rows} == {luthier.State.COMPLETE}
    assert {tuple(step for step, _ in row.reports) for row in rows} == {tuple(range(1, 11))}


@pytest.mark.slow
def test_the_script_of_the_page_runs(cluster):
    page = Path(__file__).parents[2] / "docs" / "integrations" / "slurm.md"
    code = re.search(r"```py\n(.*?)```", page.read_text(), re.DOTALL)[1]
    (cluster / "tune.py").write_text(
        code.replace("total=50", "total=3").replace("poll_s=2", "poll_s=0.1")
    )
    assert call(sys.executable, "tune.py").startswith("{'lr': ")


def test_a_script_has_the_options_and_the_command():
    script = write_worker_script(["luthier", "worker", "a b"], 4, {"array": "0-3%2", "time": "5"})
    assert "#SBATCH --array=0-3%2\n" in script
    assert "#SBATCH --requeue\n" in script
    assert "#SBATCH --time=5\n" in script
    assert "\nluthier worker 'a b' &\n" in script


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"--time": "5"}, "option of sbatch without dashes, got '--time'"),
        ({"time": "5\nrm -rf x"}, "a value on one line for time"),
    ],
)
def test_options_that_are_none_are_refused(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_worker_script(["x"], 1, options)
    with pytest.raises(ValueError, match=message):
        Slurm(options, tmp_path / "none")


def test_scripts_without_a_command_or_workers_are_refused():
    with pytest.raises(ValueError, match="expected a command"):
        write_worker_script([], 1)
    with pytest.raises(ValueError, match="at least 1 worker, got 0"):
        write_worker_script(["x"], 0)


def test_a_cluster_that_is_not_there_or_refuses_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    slurm = Slurm(folder=tmp_path / "jobs")
    with pytest.raises(PlatformError, match="there is no sbatch"):
        slurm.submit(pow, 1, 1)
    (tmp_path / "sbatch").write_text(
        "#!/bin/sh\necho 'sbatch: error: invalid partition' >&2\nexit 1\n"
    )
    (tmp_path / "sbatch").chmod(0o755)
    with pytest.raises(NoWorkerError, match=r"sbatch failed with status 1: .*invalid partition"):
        slurm.submit(pow, 1, 1)
    assert list((tmp_path / "jobs").iterdir()) == []


def test_a_folder_that_others_may_write_into_is_refused(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ValueError, match="others may write into"):
        Slurm(folder=tmp_path / "open")


def test_a_file_in_place_of_the_folder_and_no_pause_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "within"):
        with pytest.raises(ValueError, match="is, or lies in, a file"):
            Slurm(folder=folder)
    for poll_s in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="poll_s must be a finite number > 0"):
            Slurm(folder=tmp_path / "jobs", poll_s=poll_s)
