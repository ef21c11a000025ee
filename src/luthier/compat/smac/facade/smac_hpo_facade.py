"""The path of SMAC4HPO, a name of SMAC 1."""

from __future__ import annotations

from .older_names import refuse_class

SMAC4HPO = refuse_class("SMAC4HPO", "HyperparameterOptimizationFacade")
