"""The path of SMAC4BB, a name of SMAC 1."""

from __future__ import annotations

from .older_names import refuse_class

SMAC4BB = refuse_class("SMAC4BB", "BlackBoxFacade")
