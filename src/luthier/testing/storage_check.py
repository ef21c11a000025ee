"""Check of a storage against its contract."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator

from ..errors import LeaseLostError, StudyExistsError, StudyNotFoundError, TrialError
from ..storages import Storage
from ..storages.base import HeldReport
from ..trial.record import State, TrialRow, Turn

_SPEC = {"directions": ["minimize"]}
_POINT = ({"step": 3.0, "file": "0-3-ab.npz"},)


def check_storage(storage: Storage) -> None:
    """Check that a storage keeps its contract, with studies whose names begin with "check".

    Args:
        storage: A storage in which there are no such studies; they are deleted at the end.

    Raises:
        AssertionError: It does not; the message says what was expected.
    """
    for check in _CHECKS:
        study = storage.create_study(f"check {check.__name__}", _SPEC).id
        try:
            check(storage, study)
        finally:
            storage.delete_study(study)
    _check_names(storage)


def _row(state: State = State.RUNNING, **fields: object) -> TrialRow:
    return TrialRow(number=-1, state=state, **fields)  # type: ignore[arg-type]


def _end(number: int, token: int, value: float = 0.5) -> TrialRow:
    return TrialRow(number=number, state=State.COMPLETE, values=(value,), token=token)


def _same(what: str, got: object, expected: object) -> None:
    assert repr(got) == repr(expected), f"{what}: expected {expected!r}, got {got!r}"


@contextlib.contextmanager
def _raises(error: type[Exception], what: str) -> Iterator[None]:
    try:
        yield
    except error:
        return
    raise AssertionError(f"{what}: expected {error.__name__}, and nothing was raised")


def _check_names(storage: Storage) -> None:
    name = "check ü /?'\""
    record = storage.create_study(name, _SPEC)
    _same("study by its name", storage.study(name).spec, _SPEC)
    with _raises(StudyExistsError, "a second study of the same name"):
        storage.create_study(name, _SPEC)

    changed = {**_SPEC, "seed": 3}
    _same("an update of the spec", storage.update_study(record.id, changed), True)
    _same("spec after an update", storage.study(name).spec, changed)
    again = storage.update_study(record.id, {**changed, "seed": 4}, 0)
    _same("an update by one who does not know the spec", again, False)
    _same("spec after an update that was refused", storage.study(name).spec, changed)
    _same("spec among the changes", storage.changes(record.id, 0).spec, changed)
    assert record.id in [s.id for s in storage.studies()], "the list of studies lacks the new one"

    storage.delete_study(record.id)
    with _raises(StudyNotFoundError, "a study that was deleted"):
        storage.study(name)
    with _raises(StudyNotFoundError, "trials of a study that was deleted"):
        storage.add_trials(record.id, [_row()])


def _numbers(storage: Storage, study: int) -> None:
    first, _ = storage.add_trials(study, [_row(), _row(State.WAITING)])
    second, _ = storage.add_trials(study, [_row()])
    _same("numbers of added trials", (first, second), (0, 2))
    _same("trials", [r.number for r in storage.rows(study)], [0, 1, 2])

    refused, _ = storage.add_trials(study, [_row()], 7)
    _same("trials added where 7 were expected and 3 are there", refused, -1)
    once = storage.add_trials(study, [_row()], None, "key")
    again = storage.add_trials(study, [_row()], None, "key")
    _same("a call that is repeated with its key", again, once)
    _same("number of trials after it", len(storage.rows(study)), 4)


def _values(storage: Storage, study: int) -> None:
    params = {"f": 0.1, "i": 1, "one": 1.0, "s": "ü", "b": True, "n": None, "t": (1, "a")}
    for value in (0.1, 1e-310, -math.inf, math.inf, 1e300):
        number, _ = storage.add_trials(
            study, [_row(State.PRUNED, params=params, values=(value, 2.0), tags={"a": [1, "b"]})]
        )
        [row] = storage.rows(study, [number])
        _same("values", row.values, (value, 2.0))
        _same("params", row.params, params)
        _same("tags", row.tags, {"a": [1, "b"]})


def _claims(storage: Storage, study: int) -> None:
    storage.add_trials(study, [_row(State.WAITING, params={"x": 1.5})])
    row, revision = storage.claim(study, 0, "me")
    assert row is not None, "a waiting trial: expected it to be claimed, got None"
    _same("a claimed trial", (row.state, row.token, row.worker), (State.RUNNING, 1, "me"))
    _same("a claim of a running trial", storage.claim(study, 0, "you"), (None, revision))
    storage.extend(study, {0: 1})

    storage.release(study, 0, 1, False)
    row, _ = storage.claim(study, 0, "you")
    assert row is not None, "a released trial: expected it to be claimed, got None"
    _same("a trial claimed again", (row.token, row.worker, row.retries), (2, "you", 0))
    for what, call in _refusals(storage, study):
        with _raises(LeaseLostError, f"{what} with an old token"):
            call()
    _same("the trial after that", storage.rows(study, [0]), [row])


def _refusals(storage: Storage, study: int) -> list[tuple[str, Callable[[], object]]]:
    return [
        ("report", lambda: storage.report(study, 0, 1, 1.0, 1.0, None, {})),
        ("finish", lambda: storage.finish(study, _end(0, 1))),
        ("release", lambda: storage.release(study, 0, 1, True)),
    ]


def _ends(storage: Storage, study: int) -> None:
    storage.add_trials(study, [_row(params={"x": 1})])
    storage.report(study, 0, 1, 2.0, 0.5, None, {"x": 1})
    storage.report(study, 0, 1, 1.0, 0.7, None, {"x": 1})
    storage.report(study, 0, 1, 2.0, 0.4, None, {"x": 1})
    revision = storage.finish(study, _end(0, 1))
    [row] = storage.rows(study, [0])
    _same("a finished trial", (row.state, row.values), (State.COMPLETE, (0.5,)))
    _same("its reports, by step", row.reports, ((1.0, 0.7), (2.0, 0.4)))
    _same("revision after the same result again", storage.finish(study, _end(0, 1)), revision)
    with _raises(LeaseLostError, "another result of a finished trial"):
        storage.finish(study, _end(0, 1, 9.0))


def _several(storage: Storage, study: int) -> None:
    storage.add_trials(study, [_row(), _row(), _row()])
    before = storage.finish(study, _end(2, 1))
    held = [HeldReport(0, 1, 2.0, 0.5), HeldReport(1, 9, 2.0, 0.6), HeldReport(2, 1, 2.0, 0.7)]
    revision, lost = storage.report_all(study, held)
    _same("trials of several whose report is refused", sorted(lost), [1, 2])
    new = storage.changes(study, before)
    _same("revision after several reports", new.revision, revision)
    _same("reports of several trials", [(r.number, r.value) for r in new.reports], [(0, 0.5)])

    ended, lost = storage.finish_all(study, [_end(0, 1), _end(1, 9), _end(2, 1)])
    _same("trials of several whose end is refused", lost, [1])
    new = storage.changes(study, revision)
    _same("revision after several ends", new.revision, ended)
    _same("those of several trials that ended", [r.number for r in new.rows], [0])
    _same("the same ends again", storage.finish_all(study, [_end(0, 1), _end(2, 1)]), (ended, []))


def _retries(storage: Storage, study: int) -> None:
    storage.add_trials(study, [_row(params={"x": 1})])
    with _raises(TrialError, "a retry of a running trial"):
        storage.retry(study, 0, 1)
    storage.report(study, 0, 1, 3.0, 0.5, _POINT, {"x": 1})
    failed = TrialRow(
        number=0, state=State.FAILED, params={"x": 1}, error="E: e", token=1, checkpoints=_POINT
    )
    storage.finish(study, failed)
    with _raises(TrialError, "a retry under a wrong token"):
        storage.retry(study, 0, 7)
    revision = storage.changes(study, 0).revision
    storage.retry(study, 0, 1)
    changes = storage.changes(study, revision)
    _same("changes after a retry", [r.state for r in changes.rows], [State.WAITING])
    with _raises(TrialError, "a second retry"):
        storage.retry(study, 0, 1)
    row, _ = storage.claim(study, 0, "me")
    assert row is not None, "a retried trial: expected it to be claimed, got None"
    _same("its token and checkpoints", (row.token, row.checkpoints), (2, _POINT))
    _same("its earlier errors", (row.error, row.tags), (None, {"earlier_errors": ["E: e"]}))


def _pauses(storage: Storage, study: int) -> None:
    storage.add_trials(study, [_row(params={"x": 1})])
    storage.report(study, 0, 1, 3.0, 0.5, _POINT, {"x": 1})
    paused = TrialRow(
        number=0, state=State.PAUSED, params={"x": 1}, values=(0.5,), token=1, checkpoints=_POINT
    )
    storage.finish(study, paused)
    turn = Turn(3.0, {"x": 2})
    _same(
        "a resumption under a wrong token",
        storage.claim(study, 0, "a", turn=turn, token=7)[0],
        None,
    )
    row, _ = storage.claim(study, 0, "a", turn=turn, token=1)
    assert row is not None, "a paused trial: expected it to be resumed, got None"
    _same("a resumed trial", (row.state, row.token, row.params), (State.RUNNING, 2, {"x": 2}))
    _same("its checkpoints", row.checkpoints, _POINT)


def _changes(storage: Storage, study: int) -> None:
    none = storage.changes(study, 0)
    _same("changes of an empty study", (none.revision, [*none.rows]), (0, []))
    _, revision = storage.add_trials(study, [_row(), _row(State.WAITING)])
    new = storage.changes(study, 0)
    _same("revision after adding trials", new.revision, revision)
    _same("trials that are new", [r.number for r in new.rows], [0, 1])

    revision = storage.report(study, 0, 1, 4.0, 5.0, None, {})
    new = storage.changes(study, revision - 1)
    _same(
        "reports that are new", [(r.number, r.step, r.value) for r in new.reports], [(0, 4.0, 5.0)]
    )
    _same("trials that a report changed", [*new.rows], [])

    storage.finish(study, _end(0, 1))
    new = storage.changes(study, revision)
    _same("trials that ended since", [(r.number, int(r.state)) for r in new.rows], [(0, 3)])
    last = storage.changes(study, new.revision)
    _same("changes since the last look", ([*last.rows], [*last.reports]), ([], []))


def _stamps(storage: Storage, study: int) -> None:
    before = storage.stamp()
    hash(before)
    storage.add_trials(study, [_row()])
    after = storage.stamp()
    assert after is None or after != before, "stamp: a write has left it as it was"
    _same("stamp while nothing is written", storage.stamp(), after)


_CHECKS = (_numbers, _values, _claims, _ends, _several, _retries, _pauses, _changes, _stamps)
