"""Ax's names of methods, and the samplers of luthier that stand for them."""

from __future__ import annotations

import enum

from .... import samplers
from ....errors import SamplerError
from ....samplers.base import Sampler
from ...remarks import refuse


class Generators(enum.Enum):
    """Methods under Ax's names of all versions; the value is the name that trials carry."""

    SOBOL = "Sobol"
    UNIFORM = "Uniform"
    FACTORIAL = "Factorial"
    BOTORCH_MODULAR = "BoTorch"
    BOTORCH = "BoTorch_old"
    GPEI = "GPEI"
    GPKG = "GPKG"
    GPMES = "GPMES"
    MOO = "MOO"
    MOO_MODULAR = "MOO_Modular"
    FULLYBAYESIAN = "FullyBayesian"
    FULLYBAYESIANMOO = "FullyBayesianMOO"
    SAASBO = "SAASBO"
    SAAS_MTGP = "SAAS_MTGP"
    ST_MTGP = "ST_MTGP"
    ST_MTGP_NEHVI = "ST_MTGP_NEHVI"
    THOMPSON = "Thompson"
    EMPIRICAL_BAYES_THOMPSON = "EB"
    EB_ASHR = "EB_Ashr"
    CONTEXT_SACBO = "Contextual_SACBO"

    @property
    def learns(self) -> bool:
        """Whether proposals depend on results."""
        return self.value not in ("Sobol", "Uniform", "Factorial")

    def make_sampler(self, n_objectives: int) -> Sampler:
        """Return the sampler of luthier that stands for the method.

        Args:
            n_objectives: Number of objectives.

        Raises:
            CompatError: The method transfers from other tasks.
        """
        if self.value in ("ST_MTGP", "ST_MTGP_NEHVI", "SAAS_MTGP", "Contextual_SACBO"):
            raise refuse(
                f"Ax's Generators.{self.name}, which learns from other tasks,",
                "Use Generators.BOTORCH_MODULAR, and attach the trials of the other task.",
            )
        if self.value == "Sobol":
            return samplers.QMC()
        if self.value == "Uniform":
            return samplers.Random()
        if self.value == "Factorial":
            return samplers.Grid()
        try:
            sampler: Sampler = samplers.GP(n_startup_trials=1)
            sampler.check_objectives(n_objectives)
        except SamplerError:
            return samplers.Auto()
        return sampler


Models = Generators
Cont_X_trans: list[type] = []  # Ax's transforms: luthier's space has its own
