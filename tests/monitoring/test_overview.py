"""What `luthier watch` shows: of rows, by pure functions; and what it reads."""

import json
import math
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

import luthier
from luthier import State, TrialRow
from luthier.cli import cli
from luthier.monitoring.overview import Best, Failure, Follower, Rates, RunningTrial, make_overview
from luthier.storages import SQLite

NOW = 10_000.0
EVIL = "[red]x[/red] \x1b[31m\x9b31m\r\u202e"
SHOWN = r"[red]x[/red] \x1b[31m\x9b31m\r\u202e"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def done(number, ended, value=1.0, worker="host:7:ab", took=2.0, state=State.COMPLETE, **fields):
    return TrialRow(
        number=number,
        state=state,
        values=None if value is None else (value,),
        worker=worker,
        started_s=NOW - ended - took,
        finished_s=NOW - ended,
        **fields,
    )


def running(number, lease, worker="host:7:ab", since=5.0, **fields):
    return TrialRow(
        number=number,
        state=State.RUNNING,
        worker=worker,
        started_s=NOW - since,
        lease_s=NOW + lease,
        **fields,
    )


def view(*rows, directions=("minimize",), lease_s=60.0, max_retries=2):
    return make_overview("s", directions, rows, NOW, lease_s, max_retries)


def test_nothing_yet():
    seen = view()
    assert (sum(seen.counts.values()), seen.best, seen.workers, seen.failures) == (0, None, [], [])
    assert seen.rates == Rates(0.0, 0.0, None)


def test_the_study_as_a_whole():
    rows = [
        done(0, 700.0, 3.0),
        done(1, 500.0, 1.0),
        done(2, 50.0, 1.0, retries=2),
        done(3, 10.0, math.nan),
        done(4, 5.0, None, state=State.FAILED, error="E: a\nTraceback"),
        done(5, 4.0, 0.5, state=State.PRUNED),
        done(6, 3.0, 0.1, tags={"confirms": 1, "repeat": 0}),
        TrialRow(number=7, state=State.WAITING),
        TrialRow(number=8, state=State.PAUSED, values=(0.0,), worker="host:7:ab"),
        running(9, 60.0, retries=1),
    ]
    seen = view(*rows)
    assert seen.counts == {
        "waiting": 1,
        "running": 1,
        "paused": 1,
        "complete": 5,
        "pruned": 1,
        "failed": 1,
    }
    assert seen.best == Best(1, 1.0)
    assert view(*rows, directions=("maximize",)).best == Best(0, 3.0)
    assert view(*rows, directions=("minimize", "minimize")).best is None
    assert (seen.objectives, seen.front, seen.feasible) == (["value"], None, None)
    assert seen.rates == Rates(5.0, 0.6, pytest.approx(60 * 7 / 699.0))
    assert seen.retries == 3
    assert seen.failures == [Failure(4, "E: a", 5.0, "host:7:ab")]


def test_the_best_keeps_all_constraints():
    kept, broken = {"size": 0.0}, {"size": 0.1, "memory": -1.0}
    rows = [
        done(0, 9.0, 1.0, constraints=broken),
        done(1, 8.0, 2.0, constraints=kept),
        done(2, 7.0, 3.0),
    ]
    assert (view(*rows).best, view(*rows).feasible) == (Best(1, 2.0), 2)
    assert (view(rows[0]).best, view(rows[0]).feasible) == (None, 0)


def test_several_objectives_have_a_front():
    def two(number, values, **fields):
        return TrialRow(number=number, state=State.COMPLETE, values=values, **fields)

    rows = [
        two(0, (1.0, 1.0)),
        two(1, (2.0, 3.0)),
        two(2, (2.0, 2.0)),
        two(3, (math.nan, 9.0)),
        two(4, (0.0, 9.0), constraints={"size": 1.0}),
        two(5, (0.0, 9.0), tags={"confirms": 0, "repeat": 0}),
    ]
    seen = make_overview("s", ["minimize", "maximize"], rows, NOW, 60.0, 2, ["loss", "accuracy"])
    assert (seen.best, seen.front, seen.feasible, seen.objectives) == (
        None,
        2,
        4,
        ["loss", "accuracy"],
    )
    assert make_overview("s", ["minimize", "maximize"], [], NOW, 60.0, 2).front == 0


