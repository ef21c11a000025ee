"""What numpy does about overflow and the like, in computations of ours."""

from __future__ import annotations

import numpy as np


def default_errstate() -> np.errstate:
    """Return a context in which numpy treats errors of floats as it does by default.

    A user's `np.seterr(all="raise")` is for the objective: a density that underflows to zero while
    a sampler computes is no error.
    """
    return np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
