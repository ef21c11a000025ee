"""Runs a program."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from ..runhistory.enumerations import StatusType
from ..scenario import Scenario
from .abstract_runner import AbstractRunner, Result

logger = logging.getLogger("smac.runner")


class TargetFunctionScriptRunner(AbstractRunner):
    """Runs a program with the arguments `--name=value`, spaces left out.

    It prints `cost=0.5`, of several objectives `cost=0.5,2`, and perhaps after semicolons
    `status=SUCCESS`, `runtime=...`, `cpu_time=...` and `additional_info=...`.

    Args:
        target_function: Path of the program.
        scenario: The scenario.
        required_arguments: Which of "seed", "instance" and "budget" it takes.
    """

    def __init__(
        self,
        target_function: str,
        scenario: Scenario,
        required_arguments: Sequence[str] | None = None,
    ) -> None:
        super().__init__(scenario, required_arguments)
        self._target_function = str(target_function)

    def run(
        self,
        config: Any,
        instance: str | None = None,
        budget: float | None = None,
        seed: int | None = None,
    ) -> Result:
        given = self.choose_settings({"seed": seed, "instance": instance, "budget": budget})
        if "instance" in given:
            features = self._scenario.instance_features or {}
            given["instance_features"] = features.get(str(instance), [])
        params = dict(config)
        if taken := [n for n in params if n in given]:
            raise RuntimeError(f"The hyperparameters {taken} have names of SMAC: use other names.")
        pairs = {**given, **params}
        command = [self._target_function, *(f"--{n}={_to_text(v)}" for n, v in pairs.items())]
        began_s = time.time()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return self._read(done.stdout, done.stderr, time.time() - began_s)

    def _read(self, output: str, error: str, taken_s: float) -> Result:
        """Return what a program printed."""
        parts = (p.partition("=") for p in "".join(output.split()).split(";"))
        facts = {name: value for name, _, value in parts}
        kept: dict[str, Any] = {}
        if "additional_info" in facts:
            kept["additional_info"] = facts["additional_info"]
        status = StatusType[facts.get("status", "SUCCESS")]
        if "cost" not in facts:
            status = StatusType.CRASHED
        cost = self.crash_cost
        if status == StatusType.SUCCESS:
            cost = self.read_cost([float(c) for c in facts["cost"].split(",")])
        else:
            kept["error"] = error
            logger.warning("%s crashed: %.500s", self._target_function, error)
        times = [float(facts.get("runtime", taken_s)), float(facts.get("cpu_time", 0.0))]
        return status, cost, times[0], times[1], kept


def _to_text(value: Any) -> str:
    return str(value).replace(" ", "")
