"""The verbs of the storage contract over HTTP, one to one, so that the service is a storage too."""

from __future__ import annotations

from typing import Any

from ..errors import StudyError, TrialError
from ..storages import Storage
from ..storages import http_messages as forms
from ..storages.codec import (
    pack_trial,
    pack_value,
    to_json_bytes,
    unpack_params,
    unpack_trial,
    unpack_turn,
    unpack_value,
)

_MOST_BYTES = 2**22  # of trials that are named; the answer has no further one then
_ROWS_AT_ONCE = 20  # trials that are read at a time; each may be a few megabytes large


def run_verb(storage: Storage, verb: str, body: Any, max_body: int) -> Any:  # noqa: C901  (one case a verb)
    """Run a verb of the storage for a client.

    Args:
        storage: The storage.
        verb: One of `http_messages.VERBS`.
        body: The verb's arguments, in its request form.
        max_body: Largest request in bytes; clients are informed of it.

    Returns:
        The verb's response form.

    Raises:
        LuthierError: What the storage raises.
    """
    match verb:
        case "hello":
            return forms.Hello(storage.now(), storage.lease_s, storage.max_retries, max_body)
        case "create_study":
            return storage.create_study(body.name, body.spec)
        case "study":
            return storage.study(body.name)
        case "studies":
            return storage.page_of_studies(body.first, body.limit)
        case "update_study":
            return forms.Updated(storage.update_study(body.study, body.spec, body.expected))
        case "delete_study":
            storage.delete_study(body.study)
        case "add_trials":
            rows = [unpack_trial(row) for row in body.rows]
            return forms.Added(*storage.add_trials(body.study, rows, body.expected, body.call))
        case "claim":
            return _claim(storage, body)
        case "extend":
            storage.extend(body.study, {holder.number: holder.token for holder in body.tokens})
        case "report":
            return _report(storage, body)
        case "finish":
            return forms.Revision(storage.finish(body.study, unpack_trial(body.row)))
        case "release":
            return forms.Revision(
                storage.release(body.study, body.number, body.token, body.retried)
            )
        case "retry":
            storage.retry(body.study, body.number, body.token)
        case "persist":
            storage.persist()
        case "changes":
            changes = storage.page_of_changes(body.study, body.since)
            reports = [forms.News(r.step, pack_value(r.value), r.number) for r in changes.reports]
            return forms.Changed(
                changes.revision,
                [pack_trial(row, forms.Row) for row in changes.rows],
                reports,
                changes.spec,
                changes.is_last,
            )
        case "rows":
            return _read_rows(storage, body.study, _require_distinct(body.numbers))
        case _:
            raise StudyError(f"the storage has no verb {verb!r}")
    return forms.Empty()


def _require_distinct(numbers: list[int]) -> list[int]:
    """Return the numbers of trials, unless one is asked for twice."""
    if len(set(numbers)) != len(numbers):
        raise TrialError("expected numbers of trials, each once; some are there twice")
    return numbers


def _read_rows(storage: Storage, study: int, numbers: list[int]) -> list[forms.Row]:
    """Return the first of some trials, as many as take a few megabytes."""
    found: list[forms.Row] = []
    n_bytes = 0
    while n_bytes < _MOST_BYTES:
        some = numbers[len(found) : len(found) + _ROWS_AT_ONCE]
        rows = [pack_trial(row, forms.Row) for row in storage.rows(study, some)]
        found += rows
        n_bytes += sum(len(to_json_bytes(row)) for row in rows)
        if len(found) == len(numbers):
            break
    return found


def _claim(storage: Storage, body: forms.Claim) -> forms.Claimed:
    resume = body.resume or forms.Resumption(token=None, turn=None)
    row, revision = storage.claim(
        body.study,
        body.number,
        body.worker,
        turn=None if resume.turn is None else unpack_turn(resume.turn),
        token=resume.token,
        checkpoints=tuple(resume.checkpoints),
    )
    return forms.Claimed(None if row is None else pack_trial(row, forms.Row), revision)


def _report(storage: Storage, body: forms.AddReport) -> forms.Revision:
    revision = storage.report(
        body.study,
        body.number,
        body.token,
        body.step,
        unpack_value(body.value),
        None if body.checkpoints is None else tuple(body.checkpoints),
        unpack_params(body.params),
    )
    return forms.Revision(revision)
