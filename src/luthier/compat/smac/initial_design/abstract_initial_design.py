"""The first configurations, before a model: by luthier's samplers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .... import samplers
from ....history.history import History
from ....samplers.base import Sampler
from ...remarks import warn_without_effect
from ..configurations import ConfigurationReader
from ..scenario import Scenario


class AbstractInitialDesign:
    """The first configurations, before a model.

    Args:
        scenario: The scenario.
        n_configs: How many; None to choose by the number of hyperparameters.
        n_configs_per_hyperparameter: How many for each hyperparameter.
        max_ratio: How many at most, as a share of all trials.
        additional_configs: Configurations that come after them.
        seed: Their seed.
    """

    origin = "Initial Design"

    def __init__(
        self,
        scenario: Scenario,
        n_configs: int | None = None,
        n_configs_per_hyperparameter: int | None = 10,
        max_ratio: float = 0.25,
        additional_configs: Sequence[Any] | None = None,
        seed: int | None = None,
    ) -> None:
        self.scenario = scenario
        self._additional_configs = self.additional_configs = list(additional_configs or ())
        self.seed = scenario.seed if seed is None else seed
        if n_configs is None:
            if n_configs_per_hyperparameter is None:
                raise ValueError("Need to provide n_configs or n_configs_per_hyperparameter.")
            n_configs = n_configs_per_hyperparameter * len(scenario.configspace)
        self.n_configs = int(max(1, min(n_configs, max_ratio * scenario.n_trials)))
        if n_configs == 0:
            self.n_configs = 0
        self._n_configs = self.n_configs
        total = self.n_configs + len(self.additional_configs)
        if total > scenario.n_trials:
            raise ValueError(
                f"Initial budget {total} cannot be higher than the number of trials "
                f"{scenario.n_trials}."
            )

    def make_sampler(self) -> Sampler:
        """Return what draws them."""
        raise NotImplementedError

    def select_configurations(self) -> list[Any]:
        """Return the configurations."""
        found: list[Any] = []
        if self.scenario.use_default_config:
            found.append(self.scenario.configspace.get_default_configuration())
            found[0].origin = "Initial Design: Default configuration"
        if self.n_configs:
            reader = ConfigurationReader(self.scenario.configspace)
            history = History(reader.space, ["minimize"], seed=self.seed)
            rng = np.random.default_rng(self.seed)
            X = self.make_sampler().sample(reader.space, history, self.n_configs, rng)
            found += [reader.make(p, self.origin) for p in reader.space.decode(X)]
        for config in self.additional_configs:
            config.origin = "Initial Design: Additional configuration"
        return list(dict.fromkeys([*found, *self.additional_configs]))


class SobolInitialDesign(AbstractInitialDesign):
    """Points of a Sobol sequence."""

    origin = "Initial Design: Sobol"

    def make_sampler(self) -> Sampler:
        return samplers.QMC(seed=self.seed)


class LatinHypercubeInitialDesign(SobolInitialDesign):
    """Points that fill the space: those of a Sobol sequence stand for a Latin hypercube."""

    origin = "Initial Design: Latin Hypercube"

    def make_sampler(self) -> Sampler:
        warn_without_effect(
            "The Latin hypercube of SMAC's initial design", "a Sobol sequence stands for it."
        )
        return super().make_sampler()


class FactorialInitialDesign(SobolInitialDesign):
    """Points that fill the space: those of a Sobol sequence stand for its corners."""

    origin = "Initial Design: Factorial"

    def make_sampler(self) -> Sampler:
        warn_without_effect(
            "The factorial design of SMAC's initial design", "a Sobol sequence stands for it."
        )
        return super().make_sampler()


class RandomInitialDesign(AbstractInitialDesign):
    """Random points."""

    origin = "Initial Design: Random"

    def make_sampler(self) -> Sampler:
        return samplers.Random()


class DefaultInitialDesign(AbstractInitialDesign):
    """The default configuration."""

    def __init__(self, scenario: Scenario, **settings: Any) -> None:
        super().__init__(scenario, **{**settings, "n_configs": 0})

    def select_configurations(self) -> list[Any]:
        config = self.scenario.configspace.get_default_configuration()
        config.origin = "Initial Design: Default configuration"
        return list(dict.fromkeys([config, *self.additional_configs]))
