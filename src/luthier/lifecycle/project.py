"""A model's life in a file: project.yaml, which `luthier lifecycle run` reads.

model: churn
registry: sqlite:///models.db
actions: production.py:Churn     # called with the registry; see `retuning.Actions`
every_s: 60
policy: {cooldown_s: 86400, n_trials: 15}
rollout: {shares: [0, 0.01, 0.05, 0.25, 0.5], bake_s: 3600}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from ..errors import LifecycleError
from ..objectives.script import Script
from ..registry.registry import Registry, check_model_name
from .policy import Policy
from .retuning import Actions

_NEEDED = ("measure", "refit", "retune", "check", "metrics")


class RolloutSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Settings of roll-outs; see `Rollout`."""

    shares: tuple[float, ...] | None = None
    bake_s: float | None = None
    min_units: int | None = None
    max_s: float | None = None
    planned_units: int | None = None
    alpha: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Those that are given."""
        return {k: v for k, v in msgspec.structs.asdict(self).items() if v is not None}


class Project(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model's life.

    Attributes:
        model: Name of the model.
        actions: A class or function in a Python file, FILE.py:NAME, beside the project's file. It
            is called with the registry and returns the actions.
        registry: URL of the registry.
        artifacts: Folder or URL for the files of versions; None for a folder by the registry.
        every_s: Time between two looks, in seconds.
        policy: When the model is refitted and retuned, and how much that may cost.
        rollout: Settings of roll-outs.
    """

    model: str
    actions: str
    registry: str = "sqlite:///models.db"
    artifacts: str | None = None
    every_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    policy: Policy = Policy()
    rollout: RolloutSettings = RolloutSettings()


def read_project(path: Path) -> Project:
    """Read a project's file.

    Raises:
        LifecycleError: It is no YAML, or holds what is not known or of another type.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        project = msgspec.convert(found, Project)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as e:
        raise LifecycleError(f"{path} is no project: {' '.join(str(e).split())}") from e
    check_model_name(project.model)
    return project


def load_actions(project: Project, path: Path, registry: Registry) -> Actions:
    """Load the actions of a project.

    Args:
        project: The project.
        path: Its file, beside which the Python file is looked for.
        registry: The registry that the actions are made with.

    Raises:
        CommandError: There is no such file or function, or the file fails to load.
        LifecycleError: What it returns lacks an action.
    """
    file, colon, name = project.actions.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise LifecycleError(f"expected actions as FILE.py:NAME, got {project.actions!r}")
    made: Any = Script(path.parent / file, name).function(registry)  # type: ignore[arg-type]
    if missing := [needed for needed in _NEEDED if not hasattr(made, needed)]:
        raise LifecycleError(f"{project.actions} lacks {', '.join(missing)}; see luthier.lifecycle")
    return made  # type: ignore[no-any-return]
