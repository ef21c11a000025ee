"""Schedulers by Ray Tune's names, and what of luthier's each of them means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .... import schedulers
from ....errors import CompatError
from ....schedulers.base import Scheduler
from ...remarks import heed_others, refuse, warn_without_effect
from .errors import TuneError
from .explore import Members, TunePopulation
from .param_space import flatten, set_at
from .search.sample import Domain, choice, sample_from, uniform


class TrialScheduler:
    """Decides which trials stop early; subclasses may override what is called with results.

    Args:
        metric: Metric that is compared; None for that of the run.
        mode: "min" or "max".
        time_attr: Metric that counts how far a trial is.
    """

    CONTINUE = "CONTINUE"
    PAUSE = "PAUSE"
    STOP = "STOP"
    NOOP = "NOOP"

    metric: Any = None
    mode: Any = None
    time_attr = "training_iteration"
    max_t: float | None = None
    is_population = False
    needs_metric = True

    def _judge_by(self, time_attr: str, metric: str | None, mode: str | None) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f"mode is 'min' or 'max', got {mode!r}")
        self.time_attr = time_attr
        self.metric = metric
        self.mode = mode

    def make(self, members: Members, n_trials: int) -> Scheduler | None:
        """Return luthier's scheduler; None where none is needed.

        Args:
            members: The trials.
            n_trials: How many there will be.
        """
        return None

    def prepare(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return the space with what this scheduler adds to it."""
        return config

    def is_due(self, before: float, now: float) -> bool:
        """Whether a class is to write a checkpoint, from which it may go on.

        Args:
            before: Its last step, in `time_attr`.
            now: Its present step.
        """
        return False

    def set_search_properties(self, metric: Any, mode: Any, **_: Any) -> bool:
        """Take the run's metric, where this has none of its own."""
        self.metric = self.metric or metric
        self.mode = self.mode or mode
        return True

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """See a trial that begins."""

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """See a result; return CONTINUE or STOP."""
        return self.CONTINUE

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """See a trial that is over."""

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """See a trial that failed."""

    def debug_string(self) -> str:
        """Return it, as text."""
        return repr(self)


class FIFOScheduler(TrialScheduler):
    """Trains every trial to its end."""

    needs_metric = False


class AsyncHyperBandScheduler(TrialScheduler):
    """ASHA: stops a trial at a rung where too many others were better.

    Args:
        time_attr: Metric that counts how far a trial is.
        metric: Metric that is compared.
        mode: "min" or "max".
        max_t: Where trials end.
        grace_period: The first rung.
        reduction_factor: One in so many goes on.
        brackets: Without effect beyond 1: one bracket is best.
        stop_last_trials: Whether trials end at max_t.
    """

    def __init__(
        self,
        time_attr: str = "training_iteration",
        metric: str | None = None,
        mode: str | None = None,
        max_t: float = 100,
        grace_period: float = 1,
        reduction_factor: float = 4,
        brackets: int = 1,
        stop_last_trials: bool = True,
    ) -> None:
        self._judge_by(time_attr, metric, mode)
        if not 0 < grace_period <= max_t:
            raise ValueError(f"grace_period must be in (0, max_t={max_t!r}], got {grace_period!r}")
        if not reduction_factor > 1:
            raise ValueError(f"reduction_factor must be above 1, got {reduction_factor!r}")
        if brackets != 1:
            warn_without_effect("brackets of ray's ASHAScheduler", "there is one bracket.")
        self.max_t = max_t if stop_last_trials else None
        self._rungs = (grace_period, max_t, reduction_factor)

    def make(self, members: Members, n_trials: int) -> Scheduler | None:
        grace, max_t, factor = self._rungs
        if grace >= max_t:
            return None
        return schedulers.ASHA(grace, max_t, factor, mode="stopping")


ASHAScheduler = AsyncHyperBandScheduler


