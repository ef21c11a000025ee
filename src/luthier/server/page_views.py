"""Handlers of the page's views of an analysis; none of them changes anything.

Each gives the record of `luthier.analysis` as an object. Where the trials tell too little, it holds
nothing but a "note" that says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from .. import analysis
from ..analysis.failure_groups import group_failures
from ..analysis.filled_ranges import fill_ranges
from ..analysis.stopped_steps import count_stops
from ..errors import NothingFitsError, RuleError, StudyError, TooFewResultsError
from ..history.history import History
from ..trial.record import State
from . import page_view_schemas
from .open_studies import OpenStudies, OpenStudy
from .page_answers import Answers, Version, many_changes, some_changes
from .page_columns import find_objective
from .page_plain import say_quality, to_page
from .request import Answer, ApiRequest, RequestError
from .wire_words import to_wire_words

_MAX_FAILURES = 5000  # the latest are read
_MAX_COMPARED = 20  # studies
_MAX_EFFECTS = 12  # parameters at a time

Find = Callable[[OpenStudy, History], Any]


class PageViews:
    """Handlers of the views; every method may be called from many threads.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._answers = Answers(studies)

    def curves(self, request: ApiRequest) -> Answer:
        """Read what trials reported, with forecasts, and where trials were stopped."""
        j = request.body.objective

        def find(opened: OpenStudy, history: History) -> Any:
            found = to_page(analysis.curves(history, find_objective(history, j)))
            return found | {"stops": to_page(count_stops(history))}

        return self._give(request, ("curves", j), find, some_changes)

    def effects(self, request: ApiRequest) -> Answer:
        """Estimate how an objective depends on some parameters, whatever the others are."""
        query: page_view_schemas.EffectsQuery = request.body
        chosen = _read_indices(query.params, _MAX_EFFECTS)

        def find(opened: OpenStudy, history: History) -> Any:
            if max(chosen) >= history.space.d:
                raise RequestError(422, "Invalid", f"there are {history.space.d} parameters")
            names = [history.space.names[j] for j in chosen]
            objective = find_objective(history, query.objective)
            found = analysis.effects(history, names, objective, query.around)
            return {
                "quality": say_quality(found[0].quality),
                "effects": [to_page(effect) for effect in found],
            }

        return self._give(
            request, ("effects", *chosen, query.objective, query.around), find, many_changes
        )

    def surface(self, request: ApiRequest) -> Answer:
        """Estimate how an objective depends on two parameters together."""
        query: page_view_schemas.SurfaceQuery = request.body

        def find(opened: OpenStudy, history: History) -> Any:
            x, y = (_name_param(history, index) for index in (query.x, query.y))
            if x is not None and x == y:
                raise RequestError(422, "Invalid", f"expected two parameters, got {x!r} twice")
            found = analysis.contour(
                history, x, y, find_objective(history, query.objective), query.around
            )
            return to_page(found) | {"quality": say_quality(found.quality)}

        what = "surface", query.x, query.y, query.objective, query.around
        return self._give(request, what, find, many_changes)

    def ablation(self, request: ApiRequest) -> Answer:
        """Find what each change on the way to the best trial brings."""
        query: page_view_schemas.AblationQuery = request.body

        def find(opened: OpenStudy, history: History) -> Any:
            found = analysis.ablate(history, int(query.baseline) if query.baseline else None)
            if found.note:
                return {"note": found.note, "baseline": found.baseline}
            return {
                "baseline": found.baseline,
                "names": list(found.names),
                "values": to_page(found.values),
                "quality": say_quality(found.quality),
            }

        return self._give(request, ("ablation", query.baseline), find, many_changes)

    def fidelity(self, request: ApiRequest) -> Answer:
        """Compare early values with final ones."""
        return self._give_of_objective(request, "fidelity", analysis.rank_correlation)

    def distribution(self, request: ApiRequest) -> Answer:
        """Read how values are distributed."""
        return self._give_of_objective(request, "distribution", analysis.edf)

    def _give_of_objective(
        self, request: ApiRequest, what: str, analyse: Callable[[History, str], Any]
    ) -> Answer:
        j = request.body.objective
        return self._give(
            request,
            (what, j),
            lambda opened, history: to_page(analyse(history, find_objective(history, j))),
            some_changes,
        )

    def front(self, request: ApiRequest) -> Answer:
        """Read the front of several objectives, and the trials behind it."""
        return self._give(
            request,
            "front",
            lambda opened, history: to_page(analysis.pareto(history)),
            some_changes,
        )

    def choice(self, request: ApiRequest) -> Answer:
        """Choose a trial by a rule, and say what each condition costs."""
        rule = request.body.rule.strip()

        def find(opened: OpenStudy, history: History) -> Any:
            is_knee = not rule and len(history.directions) > 1
            chosen = analysis.choose(history, opened.engine.rows, rule or None, knee=is_knee)
            return _describe_choice(chosen)

        return self._give(request, ("choice", rule), find, some_changes)

    def timeline(self, request: ApiRequest) -> Answer:
        """Read who ran what when."""
        return self._give(
            request,
            "timeline",
            lambda opened, history: to_page(analysis.timeline(history, opened.engine.rows)),
            some_changes,
        )

    def failures(self, request: ApiRequest) -> Answer:
        """Read failed trials by what went wrong."""

        def find(opened: OpenStudy, history: History) -> Any:
            number = np.flatnonzero(history.state == State.FAILED)
            latest = number[-_MAX_FAILURES:].tolist()
            groups = group_failures(opened.engine.rows(latest)) if latest else ()
            return {"n": len(number), "n_read": len(latest), "groups": to_page(groups)}

        return self._give(request, "failures", find, some_changes)

    def space(self, request: ApiRequest) -> Answer:
        """Read the space as a tree, and how the trials fill it."""

        def find(opened: OpenStudy, history: History) -> Any:
            space = history.space
            when = [
                {name: [str(v) for v in allowed] for name, allowed in (dist.when or {}).items()}
                for dist in space.dists
            ]
            ranges = fill_ranges(history)
            return {
                "params": [
                    to_page(found) | {"when": conditions}
                    for found, conditions in zip(ranges, when, strict=True)
                ],
                "constraints": [rule.text for rule in space.constraints],
                "declared": opened.engine.declared,
            }

        return self._give(request, "space", find, some_changes)

    def resources(self, request: ApiRequest) -> Answer:
        """Add up what the study used."""

        def find(opened: OpenStudy, history: History) -> Any:
            found = analysis.resources(history, opened.engine.rows)
            return to_page(found) | {"saved_share": to_page(found.saved_share)}

        return self._give(request, "resources", find, many_changes)

    def compare(self, request: ApiRequest) -> Answer:
        """Compare the best values of several studies at the same effort."""
        query: page_view_schemas.CompareQuery = request.body
        wanted = _read_indices(query.studies, _MAX_COMPARED)
        groups = query.groups.split(",") if query.groups else [*map(str, wanted)]
        if len(groups) != len(wanted):
            raise RequestError(
                422, "Invalid", f"expected the group of each of {len(wanted)} studies"
            )
        studies = sorted(wanted)

        def make(opened: list[OpenStudy], histories: list[History]) -> Any:
            of = dict(zip(studies, histories, strict=True))
            named: dict[str, list[History]] = {}
            for study, group in zip(wanted, groups, strict=True):
                named.setdefault(group, []).append(of[study])
            return _or_note(lambda: to_page(analysis.compare(named, by=query.by)))

        what = "compare", query.by, *wanted, *groups
        return self._answers.give_several(request, studies, what, make, some_changes)

    def _give(self, request: ApiRequest, what: Hashable, find: Find, version: Version) -> Answer:
        return self._answers.give(
            request, what, lambda opened, history: _or_note(lambda: find(opened, history)), version
        )


