"""Retuning: from a trigger to a better champion, or to a person.

    OK -> SUSPECT -> CONFIRMED -> REFIT -> (RETUNE ->) STAGED -> SHADOW -> CANARY
       -> PROMOTED | ROLLED_BACK | INCONCLUSIVE -> OK

The state is an event of the model's log, each transition one transaction. What a state has to do is
done before the transition out of it, so a process that is killed leaves a state whose work another
one does again; a lease keeps two from doing it at once.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from ..errors import LifecycleError, RegistryConflictError
from ..registry.log import Draft
from ..registry.registry import CHAMPION, Registry
from ..registry.version import Version
from ..storages.transitions import lease_expired
from .claim import Claim
from .gates import Gate, record_gates
from .policy import Policy
from .rolling_out import advance_rollout, begin_rollout, stop_rollout
from .rollout import Metric, Rollout, check_settings
from .router import find_rollout, read_rollout
from .watching import Watch

_SUBJECT = "retuning"


class State(StrEnum):
    """Where the retuning of a model stands."""

    OK = "ok"
    SUSPECT = "suspect"
    CONFIRMED = "confirmed"
    REFIT = "refit"
    RETUNE = "retune"
    STAGED = "staged"
    SHADOW = "shadow"
    CANARY = "canary"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    INCONCLUSIVE = "inconclusive"
    INCIDENT = "incident"


class Spent(msgspec.Struct, frozen=True, array_like=True):
    """What one refit or retuning has used.

    Attributes:
        at_s: When it ended, in seconds since 1970.
        n_trials: How many trials it took.
        hours: How long it took; 0 where nobody said.
        kwh: Energy that it took; 0 where nobody said.
    """

    at_s: float
    n_trials: int
    hours: float = 0.0
    kwh: float = 0.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a model's retuning.

    Attributes:
        state: Where it stands.
        since_s: Since when, in seconds since 1970.
        because: Why, in words.
        is_scheduled: Whether a schedule or new data began it, and not an alarm.
        errors: How often in a row the work of the present state has raised an error.
        attempt: How often it has begun.
        ended_s: When the latest attempt ended.
        failures: How many attempts have failed in a row.
        rows: Rows of data at the latest refit.
        loss_before: Loss of the champion when it was promoted.
        loss_now: Loss of the champion on recent data.
        loss_new: Loss of what was trained last, on the same data.
        version: Name of the version that is tried.
        harm: Champion and label of the latest alarm of `Actions.monitor` that began an attempt;
            None where none did.
        spent: What refits and retunings of the last 30 days have used.
        holder: The process that works on it.
        lease_s: Until when that may be silent.
    """

    state: State = State.OK
    since_s: float = 0.0
    because: str = ""
    is_scheduled: bool = False
    errors: int = 0
    attempt: int = 0
    ended_s: float | None = None
    failures: int = 0
    rows: int = 0
    loss_before: float | None = None
    loss_now: float | None = None
    loss_new: float | None = None
    version: str | None = None
    harm: tuple[int, int] | None = None
    spent: tuple[Spent, ...] = ()
    holder: str = ""
    lease_s: float = 0.0


class Measured(msgspec.Struct, frozen=True):
    """What the champion is worth on recent data.

    Attributes:
        loss: On recent data, forward in time, that no training saw; smaller is better.
        loss_before: On the data of the time when it was promoted.
        rows: How many rows of data there are in all.
    """

    loss: float
    loss_before: float
    rows: int

    def __post_init__(self) -> None:
        for name in ("loss", "loss_before"):
            if not math.isfinite(getattr(self, name)):
                raise LifecycleError(
                    f"expected Measured({name}=...) as a finite number, got {getattr(self, name)!r}"
                )


