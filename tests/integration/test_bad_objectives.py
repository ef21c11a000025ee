"""Objectives that misbehave: what is recorded, whether the study goes on, what is left alone.

Every case runs in this process and in worker processes: what is recorded must be the same.
"""

import sys
import threading

import numpy as np
import pytest

import luthier
from luthier.errors import (
    CheckpointError,
    LeaseLostError,
    ObjectiveValueError,
    ReportError,
    TrialError,
    TrialMemoryError,
    TrialTimeoutError,
)
from luthier.executors import Processes
from luthier.trial.record import State

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


@pytest.fixture(scope="module")
def pools():
    """Worker processes that live as long as no error ends them."""
    made = []

    def pool():
        if not made or made[-1]._closed:
            made.append(Processes(2))
        return made[-1]

    yield pool
    for p in made:
        p.shutdown(wait=False)


@pytest.fixture(params=["serial", "n_jobs=2"])
def how(request, pools):
    """Options of `optimize`."""
    return {} if request.param == "serial" else {"executor": pools(), "n_jobs": 2}


@pytest.fixture(params=["serial", pytest.param("n_jobs=2", marks=pytest.mark.slow)])
def how_mostly_serial(request, pools):
    """As `how`; for tests of many cases, each of which ends the processes."""
    return {} if request.param == "serial" else {"executor": pools(), "n_jobs": 2}


@pytest.fixture
def study(tmp_path):
    made = luthier.create_study(storage=str(tmp_path / "a.db"), sampler="Random", seed=0)
    yield made
    made.storage.close()


def good(trial):
    return trial.suggest_float("x", 0, 1)


def then(misbehave):
    """An objective that is good but for trial 3."""

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_tag("before", 1)
        return misbehave(trial) if trial.number == 3 else x

    return objective


def run(study, misbehave, how, n=6, **options):
    """Two good trials, then some of which trial 3 is bad.

    Returns that one when the others are found intact.
    """
    study.optimize(good, n_trials=2, progress=False)
    before = study.trials
    try:
        study.optimize(then(misbehave), n_trials=n - 2, progress=False, **how, **options)
    finally:
        rows = study.trials
        assert rows[:2] == before
        assert [r.number for r in rows] == list(range(len(rows)))
        assert not any(r.state == State.RUNNING for r in rows)
        done = [r for r in rows if r.state != State.WAITING and r.number != 3]
        assert all(r.state == State.COMPLETE and r.values == (r.params["x"],) for r in done)
    return rows[3], len(done) + 1


# -- what is returned
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (
            None,
            "must return a number; trial 3 returned None (NoneType); is there a path without a "
            "return?",
        ),
        ("0.5", "must return a number; trial 3 returned '0.5' (str)"),
        (True, "must return a number; trial 3 returned True (bool)"),
        (np.True_, "must return a number; trial 3 returned"),
        (1j, "must return a number; trial 3 returned 1j (complex)"),
        (np.complex128(1j), "must return a number; trial 3 returned"),
        (
            [],
            "must return a number, one for each direction of the study; trial 3 returned [] (list)",
        ),
        (
            (1.0, 2.0),
            "must return a number, one for each direction of the study; trial 3 returned (1.0, "
            "2.0) (tuple)",
        ),
        (
            {"loss": 1.0},
            "must return a number; trial 3 returned {'loss': 1.0}: there is no 'value' and an "
            "unknown",
        ),
        (
            np.zeros(3),
            "must return a number, one for each direction of the study; trial 3 returned array(",
        ),
        (["a"], "must return a number; trial 3 returned ['a'] (list)"),
        ([None], "must return a number; trial 3 returned [None] (list)"),
        (b"1", "must return a number; trial 3 returned b'1' (bytes)"),
        (10**400, "must return a number; trial 3 returned 1000"),
    ],
)
def test_a_value_that_is_none_is_an_error_that_says_what_came(
    study, how_mostly_serial, returned, says
):
    with pytest.raises(ObjectiveValueError) as e:
        run(study, lambda t: returned, how_mostly_serial)
    assert says in str(e.value)
    row = study.trials[3]
    assert (row.state, row.values, row.tags) == (State.FAILED, None, {"before": 1})
    assert row.error.startswith("ObjectiveValueError: the objective must return a number")
    assert set(row.params) == {"x"}
    assert row.finished_s >= row.started_s


