"""What is seen while a study runs, on a terminal and elsewhere."""

from __future__ import annotations

import itertools
import logging
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest

import luthier
from luthier.study import progress
from luthier.study.progress import Tally, clock, display
from luthier.trial.record import State

if sys.platform != "win32":
    import pty

NAME = "a [bold]b[/bold] \x1b[31mred"


def square(trial):
    x = trial.suggest_float("x", -1, 1)
    if trial.number % 4 == 1:
        raise luthier.TrialPruned
    if trial.number % 4 == 3:
        raise ValueError("no")
    return x * x


def run(n_trials=8, **more):
    study = luthier.create_study(NAME, seed=0)
    study.optimize(square, n_trials=n_trials, catch=ValueError, **more)
    return study


@pytest.mark.parametrize("choice", [None, False])
def test_nothing_without_a_terminal(choice, capsys):
    run(progress=choice)
    assert "done" not in capsys.readouterr().err


def test_one_plain_line_at_the_end(capsys):
    study = run(progress=True)
    (line,) = [x for x in capsys.readouterr().err.splitlines() if "done" in x]
    best = f"best {study.best_value:.6g} in trial {study.best_trial.number}"
    assert line == f"a [bold]b[/bold] \\x1b[31mred: 4 done, 2 stopped, 2 failed; {best}; 0:00"


def test_a_long_run_that_nobody_watches_is_not_silent(capsys, monkeypatch):
    """Lines in the log of a batch job, ever less often."""
    monkeypatch.setattr(progress, "_QUIET_S", 0.0)
    monkeypatch.setattr(progress, "_SLOWEST_S", 0.0)
    run()
    lines = [x for x in capsys.readouterr().err.splitlines() if "done" in x]
    assert len(lines) == 8  # the last one is not repeated
    run(progress=False)
    assert "done" not in capsys.readouterr().err
    monkeypatch.setattr(progress, "_SLOWEST_S", 60.0)
    monkeypatch.setattr(progress, "_SLOWER", 1e9)
    monkeypatch.setattr(progress, "_QUIET_S", 1e-9)
    run()
    lines = [x for x in capsys.readouterr().err.splitlines() if "done" in x]
    assert len(lines) == 2  # the first, and the end


def test_one_record_for_each_trial_and_then_no_lines(capsys, caplog, monkeypatch):
    monkeypatch.setattr(progress, "_QUIET_S", 0.0)
    with caplog.at_level(logging.INFO, "luthier"):
        study = run()
    said = [r for r in caplog.records if r.getMessage().startswith("trial ")]
    assert [r.getMessage().split()[1] for r in said] == [str(i) for i in range(8)]
    best = study.best_trial
    [line] = [r.getMessage() for r in said if r.getMessage().startswith(f"trial {best.number} ")]
    assert f"trial {best.number} complete: value {best.value:.6g} in " in line
    assert f"; x={best.params['x']:.6g}; best {best.value:.6g} in trial {best.number}" in line
    assert [r.levelname for r in said] == ["INFO", "INFO", "INFO", "WARNING"] * 2
    assert (
        said[3].getMessage()
        == f"trial 3 failed: ValueError: no; x={study.trials[3].params['x']:.6g}"
    )
    assert said[0].trial == 0
    assert said[0].state == "complete"
    assert "done" not in capsys.readouterr().err


def test_a_trial_that_is_told_has_its_record(caplog):
    study = luthier.create_study(seed=0)
    with caplog.at_level(logging.INFO, "luthier"):
        study.tell(study.ask(), 0.5)
    assert [r.getMessage() for r in caplog.records if "complete" in r.getMessage()]


class Shown:
    """Stands for IPython: it keeps what is shown."""

    kernel = object()

    def __init__(self):
        self.bundles = []

    def get_ipython(self):
        return self

    def display(self, bundle, raw, display_id):
        assert raw
        assert display_id
        self.bundles.append(bundle)
        return self

    def update(self, bundle, raw):
        assert raw
        self.bundles.append(bundle)


