"""Registry of models: immutable versions, aliases that move, and an audit log of all of it.

Each model has one log. What holds of a subject ("version 3", "aliases", "rollout 2") is what the
latest event about it says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ..errors import RegistryConflictError, RegistryError, find_closest
from ..storages import Storage, from_url
from ..storages.base import LOG
from .artifacts import Artifacts
from .log import Damage, Draft, Event, Log
from .version import Content, Version, identify

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
_PREFIX = "model "  # of the names of the logs
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ALIASES = "aliases"


class Registry:
    """Models, their versions and aliases. It may be shared by threads, processes and machines.

    Args:
        storage: A URL such as "sqlite:///models.db" or "postgresql://user@host/database", a path
            that ends in .db, or a `Storage`: any in which studies live.
        artifacts: Folder, or URL that fsspec knows, for the files of versions; None for a folder
            beside the storage.
        actor: Who makes changes; None for the user of this process at this machine.

    Raises:
        StorageError: There is no such kind of storage.
        RegistryError: The storage has no folder beside it, and none is given.
    """

    def __init__(
        self,
        storage: str | os.PathLike[str] | Storage = "sqlite:///models.db",
        artifacts: str | os.PathLike[str] | None = None,
        actor: str | None = None,
    ) -> None:
        self.storage = from_url(storage)
        self.actor = actor
        place = os.fspath(artifacts) if artifacts is not None else _folder_beside(self.storage)
        self._artifacts = None if place is None else Artifacts(place)
        self._logs: dict[str, Log] = {}

    def __repr__(self) -> str:
        return f"Registry({self.storage!r})"

    # -- reading

    def models(self) -> list[str]:
        """Names of all models, sorted."""
        found = (s.name for s in self.storage.studies() if LOG in s.spec)
        return sorted(n.removeprefix(_PREFIX) for n in found if n.startswith(_PREFIX))

    def versions(self, model: str) -> list[Version]:
        """All versions of a model, the oldest first.

        Raises:
            RegistryError: There is no such model.
        """
        return _read_versions(self._read(model))

    def version(self, name: str) -> Version:
        """The version of a name: "churn:3", "churn@champion", or "churn" for the latest.

        Raises:
            RegistryError: There is none.
        """
        model, number, alias = split_name(name)
        events = self._read(model)
        versions = _read_versions(events)
        if alias is not None:
            aliases = _read_aliases(events)
            if alias not in aliases:
                raise RegistryError(f"{model} has no alias {alias!r}, only {sorted(aliases)}")
            number = aliases[alias]
        if not versions or (number is not None and not 1 <= number <= len(versions)):
            raise RegistryError(f"{model} has no version {number}, only 1 to {len(versions)}")
        return versions[-1 if number is None else number - 1]

    def aliases(self, model: str) -> dict[str, int]:
        """The number of the version that each alias names.

        Raises:
            RegistryError: There is no such model.
        """
        return _read_aliases(self._read(model))

    def history(self, model: str) -> Sequence[Event]:
        """Everything that was ever done to a model, the oldest first.

        Raises:
            RegistryError: There is no such model, or its log is damaged.
        """
        return self._read(model)

    def record(self, model: str, subject: str) -> Event | None:
        """The latest event about a subject; None where there is none."""
        return latest(self._read(model)).get(subject)

    def fetch(self, version: Version) -> Path:
        """A local path to the version's artifact, whose content was compared with its hash.

        Raises:
            RegistryError: It has none, or it is gone, or has changed.
        """
        if version.content.artifact is None:
            raise RegistryError(f"{version.name} has params only, and no artifact")
        return self._place().fetch(version.content.artifact)

    def describe_failed_gates(self, version: Version) -> str:
        """What is wrong with a version by its gates; "" where they passed or were never tried."""
        gates = self.record(version.content.model, gates_of(version))
        if gates is None or gates.after["verdict"] == "pass":
            return ""
        bad = [g for g in gates.after["gates"] if g["verdict"] != "pass"]
        said = "; ".join(f"{g['name']}: {g['because']}" for g in bad)
        return f"{version.name} has not passed its gates ({gates.after['verdict']}): {said}"

    def verify(self, model: str) -> Damage | None:
        """Walk the hash chain of a model's log; None where every event holds."""
        return self._log(model).verify()

    # -- changing

    def register(
        self, content: Content, artifact: str | os.PathLike[str] | None = None, why: str = ""
    ) -> Version:
        """Add a version, or return the one that has this content already.

        Args:
            content: What determines it.
            artifact: File or folder with the trained model, which is copied; None for params only.
            why: Why it is registered.

        Raises:
            RegistryError: A name that is none, or no such artifact.
        """
        check_model_name(content.model)
        if artifact is not None:
            content = msgspec.structs.replace(content, artifact=self._place().add(artifact))
        found = identify(content)

        def decide(events: Sequence[Event]) -> list[Draft]:
            versions = _read_versions(events)
            if any(v.id == found for v in versions):
                return []
            number = len(versions) + 1
            draft = Draft(
                action="registered",
                subject=f"version {number}",
                after={"number": number, "id": found, "content": content},
                reason=why,
            )
            return [draft]

        log = self._log(content.model)
        log.append(decide)
        return next(v for v in _read_versions(log.read()) if v.id == found)

    def move(
        self,
        model: str,
        aliases: Mapping[str, int | None],
        *,
        expected: Mapping[str, int] | None = None,
        action: str = "moved",
        reason: str = "",
        evidence: Mapping[str, Any] | None = None,
        beside: Sequence[Draft] = (),
        latest_known: Mapping[str, int] | None = None,
    ) -> Event:
        """Move aliases, all in one transaction with its row of the audit log.

        Args:
            model: Name of the model.
            aliases: Version number by alias; None removes the alias.
            expected: Aliases as the caller knows them; None to move them whatever they are.
            action: What this is called in the log.
            reason: Why.
            evidence: The figures that led to it.
            beside: Changes of other subjects that are made in the same transaction.
            latest_known: By subject, the number of the latest event about it as the caller knows
                it; -1 for none.

        Raises:
            RegistryError: There is no such model or version.
            RegistryConflictError: Somebody has moved an alias or changed a subject since; nothing
                was changed.
        """
        self._read(model)

        def decide(events: Sequence[Event]) -> list[Draft]:
            before = _read_aliases(events)
            if expected is not None and dict(expected) != before:
                raise RegistryConflictError(
                    f"the aliases of {model} are {before} by now, not {dict(expected)}: somebody "
                    "has moved them; look again"
                )
            _compare_latest(model, events, latest_known or {})
            n = len(_read_versions(events))
            for alias, number in aliases.items():
                check_model_name(alias)
                if number is not None and not 1 <= number <= n:
                    raise RegistryError(f"{model} has no version {number}, only 1 to {n}")
            merged = before | dict(aliases)
            draft = Draft(
                action=action,
                subject=_ALIASES,
                before=before,
                after={alias: number for alias, number in merged.items() if number is not None},
                reason=reason,
                evidence=dict(evidence or {}),
            )
            return [draft, *(_with_before(events, other) for other in beside)]

        return self._log(model).append(decide)[0]

    def promote(
        self,
        name: str,
        *,
        expected: Mapping[str, int] | None = None,
        reason: str = "",
        evidence: Mapping[str, Any] | None = None,
    ) -> Event:
        """Make a version the champion; what was the champion is called "previous" then.

        Args:
            name: The version, such as "churn:3" or "churn@challenger".
            expected: Aliases as the caller knows them; None to promote whatever they are.
            reason: Why.
            evidence: The figures that led to it.

        Raises:
            RegistryError: There is no such version, its artifact is gone or has changed, its gates
                have not passed, or it is the champion.
            RegistryConflictError: Somebody has moved an alias since.
        """
        version = self.version(name)
        model = version.content.model
        before = self.aliases(model)
        if before.get(CHAMPION) == version.number:
            raise RegistryError(f"{version.name} is the champion already")
        if version.content.artifact is not None:
            self.fetch(version)
        if failed := self.describe_failed_gates(version):
            raise RegistryError(failed)
        moved: dict[str, int | None] = {CHAMPION: version.number, PREVIOUS: before.get(CHAMPION)}
        if before.get(CHALLENGER) == version.number:
            moved[CHALLENGER] = None
        return self.move(
            model,
            moved,
            expected=before if expected is None else expected,
            action="promoted",
            reason=reason,
            evidence=evidence,
        )

    def rollback(
        self, model: str, *, reason: str = "", evidence: Mapping[str, Any] | None = None
    ) -> Event:
        """Make the previous version the champion again. It needs nothing of the present one.

        Raises:
            RegistryError: There is no previous version.
            RegistryConflictError: Somebody moved an alias at the same moment.
        """
        before = self.aliases(model)
        if PREVIOUS not in before:
            raise RegistryError(f"{model} has no previous version to go back to")
        return self.move(
            model,
            {CHAMPION: before[PREVIOUS], PREVIOUS: before.get(CHAMPION)},
            expected=before,
            action="rolled back",
            reason=reason,
            evidence=evidence,
        )

    def note(self, model: str, draft: Draft, expected: int | None = None) -> Event:
        """Append an event about any other subject, such as a roll-out.

        Args:
            model: Name of the model.
            draft: The change; what held before is filled in.
            expected: Number of the latest event about the subject, as the caller knows it; -1 for
                none, None to append whatever it is.

        Raises:
            RegistryConflictError: There is a later one; nothing was changed.
        """

        def decide(events: Sequence[Event]) -> list[Draft]:
            if expected is not None:
                _compare_latest(model, events, {draft.subject: expected})
            return [_with_before(events, draft)]

        return self._log(model).append(decide)[0]

    # -- parts

    def _read(self, model: str) -> Sequence[Event]:
        check_model_name(model)
        events = self._log(model).read()
        if not events:
            names = self.models()
            near = find_closest(model, names)
            hint = f"did you mean {near!r}? " if near else ""
            raise RegistryError(f"no model {model!r} in {self.storage}; {hint}there are {names}")
        return events

    def _log(self, model: str) -> Log:
        if model not in self._logs:
            self._logs[model] = Log(self.storage, _PREFIX + model, self.actor)
        return self._logs[model]

    def _place(self) -> Artifacts:
        if self._artifacts is None:
            raise RegistryError(
                f"{self.storage} has no folder beside it for the files of versions: pass "
                "artifacts=, a folder or a URL such as 's3://bucket/models'"
            )
        return self._artifacts


