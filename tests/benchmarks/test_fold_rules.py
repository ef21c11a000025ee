"""The benchmark of rules that stop among folds: what it counts, on tables made by hand."""

import numpy as np
import pytest
from benchmarks.fold_rules import RULES, fixed, run_rule, summarise

RNG = np.random.default_rng(0)
BEST = np.linspace(0.9, 1.1, 5)


def test_hopeless_configurations_cost_one_fold_and_ties_are_kept():
    noise = RNG.normal(0, 0.05, (7, 5))
    losses = np.concatenate(
        [BEST + 0.3 + noise, [BEST], BEST + RNG.normal(9, 0.1, (12, 5)), [BEST]]
    )
    share, kept, worse = run_rule(losses, fixed(1.0), False)
    assert (kept, worse) == (True, 0)
    assert share == pytest.approx((8 * 5 + 12 + 5) / 105)


def test_a_best_that_is_stopped_is_counted_as_lost():
    lucky_last = BEST + np.array([0.5, -1, -1, -1, -1])
    losses = np.concatenate([BEST + RNG.normal(0, 0.01, (8, 5)), [lucky_last]])
    _, kept, worse = run_rule(losses, fixed(1.0), False)
    assert not kept
    assert worse == pytest.approx(losses.mean(axis=1)[:8].min() - lucky_last.mean())


def test_every_rule_has_its_figures():
    tables = [0.2 + RNG.gamma(2, 0.02, (30, 1)) + RNG.normal(0, 0.03, (30, 5)) for _ in range(3)]
    figures = summarise(tables)
    assert figures.keys() == RULES.keys()
    assert all(0.2 <= row["fits"] <= 1 and row["n"] == 3 for row in figures.values())
    assert figures["t 10 %"]["fits"] > figures["fixed 0.5"]["fits"]
