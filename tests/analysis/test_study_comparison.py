"""Several studies or samplers beside each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier.analysis import compare
from luthier.analysis.study_comparison import adjust_holm
from luthier.errors import NoCompletedTrialsError, StudyError
from luthier.numerics.stats import mean_interval, paired_t, wilcoxon_signed_rank
from luthier.testing import history, trial


def run(values, direction="minimize"):
    return history(*[trial({"x": 0.5}, v) for v in values], directions=[direction])


def test_mean_curves_of_the_best_so_far():
    found = compare({"a": [run([4.0, 2.0, 3.0]), run([6.0, 4.0, 0.0])], "b": run([1.0, 1.0])})
    assert found.names == ("a", "b")
    assert found.x.tolist() == [0, 1]  # as far as the shortest
    assert found.mean.tolist() == [[5, 3], [1, 1]]
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx(mean_interval([4.0, 6.0]))
    assert np.isnan(found.low[1]).all()
    assert [best.tolist() for best in found.best] == [[2, 4], [1]]
    assert found.pairs == ()  # other numbers of runs


@pytest.mark.parametrize(("n", "test"), [(5, paired_t), (8, wilcoxon_signed_rank)])
def test_runs_are_compared_in_pairs(n, test):
    rng = np.random.default_rng(0)
    problem = 10 * rng.random(n)
    a, b = problem + rng.random(n), problem - 1 + rng.random(n)
    [pair] = compare(
        {"a": [run([v]) for v in a.tolist()], "b": [run([v]) for v in b.tolist()]}
    ).pairs
    assert (pair.first, pair.second) == ("a", "b")
    assert pair.difference == pytest.approx((b - a).mean())
    assert pair.p == pytest.approx(test(b - a))
    assert pair.p_adjusted == pair.p
    assert pair.low <= pair.difference <= pair.high


@pytest.mark.slow
def test_equal_methods_are_told_apart_in_about_5_percent():
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(200):
        a, b = ([run([v]) for v in rng.standard_normal(8).tolist()] for _ in range(2))
        [pair] = compare({"a": a, "b": b}).pairs
        found += pair.p <= 0.05
    assert found / 200 <= 0.09


def test_holm():
    assert adjust_holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjust_holm([0.5, 0.9]) == [1.0, 1.0]
    assert adjust_holm([math.nan, 0.02])[1] == 0.02
    assert adjust_holm([]) == []


def test_infinite_values_have_no_test():
    [pair] = compare({"a": [run([math.inf]), run([1.0])], "b": [run([1.0]), run([1.0])]}).pairs
    assert math.isnan(pair.p)


def test_by_cost_and_what_cannot_be_compared():
    costly = history(*[trial({"x": 0.5}, v, cost=2.0) for v in (3.0, 1.0)])
    found = compare({"a": costly}, by="cost")
    assert found.x[-1] == 4
    assert np.isnan(found.mean[0, 0])  # nothing was known at a cost of 0
    assert found.mean[0, -1] == 1
    with pytest.raises(StudyError, match="one direction"):
        compare({"a": run([1.0]), "b": run([1.0], "maximize")})
    with pytest.raises(StudyError, match="at least one run"):
        compare({"a": []})
    with pytest.raises(NoCompletedTrialsError):
        compare({"a": run([])})
