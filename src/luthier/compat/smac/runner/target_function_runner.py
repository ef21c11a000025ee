"""Runs a function."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..runhistory.enumerations import StatusType
from ..scenario import Scenario
from .abstract_runner import AbstractRunner, Result


class TargetFunctionRunner(AbstractRunner):
    """Runs a function.

    Args:
        scenario: The scenario.
        target_function: Takes a configuration, and a seed, budget or instance where it names them;
            returns a cost, several by name or in order, or a cost and a dict to be kept.
        required_arguments: Which of "seed", "instance" and "budget" it takes.
    """

    def __init__(
        self,
        scenario: Scenario,
        target_function: Callable[..., Any],
        required_arguments: Sequence[str] | None = None,
    ) -> None:
        if not callable(target_function):
            raise TypeError(f"the target function is a function, got {target_function!r}")
        super().__init__(scenario, required_arguments)
        self._target_function = target_function

    def run(
        self,
        config: Any,
        instance: str | None = None,
        budget: float | None = None,
        seed: int | None = None,
    ) -> Result:
        accepted = inspect.signature(self._target_function).parameters
        given = self.choose_settings({"seed": seed, "instance": instance, "budget": budget})
        began_s, cpu_s = time.time(), time.process_time()
        result = self._target_function(config, **{n: v for n, v in given.items() if n in accepted})
        kept: dict[str, Any] = {}
        if isinstance(result, tuple):
            result, kept = result
        taken_s, used_s = time.time() - began_s, time.process_time() - cpu_s
        return StatusType.SUCCESS, self.read_cost(result), taken_s, used_s, kept
