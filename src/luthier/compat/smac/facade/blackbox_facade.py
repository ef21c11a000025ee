"""Few trials: a Gaussian process."""

from __future__ import annotations

from .... import samplers
from ....samplers.base import Sampler
from .abstract_facade import AbstractFacade


class BlackBoxFacade(AbstractFacade):
    """Few trials: a Gaussian process; see `AbstractFacade`."""

    def make_sampler(self) -> Sampler:
        return samplers.GP(n_startup_trials=1)