class Trained(msgspec.Struct, frozen=True):
    """A newly trained model.

    Attributes:
        version: The registered version.
        loss: On the same recent data as `Measured.loss`.
        n_trials: How many trials it took.
        seconds: How long it took; needed where the policy has `hours_a_month`.
        kwh: Energy that it took; needed where the policy has `kwh_a_month`.
    """

    version: Version
    loss: float
    n_trials: int = 0
    seconds: float | None = None
    kwh: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.loss):
            raise LifecycleError(
                f"expected Trained(loss=...) as a finite number, got {self.loss!r}"
            )


class Actions(Protocol):
    """What only the owner of a model can do. Each may be called again after a kill.

    It may also have a `monitor`, which the retuner looks at while all is well: harm begins an
    attempt, a drift is noted in the log of the model. `feed(monitor)`, if there is one, gives it
    the rows and labels that came since; the monitor's `n_rows` and `n_labels` say how many it has.
    After a promotion it should be a new monitor, with what is normal for the new champion.
    """

    def measure(self) -> Measured:
        """Measure the champion on recent data."""

    def refit(self) -> Trained:
        """Train the champion's params on recent data, and register that."""

    def retune(self, n_trials: int, attempt: int) -> Trained:
        """Search anew on recent data, beginning with the champion's params, and register the best.

        A study under a name with the attempt goes on where a killed process stopped.
        """

    def check(self, version: Version) -> list[Gate]:
        """Run the gates of a version."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What a roll-out watches; empty for promotion without one."""


