"""`luthier demo`: run for real, gone on with, interrupted; and what it says in each case."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import luthier
from luthier import State, TrialRow
from luthier.cli import demo_model, demo_study
from luthier.cli.options import DEFAULT_STORAGE
from luthier.errors import MissingDependencyError, StudyError

SHAPE = {"family": "svm", "scaling": "minmax", "svm_kernel": "rbf"}
GOOD = {**SHAPE, "svm_C": 30.0, "svm_gamma": 0.05}
BAD = {**SHAPE, "svm_C": 0.01, "svm_gamma": 0.001}


def finished(params, value, **more):
    reports = tuple((i + 1.0, value) for i in range(10))
    row = TrialRow(
        number=-1,
        state=State.COMPLETE,
        params=params,
        values=(value,),
        reports=reports,
        started_s=1.0,
        finished_s=2.0,
    )
    return replace(row, **more)


@pytest.fixture(scope="module")
def data():
    return demo_model.Digits.load()


def test_defaults_are_the_librarys(data):
    for family, params in demo_model.make_defaults(data.X).items():
        assert demo_model.SPACE.check(params) == params
        model = demo_model.build(params)
        model = model[-1] if hasattr(model, "steps") else model
        plain, mine = type(model)().get_params(), model.get_params()
        differs = {k for k in plain if plain[k] != mine[k]}
        assert differs <= {"svm": {"gamma", "max_iter"}, "mlp": {"random_state"}}.get(
            family, {"max_bins", "random_state"}
        )
    fitted = data.refit(demo_model.make_defaults(data.X)["svm"])
    from sklearn.svm import SVC

    assert fitted[-1].gamma == pytest.approx(SVC().fit(fitted[0].transform(data.X), data.y)._gamma)


def test_every_point_of_the_space_can_be_built(data):
    for params in demo_model.SPACE.decode(demo_model.SPACE.sample(np.random.default_rng(0), 200)):
        demo_model.build(params)
    assert demo_model.make_defaults(data.X).keys() == demo_model.FAMILIES.keys()


def test_hold_out_is_apart(data):
    rows = {r.tobytes() for r in data.X}
    assert (len(data.X), len(data.X_held_out)) == (898, 899)
    assert sum(r.tobytes() in rows for r in data.X_held_out) == 0


def results(data, rows, capsys, earlier=()):
    study = luthier.create_study(
        "demo", direction="maximize", space=demo_model.SPACE, scheduler="wilcoxon"
    )
    study.add_trials(rows)
    demo_study.print_results(study, data, set(earlier), 12.0, "sqlite:///x.db")
    return capsys.readouterr().out


def test_a_gain_is_told_with_its_evidence(data, capsys):
    default = finished(demo_model.make_defaults(data.X)["svm"], 0.97, tags={"default": "svm"})
    cut = finished(
        BAD, 0.1, state=State.PRUNED, reports=((1.0, 0.1), (2.0, 0.1)), tags={"seconds": 2.0}
    )
    out = results(data, [default, finished(GOOD, 0.98), cut], capsys)
    assert re.search(r"default +support vector machine +0 +97\.00% +97\.\d\d%", out)
    assert re.search(r"tuned +support vector machine +1 +98\.00% +9[89]\.\d\d%", out)
    assert re.search(
        r"difference +\+1\.\d\d points on the hold-out, 95% interval \+0\.\d\d to \+\d\.\d\d", out
    )
    assert re.search(r"paired test +p = 0\.0\d+ \(mid-p McNemar\): \d+ images won, \d+ lost", out)
    assert re.search(r"verdict +Significant: the tuned model is better", out)
    assert "3 in this run, 1 of them stopped early" in out
    assert "12 s; stopping early left out 8 of 30 folds, about 8 s of computing" in out
    assert "show demo --storage sqlite:///x.db" in out
    assert re.search(r"svm_C +30", out)


def test_no_gain_is_told_as_such(data, capsys):
    params = demo_model.make_defaults(data.X)["svm"]
    rows = [
        finished(params, 0.97, tags={"default": "svm"}),
        finished({**params, "svm_C": 1.2}, 0.98),
    ]
    assert re.search(r"verdict +No (significant )?gain: ", results(data, rows, capsys))


def test_a_loss_is_told_as_such(data, capsys):
    rows = [
        finished(demo_model.make_defaults(data.X)["svm"], 0.97, tags={"default": "svm"}),
        finished(BAD, 0.98),
    ]
    assert "Significant: the tuned model is worse than the default model" in results(
        data, rows, capsys
    )


def test_when_the_default_is_the_best(data, capsys):
    rows = [
        finished(demo_model.make_defaults(data.X)["svm"], 0.99, tags={"default": "svm"}),
        finished(GOOD, 0.98),
    ]
    out = results(data, rows, capsys, earlier=[0])
    assert "verdict      No gain: keep the default" in out
    assert "1 in this run, 0 of them stopped early; 2 in all" in out


def test_without_a_finished_default(data, capsys):
    assert "No default has been scored yet; go on with: " in results(
        data, [finished(GOOD, 0.98)], capsys
    )


def test_what_to_type(monkeypatch, tmp_path):
    monkeypatch.delenv("MAKELEVEL", raising=False)
    monkeypatch.delenv("LUTHIER_STORAGE", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert demo_study.format_command("show", "demo", DEFAULT_STORAGE) == "luthier show demo"
    assert demo_study.format_command("demo", "", DEFAULT_STORAGE) == "luthier demo"
    assert (
        demo_study.format_command("demo", "", "sqlite:///my file.db")
        == "luthier demo --storage 'sqlite:///my file.db'"
    )
    monkeypatch.setenv("LUTHIER_STORAGE", "sqlite:///other.db")
    assert demo_study.format_command("demo", "", "sqlite:///other.db") == "luthier demo"
    monkeypatch.setenv("MAKELEVEL", "1")
    assert demo_study.format_command("demo", "", DEFAULT_STORAGE) == "make demo"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert demo_study.format_command("show", "demo", DEFAULT_STORAGE).endswith("/luthier show demo")


def test_another_study_of_that_name_is_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/l.db"
    luthier.create_study("demo", url, direction="maximize", space={"x": [1, 2]})
    with pytest.raises(
        StudyError,
        match=r"not this version's demo; remove it with '.*luthier delete demo --storage",
    ):
        demo_study.run(url, 1.0)
    assert luthier.load_study("demo", url).space.names == ("x",)


def test_without_scikit_learn():
    code = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.datasets'] = None; import "
        "luthier.cli.demo_study"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (
        f"{MissingDependencyError.__name__}: the demo needs scikit-learn: pip install "
        "'luthier[sklearn]'" in done.stderr
    )


def begun(folder, seconds, jobs, n_images=898):
    """The demo in a process of its own, on its own data or the first few of them."""
    code = f"""
