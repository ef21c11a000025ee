"""The result of `luthier.analysis.importance`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...terminal import escape_lines
from ...typing import Array, Mask
from ...wording import count_of
from ..model_quality import ModelQuality

_WIDEST = 40  # characters of the column of names; longer ones reach out of it


@dataclass(frozen=True, slots=True)
class Interaction:
    """What two parameters do together, beyond what each does alone.

    Attributes:
        names: The two parameters.
        value: Share of the variance. Of a Gaussian process, what the two do with others as well
            (Liu & Owen 2006), at least 0; of a forest, what they do as a pair.
    """

    names: tuple[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Importance:
    """How much each parameter matters, the most important first.

    Where nothing can be said, there are no names, and `note` says why.

    Attributes:
        method: What was used: "gp", "fanova", "ped", "local" or "shapley".
        index: What the values are. "total": the share of the variance of the loss, over the whole
            space, that is left when all other parameters are known (Sobol's total index; they may
            sum to more than 1). "first order": the share that the parameter explains alone.
            "separation": how differently the good trials and all trials are distributed.
            "local": the share of the variance around the best trial. "Shapley": a share that sums
            to 1 with those of the others.
        objective: Its name; None for all objectives together, by the front.
        names: (k,) the parameters.
        values: (k,) their importances.
        low: (k,) lower ends of intervals that hold the true values with probability `level`.
        high: (k,) upper ends; NaN, both, where the method has none.
        first_order: (k,) the shares that parameters explain alone; NaN where not estimated. Of a
            parameter that is not always active: where it is, times how often that is.
        p_value: (k,) probability of so large a separation of the good trials by chance, from
            permutations; `PedAnova` says how.
        important: (k,) whether a parameter is told from one without effect: its interval lies above
            a hundredth, or, without an interval, its p-value is at most 0.01.
        interactions: Of pairs of the 12 most important parameters, the largest first; where asked
            for.
        quality: How well the model behind it predicts; None where there is none.
        n: Number of trials that count. Of many, a Gaussian process learns from 400 at random, a
            forest from 5,000.
        left_out: Why other trials were not, and how many.
        level: Of the intervals.
        among: The share of the best trials below which losses differ; None for all.
        note: What else one must know, in words.
    """

    method: str
    index: str
    objective: str | None
    names: tuple[str, ...]
    values: Array
    low: Array
    high: Array
    first_order: Array
    p_value: Array
    important: Mask
    interactions: tuple[Interaction, ...]
    quality: ModelQuality | None
    n: int
    left_out: Mapping[str, int]
    level: float
    among: float | None
    note: str

    def __str__(self) -> str:
        lines = [f"importance ({self.method}, {self.index}), of {count_of(self.n, 'trial')}"]
        width = min(max(map(len, self.names), default=0), _WIDEST)
        for j, name in enumerate(self.names):
            line = f"  {name:{width}}  {self.values[j]:6.3f}"
            if self.low[j] == self.low[j]:  # there is an interval
                line += f"  ({self.low[j]:.3f} .. {self.high[j]:.3f})"
            line += "" if self.important[j] else "  may be without effect"
            lines.append(line)
        return escape_lines("\n".join([*lines, *([self.note] if self.note else [])]))
