"""Trials and domains: what was tried, as documents, and the problem that they belong to."""

from __future__ import annotations

import logging
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np

from .exceptions import (
    AllTrialsFailed,
    DuplicateLabel,
    InvalidLoss,
    InvalidResultStatus,
    InvalidTrial,
)
from .plain_documents import SONify
from .pyll.base import Apply, GarbageCollected, as_apply, dfs, rec_eval
from .search_space import SearchSpace

logger = logging.getLogger(__name__)
Document = dict[str, Any]

STATUS_NEW = "new"
STATUS_RUNNING = "running"
STATUS_SUSPENDED = "suspended"
STATUS_OK = "ok"
STATUS_FAIL = "fail"
STATUS_STRINGS = (STATUS_NEW, STATUS_RUNNING, STATUS_SUSPENDED, STATUS_OK, STATUS_FAIL)

JOB_STATE_NEW = 0
JOB_STATE_RUNNING = 1
JOB_STATE_DONE = 2
JOB_STATE_ERROR = 3
JOB_STATE_CANCEL = 4
JOB_STATES = [0, 1, 2, 3, 4]
JOB_VALID_STATES = {JOB_STATE_NEW, JOB_STATE_RUNNING, JOB_STATE_DONE}

TRIAL_KEYS = [
    "tid",
    "spec",
    "result",
    "misc",
    "state",
    "owner",
    "book_time",
    "refresh_time",
    "exp_key",
]
TRIAL_MISC_KEYS = ["tid", "cmd", "idxs", "vals"]

__all__ = ["DuplicateLabel", "SONify"]


def coarse_utcnow() -> datetime:
    """Return the time in UTC, without a zone, to the millisecond."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def miscs_update_idxs_vals(
    miscs: Sequence[Document],
    idxs: Mapping[str, Sequence[Any]],
    vals: Mapping[str, Sequence[Any]],
    assert_all_vals_used: bool = True,
    idxs_map: Mapping[Any, Any] | None = None,
) -> Sequence[Document]:
    """Write columns of trial ids and values into the documents that they belong to.

    Args:
        miscs: The documents, changed in place.
        idxs: Label to the ids of the trials that have it.
        vals: Label to their values.
        assert_all_vals_used: Refuse ids of no document.
        idxs_map: Other ids for those in `idxs`.

    Raises:
        KeyError: An id is of no document.
    """
    by_id = {misc["tid"]: misc for misc in miscs}
    for misc in miscs:
        misc["idxs"] = {label: [] for label in idxs}
        misc["vals"] = {label: [] for label in idxs}
    for label, tids in idxs.items():
        for tid, value in zip(tids, vals[label], strict=True):
            own = (idxs_map or {}).get(tid, tid)
            if assert_all_vals_used or own in by_id:
                by_id[own]["idxs"][label] = [own]
                by_id[own]["vals"][label] = [value]
    return miscs


def miscs_to_idxs_vals(
    miscs: Sequence[Document], keys: Iterable[str] | None = None
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the ids of the trials that have each label, and their values.

    Raises:
        ValueError: There is no document that says the labels.
    """
    if keys is None:
        if not miscs:
            raise ValueError("cannot infer keys from empty miscs")
        keys = dict.fromkeys(label for misc in miscs for label in misc["idxs"])
    labels = list(keys)
    idxs: dict[str, list[Any]] = {label: [] for label in labels}
    vals: dict[str, list[Any]] = {label: [] for label in labels}
    for misc in miscs:
        for label in labels:
            idxs[label].extend(misc["idxs"].get(label, ()))
            vals[label].extend(misc["vals"].get(label, ()))
    return idxs, vals


def spec_from_misc(misc: Document) -> dict[str, Any]:
    """Return label to value of the parameters that a trial has."""
    return {label: values[0] for label, values in misc["vals"].items() if len(values)}


