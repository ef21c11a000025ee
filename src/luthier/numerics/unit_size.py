"""Numbers of any size, made so that their squares neither overflow nor vanish."""

from __future__ import annotations

import numpy as np

from ..typing import Array


def to_unit_size(y: Array) -> tuple[Array, int]:
    """Return finite numbers (n,) divided by a power of two, and its exponent.

    The largest becomes 0.5 to 1. Beside those that are smaller by 300 decimals, nothing is rounded:
    `np.ldexp` with the exponent gives the numbers back.
    """
    exponent = int(np.frexp(np.abs(y).max(initial=0.0))[1])
    return np.ldexp(y, -exponent), exponent
