"""Searches for scikit-learn: `SearchCV`, which stands where `RandomizedSearchCV` stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = ["SearchCV"]

if TYPE_CHECKING:
    from .search_cv import SearchCV as SearchCV
else:
    __getattr__, __dir__ = attach(__name__, {"SearchCV": "search_cv"}, {"SearchCV": "sklearn"})
