"""Beginning, advancing and stopping a roll-out; each change is one transaction of the registry."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..errors import LifecycleError, RegistryError
from ..registry.log import Draft, Event
from ..registry.registry import CHALLENGER, CHAMPION, PREVIOUS, Registry
from .rollout import Decision, Metric, Rollout, check_settings, decide
from .router import ROLLOUT, find_rollout, read_outcomes

_STATES: dict[str, Any] = {
    "promote": "promoted",
    "roll back": "rolled back",
    "end": "inconclusive",
    "stop": "invalid",
}


def begin_rollout(
    registry: Registry, name: str, metrics: Sequence[Metric], reason: str = "", **settings: Any
) -> Rollout:
    """Begin to roll a version out against the champion.

    Args:
        registry: The registry.
        name: The version that is tried, such as "churn:3" or "churn@challenger".
        metrics: What is watched.
        reason: Why, for the audit log.
        **settings: Further attributes of `Rollout`: shares, bake_s, min_units, max_s,
            planned_units, alpha.

    Raises:
        RegistryError: There is no such version, its artifact is gone or has changed, its gates have
            not passed, or there is no champion.
        LifecycleError: A roll-out is running, the version is the champion, or a setting makes no
            sense.
        RegistryConflictError: Somebody began another one at the same moment.
    """
    check_settings(settings)
    version = registry.version(name)
    model = version.content.model
    aliases = registry.aliases(model)
    if CHAMPION not in aliases:
        raise RegistryError(f"{model} has no champion to compare with; promote a version first")
    found = find_rollout(registry, model)
    last, known = (None, -1) if found is None else (found[0], found[1].number)
    if last is not None and last.state == "running":
        raise LifecycleError(
            f"roll-out {last.number} of {model} is running: end it with 'stop_rollout' first"
        )
    if version.content.artifact is not None:
        registry.fetch(version)
    if failed := registry.describe_failed_gates(version):
        raise RegistryError(failed)
    now_s = registry.storage.now()
    rollout = Rollout(
        number=1 if last is None else last.number + 1,
        champion=aliases[CHAMPION],
        challenger=version.number,
        salt=secrets.token_hex(8),
        metrics=tuple(metrics),
        began_s=now_s,
        step_began_s=now_s,
        **settings,
    )
    registry.move(
        model,
        {CHALLENGER: version.number},
        expected=aliases,
        action="challenged",
        reason=reason,
        beside=[_draft("began", rollout, reason)],
        latest_known={ROLLOUT: known},
    )
    return rollout


def advance_rollout(registry: Registry, model: str) -> tuple[Rollout, Decision]:
    """Decide what to do with the running roll-out now, and do it.

    It ends as invalid where somebody has made another version the champion meanwhile, and is rolled
    back where gates of the challenger have failed since it began.

    Any number of processes may call this: of two that decide at the same moment, one does it.

    Returns:
        The roll-out as it is from now on, and the decision.

    Raises:
        LifecycleError: None is running.
        RegistryConflictError: Another process advanced it at the same moment, or somebody moved an
            alias; nothing was changed.
    """
    rollout, event = _find_running(registry, model)
    aliases = registry.aliases(model)
    now_s = registry.storage.now()
    if aliases.get(CHAMPION) == rollout.champion:
        decision = decide(rollout, read_outcomes(registry, model, rollout), now_s)
    else:
        because = (
            f"the champion is version {aliases.get(CHAMPION)} by now, and the roll-out compares "
            f"with version {rollout.champion}"
        )
        decision = Decision("stop", because, {})

    if decision.action == "wait":
        return rollout, decision
    if decision.action == "step":
        new = msgspec.structs.replace(rollout, step=rollout.step + 1, step_began_s=now_s)
        registry.note(model, _draft("stepped", new, decision.because, decision), event.number)
        return new, decision
    if decision.action == "promote":
        challenger = registry.version(f"{model}:{rollout.challenger}")
        if failed := registry.describe_failed_gates(challenger):
            decision = Decision("roll back", failed, decision.evidence)
    new = msgspec.structs.replace(rollout, state=_STATES[decision.action])
    _end(registry, model, new, event, aliases, decision.because, decision)
    return new, decision


def stop_rollout(registry: Registry, model: str, reason: str = "") -> Rollout:
    """End the running roll-out by hand; the champion stays.

    Raises:
        LifecycleError: None is running.
        RegistryConflictError: Another process ended it at the same moment, or somebody moved an
            alias; nothing was changed.
    """
    rollout, event = _find_running(registry, model)
    new = msgspec.structs.replace(rollout, state="stopped")
    _end(registry, model, new, event, registry.aliases(model), reason)
    return new


def give_verdict(registry: Registry, model: str) -> dict[str, Any]:
    """State of the latest roll-out, in the shape that Argo Rollouts' web metrics read.

    Returns:
        "verdict" is "success", "failure" or "inconclusive" ("running" while it runs); "because"
        says why.

    Raises:
        LifecycleError: There was never one.
    """
    found = find_rollout(registry, model)
    if found is None:
        raise LifecycleError(f"{model} never had a roll-out")
    rollout, event = found
    verdicts = {"promoted": "success", "rolled back": "failure", "running": "running"}
    return {
        "model": model,
        "rollout": rollout.number,
        "verdict": verdicts.get(rollout.state, "inconclusive"),
        "state": rollout.state,
        "share": rollout.share,
        "because": event.reason,
    }


def _find_running(registry: Registry, model: str) -> tuple[Rollout, Event]:
    """Return the running roll-out and the event that says so; raise LifecycleError for none."""
    found = find_rollout(registry, model)
    if found is None or found[0].state != "running":
        raise LifecycleError(f"no roll-out of {model} is running")
    return found


def _end(
    registry: Registry,
    model: str,
    ended: Rollout,
    event: Event,
    aliases: Mapping[str, int],
    because: str,
    decision: Decision | None = None,
) -> None:
    """End a roll-out and move the aliases, where both are as the caller knows them."""
    moved: dict[str, int | None] = {CHALLENGER: None}
    if ended.state == "promoted":
        moved |= {CHAMPION: ended.challenger, PREVIOUS: ended.champion}
    registry.move(
        model,
        moved,
        expected=aliases,
        action=ended.state,
        reason=because,
        evidence=None if decision is None else decision.evidence,
        beside=[_draft(ended.state, ended, because, decision)],
        latest_known={ROLLOUT: event.number},
    )


def _draft(action: str, rollout: Rollout, reason: str, decision: Decision | None = None) -> Draft:
    return Draft(
        action=action,
        subject=ROLLOUT,
        after=rollout,
        reason=reason,
        evidence={} if decision is None else dict(decision.evidence),
    )
