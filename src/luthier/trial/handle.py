"""Handle of a trial: what an objective is given."""

from __future__ import annotations

import contextlib
import math
import operator
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Never, Protocol

import numpy as np

from ..argument_names import explain_attributes, explain_too_many
from ..errors import (
    CheckpointError,
    CheckpointPlaceError,
    DistributionError,
    IncompatibleDistributionError,
    LeaseLostError,
    MachineError,
    ReportError,
    UnknownParameterError,
    is_because_of,
)
from ..space.choices import list_members
from ..space.distributions import Categorical, Distribution, Float, Int, Scale
from ..space.normal import Normal
from ..space.space import Space
from ..space.widening import are_values_of, find_nearest
from ..terminal import logger
from ..validation import (
    check_cost,
    check_parameter_name,
    check_result_constraint,
    check_size_of_tags,
    check_tag,
    check_tag_name,
    int_if_whole,
    measure_json,
    order_values,
    show,
    split_values,
    to_json_types,
    to_number,
    to_plain_text,
)
from .attaching import Attaching
from .notes import TrialNotes
from .params import Params
from .record import Decision, ReportValue
from .reported_steps import ReportedSteps
from .ticket import CheckpointKeeper, Ticket

# Types of bounds that are compared quickly with those that are known; others are converted first.
_QUICK = frozenset({int, float, np.float64, np.int64, type(None)})

# Set once this process has warned of an objective that goes on after it was told to stop.
_warned_of_going_on = threading.Event()

# Names that people know from Optuna, and what they do the same with here.
_OTHER_NAMES = {
    "suggest_uniform": "suggest_float(name, low, high)",
    "suggest_loguniform": "suggest_float(name, low, high, log=True)",
    "suggest_discrete_uniform": "suggest_float(name, low, high, step=q)",
    "set_user_attr": "set_tag(name, value)",
    "user_attrs": "tags",
    "set_system_attr": "set_tag(name, value)",
    "system_attrs": "tags",
    "config": "params",
    "get": "params.get(name)",
    "parameters": "params",
    "relative_params": "params",
}


class Link(Protocol):
    """A trial's way to the study that it belongs to, wherever that is."""

    def report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        """Store an intermediate value, and the reference to the checkpoint saved with it."""

    def decide(self) -> Decision:
        """Ask the scheduler."""


