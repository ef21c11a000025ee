"""`fmin`: the loop that suggests points, evaluates them and keeps them."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import time
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..remarks import refuse, refuse_part
from . import base, progress, tpe
from .base import Document, Domain, Trials
from .exceptions import InvalidAnnotatedParameter
from .plain_documents import read_documents, write_documents
from .pyll.base import Apply, as_apply, dfs, rec_eval

_UNFINISHED = (base.JOB_STATE_NEW, base.JOB_STATE_RUNNING)


def generate_trial(tid: Any, space: Mapping[str, Any]) -> Document:
    """Return the document of a trial that is to run at a point.

    Args:
        tid: Its id.
        space: Label to value; of choices the index.
    """
    misc = {
        "tid": tid,
        "cmd": ("domain_attachment", "FMinIter_Domain"),
        "workdir": None,
        "idxs": {label: [tid] for label in space},
        "vals": {label: [value] for label, value in space.items()},
    }
    return Trials().new_trial_docs([tid], [None], [{"status": base.STATUS_NEW}], [misc])[0]


def generate_trials_to_calculate(points: Sequence[Mapping[str, Any]]) -> Trials:
    """Return trials that are to run at given points, before those of the search."""
    trials = Trials()
    trials.insert_trial_docs(generate_trial(tid, point) for tid, point in enumerate(points))
    return trials


def fmin_pass_expr_memo_ctrl(f: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an objective that is called with `expr`, `memo` and `ctrl`, as a decorator."""
    f.fmin_pass_expr_memo_ctrl = True  # type: ignore[attr-defined]
    return f


def partial(fn: Callable[..., Any], **kwargs: Any) -> Callable[..., Any]:
    """Return `functools.partial` of an objective, which keeps its mark."""
    made = functools.partial(fn, **kwargs)
    if hasattr(fn, "fmin_pass_expr_memo_ctrl"):
        made.fmin_pass_expr_memo_ctrl = fn.fmin_pass_expr_memo_ctrl  # type: ignore[attr-defined]
    return made