@pytest.mark.parametrize("choice", [None, True])
def test_a_bar_in_a_notebook(choice, capsys, monkeypatch):
    shown = Shown()
    monkeypatch.setitem(sys.modules, "IPython", shown)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    monkeypatch.setattr(progress, "_NOTEBOOK_S", 0.0)
    run(progress=choice)
    assert len(shown.bundles) == 10
    assert '<progress value="0.000">' in shown.bundles[0]["text/html"]
    assert '<progress value="0.500">' in shown.bundles[4]["text/html"]
    assert '<progress value="1.000">' in shown.bundles[-1]["text/html"]
    assert "a [bold]b[/bold] \\x1b[31mred" in shown.bundles[-1]["text/plain"]
    assert "4 done, 2 stopped, 2 failed; best " in shown.bundles[-1]["text/html"]
    assert "done" not in capsys.readouterr().err
    run(progress=False)
    assert len(shown.bundles) == 10


def test_a_terminal_of_ipython_is_no_notebook(monkeypatch, capsys):
    shown = Shown()
    shown.kernel = None
    monkeypatch.setitem(sys.modules, "IPython", shown)
    run()
    assert shown.bundles == []


def test_plain_lines_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_LINE_S", 0.0)
    run(progress=True)
    lines = [x for x in capsys.readouterr().err.splitlines() if "done" in x]
    assert len(lines) == 9
    assert "1 done, 0 running, 0 stopped; best " in lines[0]
    assert re.search(r"; 0:00, (0:0\d left|ending the last trials)$", lines[0])


def test_an_error_still_ends_with_a_line(capsys):
    study = luthier.create_study("s")
    with pytest.raises(ZeroDivisionError):
        study.optimize(lambda t: 1 / 0, n_trials=3, progress=True)
    assert "s: 0 done, 0 stopped, 1 failed; 0:00" in capsys.readouterr().err


def test_a_closed_stderr_stops_nothing(monkeypatch):
    monkeypatch.setattr(progress, "_LINE_S", 0.0)
    with open(os.devnull, "w") as gone:
        gone.close()
        monkeypatch.setattr(
            sys, "stderr", type("Gone", (), {"isatty": lambda s: False, "write": gone.write})()
        )
        assert len(run(progress=True).trials) == 8
    monkeypatch.setattr(sys, "stderr", None)
    assert len(run(progress=True).trials) == 8
    assert len(run().trials) == 8


def test_plain_lines_load_no_rich():
    code = (
        "import luthier, sys; luthier.create_study().optimize(lambda t: t.suggest_float('x', 0, "
        "1), 2, progress=True); "
        "sys.exit('rich' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False).returncode
        == 0
    )


def tally(n_trials=None, timeout_s=None, done=0, after_s=10.0):
    t = Tally(luthier.create_study("s").engine, n_trials, timeout_s)
    t.counts[State.COMPLETE] = done
    t._began = time.monotonic() - after_s
    return t


def test_time_left():
    assert tally().left_s is None
    assert tally().share is None
    assert tally(timeout_s=40).left_s == pytest.approx(30, abs=0.1)
    assert tally(timeout_s=40).share == pytest.approx(0.25, abs=0.01)
    assert tally(n_trials=10).left_s is None  # nothing is known yet
    assert tally(n_trials=10, done=4).left_s == pytest.approx(15, abs=0.1)
    assert tally(n_trials=10, timeout_s=12, done=4).left_s == pytest.approx(2, abs=0.1)
    assert tally(n_trials=10, timeout_s=100, done=4).share == 0.4
    assert tally(timeout_s=5).left_s == 0
    assert tally(timeout_s=5).share == 1
    assert tally(timeout_s=5).describe_time() == "0:10, ending the last trials"
    assert tally(n_trials=0).share is None


def test_clock():
    assert [clock(s) for s in (0, 7.9, 61, 3600 + 23 * 60 + 45)] == [
        "0:00",
        "0:07",
        "1:01",
        "1:23:45",
    ]


def test_what_runs_is_counted_without_the_dead(tmp_path, eventually):
    url = f"sqlite:///{tmp_path}/s.db?lease_s=2"
    elsewhere = luthier.create_study("s", url)
    theirs = elsewhere.ask()
    study = luthier.load_study("s", url)
    mine = study.ask()
    t = Tally(study.engine, None, None)
    t.look()
    assert t.n_running == 2
    elsewhere.engine.forget(theirs.number)  # as if its process had died

    def n_running():
        t.look()
        return t.n_running

    assert eventually(lambda: n_running() == 1)
    study.tell(mine, 2.5)
    t.look()
    assert (t.n_running, t.best) == (0, (2.5, 1))


