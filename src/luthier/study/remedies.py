"""The verbs of a study about its findings: dismiss one, and apply a remedy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from .. import schedulers
from ..analysis.findings.action import ACTION_KINDS, Action
from ..analysis.findings.finding import Finding
from ..errors import StudyError, UnknownNameError, UnknownParameterError, find_closest
from ..space.descriptions import read_distribution
from ..space.space import Space
from ..storages.settings import Applied, Dismissal, Settings
from ..terminal import logger
from ..validation import is_text, show
from .engine import Engine, describe_declared

_MOST_CHARACTERS = 1000  # of a reason


class Remedies:
    """What is done about the findings of a study; `Study` has all of these verbs.

    Attributes:
        engine: The machine under the study.
    """

    engine: Engine

    def dismiss(
        self, finding: Finding | str, parameter: str | None = None, reason: str = ""
    ) -> None:
        """Dismiss a finding: from now on `diagnose` shows it last, as dismissed.

        That is stored with the study, so that every process knows it. A finding that is dismissed
        hides no others, and fails no pipeline. See `undo_dismissal`.

        Args:
            finding: A finding, or its name, such as "optimum-at-bound".
            parameter: The parameter that it is about; None for that of the finding, or with a name
                for all parameters.
            reason: Why, in your words.

        Raises:
            UnknownNameError: There is no finding of that name.
            UnknownParameterError: The space has no such parameter.
            StudyError: The reason is no text, or has more than 1,000 characters.
        """
        name, subject = self._name(finding, parameter)
        if not (isinstance(reason, str) and is_text(reason) and len(reason) <= _MOST_CHARACTERS):
            raise StudyError(
                f"a reason is a text of at most {_MOST_CHARACTERS:,} characters, got {show(reason)}"
            )
        new = Dismissal(name, subject, reason)
        self.engine.edit_spec(lambda now: _with_dismissed(_list_others(now, name, subject, new)))

    def undo_dismissal(self, finding: Finding | str, parameter: str | None = None) -> None:
        """Show a finding again that was dismissed.

        Args:
            finding: As for `dismiss`.
            parameter: As for `dismiss`.

        Raises:
            UnknownNameError: There is no finding of that name.
            UnknownParameterError: The space has no such parameter.
            StudyError: It is not dismissed.
        """
        name, subject = self._name(finding, parameter)
        self.engine.refresh()
        if not any((d.finding, d.parameter) == (name, subject) for d in self.dismissals):
            of = f" of {subject!r}" if subject else ""
            known = ", ".join(_describe(d) for d in self.dismissals) or "none"
            raise StudyError(f"{name!r}{of} is not dismissed; dismissed are: {known}")
        self.engine.edit_spec(lambda now: _with_dismissed(_list_others(now, name, subject)))

    @property
    def dismissals(self) -> tuple[Dismissal, ...]:
        """What is dismissed, as of the last look at the storage."""
        return self.engine.settings.dismissed

    @property
    def applied(self) -> tuple[Applied, ...]:
        """The remedies that were applied, in their order, as of the last look at the storage."""
        return self.engine.settings.applied

    def apply(self, finding: Finding) -> Applied:
        """Apply the remedy of a finding: a range, a constraint, a scheduler, or the end of a run.

        The space that changes is the stored one, which workers follow that declare none themselves.
        The scheduler is that of this process. Trials that do not fit into a narrower range do not
        count any more. What was changed is logged and stored, and counts as a widening.

        Args:
            finding: One of `diagnose` that has an `action`.

        Returns:
            What was changed.

        Raises:
            StudyError: It has no remedy that luthier can apply, or the objective declares its space
                itself.
        """
        action = finding.action
        if action is None:
            raise StudyError(
                f"{finding.name!r} has no remedy that luthier can apply; its advice: "
                f"{finding.advice}"
            )
        change = self._act(finding, action)
        with self.engine.reading() as history:
            n = history.n
        new = Applied(finding.name, finding.subject, action.kind, change, n)
        self.engine.edit_spec(
            lambda now: {"applied": [msgspec.to_builtins(a) for a in (*now.applied, new)]}
        )
        logger.info("study %r, trial %d: %s, as %s", self.engine.name, n, change, finding.title)
        return new

    def _act(self, finding: Finding, action: Action) -> str:
        """Change the study; in words."""
        engine = self.engine
        if action.kind == "stop":
            engine.stop.request(f"finding {finding.name}")
            return "no further trial is begun"
        if action.kind == "schedule":
            given = action.scheduler
            engine.scheduler = None if given is None else schedulers.ASHA(**given)
            return f"the scheduler is {engine.scheduler!r}"
        space = engine.space
        if action.kind == "constrain":
            self._declare(space.with_params({}, [action.constraint]))
            return f"constraint {action.constraint!r}"
        dist = read_distribution(finding.subject, action.distribution)
        self._declare(space.with_params({finding.subject: dist}))
        return f"{finding.subject} is {dist!r}"

    def _declare(self, space: Space) -> None:
        """Store another declared space, and propose from it from now on."""
        if not self.engine.declared:
            raise StudyError(
                f"the space of {self.engine.name!r} is what its objective suggests: change it "
                "there, or declare a space"
            )
        self.engine.edit_spec(lambda _: describe_declared(space), space)

    def _name(self, finding: Finding | str, parameter: str | None) -> tuple[str, str]:
        """Name and parameter of a finding, checked; "" for all parameters."""
        from ..analysis.findings.catalogue import CATALOGUE  # loads scipy

        name = finding.name if isinstance(finding, Finding) else finding
        if parameter is None:
            parameter = finding.subject if isinstance(finding, Finding) else ""
        known = [detector.name for detector in CATALOGUE]
        if name not in known:
            near = find_closest(str(name), known)
            hint = f"; did you mean {near!r}?" if near else f", such as {known[0]!r}"
            raise UnknownNameError(f"expected the name of a finding{hint}, got {name!r:.100}")
        if parameter and parameter not in self.engine.space.params:
            raise UnknownParameterError(
                f"there is no parameter {parameter!r:.100}; the space has "
                f"{', '.join(self.engine.space.names)}"
            )
        return name, parameter


def check_act(act: Any) -> frozenset[str]:
    """Return the kinds of actions that may be applied, checked.

    Raises:
        ValueError: One of them is none, or it is a single text.
    """
    if isinstance(act, str) or not isinstance(act, Collection):
        wrong = [act]
    else:
        wrong = [kind for kind in act if not isinstance(kind, str) or kind not in ACTION_KINDS]
    if wrong:
        raise ValueError(f"act is a set of some of {', '.join(ACTION_KINDS)}, got {show(wrong[0])}")
    return frozenset(act)


def _list_others(now: Settings, name: str, subject: str, *more: Dismissal) -> list[Dismissal]:
    others = [d for d in now.dismissed if (d.finding, d.parameter) != (name, subject)]
    return [*others, *more]


def _with_dismissed(dismissals: Collection[Dismissal]) -> Mapping[str, Any]:
    return {"dismissed": [msgspec.to_builtins(d) for d in dismissals]}


def _describe(dismissal: Dismissal) -> str:
    of = f" of {dismissal.parameter!r}" if dismissal.parameter else ""
    return f"{dismissal.finding!r}{of}"
