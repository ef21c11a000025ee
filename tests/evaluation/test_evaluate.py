import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import luthier
from luthier import Float, Int, Space, State
from luthier.errors import EvaluationError, UnpicklableError
from luthier.evaluation import Evaluate, freeze_splits, plan_folds, plan_holdout
from luthier.evaluation.fold_results import unpack_rows

X, Y = make_classification(120, 6, flip_y=0.2, random_state=0)
PLAN = plan_folds(120, 5, stratify=Y)
SPACE = Space({"C": Float(1e-3, 1e3, scale="log")})
DEPTH = Space({"max_depth": Int(1, 10)})


def logistic(plan=PLAN, metrics="accuracy", **options):
    return Evaluate(LogisticRegression(), X, Y, plan, metrics, **options)


def study_of(evaluate, space=SPACE, **options):
    return luthier.create_study(space=space, direction=evaluate.direction, seed=0, **options)


def test_the_value_is_that_of_cross_validation():
    evaluate = logistic()
    study = study_of(evaluate)
    study.enqueue({"C": 0.5})
    study.optimize(evaluate, n_trials=1)
    (row,) = study.trials
    theirs = cross_val_score(LogisticRegression(C=0.5), X, Y, cv=list(PLAN))
    assert row.value == pytest.approx(theirs.mean())
    assert [v for _, v in row.reports] == pytest.approx(theirs.tolist())
    assert [s for s, _ in row.reports] == [1, 2, 3, 4, 5]


def test_what_is_noted_with_a_trial():
    evaluate = logistic(
        metrics=["accuracy", "log_loss", "auc"], slices={"side": np.where(X[:, 0] > 0, "+", "-")}
    )
    study = study_of(evaluate)
    study.optimize(evaluate, n_trials=1)
    tag = study.trials[0].tags["evaluation"]
    assert study.trials[0].n_folds == 5
    assert tag["plan"] == PLAN.hash
    assert {len(v) for v in tag["scores"].values()} == {5}
    assert len(tag["fit_s"]) == len(tag["predict_s"]) == 5
    assert tag["size"] > 100
    rows = unpack_rows(tag["rows"])
    assert rows.mean() == pytest.approx(study.best_value)
    right = tag["slices"]["side"]
    n = (X[:, 0] > 0).sum()
    assert (n * right["+"] + (120 - n) * right["-"]) / 120 == pytest.approx(study.best_value)


def test_repeated_folds_keep_the_mean_of_each_row():
    plan = plan_folds(120, 4, n_repeats=2)
    evaluate = logistic(plan)
    study = study_of(evaluate)
    study.optimize(evaluate, n_trials=1)
    rows = unpack_rows(study.trials[0].tags["evaluation"]["rows"])
    assert set(rows) <= {0, 0.5, 1}
    assert rows.mean() == pytest.approx(study.best_value)


def test_several_metrics_are_several_objectives_where_the_study_has_them():
    evaluate = logistic(metrics=["accuracy", "log_loss"])
    study = luthier.create_study(
        space=SPACE, objectives={"log_loss": "minimize", "accuracy": "maximize"}, seed=0
    )
    study.optimize(evaluate, n_trials=2)
    scores = study.trials[0].tags["evaluation"]["scores"]
    means = (np.mean(scores["log_loss"]), np.mean(scores["accuracy"]))
    assert study.trials[0].values == pytest.approx(means)
    study = luthier.create_study(
        space=SPACE, objectives={"log_loss": "minimize", "size": "minimize"}, seed=0
    )
    with pytest.raises(EvaluationError, match="an objective 'size', which is none of the metrics"):
        study.optimize(evaluate, n_trials=1)


def test_constraints_are_noted():
    evaluate = logistic(
        metrics=["accuracy", "log_loss"],
        constraints={"log_loss": 0.4, "accuracy": 0.6, "size": 1e9},
    )
    study = study_of(evaluate)
    study.optimize(evaluate, n_trials=1)
    (row,) = study.trials
    scores = row.tags["evaluation"]["scores"]
    assert row.constraints["log_loss"] == pytest.approx(np.mean(scores["log_loss"]) - 0.4)
    assert row.constraints["accuracy"] == pytest.approx(0.6 - np.mean(scores["accuracy"]))
    assert row.constraints["size"] < 0


@pytest.mark.parametrize("patience", ["usual", "safe"])
def test_hopeless_trials_stop_early_and_never_win(patience):
    evaluate = Evaluate(
        DecisionTreeClassifier(random_state=0), X, Y, PLAN, "accuracy", patience=patience
    )
    study = study_of(
        evaluate,
        Space({"max_depth": Int(1, 12), "min_samples_leaf": Int(1, 50)}),
        scheduler=evaluate.scheduler,
    )
    study.optimize(evaluate, n_trials=40)
    stopped = [row for row in study.trials if row.state == State.PRUNED]
    assert stopped
    assert study.history.n_reports < 40 * 5
    assert all(row.n_folds < 5 for row in stopped)
    assert "rows" not in stopped[0].tags["evaluation"]
    assert study.best_trial.n_folds == 5


