"""Array types that are used everywhere. `n` trials, `d` parameters, `m` objectives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Real numbers."""

Index = NDArray[np.int64]
"""Whole numbers: positions in another array, numbers of trials, counts."""

Mask = NDArray[np.bool_]
"""True or False, one for each element of another array."""
