"""Models on trials that they have not seen: each name says on use what to do instead."""

from __future__ import annotations

from ..inside import refuse_names

__getattr__ = refuse_names(
    "ax.adapter.cross_validation",
    "Use luthier.compat.ax.plot.by_luthier.draw(client.experiment, 'calibration').",
)