def test_several_objectives_have_no_best_but_a_front_that_grows():
    study = luthier.create_study("s", objectives=["minimize", "maximize"])
    t = Tally(study.engine, None, None)
    rng = np.random.default_rng(0)
    seen = []
    t.look()
    assert t.describe_best() == ""
    for values in rng.integers(0, 9, (40, 2)).tolist():
        trial = study.ask()
        trial.set_constraint("c", 1.0 if values[0] == 0 else -1.0)
        study.tell(trial, values)
        t.look()
        seen.append(len(t.front))
        assert t.front.tolist() == [row.number for row in study.best_trials]
    assert t.describe_best() == f"{seen[-1]} trials on the front"
    assert any(b < a for a, b in itertools.pairwise(seen)), "who joins may beat some"


def test_what_breaks_a_constraint_is_not_the_best():
    study = luthier.create_study("s")
    t = Tally(study.engine, None, None)
    for value, broken in ((1.0, 0.1), (3.0, -0.1), (2.0, 0.1)):
        trial = study.ask()
        trial.set_constraint("c", broken)
        study.tell(trial, value)
        t.look()
        assert t.describe_best() == (
            "best 3 in trial 1" if trial.number else "none keeps all constraints"
        )


@pytest.mark.parametrize("bounds", [(None, None), (3, None), (None, 5.0), (3, 5.0)])
def test_the_callbacks_take_rows(bounds, capsys):
    study = luthier.create_study("s")
    with display(study.engine, *bounds, True) as callbacks:
        row = study.tell(study.ask(), 1.0)
        for call in callbacks:
            call(row)
    assert "s: 1 done, 0 stopped; best 1 in trial 0" in capsys.readouterr().err


SCRIPT = f"""
import logging, sys, time, luthier
study = luthier.create_study({NAME!r}, seed=0)

def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    if trial.number == 1:
        print("[red]said by the objective[/red]")
    with study.engine.reading():  # whoever holds the study may print, whatever the display is doing
        for _ in range(20):
            logging.getLogger("mine").warning("noise")
    time.sleep(0.15)
    if trial.number == 2:
        raise luthier.TrialPruned
    return x * x

study.optimize(objective, n_trials=6, timeout_s=60)
print("the end", flush=True)
"""


def on_a_terminal(stdout=None, **env):
    """What a script writes to a terminal, and where stdout is a pipe, what it writes there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=theirs,
        stdout=stdout or theirs,
        stderr=theirs,
        env={
            **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM")},
            "TERM": "xterm",
            **env,
        },
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    piped = process.stdout.read().decode() if process.stdout else ""
    assert process.wait() == 0
    if process.stdout:
        process.stdout.close()
    return seen.decode(), piped


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal():
    seen, _ = on_a_terminal()
    assert "5 done, 1 stopped; " in seen
    assert re.search(r"\d done, 1 running, 1 stopped; ", seen)
    assert re.search(r"best 0(\.\d+)? in trial \d", seen)
    assert "\x1b[32mbest" in seen
    assert "a [bold]b[/bold] \\x1b[31mred" in seen  # inert
    assert "[red]said by the objective[/red]" in seen
    assert " left" in seen
    assert seen.rindex("the end") > seen.rindex("5 done")
    assert "\x1b[?25h" in seen  # the cursor is back


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_no_color_and_redirected_output():
    seen, piped = on_a_terminal(stdout=subprocess.PIPE, NO_COLOR="1")
    assert "5 done, 1 stopped; " in seen
    assert not re.search(r"\x1b\[[0-9;]*3\dm", seen)
    assert "said by the objective" not in seen
    assert piped == "[red]said by the objective[/red]\nthe end\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_dumb_terminal_gets_plain_lines():
    seen, _ = on_a_terminal(TERM="dumb")
    assert "a [bold]b[/bold] \\x1b[31mred: 5 done, 1 stopped; best" in seen
    assert "\x1b" not in seen
