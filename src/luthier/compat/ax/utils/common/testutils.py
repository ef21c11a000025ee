"""The base of Ax's test cases."""

from __future__ import annotations

from unittest import TestCase

__all__ = ["TestCase"]
