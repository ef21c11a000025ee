"""PED-ANOVA: separations that can be worked out, and how often chance looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis.importances.ped_anova import explain_ties, find_good, ped_anova, pick_trials

NUMBERS = np.zeros(3, dtype=np.int64)


def test_the_good_are_the_best_quarter_of_few_and_the_best_tenth_of_many() -> None:
    losses = np.arange(100.0)[::-1, None]
    assert np.flatnonzero(find_good(losses)).tolist() == list(range(75, 100))
    assert find_good(np.arange(1000.0)[:, None]).sum() == 100
    assert find_good(losses, 0.5).sum() == 50
    assert find_good(losses[:8]).sum() == 5
    assert find_good(losses[:3]).sum() == 3


def test_with_several_objectives_the_good_are_the_first_fronts() -> None:
    x = np.linspace(0, 1, 40)
    front = np.column_stack([x, 1 - x])
    good = find_good(np.concatenate([front + 1, front]))
    assert not good[:40].any()


def test_all_that_are_as_good_as_the_last_one_are_good() -> None:
    losses = np.array([0.0] * 30 + [1.0] * 70)[:, None]
    good = find_good(losses)
    assert np.flatnonzero(good).tolist() == list(range(30))
    assert explain_ties(good, 1) == ""


def test_where_most_are_equally_good_nothing_separates_them_and_it_says_so() -> None:
    x = np.linspace(0, 1, 36)
    front = np.column_stack([x, 1 - x])
    good = find_good(np.concatenate([front, front[:4] + 1]))
    assert "36 of 40 trials lie on the front" in explain_ties(good, 2)
    tied = np.array([0.0] * 60 + [1.0] * 40)[:, None]
    assert "60 of 100 trials have the best value" in explain_ties(find_good(tied), 1)


def test_of_very_many_trials_some_are_looked_at() -> None:
    rng = np.random.default_rng(0)
    assert pick_trials(40, rng).tolist() == list(range(40))
    picked = pick_trials(20_000, rng)
    assert len(set(picked.tolist())) == 5000
    assert (np.diff(picked) > 0).all()


def test_a_parameter_that_separates_is_found_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((150, 3))
    got = ped_anova(X, NUMBERS, find_good(X[:, [0]]), rng)
    assert got.value[0] > 1
    assert got.p_value[0] < 0.01
    assert got.value[1:].max() < 0.2


@pytest.mark.slow
def test_chance_alone_is_rarely_called_significant() -> None:
    p = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        p.append(ped_anova(rng.random((60, 3)), NUMBERS, find_good(rng.random((60, 1))), rng)[1])
    assert np.mean(np.array(p) <= 0.05) < 0.12
    assert np.mean(p) == pytest.approx(0.5, abs=0.12)


def test_categories_and_inactive_parameters_count() -> None:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 200)
    X = np.column_stack([kind, np.where(kind == 1, rng.random(200), np.nan), rng.random(200)])
    loss = np.where(kind == 1, np.nan_to_num(X[:, 1]), 1 + rng.random(200))
    got = ped_anova(X, np.array([3, 0, 0]), find_good(loss[:, None]), rng)
    assert (got.p_value[:2] < 0.01).all()
    assert got.p_value[2] > 0.01


def test_what_never_varies_or_is_never_active_has_no_separation() -> None:
    X = np.column_stack([np.full(30, 0.5), np.full(30, np.nan), np.arange(30) / 30])
    got = ped_anova(X, NUMBERS, find_good(X[:, [2]]), np.random.default_rng(0))
    assert got.value[:2].tolist() == [0, 0]
    assert got.p_value[:2].tolist() == [1, 1]
