"""A transform of Ax, which can be named in settings; luthier's space has its own."""

from __future__ import annotations

from ...inside import refuse_names

__getattr__ = refuse_names(
    "ax.modelbridge.transforms.standardize_y", "luthier's space scales parameters."
)
