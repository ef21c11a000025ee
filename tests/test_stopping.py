"""When a study has done enough: what each rule sees in a history, and how a study stops by it."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest

import luthier
from luthier import Float, Int, Space, State, TrialRow, testing
from luthier.errors import StudyError
from luthier.history.history import History
from luthier.stopping import Budget, FoldNoise, NoImprovement, RegretBound, StopRule, Target

SPACE = Space({"x": Float(0, 1)})


def history(values, direction="minimize", **columns) -> History:
    """Trials that ended one after the other; None is a failed one."""
    trials = [
        testing.trial(
            {"x": i / 1000},
            v,
            State.FAILED if v is None else State.COMPLETE,
            started_s=float(i),
            finished_s=i + 0.5,
            **{name: column[i] for name, column in columns.items()},
        )
        for i, v in enumerate(values)
    ]
    return testing.history(*trials, directions=[direction])


def parabola(trial: luthier.Trial) -> float:
    return (trial.suggest_float("x", -1, 1) - 0.3) ** 2


# -- the rules
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ([], False),
        ([3], False),
        ([3, 2, 1], False),
        ([1, 2, 3], False),
        ([1, 2, 3, 1], True),
        ([3, 2, 1, 1.5, 1.2, 0.5], False),
        ([3, 2, 1, 1.5, 1.2, 1], True),
        ([1, None, None, None], True),
        ([None, None, None], True),
        ([None, None, None, math.inf], True),
        ([None, None, 5], False),
        ([1, 2, 3, -math.inf], False),
    ],
)
@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_no_improvement_in_the_last_three(values, stops, direction, sign) -> None:
    h = history([None if v is None else sign * v for v in values], direction)
    assert (NoImprovement(3).reason(h) is not None) == stops


def test_an_improvement_may_have_to_be_of_some_size() -> None:
    h = history([2.0, 1.95, 1.91, 1.901])
    assert NoImprovement(3).reason(h) is None
    assert (
        NoImprovement(3, min_delta=0.1).reason(h)
        == "the last 3 trials did not better 2 by more than 0.1"
    )
    assert NoImprovement(3, min_delta=0.09).reason(h) is None, "they may have done it together"


def test_when_trials_ended_makes_no_difference() -> None:
    answers = []
    for ends in ([0.0, 1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0, 0.0]):
        h = History(SPACE, ["minimize"])
        rows = [
            TrialRow(number=i, state=State.COMPLETE, values=(abs(i - 1.0),), finished_s=ends[i])
            for i in range(5)
        ]
        h.put([*rows, TrialRow(number=5, state=State.RUNNING)])
        answers.append([NoImprovement(n).reason(h) is not None for n in (1, 2, 3, 4)])
    assert answers == [[True, True, True, False]] * 2


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_target(direction, sign) -> None:
    rule = Target(sign * 0.5)
    assert rule.reason(history([], direction)) is None
    assert rule.reason(history([sign * 0.6, None], direction)) is None
    assert rule.reason(history([sign * 0.6, sign * 0.5], direction)) == (
        f"trial 1 reached {sign * 0.5}, and {sign * 0.5} was the target"
    )
    assert rule.reason(history([sign * 0.6, sign * 0.1, sign * 0.2], direction)).startswith(
        "trial 1 reached"
    )


def test_confirming_reruns_neither_reach_a_target_nor_count_for_patience() -> None:
    again = {"confirms": 0, "repeat": 0}
    h = history([1.0, 2.0, 0.1, 3.0, 3.0], tags=[{}, {}, again, again, again])
    assert Target(0.5).reason(h) is None
    assert NoImprovement(2).reason(h) is None
    assert NoImprovement(1).reason(h) == "the last trial did not better 1"


def test_what_breaks_a_constraint_neither_reaches_a_target_nor_betters_anything() -> None:
    kept, broken = {"size": 0.0}, {"size": 1e-9}
    h = history([2.0, 0.1, 3.0, 1.5], constraints=[kept, broken, kept, broken])
    assert Target(1.0).reason(h) is None
    assert NoImprovement(3).reason(h) == "the last 3 trials did not better 2"
    assert NoImprovement(4).reason(h) is None
    h = history([2.0, 0.1], constraints=[broken, broken])
    assert (
        NoImprovement(2).reason(h)
        == "none of the last 2 trials has a value and keeps all constraints"
    )


def fronts(values, constraints=None) -> History:
    """Trials of an objective that is minimized and one that is maximized; None is a failed one."""
    h = History(SPACE, ["minimize", "maximize"])
    h.put(
        [
            TrialRow(
                number=i,
                state=State.FAILED if v is None else State.COMPLETE,
                values=v,
                params={"x": i / 1000},
                constraints={} if constraints is None else {"c": constraints[i]},
            )
            for i, v in enumerate(values)
        ]
    )
    return h


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ([(1, 1), (0, 0)], False),  # too few
        ([(1, 1), (1, 1), (2, 1), (2, 0)], True),
        ([(1, 1), (1, 1), (2, 2), (2, 0)], False),  # a compromise of its own
        ([(1, 1), (0, 2), (0, 2), None], False),
        ([(0, 2), (1, 1), (0, 1), (0, 2)], True),
        ([None, None, None, None], True),
        (
            [None, None, None, (math.inf, -math.inf)],
            True,
        ),  # the worst there is, as with one objective
    ],
)
def test_with_several_objectives_better_is_what_no_earlier_trial_beats_or_equals(
    values, stops
) -> None:
    assert (NoImprovement(3).reason(fronts(values)) is not None) == stops


def test_several_objectives_stop_with_a_reason_and_as_brute_force_says() -> None:
    assert NoImprovement(2).reason(fronts([(1, 1), (2, 2), (2, 1), (3, 2)])) == (
        "none of the last 2 trials came into the front, of 2"
    )
    rng = np.random.default_rng(0)
    values, told = rng.integers(0, 6, (60, 2)).tolist(), rng.integers(-3, 2, 60).tolist()
    news = [
        told[i] <= 0
        and not any(told[j] <= 0 and values[j][0] <= a and values[j][1] >= b for j in range(i))
        for i, (a, b) in enumerate(values)
    ]
    h = fronts([tuple(v) for v in values], told)
    for n in range(60):
        seen = h.without(h.number >= n)
        assert (NoImprovement(5).reason(seen) is not None) == (n >= 5 and not any(news[n - 5 : n]))


def test_budget_counts_all_that_is_over() -> None:
    h = history([1.0, None, 3.0], cost=[0.5, 1.0, None])
    h.put([TrialRow(number=3, state=State.RUNNING, started_s=3.0)])
    assert Budget(n_trials=4).reason(h) is None
    assert Budget(n_trials=3).reason(h) == "3 trials are over, of a budget of 3"
    assert Budget(time_s=1.6).reason(h) is None
    assert Budget(time_s=1.5).reason(h) == "trials took 1.5 seconds, of a budget of 1.5"
    assert Budget(cost=1.6).reason(h) is None
    assert Budget(cost=1.5).reason(h) == "trials cost 1.5, of a budget of 1.5"
    assert Budget(n_trials=9, time_s=9, cost=1).reason(h).startswith("trials cost")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: NoImprovement(0), "n_trials must be a whole number >= 1, got 0"),
        (lambda: NoImprovement(2.5), "n_trials"),
        (lambda: NoImprovement(True), "n_trials"),
        (lambda: NoImprovement(5, min_delta=-1), "min_delta must be a finite number >= 0, got -1"),
        (lambda: NoImprovement(5, min_delta=math.inf), "min_delta"),
        (lambda: Target(math.nan), "value must be a finite number, got nan"),
        (lambda: Target("0.9"), "value must be a finite number, got '0.9'"),
        (lambda: Budget(), "a budget needs n_trials, time_s or cost"),
        (lambda: Budget(n_trials=0), "n_trials must be a whole number >= 1"),
        (lambda: Budget(time_s=0), "time_s must be a finite number > 0, got 0"),
        (lambda: Budget(cost=math.nan), "cost must be a finite number > 0, got nan"),
        (lambda: RegretBound(epsilon=-1), "epsilon must be a finite number >= 0"),
        (lambda: RegretBound(delta=0), "delta must be a finite number > 0"),
        (lambda: RegretBound(delta=1), "delta is a probability"),
        (lambda: RegretBound(n_next=0), "n_next"),
        (lambda: RegretBound(every=0), "every"),
        (lambda: FoldNoise(n_startup_trials=1), "n_startup_trials"),
        (lambda: FoldNoise(delta=1), "delta is a probability"),
    ],
)
def test_settings_that_make_no_sense(make, says) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_rules_say_what_they_are() -> None:
    assert repr(Budget(n_trials=5)) == "Budget(n_trials=5, time_s=None, cost=None)"
    assert repr(RegretBound()) == "RegretBound(epsilon=None, delta=0.05, n_next=20, every=5)"


# -- in a study
# ----------------------------------------------------------------------------------------------


def test_a_study_stops_says_why_and_goes_on_without_the_rule(caplog) -> None:
    study = luthier.create_study("s", seed=0)
    assert study.stop_reason is None
    with caplog.at_level(logging.INFO, "luthier"):
        study.optimize(parabola, 100, stop=[Budget(n_trials=1000), Target(0.01)])
    assert study.stop_reason.startswith("trial ")
    assert f"study 's' stops: {study.stop_reason}" in caplog.text
    assert [t.value <= 0.01 for t in study.trials] == [False] * (len(study.trials) - 1) + [True]
    n = len(study.trials)
    study.optimize(parabola, 3, stop=Target(0.01))
    assert len(study.trials) == n, "the study had reached it before"
    study.optimize(parabola, 3)
    assert (len(study.trials), study.stop_reason) == (n + 3, None)


def test_a_maximized_study_stops_at_its_target() -> None:
    study = luthier.create_study(direction="maximize", seed=0)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), 200, stop=Target(0.9))
    assert [t.value >= 0.9 for t in study.trials] == [False] * (len(study.trials) - 1) + [True]


def costly(trial: luthier.Trial) -> float:
    trial.set_cost(2.5)
    return trial.suggest_float("x", 0, 1)


def test_with_several_jobs_those_that_run_are_finished() -> None:
    study = luthier.create_study(seed=0)
    study.optimize(costly, 50, n_jobs=2, stop=Budget(cost=10))
    assert {t.state for t in study.trials} == {State.COMPLETE}
    assert 4 <= len(study.trials) <= 5
    assert study.stop_reason.startswith("trials cost 1")


def test_reproducible_studies_stop_at_the_same_trial() -> None:
    tables = []
    for _ in range(2):
        study = luthier.create_study(sampler="tpe", seed=1)
        study.optimize(parabola, 60, n_jobs=2, reproducible=True, stop=NoImprovement(6))
        tables.append([(t.params, t.value) for t in study.trials])
    assert tables[0] == tables[1]
    assert len(tables[0]) < 60


def test_every_process_of_a_study_stops(script, tmp_path) -> None:
    code = """
        import sys
        import luthier

        study = luthier.create_study("s", "sqlite:///s.db", sampler="random", load_if_exists=True)
        stop = luthier.stopping.Budget(n_trials=30)
        study.optimize(lambda t: t.suggest_float("x", 0, 1), stop=stop)
        print(study.stop_reason)
    """
    workers = [script.start(code) for _ in range(3)]
    for worker in workers:
        out, _ = worker.communicate()
        assert worker.returncode == 0, out
        assert "of a budget of 30" in out
    n = len(luthier.load_study("s", f"sqlite:///{tmp_path}/s.db").trials)
    assert 30 <= n <= 32


def test_rules_of_ones_own() -> None:
    class Sevens(StopRule):
        def reason(self, history):
            return "seven is enough" if history.n >= 7 else None

    study = luthier.create_study(seed=0)
    study.optimize(parabola, 100, stop=Sevens())
    assert (len(study.trials), study.stop_reason) == (7, "seven is enough")


@pytest.mark.parametrize("wrong", [NoImprovement, "patience", [Target(1), 3], lambda h: None])
def test_what_is_no_rule_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="stop is a rule such as"):
        luthier.create_study().optimize(parabola, 1, stop=wrong)


@pytest.mark.parametrize(
    "rule", [NoImprovement(3, min_delta=0.1), Target(1), RegretBound(), FoldNoise()]
)
def test_rules_about_values_need_one_objective(rule) -> None:
    study = luthier.create_study(objectives=["minimize", "minimize"])
    with pytest.raises(StudyError, match=r"needs one objective, and the study has 2"):
        study.optimize(lambda t: (1.0, 2.0), 5, stop=rule)
    assert study.trials == []
    study.optimize(lambda t: (1.0, 2.0), 5, stop=Budget(n_trials=2))
    assert len(study.trials) == 2


# -- the model
# ----------------------------------------------------------------------------------------------


def noisy_parabola(
    n: int, noise: float, seed: int = 0, d: int = 2, direction: str = "minimize"
) -> History:
    """Trials that close in on the optimum, as a sampler's do."""
    rng = np.random.default_rng(seed)
    space = Space({f"x{j}": Float(0, 1) for j in range(d)})
    h = History(space, [direction], seed)
    width = np.linspace(0.5, 0.05, n)[:, None]
    X = np.clip(0.4 + width * rng.normal(size=(n, d)), 0, 1)
    y = ((X - 0.4) ** 2).sum(axis=1) + noise * rng.normal(size=n)
    sign = -1 if direction == "maximize" else 1
    h.put(
        [
            TrialRow(
                number=i,
                state=State.COMPLETE,
                values=(sign * y[i],),
                params=space.decode(X[i : i + 1])[0],
                started_s=float(i),
                finished_s=i + 0.5,
            )
            for i in range(n)
        ]
    )
    return h


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_regret_bound_stops_when_the_noise_is_all_that_is_left(direction) -> None:
    reason = RegretBound().reason(noisy_parabola(60, 0.1, direction=direction))
    assert reason.startswith("the chance that the next 20 trials better trial ")


