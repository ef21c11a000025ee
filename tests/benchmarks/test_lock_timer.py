"""The timer of locks still finds what it looks at inside the storages."""

import pytest
from benchmarks.scaling.lock_timer import LockTimer
from benchmarks.scaling.measurement import SPEC, open_storage, row
from tests.support import servers

KINDS = ["sqlite", *servers.parameters("postgresql", "mysql")]


@pytest.fixture(params=KINDS)
def storage(request, tmp_path):
    file = f"sqlite:///{tmp_path}/locks.db"
    url = file if request.param == "sqlite" else servers.shared(request.param).fresh()
    found = open_storage(url)
    yield found
    found.close()


def test_each_write_holds_a_lock_once_and_a_read_none(storage):
    study = storage.create_study("locks", SPEC).id
    locks = LockTimer(storage)
    for i in range(3):
        storage.add_trials(study, [row(i=i)], i, f"call-{i}")
    assert len(locks.held) == 3
    assert locks.seconds() > 0
    storage.add_trials(study, [row()], 0, "too-late")  # there are three trials, not none
    locks.held.clear()
    storage.changes(study, 0)
    assert locks.held == []


def test_a_storage_without_locks_has_none():
    assert LockTimer(object()).seconds() == 0
