"""One thread for linear algebra, and as many as before afterwards."""

from __future__ import annotations

import threading

import numpy as np
import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_info, threadpool_limits

from luthier.numerics.threads import one_thread


def counts() -> set[int]:
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


def test_one_thread_inside_and_as_many_as_before_outside() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = counts()
        with one_thread():
            assert counts() == {1}
            with one_thread():
                assert counts() == {1}
            assert counts() == {1}
        assert counts() == before


def test_threads_leave_what_there_was() -> None:
    def often() -> None:
        for _ in range(20):
            with one_thread():
                seen.append(counts())

    before, seen = counts(), []
    threads = [threading.Thread(target=often) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert counts() == before
    assert seen == [{1}] * 80


def test_it_is_released_when_something_goes_wrong() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = counts()
        try:
            with one_thread():
                np.linalg.cholesky(-np.eye(2))
        except np.linalg.LinAlgError:
            pass
        assert counts() == before