def latest(events: Sequence[Event]) -> dict[str, Event]:
    """The latest event about each subject."""
    return {event.subject: event for event in events}


def gates_of(version: Version) -> str:
    """The subject of what gates have found of a version."""
    return f"gates of version {version.number}"


def split_name(name: str) -> tuple[str, int | None, str | None]:
    """Split "churn:3" or "churn@champion" into the model, the number and the alias.

    Raises:
        RegistryError: It is neither.
    """
    found = re.fullmatch(rf"({_NAME.pattern})(?::(\d+)|@({_NAME.pattern}))?", name)
    if found is None:
        raise RegistryError(
            f"expected the name of a version, such as 'churn:3', 'churn@champion' or 'churn', got "
            f"{name!r}"
        )
    model, number, alias = found.groups()
    return model, None if number is None else int(number), alias


def check_model_name(name: object) -> None:
    """Refuse what is no name of a model or an alias.

    Raises:
        RegistryError: It is none.
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise RegistryError(
            "expected a name of up to 100 letters, digits, '.', '_' and '-', which begins with a "
            f"letter or digit, got {name!r}"
        )


def _read_versions(events: Sequence[Event]) -> list[Version]:
    return [
        Version(
            number=e.after["number"],
            id=e.after["id"],
            content=msgspec.convert(e.after["content"], Content),
            created_s=e.at_s,
            created_by=e.actor,
            why=e.reason,
        )
        for e in events
        if e.action == "registered"
    ]


def _read_aliases(events: Sequence[Event]) -> dict[str, int]:
    found = latest(events).get(_ALIASES)
    return {} if found is None else dict(found.after)


def _compare_latest(model: str, events: Sequence[Event], known: Mapping[str, int]) -> None:
    """Refuse a change by who does not know the latest event about each subject; -1 for none."""
    found = latest(events)
    for subject, expected in known.items():
        number = found[subject].number if subject in found else -1
        if number != expected:
            raise RegistryConflictError(
                f"somebody has changed {subject} of {model} since event {expected}, in event "
                f"{number}; look again"
            )


def _with_before(events: Sequence[Event], draft: Draft) -> Draft:
    """Return a change with what held of its subject before."""
    before = latest(events).get(draft.subject)
    return msgspec.structs.replace(draft, before=None if before is None else before.after)


def _folder_beside(storage: Storage) -> str | None:
    return None if storage.folder is None else f"{storage.folder.rstrip('/')}/models"