@explain_attributes(_OTHER_NAMES, "trial")
class Trial(Attaching):
    """The handle of a trial, which an objective is given.

    It asks for params, reports intermediate values, and notes what belongs to the result.

    Args:
        ticket: The trial, as it was begun.
        space: The study's space, as far as it is known.
        link: The trial's way to its study.
    """

    def __init__(self, ticket: Ticket, space: Space, link: Link) -> None:
        self._ticket = ticket
        self._space = space
        self._link = link
        self._proposal = ticket.proposal
        self._params: dict[str, Any] = ticket.params
        self._suggested: dict[str, Distribution] = {}
        self._remarks: dict[str, str] = {}
        self._has_read_params = False
        self._tags: dict[str, Any] = dict(ticket.tags)
        self._n_tag_bytes = -1  # of all tags; -1 before the first is set
        self._cost: float | None = None
        self._constraints: dict[str, float] = {}
        self._decision = Decision.CONTINUE
        self._is_asked = False  # whether the objective asked for a decision
        self._steps: ReportedSteps | None = None  # from the first report on
        self._resumed: tuple[float, Any] | None = None  # step and checkpoint that it goes on from
        self._rng: np.random.Generator | None = None
        self._excuse: MachineError | LeaseLostError | None = None
        self._has_reported_since = False  # since the excuse

    # -- the trial ------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """0, 1, 2, ... within the study."""
        return self._ticket.number

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the values that are to be returned."""
        return self._ticket.objectives

    @property
    def space(self) -> Space:
        """The study's space, as far as it was known when the trial began."""
        return self._space

    @property
    def params(self) -> dict[str, Any]:
        """The params in use: all of a declared space, or what has been suggested so far.

        A copy. A name that is not there raises MissingParameterError, which is a KeyError and says
        what there is.
        """
        self._has_read_params = True
        return Params(self._params, self.number, self._space)

    @property
    def tags(self) -> Mapping[str, Any]:
        """The tags, name to value; a copy, set them with `set_tag`."""
        return MappingProxyType({k: to_json_types(v) for k, v in self._tags.items()})

    @property
    def cost(self) -> float | None:
        """The cost that was noted with `set_cost`; None without one."""
        return self._cost

    @property
    def checkpoint(self) -> Any:
        """The checkpoint to go on from; None where the trial starts afresh.

        It is the dict, or a path to the file, that `report(..., checkpoint=...)` was last given. A
        trial has one that was paused, or whose worker died; in a population it may be another
        trial's. Files are for reading: take what you need and save to a path of your own. A
        checkpoint that was deleted or damaged is left out, with a warning; then the one before
        counts.
        """
        return self._resume()[1]

    @property
    def step(self) -> float:
        """The step that `checkpoint` was reported with, 0 without one; int where it is whole."""
        return self._resume()[0]

    def _resume(self) -> tuple[float, Any]:
        """Return the step and the checkpoint that the trial goes on from, loaded once."""
        if self._resumed is not None:
            return self._resumed
        with self.noting_excuses():
            self._resumed = self._load_latest() or (0, None)
        return self._resumed

    def _load_latest(self) -> tuple[float, Any] | None:
        """Load the latest checkpoint that can be read; None where there is none.

        After a loss of power the row may be older than the files.
        """
        keeper = self._ticket.keeper
        references = self._ticket.references
        for reference in reversed(references if keeper is not None else ()):
            assert keeper is not None
            found = self._try_to_load(keeper, reference)
            if found is not None:
                return found
            for newer in keeper.find_newest(self.number, reference, references):
                found = self._try_to_load(keeper, newer)
                if found is not None:
                    logger.warning(
                        "trial %d goes on from step %g, by the newest of its files that is whole",
                        self.number,
                        found[0],
                    )
                    return found
        return None

    def _try_to_load(
        self, keeper: CheckpointKeeper, reference: Mapping[str, Any]
    ) -> tuple[float, Any] | None:
        try:
            return int_if_whole(float(reference["step"])), keeper.load(dict(reference))
        except CheckpointPlaceError:  # the checkpoint may well be there
            raise
        except (CheckpointError, KeyError) as e:
            logger.warning("trial %d cannot go on from its checkpoint: %s", self.number, e)
        return None

    @property
    def rng(self) -> np.random.Generator:
        """A generator of random numbers of the trial's own.

        The same for the same study seed, trial number and step that it goes on from. In a re-run of
        `Study.confirm` it depends on the study's seed and the repeat instead, so that all
        configurations that are compared meet the same random numbers.
        """
        if self._rng is None:
            tags = self._tags
            repeat = tags.get("repeat") if "confirms" in tags else None
            step = int(1000 * self.step) if self._ticket.references else 0
            if type(repeat) is int and repeat >= 0:
                key: tuple[int, ...] = (repeat, 3)
            elif step > 0:
                key = (self.number, 1, step)
            else:
                key = (self.number, 1)
            self._rng = np.random.default_rng([self._ticket.seed, *key])
        return self._rng

    # -- params ---------------------------------------------------------------------------------

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *more: Never,
        step: float | None = None,
        log: bool = False,
        scale: Scale | None = None,
    ) -> float:
        """Return a real number between low and high, both included; see `luthier.Float`."""
        if more:
            raise explain_too_many("suggest_float", more)
        known = self._known_range(name, Float, low, high, step, log, scale)
        if known is None:
            known = _make(name, Float, low, high, step=step, scale=_read_scale(name, log, scale))
        value: float = self.suggest(name, known)
        return value

    def suggest_int(
        self,
        name: str,
        low: int,
        high: int,
        *more: Never,
        step: int = 1,
        log: bool = False,
        scale: Scale | None = None,
    ) -> int:
        """Return a whole number between low and high, both included; see `luthier.Int`."""
        if more:
            raise explain_too_many("suggest_int", more)
        known = self._known_range(name, Int, low, high, step, log, scale)
        if known is None:
            known = _make(name, Int, low, high, step=step, scale=_read_scale(name, log, scale))
        value: int = self.suggest(name, known)
        return value

    def suggest_categorical(
        self, name: str, choices: Sequence[Any], *, ordered: bool = False
    ) -> Any:
        """Return one of the choices, as it was given; see `luthier.Categorical`."""
        known = self._known(name, Categorical)
        given = choices if type(choices) is tuple else list_members(choices)
        if given is None:
            raise DistributionError(
                f"parameter {name!r:.100}: choices must be a list or another collection, got "
                f"{show(choices)} ({type(choices).__name__})"
            )
        same = known is not None and known.ordered is ordered
        if not same or not _are_same(known.choices, given):
            has_order = not isinstance(choices, set | frozenset)
            known = _make(name, Categorical, given if has_order else choices, ordered=ordered)
        return given[int(known.raw(self.suggest(name, known)))]

    def _known(self, name: str, kind: type[Any]) -> Any:
        """Return the distribution of a name, from this trial or the study, if it is of a kind."""
        if type(name) is not str:
            return None
        dist = self._suggested.get(name) or self._space.params.get(name)
        return dist if isinstance(dist, kind) else None

    def _known_range(
        self, name: str, kind: type[Any], low: Any, high: Any, step: Any, log: Any, scale: Any
    ) -> Any:
        """Return the distribution of a name, if it is of a kind, a range and a scale."""
        if name.__class__ is not str:
            return None
        known: Any = self._suggested.get(name) or self._space.params.get(name)
        if known.__class__ is not kind:
            return None
        if not (low is known.low and high is known.high and step is known.step):
            asked = low, high, step  # numbers that are equal, perhaps; True equals 1, and is none
            is_plain = _QUICK.issuperset(map(type, asked))
            if not is_plain or asked != (known.low, known.high, known.step):
                return None
        if scale is None and log.__class__ is bool:
            scale = "log" if log else "linear"
        elif log is not False or scale.__class__ is not str:
            return None
        return known if known.scale == scale else None

    def suggest(self, name: str, dist: Distribution) -> Any:
        """Return a value of a distribution.

        It is the proposed value where the sampler has proposed one that fits, else a draw from the
        distribution. A value that somebody has fixed, as `Study.enqueue` does, is used as it is,
        with a warning where it is a number outside of the distribution. A second call for the same
        name returns the same value.

        Raises:
            IncompatibleDistributionError: The name had another distribution earlier in this trial,
                or the space declares another one.
            UnknownParameterError: The study's space was declared without this name, or a value that
                was fixed is none of the distribution's.
        """
        known = self._space.params.get(name) if name.__class__ is str else None
        if known is None or known is not dist:
            name = check_parameter_name(name, DistributionError)
            if not isinstance(dist, Float | Int | Categorical | Normal):
                raise DistributionError(
                    f"parameter {name!r:.100}: dist must be a Float, an Int, a Categorical or a "
                    f"Normal, got {show(dist)}"
                )
        if name in self._suggested:
            if self._suggested[name] is not dist and self._suggested[name] != dist:
                raise IncompatibleDistributionError(
                    f"{name!r} was {self._suggested[name]!r} earlier in this trial and is now "
                    f"{dist!r}; use two names"
                )
            return self._params[name]
        if known is not dist and self._ticket.declared:
            self._check_declared(name, dist)
        self._suggested[name] = dist

        value = self._proposal.get(name)
        # Fast path: a proposed number in a range needs no further checks.
        if (
            value.__class__ is float
            and isinstance(dist, Float)
            and dist.step is None
            and dist.low <= value <= dist.high
        ):
            self._params[name] = value
            return value

        raw = dist.find(value) if name in self._proposal else None
        if raw is not None:
            self._params[name] = dist.value(raw)
        elif name in self._ticket.fixed:
            self._params[name] = self._outside(name, value, dist)
        else:
            near = find_nearest(dist, value)
            key = [self._ticket.seed, self.number, 2, zlib.crc32(name.encode())]
            drawn = dist.sample(np.random.default_rng(key)) if near is None else dist.value(near)
            self._params[name] = drawn
        return self._params[name]

    def _outside(self, name: str, value: Any, dist: Distribution) -> float:
        """Return a value that somebody has fixed outside of what the objective asks for.

        Raises:
            UnknownParameterError: It is of another kind, so that no objective could use it.
        """
        number = to_number(value)
        is_usable = number is not None and (
            isinstance(dist, Float) or (isinstance(dist, Int) and float(number).is_integer())
        )
        if not is_usable:
            raise UnknownParameterError(
                f"trial {self.number} is to run with {name} = {show(value)}, which is not a value "
                f"of {dist!r:.500}, as the objective asks for it; enqueue one of its values"
            )
        self._remarks[f"outside {name}"] = (
            f"trial {self.number} ran with {name} = {value!r}, as it was told to, outside of "
            f"{dist!r:.500}, as the objective asked for it; no model learns from the trial while "
            "that is the range"
        )
        return int(value) if isinstance(dist, Int) else float(value)

    def _check_declared(self, name: str, dist: Distribution) -> None:
        """Refuse what a declared space does not have.

        Raises:
            UnknownParameterError: It does not have the name.
            IncompatibleDistributionError: It does not have the values.
        """
        try:
            known = self._space.named(name)
        except UnknownParameterError as e:
            raise UnknownParameterError(
                f"the study's space is declared, and the objective asks for another name: {e}"
            ) from None
        if not are_values_of(dist, known):
            raise IncompatibleDistributionError(
                f"the study's space declares {name!r} as {known!r:.500}, and the objective asks "
                f"for {dist!r:.500}; change one of the two"
            )
        if not are_values_of(known, dist):
            self._remarks[f"narrower {name}"] = (
                f"the objective asks for {name!r} in {dist!r:.500}, and the study's space declares "
                f"{known!r:.500}, which counts for the sampler: what it proposes outside of the "
                "former is replaced by a value inside"
            )

    # -- intermediate values --------------------------------------------------------------------

    def report(
        self,
        value: float | Sequence[float] | Mapping[str, float],
        step: float,
        checkpoint: Any = None,
    ) -> None:
        """Report an intermediate value.

        Args:
            value: The objective so far; one number for each where there are several, in order or by
                name. NaN and infinities are stored as they are, and rank last.
            step: How much has been spent: epochs, folds, rounds, seconds. A step reported twice
                keeps the later value.
            checkpoint: What to go on from after a pause, or should this worker die: a dict of
                arrays and numbers, which is saved for you, or the path of a file or folder of your
                own, which is copied. It comes back as `trial.checkpoint`.

        Raises:
            ReportError: value or step is not a number, or not as many as there are objectives.
            CheckpointError: The checkpoint is neither, or its file does not exist.
            MachineError: The checkpoint or the value cannot be stored, for want of space or of a
                server, say, and waiting did not help. Let it pass: the trial is then offered again.
            LeaseLostError: The trial was given to another worker in the meantime.
        """
        if isinstance(value, Mapping):
            value = order_values(
                value, self.objectives, f"trial {self.number} reported", ReportError
            )
        several = split_values(value)
        values = [self._number("value", v) for v in ([value] if several is None else several)]
        step = self._number("step", step)
        if not math.isfinite(step):
            raise ReportError(f"step must be finite, got {step!r} in trial {self.number}")

        self._warn_of_going_on(step)
        if self._steps is None:
            self._steps = ReportedSteps(self.number)
        self._steps.count(step)
        with self.noting_excuses():
            reference = None if checkpoint is None else self._save(step, checkpoint)
            stored = values[0] if len(values) == 1 else tuple(values)
            self._link.report(step, stored, reference, self._params)
        self._has_reported_since = True

    def _save(self, step: float, checkpoint: Any) -> dict[str, Any]:
        keeper = self._ticket.keeper
        if keeper is None:
            raise CheckpointError(
                f"trial {self.number} runs where its study's checkpoints cannot be reached"
            )
        return keeper.save(self.number, step, checkpoint)

    def _number(self, what: str, x: Any) -> float:
        number = to_number(x)
        if number is None:
            raise ReportError(
                f"report(value, step) expects two numbers, got {what} = {show(x)} "
                f"({type(x).__name__}) in trial {self.number}"
            )
        try:
            return float(number)
        except OverflowError:
            raise ReportError(
                f"report(value, step) expects two numbers that a float can hold, got {what} = "
                f"{show(x)} in trial {self.number}"
            ) from None

    def _warn_of_going_on(self, step: float) -> None:
        """Warn, once in a process, of an objective that reports after it was told to stop."""
        if self._decision is Decision.CONTINUE or _warned_of_going_on.is_set():
            return
        _warned_of_going_on.set()
        logger.warning(
            "trial %d was told to %s and goes on (step %g); raise luthier.TrialPruned where "
            "trial.should_stop() is true",
            self.number,
            self._decision.value,
            step,
        )

    def should_stop(self) -> bool:
        """Whether the scheduler ends this trial's turn now, by what has been reported.

        If so, raise `luthier.TrialPruned`. The trial may be over, or only paused: then it may go on
        later from its checkpoint.
        """
        self._is_asked = True
        if self._decision is Decision.CONTINUE:
            with self.noting_excuses():
                self._decision = self._link.decide()
        return self._decision is not Decision.CONTINUE

    def should_prune(self) -> bool:
        """The same as `should_stop`, by the name that Optuna gave it."""
        return self.should_stop()

    # -- what belongs to the result -------------------------------------------------------------

    def set_tag(self, name: str, value: Any) -> None:
        """Note something beside the result: text, numbers, lists or dicts of them.

        Stored when the trial ends.

        Raises:
            TrialError: It cannot be stored: it is something else, text with lone surrogates, or
                larger as JSON than 1 MiB, or than 2 MiB together with the other tags. Or the name
                is luthier's own: "confirms" or "earlier_errors".
        """
        check_tag_name(name, f"trial {self.number}")
        name, plain, n_bytes = check_tag(name, value, f"trial {self.number}")
        if self._n_tag_bytes < 0:
            self._n_tag_bytes = measure_json(self._tags)
        replaced = measure_json({name: self._tags[name]}) if name in self._tags else 0
        total = self._n_tag_bytes + n_bytes - replaced
        check_size_of_tags(total, f"trial {self.number}")
        self._tags[name] = plain
        self._n_tag_bytes = total

    def set_cost(self, value: float) -> None:
        """Note what the trial cost, in a unit of your own: seconds, dollars, kWh.

        A second call replaces the first. It is stored however the trial ends. A trial that was
        paused notes the cost of each turn; its cost is their sum.

        Raises:
            CostError: It is not a finite number >= 0.
        """
        self._cost = check_cost(value, f"trial {self.number}")

    def set_constraint(self, name: str, value: float) -> None:
        """Note a constraint on the results: a trial is feasible when all of its are at most 0.

        For "latency of at most 50 ms" the value is latency_ms - 50. Infinity breaks it by far; a
        trial with NaN fails, as with a value of NaN. A second call for the same name replaces the
        first. Stored however the objective ends, but lost with a process that is killed, as by a
        limit.

        Raises:
            ResultConstraintError: The name is empty or "crash", or the value is not a number.
        """
        number = check_result_constraint(name, value, f"trial {self.number}")
        self._constraints[to_plain_text(name)] = number

    # -- for the study --------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        """The way to the trial's study, by which the study knows its own trials."""
        return self._link

    @property
    def ticket(self) -> Ticket:
        """The trial as it was begun, for the study that ends it."""
        return self._ticket

    @contextlib.contextmanager
    def noting_excuses(self) -> Iterator[None]:
        """A block of luthier's own work for the trial, which is not to blame for what fails there.

        That is the machine's error, and the loss of the lease.
        """
        try:
            yield
        except (MachineError, LeaseLostError) as e:
            self._excuse = e
            self._has_reported_since = False
            raise

    def find_excuse(
        self, raised: BaseException | None = None
    ) -> MachineError | LeaseLostError | None:
        """Return what luthier's own work for the trial failed with, if that is why it has ended.

        It is where no report has succeeded since, or the objective has raised something because of
        it. The error of another study, storage or place is none: that is the objective's own.
        """
        excuse = self._excuse
        if excuse is None or not self._has_reported_since:
            return excuse
        return excuse if raised is not None and is_because_of(raised, excuse) else None

    def notes(self) -> TrialNotes:
        """Return what the objective has left here so far, for the study that ends the trial."""
        self.write_log()
        return TrialNotes(
            params=dict(self._params),
            suggested=dict(self._suggested),
            tags=dict(self._tags),
            cost=self._cost,
            constraints=dict(self._constraints),
            decision=self._decision,
            remarks=self._remarks | ({} if self._steps is None else self._steps.remarks),
            proposal=self._ticket.find_unused(self._params),
            unasked=self._find_unasked(),
            is_asked=self._is_asked,
        )

    def _find_unasked(self) -> tuple[str, ...]:
        """Return the names that the objective was given, and never asked for."""
        given = self._ticket.fixed
        if self._ticket.declared:  # the objective may read `params` instead
            given = self._proposal if self._suggested and not self._has_read_params else ()
        return tuple(name for name in given if name not in self._suggested)

    def __repr__(self) -> str:
        return f"Trial({self.number}, {self._params!r})"