class Retuner:
    """Takes the retuning of one model from state to state. Several processes may run one.

    Args:
        registry: The registry.
        model: Name of the model.
        actions: What only the owner of the model can do.
        policy: When, and how much.
        rollout: Settings of the roll-out; see `begin_rollout`.

    Raises:
        LifecycleError: There is no such setting of a roll-out, or it is out of range.
    """

    def __init__(
        self,
        registry: Registry,
        model: str,
        actions: Actions,
        policy: Policy | None = None,
        rollout: dict[str, Any] | None = None,
    ) -> None:
        self.registry = registry
        self.model = model
        self.actions = actions
        self.policy = policy or Policy()
        self._rollout = rollout or {}
        check_settings(self._rollout)
        self._watch = Watch(registry, model)
        self._holder = f"{platform.node()}:{os.getpid()}:{os.urandom(3).hex()}"
        self._steps: dict[State, Callable[[Row], Row | None]] = {
            State.OK: self._look_for_triggers,
            State.SUSPECT: self._confirm,
            State.CONFIRMED: lambda row: replace(row, state=State.REFIT, because="refit first"),
            State.REFIT: self._refit,
            State.RETUNE: self._retune,
            State.STAGED: self._check,
            State.SHADOW: self._roll_out,
            State.CANARY: self._roll_out,
            State.PROMOTED: self._finish,
            State.ROLLED_BACK: self._finish,
            State.INCONCLUSIVE: self._finish,
            State.INCIDENT: lambda row: None,
        }

    @property
    def row(self) -> Row:
        """The row as it is now."""
        return read_row(self.registry, self.model)[0]

    def suspect(self, because: str) -> bool:
        """Report an alarm, such as one of `Monitor` that is harm.

        Returns:
            Whether it began an attempt: not while one runs, in the time after one, or while an
            incident is open.
        """
        row, number = read_row(self.registry, self.model)
        now_s = self.registry.storage.now()
        if row.state != State.OK or self._is_cooling(row, now_s):
            return False
        return self._move(row, _begin(row, because, is_scheduled=False), number)

    def step(self) -> Row:
        """Do the work of the present state, and make the transition out of it.

        Nothing happens while another process works on it, or where the state has to wait.

        Raises:
            Exception: What an action raised. The state is as before, and where that has happened
                `Policy.max_failures` times in a row the attempt has failed.
        """
        row, number = read_row(self.registry, self.model)
        now_s = self.registry.storage.now()
        is_held = not lease_expired(row.lease_s, now_s, self.policy.lease_s)
        if row.holder not in ("", self._holder) and is_held:
            return row
        if row.state not in (State.REFIT, State.RETUNE, State.STAGED):
            return self._work(row, lambda: number)

        claim = Claim(lambda known: self._claim(row, known), number, self.policy.lease_s / 3)
        if not claim.renew():
            return self.row
        with claim:
            return self._work(row, claim.stop)

    # -- the states

    def _look_for_triggers(self, row: Row) -> Row | None:
        harm = self._watch.look(self.actions, row.harm)
        now_s = self.registry.storage.now()
        if self._is_cooling(row, now_s):
            return None
        if harm is not None:
            champion, alarm = harm
            begun = _begin(row, f"{alarm.name}: {alarm.because}", is_scheduled=False)
            return replace(begun, harm=(champion, alarm.at_row))
        because = ""
        every_s = self.policy.every_s
        if every_s is not None and not _is_within(every_s, self._refitted_s(row), now_s):
            because = f"{every_s:.0f} s have passed since the last refit"
        elif self.policy.growth is not None:
            rows = self.actions.measure().rows
            if row.rows and rows >= self.policy.growth * row.rows:
                because = f"the data have grown from {row.rows} to {rows} rows"
        if not because:
            return None
        return _begin(row, because, is_scheduled=True)

    def _confirm(self, row: Row) -> Row:
        measured = self.actions.measure()
        known = replace(
            row, loss_now=measured.loss, loss_before=measured.loss_before, rows=measured.rows
        )
        lost = measured.loss - measured.loss_before
        if lost <= 0 and not row.is_scheduled:
            because = f"the loss on recent data, {measured.loss:.4g}, is no larger than before"
            return self._end(known, because, is_failure=False)
        because = f"the loss is {measured.loss:.4g}, and was {measured.loss_before:.4g}"
        return replace(known, state=State.CONFIRMED, because=because)

    def _refit(self, row: Row) -> Row:
        trained = self.actions.refit()
        before, now = float(row.loss_before or 0.0), float(row.loss_now or 0.0)
        lost, regained = now - before, now - trained.loss
        new = replace(
            row,
            loss_new=trained.loss,
            version=trained.version.name,
            spent=self._add_spent(row, trained),
        )
        said = f"a refit has loss {trained.loss:.4g}, against {now:.4g} now and {before:.4g} before"
        if regained >= self.policy.regain * lost:
            return replace(new, state=State.STAGED, because=said)
        if reason := self._refuse_retuning(new, trained.loss - before):
            if regained > 0:
                return replace(new, state=State.STAGED, because=f"{said}; {reason}")
            return self._end(new, f"{said}; {reason}", is_failure=True)
        return replace(new, state=State.RETUNE, because=f"{said}: that regains less than asked for")

    def _retune(self, row: Row) -> Row:
        trained = self.actions.retune(self.policy.n_trials, row.attempt)
        known = [loss for loss in (row.loss_now, row.loss_new) if loss is not None]
        new = replace(row, spent=self._add_spent(row, trained))
        if trained.loss >= min(known):
            if row.loss_new is None or row.loss_new == max(known):
                return self._end(new, "retuning found nothing better than the champion", True)
            because = "retuning found nothing better than the refit"
            return replace(new, state=State.STAGED, because=because)
        because = f"{trained.n_trials} trials found loss {trained.loss:.4g}"
        return replace(
            new,
            state=State.STAGED,
            loss_new=trained.loss,
            version=trained.version.name,
            because=because,
        )

    def _check(self, row: Row) -> Row:
        version = self.registry.version(str(row.version))
        if self.registry.aliases(self.model).get(CHAMPION) == version.number:
            return replace(row, state=State.PROMOTED, because=f"{version.name} is the champion")
        verdict = record_gates(self.registry, version.name, self.actions.check(version))
        if verdict != "pass":
            return self._end(row, f"the gates of {version.name}: {verdict}", is_failure=True)
        if not self.actions.metrics:
            self.registry.promote(version.name, reason=row.because)
            return replace(row, state=State.PROMOTED, because=f"{version.name} passed its gates")
        running = read_rollout(self.registry, self.model)
        if running is None or running.state != "running" or running.challenger != version.number:
            begin_rollout(
                self.registry, version.name, self.actions.metrics, row.because, **self._rollout
            )
        return replace(row, state=State.SHADOW, because=f"{version.name} passed its gates")

    def _roll_out(self, row: Row) -> Row | None:
        found = find_rollout(self.registry, self.model)
        if found is None:
            return self._end(row, "its roll-out is gone", is_failure=True)
        rollout, because = found[0], found[1].reason
        if _find_state(rollout) == row.state:  # else a process was killed before it noted that
            rollout, decision = advance_rollout(self.registry, self.model)
            because = decision.because
        state = _find_state(rollout)
        return None if state == row.state else replace(row, state=state, because=because)

    def _finish(self, row: Row) -> Row:
        return self._end(row, row.because, is_failure=row.state == State.ROLLED_BACK)

    # -- parts

    def _work(self, row: Row, end_claim: Callable[[], int]) -> Row:
        """Do the work of a state, and make the transition after the event that is the latest."""
        try:
            new = self._steps[row.state](row)
        except RegistryConflictError:  # somebody else made a change meanwhile: look again
            return self.row
        except Exception as e:
            self._move(row, self._count_error(row, e), end_claim())
            raise
        if new is not None:
            self._move(row, new, end_claim())
        return self.row

    def _claim(self, row: Row, number: int) -> int | None:
        lease_s = self.registry.storage.now() + self.policy.lease_s
        held = replace(row, holder=self._holder, lease_s=lease_s)
        return self._note("claimed", held, number, "works on it")

    def _count_error(self, row: Row, error: Exception) -> Row:
        errors = row.errors + 1
        because = f"{row.state} raised {type(error).__name__}: {error}"
        if errors >= self.policy.max_failures:
            if row.state in (State.SHADOW, State.CANARY):  # nobody would watch it any more
                stop_rollout(self.registry, self.model, because)
            return self._end(row, because, is_failure=True)
        return replace(row, errors=errors, because=because)

    def _end(self, row: Row, because: str, is_failure: bool) -> Row:
        """End an attempt: back to OK, or to a person after too many failures."""
        failures = row.failures + 1 if is_failure else 0
        state = State.OK
        if failures >= self.policy.max_failures:
            state = State.INCIDENT
            because = f"{because}; {failures} attempts in a row have failed: somebody has to look"
        now_s = self.registry.storage.now()
        return replace(row, state=state, because=because, failures=failures, ended_s=now_s)

    def _refuse_retuning(self, row: Row, lost: float) -> str:
        """Return why a retuning may not begin; "" where it may."""
        policy = self.policy
        spent = _latest(row.spent, self.registry.storage.now())
        n_trials = sum(s.n_trials for s in spent)
        if n_trials + policy.n_trials > policy.trials_a_month:
            return f"{n_trials} of {policy.trials_a_month} trials of this month are spent"
        for unit, used, budget in (
            ("hours", sum(s.hours for s in spent), policy.hours_a_month),
            ("kWh", sum(s.kwh for s in spent), policy.kwh_a_month),
        ):
            if budget is not None and used >= budget:
                return f"{used:.4g} of {budget:g} {unit} of this month are spent"
        if self.policy.value_a_day is None:
            return ""
        gain = lost * self.policy.value_a_day * self.policy.horizon_days
        cost = self.policy.n_trials * self.policy.trial_cost
        return "" if gain > cost else f"retuning costs {cost:.4g} and may gain {gain:.4g} at most"

    def _add_spent(self, row: Row, trained: Trained) -> tuple[Spent, ...]:
        """Return what the last 30 days have used, with a new model.

        Raises:
            LifecycleError: What a budget counts is not said, or is no number >= 0.
        """
        for name, said, budget in (
            ("seconds", trained.seconds, self.policy.hours_a_month),
            ("kwh", trained.kwh, self.policy.kwh_a_month),
        ):
            if said is None and budget is None:
                continue
            if said is None or not (math.isfinite(said) and said >= 0):
                raise LifecycleError(
                    f"expected Trained({name}=...) as a number >= 0, which a budget of the policy "
                    f"counts, got {said!r}"
                )
        now_s = self.registry.storage.now()
        hours = (trained.seconds or 0.0) / 3600
        used = Spent(now_s, trained.n_trials, hours, trained.kwh or 0.0)
        return (*_latest(row.spent, now_s), used)

    def _refitted_s(self, row: Row) -> float:
        """Return when the latest attempt ended, or before any when the champion was registered."""
        if row.ended_s is not None:
            return row.ended_s
        return self.registry.version(f"{self.model}@{CHAMPION}").created_s

    def _is_cooling(self, row: Row, now_s: float) -> bool:
        return _is_within(self.policy.cooldown_s, row.ended_s, now_s)

    def _move(self, row: Row, new: Row, number: int) -> bool:
        """Make a transition; False where somebody else made one meanwhile."""
        errors = new.errors if new.state == row.state else 0
        now_s = self.registry.storage.now()
        moved = replace(new, since_s=now_s, holder="", lease_s=0.0, errors=errors)
        action = f"{row.state} -> {new.state}"
        return self._note(action, moved, number, new.because) is not None

    def _note(self, action: str, row: Row, number: int, because: str) -> int | None:
        """Note a row, and return the number of the event; None where there is a later one."""
        try:
            draft = _draft(action, row, because)
            return self.registry.note(self.model, draft, expected=number).number
        except RegistryConflictError:
            return None


