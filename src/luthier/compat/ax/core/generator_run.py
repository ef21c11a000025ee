"""Where the params of a trial come from."""

from __future__ import annotations

from collections.abc import Sequence

from .arm import Arm


class GeneratorRun:
    """Arms that were proposed together.

    Args:
        arms: The arms.
        generator_key: Ax's name of the method that proposed them.
        node_name: Step of the strategy.
    """

    def __init__(
        self,
        arms: Sequence[Arm],
        generator_key: str | None = None,
        node_name: str | None = None,
    ) -> None:
        self.arms = list(arms)
        self.generator_key = self._generator_key = generator_key
        self._model_key = generator_key
        self.node_name = self._generation_node_name = node_name

    @property
    def param_df(self) -> object:
        """Table of the params."""
        import pandas as pd

        return pd.DataFrame([a.parameters for a in self.arms])
