"""The benchmark of schedulers: virtual time and idle workers by hand, and the recorded curves."""

import numpy as np
import pytest
from benchmarks.asynchronous.curve_table import CURVES, CurveTable
from benchmarks.asynchronous.simulator import simulate

import luthier
from luthier.schedulers import ASHA, Decision, Scheduler
from luthier.schedulers.base import Next, Resume


class Halves(Scheduler):
    """Two trials pause at step 1; the better one goes on to the end."""

    def decide(self, history, number):
        return Decision.CONTINUE if history.granted[number] >= 1 else Decision.PAUSE

    def next(self, history):
        if history.n < 2:
            return Next.START
        if len(history.paused) == 2:
            return Resume(min(history.paused, key=lambda i: history.last_loss[i]))
        return Next.WAIT if history.running else Next.DONE


@pytest.fixture(scope="module")
def recorded():
    return CurveTable.load()


def tiny(scheduler, *xs):
    """Epochs of x = 0 take a second, those of x = 1 two; there are three of them."""
    error = np.array([[0.5, 0.4, 0.1], [0.9, 0.3, 0.2]])
    space = luthier.Space({"x": luthier.Float(0, 1)})
    study = luthier.create_study(space=space, sampler="Random", scheduler=scheduler, seed=0)
    for x in xs:
        study.enqueue({"x": x})
    return study, CurveTable(space, {"x": np.array([0.0, 1.0])}, error, np.array([1.0, 2.0]))


def test_two_workers_that_always_have_work():
    study, table = tiny(None, 0.0, 1.0, 0.0, 1.0, 1.0)
    run = simulate(study, table, n_workers=2, epochs=9, target=0.15)
    assert (run.end_s, run.target_s, run.epochs) == (6.0, 3.0, 9)  # 1 2 3 | 4 5 6 and 2 4 6
    assert run.idle_s.tolist() == run.idle.tolist() == [0.0, 0.0]
    assert [len(row.reports) for row in study.trials[:3]] == [3, 3, 3]


def test_more_workers_take_less_time():
    ends = []
    for n_workers in (1, 2, 4):
        study, table = tiny(None, *[0.0] * 8)
        ends.append(simulate(study, table, n_workers, epochs=24).end_s)
    assert ends == [24.0, 12.0, 6.0]


def test_each_turn_pays_for_its_start_and_for_the_epochs_it_adds():
    study, table = tiny(Halves(), 0.0, 1.0)
    run = simulate(study, table, n_workers=1, epochs=100, startup_s=10.0)
    assert run.epochs == 4  # one each, and two more of the better
    assert run.end_s == (10 + 1) + (10 + 2) + (10 + 2 * 1)
    assert [len(row.reports) for row in study.trials] == [3, 1]


def test_waiting_counts_and_having_been_sent_home_does_not():
    study, table = tiny(Halves(), 0.0, 1.0)
    run = simulate(study, table, n_workers=2, epochs=100)
    assert (
        run.end_s == 4.0
    )  # both pause, at 1 and at 2; from there on the better one needs two more
    assert run.idle_s.tolist() == [1.0, 0.0]
    assert run.present_s.tolist() == [4.0, 2.0]
    assert run.idle.tolist() == [0.25, 0.0]


def test_who_idles_when_it_ends_has_idled_until_then():
    study, table = tiny(Halves(), 0.0, 1.0)
    run = simulate(study, table, n_workers=3, epochs=3)
    assert run.end_s == 3.0
    assert run.idle_s.tolist() == [
        2.0,
        1.0,
        2.0,
    ]  # who has idled longest is served first, here at 2


def test_it_goes_on_until_the_target_or_the_most_epochs():
    for target, epochs, target_s in ((0.15, 6, 9.0), (0.05, 12, np.inf)):
        study, table = tiny(None, 1.0, 0.0, 1.0, 1.0)
        run = simulate(study, table, n_workers=1, epochs=1, target=target, max_epochs=12)
        assert (run.epochs, run.target_s) == (epochs, target_s)


def test_curves_between_the_points_of_the_grid():
    _, table = tiny(None)
    error, seconds = table.curve({"x": 0.25})
    assert error == pytest.approx([0.6, 0.375, 0.125])
    assert seconds == 1.25
    assert (table.best, table.median) == (0.1, pytest.approx(0.15))


def test_the_recorded_curves_are_sane(recorded):
    assert recorded.error.shape == (*recorded.shape, 27) == (9, 4, 3, 3, 4, 27)
    assert recorded.seconds.shape == recorded.shape
    assert CURVES.stat().st_size < 400 * 1024
    assert np.isfinite(recorded.error).all()
    assert (recorded.error >= 0).all()
    assert (recorded.error <= 1).all()
    assert (recorded.seconds > 0).all()
    first, last = recorded.error[..., 2].ravel(), recorded.error[..., -1].ravel()
    assert recorded.best < 0.15 < recorded.median
    assert (last < first).mean() > 0.5  # most learn
    rank = [np.argsort(np.argsort(x)) for x in (first, last)]
    assert 0.3 < np.corrcoef(*rank)[0, 1] < 0.95  # early ranks tell something, and not all
    for at in ((0, 0, 0, 0, 0), (4, 2, 1, 2, 3), (8, 3, 2, 2, 3)):
        X = np.array([[i / (n - 1) for i, n in zip(at, recorded.shape, strict=True)]])
        error, seconds = recorded.curve(recorded.space.decode(X)[0])
        assert error == pytest.approx(recorded.error[at], abs=1e-6)
        assert seconds == pytest.approx(recorded.seconds[at])


@pytest.mark.parametrize("mode", [pytest.param("promotion", marks=pytest.mark.slow), "stopping"])
def test_a_hundred_workers_have_work_under_asha(recorded, mode):
    scheduler = ASHA(max_resource=recorded.n_epochs, mode=mode)
    study = luthier.create_study(
        space=recorded.space, sampler="Random", scheduler=scheduler, seed=0
    )
    run = simulate(study, recorded, n_workers=100, epochs=2000)
    assert run.epochs == 2000
    assert run.idle.max() < 0.02
