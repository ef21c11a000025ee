"""Study: joins space, history, sampler, scheduler and storage."""

from __future__ import annotations

import html
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from ..analysis.recommendation import must_have_results
from ..checkpoints import Checkpoints
from ..errors import MissingDependencyError, NothingToAskError, StudyError, TrialError
from ..history.history import History
from ..numerics.pareto import non_dominated
from ..samplers.base import Sampler
from ..schedulers.base import Next, Scheduler
from ..space.distributions import must_match
from ..space.space import Space
from ..stopping import StopRule
from ..storages import Storage
from ..storages.base import StudyRecord, worker_name
from ..trial.handle import Trial
from ..trial.outcome import Objective, told
from ..trial.record import State, TrialRow
from ..trial.table import addable, records
from .checkpoint_retention import Lineage
from .leases import Leases
from .proposals import Proposals
from .turns import end, take

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.choice import Choice
    from ..analysis.forecasting import Forecast
    from ..analysis.recommendation import Recommendation
    from .confirm import Confirmation

logger = logging.getLogger("luthier")

Callback = Callable[["Study", TrialRow], Any]


class Study:
    """One search: made by `create_study` and `load_study`.

    Attributes:
        name: Its name in the storage.
        directions: "minimize" or "maximize", one an objective.
        objectives: Their names.
        sampler: What to try next.
        scheduler: How long to train it; None lets every trial run to its end.
        storage: Where it lives.
        history: Its trials as columns, as of the last look at the storage.
        stop_reason: Which stop rule ended the last `optimize`, in words; None when none did.
    """

    def __init__(
        self,
        storage: Storage,
        record: StudyRecord,
        space: Space | None,
        sampler: Sampler,
        scheduler: Scheduler | None,
        checkpoints: Checkpoints,
    ) -> None:
        self.storage = storage
        self.name = record.name
        self.sampler = sampler
        self.scheduler = scheduler
        self.directions: tuple[str, ...] = tuple(record.spec["directions"])
        self._id = record.id
        self._spec = dict(record.spec)
        self._seed = int(self._spec["seed"])
        self._declared = bool(space if space is not None else self._spec.get("declared", False))
        stored = Space.from_json(self._spec["space"])
        for name in stored.params.keys() & (space or stored).params.keys():
            must_match(name, stored.params[name], (space or stored).params[name])
        known = stored if space is None else space
        self.history = History(known, self.directions, self._seed, self._spec.get("objectives"))
        self._take(record.spec)
        self.objectives = self.history.objectives
        self._proposals = Proposals(
            self.history, self._declared, set(space.names) if space is not None else set()
        )
        self._worker = worker_name()
        self._open: dict[int, int] = {}  # trials this process runs: number -> token
        self._lock = threading.RLock()
        self._leases = Leases(storage, record.id, self._open)
        self._lineage = Lineage(checkpoints, self.history)
        self._window: int | None = None  # set while results are committed in trial order
        self._stopped = self._elsewhere = False  # asked to stop; trials report past this object
        self._warned: set[str] = set()  # of what has been said once
        self.stop_reason: str | None = None
        self._objective: Objective | None = None  # what optimize was last given, for confirm
        if space is not None and space.to_json() != self._spec["space"]:
            self._save_space()
        elif space is None and self._spec["space"].get("functions"):
            logger.warning(
                "study %r has constraints that are functions (%s) and cannot be stored; pass its "
                "space when loading it",
                self.name,
                ", ".join(self._spec["space"]["functions"]),
            )
        self._refresh()

    # -- running
    # ------------------------------------------------------------------------------------------

    def optimize(
        self,
        objective: Objective,
        n_trials: int | None = None,
        timeout_s: float | None = None,
        n_jobs: int = 1,
        executor: Executor | Literal["ray"] | None = None,
        catch: type[BaseException] | Sequence[type[BaseException]] = (),
        catch_as: Literal["failed", "infeasible"] | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
        limits: Mapping[str, float] | None = None,
        resources: Mapping[str, float] | None = None,
        reproducible: bool = False,
        stop: StopRule | Sequence[StopRule] = (),
    ) -> None:
        """Runs trials of an objective until one of the bounds is reached, `stop()` is called, or Ctrl-C.

        Args:
            objective: Takes a `Trial`, returns a number, or one for each of several objectives, in
                order or by name.
            n_trials: How many trials this call runs; None for no bound.
            timeout_s: After how many seconds no further trial is begun.
            n_jobs: How many trials run at the same time, each in its own process; -1 for as many as
                fit.
            executor: "ray", for a Ray cluster; or any `concurrent.futures` executor, in which
                n_jobs trials are kept.
            catch: Exceptions of the objective after which the study goes on; others are raised.
                Exceeded limits, dead workers and values of NaN never stop a study. Every failure is
                recorded.
            catch_as: "infeasible" takes failures, earlier ones too, for breaches of a constraint,
                "crash": models learn where trials crash or run out of memory. "failed" ends that.
                It is kept with the study; None: as it is.
            callbacks: Called with the study and the `TrialRow` after each trial, in this process.
            progress: Shows a progress bar; by default on a terminal only.
            limits: Bounds for one trial, "seconds" and "memory_mb"; beyond them it is ended and
                recorded as failed.
            resources: What one trial needs, "cpu" and "gpu" (may be a fraction). Its process gets
                those cores, and CUDA_VISIBLE_DEVICES.
            reproducible: With several jobs, results are taken in in the order of the trials, over a
                window of n_jobs: the same seed and n_jobs give the same study whatever the timing.
                Costs some idle time.
            stop: A rule of `luthier.stopping`, or several: once one finds a reason, no further
                trial is begun.

        Raises:
            ValueError: A bound that is not positive, or another catch_as.
            StudyError: A stop rule needs one objective, and there are several.
            ResourceError: The machine does not have the resources.
            Exception: What the objective raised, unless `catch` names it.
        """
        from .loop import run

        run(
            self,
            objective,
            n_trials,
            timeout_s,
            n_jobs,
            executor,
            catch,
            catch_as,
            callbacks,
            progress,
            limits,
            resources,
            reproducible,
            stop,
        )

    def ask(self) -> Trial:
        """Begins a trial: one that waits, one that the scheduler resumes, or a new one.

        End it with `tell`.

        Raises:
            NothingToAskError: The scheduler wants none before running ones are told, or none any
                more.
        """
        trial = self._ask({})
        if isinstance(trial, Trial):
            return trial
        raise NothingToAskError(
            f"{self.scheduler!r} wants no further trial of {self.name!r}: "
            + ("tell those that run first" if trial is Next.WAIT else "all have come to their end")
        )

    def tell(
        self,
        trial: Trial,
        value: float | Sequence[float] | Mapping[str, float] | None = None,
        state: State | str | None = None,
    ) -> TrialRow:
        """Ends a trial.

        Args:
            trial: From `ask`.
            value: Its value, or one for each objective, in order or by name; None if it failed or
                was pruned.
            state: "complete", "pruned" or "failed"; complete if there is a value, else failed.

        Raises:
            ObjectiveValueError: The value is not a number, or not one for each direction.
            LeaseLostError: The trial is already over, or was given to another worker.
        """
        owner: Any = getattr(getattr(trial, "_link", None), "study", None)
        if owner != self:
            raise TrialError(f"tell expects a trial that this study's ask returned, got {trial!r}")
        return end(self, trial, told(trial, value, state))

    def enqueue(self, params: Mapping[str, Any], tags: Mapping[str, Any] | None = None) -> int:
        """Adds a trial with these params, to be run before the sampler is asked again.

        Names left out are sampled.

        Returns:
            Its number.

        Raises:
            UnknownParameterError: A declared space does not have such a parameter or value.
        """
        fixed = self.history.space.check(params) if self._declared else dict(params)
        return self.add_trials(
            [TrialRow(number=-1, state=State.WAITING, params=fixed, tags=dict(tags or {}))]
        )[0]

    def add_trials(self, rows: Iterable[TrialRow]) -> list[int]:
        """Adds trials as they are, from another study or from elsewhere.

        They get new numbers, which are returned.
        """
        rows = addable(rows, self.objectives)
        with self._lock:
            first, _ = self.storage.add_trials(self._id, rows)
            self._refresh()
        return list(range(first, first + len(rows)))

    def stop(self) -> None:
        """Lets the running `optimize` begin no further trial; for callbacks and objectives."""
        self._stopped = True

    # -- results
    # ------------------------------------------------------------------------------------------

    @property
    def trials(self) -> list[TrialRow]:
        """All trials, by number."""
        return self.storage.rows(self._id)

    @property
    def best_trial(self) -> TrialRow:
        """The feasible complete trial with the best value as it was observed.

        See `recommend` where values are noisy.

        Re-runs of `confirm` do not count: the luckiest of several runs of one configuration says
        little of it.

        Raises:
            NoCompletedTrialsError: None is complete.
            NoFeasibleTrialsError: None of those keeps all constraints.
            StudyError: There are several objectives.
        """
        if len(self.directions) > 1:
            raise StudyError(
                f"{len(self.directions)} objectives have no single best trial; see best_trials and "
                "choose"
            )
        with self._lock:
            self._refresh()
            must_have_results(self.history)
            best = self.history.best()
        assert best is not None
        return self.storage.rows(self._id, [best])[0]

    @property
    def best_params(self) -> dict[str, Any]:
        """Params of `best_trial`."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """Value of `best_trial`."""
        return cast(float, self.best_trial.value)

    @property
    def best_trials(self) -> list[TrialRow]:
        """The feasible complete trials that no other beats in all objectives (with one.

        All that share the best).
        """
        with self._lock:
            self._refresh()
            h = self.history
            numbers = np.flatnonzero(h.eligible)
            numbers = numbers[non_dominated(h.losses[numbers])]
        return self.storage.rows(self._id, numbers.tolist())

    def recommend(self, k: int = 1) -> list[Recommendation]:
        """The k best configurations by what a model of all trials expects of them, the best first.

        With noise, the best value observed is the luckiest too. A model weighs it against its
        repeats and neighbours; while trials are too few for a model, it is the mean of the observed
        values. Configurations that are expected to break a constraint, or always did, are left out;
        see `Recommendation.feasible`.

        Args:
            k: How many different configurations; fewer come back when fewer are complete.

        Raises:
            NoCompletedTrialsError: None is complete.
            NoFeasibleTrialsError: None of those keeps all constraints.
            StudyError: There are several objectives; see `choose`.
        """
        from ..analysis.recommendation import recommend

        with self._lock:
            self._refresh()
            return recommend(self.history, k, partial(self.storage.rows, self._id))

    def choose(
        self,
        rule: str | None = None,
        *,
        weights: Mapping[str, float] | None = None,
        aspiration: Mapping[str, float] | None = None,
        knee: bool = False,
        lexicographic: Sequence[str | tuple[str, float]] | None = None,
    ) -> Choice:
        """One of the feasible trials, by one of these ways (none where one trial is best in all).

        It says why.

        Args:
            rule: A text: "accuracy >= 0.9 and latency_ms <= 50, then smallest size"; see
                `luthier.analysis.rule_language.parse`.
            weights: Of objectives, each scaled to 0 (best) to 1 (worst of the front).
            aspiration: Values of objectives to come up to, or as near as can be.
            knee: Where the front bends most.
            lexicographic: Objectives, the most important first, with how much of each may be given
                up for the next.

        Raises:
            NothingFitsError: No trial satisfies the rule; it says which condition excludes
                everything.
            RuleError: The rule cannot be read or names what is not there, or not one way is given.
            NoCompletedTrialsError: None is complete.
            NoFeasibleTrialsError: None of those keeps all constraints.
        """
        from ..analysis.choice import choose

        with self._lock:
            self._refresh()
            return choose(
                self.history,
                partial(self.storage.rows, self._id),
                rule,
                weights=weights,
                aspiration=aspiration,
                knee=knee,
                lexicographic=lexicographic,
            )

    def forecast(
        self, trial: TrialRow | int, level: float = 0.9, resource: float | None = None
    ) -> Forecast:
        """What a trial that was stopped, paused or is running would come to if it were trained to its end.

        Args:
            trial: One that has reported.
            level: Of the intervals.
            resource: The step at which trials end; None for that of the trials that came to their
                end.

        Raises:
            StudyError: It reported nothing, nobody knows where trials end, or there are several
                objectives.
            ValueError: level is no probability.
        """
        from ..analysis.forecasting import forecast

        with self._lock:
            self._refresh()
            return forecast(
                self.history, trial if isinstance(trial, int) else trial.number, level, resource
            )

    def confirm(
        self,
        k: int = 3,
        repeats: int = 5,
        objective: Objective | None = None,
        n_jobs: int = 1,
        level: float = 0.95,
    ) -> Confirmation:
        """Runs the k leaders anew with fresh random numbers, and compares them on that.

        Each repeat is a trial of this study with tags "confirms" (the trial it runs anew) and
        "repeat". Leaders are chosen by the other trials alone: the means are unbiased, and another
        call goes on where this one was killed. In repeat r `trial.rng` is the same for all leaders:
        take all randomness from it, and fewer repeats find the differences. Nothing stops a repeat
        early; one that fails is left out, and tried again by another call.

        Args:
            k: How many leaders of `recommend`.
            repeats: How often each is run; what is there already is not run again.
            objective: As for `optimize`; None for the one that it was last given in this process.
            n_jobs: How many trials run at the same time.
            level: Coverage of the intervals.

        Raises:
            NoCompletedTrialsError: None is complete, or no repeat was.
            StudyError: There are several objectives, or none is known.
            ValueError: k, repeats, n_jobs or level is out of range.
        """
        from .confirm import confirm

        return confirm(self, k, repeats, objective or self._objective, n_jobs, level)

    def checkpoint(self, trial: TrialRow | int) -> Any:
        """The last checkpoint of a trial: a dict, or the path of a file or folder.

        None where there is none.

        Raises:
            CheckpointError: It was deleted (see `luthier.checkpoints.Checkpoints`) or damaged.
        """
        number = trial if isinstance(trial, int) else trial.number
        [row] = self.storage.rows(self._id, [number])
        return self._lineage.store.load(row.checkpoints[-1]) if row.checkpoints else None

    @property
    def space(self) -> Space:
        """The space as declared, or as the objective has shown it so far, conditions included."""
        with self._lock:
            return self._proposals.space

    def to_dataframe(self) -> pd.DataFrame:
        """One row a trial: number, state, value (or value_0, ..., or values.NAME), duration_s, cost, params.*, tags.*.

        Cost, and constraints.*, where any trial told.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingDependencyError(
                "to_dataframe needs pandas: pip install luthier[pandas]"
            ) from None
        return pd.DataFrame(records(self.trials, self.objectives))

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{int((self.history.state == s).sum())} {s.name.lower()}"
            for s in State
            if (self.history.state == s).any()
        )
        best = self.history.best() if len(self.directions) == 1 else None
        value = "" if best is None else f", best {self.history.values[best, 0]:.6g} in trial {best}"
        return f"Study({self.name!r}, {'/'.join(self.directions)}, {counts or 'no trials'}{value})"

    def _repr_html_(self) -> str:
        return f"<p><code>{html.escape(repr(self))}</code></p>{self.history.space._repr_html_()}"

    # -- inside: the loop, links and executors use these
    # ------------------------------------------------------------

    def _ask(
        self, held: dict[int, Trial], only: Collection[int] | None = None, left: int | None = None
    ) -> Trial | Literal[Next.WAIT, Next.DONE]:
        """`ask`, which also notes the trial in `held`.

        See `take` for its arguments, and for what is no trial.
        """
        with self._lock:
            self._refresh()
            row = take(self, only, left)
            if not isinstance(row, TrialRow):
                return row
            from .remote import begun

            trial = begun(self, row)
            held[row.number] = trial  # an interrupt between two of these lines loses nothing
            self._open[row.number] = row.token
            self._leases.beat()
            return trial

    def _refresh(self) -> None:
        """Reads what others have written."""
        changes = self.storage.changes(self._id, self.history.revision)
        if changes.revision != self.history.revision:
            self.history.put(changes.rows)
            for r in changes.reports:
                self.history.put_report(r.number, r.step, r.value)
            self.history.revision = changes.revision

    def _wrote(self, revision: int, row: TrialRow | None = None) -> None:
        """Takes in an own write; what others wrote in between is read when somebody needs it."""
        if row is None or row.number > self.history.n:
            return self._refresh()
        self.history.put([row])
        if revision == self.history.revision + 1:
            self.history.revision = revision

    def _warn(self, topic: str, message: str) -> None:
        """Says something once."""
        if topic not in self._warned:
            self._warned.add(topic)
            logger.warning("%s", message)

    def _save_space(self) -> None:
        self._save(space=self.history.space.to_json(), declared=self._declared)

    def _save(self, **changed: Any) -> None:
        """Changes some of what the storage knows of the study."""
        self._take(self.storage.study(self.name).spec | changed)
        self.storage.update_study(self._id, self._spec)

    def _take(self, spec: Mapping[str, Any]) -> None:
        """Takes over what the storage knows of the study, but for its space."""
        self._spec = dict(spec)
        self.history.crash = self._spec.get("crash") == "infeasible"
