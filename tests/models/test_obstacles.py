"""Obstacles: what keeps models from being of use."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from luthier import Float, Int, Space, State
from luthier.models.obstacles import LATEST, find_obstacles
from luthier.testing.histories import history, trial

SPACE = Space({"x": Float(0, 1), "c": ["a", "b"]})


def rows(n, n_lost=0, proposed=None, **fields):
    """Trials, the latest of which did not use what was proposed."""
    return [
        trial(
            {"x": i / n, "c": "a"},
            fields.get("value", float(i)),
            proposal=({"x": i / n, "c": "a"} | (proposed or {})) if i >= n - n_lost else {},
        )
        for i in range(n)
    ]


def kinds(h):
    return [(o.kind, o.subject) for o in find_obstacles(h)]


@pytest.mark.parametrize("n", [0, 1, 19, 20, 60])
def test_a_study_in_which_all_is_well_has_none(n):
    assert kinds(history(*rows(n), space=SPACE)) == []


@pytest.mark.parametrize(("n_lost", "is_found"), [(10, False), (11, True), (20, True)])
def test_random_values_are_counted_in_the_latest_20_trials(n_lost, is_found):
    h = history(*rows(50, n_lost, {"c": "b"}), space=SPACE)
    assert kinds(h) == ([("random values", "c")] if is_found else [])
    for found in find_obstacles(h):
        assert (found.times, found.n) == (n_lost, LATEST)
        assert f"'c' had a random value in {n_lost} of 20 trials" in str(found)


def test_what_was_random_long_ago_does_not_count():
    assert kinds(history(*rows(30, 30, {"c": "b"}), *rows(20), space=SPACE)) == []


@pytest.mark.parametrize(("step", "is_found"), [(3, False), (40, True)])
def test_a_value_beside_the_proposed_one_is_no_random_one(step, is_found):
    space = Space({"k": Int(0, 100)})
    trials = [trial({"k": i}, float(i), proposal={"k": i + step}) for i in range(20)]
    assert bool(kinds(history(*trials, space=space))) is is_found


def test_a_proposal_that_the_present_space_does_not_have_was_not_used():
    assert kinds(history(*rows(20, 20, {"c": "z"}), space=SPACE)) == [("random values", "c")]


def test_a_parameter_that_few_trials_have_is_not_judged():
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    few = [
        trial({"x": i / 20} | ({"y": 0.9} if i % 3 == 0 else {}), float(i), proposal={"x": i / 20})
        for i in range(20)
    ]
    assert kinds(history(*few, space=space)) == []


def test_names_that_are_new_each_time():
    space = Space({"x": Float(0, 1)} | {f"p{i}": Float(0, 1) for i in range(20)})
    trials = [
        trial({"x": 0.1, f"p{i}": i / 20}, float(i), proposal={"x": 0.1, "p0": 0.5})
        for i in range(20)
    ]
    [found] = [o for o in find_obstacles(history(*trials, space=space)) if o.kind == "new names"]
    assert found.times == 20
    assert "'p19'" in found.title


@pytest.mark.parametrize("m", [1, 2])
def test_results_that_are_all_equal(m):
    value = (3.0,) * m
    of = {"space": SPACE, "directions": ["minimize"] * m}
    assert kinds(history(*rows(19, value=value), **of)) == []
    h = history(*rows(20, value=value), **of)
    assert kinds(h) == [("equal results", "")]
    assert f"all 20 results are {', '.join(['3'] * m)}," in str(find_obstacles(h)[0])
    assert kinds(history(*rows(20, value=value), *rows(1, value=(2.0,) * m), **of)) == []


def test_equal_losses_under_constraints_that_differ_teach_something():
    trials = [trial({"x": i / 20, "c": "a"}, 1.0, constraints={"t": i - 9.0}) for i in range(20)]
    assert kinds(history(*trials, space=SPACE)) == []


@pytest.mark.parametrize(("n_complete", "is_found"), [(7, True), (8, False)])
def test_few_results(n_complete, is_found):
    failed = [trial({"x": i / 20, "c": "b"}, state=State.FAILED, error="E: e") for i in range(20)]
    h = history(*failed, *rows(n_complete), space=SPACE)
    assert kinds(h) == ([("few results", "")] if is_found else [])
    if is_found:
        assert "7 of 27 trials, and need 8: 20 failed" in str(find_obstacles(h)[0])


def test_failures_that_break_a_constraint_teach_where_not_to_search():
    failed = [trial({"x": i / 20, "c": "b"}, state=State.FAILED, error="E: e") for i in range(20)]
    assert kinds(history(*failed, space=SPACE, crash=True)) == []


def test_trials_of_another_space_are_not_learnt_from():
    trials = [trial({"x": 5.0 + i, "c": "a"}, float(i)) for i in range(20)]
    [found] = find_obstacles(history(*trials, space=SPACE))
    assert found.kind == "few results"
    assert "params of 20 are none of the present space" in found.title
    assert "same kind and range" in found.advice


def test_trials_that_run_and_re_runs_do_not_count():
    running = [trial({"x": 0.5, "c": "a"}) for _ in range(40)]
    again = [trial({"x": 0.5, "c": "a"}, 1.0, tags={"confirms": 0}) for _ in range(10)]
    assert kinds(history(*rows(15, 15, {"c": "b"}), *running, *again, space=SPACE)) == []


def test_the_past_of_a_trial_is_judged_by_what_was_known_then():
    h = history(*rows(20), *rows(20, 20, {"c": "b"}), space=SPACE)
    assert kinds(h) == [("random values", "c")]
    assert kinds(h.before(20, 1)) == []
    assert np.all(h.state == State.COMPLETE)


def test_an_outage_is_said():
    points = SPACE.decode(SPACE.sample(np.random.default_rng(0), 30))
    trials = [
        trial(p, None, State.FAILED) if 10 <= i < 18 else trial(p, float(i))
        for i, p in enumerate(points)
    ]
    [found] = find_obstacles(history(*trials, space=SPACE))
    assert (found.kind, found.subject, found.times) == ("outage", "17", 8)
    assert "8 trials from 10 to 17 failed, in a row, among points that did not fail" in found.title
    assert "study.retry" in found.advice


def test_a_history_is_looked_at_once_for_a_sampler_and_its_study():
    h = history(*rows(20, 20, {"c": "b"}), space=SPACE)
    first = find_obstacles(h)
    looked = find_obstacles(h)
    assert looked == first != []
    assert looked[0] is first[0]
    looked.clear()  # a list of the caller's own
    assert find_obstacles(h) == first
    h.put([replace(row, number=20 + i) for i, row in enumerate(rows(20))])
    assert find_obstacles(h) == []
