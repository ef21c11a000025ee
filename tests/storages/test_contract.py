"""What every storage promises, stated once for all of them."""

import contextlib
import math
import threading
import uuid
from functools import partial

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.servers import parameters, shared
from tests.support.service import Service

from luthier.errors import LeaseLostError, StudyExistsError, StudyNotFoundError, TrialError
from luthier.storages import HTTP, InMemory, Retrying, SQLite, from_url
from luthier.testing import check_storage
from luthier.trial.record import State, TrialRow, Turn


def on_server(kind):
    """A storage in a new database of the server that the tests share."""

    def make(folder, lease_s, max_retries):
        return from_url(
            f"{shared(kind).fresh()}?lease_s={lease_s}&max_retries={max_retries}&checkpoints={folder}"
        )

    return make


class OverHTTP:
    """A service that all tests of this file share; its storage in memory is emptied for each."""

    service = None

    def __call__(self, folder, lease_s, max_retries):
        if self.service is None:
            self.memory = InMemory(LEASE_S, MAX_RETRIES)
            self.service = Service(self.memory)
        self.memory._tables.clear()
        return Retrying(self.service.client(lease_s=lease_s, max_retries=max_retries))


over_http = OverHTTP()


@pytest.fixture(scope="module", autouse=True)
def service_ends():
    yield
    if over_http.service is not None:
        over_http.service.stop()
        over_http.service = None


BACKENDS = {  # a new back end: one line, from (folder, lease_s, max_retries)
    "memory": lambda folder, *args: InMemory(*args),
    "sqlite": lambda folder, *args: SQLite(folder / "study.db", *args),
    "postgresql": on_server("postgresql"),
    "mysql": on_server("mysql"),
    "redis": on_server("redis"),
    "http": over_http,
}
LEASE_S, MAX_RETRIES = 10.0, 2
POINT = ({"step": 3.0, "file": "0-3-ab.npz"},)


class Clock:
    """Stands in for the module `time`."""

    def __init__(self):
        self.now = 1_000_000.0

    def time(self):
        return self.now


def set_clock(storage, clock):
    """Makes a storage, with what is within it, believe a clock."""
    storage.now = clock.time
    if isinstance(storage, Retrying):
        set_clock(storage.inner, clock)
    if isinstance(storage, HTTP):
        over_http.memory.now = clock.time


@pytest.fixture(params=parameters(*BACKENDS))
def storage(request, tmp_path):
    made = BACKENDS[request.param](tmp_path, LEASE_S, MAX_RETRIES)
    made.clock = Clock()
    set_clock(made, made.clock)
    yield made
    made.close()


@pytest.fixture
def study(storage):
    return storage.create_study("s", {"directions": ["minimize"]}).id


def row(state=State.RUNNING, **fields):
    return TrialRow(number=-1, state=state, **fields)


def running(storage, study, **fields):
    number, _ = storage.add_trials(study, [row(**fields)])
    return number


def finished(number, token=1, value=0.5, **fields):
    return TrialRow(number=number, state=State.COMPLETE, values=(value,), token=token, **fields)


def one(storage, study, number=0):
    return storage.rows(study, [number])[0]


# -- studies
# ----------------------------------------------------------------------------------------------


def test_the_public_check_passes(storage):
    check_storage(storage)
    assert storage.studies() == []


def test_a_study_is_found_by_name_with_its_spec(storage):
    spec = {"directions": ["minimize", "maximize"], "seed": 7, "space": {"x": [1, 2.5, None, "ä"]}}
    made = storage.create_study("first", spec)
    storage.create_study("second", {})
    found = storage.study("first")
    assert (found.id, found.name, found.spec, found.n_trials) == (made.id, "first", spec, 0)
    assert found.created_s == made.created_s == storage.clock.now
    assert [s.name for s in storage.studies()] == ["first", "second"]


def test_a_name_is_taken_once(storage):
    storage.create_study("a", {"seed": 1})
    with pytest.raises(StudyExistsError, match="'a' exists"):
        storage.create_study("a", {"seed": 2})
    assert storage.study("a").spec == {"seed": 1}


def test_an_unknown_name_lists_the_known_ones(storage):
    storage.create_study("here", {})
    with pytest.raises(StudyNotFoundError, match=r"no study 'there'.*'here'"):
        storage.study("there")


def test_a_spec_can_be_replaced(storage, study):
    assert storage.update_study(study, {"space": {"new": 1}})
    assert storage.study("s").spec == {"space": {"new": 1}}


def test_a_spec_is_replaced_only_if_it_is_the_one_that_is_known(storage, study):
    running(storage, study)
    known = storage.changes(study, 0).revision
    running(storage, study)  # trials of others do not matter
    assert storage.update_study(study, {"a": 1}, known)
    assert not storage.update_study(study, {"b": 1}, known)  # as for one whose answer was lost
    assert storage.study("s").spec == {"a": 1}
    now = storage.changes(study, known)
    assert now.spec == {"a": 1}
    assert now.revision == known + 2
    assert storage.update_study(study, {"c": 1}, now.revision)
    assert storage.study("s").spec == {"c": 1}


def test_a_spec_that_was_replaced_is_among_the_changes(storage, study):
    first = storage.changes(study, 0)
    assert (first.revision, first.spec) == (0, None)
    storage.update_study(study, {"a": 1})
    running(storage, study)
    storage.update_study(study, {"a": 2})
    new = storage.changes(study, 0)
    assert (new.spec, [r.number for r in new.rows]) == ({"a": 2}, [0])
    assert storage.changes(study, 2).spec == {"a": 2}
    running(storage, study)
    later = storage.changes(study, new.revision)
    assert (later.spec, [r.number for r in later.rows]) == (None, [1])


def test_of_many_that_replace_a_spec_at_once_each_sees_what_the_others_wrote(storage, study):
    def work(i):
        known, spec = 0, {"directions": ["minimize"]}
        while not storage.update_study(study, {**spec, f"k{i}": i}, known):
            changes = storage.changes(study, 0)
            known, spec = changes.revision, changes.spec

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.study("s").spec == {"directions": ["minimize"], **{f"k{i}": i for i in range(8)}}


def test_a_study_counts_its_trials_by_state(storage, study):
    storage.add_trials(study, [row(), row(State.WAITING), row(State.WAITING), row(State.FAILED)])
    storage.finish(study, finished(0))
    counts = {State.COMPLETE: 1, State.WAITING: 2, State.FAILED: 1}
    assert storage.study("s").counts == counts
    assert storage.studies()[0].counts == counts
    assert storage.study("s").n_trials == 4


