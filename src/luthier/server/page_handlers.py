"""Handlers of what the page in a browser reads; none of them changes anything."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..history.history import History
from ..storages.codec import pack_number
from ..trial.record import State, TrialRow
from . import page_schemas, study_specs
from .open_studies import OpenStudies, OpenStudy
from .page_columns import find_rows, order_rows, pack_columns, read_column, split_names
from .page_summary import summarize
from .request import Answer, ApiRequest, RequestError
from .schemas import trial_from_row

_MAX_STUDIES = 1000  # in the list, the latest
_MAX_KEPT = 64  # answers, and orders of tables
_MAX_BYTES = 2**18  # of an answer that is kept
_FEW = 10  # changes after which an analysis is done again; more in a large study
_SHARE = 20  # an analysis is done again after one change in so many trials

Make = Callable[[OpenStudy, History], Any]


class PageHandlers:
    """Handlers of the page; every method may be called from many threads.

    An answer has a tag, made of the study's count of changes. Whoever has the answer of a tag sends
    it along; where nothing has changed, no trial is read and nothing is sent.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies
        self._storage = studies.storage
        self._answers = _Kept()
        self._orders = _Kept()

    def list_studies(self, request: ApiRequest) -> Answer:
        """List the studies, the latest first; no trial is read."""
        lines: list[page_schemas.StudyLine] = []
        first = n_left = 0
        while page := self._storage.page_of_studies(first):
            first = page[-1].id + 1
            for record in page:
                study = study_specs.describe_study(record)
                lines.append(
                    page_schemas.StudyLine(
                        id=study.id,
                        name=study.name,
                        objectives=study.objectives,
                        directions=study.directions,
                        created_s=study.created_s,
                        n_trials=study.n_trials,
                        counts=study.counts,
                    )
                )
            surplus = max(len(lines) - _MAX_STUDIES, 0)
            n_left += surplus
            del lines[:surplus]
        content = msgspec.json.encode(page_schemas.StudyList(lines[::-1], n_left))
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        is_known = request.known == tag
        return Answer(304, b"", tag) if is_known else Answer(200, content, tag)

    def summary(self, request: ApiRequest) -> Answer:
        """Read what one screen shows."""
        return self._answer(
            request,
            "summary",
            lambda opened, history: summarize(
                history, request.study, opened.name, opened.created_s
            ),
        )

    def columns(self, request: ApiRequest) -> Answer:
        """Read some columns of all trials."""
        names = split_names(request.body.names)

        def make(opened: OpenStudy, history: History) -> bytes:
            return pack_columns([read_column(history, name, opened.created_s) for name in names])

        return self._answer(request, ("columns", *names), make)

    def rows(self, request: ApiRequest) -> Answer:
        """Read one page of the table."""
        query: page_schemas.RowsQuery = request.body
        wanted = [_read_state(name) for name in query.states.split(",") if name]

        def make(opened: OpenStudy, history: History) -> page_schemas.Rows:
            order = self._order(opened, history, request.study, query.sort)
            column = None
            if query.column:
                column = read_column(history, query.column, opened.created_s)
            low = -np.inf if query.low is None else query.low
            high = np.inf if query.high is None else query.high
            found = find_rows(order, history.state, wanted, column, low, high)
            numbers = found[query.offset : query.offset + query.limit].tolist()
            rows = opened.engine.rows(sorted(numbers)) if numbers else []
            by_number = {row.number: row for row in rows}
            return page_schemas.Rows(len(found), [_table_row(by_number[i]) for i in numbers])

        return self._answer(request, ("rows", msgspec.json.encode(query)), make)

    def trial(self, request: ApiRequest) -> Answer:
        """Read one trial with its reports."""

        def make(opened: OpenStudy, history: History) -> Any:
            if request.number >= history.n:
                raise RequestError(
                    404, "NotFound", f"there is no trial {request.number}; there are {history.n}"
                )
            [row] = opened.engine.rows([request.number])
            return trial_from_row(row)

        return self._answer(request, ("trial", request.number), make)

    def importance(self, request: ApiRequest) -> Answer:
        """Estimate how much each parameter matters."""

        def make(opened: OpenStudy, history: History) -> page_schemas.Importances:
            if request.body.objective >= len(history.objectives):
                raise RequestError(
                    422, "Invalid", f"there are {len(history.objectives)} objectives"
                )
            found = opened.study.importance(objective=request.body.objective)
            return page_schemas.Importances(
                method=found.method,
                index=found.index,
                objective=found.objective,
                n=found.n,
                params=[
                    page_schemas.ParameterImportance(
                        name=name,
                        value=float(found.values[j]),
                        low=_or_none(found.low[j]),
                        high=_or_none(found.high[j]),
                        important=bool(found.important[j]),
                    )
                    for j, name in enumerate(found.names)
                ],
                quality=""
                if found.quality is None
                else f"R2 {found.quality.r2:.2f}, rank correlation "
                f"{found.quality.rank_correlation:.2f} on trials left out",
                note=found.note,
            )

        return self._answer(request, ("importance", request.body.objective), make, _analysed)

    def findings(self, request: ApiRequest) -> Answer:
        """Say what may be wrong."""
        return self._answer(
            request,
            "findings",
            lambda opened, history: page_schemas.Findings(opened.study.diagnose()),
            _analysed,
        )

    def _answer(
        self,
        request: ApiRequest,
        what: Hashable,
        make: Make,
        version: Callable[[History], int] = lambda history: history.revision,
    ) -> Answer:
        """The answer to a request; status 304 where the client has it.

        Args:
            request: The request.
            what: What is asked for.
            make: Makes the answer.
            version: Changes when the answer is to be made anew.
        """
        opened = self._studies.open(request.study)
        with opened.engine.reading() as history:
            tag = f'"{version(history)}-{int(1000 * opened.created_s):x}"'
            if request.known == tag:
                return Answer(304, b"", tag)
            slot = request.study, what
            content = self._answers.find(slot, tag)
            if content is None:
                made = make(opened, history)
                content = made if isinstance(made, bytes) else msgspec.json.encode(made)
                if len(content) <= _MAX_BYTES:
                    self._answers.keep(slot, tag, content)
            return Answer(200, content, tag)

    def _order(
        self, opened: OpenStudy, history: History, study: int, sort: str
    ) -> NDArray[np.int64]:
        """The numbers of trials as a column sorts them, known until the study changes."""
        slot, tag = (study, sort), (history.revision, opened.created_s)
        order: NDArray[np.int64] | None = self._orders.find(slot, tag)
        if order is None:
            column = read_column(history, sort.removeprefix("-"), opened.created_s)
            order = order_rows(column, sort.startswith("-"))
            self._orders.keep(slot, tag, order)
        return order


