"""The public checks: ours pass, and what breaks a contract is told so."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import samplers, schedulers, storages
from luthier.samplers import Sampler
from luthier.schedulers import Decision, Scheduler
from luthier.testing import check_sampler, check_scheduler, check_storage


@pytest.mark.parametrize(
    ("sampler", "m"),
    [(samplers.Random(), 1), (samplers.QMC(), 2), (samplers.TPE(), 1), (samplers.NSGA2(), 2)],
    ids=repr,
)
def test_samplers_keep_the_contract(sampler, m):
    check_sampler(sampler, m, sizes=(0, 9))


class Illegal(Sampler):
    def sample(self, space, history, n, rng):
        return np.full((n, space.d), 0.5)


class Forgetful(Sampler):
    def __init__(self):
        self._calls = 0

    def sample(self, space, history, n, rng):
        self._calls += 1
        return space.sample(np.random.default_rng(self._calls), n)


class Changing(Sampler):
    def __init__(self):
        self.calls = 0

    def sample(self, space, history, n, rng):
        self.calls += 1
        return space.sample(rng, n)


class Flat(Sampler):
    def sample(self, space, history, n, rng):
        return space.sample(rng, n)[0]


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (Illegal(), "NaN must stand where inactive|no value of the space"),
        (Forgetful(), "asked again, it proposes something else"),
        (Changing(), "its settings have changed"),
        (Flat(), r"expected shape \(3, 8\), got \(8,\)"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_sampler_that_breaks_the_contract_is_told_how(sampler, message):
    with pytest.raises(AssertionError, match=message):
        check_sampler(sampler, sizes=(0, 9))


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize(
    "scheduler",
    [
        schedulers.Median(n_startup_trials=2),
        schedulers.ASHA(min_resource=1, max_resource=27),
        schedulers.PBT(population_size=4, interval=9, max_resource=27),
    ],
    ids=repr,
)
def test_schedulers_keep_the_contract(scheduler, direction):
    check_scheduler(scheduler, 12, direction)


class Moody(Scheduler):
    def __init__(self):
        self._calls = 0

    def decide(self, history, number):
        self._calls += 1
        return Decision.STOP if self._calls % 2 else Decision.CONTINUE


class Pausing(Scheduler):
    def decide(self, history, number):
        return Decision.PAUSE


class Wordy(Scheduler):
    def decide(self, history, number):
        return "stop"


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        (Moody(), "asked again, it answers"),
        (Pausing(), "it pauses a trial, and never resumes any"),
        (Wordy(), "expected a Decision, got 'stop'"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_scheduler_that_breaks_the_contract_is_told_how(scheduler, message):
    with pytest.raises(AssertionError, match=message):
        check_scheduler(scheduler)


def test_storages_keep_the_contract(tmp_path):
    for storage in (storages.InMemory(), storages.SQLite(tmp_path / "a.db")):
        check_storage(storage)
        assert storage.studies() == []
        storage.close()


class Careless(storages.InMemory):
    """Takes any token."""

    def release(self, study, number, token, retried):
        [row] = self.rows(study, [number])
        return super().release(study, number, row.token, retried)


def test_a_storage_that_breaks_the_contract_is_told_how():
    with pytest.raises(AssertionError, match="release with an old token: expected LeaseLostError"):
        check_storage(Careless())
