"""Decisions on a roll-out: what the outcomes so far call for, whoever looks and however often."""

import numpy as np
import pytest
from msgspec.structs import replace

from luthier.errors import LifecycleError
from luthier.lifecycle import Metric, Outcomes, Rollout
from luthier.lifecycle.rollout import decide, estimate_difference, find_detectable

CONVERSION = Metric(name="conversion", margin=0.02)
ERRORS = Metric(name="errors", goal="minimize", is_guard=True)
DELAY = Metric(name="delay", kind="value", goal="minimize", margin=0.1)
HOUR = 3600.0


def rollout(**changes):
    settings = {
        "number": 1,
        "champion": 1,
        "challenger": 2,
        "salt": "s",
        "metrics": (CONVERSION, ERRORS),
        "began_s": 0.0,
        "step_began_s": 0.0,
        "shares": (0.1, 0.5),
        "min_units": 100,
    }
    return Rollout(**settings | changes)


def simulate(rng, rows, metrics, n, share, step=0, block=100):
    """Outcomes of n units: `rows` has, by metric, the functions that draw for both arms."""
    units, found = [], {m.name: [] for m in metrics}
    for _ in range(n // block):
        is_b = rng.random(block) < share
        units.append([step, (~is_b).sum(), is_b.sum()])
        for name, (draw_a, draw_b) in rows.items():
            y = np.where(is_b, draw_b(block), draw_a(block)).astype(float)
            a, b = y[~is_b], y[is_b]
            found[name].append([step, len(a), a.sum(), (a**2).sum(), len(b), b.sum(), (b**2).sum()])
    return Outcomes(
        np.array(units, float),
        {name: np.array(blocks, float).reshape(-1, 7) for name, blocks in found.items()},
        {},
    )


def rates(rng, a, b):
    return lambda n: rng.random(n) < a, lambda n: rng.random(n) < b


def nothing():
    return Outcomes(np.empty((0, 3)), {}, {})


def test_a_step_waits_for_its_time_and_its_units():
    decision = decide(rollout(), nothing(), 60.0)
    assert decision.action == "wait"
    assert decision.because == "3540 s more and 100 units more in this step"


def test_a_ripe_step_without_harm_goes_on_to_the_next():
    rng = np.random.default_rng(1)
    rows = {"conversion": rates(rng, 0.3, 0.3), "errors": rates(rng, 0.01, 0.01)}
    outcomes = simulate(rng, rows, (CONVERSION, ERRORS), 2000, 0.1)
    decision = decide(rollout(), outcomes, 2 * HOUR)
    assert decision.action == "step"


def test_a_disaster_is_rolled_back_before_the_step_is_ripe():
    rng = np.random.default_rng(2)
    rows = {"conversion": rates(rng, 0.3, 0.3), "errors": rates(rng, 0.01, 0.5)}
    outcomes = simulate(rng, rows, (CONVERSION, ERRORS), 2000, 0.1)
    decision = decide(rollout(), outcomes, 1.0)
    assert decision.action == "roll back"
    assert decision.because.startswith("errors is worse: ")


def test_an_equal_challenger_is_promoted_at_the_last_step():
    rng = np.random.default_rng(3)
    rows = {"conversion": rates(rng, 0.3, 0.32), "errors": rates(rng, 0.01, 0.01)}
    outcomes = simulate(rng, rows, (CONVERSION, ERRORS), 40_000, 0.5, step=1)
    decision = decide(rollout(step=1), outcomes, 2 * HOUR)
    assert decision.action == "promote"
    assert decision.evidence["lower end of conversion"] >= -CONVERSION.margin


def test_a_challenger_that_is_surely_better_does_not_wait_for_its_rare_failures():
    rng = np.random.default_rng(5)
    metrics = (CONVERSION,)
    r = rollout(step=1, metrics=metrics)
    rows = {"conversion": rates(rng, 0.5, 0.99)}
    few = simulate(rng, rows, metrics, 400, 0.5, step=1)
    assert estimate_difference(r, few, CONVERSION) is None  # about two failures
    assert decide(r, few, HOUR).action == "promote"


def test_without_a_verdict_in_time_the_champion_stays():
    rng = np.random.default_rng(4)
    rows = {"conversion": rates(rng, 0.3, 0.3), "errors": rates(rng, 0.01, 0.01)}
    outcomes = simulate(rng, rows, (CONVERSION, ERRORS), 1000, 0.5, step=1)
    row = rollout(step=1)
    assert decide(row, outcomes, 2 * HOUR).action == "wait"
    late = decide(row, outcomes, row.max_s + 1)
    assert late.action == "end"
    assert "the champion stays" in late.because


@pytest.mark.parametrize(("set_back_s", "action"), [(60.0, "wait"), (30 * 24 * HOUR, "end")])
def test_a_clock_that_was_set_back_leaves_the_champion(set_back_s, action):
    row = rollout(began_s=1e9, step_began_s=1e9)
    decision = decide(row, nothing(), 1e9 - set_back_s)
    assert decision.action == action
    if action == "end":
        assert decision.because.startswith("the clock was set back by 2592000 s")


def test_a_clock_that_jumps_ahead_leaves_the_champion():
    assert decide(rollout(), nothing(), 1e9).action == "end"


def test_lost_events_make_a_roll_out_invalid_and_not_lost():
    rng = np.random.default_rng(5)
    rows = {"conversion": rates(rng, 0.3, 0.3), "errors": rates(rng, 0.01, 0.01)}
    outcomes = simulate(rng, rows, (CONVERSION, ERRORS), 5000, 0.06)
    decision = decide(rollout(), outcomes, 1.0)
    assert decision.action == "stop"
    assert "invalid" in decision.because


def test_values_are_compared_by_intervals():
    rng = np.random.default_rng(6)
    worse = {"delay": (lambda n: rng.normal(1, 0.5, n), lambda n: rng.normal(1.5, 0.5, n))}
    equal = {"delay": (lambda n: rng.normal(1, 0.5, n), lambda n: rng.normal(1, 0.5, n))}
    row = rollout(metrics=(DELAY,), step=1)
    assert decide(row, simulate(rng, worse, (DELAY,), 5000, 0.5, 1), 1.0).action == "roll back"
    assert decide(row, simulate(rng, equal, (DELAY,), 5000, 0.5, 1), 2 * HOUR).action == "promote"


def test_a_level_that_changes_between_steps_is_no_difference():
    """Simpson's paradox: the challenger is as good in each step, and has more of the bad one."""
    rng = np.random.default_rng(7)
    first = simulate(rng, {"conversion": rates(rng, 0.6, 0.6)}, (CONVERSION,), 20_000, 0.1, 0)
    second = simulate(rng, {"conversion": rates(rng, 0.3, 0.3)}, (CONVERSION,), 20_000, 0.5, 1)
    both = Outcomes(
        np.vstack([first.units, second.units]),
        {"conversion": np.vstack([first.of("conversion"), second.of("conversion")])},
        {},
    )
    row = rollout(metrics=(CONVERSION,), step=1)
    found = estimate_difference(row, both, CONVERSION)
    assert found.low < 0 < found.high
    assert decide(row, both, 1.0).action == "wait"


def test_shadow_answers_of_the_same_units_can_end_a_roll_out():
    row = rollout(shares=(0.0, 0.1), metrics=(ERRORS,))
    bad = Outcomes(np.array([[0.0, 0.0, 200.0]]), {}, {"errors": np.array([[1.0, 30.0]])})
    good = Outcomes(np.array([[0.0, 0.0, 200.0]]), {}, {"errors": np.array([[30.0, 1.0]])})
    assert decide(row, bad, 1.0).action == "roll back"
    assert decide(row, good, 2 * HOUR).action == "step"


@pytest.mark.parametrize("rate", [0.5, 0.05])
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_an_equal_challenger_is_seldom_rolled_back_by_many_looks(rate, share):
    rng = np.random.default_rng(8)
    row = rollout(metrics=(CONVERSION,), shares=(share,))
    false = 0
    for _ in range(100):
        outcomes = simulate(rng, {"conversion": rates(rng, rate, rate)}, (CONVERSION,), 4000, share)
        false += decide(row, outcomes, 1.0).action == "roll back"  # the largest e of all looks
    assert false <= 9


def test_what_the_planned_units_can_find_is_known_before_the_start():
    row = rollout(planned_units=20_000)
    wide = replace(row, planned_units=2_000)
    assert find_detectable(row, CONVERSION, 0.3) < find_detectable(wide, CONVERSION, 0.3) < 0.2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shares": ()}, "shares that rise"),
        ({"shares": (0.5, 0.1)}, "shares that rise"),
        ({"shares": (0.5, 1.0)}, "less than 1"),
        ({"shares": (-0.1, 0.5)}, "from 0 or more"),
        ({"metrics": ()}, "at least one metric"),
        ({"metrics": (ERRORS, ERRORS)}, "each name once"),
        ({"alpha": 0.0}, "alpha must lie between"),
        ({"challenger": 1}, "cannot be compared with itself"),
    ],
)
def test_a_roll_out_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(LifecycleError, match=message):
        rollout(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "needs a name"),
        ({"goal": "up"}, "'maximize' or 'minimize'"),
        ({"kind": "share"}, "a 'rate' or 'value'"),
        ({"margin": -0.1}, "margin of m must be >= 0"),
    ],
)
def test_a_metric_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(LifecycleError, match=message):
        Metric(**{"name": "m"} | changes)


@pytest.mark.parametrize(
    "changes", [{"bake_s": -1.0}, {"min_units": -1}, {"max_s": float("nan")}, {"planned_units": 0}]
)
def test_times_and_counts_of_a_roll_out_are_checked(changes):
    with pytest.raises(LifecycleError, match=f"{next(iter(changes))} must be"):
        rollout(**changes)


def test_a_roll_out_has_time_for_its_steps():
    with pytest.raises(LifecycleError, match=r"2 steps of 60 s take longer than max_s, got 90"):
        rollout(shares=(0.1, 0.5), bake_s=60.0, max_s=90.0)
    assert rollout(shares=(0.1, 0.5), bake_s=60.0, max_s=120.0).max_s == 120.0
