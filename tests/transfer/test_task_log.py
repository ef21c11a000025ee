"""Tasks in a storage: each once, whole, and really gone when it is forgotten."""

import multiprocessing
import os
import signal
import time

import msgspec
import pytest
from tests.support.storages import opened
from tests.transfer.cases import make

from luthier.errors import TaskError
from luthier.registry import Draft, Log
from luthier.storages import SQLite
from luthier.storages.base import without_logs
from luthier.transfer import task_log
from luthier.transfer.task_log import Entry, TaskLog

KINDS = ["memory", "sqlite", "http", "postgresql", "redis"]


def entry(n=12, seed=0, source="", is_latest=False, **changed):
    return Entry(make(n, seed, **changed), source, True, is_latest)


def hows(taken):
    return [each.how for each in taken]


@pytest.mark.parametrize("kind", KINDS)
def test_tasks_come_back_as_they_were_and_go_for_good(kind, tmp_path):
    with opened(kind, tmp_path) as storage:
        log = TaskLog(storage)
        given = [entry(seed=0, tags={"team": "名"}, context={"log_rows": 9.0}), entry(seed=1)]
        assert hows(log.take(given)) == ["added", "added"]

        other = TaskLog(storage)
        assert [head.name for head in other.heads()] == ["task 0", "task 1"]
        assert other.heads()[0].tags == {"team": "名"}
        assert [t.content for t in other.load(other.heads())] == [e.task.content for e in given]
        assert without_logs(storage.studies()) == []

        [gone] = other.forget([given[0].task.content, "unknown"])
        assert gone.name == "task 0"
        assert [head.name for head in log.heads()] == ["task 1"]
        assert log.load([gone]) == []
        [row, _] = storage.rows(storage.study("memory of tasks: rows").id)
        assert row.tags == {}


def test_the_same_study_is_there_once_and_its_later_result_counts():
    with opened("memory", None) as storage:
        log = TaskLog(storage)
        log.take([entry(30, source="a", is_latest=True)])
        assert hows(log.take([entry(30, source="a", is_latest=True)])) == ["known"]
        assert hows(log.take([entry(12, 1, source="a", is_latest=True)])) == ["replaced"]
        assert [head.n for head in log.heads()] == [12]
        facts = {"family": "svm", "tags": {"team": "fraud"}, "data_hash": "d"}
        assert hows(log.take([entry(12, 1, source="a", is_latest=True, **facts)])) == ["replaced"]
        assert [(head.family, head.data_hash) for head in log.heads()] == [("svm", "d")]


def test_of_two_studies_of_the_same_data_and_space_the_longer_counts():
    with opened("memory", None) as storage:
        log = TaskLog(storage)
        log.take([entry(20, 0, source="a", data_hash="d")])
        assert hows(log.take([entry(10, 1, source="b", data_hash="d")])) == ["known"]
        assert hows(log.take([entry(25, 2, source="b", data_hash="d")])) == ["replaced"]
        assert hows(log.take([entry(9, 3, source="c", data_hash="other")])) == ["added"]
        assert [head.n for head in log.heads()] == [25, 9]


def test_tasks_of_one_call_are_there_once_as_well():
    with opened("memory", None) as storage:
        taken = TaskLog(storage).take([entry(), entry(), entry(seed=1)])
        assert hows(taken) == ["added", "known", "added"]


def test_only_heads_are_read_when_a_base_is_opened(monkeypatch):
    with opened("memory", None) as storage:
        TaskLog(storage).take([entry(seed=i) for i in range(4)])
        asked = []
        inner = storage.rows
        monkeypatch.setattr(storage, "rows", lambda *args: asked.append(args[1]) or inner(*args))
        log = TaskLog(storage)
        heads = log.heads()
        assert asked == []
        log.load(heads[1:2])
        assert asked == [[1]]


def test_a_base_of_a_newer_version_is_refused():
    with opened("memory", None) as storage:
        log = TaskLog(storage)
        [taken] = log.take([entry()])
        after = msgspec.to_builtins(taken.head) | {"id": "new", "form": task_log.FORM + 1}
        draft = Draft(action="remembered", subject="new", after=after)
        Log(storage, "memory of tasks").append(lambda events: [draft])
        for verb in (log.heads, lambda: log.take([entry(seed=1)]), lambda: log.forget(["new"])):
            with pytest.raises(TaskError, match="a newer one wrote them, so install that"):
                verb()


def test_a_head_that_is_none_is_refused():
    with opened("memory", None) as storage:
        draft = Draft(action="remembered", subject="x", after={"name": 3})
        Log(storage, "memory of tasks").append(lambda events: [draft])
        with pytest.raises(TaskError, match="a task of this base cannot be read"):
            TaskLog(storage).heads()


def test_rows_that_a_killed_process_left_are_gone_with_the_next_that_is_forgotten():
    with opened("memory", None) as storage:
        log = TaskLog(storage)
        [first, second] = log.take([entry(seed=0), entry(seed=1)])
        draft = Draft(action="forgotten", subject=first.head.id)
        Log(storage, "memory of tasks").append(lambda events: [draft])
        assert len(log.load([first.head])) == 1
        log.forget([second.head.id])
        assert log.load([first.head, second.head]) == []


def test_a_study_of_the_name_is_no_place_for_rows():
    with opened("memory", None) as storage:
        storage.create_study("memory of tasks: rows", {"directions": ["minimize"], "space": {}})
        with pytest.raises(TaskError, match="use another storage"):
            TaskLog(storage).take([entry()])


def take_many(path, first, n, go):
    log = TaskLog(SQLite(path))
    go.wait()
    for i in range(first, first + n):
        log.take([entry(seed=i), entry(seed=1000)])


def test_two_processes_at_once_lose_and_double_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    go = context.Event()
    workers = [
        context.Process(target=take_many, args=(tmp_path / "a.db", first, 10, go))
        for first in (0, 100)
    ]
    for worker in workers:
        worker.start()
    go.set()
    for worker in workers:
        worker.join()
    log = TaskLog(SQLite(tmp_path / "a.db"))
    names = [head.name for head in log.heads()]
    wanted = [*range(10), *range(100, 110), 1000]
    assert sorted(names) == sorted(f"task {i}" for i in wanted)
    assert {t.name for t in log.load(log.heads())} == set(names)


def take_forever(path, started):
    log = TaskLog(SQLite(path))
    started.set()
    for i in range(10**6):
        log.take([entry(seed=i, source=str(i % 3), is_latest=True)])


def test_a_process_that_is_killed_while_it_remembers_leaves_whole_tasks(tmp_path):
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    worker = context.Process(target=take_forever, args=(tmp_path / "a.db", started))
    worker.start()
    started.wait()
    log = TaskLog(SQLite(tmp_path / "a.db"))
    while len(log.heads()) < 3:
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    heads = log.heads()
    assert [t.content for t in log.load(heads)] == [head.id for head in heads]
    assert len({head.source for head in heads}) == len(heads) == 3
    assert hows(log.take([entry(seed=10**7)])) == ["added"]