@pytest.mark.parametrize(
    "name",
    [
        "ü 变 🎻",
        "<b>&amp;\"'",
        "'; DROP TABLE studies; --",
        "[red]x[/red]",
        "a\nb\tc\0d",
        "%s {} \\",
        " ",
        "x" * 9999,
    ],
)
def test_any_text_is_a_name(storage, name):
    study = storage.create_study(name, {name: name}).id
    storage.add_trials(
        study,
        [row(params={name: name}, tags={name: [name]}, worker=name), row(State.FAILED, error=name)],
    )
    assert storage.study(name).spec == {name: name}
    assert [s.name for s in storage.studies()] == [name]
    first, second = storage.rows(study)
    assert (first.params, first.tags, first.worker, second.error) == (
        {name: name},
        {name: [name]},
        name,
        name,
    )


VERBS = {
    "update_study": lambda s, study: s.update_study(study, {}),
    "delete_study": lambda s, study: s.delete_study(study),
    "add_trials": lambda s, study: s.add_trials(study, [row()]),
    "claim": lambda s, study: s.claim(study, 0, "me"),
    "extend": lambda s, study: s.extend(study, {0: 1}),
    "report": lambda s, study: s.report(study, 0, 1, 1.0, 1.0, None, {}),
    "finish": lambda s, study: s.finish(study, finished(0)),
    "release": lambda s, study: s.release(study, 0, 1, False),
    "changes": lambda s, study: s.changes(study, 0),
    "rows": lambda s, study: s.rows(study),
}


@pytest.mark.parametrize("verb", VERBS)
def test_whoever_works_on_a_deleted_study_is_told(storage, study, verb):
    other = storage.create_study("other", {}).id
    for i in (study, other):
        storage.report(i, running(storage, i), 1, 1.0, 2.0, POINT, {})
    storage.delete_study(study)
    with pytest.raises(StudyNotFoundError, match="deleted"):
        VERBS[verb](storage, study)
    assert [s.name for s in storage.studies()] == ["other"]
    assert one(storage, other).reports == ((1.0, 2.0),)


def test_a_name_is_free_again_after_deletion_and_the_old_study_stays_gone(storage, study):
    running(storage, study)
    storage.delete_study(study)
    again = storage.create_study("s", {}).id
    assert again != study
    assert storage.rows(again) == []
    assert storage.add_trials(again, [row()]) == (0, 1)
    with pytest.raises(StudyNotFoundError):
        storage.finish(study, finished(0))


# -- adding and claiming
# -----------------------------------------------------------------------------------------------


def test_numbers_are_dense_whatever_the_rows_say(storage, study):
    other = storage.create_study("other", {}).id
    assert storage.add_trials(study, [TrialRow(number=7, state=State.WAITING)] * 3)[0] == 0
    assert storage.add_trials(other, [row()])[0] == 0
    assert storage.add_trials(study, [row(), row(State.FAILED)])[0] == 3
    assert [r.number for r in storage.rows(study)] == [0, 1, 2, 3, 4]
    assert [r.number for r in storage.rows(study, [1, 4])] == [1, 4]


def test_adding_where_the_count_is_not_as_expected_adds_nothing(storage, study):
    first, revision = storage.add_trials(study, [row()], expected=0)
    assert (first, revision) == (0, 1)
    assert storage.add_trials(study, [row()], expected=0) == (-1, 1)
    assert storage.add_trials(study, [row()], expected=2) == (-1, 1)
    assert storage.add_trials(study, [row()], expected=1) == (1, 2)
    assert len(storage.rows(study)) == 2


def test_a_trial_is_kept_as_it_is_added(storage, study):
    done = TrialRow(
        number=0,
        state=State.PRUNED,
        params={"a": 1},
        values=(1.0, 2.0),
        reports=((1.0, 5.0), (2.0, 4.0)),
        tags={"t": "u"},
        error="why",
        checkpoints=({"step": 1.0, "file": "ü"}, {"step": 2.0}),
        started_s=1.5,
        finished_s=2.5,
        worker="w",
        retries=1,
        cost=0.25,
        constraints={"memory": -0.5, "ü'\n": math.inf, "c": -math.inf, "": 1e-300},
    )
    storage.add_trials(study, [done])
    assert one(storage, study) == done
    assert storage.claim(study, 0, "me")[0] is None


def test_a_running_trial_is_added_under_the_first_token_and_a_lease(storage, study):
    got = one(storage, study, running(storage, study, token=9, lease_s=1.0))
    assert (got.token, got.lease_s) == (1, storage.clock.now + LEASE_S)


def test_a_waiting_trial_is_claimed_once(storage, study):
    storage.add_trials(study, [row(State.WAITING, params={"x": 1.5}, tags={"from": "me"})])
    storage.clock.now += 5
    got, revision = storage.claim(study, 0, "me")
    assert got == one(storage, study)
    assert (got.state, got.params, got.tags, got.worker) == (
        State.RUNNING,
        {"x": 1.5},
        {"from": "me"},
        "me",
    )
    assert (got.token, got.retries, got.started_s) == (1, 0, storage.clock.now)
    assert got.lease_s == storage.clock.now + LEASE_S
    assert revision == 2
    assert storage.claim(study, 0, "you") == (None, 2)


def test_a_running_trial_is_claimed_when_its_lease_has_run_out(storage, study):
    number = running(storage, study, params={"x": 1})
    storage.report(study, number, 1, 3.0, 0.25, POINT, {"x": 1})
    storage.clock.now += LEASE_S
    assert storage.claim(study, number, "me")[0] is None
    storage.clock.now += 0.5
    got, _ = storage.claim(study, number, "me")
    assert (got.token, got.retries, got.worker, got.state) == (2, 1, "me", State.RUNNING)
    assert (got.checkpoints, got.reports, got.params) == (POINT, ((3.0, 0.25),), {"x": 1})
    assert got.lease_s == storage.clock.now + LEASE_S


def test_a_trial_that_keeps_losing_its_worker_fails_and_says_why(storage, study):
    number = running(storage, study, worker="w0")
    for i in range(MAX_RETRIES):
        storage.clock.now += LEASE_S + 1
        assert storage.claim(study, number, f"w{i + 1}")[0].retries == i + 1
    storage.clock.now += LEASE_S + 1
    assert storage.claim(study, number, "w9")[0] is None
    got = one(storage, study)
    assert (got.state, got.retries, got.finished_s) == (
        State.FAILED,
        MAX_RETRIES,
        storage.clock.now,
    )
    assert got.error.startswith("WorkerDiedError: the worker died or fell silent 3 times")
    assert "w2" in got.error
    with pytest.raises(LeaseLostError):
        storage.finish(study, finished(number, token=2))