class HyperBandScheduler(TrialScheduler):
    """Hyperband: brackets in which trials pause, and the best go on from their checkpoints.

    Args:
        time_attr: Metric that counts how far a trial is.
        metric: Metric that is compared.
        mode: "min" or "max".
        max_t: Where trials end.
        reduction_factor: One in so many goes on.
        stop_last_trials: Whether trials end at max_t.
    """

    def __init__(
        self,
        time_attr: str = "training_iteration",
        metric: str | None = None,
        mode: str | None = None,
        max_t: float = 81,
        reduction_factor: float = 3,
        stop_last_trials: bool = True,
    ) -> None:
        self._judge_by(time_attr, metric, mode)
        self.max_t = max_t if stop_last_trials else None
        self._settings = (1, max_t, reduction_factor)

    def make(self, members: Members, n_trials: int) -> Scheduler | None:
        return schedulers.Hyperband(*self._settings) if self._settings[1] > 1 else None

    def is_due(self, before: float, now: float) -> bool:
        _, rung, factor = self._settings
        while rung >= 1:
            if before < rung <= now:
                return True
            rung /= factor
        return False


class HyperBandForBOHB(HyperBandScheduler):
    """Hyperband, beside the searcher `TuneBOHB`."""


class MedianStoppingRule(TrialScheduler):
    """Stops a trial whose best result is worse than the median of the others' averages.

    Args:
        time_attr: Metric that counts how far a trial is.
        metric: Metric that is compared.
        mode: "min" or "max".
        grace_period: How far no trial is stopped.
        min_samples_required: How many others there must be.
        min_time_slice: Without effect: a trial that is stopped is over.
        hard_stop: False, a pause, has no equivalent.
    """

    def __init__(
        self,
        time_attr: str = "time_total_s",
        metric: str | None = None,
        mode: str | None = None,
        grace_period: float = 60.0,
        min_samples_required: int = 3,
        min_time_slice: int = 0,
        hard_stop: bool = True,
    ) -> None:
        self._judge_by(time_attr, metric, mode)
        if not hard_stop:
            raise refuse("MedianStoppingRule(hard_stop=False)", "A trial that is worse is over.")
        if min_time_slice:
            warn_without_effect("min_time_slice of ray's MedianStoppingRule", "it never pauses.")
        self._settings = (grace_period, max(1, min_samples_required))

    def make(self, members: Members, n_trials: int) -> Scheduler | None:
        grace, n_min = self._settings
        return schedulers.Median(0, grace, 1, n_min, average=True)


class _Population(TrialScheduler):
    """What judges trials, and writes checkpoints of classes, at intervals."""

    is_population = True
    interval: float

    def is_due(self, before: float, now: float) -> bool:
        return now // self.interval > before // self.interval


def _heed_require_attrs(require_attrs: bool) -> None:
    if not require_attrs:
        warn_without_effect("require_attrs of ray's populations", "results need time_attr.")


