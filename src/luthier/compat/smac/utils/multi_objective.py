"""Several costs between 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence


def normalize_costs(
    values: Sequence[float], bounds: Sequence[tuple[float, float]] | None = None
) -> list[float]:
    """Return costs between 0 and 1; 1 where the bounds are equal.

    Args:
        values: One for each objective.
        bounds: The least and the greatest of each; None to leave them as they are.

    Raises:
        ValueError: There are not as many bounds as costs.
    """
    if bounds is None:
        return list(values)
    if len(values) != len(bounds):
        raise ValueError(f"expected {len(bounds)} costs, one for each bound, got {len(values)}")
    found = []
    for value, (low, high) in zip(values, bounds, strict=True):
        assert not isinstance(value, list), "a cost is a number"
        found.append((value - low) / (high - low) if high - low > 1e-10 else 1.0)
    return found
