"""Tests of Hyperopt's search: the loop, its trials, methods, files and figures."""

from __future__ import annotations

import importlib
import json
import pickle
import subprocess
import sys
from functools import partial

import matplotlib as mpl
import numpy as np
import pytest

from luthier import Float
from luthier.compat import remarks
from luthier.compat.hyperopt import (
    JOB_STATE_ERROR,
    STATUS_FAIL,
    STATUS_OK,
    FMinIter,
    Trials,
    anneal,
    atpe,
    criteria,
    exceptions,
    fmin,
    fmin_pass_expr_memo_ctrl,
    hp,
    mix,
    plotting,
    progress,
    rand,
    space_eval,
    tpe,
    trials_from_docs,
)
from luthier.compat.hyperopt.base import Domain, miscs_to_idxs_vals
from luthier.compat.hyperopt.early_stop import no_progress_loss
from luthier.compat.hyperopt.mongoexp import MongoTrials
from luthier.compat.hyperopt.pyll import rec_eval
from luthier.errors import CompatError

SPACE = {
    "x": hp.uniform("x", -5, 5),
    "model": hp.choice("model", [{"kind": "a"}, {"kind": "b", "z": hp.normal("z", 0, 2)}]),
}


def loss(point) -> float:
    z = point["model"].get("z", 3.0)
    return (point["x"] - 3) ** 2 + abs(z - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


METHODS = {
    "rand": rand.suggest,
    "tpe": partial(tpe.suggest, n_startup_jobs=5, n_EI_candidates=30),
    "anneal": anneal.suggest,
    "atpe": atpe.suggest,
    "mix": partial(mix.suggest, p_suggest=[(0.2, rand.suggest), (0.8, tpe.suggest)]),
}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_searches_and_a_seed_repeats_it(method: str) -> None:
    runs = []
    for _ in range(2):
        trials = Trials()
        best = fmin(loss, SPACE, METHODS[method], 40, trials=trials, rstate=rng(), verbose=False)
        runs.append(trials.losses())
    assert runs[0] == runs[1]
    assert loss(space_eval(SPACE, best)) == min(runs[0]) < (4 if method == "rand" else 1)


def test_a_second_search_goes_on_to_the_larger_number() -> None:
    trials = Trials()
    for n in (6, 6, 10):
        fmin(loss, SPACE, rand.suggest, max_evals=n, trials=trials, rstate=rng())
        assert len(trials) == n
    assert trials.tids == list(range(10))
    assert len(trials.vals["x"]) == 10
    assert len(trials.vals["z"]) == trials.vals["model"].count(1)
    assert trials.idxs["x"] == trials.tids
    assert trials.argmin == {
        k: v[0] for k, v in trials.best_trial["misc"]["vals"].items() if len(v)
    }


def test_results_are_losses_or_dicts_with_what_they_attach() -> None:
    def objective(x):
        if x < 0:
            return {"status": STATUS_FAIL, "why": "negative"}
        return {"status": STATUS_OK, "loss": np.float32(x), "attachments": {"a": b"7"}, "n": 1}

    trials = Trials()
    best = fmin(objective, hp.uniform("x", -1, 1), max_evals=20, trials=trials, rstate=rng())
    ok = [t for t in trials.trials if t["result"]["status"] == STATUS_OK]
    assert best["x"] == pytest.approx(min(t["result"]["loss"] for t in ok))
    assert trials.trial_attachments(ok[0])["a"] == b"7"
    assert "missing" not in trials.trial_attachments(ok[0])
    assert set(trials.statuses()) == {"ok", "fail"}
    assert trials.losses()[trials.statuses().index("fail")] is None
    assert trials.average_best_error() == pytest.approx(best["x"])


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        ({"loss": 1}, exceptions.InvalidResultStatus),
        ({"status": "good", "loss": 1}, exceptions.InvalidResultStatus),
        ({"status": STATUS_OK}, exceptions.InvalidLoss),
        (None, exceptions.InvalidResultStatus),
    ],
)
def test_what_is_no_result_is_refused(returned, error) -> None:
    with pytest.raises(error):
        fmin(lambda x: returned, hp.uniform("x", 0, 1), rand.suggest, max_evals=1)


def test_an_objective_that_fails_ends_the_search_or_is_kept() -> None:
    trials = Trials()
    search = partial(fmin, lambda x: 1 / 0, hp.uniform("x", 0, 1), rand.suggest, trials=trials)
    with pytest.raises(ZeroDivisionError):
        search(max_evals=2)
    assert search(max_evals=2, catch_eval_exceptions=True, return_argmin=False) is None
    assert len(trials) == 0
    assert [t["state"] for t in trials._dynamic_trials] == [JOB_STATE_ERROR] * 3
    assert trials._dynamic_trials[0]["misc"]["error"][1] == "division by zero"
    with pytest.raises(exceptions.AllTrialsFailed):
        trials.best_trial


