"""A study: one search."""

from __future__ import annotations

import contextlib
import copy
import math
import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from ...remarks import refuse_part, refuse_space
from ..distributions import BaseDistribution, without_old_name
from ..exceptions import UpdateFinishedTrialError
from ..logging import get_logger
from ..marks import deprecated_func, experimental_func, warn
from ..pruners.base import BasePruner
from ..pruners.percentile import MedianPruner
from ..samplers.base import BaseSampler
from ..samplers.default import DefaultSampler
from ..storages.base import BaseStorage
from ..storages.heartbeat import is_heartbeat_enabled
from ..storages.opening import get_storage
from ..trial.frozen import FrozenTrial, create_trial
from ..trial.live import Trial
from ..trial.result_constraints import is_feasible
from ..trial.state import TrialState
from .direction import StudyDirection
from .frame import make_frame
from .pareto import find_front
from .running import Callbacks, Objective, run
from .shape import StudyLike
from .telling import end_trial, find_told

if TYPE_CHECKING:
    import pandas as pd

_logger = get_logger("optuna.study")

METRIC_NAMES_KEY = "study:metric_names"
_FRAME = (
    "number",
    "value",
    "datetime_start",
    "datetime_complete",
    "duration",
    "params",
    "user_attrs",
    "system_attrs",
    "state",
)


