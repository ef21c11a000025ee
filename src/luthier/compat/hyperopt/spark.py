"""Trials that run on several workers: SparkTrials' words, on luthier's processes."""

from __future__ import annotations

import concurrent.futures as cf
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from ...executors.processes import Processes
from ..remarks import warn_without_effect
from . import base, tpe
from .base import Document, Domain, Trials
from .fmin import begin, best_of, choose_callback, draw_seed, fail, finish, read_rstate
from .pyll.base import rec_eval

_POLL_S = 0.2


class SparkTrials(Trials):
    """Trials that run at the same time, each in a process of this machine; no Spark is needed.

    Args:
        parallelism: How many at a time; None for one for each core.
        timeout: Seconds after which no trial begins, where `fmin` has none.
        loss_threshold: Loss at which the search ends, where `fmin` has none.
        spark_session: Without effect.
        **settings: Other arguments of Hyperopt's, without effect.

    Raises:
        ValueError: A timeout or threshold is out of range.
    """

    asynchronous = True

    def __init__(
        self,
        parallelism: int | None = None,
        timeout: float | None = None,
        loss_threshold: float | None = None,
        spark_session: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(exp_key=None, refresh=False)
        base.validate_timeout(timeout)
        base.validate_loss_threshold(loss_threshold)
        if parallelism is not None and parallelism < 1:
            raise ValueError(f"parallelism must be at least 1, got {parallelism!r}")
        if spark_session is not None:
            warn_without_effect(
                "spark_session of hyperopt's SparkTrials",
                "trials run in processes of this machine; luthier.executors.Ray runs on a cluster.",
            )
        for name in settings:
            warn_without_effect(f"{name} of hyperopt's SparkTrials", "there is no Spark.")
        self.parallelism = parallelism or os.cpu_count() or 1
        self.timeout = timeout
        self.loss_threshold = loss_threshold
        self.refresh()

    def fmin(self, fn: Callable[..., Any], space: Any, algo: Any = None, **settings: Any) -> Any:
        """Minimise a function on several workers; see `luthier.compat.hyperopt.fmin`."""
        settings = {k: v for k, v in settings.items() if v is not None}
        if settings.get("pass_expr_memo_ctrl"):
            raise ValueError("SparkTrials calls an objective with its point alone")
        domain = Domain(fn, space)
        run = _Run(self, domain, algo or tpe.suggest, settings)
        with Processes(self.parallelism) as executor:
            run.to_end(executor)
        return best_of(self, space, settings.get("return_argmin", True))


def evaluate(fn: Callable[..., Any], point: Any) -> Document:
    """Return the result of an objective, in a worker."""
    return base.read_result(fn(point))


class _Run:
    """A search on several workers.

    Args:
        trials: Where trials are kept.
        domain: The problem.
        algo: What suggests points.
        settings: Arguments of `fmin`.
    """

    def __init__(
        self, trials: SparkTrials, domain: Domain, algo: Any, settings: dict[str, Any]
    ) -> None:
        self.trials = trials
        self.domain = domain
        self.algo = algo
        self.max_evals = settings.get("max_evals", sys.maxsize)
        self.timeout = settings.get("timeout", trials.timeout)
        self.loss_threshold = settings.get("loss_threshold", trials.loss_threshold)
        self.early_stop_fn = settings.get("early_stop_fn")
        self.early_stop_args: Any = ()
        self.catches = settings.get("catch_eval_exceptions", False)
        self.rstate = read_rstate(settings.get("rstate"))
        self._callback = choose_callback(
            settings.get("show_progressbar", True), settings.get("verbose", False)
        )
        self._start_s = time.monotonic()

    def to_end(self, executor: cf.Executor) -> None:
        """Run the search."""
        running: dict[cf.Future[Document], Document] = {}
        n_done = len(self.trials)
        with self._callback(initial=n_done, total=self.max_evals) as shown:
            while True:
                while not self._is_over() and len(running) < self.trials.parallelism:
                    if not (doc := self._next()):
                        break
                    running[self._submit(executor, doc)] = doc
                if not running:
                    return
                done, _ = cf.wait(running, timeout=_POLL_S, return_when=cf.FIRST_COMPLETED)
                for future in done:
                    self._settle(running.pop(future), future)
                    shown.update(1)
                if done and self._is_stopped():
                    self.max_evals = 0

    def _is_over(self) -> bool:
        if self.timeout is not None and time.monotonic() - self._start_s >= self.timeout:
            return True
        losses = [v for v in self.trials.losses() if v is not None]
        limit = self.loss_threshold
        return limit is not None and bool(losses) and min(losses) <= limit

    def _is_stopped(self) -> bool:
        if self.early_stop_fn is None:
            return False
        stop, self.early_stop_args = self.early_stop_fn(self.trials, *self.early_stop_args)
        return bool(stop)

    def _next(self) -> Document | None:
        """Return a trial that waits, or a new one; None where there is none."""
        trials = self.trials
        for doc in trials.trials:
            if doc["state"] == base.JOB_STATE_NEW:
                return doc
        if len(trials.documents) >= self.max_evals:
            return None
        docs = self.algo(trials.new_trial_ids(1), self.domain, trials, draw_seed(self.rstate))
        trials.insert_trial_docs(docs)
        trials.refresh()
        return trials.documents[-1] if docs else None

    def _submit(self, executor: cf.Executor, doc: Document) -> cf.Future[Document]:
        begin(doc)
        memo = self.domain.memo_from_config(base.spec_from_misc(doc["misc"]))
        return executor.submit(evaluate, self.domain.fn, rec_eval(self.domain.expr, memo=memo))

    def _settle(self, doc: Document, future: cf.Future[Document]) -> None:
        error = future.exception()
        if error is None:
            finish(doc, future.result())
        else:
            fail(doc, error)
        self.trials.refresh()
        if error is not None and not self.catches:
            raise error
