"""The verbs of a study that only look."""

from __future__ import annotations

import pytest

import luthier
from luthier.errors import TooFewResultsError, TrialError


def quadratic(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.suggest_float("y", 0, 1)
    return (x - 0.3) ** 2


def test_a_trial_is_explained_by_what_was_known_before_it():
    study = luthier.create_study(seed=0)
    study.optimize(quadratic, n_trials=30, progress=False)
    early, late = study.explain(2), study.explain(study.trials[29])
    assert early.expectation is None
    assert late.expectation.mean == pytest.approx(study.trials[29].value, abs=0.05)
    assert late.expectation.share_below > 0.5  # the sampler looks for improvement
    assert "trial 29: proposed by the sampler" in str(late)


def test_a_stopped_trial_is_explained_by_those_beside_it():
    def trained(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(1, 10):
            trial.report(x + 1 / step, step)
            if trial.should_stop():
                raise luthier.TrialPruned
        return x

    study = luthier.create_study(seed=0, scheduler="median")
    study.optimize(trained, n_trials=30, progress=False)
    stopped = next(row for row in study.trials if row.state == luthier.State.PRUNED)
    found = study.explain(stopped)
    assert "stopped by Median(" in found.end
    assert found.standing.place > 1
    assert found.standing.step == stopped.reports[-1][0]


def test_the_good_region_is_told_in_rules():
    study = luthier.create_study(seed=0, sampler="random")
    study.optimize(quadratic, n_trials=60, progress=False)
    found = study.explain_best()
    assert found.rules[0].conditions[0].startswith("x ")
    assert found.purity > 0.7
    assert all("y" not in c.split()[0] for rule in found.rules for c in rule.conditions)


def test_what_is_not_there_is_refused():
    study = luthier.create_study()
    with pytest.raises(TrialError, match="no trial 3"):
        study.explain(3)
    with pytest.raises(TooFewResultsError):
        study.explain_best()
