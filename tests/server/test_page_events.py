"""Server-sent events: one stream tells what has changed in studies once, also to who comes back."""

import contextlib
import http.client
import json
import time

import pytest

import luthier
from luthier.server.page_events import summarize_changes
from luthier.storages import InMemory
from luthier.storages.base import Changes, Report
from luthier.trial import State, TrialRow


class Stream:
    """The events of studies, as a browser gets them."""

    def __init__(self, service, since, last=None, headers=None):
        self.line = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        headers = headers or {"Authorization": f"Bearer {service.token}"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.line.request("GET", f"/ui/events?since={since}", headers=headers)
        self.answer = self.line.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()
        self.line.close()

    def next(self):
        """The id and the data of the next event; None at the end of the stream."""
        found = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                found[name] = value
            elif "data" in found:
                return found.get("id"), json.loads(found["data"])
            if line == "\n":
                found = {}
        return None

    def until(self, revision):
        """All events up to a revision of the first study."""
        events = []
        while not events or events[-1][1]["revision"] < revision:
            events.append(self.next())
        return events


@pytest.fixture
def storage():
    return InMemory()


@pytest.fixture
def study(storage):
    study = luthier.create_study(storage=storage, name="s", sampler="random", seed=0)
    study.optimize(objective, n_trials=3)
    return study


@pytest.fixture
def service(serve, storage, study):
    return serve(storage)


def objective(t):
    return t.suggest_float("x", 0, 1)


def revision(service, study=1):
    return service("GET", f"/ui/studies/{study}/summary")[1]["revision"]


def numbers(events):
    """Which trials were complete, as events told it, in order."""
    return [n for _, data in events for n, state, *_ in data["trials"] if state == State.COMPLETE]


def test_a_new_trial_is_told_with_its_value(service, study):
    with Stream(service, f"1.{revision(service)}") as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        study.optimize(objective, n_trials=1)
        events = stream.until(revision(service))
    assert numbers(events) == [3]
    assert [3, State.COMPLETE, [study.trials[3].value], True, True] in events[-1][1]["trials"]


def test_who_comes_back_gets_all_that_came_since_and_nothing_twice(service, study):
    told, last = [], f"1.{revision(service)}"
    for _ in range(4):
        with Stream(service, "1.0", last) as stream:
            study.optimize(objective, n_trials=2)
            events = stream.until(revision(service))
        study.optimize(objective, n_trials=1)  # while nobody listens
        told += numbers(events)
        last = events[-1][0]
    with Stream(service, "1.0", last) as stream:
        told += numbers(stream.until(revision(service)))
    assert told == list(range(3, 15))


def test_many_pages_cost_the_storage_no_more_than_one(service, study):
    asked = []
    read = service.storage.page_of_changes

    def count(number, since):
        asked.append(since)
        return read(number, since)

    service.storage.page_of_changes = count
    since = revision(service)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(service, f"1.{since}")) for _ in range(20)]
        study.optimize(objective, n_trials=1)
        end = revision(service)
        for stream in streams:
            assert numbers(stream.until(end)) == [3]
    assert len(asked) < 20