def _or_note(find: Callable[[], Any]) -> Any:
    """What was found, or a note that says why nothing can be."""
    try:
        return find()
    except (TooFewResultsError, NothingFitsError, RuleError, StudyError) as e:
        return {"note": to_wire_words(str(e))}


def _read_indices(text: str, most: int) -> list[int]:
    """Whole numbers with commas between them, each once.

    Raises:
        RequestError: They are no such numbers, or too many, or none.
    """
    parts = list(dict.fromkeys(text.split(",")))
    if len(parts) > most or not all(p.isdecimal() and len(p) < 16 for p in parts):
        raise RequestError(
            422, "Invalid", f"expected 1 to {most} whole numbers with commas, got {text!r:.100}"
        )
    return [int(part) for part in parts]


def _name_param(history: History, index: str) -> str | None:
    """The name of a parameter; None for "".

    Raises:
        RequestError: There is none of this index.
    """
    if not index:
        return None
    if int(index) >= history.space.d:
        raise RequestError(422, "Invalid", f"there are {history.space.d} parameters")
    return history.space.names[int(index)]


def _describe_choice(chosen: analysis.Choice) -> dict[str, Any]:
    return {
        "number": chosen.number,
        "values": to_page(chosen.values),
        "params": chosen.params,
        "why": chosen.why,
        "rules": [
            {
                "rule": rule.rule,
                "n": rule.n,
                "n_excluded": rule.n_excluded,
                "n_alone": rule.n_alone,
                "without": None if rule.without is None else rule.without.number,
                "text": str(rule),
            }
            for rule in chosen.rules
        ],
        "runner_up": None if chosen.runner_up is None else str(chosen.runner_up),
    }
