"""Handlers of what the page in a browser reads; none of them changes anything."""

from __future__ import annotations

import hashlib
import zlib
from functools import partial
from typing import Any
from urllib.parse import unquote

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..history.history import History
from ..storages.base import without_logs
from ..storages.codec import pack_number
from ..storages.controls import Remark
from ..trial.csv_text import write_csv
from ..trial.record import TrialRow
from ..typing import Index
from . import page_schemas, study_specs
from .open_studies import OpenStudies, OpenStudy
from .page_answers import Answers, Kept, each_change, many_changes, some_changes
from .page_columns import (
    find_objective,
    mark_column,
    needs_rows,
    order_rows,
    pack_columns,
    read_column,
    split_names,
)
from .page_filter import find_kept, read_filter, sample_best, take_kept
from .page_plain import say_quality
from .page_summary import summarize
from .request import Answer, ApiRequest, RequestError
from .schemas import trial_from_row

_MAX_STUDIES = 1000  # in the list, the latest
_MAX_ATTRIBUTES = 1000  # names
_REMARKS = ("star", "hidden")  # columns


class PageHandlers:
    """Handlers of the page; every method may be called from many threads.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies
        self._storage = studies.storage
        self._answers = Answers(studies)
        self._orders = Kept()

    def list_studies(self, request: ApiRequest) -> Answer:
        """List the studies, the latest first; no trial is read."""
        lines: list[page_schemas.StudyLine] = []
        first = n_left = 0
        while page := self._storage.page_of_studies(first):
            first = page[-1].id + 1
            for record in without_logs(page):
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
        return self._answers.give(
            request,
            "summary",
            lambda opened, history: summarize(
                history,
                request.study,
                opened.name,
                opened.created_s,
                opened.engine.controls.course,
            ),
        )

    def columns(self, request: ApiRequest) -> Answer:
        """Read some columns of all trials, or of a sample."""
        query: page_schemas.ColumnsQuery = request.body
        names = split_names(query.names)

        def make(opened: OpenStudy, history: History) -> bytes:
            read = partial(self._column, opened, history, request.study)
            columns = [read(name) for name in names]
            if not query.most:
                return pack_columns([column[query.first :] for column in columns])
            kept = np.flatnonzero(find_kept(read_filter(query.filter), history.n, read))
            find_objective(history, query.objective)
            some = kept[sample_best(history.losses[kept, query.objective], query.most)]
            return pack_columns([column[some] for column in columns])

        version = some_changes if query.most else each_change
        return self._answers.give(request, ("columns", msgspec.json.encode(query)), make, version)

    def rows(self, request: ApiRequest) -> Answer:
        """Read one page of the table."""
        query: page_schemas.RowsQuery = request.body
        tags = [unquote(name) for name in query.tags.split(",") if name]

        def make(opened: OpenStudy, history: History) -> page_schemas.Rows:
            found = self._find(opened, history, request.study, query.sort, query.filter)
            numbers = found[query.offset : query.offset + query.limit].tolist()
            rows = _take_rows(opened, numbers)
            said = opened.engine.controls.remark
            return page_schemas.Rows(
                len(found), [_table_row(row, tags, said(row.number)) for row in rows]
            )

        return self._answers.give(request, ("rows", msgspec.json.encode(query)), make)

    def table(self, request: ApiRequest) -> Answer:
        """Read all trials that a filter keeps, as CSV."""
        query: page_schemas.TableQuery = request.body

        def make(opened: OpenStudy, history: History) -> bytes:
            found = self._find(opened, history, request.study, query.sort, query.filter)
            rows = _take_rows(opened, found.tolist())
            return write_csv(rows, history.objectives).encode()

        return self._answers.give(request, ("table", msgspec.json.encode(query)), make)

    def attributes(self, request: ApiRequest) -> Answer:
        """Name what trials noted beside their values, for more columns of the table."""

        def make(opened: OpenStudy, history: History) -> page_schemas.Attributes:
            names = dict.fromkeys(name for row in opened.engine.rows() for name in row.tags)
            return page_schemas.Attributes(
                [*names][:_MAX_ATTRIBUTES], list(history.constraint_names)
            )

        return self._answers.give(request, "attributes", make, many_changes)

    def trial(self, request: ApiRequest) -> Answer:
        """Read one trial with its reports."""

        def make(opened: OpenStudy, history: History) -> Any:
            if request.number >= history.n:
                raise RequestError(
                    404, "NotFound", f"there is no trial {request.number}; there are {history.n}"
                )
            [row] = opened.engine.rows([request.number])
            return trial_from_row(row)

        return self._answers.give(request, ("trial", request.number), make)

    def importance(self, request: ApiRequest) -> Answer:
        """Estimate how much each parameter matters."""

        def make(opened: OpenStudy, history: History) -> page_schemas.Importances:
            find_objective(history, request.body.objective)
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
                quality="" if found.quality is None else say_quality(found.quality),
                note=found.note,
            )

        return self._answers.give(
            request, ("importance", request.body.objective), make, many_changes
        )

    def findings(self, request: ApiRequest) -> Answer:
        """Say what may be wrong; anew as well once something was done about it."""
        study = self._studies.open(request.study).study

        def version(history: History) -> int:
            acts = repr((many_changes(history), study.dismissals, study.applied))
            return zlib.crc32(acts.encode())

        return self._answers.give(
            request,
            "findings",
            lambda opened, history: page_schemas.Findings(opened.study.diagnose()),
            version,
        )

    def _find(self, opened: OpenStudy, history: History, study: int, sort: str, text: str) -> Index:
        """The numbers of the trials that a filter keeps, as a column sorts them."""
        slot, tag = (study, sort), (history.revision, opened.created_s)
        order: Index | None = self._orders.find(slot, tag)
        if order is None:
            column = self._column(opened, history, study, sort.removeprefix("-"))
            order = order_rows(column, sort.startswith("-"))
            self._orders.keep(slot, tag, order)
        read = partial(self._column, opened, history, study)
        return take_kept(order, find_kept(read_filter(text), history.n, read))

    def _column(self, opened: OpenStudy, history: History, study: int, name: str) -> NDArray[Any]:
        """A column; one for which rows are read is known until the study changes."""
        if name in _REMARKS:
            return mark_column(history, opened.engine.controls, name)
        if not needs_rows(name):
            return read_column(history, name, opened.created_s)
        slot, tag = (study, "column", name), (history.revision, opened.created_s)
        column: NDArray[Any] | None = self._orders.find(slot, tag)
        if column is None:
            column = read_column(history, name, opened.created_s, opened.engine.rows)
            self._orders.keep(slot, tag, column)
        return column


def _take_rows(opened: OpenStudy, numbers: list[int]) -> list[TrialRow]:
    """The rows of some trials, in their order."""
    by_number = {row.number: row for row in opened.engine.rows(sorted(numbers))} if numbers else {}
    return [by_number[number] for number in numbers]


def _table_row(row: TrialRow, tags: list[str], said: Remark) -> page_schemas.TableRow:
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
        last_step=row.reports[-1][0] if row.reports else None,
        error=lines[-1][:500] if lines else None,
        constraints=row.constraints,
        tags={name: row.tags[name] for name in tags if name in row.tags},
        star=said.star,
        hidden=said.hidden,
    )


def _or_none(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
