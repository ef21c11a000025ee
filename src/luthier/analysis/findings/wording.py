"""Numbers and parameters in the sentences of findings."""

from __future__ import annotations

import msgspec

from ...space.distributions import Distribution, Float, Int

Numeric = Float | Int


def percent(share: float) -> str:
    """A share as text, such as "38 %"."""
    return f"{100 * share:.3g} %"


def count_in(n: int, total: int, what: str) -> str:
    """How many of all, such as "3 of 20 trials" and "all 20 trials"."""
    return f"all {total} {what}" if n == total else f"{n} of {total} {what}"


def count_best(n: int, total: int, what: str = "trials") -> str:
    """How many of the best, such as "3 of the best 5 trials" and "all of the best 5 trials"."""
    return f"{'all' if n == total else n} of the best {total} {what}"


def declare(name: str, dist: Distribution) -> str:
    """The entry of a space that declares a parameter."""
    return f"{name!r}: {dist!r}"


def with_range(dist: Numeric, low: float, high: float, scale: str | None = None) -> Numeric:
    """Return a distribution with other bounds, and perhaps another scale.

    A default or a prior that lies outside is left out.
    """
    if isinstance(dist, Int):
        low, high = round(low), round(high)
    changed: dict[str, object] = {"low": low, "high": high, "scale": scale or dist.scale}
    default = dist.default
    if default is not None and not low <= default <= high:
        changed["default"] = None
    if dist.prior is not None and not low <= dist.prior[0] <= high:
        changed["prior"] = None
    if scale == "log" and isinstance(dist, Float):
        changed["step"] = None
    return msgspec.structs.replace(dist, **changed)