class FMinIter:
    """A search, step by step: each step of the iteration is a trial.

    Args:
        algo: What suggests points: `tpe.suggest`, say.
        domain: The problem.
        trials: Where trials are kept.
        rstate: Source of the seeds of suggestions.
        **settings: `max_evals`, `timeout`, `loss_threshold`, `max_queue_len`, `early_stop_fn`,
            `trials_save_file`, `show_progressbar` and `verbose`, as `fmin` has them.
    """

    catch_eval_exceptions = False

    def __init__(
        self,
        algo: Any,
        domain: Domain,
        trials: Trials,
        rstate: np.random.Generator,
        **settings: Any,
    ) -> None:
        self.algo = algo
        self.domain = domain
        self.trials = trials
        self.rstate = rstate
        self.max_evals = settings.pop("max_evals", sys.maxsize)
        self.timeout = settings.pop("timeout", None)
        self.loss_threshold = settings.pop("loss_threshold", None)
        self.max_queue_len = settings.pop("max_queue_len", 1)
        self.early_stop_fn = settings.pop("early_stop_fn", None)
        self.early_stop_args: Sequence[Any] = ()
        self.trials_save_file = settings.pop("trials_save_file", "")
        verbose = settings.pop("verbose", False)
        self._callback = choose_callback(settings.pop("show_progressbar", True), verbose)
        settings.pop("asynchronous", None)
        settings.pop("poll_interval_secs", None)
        if settings:
            raise TypeError(f"FMinIter has no argument {', '.join(settings)}")
        self._start_s = time.monotonic()
        self._n_settled = 0  # trials from the first on that have ended
        self._n_done = 0  # of these, with a result
        self._best_loss = float("inf")
        if self.max_evals < sys.maxsize:
            domain.budget = int(self.max_evals)

    def serial_evaluate(self, N: int = -1) -> None:
        """Evaluate the trials that wait; at most N, where that is not negative."""
        waiting = self._find_waiting()
        try:
            for trial in waiting[:N] if N >= 0 else waiting:
                self._evaluate(trial)
        finally:
            self.trials.refresh()

    def _find_waiting(self) -> list[Document]:
        """Return the trials that wait; those before the first unfinished one are not looked at."""
        docs = self.trials.documents
        self._n_settled = min(self._n_settled, len(docs))
        while self._n_settled < len(docs) and docs[self._n_settled]["state"] > 1:
            self._see(docs[self._n_settled])
            self._n_settled += 1
        return [t for t in docs[self._n_settled :] if t["state"] == base.JOB_STATE_NEW]

    def _see(self, trial: Document) -> None:
        """Take notice of a trial that has ended."""
        self._n_done += trial["state"] == base.JOB_STATE_DONE
        loss = trial["result"].get("loss")
        if loss is not None and loss < self._best_loss:
            self._best_loss = loss

    def _evaluate(self, trial: Document) -> None:
        begin(trial)
        ctrl = base.Ctrl(self.trials, current_trial=trial)
        try:
            result = self.domain.evaluate(base.spec_from_misc(trial["misc"]), ctrl)
        except Exception as e:
            fail(trial, e)
            if not self.catch_eval_exceptions:
                raise
        else:
            finish(trial, result)

    def run(self, N: int, block_until_done: bool = True) -> None:
        """Suggest and evaluate N more trials, after those that wait.

        Args:
            N: How many.
            block_until_done: Evaluate those that wait at the end, too.
        """
        n_queued = 0
        self._find_waiting()
        n_done = self._n_done
        with self._callback(initial=n_done, total=self.max_evals) as shown:
            while not self._is_over():
                n_waiting = len(self._find_waiting())
                n_new = min(max(self.max_queue_len - n_waiting, 0), N - n_queued)
                if n_new <= 0 and n_waiting == 0:
                    break
                n_added = self._suggest(n_new)
                n_queued += n_added
                if n_new > 0 and not n_added and not n_waiting:
                    break
                self.serial_evaluate()
                self._save()
                self._find_waiting()
                shown.postfix = f"best loss: {self._best_loss}"
                shown.update(self._n_done - n_done)
                n_done = self._n_done
                if self._is_stopped():
                    break
        if block_until_done:
            self.serial_evaluate()

    def _suggest(self, n: int) -> int:
        """Insert n new trials; return how many the method suggested."""
        if n <= 0:
            return 0
        new_ids = self.trials.new_trial_ids(n)
        self.trials.refresh()
        seed = int(draw_seed(self.rstate))
        docs = self.algo(new_ids, self.domain, self.trials, seed)
        self.trials.insert_trial_docs(docs)
        self.trials.refresh()
        return len(docs)

    def _save(self) -> None:
        if self.trials_save_file:
            trials = self.trials
            write_documents(self.trials_save_file, trials.documents, trials.attachments)

    def _is_over(self) -> bool:
        """Whether the time is used up, or a loss is low enough."""
        if self.timeout is not None and time.monotonic() - self._start_s >= self.timeout:
            return True
        return self.loss_threshold is not None and self._best_loss <= self.loss_threshold

    def _is_stopped(self) -> bool:
        """Whether the user's rule ends the search."""
        if self.early_stop_fn is None:
            return False
        stop, self.early_stop_args = self.early_stop_fn(self.trials, *self.early_stop_args)
        return bool(stop)

    def __iter__(self) -> FMinIter:
        return self

    def __next__(self) -> Trials:
        if len(self.trials) >= self.max_evals:
            raise StopIteration
        self.run(1, block_until_done=False)
        return self.trials

    def exhaust(self) -> FMinIter:
        """Run to the end."""
        self.run(max(self.max_evals - len(self.trials), 0), block_until_done=False)
        self.trials.refresh()
        return self


def begin(trial: Document) -> None:
    """Mark a document as running."""
    trial["state"] = base.JOB_STATE_RUNNING
    trial["book_time"] = trial["refresh_time"] = base.coarse_utcnow()


