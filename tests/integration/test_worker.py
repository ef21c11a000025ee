"""`luthier worker`: many of them on one study, stopped and killed at any time."""

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.servers import parameters, shared

import luthier
from luthier import State, TrialRow
from luthier.cli import cli
from luthier.monitoring.json_logs import JsonLines
from luthier.storages import SQLite, from_url
from luthier.storages.bounded import Bounded
from luthier.study.worker import join

OBJECTIVE = """
import os, time

def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    trial.report(x, 1)
    while trial.number >= 4 and os.path.exists("hold"):
        time.sleep(0.02)
    with open("done", "a") as f:
        f.write(f"{trial.number} ")
    return x * x
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUTHIER_LOG", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "train.py").write_text(OBJECTIVE)
    return tmp_path


@pytest.fixture
def started():
    """Starts commands in processes of their own, and sees to their end."""
    processes = []

    def start(*args, **env):
        process = subprocess.Popen(
            [sys.executable, "-m", "luthier.cli", *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
            env={**os.environ, **env},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def call(*args, status=0, **kwargs):
    """Runs a command in this process."""
    result = CliRunner().invoke(cli, [*map(str, args)], prog_name="luthier", **kwargs)
    assert result.exit_code == status, (result.output, result.exception)
    return result


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_workers_come_and_go_and_die_and_the_study_gets_what_it_was_to_have(
    kind, folder, started, eventually
):
    url = "sqlite:///s.db" if kind == "sqlite" else shared(kind).fresh()
    url += "?lease_s=1"
    study = luthier.create_study("s", url, sampler="random", seed=1)
    (folder / "hold").touch()
    worker = ["worker", "s", "--storage", url, "train.py:objective", "--total", 12]
    killed, stopped = started(*worker), started(*worker)

    def held():
        """Trials by the process that runs them, once the first four are over and both hold one."""
        running = [t for t in study.trials if t.state == State.RUNNING and t.reports]
        found = {int(t.worker.split(":")[1]): t.number for t in running}
        return (
            found
            if found.keys() == {killed.pid, stopped.pid} and min(found.values()) >= 4
            else None
        )

    numbers = eventually(held)
    killed.kill()
    stopped.send_signal(signal.SIGTERM)
    _, err = stopped.communicate()
    assert stopped.returncode == 143
    assert err.splitlines()[-1].startswith("Stopped after")
    assert study.trials[numbers[stopped.pid]].state == State.WAITING

    def seen():
        return json.loads(call("watch", "s", "--storage", url, "--once", "--json").stdout)

    stuck = eventually(
        lambda: [h for w in seen()["workers"] for h in w["running"] if h["stuck_s"] is not None], 10
    )
    assert [h["number"] for h in stuck] == [numbers[killed.pid]]
    assert stuck[0]["stuck_s"] > 0 > stuck[0]["lease_left_s"]
    assert stuck[0]["worker"].split(":")[1] == str(killed.pid)
    assert (stuck[0]["step"], stuck[0]["next"]) == (
        1.0,
        "offered again when a worker is free (retry 1 of 2)",
    )
    text = call("watch", "s", "--storage", url).stdout
    assert "stuck\ntrial" in text
    assert "offered again when a worker is free" in text

    (folder / "hold").unlink()
    for process in [started(*worker), started(*worker, "--jobs", 2)]:
        _, err = process.communicate()
        assert process.returncode == 0, err
        assert err.splitlines()[-1].startswith("Trials of this worker: ")
        assert err.splitlines()[-1].endswith("study s has 12.")
    trials = study.trials
    assert [t.state for t in trials] == [State.COMPLETE] * 12
    assert sorted(map(int, (folder / "done").read_text().split())) == list(range(12))
    assert {t.number: t.retries for t in trials if t.retries} == {numbers[killed.pid]: 1}
    study.storage.close()


@pytest.mark.parametrize("kind", parameters("sqlite", "postgresql", "mysql", "redis"))
def test_any_number_of_workers_keep_to_the_total(kind):
    url = "sqlite:///s.db" if kind == "sqlite" else shared(kind).fresh()
    first = luthier.create_study("s", url, sampler="random", seed=1)
    ran = []

    def work():
        study = luthier.load_study("s", Bounded(from_url(url), 40))
        join(
            study,
            lambda trial: ran.append(trial.number) or trial.suggest_float("x", 0, 1),
            total=40,
            progress=False,
        )
        study.storage.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == list(range(40))
    assert [t.state for t in first.trials] == [State.COMPLETE] * 40
    first.storage.close()


def test_a_bounded_storage_reaches_other_processes_bounded():
    place = Bounded(from_url("sqlite:///s.db?lease_s=7"), 3)
    again = pickle.loads(pickle.dumps(place))
    assert (type(again), again.max_trials, again.lease_s) == (Bounded, 3, 7.0)
    assert from_url(place.url).lease_s == 7.0


class Counting(SQLite):
    n_rows = 0

    def rows(self, study, numbers=None):
        self.n_rows += 1
        return super().rows(study, numbers)


def test_who_waits_for_others_reads_only_what_may_have_lost_its_worker():
    study = luthier.create_study("s", Counting("s.db"), sampler="random")
    study.storage.add_trials(
        study.engine.id,
        [TrialRow(number=-1, state=State.RUNNING, worker="a", lease_s=time.time() + 60)],
    )
    join(study, lambda trial: 0.0, total=1, timeout_s=1.2, progress=False)
    assert study.storage.n_rows == 0


@pytest.mark.parametrize("bound", [["--total", 6], []])
def test_a_worker_says_that_no_more_is_wanted(folder, bound):
    luthier.create_study("s", "s.db", space={"k": [1, 2, 3]}, sampler="grid")
    (folder / "grid.py").write_text("def f(trial): return trial.params['k']\n")
    said = call("worker", "s", "--storage", "s.db", "grid.py:f", *bound).stderr
    assert f"the sampler wants no more: 3{' of 6' if bound else ''} begun, 0 of them paused" in said


def test_a_worker_says_how_many_stay_paused():
    luthier.create_study("s", "s.db", sampler="random", scheduler="asha")
    Path("paused.py").write_text(
        "import luthier\n\ndef f(trial):\n    x = trial.suggest_float('x', 0, 1)\n"
        "    for step in range(trial.step + 1, 10):\n        trial.report(x, step, checkpoint={})\n"
        "        if trial.should_prune():\n            raise luthier.TrialPruned\n    return x\n"
    )
    said = call("worker", "s", "--storage", "s.db", "paused.py:f", "--total", 8).stderr
    n_paused = sum(t.state == State.PAUSED for t in luthier.load_study("s", "s.db").trials)
    assert n_paused > 0
    assert f"the scheduler wants no more: 8 of 8 begun, {n_paused} of them paused" in said
    assert "Trials of this worker" in said.splitlines()[-1]


def test_what_waits_beyond_the_total_is_left_alone():
    study = luthier.create_study("s", "s.db", sampler="random")
    for x in range(5):
        study.enqueue({"x": x / 10})
    for _ in range(2):
        call("worker", "s", "--storage", "s.db", "train.py:objective", "--total", 3)
        assert [t.state for t in study.trials] == [State.COMPLETE] * 3 + [State.WAITING] * 2
    assert (
        "Trials of this worker: 2 (2 complete)"
        in call("worker", "s", "--storage", "s.db", "train.py:objective", "--total", 5).stderr
    )


def test_a_worker_waits_for_the_trials_of_others_and_takes_over_those_of_the_dead():
    study = luthier.create_study("s", "sqlite:///s.db?lease_s=2", sampler="random")
    dead = TrialRow(number=-1, state=State.RUNNING, params={"x": 0.5}, worker="dead:1:a")
    study.storage.add_trials(study.engine.id, [dead, dead])
    said = call(
        "worker", "s", "--storage", "sqlite:///s.db?lease_s=0.5", "train.py:objective", "--total", 3
    ).stderr
    assert "waiting for trials 0, 1, which others run" in said
    assert "Trials of this worker: 3 (3 complete); study s has 3." in said
    assert [(t.state, t.retries) for t in study.trials] == [(State.COMPLETE, n) for n in (1, 1, 0)]
    SQLite("s.db", lease_s=0.01).add_trials(study.engine.id, [dead, dead])
    time.sleep(0.1)
    said = call(
        "worker", "s", "--storage", "sqlite:///s.db?lease_s=0.5", "train.py:objective", "--total", 6
    ).stderr
    assert "Trials of this worker: 3 (3 complete); study s has 6." in said


def test_bounds_of_the_worker_itself():
    study = luthier.create_study("s", "s.db", sampler="random")
    assert (
        "Trials of this worker: 3 (3 complete)"
        in call("worker", "s", "--storage", "s.db", "train.py:objective", "--trials", 3).stderr
    )
    call("worker", "s", "--storage", "s.db", "train.py:objective", "--trials", 3, "--total", 4)
    assert len(study.trials) == 4
    begun = time.monotonic()
    call("worker", "s", "--storage", "s.db", "train.py:objective", "--timeout", 0.3)
    assert time.monotonic() - begun >= 0.3


def test_a_worker_waits_for_its_study(folder, started, eventually):
    worker = started(
        "worker",
        "s",
        "--storage",
        "sqlite:///late.db",
        "train.py:objective",
        "--trials",
        1,
        "--wait",
        30,
    )
    time.sleep(0.3)
    luthier.create_study("other", "late.db")
    time.sleep(0.3)
    assert worker.poll() is None
    luthier.create_study("s", "late.db", sampler="random")
    _, err = worker.communicate()
    assert worker.returncode == 0, err
    assert len(luthier.load_study("s", "late.db").trials) == 1
    missing = call(
        "worker", "s", "--storage", "none.db", "train.py:objective", "--wait", 0.1, status=1
    ).stderr
    assert "there is no file" in missing
    assert not (folder / "none.db").exists()
    assert (
        "no study 't'"
        in call("worker", "t", "--storage", "late.db", "train.py:objective", status=1).stderr
    )


def test_sampler_and_scheduler_are_those_of_the_study_unless_others_are_named(folder):
    luthier.create_study("s", "s.db", space={"k": [1, 2, 3]}, sampler="grid", scheduler="median")
    call("worker", "s", "--storage", "s.db", "train.py:objective", "--scheduler", "no", status=2)
    (folder / "grid.py").write_text("def f(trial): return trial.params['k']\n")
    call("worker", "s", "--storage", "s.db", "grid.py:f")  # ends by itself: a grid has an end
    assert sorted(t.params["k"] for t in luthier.load_study("s", "s.db").trials) == [1, 2, 3]


def test_programs_need_a_declared_space():
    luthier.create_study("s", "s.db", space={"x": luthier.Float(0, 1)}, sampler="random")
    luthier.create_study("shown", "s.db")
    call("worker", "s", "--storage", "s.db", "--trials", 2, "--", "echo", "{x}")
    assert all(t.value == t.params["x"] for t in luthier.load_study("s", "s.db").trials)
    assert (
        "no parameter for {y}"
        in call("worker", "s", "--storage", "s.db", "--", "echo", "{y}", status=1).stderr
    )
    assert (
        "a study with a declared space"
        in call("worker", "shown", "--storage", "s.db", "--", "echo", status=2).stderr
    )
    assert (
        "expected FILE.py:OBJECTIVE, or --"
        in call("worker", "s", "--storage", "s.db", status=2).stderr
    )


def test_a_worker_that_only_fails_is_given_up(folder):
    (folder / "broken.py").write_text("def f(trial): raise KeyError('oh')\n")
    luthier.create_study("s", "s.db")
    said = call(
        "worker", "s", "--storage", "s.db", "broken.py:f", "--total", 50, status=1
    ).stderr.splitlines()
    assert said[1].startswith("trial 0 failed: KeyError: 'oh'")
    assert said[-1] == "Error: the first 10 trials all failed, so the worker was stopped"
    assert len(luthier.load_study("s", "s.db").trials) == 10


@pytest.mark.parametrize("options", [(), ("--log-json",)])
def test_a_worker_all_of_whose_trials_failed_says_so_as_a_run_does(folder, options):
    (folder / "broken.py").write_text(
        "def f(trial):\n    if trial.number < 3: raise KeyError('oh')\n    return 1.0\n"
    )
    luthier.create_study("s", "s.db")
    worker = ("worker", "s", "broken.py:f", "--storage", "s.db", "--trials", 2, *options)
    assert "all trials of this worker failed" in call(*worker, status=1).stderr
    assert "all trials" not in call(*worker).stderr  # one of these was complete


EVIL = '\x1b[31m\n\x9b\u202e{"a":'


@pytest.mark.parametrize("command", ["worker", "run"])
def test_structured_logs(command, folder, monkeypatch):
    (folder / "some.py").write_text(
        f"def f(trial):\n    if trial.number == 1: raise KeyError({EVIL!r})\n    "
        "trial.set_cost(3)\n    return 0.5\n"
    )
    luthier.create_study(EVIL, "s.db")
    args = ["worker", EVIL, "--storage", "s.db", "some.py:f", "--trials", 2]
    if command == "run":
        args = ["run", "some.py:f", "--name", EVIL, "--storage", "s.db", "--trials", 2]
    said = call(*args, "--log-json").stderr
    assert said.isascii()
    lines = [json.loads(line) for line in said.splitlines()]
    assert all(
        line.keys() >= {"time", "level", "logger", "message", "study", "worker"} for line in lines
    )
    assert {line["study"] for line in lines} == {EVIL}
    one, two = [line for line in lines if "trial" in line]
    assert (one["trial"], one["state"], one["value"], one["cost"], one["level"]) == (
        0,
        "complete",
        0.5,
        3.0,
        "info",
    )
    assert (two["trial"], two["state"], two["value"]) == (1, "failed", None)
    assert "KeyError" in two["error"]
    assert one["duration_s"] >= 0
    assert one["worker"].split(":")[1] == str(os.getpid())
    assert time.strptime(one["time"][:19], "%Y-%m-%dT%H:%M:%S")
    assert one["time"].endswith("Z")
    monkeypatch.setenv("LUTHIER_LOG", "json")
    (failed,) = call(
        "worker", "none", "--storage", "s.db", "some.py:f", status=1
    ).stderr.splitlines()
    assert (json.loads(failed)["level"], "no study 'none'" in json.loads(failed)["message"]) == (
        "error",
        True,
    )


def test_several_values_are_logged_as_a_list(folder):
    (folder / "two.py").write_text("def f(trial): return 1.0, float('inf')\n")
    luthier.create_study("s", "s.db", objectives=["minimize", "maximize"])
    said = call("worker", "s", "--storage", "s.db", "two.py:f", "--trials", 1, "--log-json").stderr
    assert [json.loads(line)["value"] for line in said.splitlines() if '"trial"' in line] == [
        [1.0, "inf"]
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:pa55@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:p/a#5?5@host/db?lease_s=3", "postgresql://me:***@host/db?lease_s=3"),
        (
            "postgresql://me@host/db?password=pa55&sslmode=require",
            "postgresql://me@host/db?password=***&sslmode=require",
        ),
        ("redis://:pa55@host:6379/0", "redis://:***@host:6379/0"),
        ("https://pa55@host:8700/x", "https://***@host:8700/x"),
        ("--storage=http://pa55@host:8700", "--storage=http://***@host:8700"),
        ("sqlite:///a@b.db?lease_s=3", "sqlite:///a@b.db?lease_s=3"),
        ("a@b.db", "a@b.db"),
    ],
)
def test_addresses_are_shown_without_secrets(url, said):
    from luthier.passwords import hide_password

    assert hide_password(url) == said


def test_no_password_is_printed(folder, started, eventually):
    url = shared("postgresql").fresh().replace("luthier@", "luthier:pa55word@")
    done = call("run", "train.py:objective", "--storage", url, "--trials", 4)
    assert "--storage 'postgresql://luthier:***@127.0.0.1" in done.stderr
    (folder / "hold").touch()
    runs = [
        started("run", "train.py:objective", "--trials", 4, "--storage", url),
        started("run", "train.py:objective", "--trials", 4, LUTHIER_STORAGE=url),
        started("worker", "train", "--storage", url, "train.py:objective"),
    ]
    study = luthier.load_study("train", url)
    eventually(lambda: sum(t.state == State.RUNNING for t in study.trials) == 3, 20)
    said = [done.output]
    for process, status in zip(runs, (143, 143, 143), strict=True):
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
        assert process.returncode == status, err
        assert "they are kept in postgresql://luthier:***@127.0.0.1" in err
        said += [out, err]
    said.append(call("show", "none", "--storage", url, status=1).output)
    said.append(call("storage", "copy", url, "copy.db").output)
    said.append(call("studies", url, status=2).output)
    said.append(
        call(
            "storage", "upgrade", "--storage", url.replace("postgresql:", "postgrsql:"), status=1
        ).output
    )
    away = url.replace("127.0.0.1:", "127.0.0.1:1") + "?reconnect_s=0"
    said.append(call("studies", "--storage", away, status=1).output)
    assert "pa55word" not in "".join(said)
    study.storage.close()


def test_a_line_of_the_log_bears_no_password():
    form, url = JsonLines(study="s", worker="w"), "redis://:pa55@host"
    try:
        raise OSError(f"{url} is away")
    except OSError:
        record = logging.LogRecord("luthier", logging.INFO, "", 0, f"at {url}", (), sys.exc_info())
    record.error = f"OSError: {url}"
    line = form.format(record)
    assert "pa55" not in line
    assert json.loads(line)["error"] == "OSError: redis://:***@host"
    assert "redis://:***@host is away" in json.loads(line)["traceback"]


@pytest.mark.parametrize(
    "sent", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_worker_that_is_stopped_does_not_wait_long_for_a_server_that_is_gone(
    folder, started, eventually, sent
):
    luthier.create_study("s", "s.db", sampler="random")
    (folder / "slow.py").write_text(
        "import time\ndef f(trial):\n    open('begun', 'w').close()\n    time.sleep(600)\n"
    )
    service = started("serve", "--storage", "s.db", "--port", 0, "--no-token")
    worker = started("worker", "s", "--storage", service.stdout.readline().split()[-1], "slow.py:f")
    assert eventually((folder / "begun").exists)
    service.kill()
    service.wait()
    worker.send_signal(sent)
    _, err = worker.communicate()  # patience is 120 s
    assert worker.returncode == (143 if sent == signal.SIGTERM else 130), err
    assert "could not give back trials [0]" in err
    assert "Stopped after 0 trials" in err


def test_a_service_and_its_worker(folder, started, eventually):
    luthier.create_study("s", "s.db", sampler="random")
    bounds = ["--threads", 2, "--max-requests", 50, "--checkpoints", folder]
    service = started(
        "serve", "--storage", "s.db", "--port", 0, "--token-file", folder / "token", *bounds
    )
    address = service.stdout.readline().split()[-1]
    assert str(folder / "token") in service.stdout.readline()
    token = (folder / "token").read_text().strip()
    url = address.replace("://", f"://{token}@")
    said = call("worker", "s", "--storage", url, "train.py:objective", "--total", 3).output
    said += call(
        "worker",
        "s",
        "--storage",
        address,
        "train.py:objective",
        "--total",
        5,
        env={"LUTHIER_TOKEN": token},
    ).output
    said += (
        call("watch", "s", "--storage", url).output + call("storage", "copy", url, "copy.db").output
    )
    said += call("worker", "s", "--storage", address, "train.py:objective", status=1).output
    assert "Trials of this worker: 2 (2 complete); study s has 5." in said
    assert "refuses the token" in said
    assert token not in said
    service.send_signal(signal.SIGTERM)
    _, err = service.communicate()
    assert service.returncode in (0, 143, -signal.SIGTERM), err
    assert token not in err
    assert "not both" in call("serve", "--no-token", "--token-file", "t", status=2).stderr
    assert "not both" in call("dashboard", "--no-token", "--token-file", "t", status=2).stderr
    assert "only this machine" in call("serve", "--no-token", "--host", "0.0.0.0", status=1).stderr


def test_a_dashboard_says_where_it_is_and_nobody_its_token(folder, started):
    luthier.create_study("s", "s.db", sampler="random")
    service = started("dashboard", "s.db", "--port", 0, "--token-file", folder / "token")
    said = [service.stdout.readline() for _ in range(3)]
    port = said[0].split(":")[-1].strip()
    assert said[2] == f"open in a browser: http://127.0.0.1:{port}/\n"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
        assert b"<title>luthier</title>" in page.read()
    service.send_signal(signal.SIGTERM)
    out, err = service.communicate()
    token = (folder / "token").read_text().strip()
    assert token not in "".join([*said, out, err])


def test_a_dashboard_creates_no_storage(folder):
    assert "luthier run" in call("dashboard", "missing.db", status=1).stderr
    assert not (folder / "missing.db").exists()
