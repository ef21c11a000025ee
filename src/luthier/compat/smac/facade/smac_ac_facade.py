"""The path of SMAC4AC, a name of SMAC 1."""

from __future__ import annotations

from .older_names import refuse_class

SMAC4AC = refuse_class("SMAC4AC", "AlgorithmConfigurationFacade")
