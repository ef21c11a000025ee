"""Ax's names of methods, and the samplers of luthier that stand for them."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np

from .... import samplers
from ....errors import SamplerError
from ....history.history import History
from ....samplers.base import Sampler
from ....trial.record import State, TrialRow
from ...remarks import refuse, warn_without_effect
from ..core.arm import Arm
from ..core.experiment import Experiment
from ..core.generator_run import GeneratorRun
from ..core.search_space import SearchSpace
from ..history import propose


class Proposer:
    """Points by a method, one run after the other.

    Args:
        experiment: Has the space and the results; None of its trials is changed.
        sampler: What proposes.
        key: Ax's name of the method.
        seed: The same seed gives the same points.
    """

    def __init__(
        self, experiment: Experiment, sampler: Sampler, key: str, seed: int | None
    ) -> None:
        self._experiment = experiment
        self._sampler = sampler
        self._key = key
        self._seed = secrets.randbits(31) if seed is None else seed
        self._n_given = 0

    def gen(self, n: int = 1, **settings: Any) -> GeneratorRun:
        """Return n points; those of a method that learns are proposed from the results alone.

        Args:
            n: How many.
            **settings: Ax's settings of proposals, without effect.
        """
        _warn_of_settings("gen", settings)
        arms = []
        for _ in range(n):
            seed = [self._seed, self._n_given]
            self._n_given += 1
            arms.append(Arm(propose(self._experiment, self._sampler, {}, seed)))
        return GeneratorRun(arms, self._key)


class EvenPoints:
    """Points of a method that does not learn, one after the other.

    Args:
        search_space: The space.
        sampler: What proposes.
        key: Ax's name of the method.
        seed: The same seed gives the same points.
    """

    def __init__(
        self, search_space: SearchSpace, sampler: Sampler, key: str, seed: int | None = None
    ) -> None:
        self._search_space = search_space
        self._sampler = sampler
        self._key = key
        chosen = secrets.randbits(31) if seed is None else seed
        self._history = History(search_space.to_space({}), ["minimize"], seed=chosen)

    def gen(self, n: int = 1, **settings: Any) -> GeneratorRun:
        """Return n points that were not given before.

        Args:
            n: How many.
            **settings: Ax's settings of proposals, without effect.
        """
        _warn_of_settings("gen", settings)
        space, first = self._history.space, self._history.n
        rng = np.random.default_rng([self._history.seed, first])
        params = space.decode(self._sampler.sample(space, self._history, n, rng))
        self._history.put(
            TrialRow(number=first + i, state=State.RUNNING, params=p) for i, p in enumerate(params)
        )
        return GeneratorRun([Arm(self._search_space.complete(p)) for p in params], self._key)


def _warn_of_settings(where: str, settings: Mapping[str, Any]) -> None:
    for name in settings:
        warn_without_effect(
            f"{name} of {where} of Ax's generators", "luthier's sampler chooses it by itself."
        )


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

    def __call__(
        self,
        search_space: SearchSpace | None = None,
        *,
        experiment: Experiment | None = None,
        data: Any = None,
        seed: int | None = None,
        **settings: Any,
    ) -> EvenPoints | Proposer:
        """Return what gives points by this method.

        Args:
            search_space: The space; None for that of the experiment.
            experiment: Has the results; needed where the method learns.
            data: The same results, without effect.
            seed: The same seed gives the same points.
            **settings: Ax's settings of the method, without effect.

        Raises:
            ValueError: There is neither a space nor an experiment, or the method learns and there
                is no experiment.
        """
        if experiment is None and (search_space is None or self.learns):
            needed = "an experiment" if self.learns else "a search space or an experiment"
            raise ValueError(f"Generators.{self.name} needs {needed}: name it, experiment=...")
        _warn_of_settings(self.name, settings)
        if not self.learns:
            space = search_space if experiment is None else experiment.search_space
            assert space is not None
            return EvenPoints(space, self.make_sampler(1), str(self.value), seed)
        assert experiment is not None
        if experiment.optimization_config is None:
            raise ValueError(f"Generators.{self.name} needs an experiment with an objective")
        n_objectives = len(experiment.optimization_config.objective.sums)
        return Proposer(experiment, self.make_sampler(n_objectives), str(self.value), seed)

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
