"""scikit-learn: an objective that trains by `partial_fit`, epoch by epoch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import CheckpointError, EstimatorError, TrialPruned, explain_missing
from ..trial.direction import find_wrong_direction
from ..trial.handle import Trial
from ..validation import check_whole

try:
    from sklearn.base import clone, is_classifier
    from sklearn.metrics import get_scorer
except ImportError as e:
    raise explain_missing("luthier.integrations.partial_fit", "scikit-learn", "sklearn") from e


class PartialFit:
    """An objective: a model that sees the rows once an epoch, and is scored after each.

    Each epoch is reported, so that a scheduler can end hopeless trials. Rows come in another order
    each epoch, which depends on the study's seed, the trial and the epoch alone. A trial that goes
    on after a pause or a crash loads the model from a file where `dump` and `load` say how;
    otherwise it is trained again up to where it was, which takes time, and gives the same.

    Args:
        model: An estimator with `partial_fit`, which is copied and given the trial's params; or a
            function from params to a new one.
        X: (n, ...) rows to train on: an array or a sparse matrix.
        y: (n,) their targets.
        valid: Rows and targets that the model is scored on.
        n_epochs: Number of epochs.
        scoring: As in scikit-learn: a name, such as "accuracy" or "neg_log_loss", or a function of
            model, X and y. Larger is better. None for the model's own `score`.
        batch_size: Rows of one call of `partial_fit`; None for all.
        dump: Writes a model to a path, such as `joblib.dump`.
        load: Reads it again, such as `joblib.load`. joblib's files are pickles: they run code, so
            keep checkpoints where only you can write.

    Raises:
        EstimatorError: The model has no `partial_fit`, or the data do not fit together.
        ValueError: `n_epochs` or `batch_size` is no whole number above 0, or there is no such
            scoring.
    """

    direction: Literal["maximize"] = "maximize"

    def __init__(
        self,
        model: Any,
        X: Any,
        y: Any,
        valid: tuple[Any, Any],
        n_epochs: int,
        *,
        scoring: str | Callable[[Any, Any, Any], float] | None = None,
        batch_size: int | None = None,
        dump: Callable[[Any, str], Any] | None = None,
        load: Callable[[str], Any] | None = None,
    ) -> None:
        self.model = model
        self.X = X if hasattr(X, "tocsr") else np.asarray(X)
        self.y = np.asarray(y)
        self.valid = valid
        self.n_epochs = check_whole("n_epochs", n_epochs, 1)
        self.scoring = get_scorer(scoring) if isinstance(scoring, str) else scoring
        self.batch_size = None if batch_size is None else check_whole("batch_size", batch_size, 1)
        self.dump = dump
        self.load = load
        self._check()

    def _check(self) -> None:
        n, n_targets = self.X.shape[0], len(self.y)
        if n != n_targets or n == 0:
            raise EstimatorError(f"X has {n} rows and y {n_targets}, and both need the same")
        if not isinstance(self.valid, tuple) or len(self.valid) != 2:
            raise EstimatorError("valid must be a pair: the rows to score on, and their targets")
        if (self.dump is None) != (self.load is None):
            raise EstimatorError("dump and load belong together: give both or none")
        if hasattr(self.model, "get_params") and not isinstance(self.model, type):
            _check_model(self.model)

    def __call__(self, trial: Trial) -> float:
        """Train a model with the trial's params; see `luthier.create_study`.

        Raises:
            TrialPruned: The scheduler ends the trial, or its turn.
            EstimatorError: The model has no such params, or no `partial_fit`; or the study has no
                space.
            CheckpointError: The checkpoint was saved by something else, or with other params and
                without `dump`.
        """
        if not trial.ticket.declared:
            raise EstimatorError(
                "PartialFit takes params from the space of the study, which has none: "
                "create_study(space=...)"
            )
        wrong = find_wrong_direction(trial, "score", self.direction)
        if wrong is not None:
            raise EstimatorError(wrong)
        seed = [trial.ticket.seed, trial.number]
        model, value = self._resume(trial, seed)
        for epoch in range(int(trial.step) + 1, self.n_epochs + 1):
            self._train_epoch(model, [*seed, epoch])
            value = self._score(model)
            self._report(trial, model, value, epoch)
            if trial.should_stop():
                raise TrialPruned
        return value

    def train(self, params: Mapping[str, Any], n_epochs: int | None = None, seed: int = 0) -> Any:
        """Train a model outside of a study, and return it.

        Args:
            params: What it is made with.
            n_epochs: Number of epochs; None for those of the objective.
            seed: Of the order of rows, and of a model without `random_state`.

        Raises:
            EstimatorError: The model has no such params, or no `partial_fit`.
        """
        model = self._make(params, [seed])
        for epoch in range(1, (self.n_epochs if n_epochs is None else n_epochs) + 1):
            self._train_epoch(model, [seed, epoch])
        return model

    def _resume(self, trial: Trial, seed: list[int]) -> tuple[Any, float]:
        """Return the model as it was at the trial's step, and its score."""
        params = trial.params
        checkpoint = trial.checkpoint
        if checkpoint is None:
            return self._make(params, seed), float("nan")
        if self.load is not None and isinstance(checkpoint, Path):
            model = self.load(str(checkpoint))
            if hasattr(self.model, "set_params"):
                model.set_params(**params)  # which another trial may have had otherwise
            return model, self._score(model)
        if not isinstance(checkpoint, dict) or checkpoint.get("trial") != trial.number:
            raise CheckpointError(
                f"trial {trial.number} is to go on from a model that was not saved, or by "
                "something else; give PartialFit dump and load, such as those of joblib"
            )
        model = self._make(params, seed)
        for epoch in range(1, int(trial.step) + 1):
            self._train_epoch(model, [*seed, epoch])
        return model, self._score(model)

    def _make(self, params: Mapping[str, Any], seed: list[int]) -> Any:
        if hasattr(self.model, "get_params") and not isinstance(self.model, type):
            model = clone(self.model)
            unknown = sorted(set(params) - set(model.get_params()))
            if unknown:
                known = ", ".join(sorted(model.get_params()))
                raise EstimatorError(
                    f"{type(model).__name__} has no parameter {unknown[0]!r}; it has {known}"
                )
            model.set_params(**params)
        else:
            model = self.model(params)
            _check_model(model)
        known = model.get_params()
        if "random_state" in known and known["random_state"] is None:
            model.set_params(random_state=int(np.random.default_rng(seed).integers(2**31)))
        return model

    @cached_property
    def _classes(self) -> Any:
        return np.unique(self.y)

    def _train_epoch(self, model: Any, seed: list[int]) -> None:
        """Let the model see all rows once."""
        n = len(self.y)
        order = np.random.default_rng(seed).permutation(n)
        size = n if self.batch_size is None else self.batch_size
        more = {"classes": self._classes} if is_classifier(model) else {}
        for begin in range(0, n, size):
            rows = order[begin : begin + size]
            model.partial_fit(self.X[rows], self.y[rows], **more)

    def _score(self, model: Any) -> float:
        X, y = self.valid
        return float(model.score(X, y) if self.scoring is None else self.scoring(model, X, y))

    def _report(self, trial: Trial, model: Any, value: float, epoch: int) -> None:
        if self.dump is None:
            trial.report(value, epoch, checkpoint={"trial": trial.number})
            return
        with tempfile.TemporaryDirectory(prefix="luthier-") as folder:
            file = Path(folder, "model")
            self.dump(model, str(file))
            trial.report(value, epoch, checkpoint=file)


def _check_model(model: Any) -> None:
    if not hasattr(model, "partial_fit"):
        raise EstimatorError(
            f"PartialFit needs a model with partial_fit, which {type(model).__name__} has not; of "
            "a pipeline, transform the rows before"
        )