def test_a_trial_that_failed_for_silence_takes_the_result_of_its_last_worker(storage, study):
    number = running(storage, study)
    for _ in range(MAX_RETRIES + 1):
        storage.clock.now += LEASE_S + 1
        storage.claim(study, number, "me")
    assert one(storage, study).state == State.FAILED
    before = storage.changes(study, 0).revision
    result = finished(number, token=MAX_RETRIES + 1)
    storage.finish(study, result)
    got = one(storage, study)
    assert (got.state, got.values, got.error) == (result.state, result.values, None)
    assert [r.state for r in storage.changes(study, before).rows] == [result.state]
    after = storage.changes(study, 0).revision
    assert storage.finish(study, result) == after  # repeated, as after a lost answer
    with pytest.raises(LeaseLostError):
        storage.finish(study, finished(number, token=MAX_RETRIES + 1, value=9.0))


def test_a_lease_lasts_as_long_as_it_is_extended(storage, study):
    a, b = running(storage, study), running(storage, study)
    for _ in range(5):
        storage.clock.now += LEASE_S - 1
        storage.extend(study, {a: 1})
    assert storage.claim(study, a, "me")[0] is None
    assert storage.claim(study, b, "me")[0].token == 2
    storage.finish(study, finished(a))


def test_a_clock_that_jumps_ahead_takes_nothing_from_who_is_quicker_than_the_others(storage, study):
    number = running(storage, study)
    storage.clock.now += 86_400
    storage.extend(study, {number: 1})  # its worker lives
    assert storage.claim(study, number, "me")[0] is None
    storage.finish(study, finished(number))


def test_a_clock_that_was_set_back_leaves_no_lease_that_never_ends(storage, study):
    number = running(storage, study)
    storage.clock.now -= 3_000  # less than an hour may be how workers' clocks and leases differ
    assert storage.claim(study, number, "me")[0] is None
    storage.clock.now -= 3_000
    assert storage.claim(study, number, "me")[0].token == 2


def test_a_call_that_is_made_again_adds_nothing(storage, study):
    rows = [row(), row(State.WAITING)]
    assert storage.add_trials(study, rows, None, "first") == (0, 1)
    assert storage.add_trials(study, rows, None, "first") == (0, 1)
    assert storage.add_trials(study, rows, 0, "first") == (
        0,
        1,
    )  # it expected what it has changed itself
    assert storage.add_trials(study, [row()], 2, "second") == (2, 2)
    assert storage.add_trials(study, [row()], 2, "second") == (2, 2)
    assert storage.add_trials(study, [row()], 2, "third") == (-1, 2)
    other = storage.create_study("other", {}).id
    assert storage.add_trials(other, [row()], None, "first") == (0, 1)
    assert len(storage.rows(study)) == 3


def test_a_result_that_is_told_again_changes_nothing(storage, study):
    number = running(storage, study, params={"x": 1})
    end = finished(number, params={"x": 1}, finished_s=storage.clock.now)
    revision = storage.finish(study, end)
    assert storage.finish(study, end) == revision
    assert storage.changes(study, revision).revision == revision
    with pytest.raises(LeaseLostError):
        storage.finish(
            study, finished(number, value=0.75, params={"x": 1}, finished_s=storage.clock.now)
        )


def test_extending_does_not_help_those_who_lost_the_lease_nor_move_the_revision(storage, study):
    a, b = running(storage, study), running(storage, study)
    storage.finish(study, finished(a))
    storage.clock.now += LEASE_S + 1
    taken, revision = storage.claim(study, b, "me")
    storage.clock.now += 1
    storage.extend(study, {a: 1, b: 1})
    assert one(storage, study, b).lease_s == taken.lease_s
    assert one(storage, study, a).state == State.COMPLETE
    assert storage.changes(study, revision).revision == revision


def test_reporting_extends_the_lease(storage, study):
    number = running(storage, study)
    for step in range(4):
        storage.clock.now += LEASE_S - 1
        storage.report(study, number, 1, float(step), 1.0, None if step % 2 else POINT, {})
    assert storage.claim(study, number, "me")[0] is None


def test_a_trial_that_does_not_exist_is_not_taken_for_a_deleted_study(storage, study):
    running(storage, study)
    for ask in (
        lambda: storage.claim(study, 7, "me"),
        lambda: storage.rows(study, [0, 7]),
        lambda: storage.finish(study, finished(7)),
        lambda: storage.release(study, 7, 1, False),
    ):
        with pytest.raises(TrialError, match=r"no (such )?trial"):
            ask()


# -- tokens
# ----------------------------------------------------------------------------------------------

ENDS = {
    "report": lambda s, study, number, token: s.report(
        study, number, token, 1.0, 1.0, POINT, {"x": 2}
    ),
    "finish": lambda s, study, number, token: s.finish(study, finished(number, token, 9.0)),
    "release": lambda s, study, number, token: s.release(study, number, token, True),
}


@pytest.mark.parametrize("verb", ENDS)
def test_an_old_token_is_refused_and_changes_nothing(storage, study, verb):
    number = running(storage, study, params={"x": 1})
    storage.clock.now += LEASE_S + 1
    new, revision = storage.claim(study, number, "me")
    for token in (new.token - 1, new.token + 1, 0):
        with pytest.raises(LeaseLostError, match=f"trial {number} .*refused"):
            ENDS[verb](storage, study, number, token)
    assert one(storage, study) == new
    assert storage.changes(study, revision).revision == revision
    storage.finish(study, finished(number, new.token))


@pytest.mark.parametrize("verb", ENDS)
@pytest.mark.parametrize("before", ["finished", "released", "waiting"])
def test_a_trial_that_is_over_or_not_running_is_not_touched(storage, study, verb, before):
    if before == "waiting":
        storage.add_trials(study, [row(State.WAITING)])
        token = 0
    else:
        running(storage, study)
        storage.finish(study, finished(0)) if before == "finished" else storage.release(
            study, 0, 1, False
        )
        token = 1
    was = one(storage, study)
    with pytest.raises(LeaseLostError):
        ENDS[verb](storage, study, 0, token)
    assert one(storage, study) == was


def test_all_of_a_study_is_read_in_blocks(storage, study, monkeypatch):
    monkeypatch.setattr("luthier.storages.relational_reader._BLOCK", 3)
    storage.add_trials(study, [row(tags={"i": i}, reports=((1.0, float(i)),)) for i in range(7)])
    storage.finish(study, finished(2))
    blocks: list = []
    rest = storage.read_all(study, blocks.append)
    everything = storage.changes(study, 0)
    assert [r for block in blocks for r in block] == list(everything.rows)
    assert [b.number for block in blocks for b in block] == list(range(7))
    assert (rest.revision, list(rest.reports)) == (everything.revision, list(everything.reports))
    assert not rest.rows


