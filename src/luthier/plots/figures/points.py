"""Trials as dots: every one, or the best of them over a density."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...analysis.points import Density, Points, divide_values
from ...typing import Array, Index
from ...validation import show
from ...wording import count_of
from ..figure import Colour, Dots, Heat, Layer, PanelAxis, Shades
from ..frame import LARGEST
from ..ticks import format_number

_MAX_HOVER = 1_000
_MARGIN = 0.04  # of a range, at both ends
_HUGE = 1e200  # ratio of values beyond which a margin overflows
_FEW = 0.05  # share of values that may be beyond an end of the axis
_WIDE = 30.0  # ratio of quartiles from which a log axis shows more


def describe_points(
    points: Points,
    place: Callable[[Array], Array] = np.asarray,
    colour: Colour = "blue",
    label: str = "complete",
) -> list[Layer]:
    """Return trials as layers: the density below, then who is feasible, and hollow who is not.

    Args:
        points: The trials.
        place: Turns x values into those of the panel's axis.
        colour: Of those that are feasible.
        label: Of those that are feasible.
    """
    layers: list[Layer] = []
    each = points.density is None  # and so each says something
    if points.density is not None:
        layers.append(describe_density(points.density, place))
        label = f"best {len(points.number)}"
    for feasible in (True, False):
        of = points.feasible == feasible
        if of.any():
            layers.append(
                Dots(
                    x=place(points.x[of]),
                    y=points.value[of],
                    label=label if feasible else "infeasible",
                    colour=colour if feasible else "red",
                    hollow=not feasible,
                    hover=name_trials(points.number[of], points.value[of]) if each else (),
                    size=2.6 if len(points.number) > 200 else 3.4,
                )
            )
    return layers


def describe_density(density: Density, place: Callable[[Array], Array] = np.asarray) -> Heat:
    """Return the cells of a density, without those that are empty."""
    count = density.counts.T.astype(np.float64)
    count[count == 0] = np.nan
    return Heat(x_edges=place(density.x), y_edges=density.y, shade=count)


def shade_counts(densities: Sequence[Density | None]) -> Shades | None:
    """Return the colour bar of some densities; None where there is none."""
    most = max((int(d.counts.max()) for d in densities if d is not None), default=0)
    return Shades(label="trials", low=1.0, high=float(most), log=most > 20) if most else None


def find_best(points: Points, direction: str) -> int | None:
    """Return the position of the best feasible trial; None where there is none."""
    losses = -points.value if direction == "maximize" else points.value
    losses = np.where(points.feasible & ~np.isnan(losses), losses, np.inf)
    return int(np.argmin(losses)) if np.isfinite(losses).any() else None


def mark_best(points: Points, best: int, place: Callable[[Array], Array] = np.asarray) -> Dots:
    """Return a large dot over one trial."""
    at = np.array([best])
    return Dots(
        x=place(points.x[at]),
        y=points.value[at],
        label="best",
        colour="orange",
        size=5.0,
        hover=name_trials(points.number[at], points.value[at]),
    )


def gather_values(several: Sequence[Points]) -> Array:
    """Return the values of trials, or the edges of cells that stand for them; where most are."""
    most = max(several, key=lambda points: points.n)
    return most.value if most.density is None else most.density.y


def name_trials(number: Index, value: Array) -> tuple[str, ...]:
    """Return what dots say when they are pointed at; nothing where there are very many."""
    if len(number) > _MAX_HOVER:
        return ()
    pairs = zip(number.tolist(), value.tolist(), strict=True)
    return tuple(f"trial {i}: {format_number(v)}" for i, v in pairs)


def describe_values(
    values: Array,
    label: str,
    log: bool | None = None,
    complete: bool = False,
    again: Array | None = None,
) -> tuple[PanelAxis, tuple[str, ...]]:
    """Return the axis of values, and notes on those that it does not show.

    Values far beyond the others do not stretch it.

    Args:
        values: (k,) all that is drawn.
        label: What they are.
        log: Whether it is a log axis; None for where all are positive and the quartiles are more
            than a factor of 30 apart.
        complete: Whether it shows values far beyond the others too, as those of a line.
        again: Those of `values` that are drawn once more, and not counted twice.

    Raises:
        ValueError: No value is positive, and a log axis was asked for; or `log` is no such word.
    """
    if log is not None and not isinstance(log, bool | np.bool_):
        raise ValueError(f"log must be True, False or None, got {show(log)}")
    counted = values[np.abs(values) <= LARGEST]
    hidden = []
    if len(counted) < len(values):
        hidden.append(count_of(len(values) - len(counted), "infinite or huge value"))
    drawn = values if again is None else np.concatenate([values, again])
    finite = drawn[np.abs(drawn) <= LARGEST]
    if log is None:
        log = bool(len(finite)) and bool((finite > 0).all()) and _is_wide(finite)
    if log:
        if not (finite > 0).any():
            raise ValueError(f"log=True needs positive values, and no {label!r:.200} is positive")
        n_hidden = int((counted <= 0).sum())
        if n_hidden:
            hidden.append(f"{count_of(n_hidden, 'value')} <= 0, as the axis is logarithmic")
        low, high = float(finite[finite > 0].min()), float(finite.max())
        margin = (high / low) ** _MARGIN if high < _HUGE * low else 1.0
        axis = PanelAxis(label=label, scale="log", low=low / margin, high=high * margin)
    else:
        low, high = _find_ends(finite, complete)
        n_beyond = int(((counted < low) | (counted > high)).sum())
        if n_beyond:
            hidden.append(f"{count_of(n_beyond, 'value')} far beyond the others")
        margin = _MARGIN * (high - low)
        axis = PanelAxis(label=label, low=low - margin, high=high + margin)
    if not axis.high > axis.low:  # type: ignore[operator]  # one value: the frame makes room
        axis = PanelAxis(label=label, scale=axis.scale)
    return axis, (f"Not shown: {', '.join(hidden)}.",) if hidden else ()


def _find_ends(finite: Array, complete: bool) -> tuple[float, float]:
    """The ends of an axis, beyond which lie only few values, far away."""
    if not len(finite):
        return 0.0, 0.0
    if complete:
        return float(finite.min()), float(finite.max())
    edges = divide_values(finite)
    few, most = np.quantile(finite / 2, [_FEW, 1 - _FEW]) * 2  # halves cannot overflow
    return (
        float(max(finite.min(), min(edges[0], few))),
        float(min(finite.max(), max(edges[-1], most))),
    )


def _is_wide(values: Array) -> bool:
    """Whether the quartiles of positive values are far apart."""
    q1, q3 = np.quantile(values, [0.25, 0.75])
    return bool(q3 > _WIDE * q1)
