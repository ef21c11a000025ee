"""Gates: what each of them lets pass, stops, and leaves open."""

import numpy as np
import pytest

from luthier.errors import LifecycleError, RegistryError
from luthier.lifecycle import (
    Gate,
    check_calibration,
    check_champion,
    check_cost,
    check_golden_rows,
    check_quality,
    check_repeats,
    check_schema,
    check_slices,
    record_gates,
)
from luthier.registry import Content, Registry


@pytest.fixture
def registry(tmp_path):
    registry = Registry(tmp_path / "models.db")
    registry.register(Content(model="churn", params={"depth": 1}, schema={"a": "f8", "b": "i8"}))
    return registry


def losses(seed, mean, n=2000):
    return np.random.default_rng(seed).normal(mean, 0.5, n)


def test_quality_passes_where_it_is_not_worse_by_more_than_the_margin():
    champion = losses(0, 1.0)
    assert check_quality(champion - 0.05, champion, 0.0).verdict == "pass"
    assert check_quality(champion + 0.05, champion, 0.1).verdict == "pass"
    assert check_quality(champion + 0.05, champion, 0.01).verdict == "fail"
    open_ = check_quality(losses(1, 1.0, 50), champion[:50], 0.05)
    assert open_.verdict == "inconclusive"
    assert open_.figures["low"] < 0.05 < open_.figures["high"]


def test_a_slice_that_is_surely_worse_fails_and_is_named():
    champion = losses(0, 1.0)
    challenger = champion - 0.05
    women = np.arange(2000) < 300
    challenger[women] += 0.5
    slices = {"women": women, "men": ~women, "few": np.arange(2000) < 20}
    gate = check_slices(challenger, champion, slices, 0.02)
    assert gate.verdict == "fail"
    assert gate.because.startswith("women is worse")
    assert check_slices(champion, champion, slices, 0.02).verdict == "pass"
    assert check_slices(champion, champion, {"few": slices["few"]}, 0.02).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ([0.30, 0.31, 0.29], "pass"),
        ([0.30, 0.31, 0.36], "inconclusive"),
        ([0.40, 0.41, 0.39], "fail"),
        ([0.30], "inconclusive"),
        ([0.30, 0.31, float("nan")], "inconclusive"),
    ],
)
def test_repeats_must_not_be_luck(scores, verdict):
    assert check_repeats(scores, 0.31, 0.02).verdict == verdict


def test_a_slow_or_large_model_fails():
    rows = np.zeros((20, 2))
    assert check_cost(lambda x: x, rows, seconds=60.0, n_bytes=1e9).verdict == "pass"
    assert check_cost(lambda x: x, rows, seconds=0.0).verdict == "fail"
    assert check_cost(lambda x: np.zeros(10**6), rows, n_bytes=1e5).verdict == "fail"
    with pytest.raises(LifecycleError, match="at least one row"):
        check_cost(lambda x: x, rows[:0])


def test_golden_rows_need_their_answers_alone_and_in_a_batch():
    rows = np.arange(6.0).reshape(3, 2)
    total = rows.sum(axis=1)
    assert check_golden_rows(lambda x: x.sum(axis=1), rows, total).verdict == "pass"
    wrong = check_golden_rows(lambda x: x.sum(axis=1) + 1, rows, total)
    assert "row 0" in wrong.because
    by_batch = check_golden_rows(lambda x: x.sum(axis=1) - len(x) + 3, rows, total)
    assert "one by one" in by_batch.because
    assert check_golden_rows(lambda x: 1 / 0, rows, total).because.endswith("division by zero")
    assert "shape" in check_golden_rows(lambda x: x, rows, total).because


def test_columns_must_come_in_their_order_and_types(registry):
    version = registry.version("churn")
    assert check_schema(version, {"a": "f8", "b": "i8"}).verdict == "pass"
    assert "another order" in check_schema(version, {"b": "i8", "a": "f8"}).because
    assert "missing ['b']" in check_schema(version, {"a": "f8"}).because
    assert "another type ['a']" in check_schema(version, {"a": "O", "b": "i8"}).because
    bare = registry.register(Content(model="bare", params={}))
    assert check_schema(bare, {"a": "f8"}).verdict == "inconclusive"


def test_badly_calibrated_probabilities_fail():
    rng = np.random.default_rng(0)
    p = rng.random(5000)
    y = (rng.random(5000) < p).astype(float)
    assert check_calibration(p, y, p).verdict == "pass"
    assert check_calibration(p**3, y, p).verdict == "fail"


