import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from luthier.schedulers import Wilcoxon
from luthier.trial.record import State

C = State.COMPLETE
R = State.RUNNING
P = State.PRUNED
F = State.FAILED
NAN, INF = math.nan, math.inf
BEST = [1.0, 2.0, 3.0, 4.0, 5.0]


def shifted(*differences):
    """Losses that differ from BEST by these."""
    return [a + b for a, b in zip(BEST, differences, strict=False)]


@pytest.mark.parametrize(
    ("differences", "p"),  # p: P(W >= w) over the 2^n ways to sign the ranks
    [
        ((1, 2, 3), 1 / 8),
        ((1, 2, 3, 4), 1 / 16),
        ((-1, 2, 3, 4), 2 / 16),
        ((1, 2, 3, 4, 5), 1 / 32),
        ((1, -2, 3, 4, 5), 3 / 32),
        ((-1, -2, 3, 4, 5), 5 / 32),
        ((1, 1, 1, 1), 1 / 16),
        ((0, 1, 2, 3), 1 / 8),
        ((0, 0, 0, 1, 1), 1 / 4),
    ],
)
def test_signed_rank_test(table, stops, differences, p):
    h = table((C, BEST), (R, shifted(*differences)))
    assert stops(Wilcoxon(p * 1.01), h, 1)
    assert not stops(Wilcoxon(p), h, 1)  # not below


def test_never_stops_a_mean_that_is_no_worse(table, stops):
    for losses in (BEST, shifted(1, 1, 1, 1, -4), shifted(1, 1, 1, 1, -9), shifted(-1, -1)):
        assert not stops(Wilcoxon(1.0), table((C, BEST), (R, losses)), 1)


def test_compares_with_the_best_complete_trial(table, stops):
    rows = [
        (C, [9.0] * 5, 9.0),
        (C, BEST, 3.0),
        (P, [0.0] * 5, 0.0),
        (F, [0.0] * 5),
        (R, [0.0] * 5),
    ]
    assert not stops(Wilcoxon(), table(*rows, (R, BEST)), 5)
    assert stops(Wilcoxon(), table(*rows, (R, shifted(1, 1, 1, 1))), 5)
    assert not stops(Wilcoxon(), table(rows[0], (R, shifted(1, 1, 1, 1))), 1)


def test_uses_shared_steps_in_any_order(table, stops):
    best = {0: 1.0, 3: 2.0, 7: 3.0, 9: 4.0, 2.5: 5.0}
    worse = {9: 4.1, 2.5: 5.2, 0: 1.3, 7: 3.4}
    assert stops(Wilcoxon(), table((C, best), (R, worse)), 1)
    assert stops(Wilcoxon(), table((C, best), (R, {**worse, 1: -99.0, 11: NAN})), 1)
    assert not stops(Wilcoxon(), table((C, best), (R, {9: 4.1, 2.5: 5.2, 0: 1.3, 8: 3.4})), 1)
    assert not stops(Wilcoxon(), table((C, best), (R, {1: 99.0, 2: 99.0, 4: 99.0, 5: 99.0})), 1)


def test_the_best_may_have_easier_steps_of_its_own(table, stops):
    # Only on the steps they share is this one worse; over all of them the best's mean is higher.
    assert stops(Wilcoxon(), table((C, [*BEST, 90.0, 90.0]), (R, shifted(1, 1, 1, 1))), 1)


def test_n_startup_steps(table, stops):
    h = table((C, BEST), (R, shifted(1, 2, 3, 4)))
    assert stops(Wilcoxon(n_startup_steps=4), h, 1)
    assert not stops(Wilcoxon(n_startup_steps=5), h, 1)
    assert not stops(Wilcoxon(1.0, n_startup_steps=0), table((C, BEST), (R, shifted(1))), 1)
    assert stops(Wilcoxon(1.0, n_startup_steps=0), table((C, BEST), (R, shifted(1, 1))), 1)


def test_nobody_to_compare_with_goes_on(table, stops):
    worse = (R, [9.0] * 5)
    assert not stops(Wilcoxon(1.0), table(worse), 0)
    assert not stops(Wilcoxon(1.0), table((P, BEST), (F, BEST), (R, BEST), worse), 3)
    assert not stops(Wilcoxon(1.0), table((C, [], 0.0), worse), 1)
    assert not stops(Wilcoxon(1.0), table((C, BEST), (R, [])), 1)


@pytest.mark.parametrize("broken", [NAN, INF, -INF])
def test_what_is_not_finite_is_the_worst(table, stops, broken):
    assert stops(Wilcoxon(), table((C, BEST), (R, [broken] * 4)), 1)
    assert stops(Wilcoxon(), table((C, BEST), (R, [1.1, 2.1, broken, 4.1])), 1)
    assert stops(Wilcoxon(0.11), table((C, BEST), (R, [1.5, 1.5, broken, 4.7, 5.6])), 1)
    assert not stops(
        Wilcoxon(), table((C, [1.0, 2.0, broken, 4.0], 0.0), (R, [9.0, 9.0, 9.0, 9.0])), 1
    )
    assert not stops(Wilcoxon(1.0), table((C, [broken] * 4, 0.0), (R, [broken] * 4)), 1)


def test_huge_losses_raise_no_warning(table, stops):
    assert stops(Wilcoxon(), table((C, [-1e308] * 4), (R, [1e308] * 4)), 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"p_threshold": -0.1},
            "p_threshold must be a finite number >= 0 and <= 1, got -0.1",
        ),
        ({"p_threshold": 1.1}, "p_threshold"),
        ({"p_threshold": NAN}, "p_threshold"),
        ({"p_threshold": "0.1"}, "p_threshold"),
        ({"n_startup_steps": -1}, "n_startup_steps must be a whole number >= 0, got -1"),
        ({"n_startup_steps": 2.5}, "n_startup_steps"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Wilcoxon(**settings)


def test_settings_are_kept():
    assert repr(Wilcoxon(0.05)) == "Wilcoxon(p_threshold=0.05, n_startup_steps=2)"


def expected(rows, me, p_threshold, n_startup_steps):
    complete = [(final, number) for number, (state, _, *final) in enumerate(rows) if state == C]
    if not complete:
        return False
    own, best = rows[me][1], rows[min(complete)[1]][1]
    shared = own.keys() & best.keys()
    x = [own[s] if math.isfinite(own[s]) else INF for s in shared]
    y = [best[s] if math.isfinite(best[s]) else INF for s in shared]
    if len(shared) < max(2, n_startup_steps) or np.mean(x) <= np.mean(y):
        return False
    d = np.array([0.0 if a == b else a - b for a, b in zip(x, y, strict=True)])
    ranks = stats.rankdata(np.abs(d)) * (d != 0)
    sums = np.array(list(itertools.product([0, 1], repeat=len(d)))) @ ranks
    return (sums >= ranks[d > 0].sum() - 1e-9).mean() < p_threshold


@given(data=st.data())
def test_agrees_with_the_definition(table, stops, trials, data):
    rows, me = data.draw(trials)
    losses = st.dictionaries(
        st.integers(0, 9).map(float), st.integers(0, 9).map(float), min_size=3, max_size=10
    )
    if data.draw(st.booleans()):
        rows[me] = (R, data.draw(losses))
        rows.append((C, data.draw(losses), -6.0))
    settings = {
        "p_threshold": data.draw(st.sampled_from([0.07, 0.3, 0.9])),
        "n_startup_steps": data.draw(st.integers(0, 4)),
    }
    assert stops(Wilcoxon(**settings), table(*rows), me) == expected(rows, me, **settings)