def finish(trial: Document, result: Document) -> None:
    """Write the result of a trial into its document."""
    trial["result"] = result
    trial["state"] = base.JOB_STATE_DONE
    trial["refresh_time"] = base.coarse_utcnow()


def fail(trial: Document, error: BaseException) -> None:
    """Write into a document how its trial failed."""
    base.logger.error("job exception: %s", error)
    trial["state"] = base.JOB_STATE_ERROR
    trial["misc"]["error"] = (str(type(error)), str(error))
    trial["refresh_time"] = base.coarse_utcnow()


def choose_callback(show: Any, verbose: bool) -> Callable[..., Any]:
    """Return the context manager that shows progress, of what a user passed."""
    if not show or not verbose:
        return progress.no_progress_callback
    chosen: Callable[..., Any] = progress.default_callback if show is True else show
    return chosen


def draw_seed(rstate: Any) -> int:
    """Return a seed from a generator of either kind."""
    if isinstance(rstate, np.random.RandomState):
        return int(rstate.randint(2**31 - 1))
    return int(rstate.integers(2**31 - 1))


def read_rstate(rstate: Any) -> Any:
    """Return the source of seeds: as given, of HYPEROPT_FMIN_SEED, or a new one.

    Raises:
        TypeError: It is no generator.
    """
    if rstate is None:
        text = os.environ.get("HYPEROPT_FMIN_SEED", "")
        return np.random.default_rng(int(text) if text else None)
    if isinstance(rstate, np.random.Generator | np.random.RandomState):
        return rstate
    raise TypeError(
        f"rstate must be a numpy.random.Generator, got {rstate!r}; write "
        "rstate=numpy.random.default_rng(seed)"
    )


