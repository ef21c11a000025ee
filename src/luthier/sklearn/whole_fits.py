"""Candidates that are fitted with all of the resource, beside the trials of the search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sklearn import config_context, get_config

from .fold_fit import FitSettings, FoldFit, Splits
from .jobs import Jobs
from .measures import Measure, Params


class WholeFits(NamedTuple):
    """Fits with all of the resource, which run where those of the search do.

    Attributes:
        settings: What all fits of the search share.
        measure: How candidates are measured.
        jobs: Where.
    """

    settings: FitSettings
    measure: Measure
    jobs: Jobs

    def of(self, candidates: Sequence[Params], splits: Splits) -> list[list[FoldFit]]:
        """Return the fits of each candidate, fold by fold.

        Args:
            candidates: Params.
            splits: Pairs of row indices (train, test), the same for all.

        Raises:
            Exception: What an estimator raised, with error_score "raise".
        """
        settings = replace(self.settings, splits=splits, search=None, context=None)
        shared = _Shared(settings, self.measure, get_config())
        n = len(splits)
        tasks = [_Task(params, fold) for params in candidates for fold in range(n)]
        fits = self.jobs.run(_fit, shared, tasks)
        return [fits[i : i + n] for i in range(0, len(fits), n)]


class _Shared(NamedTuple):
    """What all fits need; `config` are scikit-learn's global settings, which each process has."""

    settings: FitSettings
    measure: Measure
    config: Mapping[str, Any]


class _Task(NamedTuple):
    params: Params
    fold: int


def _fit(shared: _Shared, task: _Task) -> FoldFit:
    with config_context(**shared.config):
        fit = shared.measure.fit_fully(shared.settings, task.params, task.fold)
    return replace(fit, exception=None)  # it may not be able to go to another process
