"""Normal: a number without bounds, which is normally distributed, or whose logarithm is."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..errors import DistributionError
from ..typing import Array
from ..validation import show, to_plain_text
from .parameter import Number
from .steps import Steps

_REACH = 6.0  # standard deviations from the middle to the outermost proposals
_TAIL = 9.865876450377018e-10  # the share beyond them, on either side
_SHOWN = 4.0  # standard deviations that figures show
_MAX_STEPS = 2**53  # beyond it floats cannot hold every multiple
_NEAR = 1e-6  # of a step, within which a number is taken for a multiple


class Normal(Number, frozen=True, tag="normal"):
    """A real number without bounds: normally distributed, or with log=True its logarithm is.

    Where a `Float` says between which values the best one lies, a Normal says about where: two of
    three proposals of a random search lie within a standard deviation of the mean. Values lie on
    the unit interval by their share of the distribution, so every sampler can search it. Proposals
    lie within six standard deviations; any value may be enqueued or added.

    Args:
        mean: Where the middle is; with log=True the logarithm of the middle.
        std: The standard deviation, above 0; with log=True that of the logarithm.
        step: Only multiples of it; None for all real numbers. With log=True 0 is one of them.
        scale: "linear"; or "log", which may be written log=True: then values are positive.
        default: Where a search should start; None for the middle.
        when: Conditions; see `Float`.

    Raises:
        DistributionError: Mean or std is not finite, std or step not positive, the scale does not
            fit, there is a prior, or values would be beyond what floats can hold.

    Source: the CDF of the normal distribution. Deviation: proposals end at six standard deviations,
    beyond which lies a share of 2e-9.
    """

    mean: float
    std: float
    step: float | None = None
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        if not isinstance(self.scale, str) or self.scale not in ("linear", "log"):
            raise DistributionError(
                f"the scale of a Normal must be 'linear' or 'log', got {show(self.scale)}"
            )
        self._set("scale", to_plain_text(self.scale))
        for name in ("mean", "std") if self.step is None else ("mean", "std", "step"):
            number = float(self._number(name, getattr(self, name)))
            if not math.isfinite(number) or (name != "mean" and number <= 0):
                wanted = "finite" if name == "mean" else "finite and > 0"
                raise DistributionError(f"{name} of a Normal must be {wanted}, got {number!r}")
            self._set(name, number)
        self._check_reach()
        super().__post_init__()
        if self.default is not None:
            raw = self.raw(self._number("default", self.default))
            if not self.contains(raw):
                raise DistributionError(f"default {self.default!r} is not a value of {self!r}")
            self._set("default", self.value(raw))

    def _check_reach(self) -> None:
        """Refuse a distribution whose proposals, or their steps, are beyond floats."""
        ends = self._outermost
        measured = all(map(math.isfinite, ends)) and ends[0] < ends[1]
        if measured and self.step is not None:
            measured = max(map(abs, ends)) / self.step <= _MAX_STEPS
        if not measured:
            raise DistributionError(
                f"the values within six standard deviations of mean={self.mean!r} with "
                f"std={self.std!r}, scale={self.scale!r} and step={self.step!r} are beyond what "
                "floats can tell apart or hold; take another std, or wider steps"
            )

    def _normalise_prior(self, prior: Any) -> tuple[Any, ...]:
        raise DistributionError(
            "a Normal has no prior: its mean says where you believe the best value to be, and its "
            f"std how sure you are; got prior={show(prior)}"
        )

    @cached_property
    def _outermost(self) -> tuple[float, float]:
        """The ends of what is proposed, before steps."""
        return self._at_deviations(-_REACH), self._at_deviations(_REACH)

    def _at_deviations(self, z: float) -> float:
        """Return the value that is z standard deviations from the middle; infinity beyond floats.

        Args:
            z: Standard deviations, of either sign.
        """
        v = self.mean + z * self.std
        if self.scale == "linear":
            return v
        return math.exp(v) if v < 709 else math.inf

    @cached_property
    def _steps(self) -> Steps:
        """The multiples that are proposed. There must be a step."""
        step = self.step or 1.0
        first, last = (round(v / step) for v in self._outermost)
        return Steps(first * step if step % 1 else int(first * step), last * step, step)

    @property
    def low(self) -> float:
        """The smallest value that is proposed; there are smaller ones."""
        return self._outermost[0] if self.step is None else float(self._steps.at(0.0))

    @property
    def high(self) -> float:
        """The largest value that is proposed; there are larger ones."""
        return self._outermost[1] if self.step is None else self._steps.top

    @property
    def top(self) -> float:
        """The largest value that is proposed."""
        return self.high

    @property
    def shown(self) -> tuple[float, float]:
        """The ends of what figures show: four standard deviations to either side."""
        ends = self._at_deviations(-_SHOWN), self._at_deviations(_SHOWN)
        if self.step is None:
            return ends
        return float(self._steps.nearest(ends[0])), float(self._steps.nearest(ends[1]))

    @cached_property
    def n_values(self) -> int | None:
        """Number of values that are proposed; None without steps."""
        return None if self.step is None else self._steps.n

    def _has_one_value(self) -> bool:
        return self.n_values == 1

    def to_unit(self, raw: Any) -> Any:
        """Return the share of the distribution below values, on [0, 1]."""
        from scipy.special import ndtr  # where a space has a Normal alone

        v = raw
        if self.scale == "log":
            with np.errstate(divide="ignore"):  # 0 is a multiple of a step
                v = np.log(np.maximum(raw, 0.0))
        u = ndtr((v - self.mean) / self.std)
        return u if isinstance(raw, np.ndarray) else float(u)

    def from_unit(self, u: Any) -> Any:
        """Return the values below which shares of the distribution lie; the nearest multiples."""
        from scipy.special import ndtri  # where a space has a Normal alone

        v = self.mean + self.std * ndtri(np.minimum(np.maximum(u, _TAIL), 1 - _TAIL))
        if self.scale == "log":
            v = np.exp(v)
        v = v if isinstance(u, np.ndarray) else float(v)
        return v if self.step is None else self._steps.nearest(v)

    def _at(self, u: float) -> float:
        return float(self.from_unit(u))

    def values(self, i: Any) -> Any:
        """Return the multiples that are proposed, at indices from 0 on."""
        return self._steps.at(i)

    def cells(self, raw: Array) -> tuple[Array, Array]:
        """Return the ends of the part of [0, 1] that each multiple owns; the outer ones are 0, 1.

        Args:
            raw: (k,) multiples.
        """
        half = (self.step or 0) / 2
        low, high = self.to_unit(raw - half), self.to_unit(raw + half)
        return np.where(raw <= self.low, 0.0, low), np.where(raw >= self.high, 1.0, high)

    def contains(self, raw: Any) -> Any:
        """Return whether values are ones of the distribution, also where they are not proposed."""
        inside = np.isfinite(raw)
        if self.step is not None:
            off = np.abs(raw - self.step * np.rint(np.where(inside, raw, 0.0) / self.step))
            inside &= off <= np.maximum(_NEAR * self.step, 1e-15 * np.abs(raw))
        if self.scale == "log":
            inside &= raw > 0 if self.step is None else raw >= 0
        return inside if isinstance(raw, np.ndarray) else bool(inside)

    def _find(self, raw: float) -> float | None:
        if not self.contains(raw):
            return None
        if self.step is None or not self.low <= raw <= self.high:
            return raw
        return float(self._steps.nearest(raw))

    def value(self, raw: float) -> float:
        return float(raw)
