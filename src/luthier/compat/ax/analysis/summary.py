"""The path of Summary."""

from __future__ import annotations

from .overview import Summary

__all__ = ["Summary"]