def test_each_trial_has_the_same_folds_of_a_splitter_without_seed():
    plan = freeze_splits(KFold(3, shuffle=True), X)
    evaluate = logistic(plan)
    study = study_of(evaluate)
    study.enqueue({"C": 1.0})
    study.enqueue({"C": 1.0})
    study.optimize(evaluate, n_trials=2)
    assert study.trials[0].reports == study.trials[1].reports


def test_reshuffled_hold_outs_differ():
    evaluate = logistic(plan_holdout(120, 0.3, reshuffled=True))
    study = study_of(evaluate)
    for _ in range(4):
        study.enqueue({"C": 1.0})
    study.optimize(evaluate, n_trials=4)
    assert len({row.value for row in study.trials}) > 1


def test_repeats_that_confirm_have_fresh_folds_which_leaders_share():
    evaluate = logistic()
    study = study_of(evaluate, scheduler=evaluate.scheduler)
    study.optimize(evaluate, n_trials=6)
    study.confirm(k=2, repeats=2)
    reruns = [row for row in study.trials if row.confirms is not None]
    plans = {row.tags["repeat"]: set() for row in reruns}
    for row in reruns:
        plans[row.tags["repeat"]].add(row.tags["evaluation"]["plan"])
    assert all(len(found) == 1 for found in plans.values())
    assert len({PLAN.hash}.union(*plans.values())) == 3


def test_weights_count_in_training_and_metric():
    weight = np.where(Y == 1, 1.0, 0.0)
    evaluate = Evaluate(
        lambda params: DummyClassifier(), X, Y, PLAN, "accuracy", sample_weight=weight
    )
    study = study_of(evaluate)
    study.optimize(evaluate, n_trials=1)
    assert study.best_value == 1.0


def test_numbers_are_predicted_as_well():
    evaluate = Evaluate(Ridge(), X, X[:, 0] * 3, plan_folds(120), ["rmse", "r2"])
    assert evaluate.direction == "minimize"
    study = study_of(evaluate, Space({"alpha": Float(0.1, 1)}))
    study.optimize(evaluate, n_trials=2)
    assert study.best_value < 0.2


def test_a_score_of_nan_is_an_error_that_names_the_fold():
    def score(model, X, y):
        return math.nan

    evaluate = logistic(metrics=score)
    with pytest.raises(EvaluationError, match="score of trial 0 is NaN in fold 0"):
        study_of(evaluate).optimize(evaluate, n_trials=1)


def test_a_candidate_that_fails_on_all_folds_as_the_first_ends_no_search():
    def build(params):
        return LogisticRegression(C=params["C"] if params["C"] < 1 else -1)

    evaluate = Evaluate(build, X, Y, PLAN, "accuracy")
    study = study_of(evaluate)
    study.enqueue({"C": 5.0})
    study.enqueue({"C": 0.5})
    study.optimize(evaluate, n_trials=2, catch=ValueError)
    assert [row.state for row in study.trials] == [State.FAILED, State.COMPLETE]
    assert "in fold 0 of 5 of trial 0" in study.trials[0].error


def test_unknown_params_stop_before_the_first_fit():
    evaluate = logistic()
    study = study_of(evaluate, Space({"c": Float(0.1, 1)}))
    with pytest.raises(EvaluationError, match="LogisticRegression has no parameter 'c'"):
        study.optimize(evaluate, n_trials=1)


def test_metrics_that_need_probabilities_stop_before_the_first_fit():
    evaluate = Evaluate(SVC(), X, Y, PLAN, "log_loss")
    with pytest.raises(EvaluationError, match="'log_loss' needs predict_proba"):
        study_of(evaluate).optimize(evaluate, n_trials=1)


def test_a_model_that_learns_in_fit_how_it_answers_is_not_refused():
    stack = StackingClassifier([("svc", SVC())], cv=2)
    assert Evaluate(stack, X, Y, PLAN, "log_loss").run({}).mean("log_loss") < 0.7
    deaf = StackingClassifier([("svc", SVC())], SVC(), cv=2)
    with pytest.raises(EvaluationError, match="'log_loss' needs predict_proba"):
        Evaluate(deaf, X, Y, PLAN, "log_loss").run({})


