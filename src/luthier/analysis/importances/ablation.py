"""The ablation path: from where a search began to its best trial, one parameter at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import StudyError
from ...history.history import History
from ...models.additive_model import AdditiveModel
from ...numerics.unit_size import to_unit_size
from ...space.space import Space
from ...typing import Array
from ...validation import check_whole
from ..arguments import takes_history
from ..finished_trials import collect_finished
from ..model_quality import ModelQuality, count_needed, measure_quality

_MOST_TRIALS = 400


@dataclass(frozen=True, slots=True)
class AblationPath:
    """What each change on the way from a baseline to the best trial brings, as a model expects.

    Attributes:
        names: (k,) the parameters that change, in the order of the path: the best change first.
            Children of a gate change with it.
        values: (k + 1,) the expected values of the objective, from the baseline to the best.
        quality: How well the model predicts.
        note: Why there is no path, where there is none.
        baseline: Number of the trial at which it begins.
    """

    names: tuple[str, ...]
    values: Array
    quality: ModelQuality
    note: str = ""
    baseline: int = 0


@takes_history
def ablate(history: History, baseline: int | None = None) -> AblationPath:
    """Return the ablation path of a study with one objective.

    Args:
        history: The trials.
        baseline: Number of the trial at which the path begins; None for the first that has a
            finite value.

    Raises:
        StudyError: There are several objectives, or the baseline is no finished trial.

    Source: Fawcett & Hoos 2016; by a model: Biedenkapp 2017.
    """
    if len(history.directions) > 1:
        raise StudyError(f"an ablation path needs one objective, got {len(history.directions)}")
    if baseline is not None:
        check_whole("baseline", baseline, 0)
    finished = collect_finished(history)
    use = np.flatnonzero(np.isfinite(finished.losses[:, 0]))
    number, X = finished.number[use], finished.X[use]
    loss, exponent = to_unit_size(finished.losses[use, 0])
    space = history.space
    if len(use) < count_needed(space.d):
        quality = ModelQuality(0.0, 0.0, len(use), count_needed(space.d))
        return AblationPath((), np.empty(0), quality, quality.explain(), baseline or 0)
    baseline = int(number[0]) if baseline is None else baseline
    if baseline not in number:
        raise StudyError(f"the path begins at a finished trial, and trial {baseline} is none")
    start, end = int(np.flatnonzero(number == baseline)[0]), int(np.argmin(loss))

    fitted = np.unique(np.append(np.arange(len(use))[-_MOST_TRIALS:], [start, end]))
    model = AdditiveModel(space, X[fitted], loss[fitted])
    quality = measure_quality(*model.left_out(), n_needed=count_needed(space.d))
    if not quality.suffices:
        return AblationPath((), np.empty(0), quality, quality.explain(), baseline)
    before, after = model.predict(X[[start, end]])
    if after >= before:
        note = "the model does not expect the best trial to be better than the baseline"
        return AblationPath((), np.empty(0), quality, note, baseline)
    columns, losses = find_path(model, space, X[start], X[end])
    values = history.values_of(np.ldexp(losses, exponent))
    return AblationPath(tuple(space.names[j] for j in columns), values, quality, "", baseline)


def find_path(
    model: AdditiveModel, space: Space, start: Array, end: Array
) -> tuple[list[int], list[float]]:
    """Return the columns that change, the best change first, and the expected losses between.

    Args:
        model: Of the loss.
        space: Of the parameters.
        start: (d,) unit columns where the path begins.
        end: (d,) where it ends.
    """
    here = start.copy()
    columns: list[int] = []
    losses = [float(model.predict(here[None])[0])]
    left = [j for j in range(space.d) if here[j] != end[j] and not np.isnan(end[j])]
    while left:
        steps = np.array([_change(space, here, end, j) for j in left])
        expected = model.predict(steps)
        k = int(np.argmin(expected))
        here = steps[k]
        columns.append(left[k])
        losses.append(float(expected[k]))
        left = [j for j in left if j != columns[-1] and here[j] != end[j]]
    return columns, losses


def _change(space: Space, here: Array, end: Array, j: int) -> Array:
    """Return a point (d,) with parameter j from the end, and what is switched with it."""
    point = here.copy()
    point[j] = end[j]
    for _ in range(space.d):  # a gate may switch a gate
        on = space.active(point[None])[0]
        new = np.where(on, np.where(np.isnan(point), end, point), np.nan)
        if np.array_equal(new, point, equal_nan=True):
            break
        point = new
    return point