def _read_annotations(fn: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return an objective of a dict, and its space, of one whose arguments are annotated.

    Raises:
        InvalidAnnotatedParameter: An annotation is no expression.
    """
    space = {k: v for k, v in inspect.get_annotations(fn, eval_str=True).items() if k != "return"}
    for name, expr in space.items():
        if not isinstance(expr, Apply):
            raise InvalidAnnotatedParameter({name: expr})
    return lambda kwargs: fn(**kwargs), space


def _make_trials(points: Any, file: str) -> Trials:
    """Return trials for a search that was given none."""
    if file and os.path.exists(file):
        docs, attachments = read_documents(file)
        trials = base.trials_from_docs(docs)
        trials.attachments.update(attachments)
        return trials
    if points is None:
        return Trials()
    if not isinstance(points, list) or not all(isinstance(p, Mapping) for p in points):
        raise TypeError(f"points_to_evaluate must be a list of dicts, got {points!r:.500}")
    return generate_trials_to_calculate(points)


def fmin(
    fn: Callable[..., Any],
    space: Any,
    algo: Any = None,
    max_evals: int | None = None,
    timeout: float | None = None,
    loss_threshold: float | None = None,
    trials: Trials | None = None,
    rstate: Any = None,
    allow_trials_fmin: bool = True,
    pass_expr_memo_ctrl: bool | None = None,
    catch_eval_exceptions: bool = False,
    verbose: bool = True,
    return_argmin: bool = True,
    points_to_evaluate: list[Any] | None = None,
    max_queue_len: int = 1,
    show_progressbar: Any = True,
    early_stop_fn: Any = None,
    trials_save_file: str = "",
) -> Any:
    """Minimise a function over a space of `hp` expressions.

    Args:
        fn: Takes a point; returns a loss, or a dict with "status" and "loss".
        space: Expression, or containers of them; "annotated" for those at the arguments of fn.
        algo: What suggests points; None for `tpe.suggest`.
        max_evals: Number of trials in all, those in `trials` included, but not those of
            `points_to_evaluate`; None for no limit.
        timeout: Seconds after which no trial begins.
        loss_threshold: Loss at which the search ends.
        trials: Where trials are kept, and from which the search goes on; None for new ones.
        rstate: A `numpy.random.Generator`; the same one gives the same search.
        allow_trials_fmin: Let trials that run on several workers run the search.
        pass_expr_memo_ctrl: Call fn with `expr`, `memo` and `ctrl`.
        catch_eval_exceptions: Keep the error of a trial that fails, and go on.
        verbose: Show progress.
        return_argmin: Return label to value; otherwise the best point itself.
        points_to_evaluate: Points that run first, where `trials` is None: label to value.
        max_queue_len: Suggestions at a time.
        show_progressbar: Show progress; or a context manager that does.
        early_stop_fn: Called with the trials and what it returned last: whether to end, and that.
        trials_save_file: JSON file that the trials are written to, and read from where it exists.

    Returns:
        Label to value of the best trial, of choices the index; or the best point.

    Raises:
        AllTrialsFailed: No trial has a loss.
        ValueError: A timeout, threshold, max_evals or max_queue_len is out of range.
        CompatError: The file is a pickle, or trials or the space are of Hyperopt itself.
    """
    base.validate_timeout(timeout)
    base.validate_loss_threshold(loss_threshold)
    if max_evals is not None and max_evals < 0:
        raise ValueError(f"max_evals is at least 0, got {max_evals}")
    if max_queue_len < 1:
        raise ValueError(f"max_queue_len is at least 1, got {max_queue_len}")
    if isinstance(space, str) and space == "annotated":
        fn, space = _read_annotations(fn)
    settings = {
        "max_evals": sys.maxsize if max_evals is None else max_evals,
        "timeout": timeout,
        "loss_threshold": loss_threshold,
        "max_queue_len": max_queue_len,
        "verbose": verbose,
        "show_progressbar": show_progressbar,
        "early_stop_fn": early_stop_fn,
        "trials_save_file": trials_save_file,
    }
    if trials is not None and not isinstance(trials, Trials):
        raise refuse(
            f"trials={type(trials).__module__}.{type(trials).__name__} in fmin",
            "Take Trials of luthier.compat.hyperopt, by trials_from_docs(old.trials) say.",
        )
    refuse_part("algo", algo, type(None), "luthier.compat.hyperopt")
    chosen = tpe.suggest if algo is None else algo
    if trials is not None and allow_trials_fmin and trials.asynchronous:
        settings |= {"rstate": rstate, "pass_expr_memo_ctrl": pass_expr_memo_ctrl}
        settings |= {"catch_eval_exceptions": catch_eval_exceptions}
        return trials.fmin(fn, space, chosen, return_argmin=return_argmin, **settings)

    kept = _make_trials(points_to_evaluate, trials_save_file) if trials is None else trials
    domain = Domain(fn, space, pass_expr_memo_ctrl=pass_expr_memo_ctrl)
    search = FMinIter(chosen, domain, kept, read_rstate(rstate), **settings)
    search.catch_eval_exceptions = catch_eval_exceptions
    search.exhaust()
    return best_of(kept, space, return_argmin)


def best_of(trials: Trials, space: Any, return_argmin: bool) -> Any:
    """Return what `fmin` returns: label to value of the best trial, or its point.

    Raises:
        AllTrialsFailed: No trial has a loss.
    """
    if return_argmin:
        return trials.argmin
    return space_eval(space, trials.argmin) if len(trials) else None


def _minimize_into(trials: Trials, fn: Any, space: Any, algo: Any = None, **given: Any) -> Any:
    """Minimise a function, and keep the trials here; see `luthier.compat.hyperopt.fmin`."""
    given = {"verbose": False, **given, "allow_trials_fmin": False}
    return fmin(fn, space, algo, trials=trials, **given)


Trials.fmin = _minimize_into


class _CallableModule(types.ModuleType):
    """This module, which is called as the function is: an import may put it in its place."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return fmin(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule


def space_eval(space: Any, hp_assignment: Mapping[str, Any]) -> Any:
    """Return the point of a space at label to value, as the objective gets it."""
    expr = as_apply(space)
    memo = {
        node: hp_assignment[node.arg["label"].obj]
        for node in dfs(expr)
        if node.name == "hyperopt_param" and node.arg["label"].obj in hp_assignment
    }
    return rec_eval(expr, memo=memo)
