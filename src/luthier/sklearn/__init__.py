"""Searches for scikit-learn: `SearchCV`, which stands where `RandomizedSearchCV` stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = ["SearchCV", "tune"]

if TYPE_CHECKING:
    from .search_cv import SearchCV as SearchCV
    from .tuning import tune as tune
else:
    __getattr__, __dir__ = attach(
        __name__,
        {"SearchCV": "search_cv", "tune": "tuning"},
        {"SearchCV": "sklearn", "tune": "sklearn"},
    )
