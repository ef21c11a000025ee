"""The front, against the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from luthier.numerics.pareto import non_dominated


@given(arrays(np.float64, st.tuples(st.integers(0, 30), st.integers(1, 4)), elements=st.integers(0, 4).map(float)))
def test_the_front_is_what_nobody_dominates(losses: np.ndarray) -> None:
    dominated = [any((o <= row).all() and (o < row).any() for o in losses) for row in losses]
    assert non_dominated(losses).tolist() == [not d for d in dominated]
