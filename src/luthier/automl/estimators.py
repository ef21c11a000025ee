"""`AutoClassifier` and `AutoRegressor`: from a table to a good model in a given time."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import EstimatorError
from ..evaluation.calibration import Calibration, Calibrator, choose_threshold
from ..space.space import Space
from ..typing import Array
from ..validation import show
from .export import write_program
from .finish import expect_on
from .leaderboard import Leaderboard, make_leaderboard
from .learners import Task
from .page import AutoReport, explain_run, make_page
from .run import Found, Order, Settings, recall_seed, run
from .tables import match_columns, read_table, read_targets


class _Auto(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share; see them for arguments."""

    _task: Task

    # They are of these rows, and no pipeline passes them on.
    __metadata_request__fit = {"groups": UNUSED, "time": UNUSED}
    __metadata_request__score = {"sample_weight": UNUSED}

    def __init__(
        self,
        time_s: float | None = 60.0,
        n_trials: int | None = None,
        metric: Any = None,
        learners: Any = None,
        space: Space | None = None,
        hold_out: float = 0.2,
        memory_mb: float | None = None,
        n_jobs: int | None = None,
        path: str | Path | None = None,
        random_state: int | None = None,
    ) -> None:
        self.time_s = time_s
        self.n_trials = n_trials
        self.metric = metric
        self.learners = learners
        self.space = space
        self.hold_out = hold_out
        self.memory_mb = memory_mb
        self.n_jobs = n_jobs
        self.path = path
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, time: Any = None) -> Any:
        """Search for a model, and fit it on all rows.

        Args:
            X: (n, d) array, data frame, or list of rows. Columns may hold numbers, categories,
                dates and text, and values may be missing.
            y: (n,) targets.
            groups: (n,) groups that no split may tear apart, such as patients; None without.
            time: (n,) time of each row, where the future is predicted: then models are tested on
                later rows than they are trained on. None where the order of rows says nothing.

        Raises:
            EstimatorError: The table or the targets cannot be learned from, or an argument of this
                object makes no sense.
            EvaluationError: A metric does not fit the task, or the file is of other data.
            SplitError: A class or a group is alone, so that rows cannot be split.
        """
        begin = clock.monotonic()
        table, names = self._read(X, is_new=True)
        targets = read_targets(y, len(table), self._task)
        settings = Settings(
            task=self._task,
            time_s=self.time_s,
            n_trials=self.n_trials,
            metric=self.metric,
            learners=self.learners,
            space=self.space,
            hold_out=self.hold_out,
            memory_mb=self.memory_mb,
            n_jobs=self.n_jobs,
            path=None if self.path is None else Path(self.path),
            seed=read_seed(self.random_state, self.path),
        )
        self._names = names
        self._found = run(settings, table, names, targets, Order(groups, time), begin)
        self._set_fitted()
        return self

    def _read(self, X: Any, is_new: bool) -> tuple[Any, list[str]]:
        """Return a table, checked as scikit-learn checks it, and the names of its columns."""
        table, names = read_table(X)
        if not is_new:
            check_is_fitted(self)
            table = match_columns(table, names, self._names)
        is_frame = hasattr(table, "iloc")
        validated = validate_data(
            self,
            table,
            reset=is_new,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=2 if is_new else 1,
            skip_check_array=is_frame,
        )
        if len(table) < (2 if is_new else 1) or not table.shape[1]:
            raise EstimatorError(
                f"expected at least 2 rows and 1 column, got {len(table)} sample(s), "
                f"{table.shape[1]} feature(s)"
            )
        return (table if is_frame else validated), names

    def _set_fitted(self) -> None:
        found = self._found
        self.model_ = found.model
        self.study_ = found.study
        self.space_ = found.space
        self.columns_ = found.material.recipe.columns
        self.remarks_ = found.remarks
        self.promise_ = found.look
        self.ensemble_ = found.ensemble

    # -- what was found

    def leaderboard(self) -> Leaderboard:
        """Return all trials as a table, the best first."""
        check_is_fitted(self)
        return make_leaderboard(self._found)

    def explain(self) -> str:
        """Return in sentences what was done, what was chosen, and why."""
        check_is_fitted(self)
        return explain_run(self._found)

    def report(self) -> AutoReport:
        """Return a report, which `save` writes into a file that ends in .html or .md."""
        check_is_fitted(self)
        return AutoReport(make_page(self._found))

    def expect(self, n_rows: int) -> tuple[float, float]:
        """Return the interval in which the score on so many new rows lies, at 90 %.

        Raises:
            EstimatorError: No rows were held out, so that there is no honest score.
        """
        check_is_fitted(self)
        if self.promise_ is None:
            raise EstimatorError(
                "there is no promise: no rows were held out, or time was up; " + self.explain()
            )
        return expect_on(self.promise_, n_rows)

    def export(
        self,
        path: str | Path,
        data: str = "train.csv",
        target: str = "y",
        unused: Sequence[str] = (),
        reading: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the model as a program of plain scikit-learn, which needs no luthier.

        The file has a function `make_model`, which returns the pipeline or the ensemble, not
        fitted; run as a program, it fits that on a CSV file.

        Args:
            path: File that ends in .py.
            data: CSV file that the program reads.
            target: Column of that file that is predicted.
            unused: Further columns of that file that the model was not fitted on, such as groups.
            reading: Arguments of `pandas.read_csv` that the file needs, such as {"sep": ";"}.

        Raises:
            EstimatorError: The ending is another one.
            OSError: The file cannot be written.
        """
        check_is_fitted(self)
        if Path(path).suffix != ".py":
            raise EstimatorError(f"expected a path that ends in .py, got {str(path)!r}")
        text = write_program(self._found, data, target, unused, reading)
        Path(path).write_text(text, encoding="utf-8", newline="\n")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickles and copies: without the study, which stays in its file."""
        state = dict(super().__getstate__())
        state.pop("study_", None)
        if isinstance(state.get("_found"), Found):
            state["_found"] = state["_found"]._replace(study=None)
        return state


class AutoClassifier(ClassifierMixin, _Auto):  # type: ignore[misc]
    """A classifier that finds its model by itself, in a given time.

    Args:
        time_s: Seconds that `fit` may take in all; None for no limit, with `n_trials`.
        n_trials: How many trials, in all calls on one `path` together; None for as many as there is
            time for. With trials as the only limit the same `random_state` gives the same model.
        metric: What counts, as in `luthier.evaluation.Evaluate`: a name of ours such as
            "log_loss", "accuracy", "balanced_accuracy", "auc" or "brier", one of scikit-learn's
            scorers, or a function of model, X and y, where classes are numbered from 0. None for
            "log_loss".
        learners: Names of learners and `Learner` objects; None for all that are installed.
        space: A space of pipelines, from `pipeline_space`, edited or not; None makes one.
        hold_out: Share of the rows that the search does not see, and by which the final model's
            score is promised, at most 5,000 rows; 0 for none.
        memory_mb: The most memory that all fits together may take; a fit that would take more is
            ended. None for three quarters of what is free when `fit` begins. Without `time_s` fits
            run in this process, and only a given limit counts.
        n_jobs: How many fits at a time; None for one a core, at most 8.
        path: File that keeps the trials, so that a later call goes on with them; None for none.
        random_state: The seed; None draws one, or takes the one of the file at `path`.

    Attributes:
        classes_: (c,) the classes.
        model_: The blend of fitted pipelines, for classes that are numbered from 0.
        study_: The `luthier.Study` of the search.
        space_: The space that was searched.
        columns_: What each column holds.
        remarks_: What was noticed about the data.
        promise_: The score on the rows that were held out, with its interval at 90 %; or None.
        ensemble_: What an ensemble would gain; or None.
    """

    _task: Task = "classify"

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, time: Any = None) -> Any:
        self._calibrator: Calibrator | None = None
        self._threshold: float | None = None
        return super().fit(X, y, groups=groups, time=time)

    def _set_fitted(self) -> None:
        super()._set_fitted()
        self.classes_ = self._found.classes

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities (n, c) of the classes, calibrated where `calibrate` was called."""
        table, _ = self._read(X, is_new=False)
        p: Array = self.model_.predict_proba(table)
        return p if self._calibrator is None else self._calibrator(p)

    def predict(self, X: Any) -> Any:
        """Return the likeliest class of each row (n,), or the one that the threshold says."""
        p = self.predict_proba(X)
        if self._threshold is not None:
            return self.classes_[(p[:, 1] >= self._threshold).astype(int)]
        return self.classes_[p.argmax(axis=1)]

    def calibrate(self, kind: Calibration = "sigmoid") -> AutoClassifier:
        """Put the probabilities right, by what the model's trials said out of fold.

        Args:
            kind: "sigmoid" for a few hundred rows, "isotonic" for a thousand and more.

        Raises:
            EstimatorError: Predictions out of fold were not kept.
        """
        p, is_true = self._out_of_fold()
        self._calibrator = Calibrator(kind, p, is_true, np.ones(len(p)))
        self._threshold = None
        return self

    def set_threshold(self, score: Any) -> AutoClassifier:
        """Choose from which probability on a row is of the second class.

        Args:
            score: What is to be best: "accuracy", "balanced_accuracy", "f1", or a function of which
                rows would count as of the second class.

        Raises:
            EstimatorError: There are not two classes, or predictions out of fold were not kept.
        """
        check_is_fitted(self)
        if len(self.classes_) != 2:
            raise EstimatorError(
                f"a threshold is for two classes, and there are {len(self.classes_)}"
            )
        p, is_true = self._out_of_fold()
        p = p if self._calibrator is None else self._calibrator(p)
        self._threshold = choose_threshold(p[:, 1], is_true[:, 1], score, np.ones(len(p)))
        return self

    def _out_of_fold(self) -> tuple[Array, Any]:
        check_is_fitted(self)
        predictions = self._found.predictions
        if predictions is None:
            raise EstimatorError(
                "predictions out of fold are not there: no trial of the model was complete, or "
                "they were too many to be kept in the file"
            )
        rows, p = predictions
        return p, self._found.material.y[rows][:, None] == np.arange(len(self.classes_))


class AutoRegressor(RegressorMixin, _Auto):  # type: ignore[misc]
    """A regressor that finds its model by itself, in a given time.

    Args:
        time_s: As for `AutoClassifier`, like all others but the next.
        n_trials: As for `AutoClassifier`.
        metric: What counts: "rmse", "mae", "r2", "mse", one of scikit-learn's scorers, or a
            function of model, X and y. None for "rmse".
        learners: As for `AutoClassifier`.
        space: As for `AutoClassifier`.
        hold_out: As for `AutoClassifier`.
        memory_mb: As for `AutoClassifier`.
        n_jobs: As for `AutoClassifier`.
        path: As for `AutoClassifier`.
        random_state: As for `AutoClassifier`.

    Attributes:
        model_: The blend of fitted pipelines.
        study_: The `luthier.Study` of the search.
        space_: The space that was searched.
        columns_: What each column holds.
        remarks_: What was noticed about the data.
        promise_: The score on the rows that were held out, with its interval at 90 %; or None.
        ensemble_: What an ensemble would gain; or None.
    """

    _task: Task = "regress"

    def predict(self, X: Any) -> Array:
        """Return predictions (n,)."""
        table, _ = self._read(X, is_new=False)
        return np.asarray(self.model_.predict(table))


def read_seed(random_state: Any, path: str | Path | None) -> int:
    """Return the seed that scikit-learn's `random_state` stands for.

    Without a `random_state` it is the one of the file that the run goes on with, so that folds are
    the same; or else a random one.

    Raises:
        EstimatorError: The `random_state` is none.
    """
    if random_state is None:
        kept = None if path is None else recall_seed(Path(path))
        return int(np.random.SeedSequence().generate_state(1)[0] % 2**31) if kept is None else kept
    if hasattr(random_state, "randint"):
        return int(random_state.randint(2**31 - 1))
    if not isinstance(random_state, int | np.integer) or random_state < 0:
        raise EstimatorError(
            "random_state is a whole number from 0 on, a numpy.random.RandomState or None, got "
            f"{show(random_state)}"
        )
    return int(random_state)
