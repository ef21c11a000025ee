"""The spec of a study: from what clients ask for, and to what they see."""

from __future__ import annotations

from typing import Any

import msgspec

from .. import samplers, schedulers
from ..errors import SpaceError
from ..samplers.base import Sampler
from ..schedulers.base import Scheduler
from ..space.space import Space
from ..storages.base import StudyRecord
from ..trial.record import State
from ..validation import default_names
from . import schemas
from .spec_limits import require_small_space


def parse_space(described: dict[str, Any]) -> Space:
    """The space that a client describes in JSON.

    Raises:
        SpaceError: The description is not valid.
    """
    try:
        return Space.from_json(require_small_space(described))
    except SpaceError:
        raise
    except (
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        MemoryError,
    ) as e:
        raise SpaceError(f"expected names and their distributions, got {e!r:.200}") from e


def make_strategies(spec: dict[str, Any]) -> tuple[Sampler, Scheduler | None]:
    """Sampler and scheduler of a study, by their names.

    Raises:
        UnknownNameError: There is none of that name.
    """
    return samplers.from_name(spec.get("sampler") or "Auto"), schedulers.from_name(
        spec.get("scheduler")
    )


def require_objective_names(spec: dict[str, Any]) -> None:
    """Refuse names of objectives that are not one text for each direction, all different.

    Raises:
        ValueError: They are not.
    """
    names = msgspec.convert(spec.get("objectives"), list[str] | None)
    if names is None:
        return
    if len(set(names)) != len(names) or len(names) != len(spec["directions"]):
        raise ValueError(f"objectives {names}")


class _Spec(msgspec.Struct):
    """The parts of a spec that clients see."""

    directions: list[str] = []
    objectives: list[str] | None = None
    space: dict[str, Any] = {}
    sampler: str | None = None
    scheduler: str | None = None
    seed: int = 0
    crash: Any = None


def describe_study(record: StudyRecord) -> schemas.Study:
    """A study as clients see it; a spec that cannot be read is left out."""
    try:
        spec = msgspec.convert(record.spec, _Spec)
    except msgspec.ValidationError:
        spec = _Spec()
    return schemas.Study(
        id=record.id,
        name=record.name,
        objectives=spec.objectives or list(default_names(len(spec.directions))),
        directions=spec.directions,
        space=spec.space,
        sampler=spec.sampler or "auto",
        scheduler=spec.scheduler,
        seed=spec.seed,
        created_s=record.created_s,
        n_trials=record.n_trials,
        counts={State(s).name.lower(): n for s, n in record.counts.items()},
        catch_as="infeasible" if spec.crash == "infeasible" else "failed",
    )
