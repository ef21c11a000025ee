"""`luthier demo`: tunes a real model on real data, and tests on untouched data what that gained."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..errors import MissingDependencyError, NoCompletedTrialsError, StudyError
from ..evaluation import compare_models, cross_validate
from ..executors.resources import capacity
from ..schedulers import Wilcoxon
from ..space.distributions import Categorical, Float, Int
from ..space.space import Space
from ..study.create import create_study, list_studies
from ..study.study import Study
from ..trial.handle import Trial
from ..trial.record import State, TrialRow
from ..typing import Array
from .render import clean, duration, pairs, table

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
    raise MissingDependencyError(
        "the demo needs scikit-learn: pip install luthier[sklearn]"
    ) from None

NAME = "demo"
STORAGE = "sqlite:///luthier.db"
N_FOLDS = 10
# replayed over 153 trials that ran to their end: leaves out 46 % of the folds, and never loses the
# best
P_STOP = 0.2
LIMIT_S = (
    40.0  # no trial runs longer, so that the demo ends within two minutes on a slow machine too
)
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


def defaults(X: Array) -> dict[str, dict[str, Any]]:
    """The library's own hyperparameters, family by family, with inputs standardised as its documentation does.

    Args:
        X: (n, d) training rows, of which `SVC` would take its gamma.
    """
    gamma = float(
        1 / (X.shape[1] * StandardScaler().fit_transform(X).var())
    )  # what SVC calls "scale"
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
            model = MLPClassifier(
                hidden_layer_sizes=(p["units"],)
                if p["layers"] == 1
                else (p["units"], p["units_2"]),
                alpha=p["alpha"],
                learning_rate_init=p["learning_rate"],
                max_iter=p["max_iter"],
                random_state=0,
            )
        # pixels have 17 values, so 32 bins cut them exactly as the default of 255 does, in half the
        # time
        case _:
            return HistGradientBoostingClassifier(
                learning_rate=p["learning_rate"],
                max_iter=p["max_iter"],
                max_leaf_nodes=p["max_leaf_nodes"],
                min_samples_leaf=p["min_samples_leaf"],
                max_features=p["max_features"],
                max_bins=32,
                random_state=0,
            )
    return make_pipeline(
        StandardScaler() if params["scaling"] == "standard" else MinMaxScaler(), model
    )


def accuracy(model: Any, X: Array, y: Any) -> float:
    """Share of rows that a fitted model gets right."""
    return float(model.score(X, y))


@dataclass(frozen=True)
class Digits:
    """The objective: accuracy in cross-validation on one half of the images.

    The other half is held out.

    Of the real datasets that scikit-learn ships this is the one where tuning can be shown to help:
    breast cancer and wine are solved by the defaults, and on diabetes gains in cross-validation do
    not carry over to a hold-out.

    Attributes:
        X: (898, 64) pixels to tune on.
        y: (898,) digits.
        X_held: (899, 64) pixels that no trial sees.
        y_held: (899,) their digits.
    """

    X: Array
    y: Any
    X_held: Array
    y_held: Any

    @classmethod
    def load(cls) -> Digits:
        """Reads the images that scikit-learn ships and splits them."""
        X, y = load_digits(return_X_y=True)
        X, X_held, y, y_held = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
        return cls(X, y, X_held, y_held)

    def __call__(self, trial: Trial) -> float:
        """Runs a trial; defaults run to their end, since tuning is measured by them."""
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(self.X, self.y)
        began = time.monotonic()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                return cross_validate(
                    trial, build, self.X, self.y, folds, accuracy, prune="default" not in trial.tags
                )
            finally:  # without the time that its process needs to start, which the first trials include
                trial.set_tag("seconds", round(time.monotonic() - began, 3))

    def refit(self, params: Mapping[str, Any]) -> Any:
        """A model fitted on all that may be seen."""
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return build(params).fit(self.X, self.y)


def run(storage: str = STORAGE, timeout_s: float = 75.0, n_jobs: int = -1) -> int:
    """Tunes for a while, or goes on where an earlier run stopped, then tells what came of it.

    Args:
        storage: Where the study is kept.
        timeout_s: After how many seconds no further trial is begun.
        n_jobs: How many trials run at the same time; -1 for as many as there are cores.

    Returns:
        The exit status: 0, or 130 after Ctrl-C.

    Raises:
        StudyError: The storage has another study of that name.
    """
    study = None
    try:
        data = Digits.load()
        study = opened(storage, data)
        n_jobs = capacity(None) if n_jobs == -1 else n_jobs
        earlier = {row.number for row in study.trials if row.state.finished}
        greet(data, storage, timeout_s, n_jobs, len(earlier))
        began = time.monotonic()
        study.optimize(
            data,
            timeout_s=timeout_s,
            n_jobs=n_jobs,
            catch=ValueError,
            progress=True,
            limits={"seconds": LIMIT_S},
        )
        told(study, data, earlier, time.monotonic() - began, storage)
        return 0
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):  # pressed twice
            stopped(study, storage)
        return 130
    finally:
        if study is not None:
            study.storage.close()


def opened(storage: str, data: Digits) -> Study:
    """The study, with the defaults waiting to be tried first."""
    for record in list_studies(storage):
        if record.name == NAME and Space.from_json(record.spec["space"]).params != SPACE.params:
            raise StudyError(
                f"{clean(storage)} has a study {NAME!r} that is not this version's demo; remove it "
                "with "
                f"'{command('delete', NAME, storage)}', or give another --storage"
            )
    study = create_study(
        NAME,
        storage,
        direction="maximize",
        space=SPACE,
        scheduler=Wilcoxon(p_threshold=P_STOP),
        seed=0,
        load_if_exists=True,
    )
    known = {row.tags.get("default") for row in study.trials}
    for family, params in defaults(data.X).items():
        if family not in known:
            study.enqueue(params, tags={"default": family})
    return study


def greet(data: Digits, storage: str, timeout_s: float, n_jobs: int, n_earlier: int) -> None:
    """Says what is about to happen."""
    n, held = len(data.X), len(data.X_held)
    click.echo(
        f"Tuning a classifier of handwritten digits: {n + held:,} real images, shipped with "
        "scikit-learn"
    )
    study = f"{NAME!r} in {place(storage)}" + (
        f", goes on after {n_earlier} trials" if n_earlier else ""
    )
    pairs(
        {
            "families": f"{', '.join(FAMILIES.values())}: {SPACE.d} hyperparameters in all",
            "training": f"{n} images in {N_FOLDS}-fold cross-validation; the library's defaults "
            "come first, "
            "clearly worse trials stop early",
            "hold-out": f"{held} images that no trial sees",
            "study": study,
            "time": f"{duration(timeout_s)} on {n_jobs} process{'es' if n_jobs > 1 else ''}; "
            "Ctrl-C loses nothing",
        }
    )
    click.echo()


def told(study: Study, data: Digits, earlier: set[int], spent_s: float, storage: str) -> None:
    """Refits the best default and the best of all, scores them on the hold-out, and prints what came of it."""
    rows = study.trials
    complete = [row for row in rows if row.state == State.COMPLETE]
    base = max(
        (row for row in complete if "default" in row.tags),
        key=lambda row: row.value or 0.0,
        default=None,
    )
    if base is None:
        click.echo(f"No default has been scored yet; go on with: {command('demo', '', storage)}")
        return
    best = study.best_trial
    default, tuned = (data.refit(row.params) for row in (base, best))
    found = compare_models(
        default, tuned, data.X_held, data.y_held, names=("the default model", "the tuned model")
    )
    gap()
    table(
        ["model", "family", "trial", "cross-validation", "hold-out"],
        [
            [name, FAMILIES[row.params["family"]], row.number, f"{row.value:.2%}", f"{score:.2%}"]
            for name, row, score in zip(
                ("default", "tuned"), (base, best), found.scores, strict=True
            )
        ],
    )
    gap()
    facts = {
        "default": "the library's own hyperparameters on standardised inputs, best family in "
        "cross-validation",
        "difference": f"{100 * found.difference:+.2f} points on the hold-out, "
        f"{found.level:.0%} interval {100 * found.low:+.2f} to {100 * found.high:+.2f}",
        "paired test": f"p = {found.p:.2g} (exact McNemar): {found.n_won} images won, "
        f"{found.n_lost} lost",
        "verdict": found.verdict,
        **accounts(rows, earlier, spent_s),
        "study": f"{NAME!r} in {place(storage)}",
        "look at it": command("show", NAME, storage),
        "go on": command("demo", "", storage),
    }
    if best.number == base.number:
        facts["difference"] = "none: no trial did better in cross-validation than this default"
        facts["paired test"] = "not needed, it is the same model"
        facts["verdict"] = "No gain: keep the default, or let the search go on."
    pairs(facts)
    click.echo("\nhyperparameters of the best model")
    pairs(best.params)


def gap() -> None:
    """An empty line; a table on a terminal brings its own."""
    if not sys.stdout.isatty():
        click.echo()


def accounts(rows: list[TrialRow], earlier: set[int], spent_s: float) -> dict[str, str]:
    """What was run, and what stopping early saved, in this run."""
    mine = [row for row in rows if row.state.finished and row.number not in earlier]
    cut = [row for row in mine if row.state == State.PRUNED]
    failed = sum(row.state == State.FAILED for row in mine)
    n_left = sum(N_FOLDS - len(row.reports) for row in cut)
    saved_s = sum(
        row.tags.get("seconds", 0.0) * (N_FOLDS / len(row.reports) - 1)
        for row in cut
        if row.reports
    )
    trials = f"{len(mine)} in this run, {len(cut)} of them stopped early" + (
        f", {failed} failed" if failed else ""
    )
    if earlier:
        trials += f"; {len(mine) + len(earlier)} in all"
    time_text = duration(spent_s)
    if cut:
        n_all = N_FOLDS * len(mine)
        time_text += (
            f"; stopping early left out {n_left:,} of {n_all:,} folds, about "
            f"{duration(saved_s)} "
            "of computing"
        )
    return {"trials": trials, "time": time_text}


def stopped(study: Study | None, storage: str) -> None:
    """Says after Ctrl-C what is safe, and how to go on."""
    text = "Stopped before any trial was finished."
    if study is not None and (n := sum(row.state.finished for row in study.trials)):
        text = f"Stopped. {n} finished trial{'s are' if n != 1 else ' is'} safe in {place(storage)}"
        try:
            best = study.best_trial
            family = FAMILIES[best.params["family"]]
            text += (
                f"; best so far {best.value:.2%} in cross-validation ({family}, trial "
                f"{best.number})"
            )
        except NoCompletedTrialsError:
            pass
        text += "."
    click.echo(f"\n{text}\nGo on with: {command('demo', '', storage)}", err=True)


def place(storage: str) -> str:
    """A storage as people call it."""
    return clean(storage.removeprefix("sqlite:///"))


def command(verb: str, name: str, storage: str) -> str:
    """What to type; it works in this shell, whether or not luthier is on its PATH."""
    usual = storage in (STORAGE, os.environ.get("LUTHIER_STORAGE"))
    if verb == "demo" and usual and "MAKELEVEL" in os.environ:
        return "make demo"
    program, here = "luthier", Path(sys.executable).parent / "luthier"
    if here.exists() and not ((known := shutil.which("luthier")) and Path(known).samefile(here)):
        program = min(str(here), os.path.relpath(here), key=len)
    words = [program, verb, *([name] if name else []), *([] if usual else ["--storage", storage])]
    return clean(shlex.join(words))
