"""Suggestions of luthier's samplers, as functions of Hyperopt's documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ...history.history import History
from ...samplers.base import Sampler
from ...trial.record import State, TrialRow
from .base import (
    JOB_STATE_CANCEL,
    JOB_STATE_DONE,
    JOB_STATE_ERROR,
    STATUS_OK,
    Document,
    Domain,
    Trials,
    miscs_update_idxs_vals,
    spec_from_misc,
)
from .search_space import SearchSpace

_ENDED = (JOB_STATE_DONE, JOB_STATE_ERROR, JOB_STATE_CANCEL)


class Record:
    """The documents of some trials as a history, which grows with them.

    Args:
        search: The space of the domain.
    """

    def __init__(self, search: SearchSpace) -> None:
        self.search = search
        self.history = History(search.space, ["minimize"])
        self._states: list[int] = []  # of the documents, as they were last read
        self._n_ended = 0  # documents from the first on that do not change any more

    def update(self, trials: Trials) -> History:
        """Return the history, with what is new in the documents."""
        docs = trials.documents
        if len(docs) < len(self._states):  # some were deleted
            self.__init__(self.search)  # type: ignore[misc]
        rows = []
        for number in range(self._n_ended, len(docs)):
            doc = docs[number]
            if number == self._n_ended and doc["state"] in _ENDED:
                self._n_ended += 1
            if number == len(self._states):
                self._states.append(-1)
            if doc["state"] != self._states[number]:
                self._states[number] = doc["state"]
                rows.append(self._read(number, doc))
        if rows:
            self.history.put(rows)
        return self.history

    def _read(self, number: int, doc: Document) -> TrialRow:
        state, values = State.RUNNING, None
        if doc["state"] in (JOB_STATE_DONE, JOB_STATE_ERROR):
            result = doc["result"]
            loss = result.get("loss")
            state = State.FAILED
            if result.get("status") == STATUS_OK and loss is not None and math.isfinite(loss):
                state, values = State.COMPLETE, (float(loss),)
        elif doc["state"] > JOB_STATE_ERROR:
            state = State.FAILED
        params = self.search.to_params(spec_from_misc(doc["misc"]))
        return TrialRow(number=number, state=state, params=params, values=values)


_records: WeakKeyDictionary[Trials, Record] = WeakKeyDictionary()


def read_history(domain: Domain, trials: Trials) -> History:
    """Return the documents of trials as a history of the domain's space."""
    record = _records.get(trials)
    if record is None or record.search is not domain.search:
        record = _records[trials] = Record(domain.search)
    history = record.update(trials)
    if domain.budget is not None:
        history.update_info(budget=domain.budget)
    return history


def suggest_by(
    sampler: Sampler, new_ids: Sequence[Any], domain: Domain, trials: Trials, seed: Any
) -> list[Document]:
    """Return documents of new trials at the points that a sampler proposes.

    Args:
        sampler: The sampler.
        new_ids: Ids of the new trials.
        domain: The problem.
        trials: All trials so far.
        seed: Of this suggestion.
    """
    rng = np.random.default_rng(seed)
    space = domain.search.space
    points: list[dict[str, Any]] = [{} for _ in new_ids]
    if space.d:
        X = sampler.sample(space, read_history(domain, trials), len(new_ids), rng)
        points = domain.search.to_values(X)
    return make_documents(points, new_ids, domain, trials)


def make_documents(
    points: Sequence[dict[str, Any]], new_ids: Sequence[Any], domain: Domain, trials: Trials
) -> list[Document]:
    """Return documents of new trials at points, as label to value."""
    labels = domain.search.labels
    docs = []
    for tid, values in zip(new_ids, points, strict=True):
        misc = {"tid": tid, "cmd": domain.cmd, "workdir": domain.workdir}
        idxs = {label: [tid] if label in values else [] for label in labels}
        vals = {label: [values[label]] if label in values else [] for label in labels}
        miscs_update_idxs_vals([misc], idxs, vals)
        docs.extend(trials.new_trial_docs([tid], [None], [domain.new_result()], [misc]))
    return docs
