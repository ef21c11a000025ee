"""Intake: how a free worker gets its next trial, or several.

In this order: a trial that waits or whose worker died, one that the scheduler resumes, a new one
that the sampler proposes.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from ..errors import SpaceExhaustedError
from ..numerics.float_errors import default_errstate
from ..samplers.base import Sampler
from ..schedulers.base import Next, Resume, Scheduler
from ..storages.transitions import EARLIER_ERRORS
from ..trial.record import State, TrialRow, Turn
from ..warn_once import WarnOnce
from ..wording import agree, count_of
from .offer import Offer
from .proposals import Proposals, Proposed
from .replica import Replica
from .run_settings import NO_BOUNDS, Bounds

_ATTEMPTS = 20  # to resume a trial that others resume at the same time
_AT_ONCE = 3  # attempts without a pause: most often a worker comes to its turn by then
# Between two later ones, at random: so that workers that have met do not meet again.
_SHORTEST_PAUSE_S = 0.0002
_LONGEST_PAUSE_S = 0.005
_MOST_OFFERS = 32  # trials that others may begin while a message travels
_pauses = random.SystemRandom()  # a fork has others, and nobody's seed is touched


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A free worker that asks for a trial.

    Attributes:
        sampler: What to try next.
        scheduler: How long to train it; None lets every trial run to its end.
        worker: The worker's name.
        only: Numbers of trials that wait or have lost their worker: no others are wanted.
        bounds: How many trials that nobody has begun may still be taken.
    """

    sampler: Sampler
    scheduler: Scheduler | None
    worker: str
    only: Collection[int] | None = None
    bounds: Bounds = NO_BOUNDS


