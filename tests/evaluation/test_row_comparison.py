"""Two models on one hold-out.

Numbers worked out by hand, and verdicts that claim no more than the numbers.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest

from luthier.evaluation import Comparison, compare, compare_models


def made(**fields: Any) -> Comparison:
    base: dict[str, Any] = {
        "names": ("old", "new"),
        "direction": "maximize",
        "n": 100,
        "scores": (0.8, 0.9),
        "difference": 0.1,
        "low": 0.02,
        "high": 0.2,
        "level": 0.95,
        "test": "McNemar",
        "p": 0.01,
        "leaning": 1,
        "n_won": 12,
        "n_lost": 2,
    }
    return Comparison(**{**base, **fields})


def test_right_and_wrong_by_hand():
    old = np.array([True] * 12 + [False] * 8)
    new = np.array([True] * 11 + [False] + [True] * 7 + [False])
    found = compare(old, new)
    assert (found.n, found.scores, found.n_won, found.n_lost) == (20, (0.6, 0.9), 7, 1)
    assert found.difference == pytest.approx(0.3)
    assert found.gain == found.difference
    assert found.p == pytest.approx(
        (2 + 8) / 2**8
    )  # 8 coins: X < 1 on both sides, and half of X = 1
    assert (found.test, found.direction, found.leaning) == ("McNemar", "maximize", 1)
    assert found.low < found.difference < found.high <= 0.6


def test_losses_by_hand():
    old = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    new = old - np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    found = compare(old, new)
    assert found.p == pytest.approx(2 / 2**6)  # all six ranks on one side
    assert (found.test, found.direction, found.leaning, found.n_won, found.n_lost) == (
        "Wilcoxon",
        "minimize",
        1,
        6,
        0,
    )
    assert found.difference == pytest.approx(-0.35)
    assert found.gain == pytest.approx(0.35)
    assert found.high < 0
    assert found.significant
    assert "new is better than old" in compare(old, new, names=("old", "new")).verdict


@pytest.mark.parametrize(("direction", "word"), [("minimize", "worse"), ("maximize", "better")])
def test_direction(direction, word):
    rng = np.random.default_rng(0)
    old = rng.random(40)
    found = compare(old, old + rng.random(40), direction, ("old", "new"))
    assert found.significant
    assert found.verdict == f"Significant: new is {word} than old on rows that neither has seen."


def test_interval_covers_the_true_difference():
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(40):
        right = rng.random((2, 200)) < [[0.8], [0.85]]
        found = compare(right[0], right[1], seed=seed)
        hits += found.low <= 0.05 <= found.high
    assert hits >= 35


def test_same_seed_same_interval():
    rng = np.random.default_rng(2)
    a, b = rng.random(30), rng.random(30)
    assert compare(a, b, seed=3) == compare(a, b, seed=3)


@pytest.mark.parametrize(
    ("fields", "begin"),
    [
        ({}, "Significant: new is better than old"),
        (
            {
                "scores": (0.9, 0.8),
                "difference": -0.1,
                "low": -0.2,
                "high": -0.02,
                "leaning": -1,
                "n_won": 2,
                "n_lost": 12,
            },
            "Significant: new is worse than old",
        ),
        ({"low": -0.02, "p": 0.2}, "No significant gain: new is ahead of old, but"),
        (
            {"difference": -0.01, "low": -0.1, "high": 0.02, "p": 0.6, "leaning": -1},
            "No gain: new is not ahead of old",
        ),
        ({"p": 0.07}, "Not clear: the interval and the test disagree"),
        ({"low": -0.02}, "Not clear: the interval and the test disagree"),
        ({"test": "Wilcoxon", "leaning": -1}, "Not clear: the interval and the test disagree"),
        (
            {
                "difference": 0.0,
                "low": 0.0,
                "high": 0.0,
                "p": 1.0,
                "leaning": 0,
                "n_won": 0,
                "n_lost": 0,
            },
            "No gain: old and new do equally well on each of the 100 rows",
        ),
    ],
)
def test_verdict(fields, begin):
    assert made(**fields).verdict.startswith(begin)
    assert made(**fields).significant == begin.startswith("Significant")
    assert begin in str(made(**fields))


def test_many_tiny_wins_do_not_outvote_a_few_disasters():
    old = np.ones(200)
    new = np.where(np.arange(200) < 12, 9.0, 0.99)
    found = compare(old, new, names=("old", "new"))
    assert found.p < 1e-6
    assert found.low > 0  # the mean loss is larger
    assert not found.significant
    assert found.verdict.startswith("Not clear")


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([True, False], [0.5, 0.1], "two arrays of bool or two of numbers"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], "of one length"),
        ([1.0], [2.0], "at least 2"),
        ([1.0, np.nan], [1.0, 2.0], "finite"),
    ],
)
def test_what_is_not_paired(first, second, message):
    with pytest.raises(ValueError, match=message):
        compare(first, second)


def test_unknown_direction():
    with pytest.raises(ValueError, match="'minimize' or 'maximize', got 'up'"):
        compare([1.0, 2.0], [2.0, 3.0], "up")  # type: ignore[arg-type]


@dataclasses.dataclass
class Constant:
    value: float

    def predict(self, X):
        return np.full(len(X), self.value)


def test_models():
    X, y = np.zeros((8, 1)), np.array([0, 0, 1, 1, 1, 1, 1, 1])
    found = compare_models(Constant(0), Constant(1), X, y)
    assert found.scores == (0.25, 0.75)
    assert (found.n_won, found.n_lost) == (6, 2)
    found = compare_models(Constant(0), Constant(1), X, y, loss=lambda y, p: (y - p) ** 2)
    assert (found.test, found.scores) == ("Wilcoxon", (0.75, 0.25))


def test_frozen():
    with pytest.raises(AttributeError):
        made().p = 0.0  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(made()), type=Comparison) == made()