def validate_timeout(timeout: Any) -> None:
    """Refuse a time that is neither None nor a number above 0.

    Raises:
        ValueError: It is not.
    """
    if timeout is None:
        return
    is_number = isinstance(timeout, numbers.Real) and not isinstance(timeout, bool)
    if not is_number or timeout <= 0:
        raise ValueError(
            f"The timeout argument should be None or a positive value. Given value: {timeout}"
        )


def validate_loss_threshold(loss_threshold: Any) -> None:
    """Refuse a threshold that is neither None nor a number.

    Raises:
        ValueError: It is not.
    """
    is_number = isinstance(loss_threshold, numbers.Real) and not isinstance(loss_threshold, bool)
    if loss_threshold is not None and not is_number:
        raise ValueError(
            "The loss_threshold argument should be None or a numeric value. "
            f"Given value: {loss_threshold}"
        )


class Attachments:
    """What a trial has attached, by name.

    Args:
        trials: The trials that keep it.
        trial: The document of the trial.
    """

    def __init__(self, trials: Trials, trial: Document) -> None:
        self._trials = trials
        self._trial = trial

    def _key(self, name: str) -> str:
        return self._trials.aname(self._trial, name)

    def __contains__(self, name: str) -> bool:
        return self._key(name) in self._trials.attachments

    def __getitem__(self, name: str) -> Any:
        return self._trials.attachments[self._key(name)]

    def __setitem__(self, name: str, value: Any) -> None:
        self._trials.attachments[self._key(name)] = value

    def __delitem__(self, name: str) -> None:
        del self._trials.attachments[self._key(name)]


