"""Trials that run elsewhere.

What travels there, and how the handle is made and the study reached from there.
"""

from __future__ import annotations

import concurrent.futures as cf
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from ..errors import StorageError
from ..space.space import Space
from ..trial.handle import Keeper, Link, Trial
from ..trial.outcome import Objective, Outcome, execute
from ..trial.record import Decision, Told, TrialRow
from .turns import decide, report

if TYPE_CHECKING:
    from .study import Study

_SMALL = (
    100_000  # bytes of an objective that travel with every trial; larger ones are sent on demand
)


class StudyLink:
    """A trial's way to its study in the same process."""

    __slots__ = ("number", "study", "token")

    def __init__(self, study: Study, number: int, token: int) -> None:
        self.study = study
        self.number = number
        self.token = token

    def report(
        self, step: float, value: Told, reference: dict[str, Any] | None, params: dict[str, Any]
    ) -> None:
        report(self.study, self.number, self.token, step, value, reference, params)

    def decide(self) -> Decision:
        return decide(self.study, self.number)


class Ticket(NamedTuple):
    """What another process needs to make the handle of a trial that was begun here."""

    number: int
    proposal: Mapping[str, Any]
    seed: int
    keeper: Keeper
    references: Sequence[dict[str, Any]]
    token: int
    declared: bool
    objectives: tuple[str, ...]
    tags: dict[str, Any]


def begun(study: Study, row: TrialRow) -> Trial:
    """The handle of a trial that this process has just begun."""
    keeper = study._lineage.store
    ticket = Ticket(
        row.number,
        row.params,
        study._seed,
        keeper,
        row.checkpoints,
        row.token,
        study._declared,
        study.objectives,
        dict(row.tags),
    )
    return handle(ticket, study.history.space, StudyLink(study, row.number, row.token))


def _ticket(study: Study, trial: Trial) -> Ticket:
    """The ticket of a trial whose handle was made here."""
    keeper = study._lineage.store
    return Ticket(
        trial.number,
        trial._proposal,
        study._seed,
        keeper,
        trial._references,
        trial.token,
        study._declared,
        study.objectives,
        trial.tags,
    )


def handle(ticket: Ticket, space: Space, link: Link) -> Trial:
    """The handle of a trial, wherever it runs."""
    t = ticket
    trial = Trial(
        t.number,
        t.proposal,
        space,
        t.seed,
        link,
        t.keeper,
        t.references,
        t.token,
        t.declared,
        t.objectives,
    )
    trial.tags = dict(t.tags)
    return trial


class Submit(Protocol):
    """How an executor is handed a trial.

    Its future comes to None where the worker must be sent the objective too.
    """

    def __call__(self, trial: Trial, whole: bool = False) -> cf.Future[Outcome | None]:
        """Hands it over; `whole`: with the objective, whatever its size."""


def submitter(executor: cf.Executor, study: Study, objective: Objective, key: str) -> Submit:
    """How this executor is handed a trial.

    Directly, in a conversation, or by the storage's address.
    """
    if isinstance(executor, cf.ThreadPoolExecutor):

        def directly(trial: Trial, whole: bool = False) -> cf.Future[Outcome | None]:
            return cast("cf.Future[Outcome | None]", executor.submit(execute, objective, trial))

        return directly
    talk: Any = getattr(executor, "submit_with_calls", None)
    if talk is not None:  # one of ours
        from ..executors.processes import Shared

        put = getattr(executor, "put", Shared)
        shared, spaces = put(objective), dict[int, tuple[Space, Any]]()

        def in_conversation(trial: Trial, whole: bool = False) -> cf.Future[Outcome | None]:
            if id(trial._space) not in spaces:
                spaces[id(trial._space)] = trial._space, put(trial._space)
            _, space = spaces[id(trial._space)]
            link = StudyLink(study, trial.number, trial.token)
            calls = {"report": link.report, "decide": link.decide}
            return cast(
                "cf.Future[Outcome | None]",
                talk(calls, _told, shared, space, _ticket(study, trial)),
            )

        return in_conversation
    study._elsewhere = True
    _HERE[key] = (study, objective)
    import cloudpickle

    url, packed = study.storage.url, cloudpickle.dumps((objective, study.scheduler, study._window))

    def by_address(trial: Trial, whole: bool = False) -> cf.Future[Outcome | None]:
        sent = packed if whole or len(packed) <= _SMALL else None
        return executor.submit(_addressed, key, url, study.name, sent, _ticket(study, trial))

    return by_address


_HERE: dict[
    str, tuple[Study, Objective]
] = {}  # studies of this process, for executors that turn out to be threads
_THERE: dict[
    str, tuple[Study | None, Objective]
] = {}  # what a foreign worker has opened by its address; the last


class _FarLink:
    """A trial's way to its study in the process that handed it over."""

    def report(
        self, step: float, value: Told, reference: dict[str, Any] | None, params: dict[str, Any]
    ) -> None:
        from ..executors.worker import call

        call("report", step, value, reference, params)

    def decide(self) -> Decision:
        from ..executors.worker import call

        return Decision(call("decide"))


def _told(objective: Objective, space: Space, ticket: Ticket) -> Outcome:
    return execute(objective, handle(ticket, space, _FarLink()))


class _NoLink:
    """A trial that runs where its study cannot be reached."""

    def _refuse(self) -> StorageError:
        return StorageError(
            "a study in memory cannot be reached from another executor's process, so trials there "
            "cannot report; "
            "pass storage='sqlite:///luthier.db' to create_study, or n_jobs instead of executor"
        )

    def report(
        self, step: float, value: Told, reference: dict[str, Any] | None, params: dict[str, Any]
    ) -> None:
        raise self._refuse()

    def decide(self) -> Decision:
        raise self._refuse()


def _addressed(
    key: str, url: str | None, name: str, packed: bytes | None, ticket: Ticket
) -> Outcome | None:
    """Runs in a foreign executor's worker.

    A thread of this process, another process, another machine.
    """
    number, token = ticket.number, ticket.token
    if key in _HERE and key.startswith(
        f"{os.getpid()}:"
    ):  # a forked child has the table too, but not the study
        study, objective = _HERE[key]
        return execute(objective, handle(ticket, study.space, StudyLink(study, number, token)))
    found = _THERE.get(key)
    if found is None:
        if packed is None:
            return None
        import cloudpickle

        from .create import load_study

        objective, scheduler, window = cloudpickle.loads(packed)
        there = (
            None
            if url is None
            else load_study(name, url, scheduler=scheduler, checkpoints=cast(Any, ticket.keeper))
        )
        if there is not None:
            there._window = window
        _THERE.clear()
        found = _THERE[key] = (there, objective)
    there, objective = found
    if there is None:
        return execute(objective, handle(ticket, Space(), _NoLink()))
    [row] = there.storage.rows(
        there._id, [number]
    )  # the executor may have begun it before, on a worker that died
    ticket = ticket._replace(references=row.checkpoints)
    return execute(objective, handle(ticket, there.space, StudyLink(there, number, token)))