def offers(first, n=3):
    return [
        TrialRow(
            number=first + i,
            state=State.RUNNING,
            params={"x": float(first + i)},
            worker="me",
            started_s=7.5,
        )
        for i in range(n)
    ]


def test_a_trial_ends_and_the_next_begins_with_the_offer_for_its_number(storage, study):
    number = running(storage, study)
    turned = storage.turn_over(study, finished(number, params={"x": 1.0}), offers(1), 1)
    assert turned.begun == 1
    ended, begun = storage.rows(study)
    assert (ended.state, ended.values, begun.state) == (State.COMPLETE, (0.5,), State.RUNNING)
    assert (begun.params, begun.token) == ({"x": 1.0}, 1)
    assert begun.lease_s == storage.clock.now + LEASE_S
    assert not storage.changes(study, turned.revision).rows

    storage.add_trials(study, [row(), row(State.COMPLETE, values=(7.0,))])  # by others
    turned = storage.turn_over(study, finished(1), offers(2), turned.revision)
    assert turned.begun == 4
    new = {r.number: r for r in turned.others.rows}
    assert new[3].values == (7.0,)
    assert new.keys() >= {2, 3}
    assert one(storage, study, 4).params == {"x": 4.0}
    assert not storage.changes(study, turned.revision).rows


def test_a_trial_begins_though_none_ends(storage, study):
    storage.add_trials(study, [row(), row()])
    turned = storage.turn_over(study, None, offers(2), 1)
    assert turned.begun == 2
    assert one(storage, study, 2).params == {"x": 2.0}
    assert not storage.changes(study, turned.revision).rows


@pytest.mark.parametrize("new", ["too many", "waiting", "spec"])
def test_a_trial_ends_and_none_begins_where_something_else_comes_first(storage, study, new):
    number = running(storage, study)
    if new == "spec":
        storage.update_study(study, {"directions": ["maximize"]})
    else:
        some = [row(State.WAITING)] if new == "waiting" else [row()] * 3
        storage.add_trials(study, some)
    n = len(storage.rows(study))
    turned = storage.turn_over(study, finished(number), offers(1), 1)
    assert turned.begun is None
    assert len(storage.rows(study)) == n
    assert one(storage, study).state == State.COMPLETE
    assert turned.others.spec == ({"directions": ["maximize"]} if new == "spec" else None)
    assert not storage.changes(study, turned.revision).rows


def test_whoever_has_lost_a_trial_begins_none(storage, study):
    number = running(storage, study)
    storage.release(study, number, 1, retried=False)
    storage.claim(study, number, "b")
    with pytest.raises(LeaseLostError):
        storage.turn_over(study, finished(number), offers(1), 3)
    assert len(storage.rows(study)) == 1


def test_a_trial_that_ends_again_begins_the_next_once(storage, study):
    end = finished(running(storage, study))
    turned = [storage.turn_over(study, end, offers(1, n), 1) for n in (1, 1, 3)]
    assert [t.begun for t in turned] == [1, 1, 1]
    assert len(storage.rows(study)) == 2


def test_a_trial_that_begins_though_none_ends_begins_once(storage, study):
    turned = [storage.turn_over(study, None, offers(0, n), 0) for n in (1, 1, 3)]
    assert [t.begun for t in turned] == [0, 0, 0]
    assert len(storage.rows(study)) == 1


def test_finishing_stores_the_result_and_keeps_retries_and_reports(storage, study):
    number = running(storage, study, params={"x": 1.0}, worker="a")
    storage.report(study, number, 1, 1.0, 3.5, POINT, {})
    storage.clock.now += LEASE_S + 1
    token = storage.claim(study, number, "b")[0].token
    end = TrialRow(
        number=number,
        state=State.FAILED,
        params={"x": 1.0, "y": 2},
        tags={"n": 1},
        error="E: why",
        started_s=1.0,
        finished_s=2.0,
        worker="b",
        token=token,
        reports=((8.0, 8.0),),
        cost=1e-3,
        constraints={"memory": math.inf},
    )
    storage.finish(study, end)
    expected = msgspec.structs.replace(end, retries=1, reports=((1.0, 3.5),))
    assert one(storage, study) == expected


def test_released_because_its_worker_stopped_costs_no_retry(storage, study):
    number = running(storage, study, params={"x": 1})
    storage.report(study, number, 1, 1.0, 1.0, POINT, {})
    for _ in range(MAX_RETRIES + 3):
        token = one(storage, study).token
        storage.release(study, number, token, retried=False)
        assert one(storage, study).state == State.WAITING
        got, _ = storage.claim(study, number, "me")
        assert (got.retries, got.token, got.checkpoints) == (0, token + 1, POINT)


def test_released_because_its_worker_died_counts(storage, study):
    number = running(storage, study)
    for i in range(MAX_RETRIES):
        storage.release(study, number, i + 1, retried=True)
        assert storage.claim(study, number, "me")[0].retries == i + 1
    storage.release(study, number, MAX_RETRIES + 1, retried=True)
    got = one(storage, study)
    assert (got.state, got.retries) == (State.FAILED, MAX_RETRIES)
    assert "WorkerDiedError" in got.error
    assert storage.claim(study, number, "me")[0] is None


# -- reports
# ----------------------------------------------------------------------------------------------


def test_a_step_reported_twice_keeps_the_later_value_and_steps_are_in_order(storage, study):
    number = running(storage, study)
    for step, value in ((2.0, 1.0), (0.5, 2.0), (-1.0, 3.0), (2.0, 4.0)):
        storage.report(study, number, 1, step, value, None, {})
    assert one(storage, study).reports == ((-1.0, 3.0), (0.5, 2.0), (2.0, 4.0))


def test_a_checkpoint_stays_until_the_next_and_travels_to_whoever_takes_over(storage, study):
    number = running(storage, study)
    for step, references in enumerate(
        [POINT, None, None, (*POINT, {"step": 4.0, "value": "ü"}), None]
    ):
        storage.report(study, number, 1, float(step), 0.0, references, {})
    storage.release(study, number, 1, retried=True)
    assert storage.claim(study, number, "me")[0].checkpoints == (
        *POINT,
        {"step": 4.0, "value": "ü"},
    )


# -- pauses
# ----------------------------------------------------------------------------------------------


