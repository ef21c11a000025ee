"""The path of SMAC4MF, a name of SMAC 1."""

from __future__ import annotations

from .older_names import refuse_class

SMAC4MF = refuse_class("SMAC4MF", "MultiFidelityFacade")
