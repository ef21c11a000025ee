"""Ax's adapters: each name says on use what to do instead."""

from __future__ import annotations

from ..inside import refuse_names

__getattr__ = refuse_names("ax.adapter.torch", "Use get_model_predictions of the client.")