import signal, sys
# A child of a shell in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
from luthier.cli.demo_model import Digits
from luthier.cli.demo_study import run
whole = Digits.load()
some = Digits(whole.X[:{n_images}], whole.y[:{n_images}], whole.X_held_out, whole.y_held_out)
Digits.load = lambda: some
sys.exit(run(timeout_s={seconds}, n_jobs={jobs}))
"""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKELEVEL", "LUTHIER_STORAGE")}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_the_real_thing_runs_goes_on_and_is_interrupted(tmp_path, eventually):
    first = begun(tmp_path, 0.5, 1)
    out, err = first.communicate()
    assert first.returncode == 0, err
    assert "verdict" in out  # one trial has been run: the default of the SVM
    assert "demo: 1 done, 0 stopped; best 0.97" in err
    url = f"sqlite:///{tmp_path}/luthier.db"
    study = luthier.load_study("demo", url)
    assert [row.tags["default"] for row in study.trials] == ["svm", "mlp", "boosting"]
    assert study.trials[0].tags["seconds"] > 0
    assert [row.state for row in study.trials] == [State.COMPLETE, State.WAITING, State.WAITING]
    assert len(study.trials[0].reports) == 10
    study.add_trials([finished(GOOD, 0.999)])

    second = begun(tmp_path, 3600, 2, 200)
    assert eventually(lambda: sum(row.state.finished for row in study.trials) >= 3)
    time.sleep(1.0)
    second.send_signal(signal.SIGINT)
    out, err = second.communicate()
    assert second.returncode == 130, err
    assert "goes on after 2 trials" in out
    rows = study.trials
    n = sum(row.state.finished for row in rows)
    assert n >= 3
    assert (
        f"Stopped. {n} finished trials are safe in luthier.db; best so far 99.90% in "
        "cross-validation (" in err
    )
    assert "Go on with: " in err
    assert "Traceback" not in err
    assert sum("default" in row.tags for row in rows) == 3
    assert not any(row.state == State.RUNNING for row in rows)  # what ran waits to be gone on with

    third = begun(tmp_path, 0.5, 2, 200)
    out, err = third.communicate()
    assert third.returncode == 0, err
    assert re.search(r"verdict +(Significant: the tuned model is better|No significant gain)", out)
    assert re.search(r"trials +\d+ in this run, .* in all", out)
    assert "\x1b" not in out + err
    assert len(study.trials) >= len(rows)