def paused(storage, study, **fields):
    number = running(storage, study, params={"x": 1}, started_s=storage.clock.now)
    storage.report(study, number, 1, 3.0, 0.5, POINT, {})
    storage.clock.now += 5
    end = TrialRow(
        number=number,
        state=State.PAUSED,
        params={"x": 1},
        values=(0.5,),
        token=1,
        checkpoints=POINT,
        started_s=storage.clock.now - 5,
        finished_s=storage.clock.now,
        **fields,
    )
    storage.finish(study, end)
    return number


def test_a_paused_trial_holds_no_worker_and_is_resumed_by_whoever_saw_it_so(storage, study):
    number = paused(storage, study)
    storage.clock.now += 1000
    assert storage.claim(study, number, "me")[0] is None
    assert one(storage, study).state == State.PAUSED
    turn = Turn(3.0, {"x": 1})
    got, revision = storage.claim(study, number, "me", turn=turn, token=1)
    assert got == one(storage, study)
    assert (got.state, got.token, got.worker, got.params, got.checkpoints) == (
        State.RUNNING,
        2,
        "me",
        {"x": 1},
        POINT,
    )
    now = storage.clock.now
    times = {"paused_s": now - 1000, "resumed_s": now}
    assert (got.turns, got.values, got.retries) == (
        (msgspec.structs.replace(turn, **times),),
        None,
        0,
    )
    assert got.lease_s == storage.clock.now + LEASE_S
    assert storage.clock.now - got.started_s == 5  # what it ran so far, without the pause
    assert storage.claim(study, number, "you", turn=turn, token=1) == (None, revision)


def test_a_decision_to_resume_that_comes_late_is_refused(storage, study):
    number = paused(storage, study)
    turn = Turn(3.0, {"x": 1})
    storage.claim(study, number, "me", turn=turn, token=1)
    storage.finish(
        study, TrialRow(number=number, state=State.PAUSED, params={"x": 1}, values=(0.25,), token=2)
    )
    assert storage.claim(study, number, "you", turn=turn, token=1)[0] is None
    turn = Turn(9.0, {"x": 1})
    assert storage.claim(study, number, "you", turn=turn, token=2)[0].turns[-1].step == 9.0


def test_a_claim_of_a_waiting_trial_may_name_its_token_too(storage, study):
    storage.add_trials(study, [row(State.WAITING)])
    assert storage.claim(study, 0, "me", token=1)[0] is None
    assert storage.claim(study, 0, "me", token=0)[0].token == 1


def test_a_paused_trial_may_be_resumed_whatever_its_token(storage, study):
    number = paused(storage, study)
    assert storage.claim(study, number, "me", turn=Turn(3.0, {"x": 1}))[0].token == 2


def test_a_trial_that_is_not_paused_is_not_resumed(storage, study):
    storage.add_trials(study, [row(State.WAITING), row(), row(State.COMPLETE, values=(1.0,))])
    storage.clock.now += LEASE_S + 1
    for number in range(3):
        token = one(storage, study, number).token
        got, _ = storage.claim(study, number, "me", turn=Turn(0.0, {}), token=token)
        assert got is None


def test_a_copy_of_another_trial_is_resumed_with_its_params_and_its_checkpoint(storage, study):
    number = paused(storage, study)
    lent = ({"step": 4.0, "file": "7-4-cd.npz"},)
    turn = Turn(4.0, {"x": (2, "y")}, 7)
    got, _ = storage.claim(study, number, "me", turn=turn, token=1, checkpoints=lent)
    assert (got.params, got.checkpoints) == ({"x": (2, "y")}, (*POINT, *lent))
    assert got.turns == (
        Turn(0.0, {"x": 1}),
        msgspec.structs.replace(turn, paused_s=got.turns[1].paused_s, resumed_s=storage.clock.now),
    )  # the first is what it began with
    assert storage.rows(study, [number])[0] == got
    assert storage.changes(study, 0).rows[0].turns == got.turns
    storage.finish(study, finished(number, token=2))
    assert one(storage, study).turns == got.turns


def test_a_pause_makes_good_for_lost_workers(storage, study):
    number = running(storage, study)
    for i in range(MAX_RETRIES):
        storage.release(study, number, i + 1, retried=True)
        storage.claim(study, number, "me")
    storage.finish(study, TrialRow(number=number, state=State.PAUSED, token=MAX_RETRIES + 1))
    assert one(storage, study).retries == 0


def test_reports_may_hold_several_values(storage, study):
    number = running(storage, study)
    storage.report(study, number, 1, 1.0, (0.5, math.inf), None, {})
    storage.add_trials(
        study, [row(State.COMPLETE, values=(1.0, 2.0), reports=((0.0, (1.0, -math.inf)),))]
    )
    assert [r.value for r in storage.changes(study, 0).reports] == [
        (0.5, math.inf),
        (1.0, -math.inf),
    ]
    assert [r.reports for r in storage.rows(study)] == [
        ((1.0, (0.5, math.inf)),),
        ((0.0, (1.0, -math.inf)),),
    ]


def test_params_may_change_at_a_step(storage, study):
    number = running(storage, study, params={"x": 1})
    storage.report(study, number, 1, 1.0, 0.0, None, {"x": 2, "y": "z"})
    assert one(storage, study).params == {"x": 2, "y": "z"}
    storage.report(study, number, 1, 2.0, 0.0, None, {})
    assert one(storage, study).params == {"x": 2, "y": "z"}


EXTREME = [math.nan, math.inf, -math.inf, 1.7976931348623157e308, 5e-324, -0.0, 0.1 + 0.2]


@pytest.mark.parametrize("value", EXTREME)
def test_every_float_comes_back_as_it_was(storage, study, value):
    number = running(storage, study)
    storage.report(study, number, 1, 1.0, value, None, {})
    told = storage.changes(study, 1).reports
    storage.finish(study, finished(number, value=value))
    storage.add_trials(study, [row(State.COMPLETE, values=(value, 1.0), reports=((0.0, value),))])
    a, b = storage.rows(study)
    for got in (told[0].value, a.values[0], a.reports[0][1], b.values[0], b.reports[0][1]):
        assert type(got) is float
        assert math.copysign(1, got) == math.copysign(1, value) or math.isnan(value)
        assert got == value or (math.isnan(got) and math.isnan(value))


def test_params_keep_their_types(storage, study):
    params = {
        "tuple": (1, (2.0, "x"), ()),
        "true": True,
        "one": 1,
        "float": 1.0,
        "none": None,
        "text": "1",
        "big": 2**80,
        "small": -(2**70),
        "tiny": 5e-324,
        "": "empty",
    }
    storage.add_trials(study, [row(State.WAITING, params=params)])
    for got in (storage.rows(study)[0], storage.claim(study, 0, "me")[0]):
        assert repr(got.params) == repr(params)