def read_row(registry: Registry, model: str) -> tuple[Row, int]:
    """Return the row of a model's retuning, and the number of the event that says so; -1 for none.

    Raises:
        RegistryError: There is no such model.
    """
    event = registry.record(model, _SUBJECT)
    if event is None:
        return Row(), -1
    return msgspec.convert(event.after, Row), event.number


def resolve_incident(registry: Registry, model: str, because: str) -> Row:
    """Close the incident of a model by hand; the next attempt may begin.

    Args:
        registry: The registry.
        model: Name of the model.
        because: What was found, for the audit log.

    Raises:
        LifecycleError: None is open.
        RegistryConflictError: Somebody else has closed it at the same moment.
    """
    row, number = read_row(registry, model)
    if row.state != State.INCIDENT:
        raise LifecycleError(f"no incident of {model} is open; it is {row.state}")
    new = replace(row, state=State.OK, because=because, failures=0, since_s=registry.storage.now())
    registry.note(model, _draft(f"{row.state} -> {new.state}", new, because), expected=number)
    return new


def _draft(action: str, row: Row, because: str) -> Draft:
    return Draft(action=action, subject=_SUBJECT, after=row, reason=because)


def _begin(row: Row, because: str, is_scheduled: bool) -> Row:
    """Begin an attempt."""
    return replace(
        row,
        state=State.SUSPECT,
        because=because,
        is_scheduled=is_scheduled,
        attempt=row.attempt + 1,
        loss_new=None,
        version=None,
    )


def _find_state(rollout: Rollout) -> State:
    """Return the state of a retuning whose roll-out stands so."""
    states = {
        "promoted": State.PROMOTED,
        "rolled back": State.ROLLED_BACK,
        "running": State.CANARY if rollout.share > 0 else State.SHADOW,
    }
    return states.get(rollout.state, State.INCONCLUSIVE)


def _latest(spent: tuple[Spent, ...], now_s: float) -> tuple[Spent, ...]:
    """Return what was spent in the last 30 days."""
    return tuple(s for s in spent if _is_within(30 * 86400.0, s.at_s, now_s))


def _is_within(duration_s: float, at_s: float | None, now_s: float) -> bool:
    """Whether a time is less than a duration away; not where it is None.

    A time that lies further in the future was noted before the clock was set back: it is over.
    """
    return at_s is not None and abs(now_s - at_s) < duration_s
