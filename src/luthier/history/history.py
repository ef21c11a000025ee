"""History: one study as a columnar table, which samplers and schedulers read."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..space.space import Space
from ..trial.record import State, Told, TrialRow, Turn
from ..typing import Array, Index, Mask
from ..validation import default_names
from .constraint_columns import Feasibility, violation
from .param_columns import Points
from .report_columns import Reports, grown


class History:
    """Growable columns; a trial's number is its row. Views are read-only.

    Attributes:
        points: Params under the present space.
        directions: "minimize" or "maximize", one an objective.
        objectives: Their names.
        crash: Whether a trial that fails breaks a constraint, "crash".
        feasibility: What trials told of constraints on their results.
        seed: Of the study, for what must not differ between its workers.
        n: Number of trials.
        budget: How many trials there will be in all, as far as is known.
        revision: What the storage had counted when this was read.
        waiting: Numbers of trials that wait to be run.
        running: Numbers of trials that run.
        paused: Numbers of trials that may be resumed.
        turns: How trials went on that were paused, by number; see `TrialRow.turns`.
        checkpoints: References to what trials can go on from, by number; see
            `TrialRow.checkpoints`.
        users: How many trials refer to a file of checkpoints, by its name.
        reports: What trials told on their way.
        scratch: What models were made of it, by name; they say themselves whether they still hold.
    """

    def __init__(
        self,
        space: Space,
        directions: Sequence[str],
        seed: int = 0,
        objectives: Sequence[str] | None = None,
    ) -> None:
        self.directions = tuple(directions)
        self.seed = seed
        self.objectives = tuple(objectives or default_names(len(directions)))
        self.crash = False
        self.feasibility = Feasibility()
        self.budget: int | None = None
        self.n = self.revision = 0
        self.waiting: set[int] = set()
        self.running: set[int] = set()
        self.paused: set[int] = set()
        self.turns: dict[int, tuple[Turn, ...]] = {}
        self.checkpoints: dict[int, tuple[dict[str, Any], ...]] = {}
        self.users: Counter[str] = Counter()
        self._signs = np.array([-1.0 if d == "maximize" else 1.0 for d in directions])
        m = len(self.directions)
        self._columns: dict[str, NDArray[Any]] = {
            "state": np.zeros(16, dtype=np.int8),
            "values": np.full((16, m), np.nan),
            "started_s": np.full(16, np.nan),
            "finished_s": np.full(16, np.nan),
            "cost": np.full(16, np.nan),
            "confirming": np.zeros(16, dtype=np.int8),
            "lease_s": np.full(16, np.nan),
            "token": np.zeros(16, dtype=np.int64),
            "granted": np.full(16, np.nan),
            "last_step": np.full(16, np.nan),
            "last_report": np.full(16, np.nan),
        }
        self.reports = Reports(m)
        self.scratch: dict[str, Any] = {}
        self._last: dict[
            int, dict[str, Any]
        ] = {}  # params of trials that are not over, as last put
        self.points = Points(space)

    # -- reading
    # ------------------------------------------------------------------------------------------

    def _view(self, a: NDArray[Any], n: int) -> NDArray[Any]:
        v = a[:n]
        v.flags.writeable = False
        return v

    @property
    def space(self) -> Space:
        """Which parameters the columns of X are."""
        return self.points.space

    @property
    def number(self) -> Index:
        """(n,) 0, 1, 2, ..."""
        return np.arange(self.n)

    @property
    def state(self) -> NDArray[np.int8]:
        """(n,) a `State` each."""
        return self._view(self._columns["state"], self.n)

    @property
    def X(self) -> Array:  # noqa: N802
        """(n, d) unit columns of the present space, NaN where inactive, unknown, or outside its present range."""
        return self._view(self.points.X, self.n)

    @property
    def fits(self) -> Mask:
        """(n,) whether all of the trial's params are values of the present space."""
        return self._view(self.points.fits, self.n)

    @property
    def values(self) -> Array:
        """(n, m) as the user gave them; NaN where there are none."""
        return self._view(self._columns["values"], self.n)

    @property
    def losses(self) -> Array:
        """(n, m) `values` signed so that smaller is better.

        The only place where direction exists.
        """
        return self.losses_of(self.values)

    @property
    def constraint_names(self) -> tuple[str, ...]:
        """(c,) the constraints that trials told of, and "crash" where failing breaks one."""
        return (*self.feasibility.names, *(["crash"] if self.crash else []))

    @property
    def constraints(self) -> Array:
        """(n, c) what trials told: feasible is what is at most 0; NaN where they did not tell."""
        told = self.feasibility.table(self.n)
        if not self.crash:
            return told
        crash = np.where(
            self.state == State.FAILED, 1.0, np.where(self.state == State.COMPLETE, -1.0, np.nan)
        )
        return np.column_stack([told, crash])

    @property
    def violation(self) -> Array:
        """(n,) by how much trials break their constraints, see `feasibility.violation`.

        0 for those that do not.
        """
        return violation(self.constraints)

    @property
    def feasible(self) -> Mask:
        """(n,) which trials break no constraint, as far as they told."""
        return np.asarray(self.violation == 0)

    @property
    def started_s(self) -> Array:
        """(n,) seconds since 1970."""
        return self._view(self._columns["started_s"], self.n)

    @property
    def finished_s(self) -> Array:
        """(n,) seconds since 1970; NaN while a trial is not over."""
        return self._view(self._columns["finished_s"], self.n)

    @property
    def duration_s(self) -> Array:
        """(n,) how long each trial ran, in seconds; NaN while it is not over."""
        return np.asarray(self.finished_s - self.started_s)

    @property
    def cost(self) -> Array:
        """(n,) what each trial cost, in the user's unit; NaN where it did not say."""
        return self._view(self._columns["cost"], self.n)

    @property
    def confirming(self) -> Mask:
        """(n,) which trials re-run another for `Study.confirm`.

        Models learn from them, but none can be the best.
        """
        return np.asarray(self._view(self._columns["confirming"], self.n) == 1)

    @property
    def lease_s(self) -> Array:
        """(n,) until when the worker of a running trial may be silent, as last read."""
        return self._view(self._columns["lease_s"], self.n)

    @property
    def token(self) -> Index:
        """(n,) how often each trial was handed out."""
        return self._view(self._columns["token"], self.n)

    @property
    def granted(self) -> Array:
        """(n,) the step from which each trial was last resumed.

        What was decided up to there is settled; NaN: never.
        """
        return self._view(self._columns["granted"], self.n)

    @property
    def has_result(self) -> Mask:
        """(n,) which trials have come to something that models can learn from.

        Finished, paused and resumed ones.
        """
        return np.asarray((self.state >= State.PAUSED.value) | ~np.isnan(self.granted))

    @property
    def pending(self) -> list[int]:
        """Numbers of running trials that have not come to anything yet."""
        return sorted(self.running - self.turns.keys())

    @property
    def last_step(self) -> Array:
        """(n,) the largest step reported; NaN where nothing was."""
        return self._view(self._columns["last_step"], self.n)

    @property
    def last_loss(self) -> Array:
        """(n,) the loss reported at `last_step`, first objective."""
        return np.asarray(self._view(self._columns["last_report"], self.n) * self._signs[0])

    @property
    def report_number(self) -> Index:
        """(r,) which trial reported."""
        return self.reports.column("number")

    @property
    def report_step(self) -> Array:
        """(r,) at which step."""
        return self.reports.column("step")

    @property
    def report_loss(self) -> Array:
        """(r,) which loss of the first objective, signed like `losses`."""
        return np.asarray(self.reports.column("value")[:, 0] * self._signs[0])

    @property
    def report_losses(self) -> Array:
        """(r, m) the losses of all objectives."""
        return self.losses_of(self.reports.column("value"))

    def reports_of(self, number: int) -> tuple[Array, Array]:
        """(steps, losses) of one trial, by step; each (k,)."""
        steps, values = self.reports.of(number)
        return steps, values[:, 0] * self._signs[0]

    @property
    def n_reports(self) -> int:
        """How many reports there are."""
        return len(self.report_number)

    def params(self, number: int) -> dict[str, Any]:
        """What a trial was last given, as far as it is of the present space.

        Numbers exactly as they were.
        """
        return self.points.params(number)

    def last_params(self, number: int) -> dict[str, Any] | None:
        """Params of a trial as its row had them last; None where it has none yet."""
        return self._last.get(number)

    def seen(self, X: Array) -> Mask:
        """(n,) which points of a finite space some trial has, whatever became of it."""
        return self.points.seen(X)

    @property
    def n_seen(self) -> int:
        """How many different points of a finite space there have been."""
        return self.points.n_seen

    def losses_of(self, values: Array) -> Array:
        """Values of all objectives (..., m) as losses."""
        return np.asarray(values * self._signs)

    def values_of(self, losses: ArrayLike) -> Array:
        """Losses of the first objective (...) as the user's values, or values as losses."""
        return np.asarray(np.asarray(losses, dtype=np.float64) * self._signs[0])

    @property
    def eligible(self) -> Mask:
        """(n,) which trials can be the best: complete, feasible, and no re-run of another."""
        over = np.asarray((self.state == State.COMPLETE.value) & ~self.confirming)
        return np.asarray(over & self.feasible) if self.constraint_names else over

    def best(self) -> int | None:
        """Number of the complete feasible trial with the smallest loss, the earliest of equals.

        One objective.

        Re-runs that confirm another do not count: the luckiest of several runs says little.
        """
        loss = self.losses[:, 0]
        numbers = np.flatnonzero(self.eligible & ~np.isnan(loss))
        return int(numbers[np.argmin(loss[numbers])]) if len(numbers) else None

    # -- writing: the study only
    # ------------------------------------------------------------------------------------

    def set_space(self, space: Space) -> None:
        """Reads the trials anew under a changed space; those that still fit are used."""
        self.points.set_space(space)

    def put(self, rows: Iterable[TrialRow]) -> None:
        """Adds trials, or replaces what was known of them. New numbers must follow on."""
        rows = list(rows)
        if len(rows) < 8:
            for row in rows:
                self._put_one(row)
            return
        numbers = [r.number for r in rows]
        self._grow(max(numbers) + 1)
        self.n = max(self.n, max(numbers) + 1)
        at = (
            slice(numbers[0], numbers[-1] + 1)
            if numbers[-1] - numbers[0] + 1 == len(numbers)
            else numbers
        )
        c, none = self._columns, np.nan
        c["state"][at] = [r.state for r in rows]
        blank = (none,) * len(self.directions)
        c["values"][at] = [
            blank if r.values is None or len(r.values) != len(blank) else r.values for r in rows
        ]
        c["started_s"][at] = [none if r.started_s is None else r.started_s for r in rows]
        c["finished_s"][at] = [none if r.finished_s is None else r.finished_s for r in rows]
        c["cost"][at] = [none if r.cost is None else r.cost for r in rows]
        c["confirming"][at] = [r.confirms is not None for r in rows]
        c["lease_s"][at] = [r.lease_s for r in rows]
        c["token"][at] = [r.token for r in rows]
        for r in rows:
            self._note(r)
        self.points.put(rows, at)

    def _note(self, row: TrialRow) -> None:
        """What is kept by sets and dicts."""
        i = row.number
        for state, those in (
            (State.WAITING, self.waiting),
            (State.RUNNING, self.running),
            (State.PAUSED, self.paused),
        ):
            (those.add if row.state == state else those.discard)(i)
        if row.constraints or self.feasibility.columns:
            self.feasibility.put(i, row.constraints)
        if row.turns:
            self.turns[i] = row.turns
            self._columns["granted"][i] = row.turns[-1].step
        if row.checkpoints or i in self.checkpoints:
            self.set_checkpoints(i, row.checkpoints)

    def _put_one(self, row: TrialRow) -> None:
        """`put` for a single trial, without the detour over arrays."""
        i, c = row.number, self._columns
        if i >= len(c["state"]):
            self._grow(i + 1)
        known = self.n > i and row.params == self._last.get(i)
        self.n = max(self.n, i + 1)
        c["state"][i] = row.state
        c["values"][i] = (
            np.nan if row.values is None or len(row.values) != len(self.directions) else row.values
        )
        c["started_s"][i] = np.nan if row.started_s is None else row.started_s
        c["finished_s"][i] = np.nan if row.finished_s is None else row.finished_s
        c["cost"][i] = np.nan if row.cost is None else row.cost
        c["confirming"][i] = row.confirms is not None
        c["lease_s"][i], c["token"][i] = row.lease_s, row.token
        self._note(row)
        if row.state.finished:
            self._last.pop(i, None)
        else:
            self._last[i] = row.params
        if known:
            return
        self.points.put_one(row)

    def put_report(self, number: int, step: float, value: Told) -> None:
        """Adds a report; one for the same step replaces the earlier."""
        stored, c = self.reports.put(number, step, value), self._columns
        if not step < c["last_step"][number]:
            c["last_step"][number], c["last_report"][number] = step, stored[0]

    def set_checkpoints(self, number: int, references: tuple[dict[str, Any], ...]) -> None:
        """Notes what a trial can go on from."""
        self.users.subtract(r.get("file", "") for r in self.checkpoints.pop(number, ()))
        self.users.update(r.get("file", "") for r in references)
        if references:
            self.checkpoints[number] = references

    def set_lease(self, number: int, lease_s: float) -> None:
        """Notes that a running trial's worker has been heard of."""
        self._columns["lease_s"][number] = lease_s

    def _grow(self, n: int) -> None:
        size = len(self._columns["state"])
        if n <= size:
            return
        size = max(2 * size, n)
        for name, a in self._columns.items():
            self._columns[name] = grown(a, size)

    def before(self, number: int, window: int) -> History:
        """What was committed when trial `number` was proposed and nothing later, beside its own reports.

        Used where results must not depend on timing: of the others, only trials up to `number -
        window`.
        """
        later = self.number > number - window
        return self._cut(later, later & (self.number != number))

    def without(self, hidden: Mask) -> History:
        """A copy that does not know what became of some trials, (n,).

        They look as if they had just begun.
        """
        return self._cut(hidden, hidden)

    def _cut(self, open_: Mask, silent: Mask) -> History:
        """A copy in which some trials (n,) are not over, and others (n,) have reported nothing."""
        cut = copy.copy(self)
        cut._columns = {k: a.copy() for k, a in self._columns.items()}
        cut._columns["state"][: self.n][open_] = State.RUNNING
        for name in ("values", "finished_s", "cost"):
            cut._columns[name][: self.n][open_] = np.nan
        for name in ("last_step", "last_report"):
            cut._columns[name][: self.n][silent] = np.nan
        cut.points = copy.copy(self.points)
        cut.feasibility = self.feasibility.without(open_)
        cut.reports = self.reports.without(silent)
        cut.scratch = {}
        return cut

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        counts = {s.name.lower(): int((self.state == s).sum()) for s in State}
        return (
            f"History({self.n} trials: "
            + ", ".join(f"{k} {v}" for v, k in counts.items() if k)
            + ")"
        )
