"""Whatever is killed, at whatever moment.

What was finished is there once, nothing is doubled, the study goes on.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

import luthier
from luthier.trial.record import State

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

N_TRIALS, N_STEPS = 24, 4
URL = "sqlite:///a.db?lease_s=1&max_retries=30"

SCRIPT = """
    import os, signal, sys, time
    import luthier

    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
    url, nap_s = sys.argv[1], float(sys.argv[5])
    n_trials, n_steps, n_jobs = map(int, sys.argv[2:5])

    def note(file, *what):
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(fd, (" ".join(map(str, what)) + "\\n").encode())
        os.fsync(fd)
        os.close(fd)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        first = trial.checkpoint or 0
        note("begun", trial.number, trial.ticket.token, first, os.getpid())
        for step in range(first, n_steps):
            time.sleep(nap_s)
            trial.report(x + step, step, checkpoint=step + 1)
            note("steps", trial.number, step)
        return x

    def finished(study, row):
        note("finished", row.number, row.state.name, repr(row.value))

    study = luthier.create_study(name="s", storage=url, sampler="Random", load_if_exists=True)
    states = [r.state for r in study.trials]
    n_left = max(n_trials, len(states)) - sum(s.finished for s in states)
    study.optimize(objective, n_trials=n_left, n_jobs=n_jobs, callbacks=[finished], progress=False)