def test_params_may_be_many_and_large(storage, study):
    params = {f"p{i}": "x" * 1000 + str(i) for i in range(2000)}
    storage.finish(study, finished(running(storage, study, params=params), params=params))
    assert one(storage, study).params == params


def test_what_a_caller_does_with_a_row_stays_with_the_caller(storage, study):
    storage.add_trials(study, [row(State.WAITING, params={"x": 1}, tags={"t": 1})])
    for got in (one(storage, study), storage.rows(study)[0]):
        got.params["x"] = got.tags["t"] = 2
    assert (one(storage, study).params, one(storage, study).tags) == ({"x": 1}, {"t": 1})


@pytest.mark.parametrize("args", [(0.0, 2), (-1.0, 2), (math.nan, 2), (10.0, -1)])
@pytest.mark.parametrize("backend", parameters(*BACKENDS))
def test_leases_and_retries_make_sense(tmp_path, backend, args):
    with pytest.raises(ValueError, match="must be"):
        BACKENDS[backend](tmp_path, *args)


def test_to_persist_changes_nothing(storage, study):
    storage.add_trials(study, [row()])
    revision = storage.changes(study, 0).revision
    storage.persist()
    assert storage.changes(study, 0).revision == revision


def failed(number=0, token=1, **fields):
    return TrialRow(number=number, token=token, state=State.FAILED, error="E: e", **fields)


def test_a_failed_trial_can_be_retried_and_goes_on_from_its_checkpoint(storage, study):
    storage.add_trials(study, [row(params={"x": 1})])
    storage.report(study, 0, 1, 3.0, 0.5, POINT, {"x": 1})
    storage.finish(study, failed(params={"x": 1}, tags={"a": 1}, checkpoints=POINT, cost=2.0))
    revision = storage.changes(study, 0).revision
    storage.retry(study, 0, 1)
    new = storage.changes(study, revision)
    assert (new.revision, [r.state for r in new.rows]) == (revision + 1, [State.WAITING])
    got, _ = storage.claim(study, 0, "me")
    assert (got.state, got.token, got.params) == (State.RUNNING, 2, {"x": 1})
    assert (got.checkpoints, got.reports, got.cost) == (POINT, ((3.0, 0.5),), 2.0)
    assert (got.error, got.finished_s, got.retries) == (None, None, 0)
    assert got.tags == {"a": 1, "earlier_errors": ["E: e"]}
    storage.finish(study, failed(token=2, tags=got.tags))
    storage.retry(study, 0, 2)
    assert one(storage, study).tags["earlier_errors"] == ["E: e", "E: e"]


@pytest.mark.parametrize("state", [s for s in State if s != State.FAILED])
def test_only_a_failed_trial_can_be_retried(storage, study, state):
    if state in (State.WAITING, State.RUNNING):
        storage.add_trials(study, [row(state)])
    else:
        storage.add_trials(study, [row()])
        storage.finish(study, TrialRow(number=0, token=1, state=state, values=(1.0,)))
    before = one(storage, study)
    revision = storage.changes(study, 0).revision
    with pytest.raises(TrialError, match=f"is {state.name.lower()}; only a failed trial"):
        storage.retry(study, 0, before.token)
    assert one(storage, study) == before
    assert storage.changes(study, 0).revision == revision


def test_a_trial_that_failed_again_meanwhile_is_not_retried_by_an_old_decision(storage, study):
    storage.add_trials(study, [row()])
    storage.finish(study, failed())
    storage.retry(study, 0, 1)
    storage.claim(study, 0, "me")
    storage.finish(study, failed(token=2))
    with pytest.raises(TrialError, match="retried by somebody else"):
        storage.retry(study, 0, 1)


# -- changes
# ----------------------------------------------------------------------------------------------


def test_changes_are_what_is_new_and_nothing_else(storage, study):
    none = storage.changes(study, 0)
    assert (none.revision, list(none.rows), list(none.reports)) == (0, [], [])
    storage.add_trials(
        study,
        [row(), row(State.WAITING), row(State.COMPLETE, values=(1.0,), reports=((1.0, 2.0),))],
    )
    new = storage.changes(study, 0)
    assert (new.revision, [r.number for r in new.rows]) == (1, [0, 1, 2])
    assert [(r.number, r.step, r.value) for r in new.reports] == [(2, 1.0, 2.0)]
    assert all(r.reports == () for r in new.rows)
    revision = storage.report(study, 0, 1, 4.0, 5.0, None, {})
    new = storage.changes(study, 1)
    assert (revision, new.revision, list(new.rows)) == (2, 2, [])
    assert [(r.number, r.step, r.value) for r in new.reports] == [(0, 4.0, 5.0)]
    storage.claim(study, 1, "me")
    storage.finish(study, finished(0))
    new = storage.changes(study, 2)
    assert (new.revision, [(r.number, r.state) for r in new.rows]) == (
        4,
        [(0, State.COMPLETE), (1, State.RUNNING)],
    )
    assert list(new.reports) == []
    assert storage.changes(study, 4).revision == 4
    assert not storage.changes(study, 4).rows


