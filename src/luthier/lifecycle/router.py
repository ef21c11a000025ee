"""Which version answers which unit, and what came of it.

A choice is a pure function of the roll-out's row and the unit's key, so any number of processes
agree without asking each other.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from ..errors import LifecycleError, LuthierError, RegistryError
from ..registry.log import Draft, Event, Log
from ..registry.registry import CHAMPION, Registry
from .rollout import Metric, Outcomes, Rollout

Arm = Literal["champion", "challenger"]

ROLLOUT = "rollout"  # the subject of its events
_FRESH_S = 1.0  # for so long a row is believed
_SCALE = 2.0**-64
_MOST_PENDING = 100_000  # units whose outcomes are awaited; the oldest are given up
_MOST_DONE = 1_000_000  # units whose outcomes are known, so that none counts twice
_BLOCK = 50  # outcomes of a metric that are counted together, in the order in which they came
_log = logging.getLogger("luthier")


class Choice(msgspec.Struct, frozen=True):
    """Which version answers a unit.

    Attributes:
        version: Number of the version.
        arm: "champion" or "challenger".
        rollout: Number of the roll-out; 0 without any.
        step: Its step.
        shadow: Number of the version that shall answer as well, without being heard; None for none.
    """

    version: int
    arm: Arm = "champion"
    rollout: int = 0
    step: int = 0
    shadow: int | None = None


def place(salt: str, key: str) -> float:
    """Place of a unit in [0, 1): units below a share get the challenger."""
    digest = hashlib.blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) * _SCALE


def choose(rollout: Rollout | None, champion: int, key: str) -> Choice:
    """Choose the version for a unit.

    A roll-out that compares with another version than the champion of now is over: who moves the
    champion by hand moves it for all units.

    Args:
        rollout: The running roll-out; None for none.
        champion: Number of the champion.
        key: The unit: a user, a session or whatever has one outcome; never a request where the
            outcome is a user's.
    """
    if rollout is None or rollout.state != "running" or rollout.champion != champion:
        return Choice(champion)
    if rollout.share == 0:
        return Choice(champion, "champion", rollout.number, rollout.step, rollout.challenger)
    if place(rollout.salt, key) < rollout.share:
        return Choice(rollout.challenger, "challenger", rollout.number, rollout.step)
    return Choice(rollout.champion, "champion", rollout.number, rollout.step)


class Router:
    """Routes units to the versions of one model, and collects what came of them.

    Threads may share one; each process has its own. Where the registry cannot be read, all units go
    to the champion that was known last.

    Args:
        registry: The registry.
        model: Name of the model.

    Raises:
        RegistryError: There is no such model, or it has no champion.
    """

    def __init__(self, registry: Registry, model: str) -> None:
        self.registry = registry
        self.model = model
        self._rollout: Rollout | None = None
        self._is_readable = True
        self._read_s = -math.inf
        self._lock = threading.Lock()
        self._pending: dict[str, Choice] = {}
        self._done: dict[str, None] = {}
        self._counts = _Counts()
        self._outcomes: Log | None = None  # of the roll-out
        aliases = registry.aliases(model)
        if CHAMPION not in aliases:
            raise RegistryError(f"{model} has no champion yet; promote a version first")
        self._champion = aliases[CHAMPION]

    def choose(self, key: str) -> Choice:
        """Choose the version for a unit; the same key has the same answer within a step.

        Never raises for a registry that cannot be read.
        """
        if time.monotonic() - self._read_s > _FRESH_S:
            self._refresh()
        return choose(self._rollout if self._is_readable else None, self._champion, key)

    def expose(self, key: str, choice: Choice) -> None:
        """Note that a unit got its answer, so that `observe` can join its outcome by the key.

        A unit counts once in a roll-out, however often it comes.
        """
        if not choice.rollout:
            return
        with self._lock:
            if key in self._pending or key in self._done:
                return
            _keep(self._pending, key, choice, _MOST_PENDING)
            self._counts.add_unit(choice)

    def observe(
        self, key: str, outcomes: Mapping[str, float], choice: Choice | None = None
    ) -> bool:
        """Note the outcomes of a unit, however late they come.

        Args:
            key: The unit.
            outcomes: Value by metric; 0 or 1 where the metric is a rate.
            choice: Where another process exposed the unit: what it chose. None joins by the key.

        Returns:
            Whether they were noted: not while there is no roll-out, and not for a unit that was not
            exposed here, has its outcomes already, or belongs to an earlier one.

        Raises:
            LifecycleError: There is no such metric, or a value that cannot be one of it, or there
                are no outcomes at all.
        """
        if not outcomes:
            raise LifecycleError(f"expected outcomes of {key}, such as {{'kept': 1}}, got none")
        if self._rollout is None:
            return False
        self._check(self._rollout, outcomes)
        with self._lock:
            choice = None if key in self._done else choice or self._pending.get(key)
            if choice is None or self._rollout is None or choice.rollout != self._rollout.number:
                return False
            self._pending.pop(key, None)
            _keep(self._done, key, None, _MOST_DONE)
            self._counts.add_outcomes(choice, outcomes)
        return True

    def observe_shadow(
        self, champion: Mapping[str, float], challenger: Mapping[str, float]
    ) -> None:
        """Note the outcomes of one unit of a shadow step, which both versions answered.

        Raises:
            LifecycleError: There is no such metric, or a value that cannot be one of it.
        """
        rollout = self._rollout
        if rollout is None:
            return
        metrics = self._check(rollout, champion)
        self._check(rollout, challenger)
        with self._lock:
            self._counts.add_unit(Choice(0, "challenger", rollout.number, rollout.step))
            for name in champion.keys() & challenger.keys():
                a, b = champion[name], challenger[name]
                if a != b:
                    is_worse = (b < a) == (metrics[name].goal == "maximize")
                    self._counts.add_shadow(name, is_worse)

    def flush(self) -> None:
        """Store what was noted since the last call, in one transaction.

        Raises:
            StorageError: The registry cannot be written; what was noted is kept for the next call.
        """
        with self._lock:
            counts, self._counts = self._counts, _Counts()
            outcomes = self._outcomes
        if outcomes is None or counts.is_empty:
            return
        try:
            outcomes.append(lambda events: [counts.to_draft()])
        except BaseException:
            with self._lock:
                if self._outcomes is outcomes:  # else another roll-out has begun
                    self._counts.join(counts)
            raise

    def _refresh(self) -> None:
        self._read_s = time.monotonic()
        try:
            rollout = read_rollout(self.registry, self.model)
            champion = self.registry.aliases(self.model)[CHAMPION]
        except (LuthierError, OSError) as e:
            _log.warning(
                "the registry of %s cannot be read, the champion answers: %s", self.model, e
            )
            self._is_readable = False
            return
        self._is_readable = True
        if (rollout and rollout.number) != (self._rollout and self._rollout.number):
            with self._lock:
                self._pending.clear()
                self._done.clear()
                self._counts = _Counts()
                self._outcomes = (
                    open_outcomes(self.registry, self.model, rollout.number) if rollout else None
                )
        self._rollout, self._champion = rollout, champion

    def _check(self, rollout: Rollout, outcomes: Mapping[str, float]) -> dict[str, Metric]:
        """Refuse outcomes that cannot be, and return the metrics of a roll-out by name."""
        metrics = {metric.name: metric for metric in rollout.metrics}
        for name, value in outcomes.items():
            metric = metrics.get(name)
            if metric is None:
                raise LifecycleError(
                    f"the roll-out of {self.model} watches {sorted(metrics)}, not {name!r}"
                )
            is_number = isinstance(value, int | float | np.number | np.bool_) and math.isfinite(
                value
            )
            if not is_number or (metric.kind == "rate" and value not in (0, 1)):
                expected = "0 or 1" if metric.kind == "rate" else "a finite number"
                raise LifecycleError(f"{name} must be {expected}, got {value!r}")
        return metrics


def find_rollout(registry: Registry, model: str) -> tuple[Rollout, Event] | None:
    """Return the latest roll-out of a model, ended or not, and the event that says so.

    None where there is none.
    """
    event = registry.record(model, ROLLOUT)
    return None if event is None else (msgspec.convert(event.after, Rollout), event)


def read_rollout(registry: Registry, model: str) -> Rollout | None:
    """Return the latest roll-out of a model, ended or not; None where there is none."""
    found = find_rollout(registry, model)
    return None if found is None else found[0]


def open_outcomes(registry: Registry, model: str, number: int) -> Log:
    """Open the log of a roll-out's outcomes."""
    return Log(registry.storage, f"outcomes {model} {number}", registry.actor)