def _make(name: Any, kind: type[Any], *args: Any, **fields: Any) -> Any:
    """Return a distribution of a kind; an error names the parameter.

    Raises:
        DistributionError: The name or a field is not what it can be.
    """
    name = check_parameter_name(name, DistributionError)
    try:
        return kind(*args, **fields)
    except DistributionError as e:
        raise DistributionError(f"parameter {name!r:.100}: {e}") from None


def _read_scale(name: Any, log: Any, scale: Any) -> Any:
    """Return the scale that `log` and `scale` say together.

    Raises:
        DistributionError: They contradict each other, or log is neither True nor False.
    """
    if not isinstance(log, bool | np.bool_):
        raise DistributionError(
            f"parameter {name!r:.100}: log must be True or False, got {show(log)}"
        )
    if scale is None:
        return "log" if log else "linear"
    if log and show(scale) != show("log"):
        raise DistributionError(
            f"parameter {name!r:.100}: log=True and scale={show(scale)} contradict each other; "
            "leave one out"
        )
    return scale


def _are_same(known: Sequence[Any], choices: Sequence[Any]) -> bool:
    """Whether choices are those of a distribution, in value and type."""
    if len(known) != len(choices):
        return False
    return all(map(operator.is_, known, choices)) or all(map(_is_same, known, choices))


def _is_same(known: Any, choice: Any) -> bool:
    if type(known) is not type(choice):
        return False
    return _are_same(known, choice) if type(known) is tuple else bool(known == choice)