def test_the_champion_must_load(registry, tmp_path):
    assert check_champion(registry, "churn").verdict == "inconclusive"
    (tmp_path / "m").write_text("weights")
    registry.register(Content(model="churn", params={"depth": 2}), tmp_path / "m")
    registry.promote("churn:2")
    assert check_champion(registry, "churn", lambda path: path.read_text()).verdict == "pass"
    assert "ZeroDivisionError" in check_champion(registry, "churn", lambda path: 1 / 0).because
    registry.fetch(registry.version("churn:2")).unlink()
    assert "is gone" in check_champion(registry, "churn").because


def gate(name, verdict):
    return Gate(name=name, verdict=verdict, because="b")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "inconclusive"], "inconclusive"),
        (["inconclusive", "fail", "pass"], "fail"),
    ],
)
def test_the_worst_gate_is_the_verdict_and_blocks_promotion(registry, verdicts, expected):
    gates = [gate(f"gate {i}", v) for i, v in enumerate(verdicts)]
    assert record_gates(registry, "churn:1", gates) == expected
    if expected == "pass":
        registry.promote("churn:1")
    else:
        with pytest.raises(RegistryError, match=f"not passed its gates \\({expected}\\)"):
            registry.promote("churn:1")


def test_figures_of_numpy_are_recorded(registry):
    mine = Gate(name="mine", verdict="pass", because="b", figures={"n": np.int64(3)})
    assert record_gates(registry, "churn:1", [mine]) == "pass"
    found = registry.record("churn", "gates of version 1")
    assert found.after["gates"][0]["figures"] == {"n": 3}


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_gates_need_names_of_their_own(registry, names):
    with pytest.raises(LifecycleError, match="each name once"):
        record_gates(registry, "churn:1", [gate(n, "pass") for n in names])


@pytest.mark.parametrize(
    ("a", "b"), [([1.0, 2.0], [1.0]), ([1.0], [1.0]), ([1.0, np.nan], [1.0, 2.0]), ([], [])]
)
def test_losses_must_be_of_the_same_rows(a, b):
    with pytest.raises(LifecycleError, match=r"same rows|finite"):
        check_quality(np.array(a), np.array(b), 0.0)


EMPTY = np.empty(0)
TWO = np.array([0.5, 1.0])


@pytest.mark.parametrize(
    "check",
    [
        lambda: check_quality(EMPTY, EMPTY, 0.0),
        lambda: check_slices(EMPTY, EMPTY, {"a": EMPTY > 0}, 0.0),
        lambda: check_cost(len, EMPTY, seconds=1.0),
        lambda: check_golden_rows(len, EMPTY, EMPTY),
        lambda: check_calibration(EMPTY, EMPTY, EMPTY),
    ],
    ids=["quality", "slices", "cost", "golden rows", "calibration"],
)
def test_a_gate_without_data_is_refused(check):
    with pytest.raises(LifecycleError, match="at least"):
        check()


def test_repeats_and_a_schema_without_data_leave_it_open(registry):
    assert check_repeats([], 0.1, 0.0).verdict == "inconclusive"
    assert check_schema(registry.version("churn:1"), {}).verdict == "fail"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: check_quality(TWO, TWO, np.nan), "margin must be a number >= 0"),
        (lambda: check_slices(TWO, TWO, {}, -1.0), "margin must be a number >= 0"),
        (lambda: check_slices(TWO, TWO, {"a": np.ones(3, bool)}, 0.0), "slice 'a' to say of each"),
        (lambda: check_repeats([0.1] * 5, np.nan, 0.0), "champion must be a finite number"),
        (lambda: check_cost(len, TWO), "expected seconds=, n_bytes= or both"),
        (lambda: check_calibration(TWO, TWO, TWO[:1]), "of the same rows"),
        (lambda: check_calibration(2 * TWO, TWO, TWO), r"must lie in \[0, 1\]"),
        (lambda: check_calibration(TWO, TWO * np.nan, TWO), r"must lie in \[0, 1\]"),
    ],
    ids=["nan", "negative", "mask", "champion", "nothing asked", "lengths", "range", "labels"],
)
def test_what_a_gate_cannot_judge_is_refused(check, message):
    with pytest.raises(LifecycleError, match=message):
        check()