def test_the_regret_bound_goes_on_while_there_is_something_to_gain() -> None:
    rng = np.random.default_rng(0)
    space = Space({f"x{j}": Float(0, 1) for j in range(4)})
    h = History(space, ["minimize"])
    X = space.sample(rng, 40)
    y = ((X - 0.4) ** 2).sum(
        axis=1
    )  # without noise, from random points: the optimum is not found yet
    h.put(
        [
            TrialRow(
                number=i,
                state=State.COMPLETE,
                values=(float(y[i]),),
                params=space.decode(X[i : i + 1])[0],
                finished_s=float(i),
            )
            for i in range(40)
        ]
    )
    assert RegretBound(epsilon=1e-3).reason(h) is None
    assert RegretBound(epsilon=10.0).reason(h) is not None


def test_the_regret_bound_waits_for_enough_trials() -> None:
    whole = noisy_parabola(60, 0.1)
    rule = RegretBound(epsilon=100.0)
    for n, stops in ((19, False), (25, False), (29, False), (30, True), (31, True)):
        assert (rule.reason(whole.without(whole.number >= n)) is not None) == stops


def test_the_regret_bound_does_not_believe_a_model_while_trials_still_get_better() -> None:
    whole = noisy_parabola(60, 0.1)
    assert RegretBound(epsilon=0.5).reason(whole) is not None
    whole.put(
        [
            TrialRow(
                number=i,
                state=State.COMPLETE,
                values=(-1.0,),
                params={"x0": 0.9, "x1": 0.9},
                finished_s=99.0,
            )
            for i in (60, 61)
        ]
    )
    assert RegretBound(epsilon=0.5).reason(whole) is not None, "the next look is due at 65"
    whole.put(
        [
            TrialRow(
                number=i,
                state=State.COMPLETE,
                values=(1.0,),
                params={"x0": 0.1, "x1": 0.9},
                finished_s=99.0,
            )
            for i in (62, 63, 64)
        ]
    )
    assert RegretBound(epsilon=0.5).reason(whole) is None