def test_estimators_that_cannot_go_to_other_processes_are_refused():
    lock = threading.Lock()

    def build(params):
        with lock:
            return LogisticRegression(**params)

    evaluate = Evaluate(build, X, Y, PLAN, "accuracy")
    with pytest.raises(UnpicklableError):
        study_of(evaluate).optimize(evaluate, n_trials=2, n_jobs=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slices": {"a": [1, 2]}}, r"slices\['a'\] must hold one label for each of the 120 rows"),
        ({"slices": {"a": Y}, "metrics": "f1"}, "slices need a metric that is had row by row"),
        ({"constraints": {"latency": 1}}, "a constraint is on a metric.*got 'latency'"),
        ({"constraints": {"size": math.inf}}, "the bound of 'size' must be finite"),
        ({"patience": "none"}, "patience"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        logistic(**options)


SCRIPT = """
    import os, sys
    import numpy as np
    import luthier
    from luthier.evaluation import Evaluate, plan_folds

    seed = int(sys.argv[1])
    X, y = np.arange(40.0)[:, None], np.arange(40.0)

    class Mean:
        def __init__(self, params):
            self.params = params

        def fit(self, X, y):
            with open("fits", "a") as file:
                file.write(f"{len(open('fits').readlines())}\\n")
            self.mean = y.mean()

        def predict(self, X):
            if len(open("fits").readlines()) == 4 and not os.path.exists("over"):
                open("over", "w").close()
                os.kill(os.getpid(), 9)
            return np.full(len(X), self.mean)

    study = luthier.create_study(
        name="s", storage="sqlite:///a.db?lease_s=1", load_if_exists=True, seed=0,
        space=luthier.Space({"x": luthier.Float(0, 1)}),
    )
    evaluate = Evaluate(Mean, X, y, plan_folds(40, 5, seed=seed), "mae")
    study.optimize(evaluate, total=1, progress=False, n_jobs=1)
"""


def run_script(folder, seed):
    (folder / "search.py").write_text(textwrap.dedent(SCRIPT))
    return subprocess.run(
        [sys.executable, "search.py", str(seed)],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.slow
def test_a_worker_that_is_killed_loses_one_fold(tmp_path):
    killed = run_script(tmp_path, 0)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    begun = luthier.load_study("s", str(tmp_path / "a.db")).trials[0]
    assert len(begun.reports) == 3

    time.sleep(1.1)  # until its lease is over
    done = run_script(tmp_path, 0)
    assert done.returncode == 0, done.stderr
    (row,) = luthier.load_study("s", str(tmp_path / "a.db")).trials
    assert row.state == State.COMPLETE
    assert len((tmp_path / "fits").read_text().splitlines()) == 6  # of five folds
    assert row.reports[:3] == begun.reports


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.slow
def test_a_trial_does_not_go_on_with_other_folds(tmp_path):
    assert run_script(tmp_path, 0).returncode == -signal.SIGKILL
    time.sleep(1.1)
    other = run_script(tmp_path, 1)
    assert other.returncode != 0
    assert "trial 0 was begun with other folds or metrics" in other.stderr


def test_a_study_of_the_other_direction_is_refused_before_the_first_training():
    evaluate = Evaluate(DecisionTreeClassifier(), X, Y, plan_folds(len(Y), 3), "accuracy")
    study = luthier.create_study(space={"max_depth": Int(1, 3)}, direction="minimize")
    with pytest.raises(EvaluationError, match=r"'accuracy' is better where it is larger"):
        study.optimize(evaluate, n_trials=1)


def test_sparse_rows_are_taken_of_all_formats():
    plan = plan_folds(len(Y), 3)
    expected = Evaluate(LogisticRegression(), X, Y, plan, "log_loss").run({}).scores
    for make in (csr_matrix, coo_matrix):
        found = Evaluate(LogisticRegression(), make(X), Y, plan, "log_loss").run({}).scores
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_a_class_instead_of_an_estimator_is_refused():
    with pytest.raises(EvaluationError, match=r"got the class SVC; pass SVC\(\)"):
        Evaluate(SVC, X, Y, plan_folds(len(Y), 3), "accuracy")


def test_a_metric_that_returns_nothing_is_named():
    def forgotten(model, X, y):
        model.score(X, y)

    with pytest.raises(EvaluationError, match="'forgotten' must return a number, got None"):
        logistic(metrics=forgotten).run({"C": 1.0})


def test_a_study_takes_one_plan():
    study = study_of(logistic())
    study.optimize(logistic(), n_trials=1)
    other = logistic(plan_folds(120, 5, stratify=Y, seed=1))
    with pytest.raises(EvaluationError, match=r"trial 0 of study .* had other folds"):
        study.optimize(other, n_trials=1)
    study.optimize(logistic(plan_folds(120, 5, stratify=Y)), n_trials=1)
    assert len(study.trials) == 2


def test_a_trial_that_is_asked_for_is_refused_where_others_had_other_folds():
    study = study_of(logistic())
    trial = study.ask()
    study.tell(trial, logistic()(trial))
    other = Evaluate(LogisticRegression(), X, Y, PLAN.redraw(7), "accuracy")
    with pytest.raises(EvaluationError, match=r"trial 0 of study .* had other folds"):
        other(study.ask())


def test_a_hold_out_has_nothing_to_ask_about(caplog):
    evaluate = logistic(plan_holdout(120, stratify=Y))
    study_of(evaluate, scheduler=evaluate.scheduler).optimize(evaluate, n_trials=2)
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
