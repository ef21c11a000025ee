"""Ready-made spaces of well-known models, each with a portfolio of first configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "catboost",
    "elastic_net",
    "extra_trees",
    "hist_gradient_boosting",
    "knn",
    "lightgbm",
    "logistic",
    "lora",
    "mlp",
    "random_forest",
    "rpart",
    "suggest",
    "svm",
    "torch_mlp",
    "xgboost",
]

if TYPE_CHECKING:
    from .estimators import suggest as suggest
    from .families import catboost as catboost
    from .families import elastic_net as elastic_net
    from .families import extra_trees as extra_trees
    from .families import hist_gradient_boosting as hist_gradient_boosting
    from .families import knn as knn
    from .families import lightgbm as lightgbm
    from .families import logistic as logistic
    from .families import lora as lora
    from .families import mlp as mlp
    from .families import random_forest as random_forest
    from .families import rpart as rpart
    from .families import svm as svm
    from .families import torch_mlp as torch_mlp
    from .families import xgboost as xgboost
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "catboost": "families",
            "elastic_net": "families",
            "extra_trees": "families",
            "hist_gradient_boosting": "families",
            "knn": "families",
            "lightgbm": "families",
            "logistic": "families",
            "lora": "families",
            "mlp": "families",
            "random_forest": "families",
            "rpart": "families",
            "suggest": "estimators",
            "svm": "families",
            "torch_mlp": "families",
            "xgboost": "families",
        },
    )