def read_outcomes(registry: Registry, model: str, rollout: Rollout) -> Outcomes:
    """Read what came of the units of a roll-out, as columns."""
    blocks = [event.after for event in open_outcomes(registry, model, rollout.number).read()]
    names = [metric.name for metric in rollout.metrics]

    def collect(kind: str, width: int, name: str = "") -> Any:
        rows = [row for b in blocks for row in (b[kind].get(name, []) if name else b[kind])]
        return np.array(rows, dtype=np.float64).reshape(-1, width)

    return Outcomes(
        collect("units", 3),
        {name: collect("metrics", 7, name) for name in names},
        {name: collect("shadow", 2, name) for name in names},
    )


class _Counts:
    """What one process has seen since it last stored it.

    Outcomes stand in small blocks in the order of time, as the tests bet on what earlier blocks
    have shown: those of a day that are stored at once are as good as those of each minute.
    """

    def __init__(self) -> None:
        self.units: dict[int, list[float]] = {}
        self.metrics: dict[str, dict[int, list[list[float]]]] = {}
        self.shadow: dict[str, list[float]] = {}

    @property
    def is_empty(self) -> bool:
        return not self.units and not self.metrics

    def add_unit(self, choice: Choice) -> None:
        self.units.setdefault(choice.step, [0.0, 0.0])[choice.arm == "challenger"] += 1

    def add_outcomes(self, choice: Choice, outcomes: Mapping[str, float]) -> None:
        first = 3 if choice.arm == "challenger" else 0
        for name, value in outcomes.items():
            blocks = self.metrics.setdefault(name, {}).setdefault(choice.step, [])
            if not blocks or blocks[-1][0] + blocks[-1][3] >= _BLOCK:
                blocks.append([0.0] * 6)
            row = blocks[-1]
            for i, added in enumerate((1.0, float(value), float(value) ** 2), first):
                row[i] += added

    def add_shadow(self, name: str, is_worse: bool) -> None:
        self.shadow.setdefault(name, [0.0, 0.0])[is_worse] += 1

    def join(self, earlier: _Counts) -> None:
        """Add what came before."""
        for step, row in earlier.units.items():
            _add(self.units.setdefault(step, [0.0] * 2), row)
        for name, steps in earlier.metrics.items():
            for step, blocks in steps.items():
                self.metrics.setdefault(name, {}).setdefault(step, [])[:0] = blocks
        for name, row in earlier.shadow.items():
            _add(self.shadow.setdefault(name, [0.0] * 2), row)

    def to_draft(self) -> Draft:
        after = {
            "units": [[step, *row] for step, row in self.units.items()],
            "metrics": {
                name: [[step, *row] for step, blocks in steps.items() for row in blocks]
                for name, steps in self.metrics.items()
            },
            "shadow": {name: [row] for name, row in self.shadow.items()},
        }
        return Draft(action="observed", subject="outcomes", after=after)


def _keep(table: dict[str, Any], key: str, value: Any, most: int) -> None:
    """Put a key into a table that holds the latest ones."""
    if len(table) >= most:
        table.pop(next(iter(table)))
    table[key] = value


def _add(row: list[float], other: list[float]) -> None:
    for i, value in enumerate(other):
        row[i] += value
