"""Results with steps; here all results may have them."""

from __future__ import annotations

from .data import MAP_KEY, Data

MapData = Data

__all__ = ["MAP_KEY", "MapData"]
