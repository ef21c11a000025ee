"""Settings of a study, read from its spec: whatever cannot be read is said here, and by study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from ..errors import SpaceError, StorageDamagedError
from ..passwords import hide_passwords
from ..space.space import Space
from ..trial.record import State
from ..validation import default_names
from .base import StudyRecord
from .checksums import UNREADABLE
from .codec import require_shallow
from .controls import Comparison, Controls

MAX_SEED = 2**128  # which generators of random numbers take

_NO_SETTINGS = (*UNREADABLE, MemoryError)


class Dismissal(msgspec.Struct, frozen=True):
    """A finding of `Study.diagnose` that somebody dismissed.

    Attributes:
        finding: Its name.
        parameter: The parameter that it is about; "" for the finding whatever it is about.
        reason: Why, in their words.
    """

    finding: str
    parameter: str = ""
    reason: str = ""


class Applied(msgspec.Struct, frozen=True):
    """A remedy of a finding that was applied.

    Attributes:
        finding: The finding's name.
        parameter: The parameter that it is about; "" for none.
        kind: Of the action, such as "widen".
        change: What was changed, in words.
        n_trials: How many trials there were then.
    """

    finding: str
    parameter: str
    kind: str
    change: str
    n_trials: int


class StoredMemory(msgspec.Struct, frozen=True):
    """Earlier tasks that a study may learn from.

    Attributes:
        tasks: The tasks, in JSON's types.
        left_out: Names of others, and why each is of no use.
    """

    tasks: tuple[dict[str, Any], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


class Settings(msgspec.Struct, frozen=True):
    """What is stored of a study beside its trials and its checkpoints.

    Attributes:
        directions: One for each objective.
        seed: The study's seed.
        space: Its space, described in JSON's types.
        declared: Whether the space was declared, and not discovered by the objective.
        names: Names of the objectives; None for the default names.
        sampler: The sampler's name, where it was given by name.
        scheduler: The scheduler's name, where it was given by name.
        crash: How failures are taken; None for "failed".
        varying: Names in a discovered space whose distribution differs from trial to trial.
        changing: Of names that the latest trials asked for in two ways: what has both ways,
            described as in a space.
        controls: What people have asked of it, and said about its trials.
        comparisons: Which of two trials people preferred, in their order.
        dismissed: Findings that somebody dismissed.
        applied: Remedies of findings that were applied, in their order.
        family: What is tuned, such as "xgboost"; "" where nobody said.
        memory: Earlier tasks that the study may learn from.
    """

    directions: Annotated[tuple[Literal["minimize", "maximize"], ...], msgspec.Meta(min_length=1)]
    seed: int
    space: dict[str, Any]
    declared: bool = False
    names: tuple[str, ...] | None = msgspec.field(default=None, name="objectives")
    sampler: str | None = None
    scheduler: str | None = None
    crash: Literal["failed", "infeasible"] | None = None
    varying: tuple[str, ...] = ()
    changing: dict[str, Any] = {}
    controls: Controls = Controls()
    comparisons: tuple[Comparison, ...] = ()
    dismissed: tuple[Dismissal, ...] = ()
    applied: tuple[Applied, ...] = ()
    family: str = ""
    memory: StoredMemory = StoredMemory()

    def __post_init__(self) -> None:
        if not 0 <= self.seed < MAX_SEED:
            raise ValueError(f"a seed is from 0 to 2**128 - 1, got {self.seed}")
        names = self.names
        if names is not None and not len(set(names)) == len(names) == len(self.directions):
            raise ValueError(
                f"expected {len(self.directions)} different names of objectives, got {names!r:.200}"
            )

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the objectives."""
        return self.names or default_names(len(self.directions))

    @property
    def catch_as(self) -> Literal["failed", "infeasible"]:
        """How failures are taken."""
        return self.crash or "failed"


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def decode_spec(spec: str | bytes) -> dict[str, Any]:
    """Return the spec of a study from JSON.

    Raises:
        ValueError: It is none, as are the others of `UNREADABLE`.
    """
    require_shallow(spec)
    return _decode(spec)


def make_record(
    study: int,
    name: str,
    spec: Any,
    created_s: Any,
    counts: Iterable[tuple[int, int]],
    damage: str | None = None,
) -> StudyRecord:
    """Return the record of a study from what a storage holds.

    One that is damaged has as much as can be read, so that the others can be listed beside it.

    Args:
        study: Its id.
        name: Its name.
        spec: Its spec in JSON.
        created_s: When it was created.
        counts: States, and the number of its trials in each.
        damage: What is known to be damaged.
    """
    decoded: dict[str, Any] = {}
    moment = 0.0
    by_state: dict[int, int] = {}
    try:
        moment = float(created_s)
        by_state = {int(State(state)): int(n) for state, n in counts}
        decoded = decode_spec(spec)
    except UNREADABLE as e:
        damage = damage or f"{e!s:.500}"
    return StudyRecord(study, name, decoded, moment, by_state, damage)


def read_settings(record: StudyRecord) -> Settings:
    """Return the settings of a study.

    Raises:
        StorageDamagedError: They cannot be read; it says which study it is, and what is wrong.
    """
    if record.damage is not None:
        raise _damaged(record.name, record.damage)
    try:
        return msgspec.convert(record.spec, Settings)
    except _NO_SETTINGS as e:
        raise _damaged(record.name, e) from e


def read_space(name: str, described: Mapping[str, Any]) -> Space:
    """Return the space of a study, as it is described in its settings.

    Args:
        name: The study's, for the message.
        described: The description, in JSON's types.

    Raises:
        StorageDamagedError: It describes none.
    """
    try:
        return Space.from_json(described)
    except _NO_SETTINGS as e:
        raise _damaged(name, e) from e


def _damaged(name: str, reason: object) -> StorageDamagedError:
    why = reason if isinstance(reason, str | msgspec.ValidationError | SpaceError) else repr(reason)
    shown = hide_passwords(f"{why!s:.500}")
    return StorageDamagedError(
        f"the settings of study {name!r} cannot be read ({shown}): they are damaged, or a "
        "newer luthier wrote them; 'luthier storage check' says what can be saved"
    )