def test_top_of_a_study_with_names_and_constraints():
    study = luthier.create_study("s", "s.db", objectives={"loss": "minimize", "speed": "maximize"})
    study.add_trials(
        [TrialRow(number=-1, state=State.COMPLETE, values=(1.0, 1.0), constraints={"size": 1.0})]
    )
    text = call("watch", "s", "--storage", "s.db").stdout
    assert "(minimize loss, maximize speed)" in text
    assert "kept by 0 complete trials" in text
    assert "front" not in text
    study.add_trials(
        [TrialRow(number=-1, state=State.COMPLETE, values=(1.0, float(i))) for i in (1, 1)]
    )
    assert (
        "front        2 trials that no other beats"
        in call("watch", "s", "--storage", "s.db").stdout
    )
    assert json.loads(call("watch", "s", "--storage", "s.db", "--json").stdout)["objectives"] == [
        "loss",
        "speed",
    ]


def test_the_latest_failures_come_first_and_are_few():
    rows = [done(i, 100.0 - i, None, state=State.FAILED, error=f"E: {i}") for i in range(9)]
    assert [f.number for f in view(*rows).failures] == [8, 7, 6, 5, 4]


def test_a_worker_of_the_service_is_one_whatever_it_asked():
    rows = [
        running(0, 30.0, "me#k1"),
        running(1, 20.0, "me#k2"),
        done(2, 3.0, worker="me#k3"),
        running(3, 9.0, "#k4"),
    ]
    nobody, me = sorted(view(*rows).workers, key=lambda w: w.name)
    assert (nobody.name, me.name, [h.worker for h in me.running], me.finished) == (
        "",
        "me",
        ["me", "me"],
        1,
    )


def test_workers():
    rows = [
        running(0, 30.0, "a:1:x", reports=((1.0, 0.5), (7.0, 0.5))),
        running(1, 20.0, "a:1:x"),
        done(2, 3.0, worker="b:2:y", took=1.0),
        done(3, 9.0, worker="b:2:y", took=3.0, state=State.FAILED, error="E"),
        running(4, -5.0, "d:4:z", retries=1),
        running(5, -5.0, "odd", retries=2),
        done(6, 100.0, worker="a:1:x"),
        TrialRow(number=7, state=State.WAITING, worker="gone:1:a"),
        done(8, 1.0, worker=""),
    ]
    dead, odd, busy, idle = view(*rows).workers
    assert (busy.host, busy.pid, busy.lease_left_s, busy.heard_s, busy.finished) == (
        "a",
        1,
        20.0,
        30.0,
        1,
    )
    assert busy.running == [
        RunningTrial(0, "a:1:x", 5.0, 7.0, 30.0, 0),
        RunningTrial(1, "a:1:x", 5.0, None, 20.0, 0),
    ]
    assert (idle.finished, idle.failed, idle.mean_duration_s, idle.heard_s, idle.running) == (
        2,
        1,
        2.0,
        3.0,
        [],
    )
    assert (odd.name, odd.host, odd.pid, odd.heard_s) == ("odd", "odd", None, 65.0)
    assert dead.running[0].stuck_s == odd.running[0].stuck_s == 5.0
    assert dead.running[0].next == "offered again when a worker is free (retry 2 of 2)"
    assert odd.running[0].next == "failed when a worker looks (after 2 of 2 retries)"


class Counting(SQLite):
    """Counts the rows and reports that are read."""

    read = 0

    def changes(self, study, since):
        found = super().changes(study, since)
        self.read += len(found.rows) + len(found.reports)
        return found

    def rows(self, study, numbers=None):
        found = super().rows(study, numbers)
        self.read += len(found)
        return found