class Intake:
    """Begins trials of one study; its caller holds the study's lock.

    Args:
        name: The study's, for messages.
        replica: The study's trials.
        proposals: Params for new trials.
        warn: Gives warnings once.

    Attributes:
        fixed: Number -> names whose values are to be used as they are, of trials taken here; see
            `Ticket`. Who makes the ticket takes them out.
    """

    def __init__(self, name: str, replica: Replica, proposals: Proposals, warn: WarnOnce) -> None:
        self.name = name
        self.replica = replica
        self.proposals = proposals
        self.warn = warn
        self.fixed: dict[int, frozenset[str]] = {}

    def take(self, request: Request, n: int = 1) -> list[TrialRow] | Literal[Next.WAIT, Next.DONE]:
        """Begin up to n trials, at least one; the replica has just been refreshed."""
        if request.only is None:
            self._set_budget(self._count_left(request))
        rows: list[TrialRow] = []
        while len(rows) < n and (row := self._claim(request)) is not None:
            rows.append(row)
            request = self._after(request, [row])
        if request.only is not None:
            rows += self._resume_some_of(request, n - len(rows))
            return rows or Next.DONE

        answer: Literal[Next.WAIT, Next.DONE] = Next.DONE
        if len(rows) < n:
            self._warn_of_stuck_trials(request.scheduler)
            offers = self.offer_ahead(request) if n == 1 and self.replica.n_met else []
            if offers and (begun := self.replica.turn_over(None, offers)) is not None:
                return [begun]
            answer = self._follow(request, rows, n)
        return rows or answer

    @default_errstate()
    def offer_ahead(self, request: Request, ended: TrialRow | None = None) -> list[TrialRow]:
        """Make offers for a worker's next trial, see `Storage.turn_over`.

        They are as many as others may begin in the meantime, within the bounds, and none where
        something else comes first, or where a proposal depends on what has happened by then.

        Args:
            request: The worker's; the replica need not be up to date.
            ended: The trial that the worker has run and that ends now; the replica has it as it
                runs. None for none.
        """
        replica = self.replica
        history = replica.history
        others = history.running - replica.held.keys()
        is_due = history.waiting or replica.guess_expired(others, replica.storage.now())
        if request.scheduler is not None or is_due:
            return []
        offers: list[TrialRow] = []
        n = min(1 + 2 * replica.n_met, _MOST_OFFERS)
        n_left = self._count_left(request)
        if n_left is not None:  # the trials of others count in the total
            n = min(n, n_left)
        for number in range(history.n, history.n + n):
            try:
                params = self.proposals.propose_ahead(request.sampler, ended, number)
            except Exception:  # `take` raises it
                params = None
            if params is None:
                break
            offers.append(self._new_row(number, params, {}, request.worker))
        return offers

    def _after(self, request: Request, begun: Sequence[TrialRow]) -> Request:
        """Return the request for what is still wanted after some trials have begun."""
        n_new = sum(row.number not in self.replica.history.turns for row in begun)
        return replace(request, bounds=request.bounds.after(n_new))

    def _count_left(self, request: Request) -> int | None:
        """Count the trials that nobody has begun and a worker may take now; None for no bound."""
        if request.bounds.total is None:
            return request.bounds.n_left
        return request.bounds.count_left(self.replica.history.n_begun)

    def _resume_some_of(self, request: Request, n: int) -> list[TrialRow]:
        """Resume the first n paused trials of those that are wanted."""
        paused = sorted(self.replica.history.paused.intersection(request.only or ()))
        resumed = (self._resume(Resume(number), request) for number in paused)
        return list(itertools.islice((row for row in resumed if row is not None), n))

    def _set_budget(self, n_left: int | None) -> None:
        history = self.replica.history
        budget = None if n_left is None else history.n_begun + n_left
        if budget != history.budget:
            history.update_info(budget=budget)

    def _claim(self, request: Request) -> TrialRow | None:
        """Take over the first trial that waits, or whose worker has been silent for too long."""
        replica = self.replica
        storage = replica.storage
        history = replica.history
        candidates = set(history.waiting)
        if candidates and self._count_left(request) == 0:
            candidates &= history.turns.keys()
        foreign = history.running - replica.held.keys()
        if foreign:
            candidates.update(replica.guess_expired(foreign, storage.now()))
        if request.only is not None:
            candidates &= set(request.only)

        for number in sorted(candidates):
            row, revision = storage.claim(replica.study, number, request.worker)
            if row is not None:
                self.fixed[number] = self._find_fixed(row)
                row = self._complete(row, request.sampler)
            replica.apply(revision, *(() if row is None else (row,)))
            if row is not None:
                return row
            if number in history.running:  # alive after all: look at its lease again in a while
                replica.books.set_lease(number, storage.now() + storage.lease_s / 3)
        return None

    def _complete(self, row: TrialRow, sampler: Sampler) -> TrialRow:
        """A claimed trial with all params, also where only some were enqueued.

        One that has run keeps its own, whatever the space has become.
        """
        is_begun_anew = row.token > 1
        if is_begun_anew and (not self.proposals.declared or self._has_run(row)):
            return row
        space = self.replica.history.space.params
        is_complete = row.params.keys() == space.keys()
        if is_complete and (not self.proposals.declared or not self._outside(row)):
            return row
        return replace(row, params=self.proposals.complete(sampler, row.number, row.params))

    def _find_fixed(self, row: TrialRow) -> frozenset[str]:
        """Names in a claimed trial whose values are to be used as they are.

        They are those of a trial that somebody enqueued, or that has run with them already. What
        was proposed to a worker that gave it back is proposed again; what the space does not have
        was never proposed.
        """
        is_enqueued = row.token == 1
        if is_enqueued or self._has_run(row):
            return frozenset(row.params)
        return self._outside(row)

    def _outside(self, row: TrialRow) -> frozenset[str]:
        """Names of params whose values the space does not have, though it has the names."""
        space = self.replica.history.space.params
        known = {n: v for n, v in row.params.items() if n in space}
        return frozenset(n for n, v in known.items() if space[n].find(v) is None)

    def _has_run(self, row: TrialRow) -> bool:
        """Whether a claimed trial has run before, as far as anything of it is known."""
        has_left = row.turns or row.checkpoints or EARLIER_ERRORS in row.tags
        return bool(has_left) or self.replica.history.reports.last(row.number) is not None

    def _follow(
        self, request: Request, rows: list[TrialRow], n: int
    ) -> Literal[Next.WAIT, Next.DONE]:
        """Do what the scheduler says that free workers do, until n trials have begun.

        Where another worker was quicker, it is asked again with that one's trial in sight. One that
        never resumes a trial starts as many as there may be, in one transaction.

        Args:
            request: The workers that ask.
            rows: The trials that have begun; new ones are appended.
            n: How many are wanted.

        Returns:
            Why there are no more of them, where there are fewer.
        """
        scheduler = request.scheduler
        history = self.replica.history
        resumes = scheduler is not None and scheduler.resumes
        offer = Offer(self.proposals, history, request.sampler)
        n_refused = 0
        n_late = 0
        pause_s = _SHORTEST_PAUSE_S
        while len(rows) < n and n_refused < _ATTEMPTS:
            move = Next.START if scheduler is None else scheduler.next(history)
            begun: list[TrialRow] = []
            if isinstance(move, Resume):
                n_refused += move.number < history.n
                row = self._resume(move, request)
                begun = [] if row is None else [row]
            elif move is not Next.START:
                return move
            elif (n_left := self._count_left(request)) != 0:
                wanted = min(n - len(rows), n_left or n)
                proposed = self._propose(offer, wanted, bool(rows))
                if not proposed:
                    return Next.DONE
                begun = self._add(proposed[:1] if resumes else proposed, request.worker)
                if begun:
                    offer.take(len(begun))
            else:
                return Next.WAIT if resumes and history.running else Next.DONE

            rows += begun
            if len(rows) == n:
                break
            request = self._after(request, begun)
            n_late = 0 if begun else n_late + 1
            if n_late > _AT_ONCE:
                time.sleep(_pauses.uniform(0.0, pause_s))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return Next.WAIT

    @staticmethod
    def _propose(offer: Offer, n: int, has_begun: bool) -> list[Proposed]:
        """Return what is offered for n trials; nothing where only those that have begun are left.

        Raises:
            SpaceExhaustedError: Nothing is left, and none has begun.
        """
        try:
            return offer.proposed(n)
        except SpaceExhaustedError:
            if not has_begun:
                raise
            return []

    def _begin(self, params: dict[str, Any], request: Request) -> TrialRow | None:
        """Begin a new trial with these params, the others sampled; None if another was quicker."""
        number = self.replica.history.n
        fixed = self.proposals.check(params)
        params = self.proposals.complete(request.sampler, number, fixed)
        return next(iter(self._add([(params, {})], request.worker)), None)

    def _add(self, proposed: Sequence[Proposed], worker: str) -> list[TrialRow]:
        """Begin new trials with these params and tags.

        None of them if another worker was quicker, whose trial is then in sight.
        """
        replica = self.replica
        n = replica.history.n
        rows = [self._new_row(n + i, *proposed[i], worker) for i in range(len(proposed))]
        first, revision = replica.storage.add_trials(replica.study, rows, n)
        is_added = first >= 0
        replica.apply(revision, *(rows if is_added else ()))
        return rows if is_added else []

    def _new_row(
        self, number: int, params: dict[str, Any], tags: dict[str, Any], worker: str
    ) -> TrialRow:
        storage = self.replica.storage
        return TrialRow(
            number=number,
            state=State.RUNNING,
            params=params,
            tags=tags,
            started_s=time.time(),
            worker=worker,
            token=1,
            lease_s=storage.now() + storage.lease_s,
        )

    def _resume(self, move: Resume, request: Request) -> TrialRow | None:
        """Resume a paused trial.

        None if another worker was quicker, whose trial is then in sight.
        """
        replica = self.replica
        history = replica.history
        number = move.number
        if number == history.n:
            return self._begin(move.params or {}, request)
        token = replica.books.token(number)
        [row] = replica.rows([number])

        step = float(history.last_step[number])
        source = move.source
        copied = row.checkpoints[:0]
        if source is not None:  # go on from another trial's last checkpoint
            copied = replica.books.checkpoints.get(source, ())[-1:]
        if not row.checkpoints and not copied and step > 0:
            self._warn_without_checkpoint(number, step)
        if copied:
            step = float(copied[0]["step"])
        elif source is not None:  # it has none: the trial goes on from its own, or begins anew
            source = None
            step = float(row.checkpoints[-1]["step"]) if row.checkpoints else 0.0

        turn = Turn(step, row.params if move.params is None else move.params, source)
        resumed, revision = replica.storage.claim(
            replica.study, number, request.worker, turn=turn, token=token, checkpoints=copied
        )
        replica.apply(revision, *(() if resumed is None else (resumed,)))
        if resumed is not None:  # what the scheduler has changed is a proposal
            same = (n for n, v in resumed.params.items() if n in row.params and row.params[n] == v)
            self.fixed[number] = frozenset(same)
        return resumed

    def _warn_of_stuck_trials(self, scheduler: Scheduler | None) -> None:
        n_paused = len(self.replica.history.paused)
        if n_paused and not (scheduler and scheduler.resumes):
            self.warn(
                "paused",
                f"{count_of(n_paused, 'trial')} of {self.name!r} {agree(n_paused, 'is', 'are')} "
                f"paused, and the scheduler {scheduler!r} "
                "never resumes any: they stay as they are. Pass the scheduler that paused them to "
                "go on with them",
            )

    def _warn_without_checkpoint(self, number: int, step: float) -> None:
        self.warn(
            "no checkpoint",
            f"trial {number} of {self.name!r} goes on without a checkpoint, so its training up to "
            f"step {step:g} is repeated: call trial.report(value, step, checkpoint=...), begin "
            "with trial.checkpoint after trial.step, or take a scheduler that never pauses, such "
            "as ASHA(mode='stopping')",
        )