class Trials:
    """Documents of all trials of a search, in memory; what `fmin` adds to and continues.

    Args:
        exp_key: Only documents with this key are seen; None for all.
        refresh: Look at the documents at once.
    """

    asynchronous = False
    fmin: Callable[..., Any]  # which the module of the search adds

    def __init__(self, exp_key: Any = None, refresh: bool = True) -> None:
        self._ids: set[Any] = set()
        self._dynamic_trials: list[Document] = []
        self._exp_key = exp_key
        self._trials: list[Document] = []
        self.attachments: dict[str, Any] = {}
        if refresh:
            self.refresh()

    def view(self, exp_key: Any = None, refresh: bool = True) -> Trials:
        """Return the same trials as seen with another key."""
        seen = object.__new__(type(self))
        vars(seen).update(vars(self), _exp_key=exp_key)
        if refresh:
            seen.refresh()
        return seen

    def refresh(self) -> None:
        """Take notice of the documents that were inserted or have changed."""
        self._trials = [t for t in self._own() if t["state"] in JOB_VALID_STATES]
        for trial in reversed(self._dynamic_trials):  # the new ones are the last
            if trial["tid"] in self._ids:
                break
            self._ids.add(trial["tid"])

    def _own(self) -> list[Document]:
        key = self._exp_key
        if key is None:
            return self._dynamic_trials
        return [t for t in self._dynamic_trials if t["exp_key"] == key]

    def __iter__(self) -> Iterator[Document]:
        return iter(self._trials)

    def __len__(self) -> int:
        return len(self._trials)

    def __getitem__(self, item: Any) -> Any:
        raise NotImplementedError("write trials.trials[i]; an index could mean a place or a tid")

    @property
    def documents(self) -> list[Document]:
        """The documents of all trials, also of those that failed."""
        return self._dynamic_trials

    @property
    def trials(self) -> list[Document]:
        """The documents of trials that have not failed, as of the last `refresh`."""
        return self._trials

    @property
    def tids(self) -> list[Any]:
        """Their ids."""
        return [t["tid"] for t in self._trials]

    @property
    def specs(self) -> list[Any]:
        """What stands under "spec"; None in all that `fmin` makes."""
        return [t["spec"] for t in self._trials]

    @property
    def results(self) -> list[Document]:
        """What the objective returned, as dicts."""
        return [t["result"] for t in self._trials]

    @property
    def miscs(self) -> list[Document]:
        """What stands under "misc": the values of the parameters, above all."""
        return [t["misc"] for t in self._trials]

    @property
    def idxs_vals(self) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """Ids of the trials that have each label, and their values."""
        return miscs_to_idxs_vals(self.miscs)

    @property
    def idxs(self) -> dict[str, list[Any]]:
        """Label to the ids of the trials that have it."""
        return self.idxs_vals[0]

    @property
    def vals(self) -> dict[str, list[Any]]:
        """Label to its values, one for each trial that has it."""
        return self.idxs_vals[1]

    def aname(self, trial: Document, name: str) -> str:
        """Return the name under which an attachment of a trial is kept."""
        return f"ATTACH::{trial['tid']}::{name}"

    def trial_attachments(self, trial: Document) -> Attachments:
        """Return what a trial has attached."""
        return Attachments(self, trial)

    def assert_valid_trial(self, trial: Any) -> Document:
        """Return a document, or say what it lacks.

        Raises:
            InvalidTrial: It is no trial of these.
        """
        if not isinstance(trial, Mapping):
            raise InvalidTrial("trial should be dict-like", trial)
        for key in TRIAL_KEYS:
            if key not in trial:
                raise InvalidTrial("trial missing key", key)
        for key in TRIAL_MISC_KEYS:
            if key not in trial["misc"]:
                raise InvalidTrial('trial["misc"] missing key', key)
        if trial["tid"] != trial["misc"]["tid"]:
            raise InvalidTrial("tid mismatch between root and misc", trial)
        if trial["exp_key"] != self._exp_key:
            raise InvalidTrial("wrong exp_key", (trial["exp_key"], self._exp_key))
        return dict(trial)

    def insert_trial_doc(self, doc: Document) -> Any:
        """Insert a document, seen after `refresh`; returns its id."""
        return self.insert_trial_docs([doc])[0]

    def insert_trial_docs(self, docs: Iterable[Document]) -> list[Any]:
        """Insert documents, seen after `refresh`; returns their ids."""
        return self._insert_trial_docs([self.assert_valid_trial(SONify(doc)) for doc in docs])

    def _insert_trial_docs(self, docs: Sequence[Document]) -> list[Any]:
        self._dynamic_trials.extend(docs)
        return [doc["tid"] for doc in docs]

    def new_trial_ids(self, n: int) -> list[int]:
        """Return n ids that no trial has."""
        first = len(self._ids)
        new = list(range(first, first + n))
        self._ids.update(new)
        return new

    def new_trial_docs(
        self,
        tids: Sequence[Any],
        specs: Sequence[Any],
        results: Sequence[Document],
        miscs: Sequence[Document],
    ) -> list[Document]:
        """Return documents of trials that have not begun."""
        return [
            {
                "state": JOB_STATE_NEW,
                "tid": tid,
                "spec": spec,
                "result": result,
                "misc": misc,
                "exp_key": self._exp_key,
                "owner": None,
                "version": 0,
                "book_time": None,
                "refresh_time": None,
            }
            for tid, spec, result, misc in zip(tids, specs, results, miscs, strict=True)
        ]

    def delete_all(self) -> None:
        """Forget everything."""
        self._dynamic_trials = []
        self.attachments = {}
        self.refresh()

    def count_by_state_synced(self, arg: Any, trials: Sequence[Document] | None = None) -> int:
        """Return how many trials are in a state, or in one of several, as of the last refresh."""
        states = {arg} if isinstance(arg, int) else set(arg)
        if not states <= set(JOB_STATES):
            raise TypeError(f"expected states among {JOB_STATES}, got {arg!r}")
        return sum(t["state"] in states for t in (self._trials if trials is None else trials))

    def count_by_state_unsynced(self, arg: Any) -> int:
        """Return the same as it is now."""
        return self.count_by_state_synced(arg, self._own())

    def losses(self, bandit: Domain | None = None) -> list[Any]:
        """Return the loss of each trial; None where it has none."""
        if bandit is None:
            return [result.get("loss") for result in self.results]
        return [bandit.loss(r, s) for r, s in zip(self.results, self.specs, strict=True)]

    def statuses(self, bandit: Domain | None = None) -> list[Any]:
        """Return the status of each trial."""
        if bandit is None:
            return [result.get("status") for result in self.results]
        return [bandit.status(r, s) for r, s in zip(self.results, self.specs, strict=True)]

    def average_best_error(self, bandit: Domain | None = None) -> float:
        """Return the true loss of the best trial; where losses vary, of those that may be it.

        Each counts by the chance that its loss is the lowest one, estimated by 10,000 draws.

        Raises:
            ValueError: No trial has a loss.
        """
        domain = _Reader() if bandit is None else bandit
        ok = [r for r in self.results if r["status"] == STATUS_OK]
        if not ok:
            raise ValueError("Empty loss vector")
        loss, variance, true = (
            np.array([read(r) for r in ok], dtype=float)
            for read in (domain.loss, domain.loss_variance, domain.true_loss)
        )
        best = int(np.argmin(loss))
        if not variance.any():
            return float(true[best])
        near = loss < loss[best] + 3 * np.sqrt(variance[best]) + 1e-300
        rng = np.random.default_rng(123)
        drawn = rng.normal(loss[near], np.sqrt(variance[near]), (10_000, int(near.sum())))
        wins = np.bincount(drawn.argmin(axis=1), minlength=drawn.shape[1])
        return float((wins / wins.sum() * true[near]).sum())

    @property
    def best_trial(self) -> Document:
        """The document of the trial with the lowest loss.

        Raises:
            AllTrialsFailed: No trial has a loss.
        """
        ok = [t for t in self.trials if t["result"]["status"] == STATUS_OK]
        known = [t for t in ok if not np.isnan(t["result"]["loss"])]
        if not known:
            raise AllTrialsFailed(f"none of {len(self)} trials has a loss")
        return min(known, key=lambda t: float(t["result"]["loss"]))

    @property
    def argmin(self) -> dict[str, Any]:
        """Label to value of the best trial; choices as indices: see `space_eval`."""
        return spec_from_misc(self.best_trial["misc"])


