"""Fits in processes: those that take too long or too much are ended, the others go on."""

from __future__ import annotations

import time

import numpy as np
import pytest

from luthier.automl.fitters import FitHere, FitInProcesses
from luthier.errors import TrialMemoryError, TrialTimeoutError


def take(n_bytes):
    return len(np.ones(n_bytes // 8).tobytes())


def fail():
    raise ValueError("no")


def wait_for(fitters):
    done = []
    while fitters.n_running:
        done += fitters.wait(60.0)
    return {one.key: one for one in done}


@pytest.mark.slow
def test_a_fit_that_takes_too_much_is_ended():
    fitters = FitInProcesses(2, memory_mb=200)
    try:
        fitters.submit("slow", 0.5, time.sleep, 60)
        fitters.submit("large", 60, take, 2**30)
        done = wait_for(fitters)
        assert isinstance(done["slow"].error, TrialTimeoutError)
        assert isinstance(done["large"].error, TrialMemoryError)
        fitters.submit("small", 60, take, 2**20)
        assert wait_for(fitters)["small"].result == 2**20
        fitters.submit("dropped", 60, time.sleep, 60)
        fitters.drop()
        assert fitters.n_running == 0
    finally:
        fitters.end()


def test_fits_here_say_what_came_of_them():
    fitters = FitHere()
    fitters.submit("good", 1, take, 8)
    assert wait_for(fitters)["good"].result == 8
    fitters.submit("bad", 1, fail)
    assert str(wait_for(fitters)["bad"].error) == "no"
