"""Numbers of unit size are the same numbers, in another unit."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics.unit_size import to_unit_size


@pytest.mark.parametrize(
    "y",
    [[1e308, -1.7e308, 3e307], [5e-324, 0.0, -1e-310], [1.5, -0.1, 1e-3], [0.0, -0.0], [2.0], []],
)
def test_the_largest_is_near_one_and_the_exponent_leads_back(y) -> None:
    given = np.array(y)
    scaled, exponent = to_unit_size(given)
    if np.any(given):
        assert 0.5 <= np.abs(scaled).max() < 1
    np.testing.assert_array_equal(np.ldexp(scaled, exponent), given)