def trials_from_docs(docs: Iterable[Document], validate: bool = True, **kwargs: Any) -> Trials:
    """Return trials of documents.

    Args:
        docs: The documents.
        validate: Check them.
        **kwargs: Arguments of `Trials`.
    """
    trials = Trials(**kwargs)
    if validate:
        trials.insert_trial_docs(docs)
    else:
        trials.documents.extend(docs)
    trials.refresh()
    return trials


class Ctrl:
    """What an objective that is called with `ctrl` can do with its trial.

    Args:
        trials: All trials; None for none.
        current_trial: The document of its own.
    """

    def __init__(self, trials: Trials | None, current_trial: Document | None = None) -> None:
        self.trials = Trials() if trials is None else trials
        self.current_trial = current_trial

    def info(self, message: str, *args: Any) -> None:
        """Log a message."""
        logger.info(message, *args)

    def warn(self, message: str, *args: Any) -> None:
        """Log a warning."""
        logger.warning(message, *args)

    def checkpoint(self, r: Document | None = None) -> None:
        """Keep a result of a trial that goes on."""
        if r is not None and self.current_trial is not None:
            self.current_trial["result"] = r

    @property
    def attachments(self) -> Attachments:
        """What the trial attaches."""
        return self.trials.trial_attachments(self.current_trial or {"tid": None})