"""


def lines(folder, file):
    """What was written; a line that a kill cut off is none."""
    path = folder / file
    text = path.read_text() if path.exists() else ""
    return [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]


def trials(folder):
    return luthier.load_study("s", str(folder / "a.db")).trials


class Run:
    """A study in a script that may be killed and started again."""

    def __init__(self, script, folder, url=URL, n_jobs=2, nap_s=0.005, n_steps=N_STEPS):
        self.script = script
        self.folder = folder
        self.args = url, N_TRIALS, n_steps, n_jobs, nap_s

    def start(self, **options):
        return self.script.start(SCRIPT, *self.args, **options)

    def to_its_end(self):
        self.script(SCRIPT, *self.args)

    def workers(self):
        return [
            p
            for p in self.script.alive()
            if "luthier.executors.worker" in " ".join(quiet(p.cmdline) or [])
        ]


def quiet(f):
    try:
        return f()
    except psutil.Error:
        return None


def all_is_well(folder, n_trials=N_TRIALS):
    """The study is complete, holds what was acknowledged, and nothing twice."""
    rows = trials(folder)
    assert [r.number for r in rows] == list(range(len(rows)))
    assert len(rows) >= n_trials
    assert [r for r in rows if r.state != State.COMPLETE] == []
    assert all(r.values == (r.params["x"],) for r in rows)
    assert len({r.params["x"] for r in rows}) == len(rows)
    for row in rows:
        assert row.reports == tuple((float(i), row.params["x"] + i) for i in range(N_STEPS))
        assert row.retries <= 30
        assert row.retries < row.token
    told = Counter(int(number) for number, *_ in lines(folder, "finished"))
    assert max(told.values()) == 1
    for number, state, value in lines(folder, "finished"):
        assert (rows[int(number)].state.name, repr(rows[int(number)].value)) == (state, value)
    return rows


def goes_on_from_checkpoints(folder):
    """A step that was stored is never done again."""
    done = Counter((number, step) for number, step in lines(folder, "steps"))
    assert max(done.values()) == 1
    tokens = Counter((number, token) for number, token, *_ in lines(folder, "begun"))
    assert max(tokens.values()) == 1


# Twenty kills in all: 3 + 3 + 4 of the main process, 5 + 5 of workers.


@pytest.mark.parametrize(
    ("seed", "n_kills", "n_jobs"),
    [
        (0, 3, 2),
        pytest.param(1, 3, 2, marks=pytest.mark.slow),
        pytest.param(2, 4, 1, marks=pytest.mark.slow),
    ],
)
def test_the_main_process_may_be_killed_at_any_moment(script, tmp_path, seed, n_kills, n_jobs):
    rng = random.Random(seed)
    run = Run(script, tmp_path, n_jobs=n_jobs, nap_s=0.02)
    kept = {}
    for kill in range(n_kills):
        process = run.start()
        if kill:  # the first at any moment from its birth, the others while trials run
            n_begun = len(lines(tmp_path, "begun"))
            while len(lines(tmp_path, "begun")) == n_begun and process.poll() is None:
                time.sleep(0.005)
        time.sleep(rng.uniform(0, 1.0 if kill == 0 else 0.4))
        process.kill()
        process.wait()
        assert script.all_end()  # no orphan goes on
        if (tmp_path / "a.db").exists():
            rows = (
                trials(tmp_path)
                if [s.name for s in luthier.list_studies(tmp_path / "a.db")]
                else []
            )
            now = {r.number: r for r in rows if r.state.finished}
            assert {n: now.get(n) for n in kept} == kept
            assert {int(number) for number, *_ in lines(tmp_path, "finished")} <= now.keys()
            kept = now
    n_left = sum(not r.state.finished for r in trials(tmp_path))
    time.sleep(1.1)  # leases run out
    run.to_its_end()
    rows = all_is_well(tmp_path)
    assert len(rows) <= N_TRIALS + n_kills * n_jobs
    assert {r.number: r for r in rows if r.number in kept} == kept
    assert sum(r.retries for r in rows) >= n_left
    goes_on_from_checkpoints(tmp_path)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_workers_may_be_killed_at_any_moment(script, tmp_path, seed):
    rng = random.Random(seed)
    run = Run(script, tmp_path, nap_s=0.04)
    process = run.start()
    for kill in range(5):
        time.sleep(rng.uniform(0, 0.5))
        while True:
            workers = run.workers()
            assert process.poll() is None, process.stdout.read()
            if len(workers) > kill % 2:  # also while it is starting
                break
            time.sleep(0.005)
        quiet(rng.choice(workers).kill)
    out, _ = process.communicate()
    assert process.returncode == 0, out
    rows = all_is_well(tmp_path)
    assert len(rows) == N_TRIALS
    assert sum(r.retries for r in rows) <= 5
    assert script.all_end()
    goes_on_from_checkpoints(tmp_path)


def test_a_trial_that_kills_its_worker_every_time_fails_and_the_study_ends(script, tmp_path):
    script(
        """
        import os, signal
        import luthier

        def objective(trial):
            trial.report(0.0, trial.checkpoint or 0, checkpoint=(trial.checkpoint or 0) + 1)
            if trial.number == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return trial.suggest_float("x", 0, 1)

        told = []
        study = luthier.create_study("s", "sqlite:///a.db?max_retries=2", sampler="Random")
        note = lambda study, row: told.append(row.number)
        study.optimize(objective, n_trials=6, n_jobs=2, callbacks=[note], progress=False)
        assert sorted(told) == list(range(6)), told
        """
    )
    rows = trials(tmp_path)
    assert [r.state.name for r in rows] == [
        "COMPLETE",
        "COMPLETE",
        "FAILED",
        "COMPLETE",
        "COMPLETE",
        "COMPLETE",
    ]
    assert (rows[2].retries, len(rows[2].reports)) == (2, 3)
    assert "died or fell silent 3 times" in rows[2].error


def test_a_trial_whose_main_process_is_killed_every_time_fails_in_the_end(script, tmp_path):
    code = """
        import os, signal, time
        import luthier

        def objective(trial):
            if trial.number == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return trial.suggest_float("x", 0, 1)

        study = luthier.create_study(
            "s", "sqlite:///a.db?lease_s=0.3&max_retries=1", sampler="Random", load_if_exists=True
        )
        study.optimize(objective, n_trials=2, progress=False)
    """
    codes = []
    for _ in range(3):
        process = script.start(code)
        out, _ = process.communicate()
        codes.append(process.returncode)
        time.sleep(0.4)
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0], out
    assert [r.state.name for r in trials(tmp_path)] == ["FAILED", "COMPLETE", "COMPLETE"]
    assert trials(tmp_path)[0].retries == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_stops_and_what_ran_is_taken_up_again(script, tmp_path, eventually, n_jobs):
    run = Run(
        script,
        tmp_path,
        url="sqlite:///a.db?lease_s=1000&max_retries=0",
        n_jobs=n_jobs,
        nap_s=0.3,
        n_steps=100,
    )
    process = run.start(start_new_session=True)
    assert eventually(lambda: len(lines(tmp_path, "steps")) >= n_jobs + 1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert out.count("stopped by Ctrl-C") == 1
    assert f"{n_jobs} waiting" in out
    assert "Traceback" not in out
    assert "WorkerDied" not in out
    assert script.all_end()
    before = trials(tmp_path)
    assert [r.state for r in before] == [State.WAITING] * n_jobs
    assert all(r.checkpoints[-1]["step"] == r.reports[-1][0] for r in before if r.reports)
    assert any(r.reports for r in before)
    again = Run(script, tmp_path, url=run.args[0], n_jobs=n_jobs, nap_s=0.001, n_steps=N_STEPS)
    again.to_its_end()
    rows = all_is_well(tmp_path)
    assert (len(rows), sum(r.retries for r in rows)) == (N_TRIALS, 0)
    assert [r.params["x"] for r in rows[:n_jobs]] == [
        r.params.get("x", rows[i].params["x"]) for i, r in enumerate(before)
    ]
    goes_on_from_checkpoints(tmp_path)


@pytest.mark.slow
def test_ctrl_c_while_trials_are_fast_leaves_nothing_running(script, tmp_path, eventually):
    code = """
        import signal
        import luthier

        signal.signal(signal.SIGINT, signal.default_int_handler)
        study = luthier.create_study("s", "a.db", sampler="Random", load_if_exists=True)
        study.optimize(lambda t: t.suggest_float("x", 0, 1), progress=False)
        print("goes on:", study.stop_reason, flush=True)
        signal.pause()
    """
    for _ in range(6):
        n = count(tmp_path)
        process = script.start(code)
        assert eventually(lambda n=n: count(tmp_path) > n + 15)
        process.send_signal(signal.SIGINT)
        assert "stopped by Ctrl-C" in process.stdout.readline()
        assert process.stdout.readline() == "goes on: Ctrl-C\n"
        process.send_signal(signal.SIGINT)  # pressed twice
        out, _ = process.communicate()
        assert out.rstrip().endswith("KeyboardInterrupt"), out
    states = Counter(r.state for r in trials(tmp_path))
    assert states[State.COMPLETE] > 90
    assert sum(states.values()) - states[State.COMPLETE] <= 1
    assert states[State.RUNNING] == states[State.FAILED] == 0


def count(folder):
    return (
        sum(s.n_trials for s in luthier.list_studies(folder / "a.db"))
        if (folder / "a.db").exists()
        else 0
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("every_s", [0.02, 1000])
def test_what_objectives_have_started_ends_with_a_killed_main_process(
    script, tmp_path, number, every_s
):
    main = script.start(
        f"""
        import os, subprocess, time
        import luthier

        def objective(trial):
            subprocess.Popen(["sleep", "1000"], start_new_session=True)
            os.write(1, b"began\\n")
            for step in range(1, 10_000):
                time.sleep({every_s})
                trial.report(1.0, step)

        study = luthier.create_study("s", "sqlite:///s.db", seed=0)
        study.optimize(objective, n_trials=2, n_jobs=2)
        """
    )
    assert [main.stdout.readline() for _ in range(2)] == ["began\n"] * 2
    main.send_signal(number)
    main.wait()
    assert script.all_end()


def test_a_program_that_a_worker_runs_ends_with_it(script, tmp_path, eventually):
    process = script.start(
        """
        import subprocess

        import luthier

        study = luthier.create_study(name="s", storage="a.db", sampler="Random")
        sleep = lambda trial: subprocess.run(["sleep", "1000"]).returncode
        study.optimize(sleep, n_trials=2, n_jobs=2, progress=False)
        """
    )
    assert eventually(
        lambda: len([p for p in script.alive() if (quiet(p.cmdline) or [""])[0] == "sleep"]) == 2
    )
    process.kill()
    process.wait()
    assert script.all_end()


def test_a_machine_that_falls_silent_loses_its_trial_and_its_late_result_is_refused(
    script, tmp_path, eventually
):
    code = """
        import os, sys, time
        import luthier

        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            print("begin", trial.number, trial.ticket.token, flush=True)
            while not os.path.exists("go"):
                time.sleep(0.01)
            return x if sys.argv[1] == "late" else x + 100

        url = "sqlite:///a.db?lease_s=1"
        study = luthier.create_study(name="s", storage=url, sampler="Random", load_if_exists=True)
        study.optimize(objective, n_trials=1, progress=False)
    """
    late = script.start(code, "late")
    assert late.stdout.readline() == "begin 0 1\n"
    late.send_signal(signal.SIGSTOP)  # as when a laptop is closed or a node swaps
    time.sleep(1.1)
    other = script.start(code, "other")
    assert other.stdout.readline() == "begin 0 2\n"
    Path(tmp_path / "go").touch()
    other.wait()
    late.send_signal(signal.SIGCONT)
    out, _ = late.communicate()
    assert (late.returncode, "is over or was given to another worker" in out) == (0, True), out
    [row] = trials(tmp_path)
    assert (row.state, row.token, row.retries) == (State.COMPLETE, 2, 1)
    assert row.values[0] >= 100


TOTAL = """
    import os, signal, sys
    import luthier

    def objective(trial):
        if trial.number == 1 and not os.path.exists("died"):
            open("died", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return trial.number

    study = luthier.create_study("s", "sqlite:///a.db?lease_s=1", load_if_exists=True)
    study.optimize(objective, total=4, progress=False)
"""


def test_a_trial_that_is_run_again_counts_once_in_the_total(script, tmp_path):
    script.start(TOTAL).wait()
    time.sleep(1.2)  # until the lease has run out
    script(TOTAL)
    assert [row.state for row in trials(tmp_path)] == [State.COMPLETE] * 4
    script(TOTAL)
    assert len(trials(tmp_path)) == 4
