"""The engine's work for a trial is counted: a count is the same on every machine, unlike a time."""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Callable

import pytest

import luthier
from luthier.storages.sqlite_file import File
from luthier.trial.handle import Trial
from luthier.trial.record import State, TrialRow


def count_calls(work: Callable[[], object]) -> int:
    """Return how many functions in Python are called."""
    n = 0

    def note(frame: object, event: str, arg: object) -> None:
        nonlocal n
        n += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return n


def sphere(trial: Trial) -> float:
    return (
        trial.suggest_float("a", 0, 1)
        + trial.suggest_float("b", 0, 1)
        + trial.suggest_float("c", 1e-5, 1, log=True)
        + trial.suggest_float("d", 0, 1, step=0.1)
        + trial.suggest_int("e", 1, 10)
    )


def test_a_trial_in_memory_takes_few_calls() -> None:
    study = luthier.create_study(sampler="random", seed=0)
    study.optimize(sphere, n_trials=60, progress=False)
    n = count_calls(lambda: study.optimize(sphere, n_trials=100, progress=False))
    assert n / 100 < 283


@pytest.mark.parametrize(
    ("ask", "at_most"),
    [
        (lambda trial: trial.suggest_float("x", 0, 1), 3),
        (lambda trial: trial.suggest_float("x", 1e-5, 1, log=True), 3),
        (lambda trial: trial.suggest_float("x", 0, 1, step=0.1), 11),
        (lambda trial: trial.suggest_int("x", 1, 10), 11),
        (lambda trial: trial.suggest_categorical("x", ["a", "b"]), 14),
    ],
)
def test_a_parameter_that_is_known_is_looked_up_and_not_made(ask, at_most) -> None:
    study = luthier.create_study(sampler="random", seed=0)
    study.optimize(lambda trial: len(str(ask(trial))), n_trials=3, progress=False)
    trial = study.ask()
    assert count_calls(lambda: ask(trial)) - 2 <= at_most  # less the two lambdas


def test_a_trial_in_a_file_takes_few_calls(tmp_path) -> None:
    study = luthier.create_study(storage=f"{tmp_path}/a.db", sampler="random", seed=0)
    study.optimize(sphere, n_trials=60, progress=False)
    n = count_calls(lambda: study.optimize(sphere, n_trials=50, progress=False))
    assert n / 50 < 350


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_a_trial_that_depends_on_no_other_is_one_transaction(
    sampler, tmp_path, monkeypatch
) -> None:
    study = luthier.create_study(storage=f"{tmp_path}/a.db", sampler=sampler, seed=0)
    study.optimize(sphere, n_trials=5, progress=False)
    begun: list[str] = []
    transaction = File._transaction

    def note(file: File, begin: str) -> object:
        begun.append(begin)
        return transaction(file, begin)

    monkeypatch.setattr(File, "_transaction", note)
    study.optimize(sphere, n_trials=50, progress=False)
    assert len(begun) <= 50 + 10  # where conditions are looked for, it takes two
    in_memory = luthier.create_study(sampler=sampler, seed=0)
    in_memory.optimize(sphere, n_trials=55, progress=False)
    assert [t.params for t in study.trials] == [t.params for t in in_memory.trials]


def test_no_trial_is_begun_that_nobody_runs(tmp_path) -> None:
    study = luthier.create_study(storage=f"{tmp_path}/a.db", sampler="random", seed=0)

    def stop_at_seven(trial: Trial) -> float:
        if trial.number == 7:
            study.stop()
        return sphere(trial)

    study.optimize(sphere, n_trials=4, progress=False)
    assert [t.state for t in study.trials] == [State.COMPLETE] * 4
    study.optimize(stop_at_seven, n_trials=20, progress=False)
    assert [t.state for t in study.trials] == [State.COMPLETE] * 8


def test_a_trial_in_a_file_looks_at_its_folder_five_times(tmp_path, monkeypatch) -> None:
    study = luthier.create_study(storage=f"{tmp_path}/a.db", sampler="random", seed=0)
    study.optimize(sphere, n_trials=5, progress=False)
    looked: list[str] = []
    look = os.stat

    def note(path: str, **options: bool) -> os.stat_result:
        looked.append(str(path))
        return look(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", note)
        study.optimize(sphere, n_trials=20, progress=False)
        of_new_folder = len(looked)
        patch.setattr("luthier.storages.sqlite_file._TICK_NS", 0)
        looked.clear()
        study.optimize(sphere, n_trials=20, progress=False)
    assert of_new_folder <= 20 * 20 + 30  # all three files, each time
    assert len([path for path in looked if path == str(tmp_path)]) <= 20 * 5 + 6
    assert len(looked) <= 20 * 5 + 30


def test_a_large_study_is_opened_without_a_row_of_each_trial_in_memory(tmp_path) -> None:
    params = {"x": 0.5}
    path = f"{tmp_path}/a.db"
    study = luthier.create_study("s", path, space={"x": luthier.Float(0, 1)}, sampler="random")
    done = TrialRow(number=0, state=State.COMPLETE, params=params, values=(1.0,))
    study.engine.add_trials([done] * 20_000)
    opened: list[luthier.Study] = []
    most = count_bytes(lambda: opened.append(luthier.load_study("s", path)))
    assert opened[0].engine.history.n == 20_000
    assert most < 20_000 * 300  # beside the columns; a row has more than 1,000 bytes


def count_bytes(work: Callable[[], object]) -> int:
    """Return how much memory is taken at most, beside what is kept."""
    tracemalloc.start()
    try:
        work()
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return most - kept


@pytest.mark.parametrize("place", ["memory", "file"])
def test_what_is_done_for_a_trial_does_not_grow_with_the_study(place, tmp_path) -> None:
    storage = None if place == "memory" else f"{tmp_path}/a.db"
    study = luthier.create_study(storage=storage, sampler="random", seed=0)

    def run_some() -> None:
        for _ in range(10):
            trial = study.ask()
            study.tell(trial, sphere(trial))

    run_some()
    calls = count_calls(run_some)
    params = study.trials[0].params
    study.engine.add_trials(
        [TrialRow(number=0, state=State.COMPLETE, params=params, values=(1.0,))] * 20_000
    )
    run_some()  # columns grow
    assert count_calls(run_some) <= calls + 50
    assert count_bytes(run_some) < 10_000  # less than a byte for each trial