class PopulationBasedTraining(_Population):
    """PBT: the worst trials go on from checkpoints of the best, with configurations near theirs.

    Args:
        time_attr: Metric that counts how far a trial is.
        metric: Metric that is compared.
        mode: "min" or "max".
        perturbation_interval: How often a trial is judged, in `time_attr`.
        burn_in_period: How far no trial is judged.
        hyperparam_mutations: Name to a list, a domain, a function, or a dict of these.
        quantile_fraction: Share of the trials that is replaced.
        resample_probability: With which a value is drawn anew.
        perturbation_factors: Numbers are multiplied by one of these.
        custom_explore_fn: Changes a new configuration, and returns it.
        log_config: Whether policies are written to the folder of the run.
        require_attrs: Without effect: results always have `time_attr`, or the trial fails.
        synch: Whether all wait for the last.
    """

    def __init__(
        self,
        time_attr: str = "time_total_s",
        metric: str | None = None,
        mode: str | None = None,
        perturbation_interval: float = 60.0,
        burn_in_period: float = 0.0,
        hyperparam_mutations: Mapping[str, Any] | None = None,
        quantile_fraction: float = 0.25,
        resample_probability: float = 0.25,
        perturbation_factors: Sequence[float] = (1.2, 0.8),
        custom_explore_fn: Any = None,
        log_config: bool = True,
        require_attrs: bool = True,
        synch: bool = False,
    ) -> None:
        self._judge_by(time_attr, metric, mode)
        if not hyperparam_mutations and custom_explore_fn is None:
            raise TuneError("PBT needs hyperparam_mutations or custom_explore_fn")
        _heed_require_attrs(require_attrs)
        self.mutations = dict(hyperparam_mutations or {})
        _check_mutations(self.mutations)
        if not 0 < quantile_fraction <= 0.5:
            raise ValueError(f"quantile_fraction must be in (0, 0.5], got {quantile_fraction!r}")
        if not perturbation_interval > 0:
            raise ValueError(
                f"perturbation_interval must be above 0, got {perturbation_interval!r}"
            )
        self.interval = perturbation_interval
        self.burn_in = burn_in_period
        self.custom = custom_explore_fn
        self.log_config = log_config
        self._population = {
            "interval": perturbation_interval,
            "quantile": quantile_fraction,
            "resample_probability": resample_probability,
            "factors": tuple(perturbation_factors),
            "synchronous": synch,
        }

    def make(self, members: Members, n_trials: int) -> Scheduler | None:
        if n_trials < 2:
            return None
        if not self.log_config:
            members.folder = None
        return TunePopulation(
            members,
            self.mutations,
            self.custom,
            self.burn_in,
            population_size=n_trials,
            **self._population,
        )

    def prepare(self, config: dict[str, Any]) -> dict[str, Any]:
        return _add_mutated(config, self.mutations)


def _check_mutations(mutations: Mapping[str, Any]) -> None:
    for name, mutation in mutations.items():
        if isinstance(mutation, Mapping):
            _check_mutations(mutation)
        elif not (isinstance(mutation, Domain | list | tuple | range) or callable(mutation)):
            raise TypeError(
                f"hyperparam_mutations[{name!r}] is a list, a domain such as tune.uniform(0, 1), "
                f"or a function, got {mutation!r}"
            )


def _add_mutated(config: dict[str, Any], mutations: Mapping[str, Any]) -> dict[str, Any]:
    """Return a space in which what may be varied is a parameter, constants included."""
    new = dict(config)
    for name, mutation in mutations.items():
        if isinstance(mutation, Mapping):
            new[name] = _add_mutated(dict(new.get(name) or {}), mutation)
        elif name not in new:
            new[name] = _domain_of(mutation)
        elif not isinstance(new[name], Domain | Mapping):
            new[name] = choice([new[name]])
    return new


def _domain_of(mutation: Any) -> Domain:
    if isinstance(mutation, Domain):
        return mutation
    return sample_from(lambda _: mutation()) if callable(mutation) else choice(list(mutation))


class PB2(_Population):
    """PB2: as PBT, with configurations that a Gaussian process chooses between bounds.

    Args:
        time_attr: Metric that counts how far a trial is.
        metric: Metric that is compared.
        mode: "min" or "max".
        perturbation_interval: How often a trial is judged, in `time_attr`.
        hyperparam_bounds: Name to [lowest, highest], or a dict of these.
        quantile_fraction: Share of the trials that is replaced.
        log_config: The same whatever it is: the params are in the results.
        require_attrs: Without effect: results always have `time_attr`, or the trial fails.
        synch: Whether all wait for the last.
        custom_explore_fn: None.
    """

    def __init__(
        self,
        time_attr: str = "time_total_s",
        metric: str | None = None,
        mode: str | None = None,
        perturbation_interval: float = 60.0,
        hyperparam_bounds: Mapping[str, Any] | None = None,
        quantile_fraction: float = 0.25,
        log_config: bool = True,
        require_attrs: bool = True,
        synch: bool = False,
        custom_explore_fn: Any = None,
    ) -> None:
        self._judge_by(time_attr, metric, mode)
        if not hyperparam_bounds:
            raise TuneError("PB2 needs hyperparam_bounds, such as {'lr': [1e-4, 1e-1]}")
        if custom_explore_fn is not None:
            raise refuse("PB2(custom_explore_fn=)", "PopulationBasedTraining has it.")
        _heed_require_attrs(require_attrs)
        self.bounds = {k: (float(v[0]), float(v[1])) for k, v in flatten(hyperparam_bounds).items()}
        self.interval = perturbation_interval
        self._quantile = quantile_fraction
        self._synch = synch

    def make(self, members: Members, n_trials: int) -> Scheduler | None:
        if n_trials < 2:
            return None
        return schedulers.PB2(
            n_trials,
            self.interval,
            quantile=self._quantile,
            synchronous=self._synch,
            mutate=list(self.bounds),
        )

    def prepare(self, config: dict[str, Any]) -> dict[str, Any]:
        new = dict(config)
        for path, (low, high) in self.bounds.items():
            set_at(new, path, uniform(low, high))
        return new


