"""A storage in front of another one whose server is away now and then."""

import pickle

import msgspec
import pytest

from luthier.errors import StorageUnreachableError
from luthier.storages import InMemory, Retrying
from luthier.storages.bounded import Bounded
from luthier.trial.record import State, TrialRow

WAITING = TrialRow(number=-1, state=State.WAITING)


class Flaky(InMemory):
    """Its answers are lost, so many times, after the verb has been carried out."""

    n_lost = 0

    def _lose(self, answer):
        if self.n_lost:
            self.n_lost -= 1
            raise StorageUnreachableError("away")
        return answer

    def create_study(self, name, spec):
        return self._lose(super().create_study(name, spec))

    def delete_study(self, study):
        return self._lose(super().delete_study(study))

    def add_trials(self, study, rows, expected=None, call=None):
        return self._lose(super().add_trials(study, rows, expected, call))

    def claim(self, *args, **keywords):
        return self._lose(super().claim(*args, **keywords))


@pytest.fixture
def inner():
    return Flaky()


@pytest.fixture
def storage(inner):
    storage = Retrying(inner)
    storage.studies()
    return storage


def test_what_was_done_is_not_done_again(inner, storage):
    inner.n_lost = 2
    study = storage.create_study("s", {"a": 1}).id
    inner.n_lost = 2
    assert storage.add_trials(study, [WAITING]) == (0, 1)
    inner.n_lost = 2
    row, _ = storage.claim(study, 0, "me")
    assert (row.worker, row.token) == ("me", 1)
    inner.n_lost = 2
    storage.delete_study(study)
    assert storage.studies() == []


def test_a_trial_that_begins_with_the_end_of_another_begins_once(inner, storage):
    study = storage.create_study("s", {}).id
    offer = TrialRow(number=0, state=State.RUNNING, worker="me", token=1, started_s=1.0)
    inner.n_lost = 2
    first = storage.turn_over(study, None, [offer], 0)
    assert first.begun == 0
    end = TrialRow(number=0, state=State.COMPLETE, values=(1.0,), token=1)
    inner.n_lost = 1
    following = [msgspec.structs.replace(offer, number=i) for i in (1, 2, 3)]
    assert storage.turn_over(study, end, following, first.revision).begun == 1
    assert [row.state.name for row in storage.rows(study)] == ["COMPLETE", "RUNNING"]


def test_a_server_that_stays_away_is_given_up(inner):
    inner.n_lost = 10**6
    with pytest.raises(StorageUnreachableError):
        Retrying(inner, reconnect_s=0.0).create_study("s", {})


@pytest.mark.parametrize("wrap", [Retrying, lambda inner: Bounded(Retrying(inner), 3)])
def test_who_is_to_end_waits_no_longer(inner, wrap):
    storage = wrap(inner)
    storage.studies()
    storage.close_soon(0.0)
    inner.n_lost = 10**6
    with pytest.raises(StorageUnreachableError):
        storage.create_study("s", {})


def test_it_says_who_is_away_and_that_it_is_back(inner, storage, caplog):
    inner.n_lost = 1
    storage.create_study("s", {})
    assert [r.getMessage() for r in caplog.records] == [
        "away; trying for 120 s",
        f"{inner!r} answers again",
    ]


def test_leases_are_those_of_the_storage_behind_it():
    storage = Retrying(InMemory(lease_s=7.0, max_retries=1))
    assert (storage.lease_s, storage.max_retries, storage.shared) == (7.0, 1, False)
    storage.inner.lease_s = 9.0
    assert storage.lease_s == 9.0


def test_a_time_below_zero_is_refused():
    with pytest.raises(ValueError, match="reconnect_s must be >= 0"):
        Retrying(InMemory(), reconnect_s=-1.0)


def test_it_travels(tmp_path):
    from luthier.storages import SQLite

    storage = pickle.loads(pickle.dumps(Retrying(SQLite(tmp_path / "s.db"), 5.0)))
    assert (type(storage), storage.reconnect_s) == (Retrying, 5.0)
    assert storage.url.endswith("&reconnect_s=5.0")
    storage.close()
