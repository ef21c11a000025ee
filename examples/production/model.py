"""A model that reads handwritten digits: how it is searched, trained, stored and tested.

`Actions` is all that `luthier.lifecycle` has to know of a model of yours.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import luthier
from luthier.lifecycle import (
    Gate,
    Measured,
    Metric,
    Trained,
    check_champion,
    check_cost,
    check_golden_rows,
    check_quality,
)
from luthier.measure import model_size
from luthier.registry import Content, Registry, Version, fingerprint_data

MODEL = "digits"
SPACE = {"C": luthier.Float(0.1, 100, log=True), "gamma": luthier.Float(1e-4, 1, log=True)}
RULE = "smallest error within 0.01, then smallest size_kb"
SIZES = (50, 100, 200, 400)  # a trial sees more and more images; the rest of the archive judges it

Array = np.ndarray[Any, Any]
Scanner = Callable[[Array], Array]


class Images(NamedTuple):
    """Images (n, 64) and their digits (n,)."""

    X: Array
    y: Array


def scan_well(X: Array) -> Array:
    """The scanner for which the first model is made."""
    return X


def scan_dimly(X: Array) -> Array:
    """The scanner that replaces it: a tenth of the contrast, and grain."""
    return X / 10 + np.random.default_rng(len(X)).normal(0.0, 0.2, X.shape)


def describe(X: Array) -> dict[str, Array]:
    """Return what is watched of images (n, 64): columns (n,) by name."""
    return {"brightness": X.mean(axis=1), "contrast": X.std(axis=1), "brightest": X.max(axis=1)}


def load_parts() -> tuple[Images, Images, Images]:
    """Return the archive to learn from, images that no training sees, and those of the traffic."""
    X, y = load_digits(return_X_y=True)
    parts = np.split(np.random.default_rng(0).permutation(len(y)), [600, 900])
    archive, unseen, traffic = (Images(X[rows], y[rows]) for rows in parts)
    return archive, unseen, traffic


class Actions:
    """What only the owner of the model can do: measure, train and test it.

    Args:
        registry: Where its versions are.
        studies: Storage of its searches.
        scan: The scanner in use; the archive is scanned again with each new one.
    """

    metrics = (Metric(name="correct", margin=0.03),)

    def __init__(self, registry: Registry, studies: Any, scan: Scanner = scan_well) -> None:
        self.registry = registry
        self.studies = studies
        archive, unseen, _ = load_parts()
        self.archive = Images(scan(archive.X), archive.y)
        self.unseen = Images(scan(unseen.X), unseen.y)

    # -- what luthier.lifecycle asks for

    def measure(self) -> Measured:
        """Measure the champion with the scanner in use."""
        now = float(self.losses(self.champion).mean())
        return Measured(now, self.champion.content.metrics["error"], len(self.archive.y))

    def refit(self) -> Trained:
        """Train with the params of the champion."""
        return self.train(self.champion.params, why="a refit")

    def retune(self, n_trials: int, attempt: int) -> Trained:
        """Search again, with the first search as memory and the champion as the first trial."""
        study = self.search(
            f"retuning {attempt}",
            n_trials,
            luthier.Space(SPACE, first=[self.champion.params]),
            memory=[luthier.load_study("search", self.studies)],
        )
        return self.train_best(study)

    def check(self, version: Version) -> list[Gate]:
        """Test a version before it answers anybody."""
        model, rows = self.load(version), self.unseen.X[:50]
        return [
            check_quality(self.losses(version), self.losses(self.champion), margin=0.02),
            check_golden_rows(model.predict, rows, model.predict(rows)),
            check_cost(model.predict, rows, seconds=0.5),
            check_champion(self.registry, MODEL, load=joblib.load),
        ]

    # -- searching and training

    def search(
        self, name: str, n_trials: int, space: luthier.Space, memory: Any = None
    ) -> luthier.Study:
        """Search in two processes for a small error and a small model; bad trials end early.

        A search that was killed goes on where it stopped.
        """
        X, y = self.archive

        def objective(trial: luthier.Trial) -> dict[str, float]:
            values = {}
            for n in SIZES:
                model = SVC(**trial.params).fit(X[:n], y[:n])
                error = 1 - model.score(X[SIZES[-1] :], y[SIZES[-1] :])
                values = {"error": error, "size_kb": model_size(model) / 1000}
                trial.report(values, step=n)
                if trial.should_stop():
                    raise luthier.TrialPruned
            return values

        study = luthier.create_study(
            name,
            self.studies,
            objectives={"error": "minimize", "size_kb": "minimize"},
            space=space,
            scheduler=luthier.schedulers.ASHA(
                min_resource=SIZES[0],
                max_resource=SIZES[-1],
                reduction_factor=2,
                mode="stopping",
            ),
            memory=memory,
            seed=0,
            load_if_exists=True,
        )
        study.optimize(objective, total=n_trials, n_jobs=2, reproducible=True, progress=False)
        return study

    def train(
        self,
        params: dict[str, Any],
        study: luthier.Study | None = None,
        trial: int = 0,
        why: str = "",
    ) -> Trained:
        """Train on the whole archive, and register the model with where it came from."""
        model = SVC(**params).fit(*self.archive)
        error = float(np.mean(model.predict(self.unseen.X) != self.unseen.y))
        about: dict[str, Any] = {
            "data": fingerprint_data(*self.archive),
            "metrics": {"error": error},
            "parent": self.champion.id if self.registry.models() else None,
        }
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.joblib")
            joblib.dump(model, file)
            if study is None:
                content = Content(model=MODEL, params=params, **about)
                version = self.registry.register(content, file, why)
            else:
                version = study.register(
                    trial, MODEL, artifact=file, registry=self.registry, why=why, **about
                )
        return Trained(version, error, 0 if study is None else len(study.trials))

    def train_best(self, study: luthier.Study) -> Trained:
        """Train what the rule chooses of a study."""
        choice = study.choose(RULE)
        return self.train(choice.params, study, choice.number, choice.why)

    # -- versions

    @property
    def champion(self) -> Version:
        """The version that answers."""
        return self.registry.version(f"{MODEL}@champion")

    def load(self, version: Version) -> SVC:
        """Load a version's file, whose hash the registry has compared."""
        return joblib.load(self.registry.fetch(version))

    def losses(self, version: Version) -> Array:
        """Return (n,) 1 for each unseen image that a version reads wrongly."""
        return (self.load(version).predict(self.unseen.X) != self.unseen.y).astype(float)
