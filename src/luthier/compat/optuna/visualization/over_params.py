"""Figures along the parameters of a study: where values are good, and what matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ....numerics.pareto import is_non_dominated
from ....numerics.rank_tests import average_ranks
from ....typing import Array
from ..importance.base import BaseImportanceEvaluator
from ..importance.ranking import get_param_importances
from ..study.direction import StudyDirection
from ..trial.frozen import FrozenTrial
from ..trial.result_constraints import is_feasible
from ..trial.state import TrialState
from .picture import Panel, Picture, Series
from .shown_trials import (
    Target,
    check_target,
    choose_params,
    complete,
    describe,
    is_log,
    place,
)

if TYPE_CHECKING:
    from ..study.search import Study

Found = list[tuple[FrozenTrial, float]]


def _having(found: Found, *names: str) -> Found:
    return [(t, v) for t, v in found if all(name in t.params for name in names)]


def slices(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> Picture:
    """The values over each parameter.

    Args:
        study: The study.
        params: Names of parameters; None for all.
        target: What is shown of a trial; None for its value.
        target_name: Its name.

    Raises:
        ValueError: No trial has one of the parameters.
    """
    check_target([study], target, target_name)
    found = complete(study, target)
    panels: list[Panel] = []
    for name in choose_params([t for t, _ in found], params):
        own = _having(found, name)
        trials = [t for t, _ in own]
        series = Series(
            "markers",
            place(trials, name),
            [v for _, v in own],
            color=[t.number for t in trials],
            texts=[describe(t) for t in trials],
            scale_title="" if panels else "Trial",
        )
        panels.append(Panel([series], name, "" if panels else target_name, is_log(trials, name)))
    return Picture("Slice Plot", [panels or [Panel()]])


def _pairs(
    found: Found, params: list[str] | None, draw: Callable[[str, str, bool], Panel]
) -> list[list[Panel]]:
    """A panel for two parameters, or one for each pair of more.

    Raises:
        ValueError: No trial has one of the parameters.
    """
    names = choose_params([t for t, _ in found], params)
    if len(names) < 2:
        return [[Panel()]]
    if len(names) == 2:
        return [[draw(names[0], names[1], True)]]
    last = len(names) - 1
    rows = []
    for i, y in enumerate(names):
        row = []
        for j, x in enumerate(names):
            panel = Panel() if i == j else draw(x, y, (i, j) == (0, 1))
            panel.x_title = x if i == last else ""
            panel.y_title = y if j == 0 else ""
            row.append(panel)
        rows.append(row)
    return rows


def contour(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> Picture:
    """The value over each pair of parameters, as a surface.

    Args:
        study: The study.
        params: Names of parameters; None for all.
        target: What is shown of a trial; None for its value.
        target_name: Its name.

    Raises:
        ValueError: No trial has one of the parameters.
    """
    check_target([study], target, target_name)
    found = complete(study, target)

    def draw(x: str, y: str, is_first: bool) -> Panel:
        own = _having(found, x, y)
        trials = [t for t, _ in own]
        values = [v for _, v in own]
        at, up = place(trials, x), place(trials, y)
        title = target_name if is_first else ""
        surface = Series("surface", at, up, color=values, scale_title=title)
        texts = [describe(t) for t in trials]
        ok = [is_feasible(t.constraints) for t in trials]
        points = [
            Series(
                "markers",
                [v for v, good in zip(at, ok, strict=True) if good == kind],
                [v for v, good in zip(up, ok, strict=True) if good == kind],
                name,
                color,
                texts=[v for v, good in zip(texts, ok, strict=True) if good == kind],
            )
            for kind, name, color in ((True, "", "black"), (False, "Infeasible", "gray"))
            if kind in ok
        ]
        return Panel([surface, *points], x, y, is_log(trials, x), is_log(trials, y))

    return Picture("Contour Plot", _pairs(found, params, draw))


def rank(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> Picture:
    """The ranks of values over each pair of parameters.

    Args:
        study: The study.
        params: Names of parameters; None for all.
        target: What is shown of a trial; None for its value.
        target_name: Its name.

    Raises:
        ValueError: No trial has one of the parameters.
    """
    check_target([study], target, target_name)
    found = complete(study, target)
    order = average_ranks([v for _, v in found]) if found else np.empty(0)
    at_rank = {t.number: r for (t, _), r in zip(found, order, strict=True)}

    def draw(x: str, y: str, is_first: bool) -> Panel:
        trials = [t for t, _ in _having(found, x, y)]
        series = Series(
            "markers",
            place(trials, x),
            place(trials, y),
            color=[float(at_rank[t.number]) for t in trials],
            texts=[describe(t) for t in trials],
            scale_title="Rank" if is_first else "",
        )
        return Panel([series], x, y, is_log(trials, x), is_log(trials, y))

    return Picture(f"Rank ({target_name})", _pairs(found, params, draw))


def parallel_coordinate(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> Picture:
    """Each trial as a line through its value and its params.

    Args:
        study: The study.
        params: Names of parameters; None for all.
        target: What is shown of a trial; None for its value.
        target_name: Its name.

    Raises:
        ValueError: No trial has one of the parameters.
    """
    check_target([study], target, target_name)
    found = complete(study, target)
    names = choose_params([t for t, _ in found], params)
    found = _having(found, *names)
    if not found:
        return Picture("Parallel Coordinate Plot", [[Panel()]])
    trials = [t for t, _ in found]
    values = np.array([v for _, v in found])
    columns = [_spread(values)]
    for name in names:
        places = place(trials, name)
        if any(isinstance(p, str) for p in places):
            order = sorted(set(places))
            numbers = np.array([float(order.index(p)) for p in places])
        else:
            numbers = np.array(places, dtype=float)
            numbers = np.log(numbers) if is_log(trials, name) else numbers
        columns.append(_spread(numbers))
    lines = [
        Series("lines", list(range(len(columns))), [float(c[i]) for c in columns], "", float(v))
        for i, v in enumerate(values)
    ]
    scale = Series("markers", [0.0] * len(values), list(columns[0]), color=list(values))
    scale.scale_title = target_name
    ticks = (list(map(float, range(len(columns)))), [target_name, *names])
    panel = Panel([*lines, scale], x_ticks=ticks)
    return Picture("Parallel Coordinate Plot", [[panel]])


def _spread(values: Array) -> Array:
    """Values on [0, 1]."""
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low)) if high > low else np.full(len(values), 0.5)


def param_importances(
    study: Study,
    evaluator: BaseImportanceEvaluator | None = None,
    params: list[str] | None = None,
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> Picture:
    """How much parameters matter, for each objective.

    Args:
        study: The study.
        evaluator: The method; None for the default.
        params: Names of parameters; None for all.
        target: What matters of a trial; None for its values.
        target_name: Its name.
    """
    targets: list[tuple[str, Target | None]] = [(target_name, target)]
    if target is None and len(study.directions) > 1:
        named = study.metric_names or [f"Objective {i}" for i in range(len(study.directions))]
        targets = [(name, _value_at(i)) for i, name in enumerate(named)]
    has_trials = bool(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    series = []
    for name, one in targets if has_trials else ():
        found = get_param_importances(study, evaluator=evaluator, params=params, target=one)
        names = list(reversed(found))
        series.append(Series("bars", [found[n] for n in names], names, name))
    title = "Hyperparameter Importances"
    return Picture(title, [[Panel(series, "Hyperparameter Importance", "Hyperparameter")]])


def _value_at(i: int) -> Target:
    return lambda trial: float(trial.values[i])


def pareto_front(
    study: Study,
    *,
    target_names: list[str] | None = None,
    include_dominated_trials: bool = True,
    axis_order: list[int] | None = None,
    constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    targets: Callable[[FrozenTrial], Sequence[float]] | None = None,
) -> Picture:
    """The values of two or three objectives, with the trials that no other beats.

    Args:
        study: The study.
        target_names: Names of the objectives.
        include_dominated_trials: Whether other trials are shown.
        axis_order: Which objective is on which axis.
        constraints_func: Says of a trial how far it violates constraints.
        targets: What is shown of a trial; None for its values.

    Raises:
        ValueError: There are not two or three objectives, or names or axes do not fit them.
    """
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = {t.number: list(targets(t) if targets else t.values) for t in trials}
    m = len(values[trials[0].number]) if trials else len(study.directions)
    if m not in (2, 3):
        raise ValueError(f"`plot_pareto_front` function only supports 2 or 3 targets, got {m}.")
    names = target_names or study.metric_names or [f"Objective {i}" for i in range(m)]
    if len(names) != m:
        raise ValueError(f"The length of `target_names` is supposed to be {m}.")
    order = list(range(m)) if axis_order is None else axis_order
    if sorted(order) != list(range(m)):
        raise ValueError(f"`axis_order` is an order of 0 to {m - 1}, got {axis_order}.")

    def feasible(trial: FrozenTrial) -> bool:
        if constraints_func is not None:
            return all(v <= 0 for v in constraints_func(trial))
        return is_feasible(trial.constraints)

    kept = {t.number for t in trials if feasible(t)}
    good = [t for t in trials if t.number in kept]
    bad = [t for t in trials if t.number not in kept]
    best: set[int] = set()
    if good:
        signs = [-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in study.directions]
        losses = np.array([t.values for t in good]) * signs
        front = is_non_dominated(losses)
        best = {t.number for t, is_best in zip(good, front, strict=True) if is_best}
    groups: list[tuple[str, str, list[FrozenTrial]]] = []
    if include_dominated_trials:
        groups.append(("Infeasible Trial", "gray", bad))
        groups.append(("Trial", "blue", [t for t in good if t.number not in best]))
    groups.append(("Best Trial", "red", [t for t in good if t.number in best]))
    series = []
    for name, color, own in groups:
        axes: list[list[Any]] = [[values[t.number][k] for t in own] for k in order]
        texts = [describe(t) for t in own]
        one = Series("markers", axes[0], axes[1], name, color, texts=texts)
        if m == 3:
            one.start = axes[2]
        if own:
            series.append(one)
    titles = [names[k] for k in order]
    panel = Panel(series, titles[0], titles[1], z_title=titles[2] if m == 3 else None)
    return Picture("Pareto-front Plot", [[panel]])
