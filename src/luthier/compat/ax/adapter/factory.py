"""Ax's factories of models: each name says on use what to do instead."""

from __future__ import annotations

from ..inside import refuse_names

__getattr__ = refuse_names("ax.adapter.factory", "Make a GenerationStrategy of steps.")