def test_only_what_is_new_is_read():
    study = luthier.create_study("s", "s.db", sampler="random")
    study.add_trials(
        [
            TrialRow(number=-1, state=State.COMPLETE, values=(float(i),), params={})
            for i in range(2000)
        ]
    )
    place = Counting("s.db", lease_s=5.0)
    follower = Follower(place, place.study("s"))

    def looked():
        place.read = 0
        return follower.look(), place.read

    seen, n = looked()
    assert (seen.counts["complete"], n) == (2000, 2000)
    assert looked()[1] == 0
    trial = study.ask()
    seen, n = looked()
    assert (seen.counts["running"], n) == (1, 2)
    left = seen.workers[0].lease_left_s
    study.storage.inner.lease_s = 500.0
    study.storage.extend(study.engine.id, {trial.number: trial.ticket.token})
    seen, n = looked()
    assert (seen.workers[0].lease_left_s > left, n) == (True, 1)
    trial.report(0.5, 3)
    seen, n = looked()
    assert (seen.workers[0].running[0].step, n) == (3.0, 2)
    study.tell(trial, -1.0)
    seen, n = looked()
    assert (seen.best, seen.counts["running"], n) == (Best(trial.number, -1.0), 0, 1)
    assert looked()[1] == 0
    luthier.delete_study("s", "s.db")
    with pytest.raises(luthier.errors.StudyNotFoundError):
        follower.look()


def call(*args, status=0):
    result = CliRunner().invoke(cli, [*map(str, args)], prog_name="luthier")
    assert result.exit_code == status, (result.output, result.exception)
    return result


def evil():
    study = luthier.create_study(EVIL, "sqlite:///s.db?lease_s=0.01")
    storage = study.storage
    storage.add_trials(
        study.engine.id,
        [
            TrialRow(number=-1, state=State.RUNNING, worker=EVIL, started_s=time.time()),
            TrialRow(
                number=-1,
                state=State.FAILED,
                worker=f"{EVIL}:1:a",
                error=EVIL,
                finished_s=time.time(),
            ),
        ],
    )
    return study


def test_user_text_is_inert_and_json_is_all_of_it():
    evil()
    text = call("watch", EVIL, "--storage", "sqlite:///s.db?lease_s=0.01").stdout
    assert text.count(SHOWN) >= 4
    assert text.isprintable() or not {"\x1b", "\x9b", "\r", "\u202e"} & set(text)
    data = json.loads(call("watch", EVIL, "--storage", "s.db", "--json").stdout)
    assert (data["study"], data["failures"][0]["error"]) == (EVIL, EVIL)
    assert data.keys() == set(type(view()).__struct_fields__)


def test_failures_are_told_without_passwords():
    error = "E: no answer from ('postgresql://me:pa55@host/db'), or http://pa55@host\nTraceback"
    luthier.create_study("s", "s.db").add_trials(
        [TrialRow(number=-1, state=State.FAILED, error=error)]
    )
    for form in ("--once", "--json"):
        text = call("watch", "s", "--storage", "s.db", form).stdout
        assert "E: no answer from ('postgresql://me:***@host/db'), or http://***@host" in text
        assert "pa55" not in text


def test_live_on_a_terminal_until_ctrl_c():
    study = evil()
    outside, inside = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {
        "TERM": "xterm",
        "COLUMNS": "150",
        "LINES": "40",
        "LUTHIER_STORAGE": "sqlite:///s.db?lease_s=0.01",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "luthier.cli", "watch", EVIL, "--every", "0.05"],
        stdout=inside,
        stderr=inside,
        env=env,
    )
    os.close(inside)
    seen = ""
    told = False
    ended = False
    try:
        while chunk := os.read(outside, 65536).decode(errors="replace"):
            seen += chunk
            if "stuck" in seen and not told:
                told = True
                study.enqueue({"x": 1})
            if told and "1 waiting" in seen and not ended:
                ended = True
                process.send_signal(signal.SIGINT)
    except OSError:  # the other end is closed
        pass
    os.close(outside)
    assert process.wait() == 0
    assert "\x1b[31m" in seen  # red, of ours
    assert SHOWN in seen
    assert "\x9b" not in seen
    assert "\u202e" not in seen