class Model:
    """The contract in the fewest words: rows, reports, and what each revision touched."""

    def __init__(self, clock):
        self.clock = clock
        self.rows = []
        self.reports = {}
        self.log = []

    def touch(self, *what):
        self.log.append(what)
        return len(self.log)

    def set(self, number, **fields):
        self.rows[number] = msgspec.structs.replace(self.rows[number], **fields)

    def held(self, number, token):
        if self.rows[number].state != State.RUNNING or self.rows[number].token != token:
            raise LeaseLostError

    def add_trials(self, rows, expected):
        if expected not in (None, len(self.rows)):
            return -1, len(self.log)
        first = len(self.rows)
        touched = []
        for r in rows:
            number, live = len(self.rows), r.state == State.RUNNING
            lease = self.clock.now + LEASE_S if live else 0.0
            self.rows.append(
                msgspec.structs.replace(
                    r, number=number, token=int(live), lease_s=lease, reports=()
                )
            )
            self.reports.update({(number, step): value for step, value in r.reports})
            touched += [number, *((number, step) for step, _ in r.reports)]
        return first, self.touch(*touched)

    def claim(self, number, worker, turn=None, token=None, checkpoints=()):
        r, now = self.rows[number], self.clock.now
        expired = r.state == State.RUNNING and r.lease_s < now and turn is None
        resumed = turn is not None and r.state == State.PAUSED and r.token == token
        if not resumed and not (turn is None and r.state == State.WAITING) and not expired:
            return None, len(self.log)
        if resumed:
            ran_s = (
                r.finished_s - r.started_s
                if r.finished_s is not None and r.started_s is not None
                else 0.0
            )
            first = (Turn(0.0, r.params),) if not r.turns and turn.params != r.params else ()
            turn = msgspec.structs.replace(turn, paused_s=r.finished_s, resumed_s=now)
            self.set(
                number,
                params=turn.params,
                turns=(*r.turns, *first, turn),
                values=None,
            )
            self.set(
                number,
                checkpoints=r.checkpoints + checkpoints,
                finished_s=None,
                state=State.RUNNING,
            )
            self.set(
                number,
                worker=worker,
                token=r.token + 1,
                lease_s=now + LEASE_S,
                started_s=now - ran_s,
            )
            return self.full(number), self.touch(number)
        if expired and r.retries == MAX_RETRIES:
            self.set(number, state=State.FAILED, error="died", finished_s=now)
            return None, self.touch(number)
        self.set(
            number, state=State.RUNNING, worker=worker, token=r.token + 1, lease_s=now + LEASE_S
        )
        self.set(number, started_s=r.started_s if r.turns else now)
        self.set(number, retries=r.retries + expired)
        return self.full(number), self.touch(number)

    def extend(self, tokens):
        for number, token in tokens.items():
            with contextlib.suppress(LeaseLostError):
                self.held(number, token)
                self.set(number, lease_s=self.clock.now + LEASE_S)

    def report(self, number, token, step, value, checkpoints, params):
        self.held(number, token)
        r = self.rows[number]
        self.reports[number, step] = value
        self.set(number, lease_s=self.clock.now + LEASE_S)
        if checkpoints is None and (not params or params == r.params):
            return self.touch((number, step))
        self.set(
            number,
            checkpoints=r.checkpoints if checkpoints is None else checkpoints,
            params=params or r.params,
        )
        return self.touch(number, (number, step))

    def finish(self, row):
        old = self.rows[row.number]
        kept = {"turns": old.turns, "retries": old.retries, "lease_s": old.lease_s}
        is_over = old.state >= State.PAUSED
        if is_over and msgspec.structs.replace(row, **kept) == old:  # said again
            return len(self.log)
        is_given_up = old.state == State.FAILED and old.error == "died"
        if not (is_given_up and row.token == old.token):  # else the last worker was silent only
            self.held(row.number, row.token)
        self.rows[row.number] = row
        self.set(
            row.number,
            turns=old.turns,
            lease_s=0.0,
            retries=0 if row.state == State.PAUSED else old.retries,
        )
        return self.touch(row.number)

    def release(self, number, token, retried):
        self.held(number, token)
        if retried and self.rows[number].retries == MAX_RETRIES:
            self.set(number, state=State.FAILED, error="died", finished_s=self.clock.now)
        else:
            self.set(
                number,
                state=State.WAITING,
                retries=self.rows[number].retries + retried,
                lease_s=0.0,
            )
        return self.touch(number)

    def retry(self, number, token):
        r = self.rows[number]
        if r.state != State.FAILED or r.token != token:
            raise LeaseLostError("not a failed one")
        errors = [*r.tags.get("earlier_errors", []), (r.error or "")[:5000]]
        self.set(number, state=State.WAITING, tags={**r.tags, "earlier_errors": errors[-10:]})
        self.set(number, values=None, error=None, finished_s=None, retries=0, lease_s=0.0)
        self.touch(number)

    def full(self, number):
        told = tuple(
            sorted((step, value) for (n, step), value in self.reports.items() if n == number)
        )
        return msgspec.structs.replace(self.rows[number], reports=told)

    def changes(self, since):
        touched = {what for entry in self.log[since:] for what in entry}
        last = {
            what: (r, what) for r, entry in enumerate(self.log) for what in entry if what in touched
        }
        reports = sorted((what for what in touched if isinstance(what, tuple)), key=last.get)
        rows = [self.rows[n] for n in sorted(what for what in touched if isinstance(what, int))]
        return len(self.log), rows, [(n, step, self.reports[n, step]) for n, step in reports]


def unworded(error):
    return "died" if error and "died" in error else error


def plain(x):
    """For comparison: NaN equals NaN; how a storage words the death of workers is left out."""
    if isinstance(x, TrialRow):
        tags = dict(x.tags)
        if "earlier_errors" in tags:
            tags["earlier_errors"] = [unworded(error) for error in tags["earlier_errors"]]
        x = {**msgspec.structs.asdict(x), "error": unworded(x.error), "tags": tags}
    if isinstance(x, list | tuple):
        return [plain(v) for v in x]
    return repr(x)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PARAMS = st.dictionaries(
    st.text(max_size=5), st.integers() | st.booleans() | st.text(max_size=5), max_size=3
)
FLOATS = st.floats() | st.sampled_from(EXTREME)
CONSTRAINTS = st.dictionaries(st.text(max_size=5), FLOATS, max_size=2)
STEPS = st.sampled_from([0.0, 1.0, 2.0, 0.5])
REPORTS = st.dictionaries(STEPS, FLOATS, max_size=2).map(lambda d: tuple(d.items()))
REFERENCES = st.lists(
    st.fixed_dictionaries({"step": st.just(1.0), "value": st.text(max_size=3)}), max_size=2
).map(tuple)
ROWS = st.builds(
    TrialRow,
    number=st.just(-1),
    state=st.sampled_from([State.RUNNING, State.RUNNING, State.WAITING, *State]),
    params=PARAMS,
    values=st.none() | st.tuples(FLOATS),
    reports=REPORTS,
    tags=st.dictionaries(st.text(max_size=5), JSON, max_size=2),
    retries=st.integers(0, MAX_RETRIES),
    checkpoints=REFERENCES,
    constraints=CONSTRAINTS,
)
ENDED = st.sampled_from([State.PAUSED, State.COMPLETE, State.PRUNED, State.FAILED])
TURNS = st.builds(Turn, STEPS, PARAMS, st.none() | st.integers(0, 9))