def test_the_study_goes_on_after_what_catch_names(study, how):
    row, n = run(study, lambda t: None, how, catch=ObjectiveValueError)
    assert (row.state, n) == (State.FAILED, 6)


@pytest.mark.parametrize("returned", [float("nan"), np.float32("nan"), [np.nan]])
def test_nan_is_no_result_and_stops_nothing(study, how, returned):
    row, n = run(study, lambda t: returned, how)
    assert (row.state, row.values, n) == (State.FAILED, None, 6)
    assert row.error == "ObjectiveValueError: trial 3 returned nan; NaN is no result"
    assert study.best_trial.number != 3


@pytest.mark.parametrize("sign", [1, -1])
def test_infinity_is_a_result(study, how, sign):
    row, n = run(study, lambda t: sign * float("inf"), how)
    assert (row.state, row.values, row.error, n) == (
        State.COMPLETE,
        (sign * float("inf"),),
        None,
        6,
    )
    assert (study.best_trial.number == 3) == (sign < 0)


@pytest.mark.parametrize(
    "returned",
    [
        7,
        np.float32(7),
        np.int64(7),
        np.array(7.0),
        np.array([7.0]),
        [7],
        (np.float64(7),),
        [np.array(7)],
    ],
)
def test_anything_that_is_one_number_is_taken(study, how, returned):
    row, n = run(study, lambda t: returned, how)
    assert (row.state, row.values, type(row.values[0]), n) == (State.COMPLETE, (7.0,), float, 6)


@pytest.mark.parametrize(
    "returned",
    [1.0, (1.0,), (1.0, 2.0, 3.0), (1.0, None), "12", np.zeros((2, 2)), None, (1.0, "2")],
)
def test_several_directions_want_as_many_values(tmp_path, how_mostly_serial, returned):
    study = luthier.create_study(
        storage=str(tmp_path / "a.db"), objectives=["minimize", "maximize"], sampler="Random"
    )
    study.optimize(lambda t: (1, 2), n_trials=1, progress=False)
    with pytest.raises(ObjectiveValueError, match="must return 2 numbers"):
        study.optimize(
            lambda t: returned if t.number == 1 else (1, 2),
            n_trials=4,
            progress=False,
            **how_mostly_serial,
        )
    rows = study.trials
    assert (rows[0].state, rows[0].values) == (State.COMPLETE, (1.0, 2.0))
    assert (rows[1].state, rows[1].values) == (State.FAILED, None)


def test_one_nan_among_several_values_is_a_failure(tmp_path, how):
    study = luthier.create_study(
        storage=str(tmp_path / "a.db"), objectives=["minimize"] * 2, sampler="Random"
    )
    study.optimize(
        lambda t: (1, float("nan") if t.number == 1 else 2), n_trials=3, progress=False, **how
    )
    assert [r.state for r in study.trials] == [State.COMPLETE, State.FAILED, State.COMPLETE]


# -- what is raised
# --------------------------------------------------------------------------------------------------


def broken(trial):
    return {}["missing"]


def test_an_exception_stops_the_study_and_is_recorded_with_its_traceback(study, how):
    with pytest.raises(KeyError, match="missing"):
        run(study, broken, how, n=400)
    row = study.trials[3]
    assert (row.state, row.values, row.tags) == (State.FAILED, None, {"before": 1})
    first, *rest = row.error.splitlines()
    assert first == "KeyError: 'missing'"
    assert any("in broken" in line for line in rest)
    assert len(study.trials) < 400
    study.optimize(good, n_trials=5, progress=False)  # and it can go on
    assert not any(r.state in (State.RUNNING, State.WAITING) for r in study.trials)


@pytest.mark.parametrize("catch", [KeyError, LookupError, (ValueError, KeyError), Exception])
def test_an_exception_that_is_caught_is_recorded_only(study, how, catch):
    row, n = run(study, broken, how, catch=catch)
    assert (row.state, n) == (State.FAILED, 6)
    assert row.error.startswith("KeyError: 'missing'")


