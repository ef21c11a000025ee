"""The trust region, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics.trust_region import box, box_length


@pytest.mark.parametrize(
    ("losses", "length"),
    [
        ([], 0.8),
        ([3, 2], 0.8),
        ([3, 2, 1], 1.6),
        ([6, 5, 4, 3, 2, 1], 1.6),  # no larger
        ([3, 2, 2, 1], 0.8),  # not in a row
        ([1, 2, 2, 2, 2], 0.4),
        ([1] + [2] * 8, 0.2),
        ([1] + [2] * 4 * 6, 0.0125),
        ([1] + [2] * 4 * 7, 0.8),  # anew
    ],
)
def test_length_by_hand(losses: list[float], length: float) -> None:
    assert box_length(np.array(losses, dtype=float), 4) == pytest.approx(length)


def test_it_halves_when_patience_ends() -> None:
    losses = np.array([1.0] + [2.0] * 29)
    assert box_length(losses, 30) == 0.8
    assert box_length(np.append(losses, 2.0), 30) == 0.4


def test_it_begins_anew_with_the_side_it_began_with() -> None:
    failures = np.array([1.0] + [2.0] * 16)
    assert box_length(failures[:1], 4, 0.1) == 0.1
    assert box_length(failures[:13], 4, 0.1) == pytest.approx(0.0125)
    assert box_length(failures, 4, 0.1) == 0.1


def test_sides_follow_the_lengthscales_and_stay_in_the_cube() -> None:
    low, high = box(np.array([0.5, 0.5, 0.05]), np.array([1.0, 4.0, 2.0]), 0.2)
    np.testing.assert_allclose(high - low, [0.1, 0.4, 0.15])
    np.testing.assert_allclose(low, [0.45, 0.3, 0.0])
