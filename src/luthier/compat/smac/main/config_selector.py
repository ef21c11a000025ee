"""Proposes configurations, by luthier's samplers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....samplers.base import Sampler
from ...remarks import warn_without_effect
from ..callback.callback import Callback
from ..configurations import ConfigurationReader
from ..runhistory.runhistory import RunHistory
from ..scenario import Scenario
from .exceptions import ConfigurationSpaceExhaustedException


class ConfigSelector:
    """Proposes configurations: first those of the initial design.

    Args:
        scenario: The scenario.
        retrain_after: After how many configurations a `multi_objective_algorithm` is told that a
            new iteration starts; models learn from each result.
        retries: Without effect: no configuration is proposed twice.
        max_new_config_tries: The same, in newer versions.
    """

    def __init__(
        self,
        scenario: Scenario,
        retrain_after: int = 8,
        retries: int = 16,
        max_new_config_tries: int = 16,
    ) -> None:
        if retrain_after != 8:
            warn_without_effect("retrain_after of SMAC on models", "they learn from each result.")
        if (retries, max_new_config_tries) != (16, 16):
            warn_without_effect("retries of SMAC", "no configuration is proposed twice.")
        self.scenario = scenario
        self._retrain_after = retrain_after
        self._n_chosen = 0  # by the sampler
        self._first: list[Any] = []
        self._queue: list[Any] = []
        self._make_sampler: Callable[[], Sampler] | None = None
        self._sampler: Sampler | None = None
        self._reader: ConfigurationReader | None = None
        self._runhistory = RunHistory()
        self._callbacks: Sequence[Callback] = ()

    def connect(
        self,
        runhistory: RunHistory,
        first: Sequence[Any],
        make_sampler: Callable[[], Sampler],
        callbacks: Sequence[Callback],
    ) -> None:
        """Set what it proposes from."""
        self._runhistory = runhistory
        self._first = list(first)
        self._make_sampler = make_sampler
        self._callbacks = callbacks
        self.reset()

    def reset(self) -> None:
        """Begin with the initial design again."""
        self._queue = list(self._first)
        self._sampler = None
        self._n_chosen = 0

    def propose(self) -> Any:
        """Return a new configuration.

        Raises:
            ConfigurationSpaceExhaustedException: All were tried.
        """
        for callback in self._callbacks:
            callback.on_next_configurations_start(self)
        config = self._choose()
        for callback in self._callbacks:
            callback.on_next_configurations_end(self, config)
        return config

    def _choose(self) -> Any:
        while self._queue:
            config = self._queue.pop(0)
            if not self._runhistory.has_config(config):
                return config
        algorithm = self._runhistory.multi_objective_algorithm
        if algorithm is not None and self._n_chosen % self._retrain_after == 0:
            algorithm.update_on_iteration_start()
        self._n_chosen += 1
        if self._reader is None or self._sampler is None:
            assert self._make_sampler is not None
            self._reader = ConfigurationReader(self.scenario.configspace)
            self._sampler = self._make_sampler()
        reader, space = self._reader, self._reader.space
        history = reader.read_history(self._runhistory, self.scenario.count_objectives())
        if space.finite and space.can_list and history.n_seen >= space.n_points:
            raise ConfigurationSpaceExhaustedException("All configurations were tried.")
        rng = np.random.default_rng([self.scenario.seed, history.n])
        X = self._sampler.sample(space, history, 1, rng)
        config = reader.make(space.decode(X)[0], f"luthier: {type(self._sampler).__name__}")
        if self._runhistory.has_config(config):
            config = reader.make(space.decode(space.sample(rng, 1))[0], "luthier: Random")
        return config
