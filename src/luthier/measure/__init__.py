"""Measurements for objectives and constraints.

Latency, size, memory and energy of a model or of its training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from .energy import Consumption, Energy, energy, total_consumption
from .latency import Latency, latency
from .memory import PeakMemory, peak_memory
from .size import model_size, n_parameters

__all__ = [
    "Consumption",
    "Energy",
    "Latency",
    "PeakMemory",
    "total_consumption",
    "energy",
    "latency",
    "model_size",
    "n_parameters",
    "peak_memory",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)
