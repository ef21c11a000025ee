"""The sampler of studies that name none: luthier's automatic choice."""

from __future__ import annotations

from ....samplers.auto import Auto
from .tpe import TPESampler


class DefaultSampler(TPESampler):
    """luthier's automatic choice of the method; see `luthier.samplers.Auto`.

    A `TPESampler`, as that is what code written for Optuna expects here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._luthier = Auto()
