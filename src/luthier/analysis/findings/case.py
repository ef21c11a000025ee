"""The case: what all findings look at, computed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from ...history.history import History
from ...numerics.pareto import fronts
from ...space.distributions import Distribution
from ...trial.record import State, TrialRow
from ...typing import Index
from .curves import Curve, read_curves

_LEAST_TOP = 5
_TOP_SHARE = 0.1
_LARGEST = 1e150


class Case:
    """A study that is diagnosed.

    Args:
        history: Its trials as columns.
        rows: Its trials as records, for errors and noted curves; empty where they are not known.
        n_widened: Parameter to how often its range has been widened.
        is_scheduled: Whether a scheduler may stop trials.

    Attributes:
        numbers: (k,) the trials that count: complete, feasible, no re-runs, with params of the
            present space, and losses of which differences can be measured: not beyond 1e150.
        X: (k, d) their unit columns, NaN where inactive.
        losses: (k, m) their losses.
        rank: (k,) what they are ranked by: the loss, or the front of several objectives.
    """

    def __init__(
        self,
        history: History,
        rows: Iterable[TrialRow] = (),
        n_widened: Mapping[str, int] | None = None,
        is_scheduled: bool = False,
    ) -> None:
        self.history = history
        self.space = history.space
        self.rows = {row.number: row for row in rows}
        self.n_widened = dict(n_widened or {})
        self.is_scheduled = is_scheduled

        losses = history.losses
        self.numbers = np.flatnonzero(
            history.eligible & history.fits & (np.abs(losses) <= _LARGEST).all(axis=1)
        )
        self.X = history.X[self.numbers]
        self.losses = losses[self.numbers]
        one = losses.shape[1] == 1
        self.rank = self.losses[:, 0] if one else fronts(self.losses).astype(np.float64)

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def order(self) -> Index:
        """(k,) positions of the trials, the best first; equals by number."""
        return np.argsort(self.rank, kind="stable")

    @cached_property
    def top(self) -> Index:
        """Positions of the best tenth, at least 5."""
        return self.order[: max(_LEAST_TOP, len(self) // 10, int(_TOP_SHARE * len(self)))]

    @cached_property
    def parameters(self) -> list[tuple[int, str, Distribution]]:
        """Column, name and distribution of each parameter."""
        return [(j, name, dist) for j, (name, dist) in enumerate(self.space.params.items())]

    @cached_property
    def spread(self) -> float:
        """The median loss minus the best, of the first objective; 0 without trials."""
        loss = self.losses[:, 0]
        return float(np.median(loss) - loss.min()) if len(loss) else 0.0

    @cached_property
    def repeats(self) -> list[Index]:
        """The numbers of complete trials of each configuration that ran more than once.

        Re-runs of `Study.confirm` are in it.
        """
        history = self.history
        loss = history.losses[:, 0]
        numbers = np.flatnonzero(
            (history.state == State.COMPLETE) & history.fits & (np.abs(loss) <= _LARGEST)
        )
        groups: dict[bytes, list[int]] = {}
        for number, key in zip(numbers.tolist(), self.space.keys(history.X[numbers]), strict=True):
            groups.setdefault(key, []).append(number)
        return [np.array(same) for same in groups.values() if len(same) > 1]

    @cached_property
    def curves(self) -> list[Curve]:
        """What trials reported on their way, those with at least a few reports."""
        return read_curves(self.history, self.rows)

    @cached_property
    def top_curves(self) -> list[Curve]:
        """The curves of the best tenth of the trials that have one, at least 5."""
        at = {curve.number: curve for curve in self.curves}
        found = [at[n] for n in self.numbers[self.order].tolist() if n in at]
        return found[: max(_LEAST_TOP, len(found) // 10)]

    @property
    def rng(self) -> np.random.Generator:
        """A source of randomness that is the same for the same study."""
        return np.random.default_rng([self.history.seed, 0xD1A6])