class _Reader:
    """Reads the numbers of results."""

    def loss(self, result: Document, config: Any = None) -> Any:
        """Return the loss; None where there is none."""
        return result.get("loss")

    def loss_variance(self, result: Document, config: Any = None) -> Any:
        """Return the variance of the loss."""
        return result.get("loss_variance", 0.0)

    def true_loss(self, result: Document, config: Any = None) -> Any:
        """Return the true loss, where the loss is an estimate of it."""
        return result.get("true_loss", self.loss(result, config))

    def status(self, result: Document, config: Any = None) -> Any:
        """Return the status."""
        return result["status"]

    def new_result(self) -> Document:
        """Return the result of a trial that has not begun."""
        return {"status": STATUS_NEW}


class Domain(_Reader):
    """A function and the space of its argument.

    Args:
        fn: The objective.
        expr: The space.
        workdir: Kept in documents; without effect.
        pass_expr_memo_ctrl: Call `fn(expr=, memo=, ctrl=)` instead of with the point; None for
            what `fmin_pass_expr_memo_ctrl` says.
        name: A name.
        loss_target: The lowest loss there can be, kept for `average_best_error`.

    Raises:
        DuplicateLabel: Two parameters have one label.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        expr: Any,
        workdir: str | None = None,
        pass_expr_memo_ctrl: bool | None = None,
        name: str | None = None,
        loss_target: float | None = None,
    ) -> None:
        self.fn = fn
        if pass_expr_memo_ctrl is None:
            pass_expr_memo_ctrl = getattr(fn, "fmin_pass_expr_memo_ctrl", False)
        self.pass_expr_memo_ctrl = pass_expr_memo_ctrl
        self.expr = as_apply(expr)
        self.workdir = workdir
        self.name = name
        self.loss_target = loss_target
        self.cmd = ("domain_attachment", "FMinIter_Domain")
        self.budget: int | None = None
        nodes = [node for node in dfs(self.expr) if node.name == "hyperopt_param"]
        self._nodes = [(node, node.arg["label"].obj) for node in nodes]
        self.params: dict[str, Apply] = {}
        for node, label in self._nodes:
            if label in self.params:
                raise DuplicateLabel(label)
            self.params[label] = node.arg["obj"]

    @cached_property
    def search(self) -> SearchSpace:
        """The space as luthier searches it."""
        return SearchSpace(self.expr)

    def memo_from_config(self, config: Mapping[str, Any]) -> dict[Apply, Any]:
        """Return the values of the parameters' nodes at a point."""
        return {node: config.get(label, GarbageCollected) for node, label in self._nodes}

    def evaluate(
        self, config: Mapping[str, Any], ctrl: Ctrl, attach_attachments: bool = True
    ) -> Document:
        """Return the result of the objective at a point, as a dict.

        Raises:
            InvalidResultStatus: It has no status that is known.
            InvalidLoss: Its status is ok, and it has no loss.
        """
        memo = self.memo_from_config(config)
        if self.pass_expr_memo_ctrl:
            returned = self.fn(expr=self.expr, memo=memo, ctrl=ctrl)
        else:
            returned = self.fn(rec_eval(self.expr, memo=memo))
        result = read_result(returned)
        if attach_attachments:
            for name, value in result.pop("attachments", {}).items():
                ctrl.attachments[name] = value
        return result

    def short_str(self) -> str:
        """Return a short description."""
        return f"Domain{{{self.fn}}}"


def read_result(returned: Any) -> Document:
    """Return what an objective returned as a dict with a status, and with a loss where it is ok.

    Raises:
        InvalidResultStatus: It is neither a number nor a dict with a known status.
        InvalidLoss: Its status is ok, and it has no loss.
    """
    if isinstance(returned, float | int | np.number):
        return {"loss": float(returned), "status": STATUS_OK}
    if not isinstance(returned, Mapping) or returned.get("status") not in STATUS_STRINGS:
        raise InvalidResultStatus(returned)
    result = dict(returned)
    if result["status"] == STATUS_OK:
        try:
            result["loss"] = float(result["loss"])
        except (TypeError, KeyError, ValueError):
            raise InvalidLoss(returned) from None
    return result
