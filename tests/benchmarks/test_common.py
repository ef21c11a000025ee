"""What the benchmarks share: results files, workers that begin together, and tables."""

import json
import operator
import os
from functools import partial

import pytest
from benchmarks.common import results
from benchmarks.common.tables import Comparison, figure, markdown, percent, rounded
from benchmarks.common.timing import Timer, total_cpu_s
from benchmarks.common.workers import Span, rate, run_together


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    return tmp_path


def test_a_results_file_says_when_where_and_with_what_it_was_measured(folder):
    head = results.describe_run("numpy", "no-such-package", seeds=3)
    file = results.save_results("speed", head, "figures", {"row": {"ms": 1.5}})
    found = json.loads(file.read_text())
    assert file.name == f"speed-{head['date']}.json"
    assert found["figures"] == {"row": {"ms": 1.5}}
    assert found["settings"] == {"seeds": 3}
    assert set(found["versions"]) == {"luthier", "numpy", "no-such-package"}
    assert found["versions"]["no-such-package"] is None
    assert found["machine"]["cores"] == os.cpu_count()


def test_rows_of_the_same_day_are_added(folder):
    head = results.describe_run()
    results.save_results("speed", head, "figures", {"a": 1, "b": 1})
    busier = {**head, "machine": {**head["machine"], "load": 99.0}}
    file = results.save_results("speed", busier, "figures", {"b": 2, "c": 2})
    assert json.loads(file.read_text())["figures"] == {"a": 1, "b": 2, "c": 2}
    file = results.save_results("speed", busier, "others", {"d": 3})
    found = json.loads(file.read_text())
    assert (found["figures"]["c"], found["others"]) == (2, {"d": 3})


@pytest.mark.parametrize("changed", [{"commit": "0123456789"}, {"settings": {"seeds": 5}}])
def test_rows_of_another_commit_or_other_settings_are_replaced(folder, changed):
    head = results.describe_run()
    results.save_results("speed", head, "figures", {"a": 1})
    file = results.save_results("speed", {**head, **changed}, "figures", {"b": 2})
    assert json.loads(file.read_text())["figures"] == {"b": 2}


def test_the_latest_file_is_the_one_of_the_last_day(folder):
    assert results.latest_results("speed") is None
    for name in ("speed-2026-01-02.json", "speed-2025-12-31.json", "speed-up-2027-01-01.json"):
        (folder / name).write_text("{}")
    assert results.latest_results("speed").name == "speed-2026-01-02.json"


def test_ratios_say_how_many_times_better_luthier_is():
    assert Comparison("row", 2.0, 10.0, "ms").ratio == 5
    assert Comparison("row", 10.0, 2.0, "trials/s", more_is_better=True).ratio == 5
    row = Comparison("row", 2.0, 10.0, "ms", 4).as_dict()
    assert row == {"luthier": 2.0, "optuna": 10.0, "unit": "ms", "ratio": 5.0, "at least": 4}


def test_markdown_tables():
    assert markdown(["a", "b"], [["x", "1"]]) == "| a | b |\n|---|---:|\n| x | 1 |"
    assert [percent(x) for x in (0.001, 0.999, 1.0)] == ["< 1 %", "99 %", "100 %"]
    assert [figure(x) for x in (0.12345, 1234.5)] == ["0.123", "1,234"]
    assert rounded({"a": [0.123456, 1, True, "x"]}) == {"a": [0.1235, 1, True, "x"]}


def test_timers_count_processor_time_apart():
    with Timer() as timer:
        before_s = total_cpu_s(None)
        sum(range(100_000))
        spent_s = total_cpu_s(None) - before_s
    assert 0 < spent_s <= timer.cpu_s


def test_workers_begin_when_all_are_ready():
    spans = run_together(2, partial, sum, range(1000))
    assert len(spans) == 2
    assert all(span.begin_s <= span.end_s and span.cpu_s >= 0 for span in spans)
    assert rate(10, [Span(1.0, 3.0, 0.1), Span(2.0, 6.0, 0.1)]) == 2


@pytest.mark.parametrize("prepare", [operator.truediv, partial(partial, operator.truediv)])
def test_the_error_of_a_worker_is_raised(prepare):
    with pytest.raises(ZeroDivisionError):
        run_together(2, prepare, 1, 0)
