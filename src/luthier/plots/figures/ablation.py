"""Which change on the way to the best trial brought what."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.importances.ablation import AblationPath, ablate
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Bars, Dots, Figure, Layer, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from ..texts import clean_text
from ..ticks import format_number
from .names import OTHER_ARGUMENTS

_MAX_BARS = 30
_BAR_HEIGHT = 26.0  # pixels


@explain_arguments(OTHER_ARGUMENTS)
def ablation(
    study: Source,
    *,
    baseline: int | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot what each change on the way from a trial to the best one brings, by a model.

    Args:
        study: A study of one objective, or its history.
        baseline: Number of the trial at which the way begins; None for the first with a value.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        StudyError: There are several objectives, or the baseline is no finished trial.
    """
    with open_source(study) as trials:
        path = ablate(trials.history, baseline)
        objective, direction = trials.history.objectives[0], trials.history.directions[0]
    return draw(describe_ablation(path, objective, direction), backend, theme)


def describe_ablation(path: AblationPath, objective: str, direction: str) -> Figure:
    """Return the figure of a way: a bar for each change, from the value before to that after.

    Where there is no way it holds no bars, and says why.

    Args:
        path: The way.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
    """
    title = f"From trial {path.baseline} to the best {objective} ({direction})"
    if not path.names:
        return Figure(title=title, notes=(path.note or "The best trial changes no parameter.",))
    k = min(_MAX_BARS, len(path.names))
    before, after = path.values[:-1], path.values[1:]
    better = after < before if direction == "minimize" else after > before
    layers: list[Layer] = []
    for of, label, colour in ((better, "better", "green"), (~better, "worse", "red")):
        at = np.flatnonzero(of[:k])
        if len(at):
            layers.append(
                Bars(
                    at=np.asarray(at + 1.0),
                    start=np.minimum(before, after)[at],
                    end=np.maximum(before, after)[at],
                    horizontal=True,
                    colour=colour,  # type: ignore[arg-type]
                    label=label,
                    hover=tuple(_say_change(path, i) for i in at.tolist()),
                )
            )
    ends = np.array([0.0, k + 1.0])
    layers.append(Dots(x=path.values[[0, -1]], y=ends, colour="ink", size=4.5))
    notes = [
        "Expected by a model that predicts trials it has not seen: R2 "
        f"{path.quality.r2:.2f}, ranks {path.quality.rank_correlation:.2f}."
    ]
    if k < len(path.names):
        notes.insert(0, f"The first {k} of {len(path.names):,} changes.")
    low, high = float(path.values.min()), float(path.values.max())
    margin = 0.04 * (high - low)
    panel = Panel(
        layers=tuple(layers),
        x=PanelAxis(label=f"expected {objective}", low=low - margin, high=high + margin),
        y=PanelAxis(
            scale="category",
            categories=(f"trial {path.baseline}", *path.names[:k], "best trial"),
            reverse=True,
        ),
    )
    height = 30.0 + _BAR_HEIGHT * (k + 2)
    return Figure(title=title, panels=(panel,), notes=tuple(notes), height=height)


def _say_change(path: AblationPath, i: int) -> str:
    """What a bar says when it is pointed at."""
    before, after = (format_number(value, 4) for value in path.values[i : i + 2].tolist())
    return f"{clean_text(path.names[i], 80)}: {before} to {after}"