class PopulationBasedTrainingReplay(TrialScheduler):
    """Trains one trial with the configurations that PBT came to, from a file of its policy.

    Args:
        policy_file: `pbt_policy_<trial>.txt`.

    Raises:
        CompatError: The file has no policy.
    """

    is_population = True
    needs_metric = False

    def __init__(self, policy_file: str) -> None:
        lines = Path(policy_file).expanduser().read_text().splitlines()
        try:
            steps = [json.loads(line) for line in lines if line.strip()]
            self.config: dict[str, Any] = steps[0][4]
            self._schedule = {0: flatten(self.config)}
            self._schedule |= {step[3]: flatten(step[5]) for step in steps}
        except (ValueError, IndexError, KeyError, TypeError) as e:
            raise CompatError(f"{policy_file!r} has no policy of PBT: {e}") from e

    def make(self, members: Members, n_trials: int) -> Scheduler | None:
        if n_trials != 1:
            raise CompatError(f"PopulationBasedTrainingReplay trains one trial, got {n_trials}")
        return schedulers.Replay(self._schedule)

    def is_due(self, before: float, now: float) -> bool:
        return any(before < step <= now for step in self._schedule)

    def prepare(self, config: dict[str, Any]) -> dict[str, Any]:
        return {**config, **self.config}


class ResourceChangingScheduler(TrialScheduler):
    """Another scheduler; that resources change has no effect: a trial keeps its own.

    Args:
        base_scheduler: The other; None for `FIFOScheduler`.
        resources_allocation_function: Without effect.
        others: Without effect.
    """

    def __new__(
        cls,
        base_scheduler: TrialScheduler | None = None,
        resources_allocation_function: Any = None,
        **others: Any,
    ) -> Any:
        """Return the other scheduler."""
        why = "a trial keeps its resources: with_resources."
        heed_others("ray's ResourceChangingScheduler", others, {"reallocate_interval": why})
        warn_without_effect("ray's ResourceChangingScheduler", why)
        return FIFOScheduler() if base_scheduler is None else base_scheduler


_NAMES = {
    "fifo": FIFOScheduler,
    "async_hyperband": AsyncHyperBandScheduler,
    "asynchyperband": AsyncHyperBandScheduler,
    "asha": AsyncHyperBandScheduler,
    "median_stopping_rule": MedianStoppingRule,
    "medianstopping": MedianStoppingRule,
    "hyperband": HyperBandScheduler,
    "hb_bohb": HyperBandForBOHB,
    "pbt": PopulationBasedTraining,
    "pbt_replay": PopulationBasedTrainingReplay,
    "pb2": PB2,
    "resource_changing": ResourceChangingScheduler,
}


def create_scheduler(scheduler: str, **kwargs: Any) -> Any:
    """Return a scheduler by its name.

    Raises:
        ValueError: There is none of the name.
    """
    kind: Any = _NAMES.get(scheduler.lower())
    if kind is None:
        raise ValueError(f"a scheduler is one of {sorted(_NAMES)}, got {scheduler!r}")
    return kind(**kwargs)
