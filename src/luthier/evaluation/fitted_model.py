"""A model that is ready for use, with where it came from."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np

from ..errors import EvaluationError
from ..typing import Array
from .calibration import Calibrator


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model came from, in JSON's types.

    Attributes:
        study: Name of the study; empty where the params come from elsewhere.
        trial: Number of the trial; None where the params come from elsewhere.
        params: What the model was made with.
        metric: Name of the metric that was optimised.
        cv_score: Its mean over the folds of the trial; None where not known. Too good, where it is
            the best of many.
        plan: Hash of the folds.
        n: Number of rows that the data had.
        data: Hash of the targets, which tells other data.
        kind: "all" of one model trained on all rows, "ensemble" of the models of all folds.
        n_steps: Steps of training that were set, such as boosting rounds; None where none were.
        threshold: Probability from which on a row is of the second class; None for the model's own.
        calibrated: How probabilities were calibrated; None where not.
        version: Version of luthier.
        fitted_s: When it was trained, in seconds since 1970.
    """

    study: str
    trial: int | None
    params: dict[str, Any]
    metric: str
    cv_score: float | None
    plan: str
    n: int
    data: str
    kind: str
    n_steps: int | None
    threshold: float | None
    calibrated: str | None
    version: str
    fitted_s: float


def hash_targets(y: Any) -> str:
    """Return a text that is the same where targets (n,) are: 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for value in np.asarray(y).tolist():
        digest.update(repr(value).encode() + b"\n")
    return digest.hexdigest()


class FoldEnsemble:
    """The models of all folds as one: their mean, or the class that most of them say.

    Args:
        models: (k,) fitted models.
        classes: (c,) classes that there are; None for models that predict numbers.
    """

    def __init__(self, models: list[Any], classes: Any = None) -> None:
        self.models = models
        if classes is not None:
            self.classes_ = np.asarray(classes)
        self._votes = classes is not None and not hasattr(models[0], "predict_proba")

    def __getattr__(self, name: str) -> Any:
        # predict_proba is there where the models have it; copies and pickles ask before `models` is
        if name == "predict_proba" and hasattr(self.__dict__.get("models", [None])[0], name):
            return self._mean_proba
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def predict(self, X: Any) -> Any:
        """Return the mean of numbers, or the most likely class, of each row (n,)."""
        if not hasattr(self, "classes_"):
            return np.mean([np.asarray(model.predict(X)) for model in self.models], axis=0)
        if self._votes:
            told = np.stack([np.asarray(model.predict(X)) for model in self.models])
            votes = (told[..., None] == self.classes_).sum(axis=0)
            return self.classes_[votes.argmax(axis=1)]
        return self.classes_[self._mean_proba(X).argmax(axis=1)]

    def _mean_proba(self, X: Any) -> Array:
        return np.asarray(
            np.mean([spread_classes(model, X, self.classes_) for model in self.models], axis=0)
        )


def spread_classes(model: Any, X: Any, classes: Any) -> Array:
    """Return probabilities (n, c) of all classes, 0 of those that a model was not trained on."""
    p = np.asarray(model.predict_proba(X), dtype=np.float64)
    p = np.column_stack([1 - p, p]) if p.ndim == 1 else p
    known = np.asarray(getattr(model, "classes_", classes))
    if len(known) == len(classes) == p.shape[1]:
        return p
    spread = np.zeros((len(p), len(classes)))
    spread[:, np.searchsorted(classes, known)] = p
    return spread


class FittedModel:
    """A model that is ready for use: what `fit_all` and `fit_ensemble` return.

    It has `predict`, and `predict_proba` where the model has; any other attribute is the model's.

    Args:
        model: The model that was trained.
        lineage: Where it came from.
        calibrator: Puts probabilities right; None to leave them.
        classes: (c,) the classes; None of a model that predicts numbers.

    Attributes:
        model: As given.
        lineage: As given.
    """

    def __init__(
        self,
        model: Any,
        lineage: Lineage,
        calibrator: Calibrator | None = None,
        classes: Any = None,
    ) -> None:
        self.model = model
        self.lineage = lineage
        self._calibrator = calibrator
        self._classes = classes

    def predict(self, X: Any) -> Any:
        """Return a prediction for each row (n,); by the threshold, where one was chosen."""
        threshold = self.lineage.threshold
        if threshold is None and self._calibrator is None:
            return self.model.predict(X)
        p = self.predict_proba(X)
        at = p.argmax(axis=1) if threshold is None else (p[:, 1] >= threshold).astype(int)
        return self._classes[at]

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities (n, c), calibrated where that was asked for.

        Raises:
            EvaluationError: The model has none.
        """
        if not hasattr(self.model, "predict_proba"):
            raise EvaluationError(f"{type(self.model).__name__} has no predict_proba")
        if self._calibrator is None:
            return np.asarray(self.model.predict_proba(X))
        return self._calibrator(spread_classes(self.model, X, self._classes))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "model" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.model, name)

    def __repr__(self) -> str:
        of = f"trial {self.lineage.trial}" if self.lineage.trial is not None else "given params"
        return f"FittedModel({type(self.model).__name__}, {of}, {self.lineage.kind})"
