"""The handle of a trial that an objective is given."""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np

from ..errors import CheckpointError, DistributionError, IncompatibleDistributionError, ReportError
from ..space.distributions import Categorical, Distribution, Float, Int, Scale, must_match
from ..space.space import Space
from ..validation import (
    check_cost,
    check_parameter_name,
    check_result_constraint,
    int_if_whole,
    order_values,
    to_json_types,
)
from .record import Decision, Told

logger = logging.getLogger("luthier")


class Link(Protocol):
    """What a trial needs from the study it belongs to, wherever that is."""

    def report(
        self, step: float, value: Told, reference: dict[str, Any] | None, params: dict[str, Any]
    ) -> None:
        """Stores an intermediate value, and where the checkpoint is that was saved with it."""

    def decide(self) -> Decision:
        """Asks the scheduler."""


class Keeper(Protocol):
    """What a trial needs from its study's folder of checkpoints."""

    def save(self, number: int, step: float, checkpoint: Any) -> dict[str, Any]:
        """Keeps a checkpoint and returns a reference to it."""

    def load(self, reference: dict[str, Any]) -> Any:
        """The checkpoint behind a reference; CheckpointError if it cannot be had."""


class Trial:
    """The handle an objective is given.

    Attributes:
        number: 0, 1, 2, ... within the study.
        cost: What `set_cost` was told; None when nothing was.
        constraints: What `set_constraint` was told.
        objectives: Names of what is to be returned.
        token: Proves to the storage that this worker holds the trial.
        verdict: What the scheduler said last; once it is to stop or to pause, it stays so.
    """

    _warned = False  # in this process, of an objective that goes on

    def __init__(
        self,
        number: int,
        proposal: Mapping[str, Any],
        space: Space,
        seed: int,
        link: Link,
        keeper: Keeper | None = None,
        references: Sequence[dict[str, Any]] = (),
        token: int = 1,
        declared: bool = False,
        objectives: Sequence[str] = ("value",),
    ) -> None:
        self.number = number
        self.token = token
        self.objectives = tuple(objectives)
        self.constraints: dict[str, float] = {}
        self.suggested: dict[str, Distribution] = {}
        self.tags: dict[str, Any] = {}
        self.cost: float | None = None
        self.verdict = Decision.CONTINUE
        self._proposal = proposal
        self._space = space
        self._seed = seed
        self._link = link
        self._keeper = keeper
        self._references = references
        self._taken_up: tuple[float, Any] | None = None
        self._params: dict[str, Any] = dict(proposal) if declared else {}
        self._rng: np.random.Generator | None = None

    @property
    def checkpoint(self) -> Any:
        """What to go on from: the dict, or a path to the file, that `report(..., checkpoint=...)` was last given.

        None where the trial starts afresh. A trial has one that was paused, or whose worker died;
        in a population it may be another trial's. Files are read, never written to: take what you
        need and save to a path of your own. One that was deleted or damaged is left out, with a
        warning; then the one before counts.
        """
        return self._took_up()[1]

    @property
    def step(self) -> float:
        """How far `checkpoint` was trained: the step it was reported with, 0 without one.

        Whole numbers as int.
        """
        return self._took_up()[0]

    def _took_up(self) -> tuple[float, Any]:
        for reference in reversed(self._references if self._taken_up is None else ()):
            try:
                assert self._keeper is not None
                self._taken_up = (
                    int_if_whole(float(reference["step"])),
                    self._keeper.load(reference),
                )
                break
            except (CheckpointError, KeyError) as e:
                logger.warning("trial %d cannot go on from its checkpoint: %s", self.number, e)
        self._taken_up = self._taken_up or (0, None)
        return self._taken_up

    @property
    def params(self) -> dict[str, Any]:
        """The params in use: all of a declared space, or what has been suggested so far."""
        return dict(self._params)

    @property
    def space(self) -> Space:
        """The study's space, as it was known when the trial began."""
        return self._space

    @property
    def rng(self) -> np.random.Generator:
        """A generator of the trial's own.

        The same for the same study seed, trial number and step it goes on from.

        In a re-run of `Study.confirm` it depends on the study's seed and the repeat instead, so
        that all who are compared meet the same random numbers.
        """
        if self._rng is None:
            repeat = self.tags.get("repeat") if "confirms" in self.tags else None
            rerun = type(repeat) is int and repeat >= 0
            step = int(1000 * self.step) if self._references else 0
            key = (repeat, 3) if rerun else (self.number, 1, step) if step > 0 else (self.number, 1)
            self._rng = np.random.default_rng([self._seed, *key])
        return self._rng

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
        scale: Scale | None = None,
    ) -> float:
        """A real number between low and high, both included; see `luthier.Float`."""
        known = self._known(name, Float)
        scale = scale or ("log" if log else "linear")
        if known is None or (known.low, known.high, known.step, known.scale) != (
            low,
            high,
            step,
            scale,
        ):
            known = Float(low, high, step=step, scale=scale)
        return float(self.suggest(name, known))

    def suggest_int(
        self,
        name: str,
        low: int,
        high: int,
        *,
        step: int = 1,
        log: bool = False,
        scale: Scale | None = None,
    ) -> int:
        """A whole number between low and high, both included; see `luthier.Int`."""
        known = self._known(name, Int)
        scale = scale or ("log" if log else "linear")
        if known is None or (known.low, known.high, known.step, known.scale) != (
            low,
            high,
            step,
            scale,
        ):
            known = Int(low, high, step=step, scale=scale)
        return int(self.suggest(name, known))

    def suggest_categorical(
        self, name: str, choices: Sequence[Any], *, ordered: bool = False
    ) -> Any:
        """One of the choices, in the user's own type; see `luthier.Categorical`."""
        known = self._known(name, Categorical)
        if (
            known is None
            or known.ordered != ordered
            or len(known.choices) != len(choices)
            or any(
                a is not b and (type(a) is not type(b) or a != b)
                for a, b in zip(known.choices, choices, strict=True)
            )
        ):
            known = Categorical(tuple(choices), ordered=ordered)
        value = self.suggest(name, known)
        return choices[int(known.raw(value))]

    def _known(self, name: str, kind: type[Any]) -> Any:
        dist = self.suggested.get(name) or self._space.params.get(name)
        return dist if isinstance(dist, kind) else None

    def suggest(self, name: str, dist: Distribution) -> Any:
        """A value of a distribution.

        The proposed value where the sampler has one that fits, otherwise a draw from the
        distribution. Asked twice for the same name, it answers the same.

        Raises:
            IncompatibleDistributionError: The name is already used for another kind of parameter,
                or another range in this trial.
        """
        check_parameter_name(name, DistributionError)
        if name in self.suggested:
            if self.suggested[name] != dist:
                raise IncompatibleDistributionError(
                    f"{name!r} was {self.suggested[name]!r} earlier in this trial and is now "
                    f"{dist!r}; use two names"
                )
            return self._params[name]
        known = self._space.params.get(name)
        if known is not None:
            must_match(name, known, dist)
        self.suggested[name] = dist
        raw, value = None, self._proposal.get(name)
        if (
            known is dist
            and isinstance(dist, Float)
            and dist.step is None
            and dist.low <= _real(value) <= dist.high
        ):
            self._params[name] = value  # the common case, without ceremony
            return value
        if name in self._proposal:
            try:
                raw = dist.raw(self._proposal[name])
            except ValueError:  # a choice that no longer exists
                raw = None
        if raw is None or not dist.contains(raw):
            rng = np.random.default_rng([self._seed, self.number, 2, zlib.crc32(name.encode())])
            self._params[name] = dist.sample(rng)
        else:
            self._params[name] = dist.value(raw)
        return self._params[name]

    def report(
        self,
        value: float | Sequence[float] | Mapping[str, float],
        step: float,
        checkpoint: Any = None,
    ) -> None:
        """Tells an intermediate value.

        Args:
            value: The objective so far; one number for each where there are several, in order or by
                name. NaN and infinities are taken as they are, and rank last.
            step: How much has been spent: epochs, folds, rounds, seconds. A step reported twice
                keeps the later value.
            checkpoint: What to go on from after a pause, or should this worker die: a dict of
                arrays and numbers, which is saved for you, or the path of a file or folder of your
                own, which is copied. It comes back as `trial.checkpoint`.

        Raises:
            ReportError: value or step is not a number, or not as many as there are objectives.
            CheckpointError: The checkpoint is neither, or its file does not exist.
            LeaseLostError: The trial was given to another worker in the meantime.
        """
        if isinstance(value, Mapping):
            value = order_values(
                value, self.objectives, f"trial {self.number} reported", ReportError
            )
        several = isinstance(value, list | tuple) or (
            isinstance(value, np.ndarray) and value.ndim == 1
        )
        values = [
            self._number("value", v) for v in cast(Sequence[Any], value if several else [value])
        ]
        step = self._number("step", step)
        if not math.isfinite(step):
            raise ReportError(f"step must be finite, got {step!r} in trial {self.number}")
        if self.verdict is not Decision.CONTINUE and not Trial._warned:
            Trial._warned = True
            logger.warning(
                "trial %d was told to %s and goes on (step %g); raise luthier.TrialPruned where "
                "trial.should_prune() "
                "is true",
                self.number,
                self.verdict.value,
                step,
            )
        reference = None
        if checkpoint is not None:
            if self._keeper is None:
                raise CheckpointError(
                    f"trial {self.number} runs where its study's checkpoints cannot be reached"
                )
            reference = self._keeper.save(self.number, step, checkpoint)
        self._link.report(step, tuple(values) if several else values[0], reference, self._params)

    def _number(self, what: str, x: Any) -> float:
        if isinstance(x, np.ndarray) and x.ndim == 0:
            x = x.item()
        if isinstance(x, bool) or not isinstance(x, int | float | np.integer | np.floating):
            raise ReportError(
                f"report(value, step) expects two numbers, got {what} = {x!r} ({type(x).__name__}) "
                f"in trial {self.number}"
            )
        return float(x)

    def should_prune(self) -> bool:
        """Whether the scheduler ends this trial's turn now, by what has been reported.

        Raise `luthier.TrialPruned`.

        It may be over, or only paused and go on later from its checkpoint, if others turn out no
        better.
        """
        if self.verdict is Decision.CONTINUE:
            self.verdict = self._link.decide()
        return self.verdict is not Decision.CONTINUE

    def set_tag(self, name: str, value: Any) -> None:
        """Notes something beside the result: text, numbers, lists or dicts of them.

        Stored when the trial ends.
        """
        self.tags[str(name)] = to_json_types(value)

    def set_cost(self, value: float) -> None:
        """Notes what the trial cost, in a unit of your own: seconds, dollars, kWh.

        Stored however the trial ends.

        Told twice, the later counts. A trial that was paused tells what each turn cost; its cost is
        their sum.

        Raises:
            CostError: It is not a finite number >= 0.
        """
        self.cost = check_cost(value, f"trial {self.number}")

    def set_constraint(self, name: str, value: float) -> None:
        """Notes a constraint on what came out.

        The trial is feasible when all of its constraints are at most 0.

        For "latency of at most 50 ms" the value is latency_ms - 50. Infinity breaks it by far; a
        trial with NaN fails, as with a value of NaN. Told twice, the later counts. Stored however
        the objective ends, but lost with a process that is killed, as by a limit.

        Raises:
            ResultConstraintError: The name is empty or "crash", or the value is not a number.
        """
        self.constraints[name] = check_result_constraint(name, value, f"trial {self.number}")

    def __repr__(self) -> str:
        return f"Trial({self.number}, {self._params!r})"


def _real(value: Any) -> float:
    return value if type(value) is float else math.nan
