"""Curves of trials: what they reported on their way, and what they noted beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from ...history.history import History
from ...trial.record import State, TrialRow
from ...typing import Array

TAG = "curves"
"""The tag in which an objective may note curves that are no objective; see `Curve`."""

_FEWEST = 6  # reports of a curve


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """The course of one trial. `None` and NaN stand for what was not noted.

    The fields after `loss` come from the tag "curves": a dict that the objective sets with
    `trial.set_tag("curves", {...})`, with any of these names.

    Attributes:
        number: The trial.
        steps: (T,) the steps at which it reported.
        loss: (T,) the losses reported there, of the first objective.
        train: (T,) the training loss at each report, smaller is better.
        step_loss: The training loss at each step of the optimiser.
        gradient_norm: The norm of the gradient, now and then.
        clipped: The share of steps whose gradient was clipped.
        accuracy: (T,) the share of validation rows that are predicted rightly.
        steps_per_epoch: Steps of the optimiser until all data were seen once.
        baseline: The loss of a constant prediction, such as the entropy of the labels.
        majority: The share of the most frequent label.
        n_validation: Number of validation rows.
    """

    number: int
    steps: Array
    loss: Array
    train: Array | None = None
    step_loss: Array | None = None
    gradient_norm: Array | None = None
    accuracy: Array | None = None
    clipped: float = np.nan
    steps_per_epoch: float = np.nan
    baseline: float = np.nan
    majority: float = np.nan
    n_validation: float = np.nan

    @property
    def fall(self) -> float:
        """By how much the loss fell from the first report to the best; at least 0."""
        loss = self.loss[np.isfinite(self.loss)]
        return float(loss[0] - loss.min()) if len(loss) else 0.0


_SERIES = ("train", "step_loss", "gradient_norm", "accuracy")
_NUMBERS = ("clipped", "steps_per_epoch", "baseline", "majority", "n_validation")


def read_curves(history: History, rows: Mapping[int, TrialRow]) -> list[Curve]:
    """Return the curves of trials that are over and reported at least 6 times, by number.

    Reports of folds are no curve: see `TrialRow.n_folds`.
    """
    number, step, loss = history.report_number, history.report_step, history.report_loss
    order = np.lexsort((step, number))
    number, step, loss = number[order], step[order], loss[order]
    kept, begin, count = np.unique(number, return_index=True, return_counts=True)
    over = (history.state[kept] == State.COMPLETE) | (history.state[kept] == State.PRUNED)
    over &= history.n_folds[kept] == 0
    found = []
    for n, a, k in zip(
        kept[over].tolist(), begin[over].tolist(), count[over].tolist(), strict=True
    ):
        if k >= _FEWEST:
            noted = rows[n].tags.get(TAG) if n in rows else None
            more = _read_noted(noted) if isinstance(noted, dict) else {}
            found.append(Curve(number=n, steps=step[a : a + k], loss=loss[a : a + k], **more))
    return found


def _read_noted(noted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a curve that a tag has; what is no number is left out."""
    found: dict[str, Any] = {}
    for name in _SERIES:
        values = noted.get(name)
        if isinstance(values, list) and all(isinstance(v, int | float) for v in values):
            found[name] = np.array(values, dtype=np.float64)
    for name in _NUMBERS:
        value = noted.get(name)
        if isinstance(value, int | float):
            found[name] = float(value)
    return found
