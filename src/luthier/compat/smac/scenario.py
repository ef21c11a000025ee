"""What is searched, and for how long."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PLAIN_SKIPPED = ("configspace", "output_directory")


@dataclass(frozen=True)
class Scenario:
    """What is searched, and for how long.

    Args:
        configspace: A ConfigSpace.ConfigurationSpace.
        name: Its name; None to make one of its settings.
        output_directory: Where results are written; name and seed are added.
        deterministic: Whether a configuration needs one seed only.
        objectives: Name of the cost, or of several.
        crash_cost: Cost of a trial that fails.
        termination_cost_threshold: Cost at which the search ends.
        walltime_limit: Seconds after which it ends.
        cputime_limit: The same, of the sum of the times of the trials.
        trial_walltime_limit: Seconds for one trial; refused, see the facades.
        trial_memory_limit: Megabytes for one trial; refused, see the facades.
        n_trials: How many trials.
        use_default_config: Begin with the default configuration.
        instances: Names of instances.
        instance_features: Name to features.
        adaptive_capping: Refused.
        adaptive_capping_slackfactor: Refused.
        runtime_cutoff: Refused.
        min_budget: The least budget of a trial.
        max_budget: The greatest.
        seed: The same seed gives the same search.
        n_workers: Without effect: trials run one after another.

    Raises:
        TypeError: The space is no ConfigurationSpace.
        ValueError: min_budget is above max_budget.
    """

    configspace: Any
    name: str | None = None
    output_directory: Path = Path("smac3_output")
    deterministic: bool = False
    objectives: str | list[str] = "cost"
    crash_cost: float | list[float] = float("inf")
    termination_cost_threshold: float | list[float] = float("inf")
    walltime_limit: float = float("inf")
    cputime_limit: float = float("inf")
    trial_walltime_limit: float | None = None
    trial_memory_limit: int | None = None
    n_trials: int = 100
    use_default_config: bool = False
    instances: list[str] | None = None
    instance_features: dict[str, list[float]] | None = None
    adaptive_capping: bool = False
    adaptive_capping_slackfactor: float | None = None
    runtime_cutoff: int | None = None
    min_budget: float | None = None
    max_budget: float | None = None
    seed: int = 0
    n_workers: int = 1

    def __post_init__(self) -> None:
        if not hasattr(self.configspace, "sample_configuration"):
            raise TypeError(
                "configspace is a ConfigSpace.ConfigurationSpace, such as "
                f"ConfigurationSpace({{'x': (0.0, 1.0)}}), got {self.configspace!r}"
            )
        if self.seed == -1:
            object.__setattr__(self, "seed", int.from_bytes(os.urandom(3)))
        low, high = self.min_budget, self.max_budget
        if low is not None and high is not None and low > high:
            raise ValueError(f"min_budget is at most max_budget, got {low} and {high}")
        object.__setattr__(self, "_known", {})
        if self.name is not None:
            self._name_directory(self.name)

    def _name_directory(self, name: str) -> None:
        folder = Path(self.output_directory) / name / str(self.seed)
        object.__setattr__(self, "output_directory", folder)

    @property
    def meta(self) -> dict[str, Any]:
        """What the facade has added."""
        known: dict[str, Any] = self._known  # type: ignore[attr-defined]
        return known

    def add_meta(self, meta: dict[str, Any]) -> None:
        """Keep facts of the facade, and name the scenario where it has no name."""
        self.meta.update(meta)
        if self.name is None:
            text = json.dumps([self.plain(), meta], sort_keys=True, default=str)
            name = hashlib.sha256(text.encode()).hexdigest()[:32]
            object.__setattr__(self, "name", name)
            self._name_directory(name)

    _set_meta = add_meta

    def count_objectives(self) -> int:
        """Return how many costs there are."""
        return len(self.objectives) if isinstance(self.objectives, list) else 1

    def list_objectives(self) -> list[str]:
        """Return the names of the costs."""
        return self.objectives if isinstance(self.objectives, list) else [self.objectives]

    def count_instance_features(self) -> int:
        """Return how many features an instance has.

        Raises:
            RuntimeError: They differ, or a name is no instance.
        """
        features = self.instance_features or {}
        for name in features:
            if name not in (self.instances or ()):
                raise RuntimeError(f"Instance {name} is not specified in instances.")
        lengths = {len(values) for values in features.values()}
        if len(lengths) > 1:
            raise RuntimeError("Instances must have the same number of features.")
        return lengths.pop() if lengths else 0

    def plain(self) -> dict[str, Any]:
        """Return the settings in JSON's types, without the space."""
        names = [f.name for f in dataclasses.fields(self) if f.name not in _PLAIN_SKIPPED]
        return {n: getattr(self, n) for n in names}

    def save(self) -> None:
        """Write the scenario to its folder.

        Raises:
            RuntimeError: It has no name.
        """
        if self.name is None:
            raise RuntimeError("Please specify meta data or a name before saving.")
        folder = Path(self.output_directory)
        folder.mkdir(parents=True, exist_ok=True)
        data = {**self.plain(), "output_directory": str(folder), "_meta": self.meta}
        (folder / "scenario.json").write_text(json.dumps(data, indent=2))
        self.configspace.to_json(folder / "configspace.json")

    @staticmethod
    def load(path: Path) -> Scenario:
        """Return the scenario of a folder."""
        from ConfigSpace import ConfigurationSpace

        data = json.loads((Path(path) / "scenario.json").read_text())
        folder, meta = Path(data.pop("output_directory")), data.pop("_meta")
        space = ConfigurationSpace.from_json(Path(path) / "configspace.json")
        made = Scenario(space, **{**data, "output_directory": folder.parent.parent})
        made.meta.update(meta)
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scenario):
            return NotImplemented
        return self.plain() == other.plain() and self.configspace == other.configspace

    __hash__ = None  # type: ignore[assignment]
