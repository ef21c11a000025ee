"""The verbs of the storage contract over HTTP, one to one.

What makes the service a storage like the others.
"""

from __future__ import annotations

from typing import Any

from ..errors import StudyError, TrialError
from ..storages import Storage
from ..storages import http_messages as forms
from ..storages.http_messages import packed, told, turned, unpacked, untold


def run(storage: Storage, verb: str, what: Any, max_body: int) -> Any:
    """Does what a client asks of the storage.

    Args:
        storage: The storage.
        verb: One of `forms.VERBS`.
        what: Its arguments, in the form it takes.
        max_body: Bytes of a request, for clients to know.

    Returns:
        The answer, in the form it gives.

    Raises:
        LuthierError: What the storage raises.
    """
    try:
        return _answer(storage, verb, what, max_body)
    except IndexError:
        raise TrialError("the study has no trial of that number") from None


def _answer(storage: Storage, verb: str, what: Any, max_body: int) -> Any:
    match verb:
        case "hello":
            return forms.Hello(storage.now(), storage.lease_s, storage.max_retries, max_body)
        case "create_study":
            return storage.create_study(what.name, what.spec)
        case "study":
            return storage.study(what.name)
        case "studies":
            return storage.studies()
        case "update_study":
            storage.update_study(what.study, what.spec)
        case "delete_study":
            storage.delete_study(what.study)
        case "add_trials":
            rows = [unpacked(row) for row in what.rows]
            return forms.Added(*storage.add_trials(what.study, rows, what.expected, what.call))
        case "claim":
            resume = what.resume or forms.Resumption(token=None, turn=None)
            row, revision = storage.claim(
                what.study,
                what.number,
                what.worker,
                turn=None if resume.turn is None else turned(resume.turn),
                token=resume.token,
                checkpoints=tuple(resume.checkpoints),
            )
            return forms.Claimed(None if row is None else packed(row), revision)
        case "extend":
            storage.extend(what.study, {held.number: held.token for held in what.tokens})
        case "report":
            kept = None if what.checkpoints is None else tuple(what.checkpoints)
            value, params = told(what.value), forms.kept(what.params)
            return forms.Revision(
                storage.report(what.study, what.number, what.token, what.step, value, kept, params)
            )
        case "finish":
            return forms.Revision(storage.finish(what.study, unpacked(what.row)))
        case "release":
            return forms.Revision(
                storage.release(what.study, what.number, what.token, what.retried)
            )
        case "changes":
            changes = storage.changes(what.study, what.since)
            reports = [forms.News(r.step, untold(r.value), r.number) for r in changes.reports]
            return forms.Changed(changes.revision, [packed(row) for row in changes.rows], reports)
        case "rows":
            return [packed(row) for row in storage.rows(what.study, what.numbers)]
        case _:
            raise StudyError(f"no verb {verb!r}")
    return forms.Empty()
