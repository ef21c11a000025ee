"""The benchmark of evaluation: a small run of each part gives its figures."""

import pytest
from benchmarks.evaluation import problem, run, summarise_guard, summarise_searches


def test_problems_are_small_and_known_beyond():
    at = problem(3, seed=0)
    assert len(at.y) in (60, 100, 150, 250, 500)
    assert len(at.y_new) == 4000
    again = problem(3, seed=0)
    assert (at.X == again.X).all()
    assert (problem(3, seed=1).X != at.X).any()


def test_figures_of_searches():
    row = {
        "chosen": 0.8, "promise": 0.82, "low": 0.7, "high": 0.9, "is_default": 1.0, "default": 0.8,
        "naive": 0.9, "naive_chosen": 0.7, "leader_chosen": 0.7, "p": 0.5, "n": 100,
    }  # fmt: skip
    figures = summarise_searches([row, row | {"low": 0.81, "is_default": 0.0}], n_sets=2)
    assert figures["bias"] == pytest.approx(0.02)
    assert figures["naive_bias"] == pytest.approx(0.2)
    assert (figures["covered"], figures["default_share"]) == (0.5, 0.5)
    assert (figures["worse_than_default"], figures["naive_worse_than_default"]) == (0, 1)


def test_figures_of_rules():
    rows = [{"gain": 0.04, "rule": 0.01}, {"gain": -0.01, "rule": 0.2}, {"gain": 0.05, "rule": 0.3}]
    figures = summarise_guard(rows, [{"gain": 0.0, "rule": 0.04}, {"gain": 0.0, "rule": 0.5}])[
        "rule"
    ]
    assert (figures["in_noise"], figures["of_no_better"]) == (0.5, 0)
    assert figures["of_clearly_better"] == 0.5
    assert figures["mean_gain_points"] == pytest.approx(4 / 3)


@pytest.mark.slow
def test_rules_that_guard_the_default_are_compared():
    figures = run("guard", n_sets=2, n_seeds=1, n_trials=1)
    assert figures["always"]["in_noise"] == 1
    assert "gain less optimism, over rows" in figures


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("promise", {"promise"}),
        ("noise", {"noise"}),
        ("race", {"none", "usual", "safe"}),
    ],
)
def test_each_part_runs(part, names):
    figures = run(part, n_sets=2, n_seeds=1, n_trials=6)
    assert figures.keys() == names
    if part == "race":
        assert figures["none"]["fits"] == figures["none"]["kept"] == 1
        assert figures["usual"]["fits"] <= 1


def test_the_tests_are_those_that_are_offered():
    figures = run("tests", n_sets=1, n_seeds=3, n_trials=1)
    assert {"McNemar", "Wilcoxon", "bootstrap, losses", "bootstrap, right or wrong"} < set(figures)
    assert all(0 <= row["called_different"] <= 1 for row in figures.values())


@pytest.mark.slow
def test_trees_are_compared_over_folds():
    assert "corrected t, 5 folds x 5" in run("trees", n_sets=1, n_seeds=1, n_trials=1)