class Storages(RuleBasedStateMachine):
    """Whatever is done to them, all back ends and the model say the same."""

    storages = ()  # set by the test

    @initialize()
    def begin(self):
        self.clock = Clock()
        self.known = 0
        self.model = Model(self.clock)
        name = uuid.uuid4().hex
        self.name = f"s-{name}"
        self.other = f"other-{name}"
        for s in self.storages:
            set_clock(s, self.clock)
            s.create_study(self.other, {})
        self.studies = [s.create_study(self.name, {}).id for s in self.storages]

    def all_do(self, verb, *args, **keywords):
        answers = []
        for do in [
            getattr(self.model, verb),
            *(self.of(s, i, verb) for s, i in zip(self.storages, self.studies, strict=True)),
        ]:
            try:
                answers.append(plain(do(*args, **keywords)))
            except (LeaseLostError, TrialError):
                answers.append("lost")
        assert all(a == answers[0] for a in answers), (verb, args, answers)

    @staticmethod
    def of(storage, study, verb):
        if verb == "changes":

            def changes(since):
                new = storage.changes(study, since)
                return (
                    new.revision,
                    list(new.rows),
                    [(r.number, r.step, r.value) for r in new.reports],
                )

            return changes
        return partial(getattr(storage, verb), study)

    def pick(self, data):
        running = [r.number for r in self.model.rows if r.state == State.RUNNING]
        return data.draw(st.sampled_from(3 * running + list(range(len(self.model.rows)))))

    @rule(rows=st.lists(ROWS, max_size=3), off=st.sampled_from([None, None, 0, 0, 1]))
    def add(self, rows, off):
        self.all_do("add_trials", rows, None if off is None else len(self.model.rows) + off)

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data(), worker=st.text(max_size=3))
    def claim(self, data, worker):
        self.all_do("claim", self.pick(data), worker)

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data(), turn=TURNS, lent=REFERENCES)
    def resume(self, data, turn, lent):
        paused = [r.number for r in self.model.rows if r.state == State.PAUSED]
        number = data.draw(st.sampled_from(5 * paused + list(range(len(self.model.rows)))))
        token = self.token(data, number)
        self.all_do("claim", number, "me", turn=turn, token=token, checkpoints=lent)

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data())
    def extend(self, data):
        self.all_do("extend", {self.pick(data): data.draw(st.integers(0, 3)) for _ in range(2)})

    @precondition(lambda self: self.model.rows)
    @rule(
        data=st.data(),
        step=STEPS,
        value=FLOATS,
        references=st.none() | REFERENCES,
        params=st.just({}) | PARAMS,
    )
    def report(self, data, step, value, references, params):
        number = self.pick(data)
        self.all_do("report", number, self.token(data, number), step, value, references, params)

    @precondition(lambda self: self.model.rows)
    @rule(
        data=st.data(),
        state=ENDED,
        values=st.none() | st.tuples(FLOATS),
        params=PARAMS,
        constraints=CONSTRAINTS,
        error=st.none() | st.text(),
    )
    def finish(self, data, **fields):
        number = self.pick(data)
        self.all_do("finish", TrialRow(number=number, token=self.token(data, number), **fields))

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data(), retried=st.booleans())
    def release(self, data, retried):
        number = self.pick(data)
        self.all_do("release", number, self.token(data, number), retried)

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data())
    def retry(self, data):
        failed = [r.number for r in self.model.rows if r.state == State.FAILED]
        number = data.draw(st.sampled_from(5 * failed + list(range(len(self.model.rows)))))
        self.all_do("retry", number, self.token(data, number))

    def token(self, data, number):
        return max(self.model.rows[number].token - data.draw(st.sampled_from([0, 0, 0, 1])), 0)

    @rule(seconds=st.sampled_from([LEASE_S / 2, LEASE_S, LEASE_S + 1, LEASE_S + 1]))
    def wait(self, seconds):
        self.clock.now += seconds

    @rule(data=st.data())
    def look(self, data):
        self.all_do("changes", data.draw(st.integers(0, len(self.model.log))))
        numbers = list(range(len(self.model.rows)))
        for s, study in zip(self.storages, self.studies, strict=True):
            assert plain(s.rows(study)) == plain([self.model.full(n) for n in numbers])
            assert s.study(self.name).counts == {
                x: c for x in State if (c := [r.state for r in self.model.rows].count(x))
            }
            assert s.study(self.other).n_trials == 0

    @invariant()
    def what_was_done_is_the_next_change(self):
        self.all_do("changes", self.known)
        self.known = len(self.model.log)

    @rule(whether=st.sampled_from([False] * 9 + [True]))  # opening again takes its time
    def close(self, whether):
        for s in self.storages if whether else ():
            s.close()


@pytest.mark.parametrize(
    "backends", parameters(tuple(b for b in BACKENDS if b != "mysql"), ("memory", "mysql"))
)
def test_all_back_ends_agree_with_the_model(backends, tmp_path, monkeypatch):
    made = [BACKENDS[backend](tmp_path, LEASE_S, MAX_RETRIES) for backend in backends]
    monkeypatch.setattr(Storages, "storages", made)
    machine = Storages.TestCase
    machine.settings = settings(max_examples=40, stateful_step_count=30)
    machine().runTest()
    for s in made:
        s.close()


# -- threads
# ----------------------------------------------------------------------------------------------


def test_threads_lose_and_double_nothing(storage, study):
    n_threads, each = 8, 25
    storage.add_trials(study, [row(State.WAITING) for _ in range(n_threads * each)])
    claimed = []
    added = []
    problems = []
    table, told = {}, {}
    barrier = threading.Barrier(n_threads + 1)

    def work(name):
        try:
            barrier.wait()
            for number in range(n_threads * each):
                got, _ = storage.claim(study, number, name)
                if got is None:
                    continue
                claimed.append(number)
                storage.report(study, number, got.token, 1.0, float(number), None, {})
                storage.finish(study, finished(number, got.token, number))
            for _ in range(each):
                number = running(storage, study)
                added.append(number)
                storage.finish(study, finished(number, value=number))
        except Exception as e:
            problems.append(e)

    def watch():
        since = 0
        barrier.wait()
        while not problems and (
            len(table) < 2 * n_threads * each or any(r.state < 2 for r in table.values())
        ):
            new = storage.changes(study, since)
            since = new.revision
            table.update({r.number: r for r in new.rows})
            told.update({(r.number, r.step): r.value for r in new.reports})

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(n_threads)] + [
        threading.Thread(target=watch)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert problems == []
    assert sorted(claimed) == list(range(n_threads * each))
    assert sorted(added) == list(range(n_threads * each, 2 * n_threads * each))
    rows = storage.rows(study)
    assert [r.number for r in rows] == list(range(2 * n_threads * each))
    assert all(r.state == State.COMPLETE and r.values == (r.number,) for r in rows)
    assert [msgspec.structs.replace(r, reports=()) for r in rows] == [
        table[i] for i in range(len(rows))
    ]
    assert told == {(r.number, step): value for r in rows for step, value in r.reports}
    assert storage.changes(study, 0).revision == 1 + 3 * n_threads * each + 2 * n_threads * each
