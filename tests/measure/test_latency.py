"""How long a call takes.

What is called how often, in what surroundings, and what is made of the times.
"""

from __future__ import annotations

import gc
import json
import math

import numpy as np
import pytest
import scipy.stats
import sklearn.linear_model
import threadpoolctl

from luthier import measure
from luthier.measure.latency import N_LEAST, rank


class Counting:
    n = 0

    def __call__(self):
        self.n += 1


@pytest.fixture(params=["numpy", pytest.param("torch", marks=pytest.mark.external("torch"))])
def threads_now(request):
    """Counts the threads of every numerical library that is loaded; each has two."""

    def count():
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]

    with threadpoolctl.threadpool_limits(2):
        if request.param == "numpy":
            yield count
            return
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(2)
        yield lambda: [*count(), torch.get_num_threads()]
        torch.set_num_threads(before)


@pytest.mark.parametrize(("warmup", "repeats"), [(0, 1), (3, 5), (2, 40)])
def test_calls_are_as_many_as_asked(warmup, repeats):
    call = Counting()
    found = measure.latency(call, warmup=warmup, repeats=repeats, time_s=math.inf)
    assert call.n == warmup + repeats
    assert found.n == len(found.times_ms) == repeats


def test_time_ends_it_but_not_before_there_is_an_interval():
    call = Counting()
    assert measure.latency(call, warmup=4, repeats=1000, time_s=1e-9).n == N_LEAST
    assert call.n == 4 + N_LEAST
    assert measure.latency(call, repeats=2, time_s=1e-9).n == 2
    assert measure.latency(call, repeats=np.int64(2), time_s=np.int64(1)).n == 2


def test_median_lies_between_its_ends_and_is_the_float():
    model = sklearn.linear_model.LinearRegression().fit(np.eye(3), np.arange(3))
    found = measure.latency(lambda: model.predict(np.eye(3)), repeats=25)
    times = sorted(found.times_ms)
    assert 0 < times[0] <= found.low_ms <= found.median_ms <= found.high_ms <= times[-1]
    assert (found.low_ms, found.median_ms, found.high_ms) == (
        times[7],
        times[12],
        times[17],
    )  # of 25: 8th and 18th
    assert float(found) == found.median_ms == found.quantile_ms(0.5)
    assert found.quantile_ms(0.25) <= found.median_ms <= found.quantile_ms(0.95)
    assert f"{found.median_ms:.4g} ms" in str(found)
    assert "25 calls" in str(found)


def test_one_slow_call_stays_in_and_does_not_move_the_median():
    found = measure.Latency((2.0, 1.0, 900.0, 3.0, 2.5, 1.5, 1.8))
    assert found.median_ms == 2.0
    assert (found.low_ms, found.high_ms) == (
        1.0,
        900.0,
    )  # 7 calls: only the extremes enclose the median with 95 %
    assert 900.0 in found.times_ms


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_ranks_of_the_interval_are_those_of_the_binomial(level):
    for n in (1, 2, 5, 6, 9, 20, 31, 100, 1500):
        r = rank(n, level)
        outside = [2 * scipy.stats.binom.cdf(k - 1, n, 0.5) for k in (r, r + 1)]
        assert outside[0] <= 1 - level < outside[1]
    assert [rank(n) for n in (5, 6, 9, 20, 30, 100)] == [0, 1, 2, 6, 10, 40]


def test_interval_covers_the_median():
    rng = np.random.default_rng(0)
    draws = rng.lognormal(size=(2000, 30))
    found = [measure.Latency(tuple(row)) for row in draws.tolist()]
    assert 0.94 < np.mean([f.low_ms <= 1 <= f.high_ms for f in found]) < 0.97  # it is 0.957


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_pinned_and_given_back(threads_now, threads):
    before, seen = threads_now(), []
    assert set(before) == {2}
    found = measure.latency(
        lambda: seen.append(threads_now()), threads=threads, warmup=1, repeats=2
    )
    assert seen == [[threads] * len(before)] * 3
    assert threads_now() == before
    assert found.threads == threads


def test_threads_of_libraries_that_the_calls_load_are_pinned(script):
    told = script(
        """
        import json, threadpoolctl
        from luthier import measure

        def threads():
            return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]

        def call():
            import scipy.linalg  # brings a BLAS of its own
            seen.append(threads())

        seen = [threads()]
        measure.latency(call, warmup=1, repeats=2)
        print(json.dumps([*seen, threads()]))
        """,
        env={"OPENBLAS_NUM_THREADS": "2"},
    )
    before, warmup, *timed, after = json.loads(told)
    assert len(warmup) > len(before)
    assert timed == [[1] * len(warmup)] * 2
    assert len(after) == len(warmup)
    assert set(after) == set(before)


def test_threads_may_be_left_alone(threads_now):
    seen = []
    assert (
        measure.latency(lambda: seen.extend(threads_now()), threads=None, repeats=1).threads is None
    )
    assert set(seen) == {2}


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_waits_while_calls_are_timed(collecting):
    seen = []
    was = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        measure.latency(lambda: seen.append(gc.isenabled()), warmup=1, repeats=3)
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if was else gc.disable)()
    assert seen == [collecting, False, False, False]


@pytest.mark.parametrize("fails_at", [1, 4])
def test_everything_is_restored_when_a_call_fails(threads_now, fails_at):
    call = Counting()

    def failing():
        call()
        if call.n == fails_at:
            raise OSError("the model's file is gone")

    with pytest.raises(OSError, match="the model's file is gone"):
        measure.latency(failing, warmup=2, repeats=5)
    assert call.n == fails_at
    assert gc.isenabled()
    assert set(threads_now()) == {2}


def test_every_timed_call_waits_for_the_accelerator():
    order = []
    measure.latency(
        lambda: order.append("call"), warmup=2, repeats=2, synchronize=lambda: order.append("wait")
    )
    assert order == ["call", "call", "wait", "call", "wait", "call", "wait"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warmup": -1}, "warmup must be a whole number >= 0, got -1"),
        ({"repeats": 0}, "repeats must be a whole number >= 1, got 0"),
        ({"repeats": 2.5}, "repeats must be a whole number >= 1, got 2.5"),
        ({"threads": 0}, "threads must be a whole number >= 1, got 0"),
        ({"time_s": 0}, "time_s must be a number > 0, got 0"),
        ({"time_s": math.nan}, "time_s must be a number > 0, got nan"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    call = Counting()
    with pytest.raises(ValueError, match=message):
        measure.latency(call, **settings)
    assert call.n == 0


def test_what_cannot_be_called():
    with pytest.raises(
        TypeError, match=r"call must be a function without arguments, got 3\.5; wrap it in a lambda"
    ):
        measure.latency(3.5)
    with pytest.raises(TypeError, match="call must be a function"):
        measure.latency(None)
    with pytest.raises(TypeError, match="synchronize must be a function"):
        measure.latency(Counting(), synchronize="cuda")