def test_an_exception_of_another_kind_is_not_caught(study, how):
    with pytest.raises(KeyError):
        run(study, broken, how, catch=(ValueError, OSError))


class HoldsLock(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class NeedsTwo(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a}, {b}")


class NoText(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def raise_locked(trial):
    raise HoldsLock("held")


def raise_two(trial):
    raise NeedsTwo("one", "two")


def raise_textless(trial):
    raise NoText


def raise_local(trial):
    class Local(HoldsLock):
        pass

    raise Local("here")


def raise_half_characters(trial):
    raise OSError(f"no file {chr(0xDCE4)}.csv")


def raise_many_lines(trial):
    raise ValueError("\n\nfirst\nsecond")


def raise_group(trial):
    raise ExceptionGroup("several", [ValueError(1), HoldsLock("2")])


STRANGE = {
    "unpicklable": (raise_locked, HoldsLock, "HoldsLock: held"),
    "picklable one way": (raise_two, NeedsTwo, "NeedsTwo: one, two"),
    "local": (raise_local, HoldsLock, "Local: here"),
    "without text": (raise_textless, NoText, "NoText: <its text cannot be had>"),
    "half characters": (raise_half_characters, OSError, "OSError: no file \\udce4.csv"),
    "many lines": (raise_many_lines, ValueError, "ValueError: "),
    "group": (raise_group, Exception, "ExceptionGroup: several (2 sub-exceptions)"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_strange_exceptions_are_recorded_and_caught_by_class(study, how_mostly_serial, case):
    misbehave, kind, says = STRANGE[case]
    row, n = run(study, misbehave, how_mostly_serial, catch=kind)
    assert (row.state, n) == (State.FAILED, 6)
    assert row.error.splitlines()[0] == says
    assert f"in {misbehave.__name__}" in row.error


@pytest.mark.parametrize("case", STRANGE)
def test_strange_exceptions_stop_the_study_with_their_class(study, how, case):
    misbehave, kind, _ = STRANGE[case]
    with pytest.raises(kind):
        run(study, misbehave, how)


@pytest.mark.parametrize("code", [0, 3, "text", None])
def test_sys_exit_ends_the_trial_and_then_the_program(study, how, code):
    with pytest.raises(SystemExit) as e:
        run(study, lambda t: sys.exit(code), how)
    assert e.value.code == code
    row = study.trials[3]
    assert (row.state, row.error.splitlines()[0]) == (
        State.FAILED,
        "SystemExit" if code is None else f"SystemExit: {code}",
    )


def test_sys_exit_may_be_caught(study, how):
    row, n = run(study, lambda t: sys.exit(3), how, catch=SystemExit)
    assert (row.state, n) == (State.FAILED, 6)


def test_recursion_without_end_is_an_exception_like_others(study, how):
    def deeper(trial):
        return deeper(trial)

    row, n = run(study, deeper, how, catch=RecursionError)
    assert (row.state, n) == (State.FAILED, 6)
    assert row.error.startswith("RecursionError")
    assert len(row.error) < 10_000


def test_stopping_early_is_no_error(study, how):
    def prune(trial):
        trial.report(0.25, 1)
        trial.report(0.125, 2)
        raise luthier.TrialPruned

    row, n = run(study, prune, how)
    assert (row.state, row.values, row.error, n) == (State.PRUNED, (0.125,), None, 6)


def test_stopping_early_without_a_report_has_no_value(study, how):
    def prune(trial):
        raise luthier.TrialPruned

    row, n = run(study, prune, how)
    assert (row.state, row.values, row.error, n) == (State.PRUNED, None, None, 6)


def test_ctrl_c_in_the_objective_gives_the_trial_back(study):
    def interrupted(trial):
        raise KeyboardInterrupt

    run(study, interrupted, {})
    row = study.trials[3]
    assert (row.state, row.retries) == (State.WAITING, 0)
    study.optimize(good, n_trials=1, progress=False)
    assert study.trials[3].state == State.COMPLETE
    assert study.trials[3].params == row.params


# -- what is reported and noted
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "step", "says"),
    [
        ("high", 1, "got value = 'high' (str)"),
        (None, 1, "got value = None (NoneType)"),
        (1.0, None, "got step = None (NoneType)"),
        (1.0, "1", "got step = '1' (str)"),
        (True, 1, "got value = True (bool)"),
        ([1.0, 2.0], 1, "got value = [1.0, 2.0] (list)"),
        (1.0, float("nan"), "step must be finite, got nan"),
        (1.0, float("inf"), "step must be finite, got inf"),
        (1j, 0, "got value = 1j (complex)"),
    ],
)
def test_a_report_that_is_no_number_at_a_step_says_so(study, how_mostly_serial, value, step, says):
    def misreport(trial):
        trial.report(0.5, 0)
        trial.report(value, step)

    with pytest.raises(ReportError) as e:
        run(study, misreport, how_mostly_serial)
    assert says in str(e.value)
    assert "trial 3" in str(e.value)
    row = study.trials[3]
    assert (row.state, row.reports) == (State.FAILED, ((0.0, 0.5),))
    assert row.error.startswith("ReportError")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float32(2), np.int8(3), np.array(4.0)]
)
def test_numbers_of_all_kinds_may_be_reported(study, how, value):
    def report(trial):
        trial.report(value, np.int64(1))
        return 0.0

    row, n = run(study, report, how)
    assert (row.state, n) == (State.COMPLETE, 6)
    assert repr(row.reports) == repr(((1.0, float(value)),))


