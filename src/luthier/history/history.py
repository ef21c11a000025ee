"""History: one study as a columnar table, which samplers and schedulers read."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..numerics.pareto import is_non_dominated
from ..space.reach import Reach
from ..space.space import Space
from ..trial.record import ReportValue, State, TrialRow, Turn
from ..typing import Array, Index, Mask
from ..validation import default_names
from .columns import Columns
from .constraint_columns import ConstraintColumns, violation
from .excused_failures import Excused, ExcusedFailures
from .info import StudyInfo
from .leaders import find_leaders
from .param_columns import ParamColumns
from .report_columns import ReportColumns
from .state_counts import describe_states
from .unused_proposals import UnusedProposals

_ROUNDED = 0.1  # of a range: the most by which a proposal is moved to a step
_FEW = 8  # rows that are stored one by one; more are stored column by column


class History:
    """The trials of one study as growable columns; a trial's number is its row.

    Samplers, schedulers and models are functions of a history. Arrays are read-only views: n
    trials, d parameters, m objectives, c constraints, r reports. Only the study's engine writes, by
    the methods at the end.

    Args:
        space: The parameters.
        directions: "minimize" or "maximize", one for each objective.
        seed: The study's seed.
        objectives: Names of the objectives; None for the default names.

    Attributes:
        n: Number of trials.
        waiting: Numbers of trials that wait to be run.
        running: Numbers of trials that run.
        paused: Numbers of trials that may be resumed.
        turns: Number -> how a trial went on after its pauses; see `TrialRow.turns`.
        reports: The intermediate values.
        info: Facts about the study that are not trials.
    """

    def __init__(
        self,
        space: Space,
        directions: Sequence[str],
        seed: int = 0,
        objectives: Sequence[str] | None = None,
    ) -> None:
        m = len(directions)
        self.n = 0
        self.waiting: set[int] = set()
        self.running: set[int] = set()
        self.paused: set[int] = set()
        self._unfinished = (
            (State.WAITING, self.waiting),
            (State.RUNNING, self.running),
            (State.PAUSED, self.paused),
        )
        self.turns: dict[int, tuple[Turn, ...]] = {}
        self.reports = ReportColumns(m)
        self.info = StudyInfo(
            directions=tuple(directions),
            objectives=tuple(objectives or default_names(m)),
            seed=seed,
        )
        self._revision = 0
        self._signs = np.array([-1.0 if d == "maximize" else 1.0 for d in directions])
        self._columns = Columns(
            {
                "state": np.zeros(16, dtype=np.int8),
                "values": np.full((16, m), np.nan),
                "started_s": np.full(16, np.nan),
                "finished_s": np.full(16, np.nan),
                "cost": np.full(16, np.nan),
                "confirming": np.zeros(16, dtype=np.bool_),
                "disturbed": np.zeros(16, dtype=np.bool_),
                "n_folds": np.zeros(16, dtype=np.int64),
                "n_claims": np.zeros(16, dtype=np.int64),
                "resumed_step": np.full(16, np.nan),
                "checkpoint_step": np.full(16, np.nan),
                "last_step": np.full(16, np.nan),
                "last_report": np.full(16, np.nan),
            }
        )
        self._params = ParamColumns(space)
        self._unused = UnusedProposals(space)
        self._constraints = ConstraintColumns()
        self._last_params: dict[int, dict[str, Any]] = {}  # of trials that are not over
        self._first_stored = 0  # since `take_first_stored`
        self._excused = ExcusedFailures()

    # -- the study ------------------------------------------------------------------------------

    @property
    def directions(self) -> tuple[str, ...]:
        """(m,) "minimize" or "maximize", one for each objective."""
        return self.info.directions

    @property
    def objectives(self) -> tuple[str, ...]:
        """(m,) names of the objectives."""
        return self.info.objectives

    @property
    def seed(self) -> int:
        """The study's seed, the same for all workers."""
        return self.info.seed

    @property
    def crash(self) -> bool:
        """Whether a trial that fails breaks a constraint, "crash"."""
        return self.info.crash

    @property
    def budget(self) -> int | None:
        """Number of trials that there will be in all; None where it is not known."""
        return self.info.budget

    @property
    def space(self) -> Space:
        """The parameters of the columns of X."""
        return self._params.space

    @property
    def revision(self) -> int:
        """The storage's count of changes as of which the trials were read."""
        return self._revision

    # -- one entry for each trial ---------------------------------------------------------------

    @property
    def number(self) -> Index:
        """(n,) 0, 1, 2, ..."""
        return np.arange(self.n)

    @property
    def state(self) -> NDArray[np.int8]:
        """(n,) a `State` each."""
        return self._columns.view("state", self.n)

    @property
    def X(self) -> Array:  # noqa: N802
        """(n, d) unit columns of the present space.

        NaN where a parameter is inactive, unknown, or outside its present range.
        """
        return self._params.X

    def first_trials(self) -> Index:
        """Return (d,) the number of the first trial that has each parameter; n for none."""
        return self._params.first_trials()

    @property
    def fits(self) -> Mask:
        """(n,) whether all of a trial's params are values of the present space."""
        return self._params.fits

    @property
    def values(self) -> Array:
        """(n, m) values as the user gave them; NaN where there are none."""
        return self._columns.view("values", self.n)

    @property
    def losses(self) -> Array:
        """(n, m) `values` signed so that smaller is better.

        The only place where direction exists.
        """
        return self.losses_of(self.values)

    @property
    def constraint_names(self) -> tuple[str, ...]:
        """(c,) the constraints that trials noted, and "crash" where a failure breaks one."""
        return (*self._constraints.names, *(["crash"] if self.crash else []))

    @property
    def constraints(self) -> Array:
        """(n, c) values of the constraints: feasible is at most 0; NaN where not noted."""
        noted = self._constraints.table(self.n)
        if not self.crash:
            return noted
        not_failed = np.where(self.state == State.COMPLETE, -1.0, np.nan)
        crash = np.where((self.state == State.FAILED) & ~self.disturbed, 1.0, not_failed)
        return np.column_stack([noted, crash])

    @property
    def violation(self) -> Array:
        """(n,) by how much trials break their constraints, 0 for those that break none.

        See `constraint_columns.violation`.
        """
        return violation(self.constraints)

    @property
    def feasible(self) -> Mask:
        """(n,) whether a trial breaks no constraint, as far as it noted any."""
        return np.asarray(self.violation == 0)

    @property
    def started_s(self) -> Array:
        """(n,) when trials began, in seconds since 1970."""
        return self._columns.view("started_s", self.n)

    @property
    def finished_s(self) -> Array:
        """(n,) when trials ended, in seconds since 1970; NaN for those that are not over."""
        return self._columns.view("finished_s", self.n)

    @property
    def duration_s(self) -> Array:
        """(n,) for how many seconds trials ran; NaN for those that are not over."""
        with np.errstate(over="ignore"):  # moments that no clock shows, such as 1e308
            return np.asarray(self.finished_s - self.started_s)

    @property
    def cost(self) -> Array:
        """(n,) costs of trials, in the user's unit; NaN where not noted."""
        return self._columns.view("cost", self.n)

    @property
    def confirming(self) -> Mask:
        """(n,) whether a trial runs the params of another again for `Study.confirm`.

        Models learn from such trials, but none of them can be the best.
        """
        return self._columns.view("confirming", self.n)

    @property
    def hidden(self) -> Mask:
        """(n,) whether somebody has set a result aside: models learn from it, but it never wins."""
        return self.info.mark_hidden(self.n)

    @property
    def n_folds(self) -> Index:
        """(n,) of how many folds trials are the mean, each reported as a step; 0 for others."""
        return self._columns.view("n_folds", self.n)

    @property
    def n_claims(self) -> Index:
        """(n,) how often trials were given to a worker; 0 for one that was added as it is."""
        return self._columns.view("n_claims", self.n)

    @property
    def granted(self) -> Array:
        """(n,) the step at which trials were last resumed; NaN for those that never were.

        Decisions on steps up to there have been taken.
        """
        return self._columns.view("resumed_step", self.n)

    @property
    def checkpoint_step(self) -> Array:
        """(n,) the step of the latest checkpoint of trials; NaN for those that have none."""
        return self._columns.view("checkpoint_step", self.n)

    @property
    def has_result(self) -> Mask:
        """(n,) whether models can learn from a trial: it is over, or has been paused."""
        has_result = np.asarray(self.state >= State.PAUSED.value)
        np.place(has_result, ~has_result, ~np.isnan(self.granted[~has_result]))
        return has_result

    @property
    def disturbed(self) -> Mask:
        """(n,) whether trials failed for a reason outside of them (`TrialDisturbedError`)."""
        return self._columns.view("disturbed", self.n)

    @property
    def unblamed(self) -> Mask:
        """(n,) whether a failed trial says nothing of its params; models do not learn from it.

        It was disturbed, or failed in an outage, or another trial has completed with the same
        params, which count with what they came to.
        """
        excused = self._find_excused()
        unblamed = self.disturbed.copy()
        unblamed[excused.superseded] = True
        unblamed[excused.in_outage] = True
        return unblamed

    @property
    def in_outage(self) -> Index:
        """Numbers (k,) of the trials that failed in an outage, see `find_outages`."""
        return self._find_excused().in_outage

    def _find_excused(self) -> Excused:
        return self._excused.find(self.space, self.X, self.fits, self.state)

    @property
    def competing(self) -> Mask:
        """(n,) whether a trial is complete, no re-run of another, and hidden by nobody."""
        return np.asarray((self.state == State.COMPLETE.value) & ~(self.confirming | self.hidden))

    @property
    def eligible(self) -> Mask:
        """(n,) whether a trial can be the best: it is competing, and feasible."""
        competing = self.competing
        return np.asarray(competing & self.feasible) if self.constraint_names else competing

    @property
    def last_step(self) -> Array:
        """(n,) the largest step reported; NaN without a report."""
        return self._columns.view("last_step", self.n)

    @property
    def last_loss(self) -> Array:
        """(n,) the loss reported at `last_step`, of the first objective."""
        return np.asarray(self._columns.view("last_report", self.n) * self._signs[0])

    # -- one entry for each report --------------------------------------------------------------

    @property
    def report_number(self) -> Index:
        """(r,) the trial that reported."""
        return self.reports.column("number")

    @property
    def report_step(self) -> Array:
        """(r,) the step."""
        return self.reports.column("step")

    @property
    def report_loss(self) -> Array:
        """(r,) the loss of the first objective, signed like `losses`."""
        return np.asarray(self.reports.column("value")[:, 0] * self._signs[0])

    @property
    def report_losses(self) -> Array:
        """(r, m) the losses of all objectives."""
        return self.losses_of(self.reports.column("value"))

    @property
    def n_reports(self) -> int:
        """Number of reports."""
        return len(self.report_number)

    # -- one trial, and questions about all -----------------------------------------------------

    def params(self, number: int) -> dict[str, Any]:
        """Return the params that a trial had last, as far as they are in the present space.

        Numbers are exactly as they were. A name that is not there raises MissingParameterError, a
        KeyError that says what there is.
        """
        return self._params.params(number)

    def proposal(self, number: int) -> dict[str, Any]:
        """Return what a trial was proposed and did not use; see `TrialRow.proposal`."""
        return self._unused.proposal(number)

    def find_reach(self) -> Reach | None:
        """Return which points can be had, by the trials up to the last that had another one.

        None where each trial had what was proposed to it, or a value nearby, as of a step.
        """
        moved, in_vain = self._unused.moved()
        in_vain = in_vain[(np.abs(self.X[moved] - in_vain) > _ROUNDED).any(axis=1)]
        if not len(in_vain):
            return None
        had = np.flatnonzero((self.state >= State.PAUSED) & self.fits)
        return Reach(self.X[had[had <= moved[-1]]], in_vain)

    @property
    def n_moved(self) -> int:
        """Number of trials that have another value of a parameter than was proposed."""
        return self._unused.n_moved

    def last_params(self, number: int) -> dict[str, Any] | None:
        """Return the params in the row of a trial that is not over; None if it has no row yet."""
        return self._last_params.get(number)

    def reports_of(self, number: int) -> tuple[Array, Array]:
        """Return (steps (k,), losses (k,)) of one trial, by step; of the first objective."""
        steps, values = self.reports.of(number)
        return steps, values[:, 0] * self._signs[0]

    def constraints_of(self, number: int) -> dict[str, float]:
        """Return the constraints that a trial noted, name to value."""
        return self._constraints.of(number)

    @property
    def n_begun(self) -> int:
        """Number of trials that some worker has begun, whatever became of them."""
        return self.n - len(self.waiting - self.turns.keys()) if self.waiting else self.n

    @property
    def pending(self) -> list[int]:
        """Numbers of running trials in their first turn."""
        return sorted(self.running - self.turns.keys())

    def best(self) -> int | None:
        """Return the number of the best trial: see `leaders`. For one objective.

        Re-runs that confirm another do not count: the luckiest of several runs says little.
        """
        leaders = self.leaders()
        return int(leaders[0]) if len(leaders) else None

    def best_paused(self) -> int | None:
        """Return the paused trial with the best last report; None without any. For one objective.

        It need not have come as far as the others.
        """
        told = {number: self.reports.last(number) for number in sorted(self.paused)}
        losses = {n: self.losses_of(np.array(values))[0] for n, values in told.items() if values}
        losses = {n: loss for n, loss in losses.items() if not np.isnan(loss)}
        return min(losses, key=losses.__getitem__) if losses else None

    def leaders(self, among: Index | None = None) -> Index:
        """Return the numbers of the best trials: eligible ones, as `find_leaders` says.

        Args:
            among: Numbers of the trials to choose from; None for all.
        """
        eligible = self.eligible
        numbers = np.flatnonzero(eligible) if among is None else np.sort(among[eligible[among]])
        return find_leaders(numbers, self.losses[numbers])

    @property
    def front(self) -> Index:
        """Numbers of the eligible trials that no other beats in all objectives, equals included."""
        numbers = np.flatnonzero(self.eligible)
        return numbers[is_non_dominated(self.losses[numbers])]

    def seen(self, X: Array) -> Mask:
        """Return which points (k, d) of a finite space were tried (k,).

        They are those that some trial has, whatever its state, and those that were proposed to a
        trial whose objective has made another one of them.
        """
        seen = self._params.seen(X)
        return seen | self._unused.seen(X) if len(self._unused) else seen

    @property
    def absent(self) -> Mask:
        """(n, d) whether a trial does not have a parameter at all, whatever its range is now."""
        return self._params.absent

    @property
    def n_seen(self) -> int:
        """Number of different points of a finite space that trials have."""
        return self._params.n_seen

    def losses_of(self, values: Array) -> Array:
        """Return values of all objectives (..., m) as losses."""
        return np.asarray(values * self._signs)

    def values_of(self, losses: ArrayLike) -> Array:
        """Return losses of the first objective (...) as the user's values, or values as losses."""
        return np.asarray(np.asarray(losses, dtype=np.float64) * self._signs[0]) + 0.0  # no -0.0

    # -- copies that know less ------------------------------------------------------------------

    def before(self, number: int, window: int) -> History:
        """Return what was known when a trial was proposed, beside its own reports.

        For results that must not depend on timing: of the others, only trials up to `number -
        window` count.
        """
        later = self.number > number - window
        return self._cut(later, later & (self.number != number))

    def without(self, hidden: Mask) -> History:
        """Return a copy in which some trials (n,) look as if they had just begun."""
        return self._cut(hidden, hidden)

    def _cut(self, unfinished: Mask, silent: Mask) -> History:
        """Return a copy in which some trials (n,) are not over, and others (n,) did not report."""
        cut = copy.copy(self)
        cut._hide(unfinished, silent)
        return cut

    def _hide(self, unfinished: Mask, silent: Mask) -> None:
        """Turn a fresh copy into a cut; what the original has is left as it is."""
        self._columns = self._columns.copy()
        self._columns["state"][: self.n][unfinished] = State.RUNNING
        for name in ("values", "finished_s", "cost"):
            self._columns[name][: self.n][unfinished] = np.nan
        for name in ("last_step", "last_report"):
            self._columns[name][: self.n][silent] = np.nan
        self._params = copy.copy(self._params)
        self._constraints = self._constraints.without(unfinished)
        self.reports = self.reports.without(silent)

    # -- writing: for the engine ----------------------------------------------------------------

    def update_info(self, **changed: Any) -> None:
        """Change facts about the study: `crash`, `budget`, `seed`, `hidden` or `comparisons`.

        Raises:
            TypeError: There is no such fact.
        """
        self.info = msgspec.structs.replace(self.info, **changed)

    def take_first_stored(self) -> int:
        """Return the least number of the trials that were stored since the last call.

        `n` where there were none. What was found in the trials below it still holds.
        """
        first = min(self._first_stored, self.n)
        self._first_stored = self.n
        return first

    def set_revision(self, revision: int) -> None:
        """Note the storage's count of changes as of which the trials were read."""
        self._revision = revision

    def set_space(self, space: Space) -> None:
        """Read the trials again under a changed space; those that still fit are used."""
        self._params.set_space(space)
        self._unused.set_space(space)

    def put(self, rows: Iterable[TrialRow]) -> None:
        """Store trials, in place of what was known of them; new numbers must follow on."""
        rows = list(rows)
        if len(rows) < _FEW:
            for row in rows:
                self._put_one(row)
            return

        numbers = [r.number for r in rows]
        first, last = numbers[0], numbers[-1]
        at = slice(first, last + 1) if last - first + 1 == len(numbers) else numbers
        n_known = self.n
        self._columns.make_room(max(numbers) + 1)
        self.n = max(self.n, max(numbers) + 1)

        column = self._columns
        no_values = (np.nan,) * len(self.directions)
        column["state"][at] = [r.state for r in rows]
        column["values"][at] = [
            no_values if r.values is None or len(r.values) != len(no_values) else r.values
            for r in rows
        ]
        column["started_s"][at] = [np.nan if r.started_s is None else r.started_s for r in rows]
        column["finished_s"][at] = [np.nan if r.finished_s is None else r.finished_s for r in rows]
        column["cost"][at] = [np.nan if r.cost is None else r.cost for r in rows]
        column["confirming"][at] = [r.confirms is not None for r in rows]
        column["disturbed"][at] = [r.disturbed for r in rows]
        column["n_folds"][at] = [r.n_folds for r in rows]
        column["n_claims"][at] = [r.token for r in rows]
        for row in rows:
            if row.number < n_known or not row.is_plain:
                self._put_sparse(row)
        self._params.put(rows, at)

    def _put_one(self, row: TrialRow) -> None:
        """Store one trial: `put` without building lists."""
        i = row.number
        self._columns.make_room(i + 1)
        same_params = self.n > i and row.params == self._last_params.get(i)
        self.n = max(self.n, i + 1)

        column = self._columns
        nan = np.nan
        has_values = row.values is not None and len(row.values) == len(self.directions)
        column["state"][i] = row.state
        column["values"][i] = row.values if has_values else nan
        column["started_s"][i] = nan if row.started_s is None else row.started_s
        column["finished_s"][i] = nan if row.finished_s is None else row.finished_s
        column["cost"][i] = nan if row.cost is None else row.cost
        column["confirming"][i] = row.confirms is not None
        column["disturbed"][i] = row.disturbed
        column["n_folds"][i] = row.n_folds if row.tags else 0
        column["n_claims"][i] = row.token
        self._put_sparse(row)

        if row.state.finished:
            self._last_params.pop(i, None)
        else:
            self._last_params[i] = row.params
        if not same_params:
            self._params.put_one(row)

    def _put_sparse(self, row: TrialRow) -> None:
        """Store what only some trials have."""
        i = row.number
        if i < self._first_stored:
            self._first_stored = i
        for state, numbers in self._unfinished:
            if row.state == state:
                numbers.add(i)
            else:
                numbers.discard(i)
        self._constraints.put(i, row.constraints)
        self._unused.put(row)
        if row.turns:
            self.turns[i] = row.turns
            self._columns["resumed_step"][i] = row.turns[-1].step
        step = row.checkpoints[-1]["step"] if row.checkpoints else np.nan
        self._columns["checkpoint_step"][i] = step

    def put_report(self, number: int, step: float, value: ReportValue) -> None:
        """Store a report, in place of an earlier one for the same step."""
        stored = self.reports.put(number, step, value)
        last_step = self._columns["last_step"]
        if not step < last_step[number]:
            last_step[number] = step
            self._columns["last_report"][number] = stored[0]

    def set_checkpoint_step(self, number: int, step: float | None) -> None:
        """Store the step of a trial's latest checkpoint; None where it has none."""
        self._columns["checkpoint_step"][number] = np.nan if step is None else step

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"History({self})" if self.n else "History(0 trials)"

    def __str__(self) -> str:
        return describe_states(self.state)