def test_a_file_that_nobody_writes_is_hardly_read(serve, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    study = luthier.create_study("s", url, sampler="random", seed=0)
    study.optimize(objective, n_trials=1)
    service = serve(luthier.storages.from_url(url))
    read, looks, reads = service.storage.page_of_changes, [], []
    look = service.storage.stamp
    service.storage.page_of_changes = lambda *args: reads.append(args) or read(*args)
    service.storage.stamp = lambda: looks.append(1) or look()
    with Stream(service, f"1.{revision(service)}") as stream:
        while len(looks) < 5:
            time.sleep(0.05)
        assert len(reads) <= 3  # as it begins, at the first look, and once more where that is slow
        study.optimize(objective, n_trials=1)
        assert numbers(stream.until(revision(service))) == [1]


def test_who_was_away_for_long_is_told_all_of_it_soon(serve, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    study = luthier.create_study("s", url)
    for _ in range(3):
        study.add_trials([TrialRow(number=-1, state=State.WAITING)] * 2000)
    service = serve(luthier.storages.from_url(url))
    looks, look = [], service.storage.stamp
    service.storage.stamp = lambda: looks.append(1) or look()
    with Stream(service, "1.0") as stream:
        stream.until(revision(service))
    assert len(looks) <= 8  # one for each page of changes, and not ten


def test_streams_end_with_the_service(service):
    with Stream(service, f"1.{revision(service)}") as stream:
        service.stop()
        assert stream.next() is None


def test_a_stream_ends_when_its_session_does_and_others_go_on(service, study):
    def log_in():
        sent = {"token": service.token}
        headers = service.raw("POST", "/ui/login", sent, "", X_Luthier="1")[1]
        return headers["set-cookie"].partition(";")[0]

    since = f"1.{revision(service)}"
    mine, other = log_in(), log_in()
    with (
        Stream(service, since, headers={"Cookie": mine}) as ended,
        Stream(service, since, headers={"Cookie": other}) as open_still,
        Stream(service, since) as program,
    ):
        assert service.raw("POST", "/ui/logout", {}, "", Cookie=mine, X_Luthier="1")[0] == 204
        assert ended.next() is None
        study.optimize(objective, n_trials=1)
        now = revision(service)
        assert numbers(open_still.until(now)) == numbers(program.until(now)) == [3]


def test_one_stream_tells_of_several_studies_each_from_where_it_is_known(service, study):
    other = luthier.create_study(storage=service.storage, name="t", sampler="random", seed=0)
    other.optimize(objective, n_trials=1)
    since = f"1.{revision(service)},2.{revision(service, 2)}"
    other.optimize(objective, n_trials=2)
    with Stream(service, since) as stream:
        told, last = stream.next()
        assert (last["study"], numbers([(told, last)])) == (2, [1, 2])
        study.optimize(objective, n_trials=1)
        told, last = stream.next()
        assert (last["study"], numbers([(told, last)])) == (1, [3])
        assert "luthier_event_streams 1.0" in service.raw("GET", "/metrics")[2].decode()
    study.optimize(objective, n_trials=1)
    other.optimize(objective, n_trials=1)
    with Stream(service, "1.0", told) as stream:  # whoever comes back names none anew
        events = [stream.next(), stream.next()]
    assert sorted((e["study"], numbers([("", e)])) for _, e in events) == [(1, [4]), (2, [3])]


def test_a_study_that_is_not_there_is_told_as_lost_and_the_others_go_on(service, study):
    with Stream(service, f"77.0,1.{revision(service)}") as stream:
        assert stream.next() == (None, {"study": 77})
        study.optimize(objective, n_trials=1)
        assert numbers([stream.next()]) == [3]
        service.storage.delete_study(1)
        assert stream.next() == (None, {"study": 1})
        assert stream.next() is None


@pytest.mark.parametrize(
    "since",
    ["", "x", "1", "1.-1", f"1.{2**60}", "1.0,", ",".join(f"{i}.0" for i in range(101))],
)
def test_what_are_no_revisions_of_studies_is_refused(service, since):
    with Stream(service, since) as stream:
        assert stream.answer.status == 422


def test_nobody_listens_without_the_token(service):
    assert service.raw("GET", "/ui/events?since=1.0", token="")[0] == 401


def row(number):
    return TrialRow(number=number, state=State.COMPLETE, values=(float("inf"),))


def test_a_change_is_short_however_much_has_changed():
    few = summarize_changes(7, 1, Changes(3, [row(0)], [Report(2, 1.0, 0.5), Report(2, 2.0, 0.4)]))
    assert few.trials == [(0, 3, ["inf"], True, True)]
    assert (few.study, few.reports, few.many) == (7, [2], False)

    many = summarize_changes(7, 1, Changes(900, [row(i) for i in range(501)], []))
    assert (many.trials, many.many) == ([], True)
    for change in (
        Changes(3, [], [], spec={}),
        Changes(3, [], [], is_last=False),
        Changes(0, [], []),  # a storage in memory that has begun anew
    ):
        assert summarize_changes(7, 1, change).many


def test_a_change_says_which_trials_can_be_the_best():
    rows = [
        TrialRow(number=0, state=State.PRUNED, values=(1.0,)),
        TrialRow(number=1, state=State.COMPLETE, values=(1.0,), constraints={"memory": 1.0}),
        TrialRow(number=2, state=State.COMPLETE, values=(1.0,), tags={"confirms": 0, "repeat": 1}),
        TrialRow(number=3, state=State.RUNNING),
    ]
    told = [trial[3:] for trial in summarize_changes(7, 0, Changes(1, rows, [])).trials]
    assert told == [(True, False), (False, False), (True, False), (True, False)]