def test_searches_end_by_points_losses_rules_and_time() -> None:
    space = hp.uniform("x", -5, 5)
    points = [{"x": 1.0}, {"x": 0.0}]
    seen: list = []
    fmin(lambda x: seen.append(x) or x * x, space, max_evals=3, points_to_evaluate=points)
    assert seen[:2] == [1.0, 0.0]
    assert len(seen) == 5

    trials = Trials()
    fmin(lambda x: x * x, space, rand.suggest, loss_threshold=1, trials=trials, rstate=rng())
    assert trials.losses()[-1] <= 1 < min([*trials.losses()[:-1], 2])

    trials = Trials()
    stop = no_progress_loss(4)
    fmin(lambda x: 1, space, rand.suggest, max_evals=99, early_stop_fn=stop, trials=trials)
    assert len(trials) == 4

    trials = Trials()
    fmin(lambda x: x, space, rand.suggest, timeout=1e-9, trials=trials, return_argmin=False)
    assert len(trials) == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"timeout": -1}, "None or a positive value. Given value: -1"),
        ({"timeout": True}, "Given value: True"),
        ({"loss_threshold": "a"}, "None or a numeric value. Given value: a"),
        ({"rstate": 3}, r"numpy.random.default_rng\(seed\)"),
        ({"points_to_evaluate": {"x": 1}}, "a list of dicts"),
        ({"budget": 3}, "budget"),
        ({"max_queue_len": 0}, "max_queue_len is at least 1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(settings, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        fmin(loss, SPACE, rand.suggest, max_evals=1, **settings)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: hp.uniform("x", 0), r"hp\.uniform takes a label and low, high, got 0"),
        (lambda: hp.uniform("x", 0, 1, width=2), "width=2"),
        (lambda: hp.quniform("x", 0, 1, 0), "q of hp.quniform is above 0"),
        (lambda: hp.randint("x"), "low, high"),
        (lambda: hp.choice("x", []), "at least one option"),
        (lambda: hp.pchoice("x", [(0.3, 1), (0.3, 2)]), "add up to 0.6"),
        (lambda: fmin(loss, SPACE, rand.suggest, max_evals=-1), "max_evals is at least 0"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(make, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        make()


def test_annotations_and_low_level_objectives() -> None:
    def annotated(x: hp.uniform("x", 0, 1), y: hp.choice("y", [10, 20])) -> float:
        return x + y

    assert fmin(annotated, "annotated", max_evals=9, rstate=rng())["y"] == 0

    def wrong(x: float) -> float:
        return x

    with pytest.raises(exceptions.InvalidAnnotatedParameter, match="float"):
        fmin(wrong, "annotated", max_evals=1)

    @fmin_pass_expr_memo_ctrl
    def low_level(expr, memo, ctrl):
        ctrl.attachments["point"] = str(rec_eval(expr, memo=memo))
        return loss(rec_eval(expr, memo=memo))

    trials = Trials()
    fmin(low_level, SPACE, rand.suggest, max_evals=1, trials=trials)
    assert "model" in trials.trial_attachments(trials.trials[0])["point"]


def test_trials_are_kept_in_a_file_without_code(tmp_path) -> None:
    file = str(tmp_path / "trials.json")

    def objective(point):
        return {"status": STATUS_OK, "loss": loss(point), "curve": np.arange(3), "raw": b"1"}

    search = partial(fmin, objective, SPACE, rand.suggest, trials_save_file=file)
    search(max_evals=3, rstate=rng())
    written = json.loads((tmp_path / "trials.json").read_text())["trials"]
    best = search(max_evals=5, rstate=rng(1))
    again = json.loads((tmp_path / "trials.json").read_text())["trials"]
    assert again[:3] == written
    assert len(again) == 5
    assert best["x"] in [t["misc"]["vals"]["x"][0] for t in again]

    (tmp_path / "old.pkl").write_bytes(pickle.dumps({"trials": []}))
    with pytest.raises(CompatError, match=r"a pickle, has no equivalent.*points_to_evaluate"):
        fmin(loss, SPACE, max_evals=1, trials_save_file=str(tmp_path / "old.pkl"))
    search_set = {"status": STATUS_OK, "loss": 1.0, "set": {1}}
    with pytest.raises(CompatError, match="leave trials_save_file out"):
        fmin(lambda p: search_set, SPACE, max_evals=1, trials_save_file=str(tmp_path / "s.json"))


def test_documents_make_trials_and_trials_are_pickled_by_their_user() -> None:
    trials = Trials()
    fmin(loss, SPACE, tpe.suggest, max_evals=12, trials=trials, rstate=rng())
    copied = pickle.loads(pickle.dumps(trials))
    assert copied.losses() == trials.losses()
    fmin(loss, SPACE, tpe.suggest, max_evals=14, trials=copied, rstate=rng())
    assert len(copied) == 14

    made = trials_from_docs(trials.trials)
    assert miscs_to_idxs_vals(made.miscs) == trials.idxs_vals
    for key in ("tid", "misc", "exp_key"):
        without = {k: v for k, v in trials.trials[0].items() if k != key}
        with pytest.raises(exceptions.InvalidTrial, match=key):
            made.insert_trial_doc(without)
    made.delete_all()
    assert len(made) == 0


def test_a_search_is_an_iterator_and_the_module_is_the_function() -> None:
    search = FMinIter(rand.suggest, Domain(loss, SPACE), Trials(), rng(), max_evals=3)
    assert [len(trials) for trials in search] == [1, 2, 3]
    module = importlib.import_module("luthier.compat.hyperopt.fmin")
    assert module(loss, SPACE, rand.suggest, max_evals=2, rstate=rng()).keys() >= {"x"}


def test_objects_of_hyperopt_itself_and_of_luthier_are_refused() -> None:
    theirs = type("Apply", (), {"__module__": "hyperopt.pyll.base"})()
    for foreign in (theirs, Float(0, 1)):
        with pytest.raises(CompatError, match="Import hp, scope and fmin from one place"):
            fmin(loss, {"x": foreign}, rand.suggest, max_evals=1)
    with pytest.raises(CompatError, match="trials_from_docs"):
        fmin(loss, SPACE, rand.suggest, max_evals=1, trials=[])


def test_it_needs_neither_hyperopt_nor_anything_heavy() -> None:
    heavy = {"hyperopt", "sklearn", "matplotlib", "pandas", "networkx", "tqdm", "scipy.stats"}
    code = f"import sys, luthier.compat.hyperopt; print({heavy!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_settings_without_effect_say_so_once(monkeypatch) -> None:
    monkeypatch.setattr(remarks, "_said", set())
    domain, trials = Domain(loss, SPACE), Trials()
    with pytest.warns(UserWarning, match="luthier.samplers.TPE"):
        tpe.suggest([0], domain, trials, 1, gamma=0.5)
    tpe.suggest([0], domain, trials, 1, gamma=0.5)
    with pytest.warns(UserWarning, match="place of annealing"):
        anneal.suggest([0], domain, trials, 1, shrink_coef=0.5)
    with pytest.raises(ValueError, match="must be 1 in all"):
        mix.suggest([0], domain, trials, 1, p_suggest=[(0.2, rand.suggest)])
    with pytest.raises(CompatError, match=r"postgresql://.*docs/compat/hyperopt.md"):
        MongoTrials("mongo://localhost/db")


def test_figures_and_progress() -> None:
    mpl.use("agg")
    trials = Trials()
    fmin(loss, SPACE, rand.suggest, max_evals=12, trials=trials, rstate=rng())
    axes = plotting.main_plot_history(trials, do_show=False)
    assert len(axes.collections[0].get_offsets()) == 12
    assert sum(p.get_height() for p in plotting.main_plot_histogram(trials).patches) == 12
    grid = plotting.main_plot_vars(trials, columns=2, colorize_best=2, arrange_by_loss=True)
    assert [a.get_title() for a in grid.ravel()] == ["model", "x", "z", ""]
    mpl.pyplot.close("all")

    real = sys.stdout
    with progress.tqdm_progress_callback(initial=0, total=9) as shown:
        assert sys.stdout is not real
        shown.postfix = "best loss: 1"
        shown.update(1)
    assert sys.stdout is real


def test_criteria_agree_with_draws() -> None:
    drawn = criteria.EI_gaussian_empirical(1.0, 4.0, 2.0, rng(), 100_000)
    assert criteria.EI_gaussian(1.0, 4.0, 2.0) == pytest.approx(drawn, abs=0.01)
    assert np.isfinite(criteria.logEI_gaussian(0, 1, [0, 500.0])).all()
    assert criteria.UCB(1, 4, 3.0) == 7