def test_between_two_looks_the_answer_stands_and_a_cache_does_not_change_it() -> None:
    whole = noisy_parabola(45, 0.1, seed=3)
    rule = RegretBound()
    walked = [rule.reason(whole.without(whole.number >= n)) for n in range(46)]
    fresh = [RegretBound().reason(whole.without(whole.number >= n)) for n in (25, 29, 33, 40, 44)]
    assert [walked[n] for n in (25, 29, 33, 40, 44)] == fresh
    for n in range(25, 45, 5):
        assert len(set(walked[n : n + 5])) == 1


def test_the_regret_bound_in_a_finite_space_that_was_tried_to_the_end() -> None:
    study = luthier.create_study(space={"k": Int(0, 24)}, sampler="grid", seed=0)
    study.optimize(lambda t: (t.params["k"] - 3) ** 2, 25)
    study.optimize(lambda t: 1.0, 5, stop=RegretBound(n_next=10))
    assert study.stop_reason == "every point that was looked at has been tried"
    assert len(study.trials) == 25


def test_the_regret_bound_counts_no_gain_where_constraints_break() -> None:
    """The loss falls towards x = 1, where nothing is allowed.

    Only with constraints there is no more to gain.
    """
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.uniform(0, 0.9, 30), rng.uniform(0.48, 0.5, 35)])

    def seen(told: bool) -> History:
        h = History(SPACE, ["minimize"])
        h.put(
            [
                TrialRow(
                    number=i,
                    state=State.COMPLETE,
                    values=(1 - x,),
                    params={"x": x},
                    constraints={"c": x - 0.5} if told else {},
                )
                for i, x in enumerate(X.tolist())
            ]
        )
        return h

    assert RegretBound(epsilon=0.05).reason(seen(True)) is not None
    assert RegretBound(epsilon=0.05).reason(seen(False)) is None