@pytest.mark.parametrize("thing", [object(), {"a": lambda: 0}, [{1, object()}], open])
def test_what_has_no_json_form_can_be_neither_checkpoint_nor_tag(study, how, thing):
    def note(trial):
        try:
            trial.report(1.0, 1, checkpoint=thing)
        except CheckpointError as e:
            assert "a file" in str(e)  # noqa: PT017
        trial.set_tag("thing", thing)

    with pytest.raises(TrialError, match="store the path"):
        run(study, note, how)
    assert (study.trials[3].state, study.trials[3].reports) == (State.FAILED, ())


def test_names_with_markup_are_names(study, how):
    name = "<b>[red]'\";--%s{}\\ \n🎻"

    def objective(trial):
        trial.set_tag(name, name)
        assert trial.checkpoint is None
        trial.report(1.0, 1, checkpoint={name: name})
        return trial.suggest_float(name, 0, 1) + trial.suggest_int("n", 0, 3)

    study.optimize(objective, n_trials=4, progress=False, **how)
    for row in study.trials:
        assert (row.state, row.tags) == (State.COMPLETE, {name: name})
        assert set(row.params) == {name, "n"}
    assert study.load_checkpoint(study.best_trial) == {name: name}
    assert "<b>" not in study._repr_html_()


def test_one_name_for_two_things_fails_the_trial_and_not_the_study(study, how):
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        return trial.suggest_int("x", 0, 5) if trial.number == 3 else x

    with pytest.raises(luthier.errors.IncompatibleDistributionError, match="use two names"):
        study.optimize(objective, n_trials=6, progress=False, **how)
    assert study.trials[3].state == State.FAILED
    study.optimize(good, n_trials=3, progress=False)
    assert not any(r.state in (State.RUNNING, State.WAITING) for r in study.trials)


def test_one_name_for_another_thing_in_each_trial(study, how, caplog):
    def objective(trial):
        return (
            trial.suggest_int("x", 0, 5)
            if trial.number % 2
            else trial.suggest_categorical("x", ["a", "b"]) == "a"
        )

    study.optimize(lambda t: float(objective(t)), n_trials=6, progress=False, **how)
    rows = study.trials
    assert [r.state for r in rows] == [State.COMPLETE] * 6
    assert [type(r.params["x"]) for r in rows] == [str, int] * 3
    assert sum("use two names" in r.message for r in caplog.records) == 1
    again = luthier.load_study(study.name, study.storage)  # and the file can be read
    again.optimize(lambda t: 0.0, n_trials=1, progress=False)
    assert again.best_value == 0.0


# -- when the lease is lost
# ------------------------------------------------------------------------------------------