class _Kept:
    """The last results, each until its tag changes."""

    def __init__(self) -> None:
        self._results: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, slot: Hashable, tag: Hashable) -> Any:
        """The result in a slot, if it has this tag."""
        with self._lock:
            known, result = self._results.get(slot, (None, None))
            return result if known == tag else None

    def keep(self, slot: Hashable, tag: Hashable, result: Any) -> None:
        """Keep a result, and drop the oldest of too many."""
        with self._lock:
            self._results.pop(slot, None)
            self._results[slot] = tag, result
            if len(self._results) > _MAX_KEPT:
                self._results.popitem(last=False)


def _analysed(history: History) -> int:
    """A number that changes after a twentieth as many changes as there are trials, or ten."""
    return history.revision // max(_FEW, history.n // _SHARE)


def _read_state(name: str) -> int:
    """A state by its name.

    Raises:
        RequestError: There is none of that name.
    """
    try:
        return State[name.upper()].value
    except KeyError:
        known = ", ".join(state.name.lower() for state in State)
        raise RequestError(
            422, "Invalid", f"expected states out of {known}, got {name!r:.100}"
        ) from None


def _table_row(row: TrialRow) -> page_schemas.TableRow:
    lines = (row.error or "").strip().splitlines()
    return page_schemas.TableRow(
        number=row.number,
        state=row.state.name.lower(),
        values=None if row.values is None else [pack_number(v) for v in row.values],
        params=row.params,
        feasible=row.feasible,
        started_s=row.started_s,
        duration_s=row.duration_s,
        cost=row.cost,
        worker=row.worker.partition("#")[0],
        error=lines[-1][:500] if lines else None,
    )


def _or_none(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
