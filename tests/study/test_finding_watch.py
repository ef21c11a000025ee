"""A watch over a running study: when it looks, what it tells, what it changes."""

import pytest

import luthier
from luthier import Float, Space
from luthier.study.finding_watch import FindingWatch
from luthier.testing import histories

SPACE = Space({"x": Float(1.0, 2.0), "y": Float(0.1, 9.7)})


def rising(trial):
    """Best far beyond the upper bound of x."""
    return (trial.params["x"] - 20) ** 2 + 0.1 * (trial.params["y"] - 4) ** 2


def create(**more):
    return luthier.create_study(space=SPACE, seed=1, **{"sampler": "tpe", **more})


def test_each_finding_is_told_once():
    told = []
    study = create()
    study.optimize(
        rising, n_trials=75, on_finding=lambda s, f: told.append((s.name, f.name, f.subject))
    )
    assert (study.name, "optimum-at-bound", "x") in told
    assert len(told) == len(set(told))


def test_a_dismissed_finding_is_not_told():
    told = []
    study = create()
    study.dismiss("optimum-at-bound")
    study.optimize(rising, n_trials=100, on_finding=lambda _, f: told.append(f.name))
    assert "optimum-at-bound" not in told


class Counted:
    """A study that counts its diagnoses."""

    def __init__(self):
        self.history = histories.history(space=SPACE)
        self.n_diagnosed = []

    def diagnose(self, *, quick):
        assert quick
        self.n_diagnosed.append(self.history.n)
        return []


def test_a_study_is_diagnosed_at_most_each_25_trials_and_ever_less_often():
    study = Counted()
    watch = FindingWatch(study, None, ())
    row = histories.trial({"x": 1.5, "y": 1.0}, 1.0)
    for _ in range(2000):
        study.history.put([luthier.TrialRow(number=study.history.n, state=row.state)])
        watch(row)
    assert study.n_diagnosed[:4] == [25, 50, 75, 100]
    assert len(study.n_diagnosed) < 40


def test_ranges_are_widened_by_themselves_and_twice_at_most():
    study = create()
    study.optimize(rising, n_trials=160, act={"widen"})
    assert [(a.finding, a.parameter, a.kind) for a in study.applied] == [
        ("optimum-at-bound", "x", "widen")
    ] * len(study.applied)
    assert 1 <= len(study.applied) <= 2
    assert study.best_params["x"] > 2.0
    plain = create()
    plain.optimize(rising, n_trials=160)
    assert study.best_value < plain.best_value / 2
    assert plain.applied == ()


def test_a_run_in_the_wrong_direction_ends_by_itself():
    def learns(trial):
        for step in range(1, 13):
            trial.report(trial.params["x"] * step, step)
        return trial.params["x"] * 12

    study = create(sampler="random", direction="minimize")
    study.optimize(learns, n_trials=60, act={"stop"})
    assert study.stop_reason == "finding reversed-direction"
    assert len(study.trials) == 25


def test_a_remedy_that_cannot_be_applied_is_said_once_and_the_run_goes_on(caplog):
    study = luthier.create_study(seed=2, sampler="tpe")

    def free(trial):
        trial.suggest_float("x", 1.0, 2.0)
        trial.suggest_float("y", 0.1, 9.7)
        return rising(trial)

    study.optimize(free, n_trials=80, act={"widen"})
    assert len(study.trials) == 80
    assert caplog.text.count("the remedy of 'optimum-at-bound' cannot be applied") == 1
    assert study.applied == ()


@pytest.mark.parametrize("act", [{"fly"}, "widen", ["widen", "fly"]])
def test_unknown_actions_are_refused(act):
    with pytest.raises(ValueError, match=r"act is a set of some of widen, narrow, .* got '\w"):
        create().optimize(rising, n_trials=1, act=act)


def test_what_is_told_is_told_to_a_function():
    with pytest.raises(ValueError, match="on_finding is a function of the study and a finding"):
        create().optimize(rising, n_trials=1, on_finding="print")
