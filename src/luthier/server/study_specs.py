"""What is stored of a study beside its trials, as clients give it and as they see it."""

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

_CONSTRAINTS = 100


def few(described: dict[str, Any]) -> None:
    """Refuses a space whose constraints would take long.

    Raises:
        SpaceError: There are too many.
    """
    if (n := len(described.get("constraints") or ())) > _CONSTRAINTS:
        raise SpaceError(
            f"a space has at most {_CONSTRAINTS} constraints here, got {n}; join some with 'and'"
        )


def space(described: dict[str, Any]) -> Space:
    """A space as a client describes it.

    Raises:
        SpaceError: It is none.
    """
    try:
        few(described)
        return Space.from_json(described)
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
        raise SpaceError(
            f"expected names and their distributions, got what makes none: {e!r:.200}"
        ) from e


def strategies(spec: dict[str, Any]) -> tuple[Sampler, Scheduler | None]:
    """Sampler and scheduler, by their names."""
    return samplers.named(spec.get("sampler") or "Auto"), schedulers.named(spec.get("scheduler"))


class _Spec(msgspec.Struct):
    """What a study's spec says, where it can be read."""

    directions: list[str] = []
    objectives: list[str] | None = None
    space: dict[str, Any] = {}
    sampler: str | None = None
    scheduler: str | None = None
    seed: int = 0
    crash: Any = None


def must_have_names(spec: dict[str, Any]) -> None:
    """Refuses names of objectives that are none.

    Raises:
        ValueError: They are not one text for each direction, or not different ones.
    """
    names = msgspec.convert(spec.get("objectives"), list[str] | None)
    if names is not None and (
        len(set(names)) != len(names) or len(names) != len(spec["directions"])
    ):
        raise ValueError(f"objectives {names}")


def shown(record: StudyRecord) -> schemas.Study:
    """A study as clients see it."""
    try:
        spec = msgspec.convert(record.spec, _Spec)
    except msgspec.ValidationError:
        spec = _Spec()
    counts = {State(s).name.lower(): n for s, n in record.counts.items()}
    catch_as: Any = "infeasible" if spec.crash == "infeasible" else "failed"
    return schemas.Study(
        record.id,
        record.name,
        spec.objectives or list(default_names(len(spec.directions))),
        spec.directions,
        spec.space,
        spec.sampler or "auto",
        spec.scheduler,
        spec.seed,
        record.created_s,
        record.n_trials,
        counts,
        catch_as,
    )
