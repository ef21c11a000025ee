"""The model of the demo: three classifiers of handwritten digits, their space and their data."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import explain_missing
from ..evaluation import cross_validate
from ..space.distributions import Categorical, Float, Int
from ..space.space import Space
from ..trial.handle import Trial
from ..typing import Array

try:
    from sklearn.datasets import load_digits
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import StratifiedKFold, train_test_split
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler
    from sklearn.svm import SVC
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
except ImportError:
    raise explain_missing("the demo", "scikit-learn", "sklearn") from None

N_FOLDS = 10
FAMILIES = {
    "svm": "support vector machine",
    "mlp": "neural network",
    "boosting": "gradient boosting",
}

# Every range contains the library's default. Upper ends of what costs time keep a trial within
# seconds.
SPACE = Space(
    {
        "family": Categorical(tuple(FAMILIES)),
        "scaling": Categorical(("standard", "minmax"), when={"family": ["svm", "mlp"]}),
        "svm_kernel": Categorical(("rbf", "poly"), when={"family": "svm"}),
        "svm_C": Float(0.01, 1000.0, scale="log", when={"family": "svm"}),
        "svm_gamma": Float(0.001, 1.0, scale="log", when={"family": "svm"}),
        "svm_degree": Int(2, 5, when={"svm_kernel": "poly"}),
        "svm_coef0": Float(0.0, 1.0, when={"svm_kernel": "poly"}),
        "mlp_layers": Int(1, 2, when={"family": "mlp"}),
        "mlp_units": Int(16, 128, scale="log", when={"family": "mlp"}),
        "mlp_units_2": Int(16, 128, scale="log", when={"mlp_layers": 2}),
        "mlp_alpha": Float(1e-6, 10.0, scale="log", when={"family": "mlp"}),
        "mlp_learning_rate": Float(3e-4, 0.03, scale="log", when={"family": "mlp"}),
        "mlp_max_iter": Int(25, 200, scale="log", when={"family": "mlp"}),
        "boosting_learning_rate": Float(0.02, 0.5, scale="log", when={"family": "boosting"}),
        "boosting_max_iter": Int(25, 100, scale="log", when={"family": "boosting"}),
        "boosting_max_leaf_nodes": Int(4, 31, scale="log", when={"family": "boosting"}),
        "boosting_min_samples_leaf": Int(2, 50, scale="log", when={"family": "boosting"}),
        "boosting_max_features": Float(0.1, 1.0, when={"family": "boosting"}),
    }
)


def make_defaults(X: Array) -> dict[str, dict[str, Any]]:
    """The library's own hyperparameters of each family, with standardised inputs.

    Args:
        X: (n, d) training rows, which decide the default gamma of `SVC`.
    """
    # "scale" of SVC.
    gamma = float(1 / (X.shape[1] * StandardScaler().fit_transform(X).var()))
    return {
        "svm": {
            "family": "svm",
            "scaling": "standard",
            "svm_kernel": "rbf",
            "svm_C": 1.0,
            "svm_gamma": gamma,
        },
        "mlp": {
            "family": "mlp",
            "scaling": "standard",
            "mlp_layers": 1,
            "mlp_units": 100,
            "mlp_alpha": 1e-4,
            "mlp_learning_rate": 1e-3,
            "mlp_max_iter": 200,
        },
        "boosting": {
            "family": "boosting",
            "boosting_learning_rate": 0.1,
            "boosting_max_iter": 100,
            "boosting_max_leaf_nodes": 31,
            "boosting_min_samples_leaf": 20,
            "boosting_max_features": 1.0,
        },
    }


def build(params: Mapping[str, Any]) -> Any:
    """A new model, not fitted yet, from params of `SPACE`."""
    p = {name.partition("_")[2]: value for name, value in params.items() if "_" in name}
    match params["family"]:
        case "svm":
            model = SVC(
                kernel=p["kernel"],
                C=p["C"],
                gamma=p["gamma"],
                degree=p.get("degree", 3),
                coef0=p.get("coef0", 0.0),
                max_iter=100_000,
            )
        case "mlp":
            layers = (p["units"],) if p["layers"] == 1 else (p["units"], p["units_2"])
            model = MLPClassifier(
                hidden_layer_sizes=layers,
                alpha=p["alpha"],
                learning_rate_init=p["learning_rate"],
                max_iter=p["max_iter"],
                random_state=0,
            )
        case _:
            return HistGradientBoostingClassifier(
                learning_rate=p["learning_rate"],
                max_iter=p["max_iter"],
                max_leaf_nodes=p["max_leaf_nodes"],
                min_samples_leaf=p["min_samples_leaf"],
                max_features=p["max_features"],
                # Pixels have 17 values: 32 bins divide them as the default of 255 does, in half
                # the time.
                max_bins=32,
                random_state=0,
            )
    scaler = StandardScaler() if params["scaling"] == "standard" else MinMaxScaler()
    return make_pipeline(scaler, model)


def accuracy(model: Any, X: Array, y: Any) -> float:
    """Share of rows that a fitted model classifies correctly."""
    return float(model.score(X, y))


@dataclass(frozen=True)
class Digits:
    """The objective: accuracy in cross-validation on one half of the images.

    The other half is held out.

    Of the real datasets that scikit-learn contains, this is the one on which tuning helps: breast
    cancer and wine are solved by the defaults, and on diabetes gains in cross-validation do not
    carry over to held-out data.

    Attributes:
        X: (898, 64) pixels to tune on.
        y: (898,) digits.
        X_held_out: (899, 64) pixels that no trial sees.
        y_held_out: (899,) their digits.
    """

    X: Array
    y: Any
    X_held_out: Array
    y_held_out: Any

    @classmethod
    def load(cls) -> Digits:
        """Read the images that scikit-learn contains, and split them."""
        X, y = load_digits(return_X_y=True)
        X, X_held_out, y, y_held_out = train_test_split(
            X, y, test_size=0.5, random_state=0, stratify=y
        )
        return cls(X, y, X_held_out, y_held_out)

    def __call__(self, trial: Trial) -> float:
        """Run a trial; defaults run to their end, since the gain is measured against them."""
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(self.X, self.y)
        is_default = "default" in trial.tags
        began_s = time.monotonic()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                return cross_validate(
                    trial, build, self.X, self.y, folds, accuracy, prune=not is_default
                )
            finally:
                # The trial's duration includes the start of its process; this does not.
                trial.set_tag("seconds", round(time.monotonic() - began_s, 3))

    def refit(self, params: Mapping[str, Any]) -> Any:
        """A model fitted on all rows that are not held out."""
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return build(params).fit(self.X, self.y)