def lose(url, name):
    """Gives trial 3 to somebody else, as if this worker had been silent."""

    def take_it_away(trial):
        from luthier.storages import from_url

        storage = from_url(url)
        study = storage.study(name).id
        storage.release(study, 3, trial.ticket.token, False)
        storage.claim(study, 3, "somebody else")
        storage.close()

    return take_it_away


@pytest.mark.parametrize("then_what", ["report", "return", "raise", "swallow"])
def test_a_worker_that_lost_its_lease_is_refused_and_the_study_goes_on(
    study, how, then_what, caplog
):
    take_it_away = lose(study.storage.url, study.name)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 3:
            trial.report(0.5, 0)
            take_it_away(trial)
            if then_what == "report":
                trial.report(99.0, 1)
            if then_what == "raise":
                raise ZeroDivisionError
            if then_what == "swallow":
                try:
                    trial.report(99.0, 1)
                except LeaseLostError:
                    return 99.0
            return 99.0
        return x

    study.optimize(objective, n_trials=6, progress=False, catch=ZeroDivisionError, **how)
    rows = study.trials
    assert (rows[3].state, rows[3].worker) == (State.RUNNING, "somebody else")
    assert rows[3].token >= 2  # the other process may have been quicker than somebody else, once
    assert (rows[3].values, rows[3].reports) == (None, ((0.0, 0.5),))
    others = [r for r in rows if r.number != 3]
    assert len(others) == 5
    assert all(r.state == State.COMPLETE for r in others)
    assert "its result is refused" in caplog.text
    assert not study.engine.held


def test_a_study_that_is_deleted_while_it_runs_says_so(study, how):
    url, name = study.storage.url, study.name

    def objective(trial):
        if trial.number == 3:
            luthier.delete_study(name, url)
        return trial.suggest_float("x", 0, 1)

    with pytest.raises(luthier.errors.StudyNotFoundError, match="deleted"):
        study.optimize(objective, n_trials=9, progress=False, **how)


# -- what only processes survive
# -------------------------------------------------------------------------------------


def exit_at_once(trial):
    import os

    os._exit(7)


def segfault(trial):
    import ctypes
    import faulthandler

    faulthandler.disable()
    ctypes.string_at(0)


@posix
@pytest.mark.parametrize(
    ("misbehave", "says"), [(exit_at_once, "exit code 7"), (segfault, "SIGSEGV")]
)
def test_an_objective_that_ends_its_process_fails_its_trial_only(study, pools, misbehave, says):
    row, n = run(study, misbehave, {"executor": pools(), "n_jobs": 2})
    assert (row.state, n) == (State.FAILED, 6)
    assert row.error.startswith("WorkerDiedError: the worker process")
    assert says in row.error


def hang(trial):
    import time

    trial.report(0.5, 1)
    time.sleep(1000)


def eat(trial):
    held = []
    while True:
        held.append(bytearray(b"x" * 5_000_000))


def eat_at_once(trial):
    return len(np.ones(10**11))


@posix
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    ("misbehave", "limits", "error", "says"),
    [
        (hang, {"time_s": 4.0}, TrialTimeoutError, "limit of 4 s"),
        (eat, {"memory_mb": 300, "time_s": 600}, TrialMemoryError, "limit of 300 MB"),
        (eat_at_once, {"memory_mb": 300}, TrialMemoryError, "limit of 300 MB"),
    ],
)
def test_beyond_its_limits_a_trial_fails_with_the_reason_and_the_study_goes_on(
    study, misbehave, limits, error, says, n_jobs
):
    row, n = run(study, misbehave, {"n_jobs": n_jobs, "limits": limits})
    assert (row.state, n) == (State.FAILED, 6)
    assert row.error.startswith(error.__name__)
    assert says in row.error
    assert row.reports == (((1.0, 0.5),) if misbehave is hang else ())
    assert row.retries == 0


def test_a_memory_error_without_a_limit_is_an_exception_like_others(study, how):
    def raise_it(trial):
        raise MemoryError("Unable to allocate 1 PiB")

    with pytest.raises(MemoryError, match="1 PiB"):
        run(study, raise_it, how)
