"""A trial as the content of a version of a model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import RegistryError
from ..measure.energy import total_consumption
from ..numerics.stats import mean_interval
from ..passwords import hide_password
from ..registry import Registry
from ..registry.version import Content, Source, describe_code, describe_packages
from ..trial.record import State, TrialRow
from ..wording import count_of
from .engine import Engine

_LEVEL = 0.95  # of the intervals of confirmed values
_FEWEST = 3  # re-runs for an interval


def describe_version(
    engine: Engine,
    row: TrialRow,
    model: str,
    data: str | None,
    metrics: Mapping[str, float] | None,
    schema: Mapping[str, str] | None,
    parent: str | None,
) -> Content:
    """Return what determines the version of a model that a trial makes.

    Raises:
        RegistryError: The trial has no result, or a metric is not finite.
    """
    if row.state != State.COMPLETE or row.values is None:
        raise RegistryError(
            f"only a complete trial becomes a version; trial {row.number} is {row.state.name}"
        )
    for name, value in (metrics or {}).items():
        if not np.isfinite(value):
            raise RegistryError(f"metric {name!r} must be a finite number, got {value!r}")

    rows = engine.rows()
    counts = {state.name: sum(r.state == state for r in rows) for state in State}
    consumed = total_consumption(rows)
    return Content(
        model=model,
        params=row.params,
        objectives=dict(zip(engine.objectives, engine.directions, strict=True)),
        values=dict(zip(engine.objectives, row.values, strict=True)),
        intervals=_find_intervals(engine, row.number, rows),
        data=data,
        metrics={name: float(value) for name, value in (metrics or {}).items()},
        source=Source(
            study=engine.name,
            trial=row.number,
            storage=None if engine.storage.url is None else hide_password(engine.storage.url),
            space=engine.space.to_json(),
            seed=engine.seed,
            sampler=repr(engine.sampler),
            scheduler="" if engine.scheduler is None else repr(engine.scheduler),
            n_trials={state: n for state, n in counts.items() if n},
            energy_kwh=None if consumed is None else consumed.kwh,
        ),
        code=describe_code(),
        packages=describe_packages(),
        schema=dict(schema or {}),
        parent=parent,
    )


def explain_why(row: TrialRow, engine: Engine) -> str:
    """Return why a trial is registered, where nobody said so."""
    n = count_of(engine.history.n, "trial")
    return f"trial {row.number} of {n} of study {engine.name!r}"


def open_registry(registry: Registry | str) -> Registry:
    """Return a registry, opened where its URL is given."""
    return registry if isinstance(registry, Registry) else Registry(registry)


def _find_intervals(
    engine: Engine, number: int, rows: list[TrialRow]
) -> dict[str, tuple[float, float]]:
    """Interval of each objective's mean, from the re-runs of `Study.confirm`."""
    repeats = [r.values for r in rows if r.confirms == number and r.values is not None]
    if len(repeats) < _FEWEST:
        return {}
    columns = np.array(repeats).T
    return {
        name: mean_interval(column, _LEVEL)
        for name, column in zip(engine.objectives, columns, strict=True)
    }
