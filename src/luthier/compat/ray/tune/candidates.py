"""The configurations of a run: luthier's study, what it is told at first, what it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .... import study as studies
from ....errors import CompatError
from ....samplers import Random
from ....trial.handle import Trial as Handle
from .explore import Members
from .param_space import ParamSpace, flatten, set_at
from .plan import Plan
from .search.expressions import ExpressionSpace, has_expression
from .search.sample import make_rng
from .search.searchers import BasicVariantGenerator, SamplerSearch
from .trial import TERMINATED, Trial


class Candidates:
    """The study of a run.

    Args:
        plan: What to run.
        members: What a population needs to know.

    Attributes:
        study: Luthier's study.
        scheduler: Luthier's scheduler; None without one.
        space: The space.
        n_trials: How many trials are to be run; None for no bound.
        given: Trials of an earlier run that are run on, by their numbers in this one.
    """

    def __init__(self, plan: Plan, members: Members) -> None:
        self._plan = plan
        self.given: dict[int, Trial] = {}
        searcher = plan.searcher
        own = searcher if isinstance(searcher, SamplerSearch) else None
        space = None if own is None else own.space
        self.space: ParamSpace | ExpressionSpace = (
            ExpressionSpace({**plan.config, **space})
            if space is not None and has_expression(space)
            else ParamSpace(plan.scheduler.prepare(plan.config))
        )
        self._define = None if own is None else own.define_by_run
        self._points = [] if own is None else list(own.points)
        self._rng = make_rng(getattr(searcher, "random_state", None))
        if plan.num_samples < 0 and self.space.grids:
            raise CompatError("num_samples=-1 has no end with a grid; say how many")
        n = plan.num_samples * self.space.n_combinations
        self.n_trials = None if plan.num_samples < 0 else n
        self.scheduler = plan.scheduler.make(members, max(n, 1))
        seed = None if own is None else own.seed
        self.study = studies.create_study(
            objectives=["minimize"] * max(1, len(plan.goal.metrics)),
            space=None if self._define else self.space.space,
            sampler=Random() if own is None else own.make_sampler(),
            scheduler=self.scheduler,
            seed=int(self._rng.integers(2**31)) if seed is None else abs(seed),
        )

    @property
    def learns(self) -> bool:
        """Whether the search learns from results."""
        return not isinstance(self._plan.searcher, BasicVariantGenerator)

    def enqueue(self) -> list[Trial]:
        """Add what is known before the search: earlier trials, given points, grids, draws.

        Returns:
            The earlier trials that stay as they are.
        """
        kept = self._enqueue_earlier()
        if self.n_trials is not None:
            self.n_trials -= len(kept)
        n_grid = self.space.n_combinations
        if self.n_trials is None or (self.learns and n_grid == 1 and self.space.space.d):
            for point in self._points:
                self.study.enqueue(self.space.to_params(point))
            return kept
        for i in range(max(self.n_trials - len(self.given), 0)):
            params = {} if self.learns else self.space.draw(self._rng)
            if i < len(self._points):
                params |= self.space.to_params(self._points[i])
            self.study.enqueue(params, tags={"combination": i % n_grid})
        return kept

    def _enqueue_earlier(self) -> list[Trial]:
        kept = []
        for trial in self._plan.before:
            params = self.space.to_params(trial.config)
            known = {k: v for k, v in params.items() if v is not None}
            if trial.trial_id in self._plan.again:
                self.given[self.study.enqueue(known)] = trial
                continue
            kept.append(trial)
            if self.learns and trial.results and trial.status == TERMINATED:
                losses = self._plan.goal.losses(trial.last_result)
                if losses:
                    self.study.add(known, losses)
        return kept

    def configure(self, handle: Handle, trial_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the configuration of a new trial, and those parts of it that were searched.

        Raises:
            CompatError: The user's searcher suggested none.
        """
        params = handle.params
        if self._define is not None:
            returned = self._define(handle) or {}
            config = {**self._plan.config, **handle.params, **returned}
            return config, dict(handle.params)
        config = self.space.build(params, int(handle.tags.get("combination", 0)))
        if isinstance(self.space, ExpressionSpace):
            return config, params
        searched = (*self.space.domains, *self.space.grids)
        if not isinstance(self._plan.searcher, SamplerSearch):
            suggested = self._plan.searcher.suggest(trial_id)
            if not isinstance(suggested, Mapping):
                raise CompatError(
                    f"{self._plan.searcher!r} suggested {suggested!r}, no configuration"
                )
            searched = tuple(flatten(suggested))
            for path, value in flatten(suggested).items():
                set_at(config, path, value)
        if self._plan.repeat > 1:
            repeat = self._repeat(handle, params)
            if self._plan.shows_repeat:
                config["__trial_index__"] = repeat
        flat = flatten(config)
        return config, {k: flat[k] for k in searched if k in flat}

    def _repeat(self, handle: Handle, params: Mapping[str, Any]) -> int:
        """Return which repeat of its configuration a trial is; the first one adds the others."""
        repeat = handle.tags.get("repeat")
        if repeat is None:
            for i in range(1, self._plan.repeat):
                self.study.enqueue(params, tags={"repeat": i})
        return int(repeat or 0)

    def change(self, config: dict[str, Any], params: Mapping[str, Any]) -> None:
        """Set params of a trial that goes on in its configuration."""
        for path, value in params.items():
            domain = self.space.domains.get(path)
            if "#" not in path:
                set_at(config, path, domain.finish(value) if domain else value)
