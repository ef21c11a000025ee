"""Numbers that people know keep their digits."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.space.exact_numbers import put_exactly, shorten


def test_what_is_exact_is_written_at_the_ends_alone() -> None:
    out = np.array([0.1, 0.2, 0.3, np.nan])
    put_exactly(out, (0.0, 1.0), np.array([5.0, 6.0, 7.0, np.nan]), (5.0, 7.0))
    assert out.tolist()[:3] == [0.0, 0.2, 1.0]
    assert np.isnan(out[3])
    put_exactly(0.5, (0.0, 1.0), 5.0, (5.0, 7.0))  # a single number is left to the caller


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (10.000000000000002, 10.0),
        (0.0010000000000000002, 0.001),
        (1e-150 * (1 + 3e-15), 1e-150),
        (1 / 3, 1 / 3),
        (0.0, 0.0),
        (1.7e308, 1.7e308),
    ],
)
def test_a_number_is_shortened_where_a_short_one_is_meant(number, short) -> None:
    assert shorten(number) == short
