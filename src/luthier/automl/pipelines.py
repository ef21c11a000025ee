"""From params to a pipeline of scikit-learn that people can read."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import msgspec
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)

from .columns import Column
from .joint_space import ENCODING, SCALING, split_params
from .learners import Learner, Task
from .steps import to_date_parts, to_numbers, to_texts, to_words

_MOST_LEVELS = 20  # that get a column each
_MOST_WORDS = 100  # of a text that get a column each


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What pipelines of a search have in common.

    Attributes:
        columns: Those of the table.
        learners: By name.
        task: What is predicted.
        n_classes: Number of classes; 0 where numbers are predicted.
        seed: Of learners that draw.
    """

    columns: tuple[Column, ...]
    learners: Mapping[str, Learner]
    task: Task
    n_classes: int = 0
    seed: int = 0

    def make(self, params: Mapping[str, Any], n_threads: int = 1, n_rows: int = 1_000) -> Pipeline:
        """Return the pipeline of params, not fitted.

        Args:
            params: Of a trial.
            n_threads: How many threads the learner may use.
            n_rows: How many rows it will be trained on.
        """
        name, own, options = split_params(params)
        learner = self.learners[name]
        prepare = self._prepare(learner, options, n_rows)
        return Pipeline(
            [("prepare", prepare), ("model", self._make_model(learner, own, n_threads))]
        )

    def _prepare(self, learner: Learner, options: Mapping[str, Any], n_rows: int) -> Any:
        """Return the transformer of columns: for each kind one pipeline."""
        at: dict[str, list[int]] = {}
        for column in self.columns:
            at.setdefault(column.kind, []).append(column.position)
        parts: list[tuple[str, Any, list[int]]] = []
        scaling = options.get(SCALING, "standard")
        if "number" in at:
            parts.append(("numbers", _of_numbers(learner.scaled, scaling, n_rows), at["number"]))
        if "date" in at:
            parts.append(("dates", _of_dates(learner.scaled), at["date"]))
        for kind in ("category", "many"):
            if kind in at:
                how = options.get(ENCODING, "ordinal")
                if learner.scaled:
                    how = "one-hot" if kind == "category" else "target"
                parts.append((kind, self._of_words(how, learner.scaled), at[kind]))
        parts += [(f"text_{j}", _of_text(), [j]) for j in at.get("text", [])]
        return ColumnTransformer(parts, sparse_threshold=0)

    def _of_words(self, how: str, scaled: bool) -> Any:
        steps: list[Any] = [FunctionTransformer(to_words)]
        if how == "ordinal":
            steps.append(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1))
        elif how == "one-hot":
            steps.append(
                OneHotEncoder(
                    handle_unknown="infrequent_if_exist",
                    max_categories=_MOST_LEVELS,
                    sparse_output=False,
                )
            )
        else:
            kind = "continuous" if self.n_classes == 0 else "multiclass"
            kind = "binary" if self.n_classes == 2 else kind
            steps.append(TargetEncoder(target_type=kind, **_draw_folds(kind, self.seed)))
            steps += [StandardScaler()] * scaled
        return make_pipeline(*steps)

    def _make_model(self, learner: Learner, own: Mapping[str, Any], n_threads: int) -> Any:
        params = dict(learner.fixed) | dict(own)
        if learner.threads:
            params[learner.threads] = n_threads
        if learner.seed:
            params[learner.seed] = self.seed
        model = learner.load(self.task)(**params)
        if learner.scaled and self.task == "regress":
            return TransformedTargetRegressor(regressor=model, transformer=StandardScaler())
        if learner.calibrated and self.task == "classify":
            model = OneVsRestClassifier(model) if self.n_classes > 2 else model
            return CalibratedClassifierCV(model, ensemble=False, cv=3)
        return model


def _draw_folds(kind: str, seed: int) -> dict[str, Any]:
    """Return how a target encoder draws its folds; scikit-learn 1.9 has another way than 1.8."""
    if signature(TargetEncoder).parameters["shuffle"].default is True:
        return {"random_state": seed}
    folds = KFold if kind == "continuous" else StratifiedKFold
    return {"cv": folds(5, shuffle=True, random_state=seed)}


def _of_numbers(scaled: bool, scaling: str, n_rows: int) -> Any:
    numbers = FunctionTransformer(to_numbers)
    if not scaled:
        return numbers
    scaler: Any = StandardScaler()
    if scaling == "quantile":
        scaler = QuantileTransformer(
            n_quantiles=max(2, min(n_rows, 200)), output_distribution="normal", random_state=0
        )
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(numbers, imputer, scaler)


def _of_dates(scaled: bool) -> Any:
    parts = FunctionTransformer(to_date_parts)
    if not scaled:
        return parts
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(parts, imputer, StandardScaler())


def _of_text() -> Any:
    words = TfidfVectorizer(max_features=_MOST_WORDS, sublinear_tf=True, token_pattern=r"\b\w+\b")
    return make_pipeline(FunctionTransformer(to_texts), words)
