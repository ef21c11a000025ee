"""A searcher that is asked by the user, without a run: `suggest` and `on_trial_complete`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..... import study as studies
from .....samplers.base import Sampler
from .....trial.handle import Trial as Handle
from ..errors import SettingError
from ..goal import Goal
from ..param_space import ParamSpace
from .expressions import ExpressionSpace, has_expression


class AskedSearch:
    """A study of luthier's behind `Searcher.suggest`.

    Args:
        sampler: What to try next.
        config: The space.
        goal: What is compared.
        points: Configurations to try first.
        seed: Seed of the search; None for a new one.

    Raises:
        SettingError: There is nothing to search, or no metric.
    """

    def __init__(
        self, sampler: Sampler, config: Mapping[str, Any], goal: Goal, points: Any, seed: int | None
    ) -> None:
        self._space: ParamSpace | ExpressionSpace = (
            ExpressionSpace(config) if has_expression(config) else ParamSpace(config)
        )
        if not self._space.space.d or self._space.grids or not goal.metrics:
            raise SettingError(
                "suggest() needs a space with something to search and without grids, and a metric: "
                "pass them, or call set_search_properties(metric, mode, config)"
            )
        self._goal = goal
        self._study = studies.create_study(
            objectives=["minimize"] * len(goal.metrics),
            space=self._space.space,
            sampler=sampler,
            seed=seed,
        )
        self._handles: dict[str, Handle] = {}
        for point in points:
            self._study.enqueue(self._space.to_params(point))

    def suggest(self, trial_id: str) -> dict[str, Any]:
        """Return the configuration of a new trial."""
        handle = self._handles[trial_id] = self._study.ask()
        return self._space.build(handle.params)

    def complete(self, trial_id: str, result: Mapping[str, Any] | None, failed: bool) -> None:
        """Take in how a trial ended; of a trial that is not known here nothing."""
        handle = self._handles.pop(trial_id, None)
        if handle is None:
            return
        losses = None if failed or result is None else self._goal.losses(result)
        if losses is None:
            self._study.tell(handle, state="failed")
        else:
            self._study.tell(handle, losses)