def test_the_regret_bound_sees_conditions_and_failures() -> None:
    space = {"kind": ["a", "b"], "x": Float(0, 1, when={"kind": "a"}), "k": Int(1, 9)}

    def objective(trial):
        if trial.number % 5 == 4:
            raise ZeroDivisionError
        return trial.params.get("x", 0.5) + trial.params["k"] + trial.rng.normal()

    study = luthier.create_study(space=space, seed=0)
    study.optimize(objective, 120, catch=ZeroDivisionError, stop=RegretBound())
    assert len(study.trials) < 120


def study_of_folds(spread: float, n_trials: int = 40, stop: object = None) -> luthier.Study:
    """A search of a parabola whose value is a mean over five folds."""

    def objective(trial: luthier.Trial) -> float:
        folds = trial.params["x"] ** 2 + spread * np.arange(5)
        for fold, loss in enumerate(folds, start=1):
            trial.report(float(loss), fold)
        return float(folds.mean())

    study = luthier.create_study(space={"x": luthier.Float(-1, 1)}, sampler="random", seed=0)
    study.optimize(objective, n_trials, stop=stop or FoldNoise(), progress=False)
    return study


def test_fold_noise_stops_once_the_gain_is_below_the_error_of_the_folds() -> None:
    study = study_of_folds(0.1)
    assert study.stop_reason is not None
    assert len(study.trials) == 20
    error = 0.1 * np.std(np.arange(5), ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert f"less than the error {error:.3g} of trial" in study.stop_reason
    assert "over its 5 folds" in study.stop_reason


def test_fold_noise_goes_on_where_folds_agree() -> None:
    assert study_of_folds(1e-9, 30).stop_reason is None


def test_fold_noise_looks_every_few_trials() -> None:
    study = study_of_folds(0.1, stop=FoldNoise(n_startup_trials=22, every=4))
    assert len(study.trials) == 22


def test_fold_noise_says_nothing_of_other_objectives() -> None:
    study = luthier.create_study(space={"x": luthier.Float(-1, 1)}, sampler="random", seed=0)
    study.optimize(lambda t: t.params["x"] ** 2, 25, stop=FoldNoise(), progress=False)
    assert study.stop_reason is None
