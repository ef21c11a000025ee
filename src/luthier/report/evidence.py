"""Evidence of a report: every record of the analysis that it speaks of, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from .. import analysis
from ..analysis.finished_trials import collect_finished
from ..errors import StudyError
from ..history.history import History
from ..trial.record import TrialRow

GOOD = 0.1
"""Share of the trials that counts as good."""

N_EFFECTS = 6
_MAX_BY_MODEL = 250  # trials from which a forest estimates importances: it is quicker

Record = TypeVar("Record")


class Origin(NamedTuple):
    """Where a study comes from, beside its trials.

    Attributes:
        name: Its name.
        storage: URL of its storage; "" for the memory of a process.
        sampler: How it is written in Python.
        scheduler: Likewise; "" for none.
        created_s: When it was created, in seconds since 1970.
        declared: Whether its space was declared, and not found out by running the objective.
        dismissed: Name and parameter of findings that somebody dismissed, to the reason.
        n_widened: Parameter to how often its range has been widened.
    """

    name: str
    storage: str
    sampler: str
    scheduler: str
    created_s: float
    declared: bool
    dismissed: Mapping[tuple[str, str], str] = MappingProxyType({})
    n_widened: Mapping[str, int] = MappingProxyType({})


class Evidence(NamedTuple):
    """What is known of a study. A text stands where a record cannot be had, and says why.

    Attributes:
        origin: Where it comes from.
        history: The trials as columns.
        rows: The trials as records.
        incumbent: The best value so far, where there is one objective.
        front: The trials that no other beats, where there are several.
        importance: What matters in the whole space.
        importance_good: What is left to matter among the good trials.
        effects: Of the parameters that matter most.
        convergence: What more trials may gain.
        resources: What trials used.
        findings: What may be wrong; what was dismissed comes last.
    """

    origin: Origin
    history: History
    rows: Sequence[TrialRow]
    incumbent: analysis.Incumbent | str
    front: analysis.Pareto | str
    importance: analysis.Importance | str
    importance_good: analysis.Importance | str
    effects: tuple[analysis.Effect, ...] | str
    convergence: analysis.Convergence | str
    resources: analysis.Resources | str
    findings: list[analysis.Finding]

    @property
    def open_findings(self) -> list[analysis.Finding]:
        """The findings that nobody has dismissed."""
        return [finding for finding in self.findings if not finding.dismissed]

    @property
    def one(self) -> bool:
        """Whether there is one objective."""
        return len(self.history.directions) == 1


def gather(history: History, rows: Sequence[TrialRow], origin: Origin) -> Evidence:
    """Return what is known of a study.

    Args:
        history: The trials as columns.
        rows: The same trials as records.
        origin: Where it comes from.
    """
    one = len(history.directions) == 1
    several = "There are several objectives: see the front."
    overall: analysis.Importance | str
    good: analysis.Importance | str
    if history.space.d:
        method = _choose_method(history)
        overall = attempt(lambda: analysis.importance(history, method))
        good = attempt(lambda: analysis.importance(history, method, among=GOOD)) if one else several
    else:
        overall = good = "No parameter is known yet."
    return Evidence(
        origin=origin,
        history=history,
        rows=rows,
        incumbent=attempt(lambda: analysis.incumbent(history)) if one else several,
        front=attempt(lambda: analysis.pareto(history)),
        importance=overall,
        importance_good=good,
        effects=attempt(lambda: _find_effects(history, overall)),
        convergence=attempt(lambda: analysis.convergence(history)) if one else several,
        resources=attempt(lambda: analysis.resources(history, lambda _: list(rows))),
        findings=analysis.diagnose(
            history,
            rows,
            origin.n_widened,
            is_scheduled=bool(origin.scheduler),
            dismissed=origin.dismissed,
        ),
    )


def attempt(make: Callable[[], Record]) -> Record | str:
    """Return a record, or as a sentence why the trials do not give one."""
    try:
        return make()
    except StudyError as e:
        text = str(e)
        return f"{text[:1].upper()}{text[1:]}."


def _choose_method(history: History) -> str:
    """The method of importances: for very many trials the one that is quick."""
    if len(history.directions) > 1 or collect_finished(history).n <= _MAX_BY_MODEL:
        return "auto"
    return "fanova"


def _find_effects(
    history: History, importance: analysis.Importance | str
) -> tuple[analysis.Effect, ...]:
    """The effects of the parameters that matter most."""
    return analysis.effects(history, _choose_params(history, importance))


def _choose_params(history: History, importance: analysis.Importance | str) -> list[str]:
    """The parameters whose effects are shown: those that matter most, else the first."""
    ranked = [] if isinstance(importance, str) else list(importance.names)
    return (ranked or list(history.space.names))[:N_EFFECTS]
