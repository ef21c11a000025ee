"""Ax's names of methods."""

from __future__ import annotations

from ..adapter.factory import get_sobol

__all__ = ["get_sobol"]
