"""Which configuration to take from a noisy study, and whether it holds on fresh random numbers."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import luthier
from luthier import Float, Int, Space, State, TrialRow
from luthier.errors import NoCompletedTrialsError, StudyError

NOISE = 0.3


def true_loss(params) -> float:
    return (params["x"] - 0.3) ** 2 + (params["y"] + 0.5) ** 2


def noisy(trial: luthier.Trial) -> float:
    params = {"x": trial.suggest_float("x", -1, 1), "y": trial.suggest_float("y", -1, 1)}
    return true_loss(params) + NOISE * trial.rng.normal()


def gain(trial: luthier.Trial) -> float:
    return 10 - noisy(trial)


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    return None if request.param == "memory" else f"sqlite:///{tmp_path}/study.db"


def searched(n=20, objective=noisy, seed=0, storage=None, **options):
    study = luthier.create_study("s", storage, seed=seed, sampler="random", **options)
    study.optimize(objective, n)
    return study


def reruns(study):
    return [t for t in study.trials if t.confirms is not None]


# -- recommend
# ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_recommendation_beats_the_luckiest_trial(direction) -> None:
    lost, found = [], []
    for seed in range(12):
        study = searched(40, noisy if direction == "minimize" else gain, seed, direction=direction)
        lost.append(true_loss(study.best_params))
        found.append(true_loss(study.recommend()[0].params))
    assert np.mean(found) < 0.7 * np.mean(lost)


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_recommendations_are_in_the_users_direction_and_the_best_first(direction, sign) -> None:
    study = searched(30, lambda t: sign * noisy(t), direction=direction)
    found = study.recommend(5)
    means = [sign * r.mean for r in found]
    assert means == sorted(means)
    assert len({r.number for r in found}) == 5
    for r in found:
        assert r.low < r.mean < r.high
        assert (r.high - r.low) / 2 == pytest.approx(1.96 * r.sd, rel=1e-3)
        assert abs(r.mean - sign * true_loss(r.params)) < 3 * NOISE
        assert r.params == study.trials[r.number].params
        assert r.observed == study.trials[r.number].value
    assert study.recommend()[0] == found[0]
    assert str(r.number) not in ("", None)
    assert "observed" in str(found[0])


def test_repeats_of_a_configuration_are_pooled() -> None:
    space = Space({"k": Int(0, 3), "c": ["a", "<b>"]})
    study = luthier.create_study(space=space)
    rows = [
        (0, "a", 5.0),
        (1, "a", 1.0),
        (1, "a", 3.0),
        (2, "<b>", 4.0),
        (1, "a", 2.0),
        (1, "a", 2.0),
    ]
    study.add_trials(
        TrialRow(number=-1, state=State.COMPLETE, params={"k": k, "c": c}, values=(v,))
        for k, c, v in rows
    )
    found = {r.number: r for r in study.recommend(10)}
    assert {n: r.numbers for n, r in found.items()} == {0: (0,), 1: (1, 2, 4, 5), 3: (3,)}
    assert (found[1].n_evaluations, found[1].observed) == (4, 2.0)
    assert study.recommend()[0].number == 1
    assert "<b>" not in found[3]._repr_html_()


def test_without_enough_trials_for_a_model_the_observed_means_count() -> None:
    study = luthier.create_study(direction="maximize", space={"x": Float(0, 1)})
    study.add_trials(
        [
            TrialRow(number=-1, state=State.COMPLETE, params={"x": 0.5}, values=(v,))
            for v in (1.0, 3.0)
        ]
    )
    [r] = study.recommend(3)
    assert (r.mean, r.observed, r.numbers) == (2.0, 2.0, (0, 1))
    assert r.sd == pytest.approx(1.0)
    study = luthier.create_study(space={"x": Float(0, 1)})
    study.add_trials([TrialRow(number=-1, state=State.COMPLETE, params={"x": 0.5}, values=(4.0,))])
    [r] = study.recommend()
    assert r.mean == 4.0
    assert math.isnan(r.sd)
    study = luthier.create_study()
    study.optimize(lambda t: t.rng.normal(), 4)
    [r] = study.recommend()
    assert (r.params, r.n_evaluations) == ({}, 4)


def test_what_is_worse_than_everything_is_recommended_last() -> None:
    study = searched(15, lambda t: noisy(t) + (math.inf if t.number < 3 else 0.0))
    found = study.recommend(15)
    assert {r.number for r in found[-3:]} == {0, 1, 2}
    assert [r.mean for r in found[-3:]] == [math.inf] * 3
    assert all(math.isfinite(r.mean) for r in found[:-3])


def test_conditional_spaces_are_recommended_from() -> None:
    def objective(trial):
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_float("x", 0, 1)
        return 1 + trial.suggest_int("k", 1, 3)

    study = searched(25, objective)
    best = study.recommend()[0].params
    assert best["kind"] == "a"
    assert set(best) == {"kind", "x"}


def test_recommendations_that_cannot_be_given() -> None:
    study = luthier.create_study()
    with pytest.raises(NoCompletedTrialsError, match="no trial is complete"):
        study.recommend()
    study.optimize(lambda t: 1.0, 1)
    for wrong in (0, 1.5, True, "all"):
        with pytest.raises(ValueError, match="k must be a whole number >= 1"):
            study.recommend(wrong)
    several = luthier.create_study(objectives=["minimize", "minimize"])
    with pytest.raises(StudyError, match="2 objectives"):
        several.recommend()
    with pytest.raises(StudyError, match="2 objectives"):
        several.confirm(objective=noisy)


# -- confirm
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_leaders_are_run_anew_as_trials_of_the_study(storage, n_jobs) -> None:
    study = searched(storage=storage)
    leaders = study.recommend(3)
    best = study.best_trial
    found = study.confirm(k=3, repeats=4, n_jobs=n_jobs)
    assert {x.number for x in found.leaders} == {r.number for r in leaders}
    assert len(study.trials) == 20 + 3 * 4
    assert all(t.state == State.COMPLETE for t in reruns(study))
    for x in found.leaders:
        mine = {t.tags["repeat"]: t.value for t in reruns(study) if t.confirms == x.number}
        assert x.values == mine
        assert list(x.values) == [0, 1, 2, 3]
        assert x.mean == pytest.approx(np.mean(list(mine.values())))
        assert x.low < x.mean < x.high
        assert x.params == study.trials[x.number].params
        assert all(t.params == x.params for t in reruns(study) if t.confirms == x.number)
    assert [x.mean for x in found.leaders] == sorted(x.mean for x in found.leaders)
    assert study.best_trial == best, "a lucky re-run is not the best trial"
    assert all(t.confirms is None for t in study.best_trials)
    assert study.recommend(20)[0].n_evaluations in (1, 5), "but models learn from re-runs"
    assert {len(r.numbers) for r in study.recommend(20)} == {1, 5}


def test_all_leaders_meet_the_same_random_numbers_and_each_repeat_other_ones() -> None:
    study = searched()
    found = study.confirm(k=3, repeats=5)
    noise = np.array([[v - true_loss(x.params) for v in x.values.values()] for x in found.leaders])
    np.testing.assert_allclose(noise, noise[:1].repeat(3, axis=0), atol=1e-12)
    earlier = [t.value - true_loss(t.params) for t in study.trials if t.confirms is None]
    assert len(set(np.round([*noise[0], *earlier], 9))) == 25
    assert found.significant
    assert found.p < 1e-6, "paired: all noise cancels"
    again = searched(seed=1).confirm(k=1, repeats=1)
    assert abs(again.best.values[0] - true_loss(again.best.params) - noise[0, 0]) > 1e-9


def test_in_the_users_direction() -> None:
    study = searched(objective=gain, direction="maximize")
    found = study.confirm(k=2, repeats=3)
    first, second = found.leaders
    assert first.mean >= second.mean
    assert found.difference == pytest.approx(first.mean - second.mean)
    assert found.difference > 0
    assert abs(first.mean - 10) < 1


def test_called_again_nothing_is_run_twice(storage) -> None:
    study = searched(storage=storage)
    first = study.confirm(k=2, repeats=3)
    assert study.confirm(k=2, repeats=3) == first
    assert len(study.trials) == 26
    more = study.confirm(k=2, repeats=5)
    assert len(study.trials) == 30
    for x, y in zip(
        *(sorted(c.leaders, key=lambda x: x.number) for c in (first, more)), strict=True
    ):
        assert list(y.values) == [0, 1, 2, 3, 4]
        assert x.values.items() <= y.values.items()
    wider = study.confirm(k=3, repeats=5)
    assert len(study.trials) == 35
    assert {x.number for x in wider.leaders} > {x.number for x in more.leaders}


def test_it_goes_on_where_it_was_interrupted(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    whole = searched(seed=3).confirm(k=2, repeats=4)

    def interrupted(trial):
        if trial.tags.get("repeat") == 2:
            raise KeyboardInterrupt
        return noisy(trial)

    study = searched(seed=3, storage=url)
    with pytest.raises(KeyboardInterrupt):
        study.confirm(k=2, repeats=4, objective=interrupted)
    assert [t.state for t in reruns(study)] == [State.COMPLETE] * 4 + [State.WAITING] * 4
    again = luthier.load_study("s", url)
    with pytest.raises(StudyError, match="pass it here"):
        again.confirm(k=2, repeats=4)
    found = again.confirm(k=2, repeats=4, objective=noisy)
    assert found == whole
    assert [t.state for t in again.trials] == [State.COMPLETE] * 28


def test_repeats_that_wait_may_be_run_by_optimize_too(tmp_path) -> None:
    def interrupted(trial):
        raise KeyboardInterrupt

    study = searched()
    with pytest.raises(KeyboardInterrupt):
        study.confirm(k=2, repeats=2, objective=interrupted)
    study.optimize(noisy, 3)
    assert [t.state for t in reruns(study)] == [State.COMPLETE] * 3 + [State.WAITING]
    study.confirm(k=2, repeats=2)
    assert [t.state for t in reruns(study)] == [State.COMPLETE] * 4


def test_only_the_repeats_are_run() -> None:
    study = searched()
    study.enqueue({"x": 0.0, "y": 0.0})
    open_trial = study.ask()
    study.enqueue({"x": 0.1, "y": 0.0})
    study.confirm(k=1, repeats=2)
    assert [t.state for t in study.trials[20:]] == [
        State.RUNNING,
        State.WAITING,
        State.COMPLETE,
        State.COMPLETE,
    ]
    study.tell(open_trial, 1.0)


def test_two_processes_confirm_together(script, tmp_path) -> None:
    code = """
        import luthier
        from luthier.stopping import Budget

        def objective(trial):
            return trial.suggest_float("x", 0, 1) + 0.1 * trial.rng.normal()

        study = luthier.create_study("s", "s.db", seed=0, load_if_exists=True, sampler="random")
        if not study.trials:
            study.optimize(objective, 20)
        found = study.confirm(k=3, repeats=4, objective=objective)
        print([(x.number, x.values) for x in found.leaders])
    """
    script(
        "import luthier\nluthier.create_study('s', 'sqlite:///s.db', seed=0, "
        "sampler='random').optimize("
        "lambda t: t.suggest_float('x', 0, 1), 20)"
    )
    workers = [script.start(code) for _ in range(2)]
    told = [worker.communicate()[0] for worker in workers]
    assert told[0] == told[1]
    study = luthier.load_study("s", f"sqlite:///{tmp_path}/s.db")
    assert [t.state for t in study.trials] == [State.COMPLETE] * 32


def test_a_repeat_whose_worker_vanished_is_taken_over(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/s.db?lease_s=0.3"
    study = searched(storage=url)

    def interrupted(trial):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.confirm(k=1, repeats=2, objective=interrupted)
    [first, *_] = reruns(study)
    study.storage.claim(study.engine.id, first.number, "somebody who is never heard of again")
    found = luthier.load_study("s", url).confirm(k=1, repeats=2, objective=noisy)
    assert list(found.best.values) == [0, 1]


def test_nothing_stops_a_repeat_early() -> None:
    def reported(trial):
        value = noisy(trial)
        for step in range(3):
            trial.report(value, step)
            if trial.should_prune():
                raise luthier.TrialPruned
        return value

    study = searched(20, reported, scheduler=luthier.schedulers.Threshold(upper=0.0))
    assert {t.state for t in study.trials} == {State.COMPLETE, State.PRUNED}
    study.confirm(k=1, repeats=5)
    assert {t.state for t in reruns(study)} == {State.COMPLETE}
    assert any(t.value > 0 for t in reruns(study))


def test_repeats_that_fail_are_counted_and_left_out() -> None:
    study = searched()
    found = study.confirm(
        k=2, repeats=4, objective=lambda t: 1 / 0 if t.tags.get("repeat") == 1 else noisy(t)
    )
    assert [(list(x.values), x.n_failed) for x in found.leaders] == [([0, 2, 3], 1)] * 2
    assert found.n_pairs == 3
    assert "3, 1 failed" in str(found)
    again = study.confirm(k=2, repeats=4)
    assert [(len(x.values), x.n_failed) for x in again.leaders] == [(4, 0)] * 2, (
        "another call tries them again"
    )
    assert len(study.trials) == 20 + 8 + 2
    with pytest.raises(NoCompletedTrialsError, match="no repeat has a value: ZeroDivisionError"):
        searched().confirm(k=1, repeats=2, objective=lambda t: 1 / 0)


def test_what_it_says() -> None:
    study = searched()
    found = study.confirm(k=3, repeats=5)
    lines = str(found).splitlines()
    assert re.match(r"trial +mean +95% interval +expected +repeats +params", lines[0])
    assert [line.split()[0] for line in lines[1:4]] == [str(x.number) for x in found.leaders]
    assert lines[-1] == found.verdict
    assert (
        f"Trial {found.best.number} is better than trial {found.leaders[1].number}" in found.verdict
    )
    alone = study.confirm(k=1, repeats=2)
    assert "nothing to compare it with" in alone.verdict
    assert math.isnan(alone.p)
    assert not alone.significant
    once = searched().confirm(k=2, repeats=1)
    assert math.isnan(once.best.low)
    assert "too few repeats" in once.verdict
    same = searched(
        objective=lambda t: (t.suggest_categorical("c", ["<i>", "b"]) == "b" and 1.0) or 0.0
    )
    same = same.confirm(k=2, repeats=2)
    assert "there is no noise" in same.verdict
    assert same.p == 0
    assert "<i>" not in same._repr_html_()
    unpaired = searched(
        objective=lambda t: t.suggest_int("k", 0, 1) * 1e-9 + np.random.default_rng().normal()
    )
    assert "cannot be told from" in unpaired.confirm(k=2, repeats=5, level=1 - 1e-9).verdict


def test_infinite_values_are_no_reason_to_fail() -> None:
    study = searched()
    found = study.confirm(
        k=2, repeats=3, objective=lambda t: math.inf if t.tags.get("repeat") == 0 else noisy(t)
    )
    assert [x.mean for x in found.leaders] == [math.inf, math.inf]
    assert found.n_pairs == 2


def limited(breaks):
    """Three configurations, the smaller x the better.

    `breaks` says of x and a repeat if it breaks a constraint.
    """

    def objective(trial):
        repeat = trial.tags.get("repeat")
        trial.set_constraint(
            "memory", -1.0 if repeat is None or not breaks(trial.params["x"], repeat) else 1.0
        )
        return trial.params["x"] + 0.001 * trial.rng.normal()

    study = luthier.create_study(space={"x": [0.1, 0.2, 0.3]}, seed=0, sampler="grid")
    study.optimize(objective)
    return study


def test_how_many_repeats_kept_the_constraints_is_told() -> None:
    found = limited(lambda x, r: x == 0.1 and r in (1, 3)).confirm(k=2, repeats=5)
    first, second = found.leaders
    assert [x.params["x"] for x in found.leaders] == [0.1, 0.2]
    assert first.kept == {0: True, 1: False, 2: True, 3: False, 4: True}
    assert (first.n_broken, first.feasible, second.n_broken, second.feasible) == (2, True, 0, True)
    head, *rows, verdict = str(found).splitlines()
    assert re.match(r"trial +mean +95% interval +expected +repeats +feasible +params", head)
    assert [re.search(r"\d of \d", line)[0] for line in rows] == ["3 of 5", "5 of 5"]
    assert "<th>feasible</th>" in found._repr_html_()
    assert found.significant
    assert verdict.endswith("but broke a constraint in 2 of 5 repeats.")
    assert "feasible" not in str(searched().confirm(k=2, repeats=2)), "a study without constraints"


def test_a_leader_that_mostly_breaks_a_constraint_is_not_the_better_one() -> None:
    found = limited(lambda x, r: x == 0.1 and r < 3).confirm(k=3, repeats=5)
    assert [x.params["x"] for x in found.leaders] == [0.2, 0.3, 0.1]
    assert found.significant
    assert found.verdict.startswith(
        f"Trial {found.best.number} is better than trial {found.leaders[1].number}"
    )
    two = limited(lambda x, r: x == 0.1 and r < 3).confirm(k=2, repeats=5)
    assert [x.params["x"] for x in two.leaders] == [0.2, 0.1]
    assert not two.significant, "the second has the better values"
    numbers = [x.number for x in two.leaders]
    assert two.verdict == (
        f"Only trial {numbers[0]} keeps the constraints: trial {numbers[1]} broke a constraint in "
        "3 of 5 repeats."
    )
    for k in (1, 2):
        none = limited(lambda x, r: r < 3).confirm(k=k, repeats=5)
        assert not none.significant
        assert none.verdict == (
            f"No leader keeps the constraints: trial {none.best.number} broke a constraint in 3 of "
            "5 repeats."
        )


def test_leaders_are_feasible_as_far_as_the_trials_tell() -> None:
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("c", 0.5 - x + 0.1 * trial.rng.normal())
        return x + 0.01 * trial.rng.normal()

    study = searched(30, objective)
    before = study.recommend(4)
    found = study.confirm(k=4, repeats=5)
    assert {x.number for x in found.leaders} == {r.number for r in before}
    assert all(r.probability_feasible >= 0.5 for r in before)
    assert min(x.params["x"] for x in found.leaders) > 0.4
    reliable = [x.feasible for x in found.leaders]
    assert reliable == sorted(reliable, reverse=True)
    for x in found.leaders:
        told = {
            t.tags["repeat"]: t.constraints["c"] <= 0
            for t in reruns(study)
            if t.confirms == x.number
        }
        assert x.kept == told
    assert study.confirm(k=4, repeats=5) == found


@pytest.mark.parametrize("catch_as", ["failed", "infeasible"])
def test_repeats_that_crash_break_a_constraint_where_that_counts_as_infeasible(catch_as) -> None:
    def objective(trial):
        if trial.tags.get("repeat", 9) < 2 and trial.params["x"] == 1:
            raise MemoryError
        return float(trial.params["x"])

    study = luthier.create_study(space={"x": [1, 2, 3]}, seed=0, sampler="grid", catch_as=catch_as)
    study.optimize(objective, catch=MemoryError)
    found = study.confirm(k=2, repeats=3)
    if catch_as == "failed":
        assert [(x.params["x"], x.n_failed, x.kept) for x in found.leaders] == [
            (1, 2, {}),
            (2, 0, {}),
        ]
    else:
        kept = [{0: True, 1: True, 2: True}, {0: False, 1: False, 2: True}]
        assert [(x.params["x"], x.n_failed) for x in found.leaders] == [(2, 0), (1, 2)]
        assert [x.kept for x in found.leaders] == kept


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"k": 0}, "k must be a whole number >= 1"),
        ({"repeats": 0}, "repeats must be a whole number >= 1"),
        ({"repeats": 2.5}, "repeats"),
        ({"level": 1}, "level must be a number between 0 and 1"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_settings_that_make_no_sense(arguments, says) -> None:
    study = searched(5)
    with pytest.raises(ValueError, match=says):
        study.confirm(**arguments)
    assert reruns(study) == []


def test_the_objective_of_optimize_is_the_default_and_its_stop_reason_stays() -> None:
    study = luthier.create_study(seed=0, sampler="random")
    study.optimize(noisy, 10, stop=luthier.stopping.Budget(n_trials=4))
    study.confirm(k=1, repeats=1)
    assert study.stop_reason == "4 trials are over, of a budget of 4"
    study.confirm(k=1, repeats=2, objective=lambda t: 77.0)
    assert study.confirm(k=1, repeats=3).best.values[2] != 77.0
