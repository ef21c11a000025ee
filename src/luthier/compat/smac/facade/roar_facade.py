"""The path of ROAR, a name of SMAC 1."""

from __future__ import annotations

from .older_names import refuse_class

ROAR = refuse_class("ROAR", "RandomFacade")