class Study:
    """One search, made by `create_study` and `load_study`.

    Args:
        study_name: Its name in the storage.
        storage: A URL or a storage.
        sampler: What to try next; None for luthier's automatic choice.
        pruner: When trials end early; None for `MedianPruner`.
    """

    def __init__(
        self,
        study_name: str,
        storage: str | BaseStorage,
        sampler: BaseSampler | None = None,
        pruner: BasePruner | None = None,
    ) -> None:
        refuse_others(sampler, pruner, storage)
        self.study_name = study_name
        self.storage = get_storage(storage)
        self.study_id = self.storage.get_study_id_from_name(study_name)
        self._directions = self.storage.get_study_directions(self.study_id)
        self.sampler = sampler or DefaultSampler()
        self.pruner = pruner or MedianPruner()
        self.is_stopped = False
        self._here = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_here"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._here = threading.local()

    @property
    def _storage(self) -> BaseStorage:
        return self.storage

    @_storage.setter
    def _storage(self, storage: BaseStorage) -> None:
        self.storage = storage

    @property
    def _study_id(self) -> int:
        return self.study_id

    # -- what it is -----------------------------------------------------------------------------

    @property
    def direction(self) -> StudyDirection:
        """The direction, where there is one objective.

        Raises:
            RuntimeError: There are several.
        """
        if self._is_multi_objective():
            raise RuntimeError(
                "A single direction cannot be retrieved from a multi-objective study. Consider "
                "using Study.directions to retrieve a list containing all directions."
            )
        return self.directions[0]

    @property
    def directions(self) -> list[StudyDirection]:
        """The directions of all objectives."""
        return self._directions

    def _is_multi_objective(self) -> bool:
        return len(self.directions) > 1

    @property
    def user_attrs(self) -> dict[str, Any]:
        """What the user has noted."""
        return copy.deepcopy(self.storage.get_study_user_attrs(self.study_id))

    @property
    @deprecated_func("3.1.0", "5.0.0")
    def system_attrs(self) -> dict[str, Any]:
        """What the machinery has noted."""
        return copy.deepcopy(self.storage.get_study_system_attrs(self.study_id))

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something about the study."""
        self.storage.set_study_user_attr(self.study_id, key, value)

    @deprecated_func("3.1.0", "5.0.0")
    def set_system_attr(self, key: str, value: Any) -> None:
        """Note something of the machinery."""
        self.storage.set_study_system_attr(self.study_id, key, value)

    @property
    def metric_names(self) -> list[str] | None:
        """The names of the objectives; None where they have none."""
        names: list[str] | None = self.storage.get_study_system_attrs(self.study_id).get(
            METRIC_NAMES_KEY
        )
        return names

    @experimental_func("3.2.0")
    def set_metric_names(self, metric_names: list[str]) -> None:
        """Name the objectives.

        Raises:
            ValueError: There are not as many names as objectives.
        """
        if len(self.directions) != len(metric_names):
            raise ValueError("The number of objectives must match the length of the metric names.")
        self.storage.set_study_system_attr(self.study_id, METRIC_NAMES_KEY, metric_names)

    # -- results --------------------------------------------------------------------------------

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, by number."""
        return self.get_trials()

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return trials, by number.

        Args:
            deepcopy: Whether they may be changed.
            states: States that they have; None for all.
        """
        return self.storage.get_all_trials(self.study_id, deepcopy=deepcopy, states=states)

    def find_best(self) -> FrozenTrial:
        """Return the best feasible trial, not to be changed.

        Raises:
            RuntimeError: There are several objectives.
            ValueError: No trial is complete, or none feasible.
        """
        if self._is_multi_objective():
            raise RuntimeError(
                "A single best trial cannot be retrieved from a multi-objective study. Consider "
                "using Study.best_trials to retrieve a list containing the best trials."
            )
        best = self.storage.get_best_trial(self.study_id)
        if is_feasible(best.constraints):
            return best
        complete = self.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
        feasible = [t for t in complete if is_feasible(t.constraints)]
        if not feasible:
            raise ValueError("No feasible trials are completed yet.")
        choose = max if self.direction == StudyDirection.MAXIMIZE else min
        return choose(feasible, key=lambda t: t.values[0])

    @property
    def best_trial(self) -> FrozenTrial:
        """The best feasible trial, where there is one objective."""
        return copy.deepcopy(self.find_best())

    @property
    def best_params(self) -> dict[str, Any]:
        """The params of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The value of the best trial."""
        value: float = self.find_best().values[0]
        return value

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The feasible trials that no other beats in all objectives."""
        front = find_front(self.get_trials(deepcopy=False), self.directions)
        return copy.deepcopy(front)

    def trials_dataframe(
        self, attrs: tuple[str, ...] = _FRAME, multi_index: bool = False
    ) -> pd.DataFrame:
        """Return a table of pandas with a row for each trial.

        Args:
            attrs: Fields of a trial.
            multi_index: Whether columns have two levels.
        """
        return make_frame(self, attrs, multi_index)

    # -- running --------------------------------------------------------------------------------

    def optimize(
        self,
        func: Objective,
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: Iterable[type[Exception]] | type[Exception] = (),
        callbacks: Callbacks | None = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
    ) -> None:
        """Run trials of an objective.

        Args:
            func: Takes a trial, returns a number, or one for each objective.
            n_trials: How many trials; None for no bound.
            timeout: After how many seconds none is begun; None for no bound.
            n_jobs: How many run at the same time, in threads of this process; -1 for as many as
                there are cores.
            catch: Exceptions after which the study goes on.
            callbacks: Called with the study and each trial that has ended.
            gc_after_trial: Whether memory is collected after each trial.
            show_progress_bar: Whether a line on standard error says how far it is.

        Raises:
            RuntimeError: An objective of this study calls it.
            Exception: What the objective raised, unless `catch` names it.
        """
        kinds = tuple(catch) if isinstance(catch, Iterable) else (catch,)
        run(
            self,
            func,
            n_trials,
            timeout,
            n_jobs,
            kinds,
            callbacks,
            gc_after_trial,
            show_progress_bar,
        )

    @property
    def is_running_here(self) -> bool:
        """Whether this thread is inside of `optimize`."""
        return getattr(self._here, "is_running", False)

    @contextlib.contextmanager
    def running_here(self) -> Iterator[None]:
        """Mark this thread as inside of `optimize`."""
        self._here.is_running = True
        try:
            yield
        finally:
            self._here.is_running = False

    def stop(self) -> None:
        """Begin no further trial; to be called in an objective or a callback.

        Raises:
            RuntimeError: It was called elsewhere.
        """
        if not self.is_running_here:
            raise RuntimeError(
                "`Study.stop` is supposed to be invoked inside an objective function or a callback."
            )
        self.is_stopped = True

    def seen_for(self, trial: FrozenTrial) -> StudyLike:
        """The study as its pruner lets the sampler see it for a trial."""
        narrow = getattr(type(self.pruner), "narrow", BasePruner.narrow)
        if narrow is BasePruner.narrow:  # as nearly always
            return self
        return self.pruner.narrow(self, trial)

    def ask(self, fixed_distributions: dict[str, BaseDistribution] | None = None) -> Trial:
        """Begin a trial: one that waits, or a new one.

        Args:
            fixed_distributions: Parameters that are suggested at once.

        Raises:
            CompatError: One of them is in another library's words.
        """
        if not self.is_running_here and is_heartbeat_enabled(self.storage):
            warn("Heartbeat of storage is supposed to be used with Study.optimize.", stacklevel=2)
        fixed = {k: without_old_name(d) for k, d in (fixed_distributions or {}).items()}
        for distribution in fixed.values():
            refuse_space(distribution, "luthier.compat.optuna")
        trial_id = self._take_waiting()
        if trial_id is None:
            trial_id = self.storage.create_new_trial(self.study_id)
        trial = Trial(self, trial_id)
        for name, distribution in fixed.items():
            trial.suggest(name, distribution)
        return trial

    def _take_waiting(self) -> int | None:
        waiting = self.storage.get_all_trials(
            self.study_id, deepcopy=False, states=(TrialState.WAITING,)
        )
        for trial in waiting:
            with contextlib.suppress(UpdateFinishedTrialError):
                if self.storage.set_trial_state_values(trial.trial_id, state=TrialState.RUNNING):
                    _logger.debug(f"Trial {trial.number} popped from the trial queue.")
                    return trial.trial_id
        return None

    def tell(
        self,
        trial: Trial | int,
        values: float | Sequence[float] | None = None,
        state: TrialState | None = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """End a trial.

        Args:
            trial: From `ask`, or its number.
            values: Its value, or one for each objective.
            state: COMPLETE, PRUNED or FAIL; None for what the values say.
            skip_if_finished: Whether a trial that is over is left as it is.

        Raises:
            ValueError: The trial does not run, or the state and the values do not go together.
            TypeError: `trial` is neither a trial nor a number.
        """
        end_trial(self, trial, values, state, skip_if_finished)
        return copy.deepcopy(find_told(self, trial))

    def enqueue_trial(
        self,
        params: dict[str, Any],
        user_attrs: dict[str, Any] | None = None,
        skip_if_exists: bool = False,
    ) -> None:
        """Add a trial with these params, to be run before the sampler is asked.

        Args:
            params: Name to value.
            user_attrs: Notes.
            skip_if_exists: Whether nothing is added where a trial has these params already.

        Raises:
            TypeError: `params` is no dict.
        """
        if not isinstance(params, dict):
            raise TypeError("params must be a dictionary.")
        if skip_if_exists and self._has_params(params):
            _logger.info(f"Trial with params {params} already exists. Skipping enqueue.")
            return
        self.add_trial(
            create_trial(
                state=TrialState.WAITING,
                system_attrs={"fixed_params": params},
                user_attrs=user_attrs,
            )
        )

    def _has_params(self, params: dict[str, Any]) -> bool:
        for trial in self.get_trials(deepcopy=False):
            known = trial.system_attrs.get("fixed_params", trial.params)
            if known.keys() == params.keys() and all(
                _is_same(value, known[name]) for name, value in params.items()
            ):
                return True
        return False

    def add_trial(self, trial: FrozenTrial) -> None:
        """Add a trial that was run elsewhere, or one that waits.

        Raises:
            ValueError: Its fields do not go together, or its values are not one an objective.
            CompatError: It is a trial of another library, or of Optuna itself.
        """
        refuse_part("trial", trial, FrozenTrial, "luthier.compat.optuna")
        trial.validate()
        if trial.values is not None and len(self.directions) != len(trial.values):
            raise ValueError(
                f"The added trial has {len(trial.values)} values, which is different from the "
                f"number of objectives {len(self.directions)} in the study (determined by "
                "Study.directions)."
            )
        self.storage.create_new_trial(self.study_id, template_trial=trial)

    def add_trials(self, trials: Iterable[FrozenTrial]) -> None:
        """Add several trials: see `add_trial`."""
        for trial in trials:
            self.add_trial(trial)


def refuse_others(sampler: Any, pruner: Any, storage: Any) -> None:
    """Refuse parts of other libraries, of Optuna itself too, which do not fit into a study here.

    Raises:
        CompatError: One is.
    """
    refuse_part("sampler", sampler, BaseSampler, "luthier.compat.optuna")
    refuse_part("pruner", pruner, BasePruner, "luthier.compat.optuna")
    refuse_part("storage", storage, BaseStorage, "luthier.compat.optuna")


def _is_same(value: Any, known: Any) -> bool:
    if not isinstance(value, type(known)):
        return False
    if not isinstance(value, Real):
        return bool(value == known)
    a, b = float(value), float(known)
    return math.isclose(a, b, rel_tol=1e-5) or (math.isnan(a) and math.isnan(b))
