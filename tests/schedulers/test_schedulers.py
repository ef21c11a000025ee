import time

import numpy as np
import pytest

from luthier import schedulers
from luthier.history.history import History
from luthier.schedulers import (
    ASHA,
    DEHB,
    PASHA,
    PBT,
    Decision,
    Hyperband,
    Median,
    Patient,
    Percentile,
    Scheduler,
    SuccessiveHalving,
    Threshold,
    Wilcoxon,
    from_name,
)
from luthier.space.distributions import Float
from luthier.space.space import Space
from luthier.testing import check_scheduler
from luthier.trial.record import State, TrialRow

STOPPING = [
    ASHA(mode="stopping"),
    Median(),
    Patient(),
    Patient(Median()),
    Percentile(),
    Threshold(upper=2),
    Wilcoxon(),
]
PROMOTING = [ASHA(), Hyperband(1, 81), Hyperband(), SuccessiveHalving(), PASHA(), DEHB(1, 81)]
ALL = STOPPING + PROMOTING


@pytest.mark.parametrize("scheduler", [*ALL, PBT(population_size=3, interval=9)], ids=repr)
def test_the_public_check_passes(scheduler):
    check_scheduler(scheduler, n_trials=9)


def test_names():
    for name in schedulers.__all__:
        assert hasattr(schedulers, name)
    assert list(schedulers._FILES) == sorted(schedulers._FILES)
    with pytest.raises(AttributeError, match="has no attribute 'Sha'; it has ASHA, "):
        schedulers.Sha


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("asha", ASHA),
        ("ASHA", ASHA),
        ("median", Median),
        ("PATIENT", Patient),
        ("Percentile", Percentile),
        ("wilcoxon", Wilcoxon),
        ("hyperband", Hyperband),
        ("pasha", PASHA),
        ("dehb", DEHB),
        ("successivehalving", SuccessiveHalving),
    ],
)
def test_from_name_makes_a_scheduler_with_default_settings(name, kind):
    assert repr(from_name(name)) == repr(kind())


def test_from_name_leaves_a_scheduler_as_it_is():
    for scheduler in (None, *ALL):
        assert from_name(scheduler) is scheduler


@pytest.mark.parametrize("wrong", ["", "medians", "Scheduler", "base", Median, 3, ["asha"]])
def test_from_name_says_which_there_are(wrong):
    with pytest.raises(ValueError, match=f"one of {', '.join(map(repr, schedulers._FILES))}, got"):
        from_name(wrong)


def test_from_name_threshold_asks_for_a_bound():
    with pytest.raises(ValueError, match="Threshold needs lower, upper or both"):
        from_name("threshold")


@pytest.mark.parametrize("scheduler", STOPPING, ids=repr)
def test_a_study_of_one_trial_goes_on(table, scheduler):
    history = table((State.RUNNING, [1.0, 1.0, 1.0]))
    assert scheduler.decide(history, 0) is Decision.CONTINUE
    assert isinstance(scheduler, Scheduler)


@pytest.mark.parametrize("scheduler", STOPPING[:2] + STOPPING[-3:] + PROMOTING, ids=repr)
def test_others_that_were_committed_and_own_reports_are_all_that_is_read(table, scheduler):
    """What `History.before` cuts away in reproducible runs must not be needed."""
    rows = [(State.COMPLETE, [1.0, 1.0, 1.0])] * 6
    history = table(*rows, (State.RUNNING, [3.0, 3.0, 3.0]), (State.RUNNING, [0.0]))
    cut = history.before(6, window=1)
    assert scheduler.decide(cut, 6) is scheduler.decide(history, 6)


@pytest.fixture(scope="module", params=["serial", "interleaved", "uneven"])
def large(request):
    """10,000 trials of 50 reports, the last one running.

    Reports in the order in which 1 or 8 workers make them.
    """
    n_trials, n_steps = 10_000, 50
    rng = np.random.default_rng(0)
    history = History(Space({"x": Float(0, 1)}), ["maximize"])
    history.put(
        TrialRow(
            number=i,
            state=State.COMPLETE if i < n_trials - 1 else State.RUNNING,
            params={"x": 0.5},
            values=(float(i),),
        )
        for i in range(n_trials)
    )
    number = np.repeat(np.arange(n_trials), n_steps)
    step = np.tile(np.arange(1.0, n_steps + 1), n_trials)
    if request.param == "uneven":
        step += 0.9 * rng.random(len(step))
    if request.param != "serial":
        order = np.lexsort((number % 8, step, number // 8))
        number, step = number[order], step[order]
    keep = (number < n_trials - 1) | (
        step < 28
    )  # the running trial has just reached the rung at 27
    for i, s, value in zip(
        number[keep].tolist(), step[keep].tolist(), rng.random(keep.sum()).tolist(), strict=True
    ):
        history.put_report(i, s, value)
    return history


@pytest.mark.slow
def test_a_decision_is_quick_in_a_large_study(large):
    times_s = {}
    for scheduler in ALL:
        for verb, args in (("decide", (large.n - 1,)), ("next", ())):
            taken = []
            for _ in range(20):
                begin = time.thread_time()
                getattr(scheduler, verb)(large, *args)
                taken.append(time.thread_time() - begin)
            times_s[f"{verb} {scheduler!r}"] = min(taken)
    assert max(times_s.values()) < 0.005, times_s
