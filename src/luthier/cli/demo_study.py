"""The study of the demo: it tunes for a while, and measures the gain on held-out data."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from ..errors import NoCompletedTrialsError, StudyError
from ..evaluation import compare_models
from ..executors.resources import capacity
from ..schedulers import Wilcoxon
from ..storages.settings import read_settings, read_space
from ..study.create import create_study, list_studies
from ..study.study import INTERRUPTED, Study
from ..trial.record import State, TrialRow
from ..wording import count_of
from .demo_model import FAMILIES, N_FOLDS, SPACE, Digits, make_defaults
from .options import DEFAULT_STORAGE
from .tables import print_pairs, print_table
from .text import escape, format_duration

NAME = "demo"
# Replayed over 153 trials that ran to their end, this leaves out 46 % of the folds, and never stops
# the best.
_P_STOP = 0.2
_LIMIT_S = 40.0  # for one trial, so that the demo ends in two minutes on a slow machine too


def run(storage: str = DEFAULT_STORAGE, timeout_s: float = 75.0, n_jobs: int = -1) -> int:
    """Tune for a while, or go on where an earlier run stopped, then print the results.

    Args:
        storage: Where the study is stored.
        timeout_s: No further trial is started after this time, in seconds.
        n_jobs: How many trials run at the same time; -1 for as many as there are cores.

    Returns:
        The exit status: 0, or 130 after Ctrl-C.

    Raises:
        StudyError: The storage has another study of that name.
    """
    study = None
    try:
        data = Digits.load()
        study = open_study(storage, data)
        n_jobs = capacity(None) if n_jobs == -1 else n_jobs
        earlier = {row.number for row in study.trials if row.state.finished}
        print_introduction(data, storage, timeout_s, n_jobs, len(earlier))
        began_s = time.monotonic()
        study.optimize(
            data,
            timeout_s=timeout_s,
            n_jobs=n_jobs,
            catch=ValueError,
            progress=True,
            limits={"time_s": _LIMIT_S},
        )
        if study.stop_reason == INTERRUPTED:
            raise KeyboardInterrupt
        print_results(study, data, earlier, time.monotonic() - began_s, storage)
        return 0
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):  # pressed twice
            print_stop(study, storage)
        return 130
    finally:
        if study is not None:
            study.storage.close()


def open_study(storage: str, data: Digits) -> Study:
    """Create or load the study; the defaults wait to be tried first.

    Raises:
        StudyError: The storage has another study of that name.
    """
    for record in list_studies(storage):
        if record.name != NAME:
            continue
        if read_space(NAME, read_settings(record).space).params != SPACE.params:
            raise StudyError(
                f"{escape(storage)} has a study {NAME!r} that is not this version's demo; remove "
                f"it with '{format_command('delete', NAME, storage)}', or give another --storage"
            )
    study = create_study(
        NAME,
        storage,
        direction="maximize",
        space=SPACE,
        scheduler=Wilcoxon(p_threshold=_P_STOP),
        seed=0,
        load_if_exists=True,
    )
    known = {row.tags.get("default") for row in study.trials}
    for family, params in make_defaults(data.X).items():
        if family not in known:
            study.enqueue(params, tags={"default": family})
    return study


def print_introduction(
    data: Digits, storage: str, timeout_s: float, n_jobs: int, n_earlier: int
) -> None:
    """Print what is about to happen."""
    n_rows = len(data.X)
    n_held_out = len(data.X_held_out)
    study = f"{NAME!r} in {shorten(storage)}"
    if n_earlier:
        study += f", goes on after {count_of(n_earlier, 'trial')}"
    processes = f"{n_jobs} process{'es' if n_jobs > 1 else ''}"

    click.echo(
        f"Tuning a classifier of handwritten digits: {n_rows + n_held_out:,} real images, shipped "
        "with scikit-learn"
    )
    print_pairs(
        {
            "families": f"{', '.join(FAMILIES.values())}: {SPACE.d} hyperparameters in all",
            "training": f"{n_rows} images in {N_FOLDS}-fold cross-validation; the library's "
            "defaults come first, clearly worse trials stop early",
            "hold-out": f"{n_held_out} images that no trial sees",
            "study": study,
            "time": f"{format_duration(timeout_s)} on {processes}; Ctrl-C loses nothing",
        }
    )
    click.echo()


def print_results(
    study: Study, data: Digits, earlier: Collection[int], elapsed_s: float, storage: str
) -> None:
    """Score the best default and the best of all trials on the held-out data, and print both.

    Args:
        study: The study.
        data: The data.
        earlier: Numbers of trials that had ended before this run.
        elapsed_s: How long the run took, in seconds.
        storage: Where the study is stored.
    """
    rows = study.trials
    default = _best_default(rows)
    if default is None:
        command = format_command("demo", "", storage)
        click.echo(f"No default has been scored yet; go on with: {command}")
        return
    best = study.best_trial
    result = compare_models(
        data.refit(default.params),
        data.refit(best.params),
        data.X_held_out,
        data.y_held_out,
        names=("the default model", "the tuned model"),
    )

    _print_gap()
    print_table(
        ["model", "family", "trial", "cross-validation", "hold-out"],
        [
            [name, FAMILIES[row.params["family"]], row.number, f"{row.value:.2%}", f"{score:.2%}"]
            for name, row, score in zip(
                ("default", "tuned"), (default, best), result.scores, strict=True
            )
        ],
    )
    _print_gap()
    facts = {
        "default": "the library's own hyperparameters on standardised inputs, best family in "
        "cross-validation",
        "difference": f"{100 * result.difference:+.2f} points on the hold-out, "
        f"{result.level:.0%} interval {100 * result.low:+.2f} to {100 * result.high:+.2f}",
        "paired test": f"p = {result.p:.2g} (mid-p McNemar): {result.n_won} images won, "
        f"{result.n_lost} lost",
        "verdict": result.verdict,
        **_describe_run(rows, earlier, elapsed_s),
        "study": f"{NAME!r} in {shorten(storage)}",
        "look at it": format_command("show", NAME, storage),
        "go on": format_command("demo", "", storage),
    }
    if best.number == default.number:
        facts["difference"] = "none: no trial did better in cross-validation than this default"
        facts["paired test"] = "not needed, it is the same model"
        facts["verdict"] = "No gain: keep the default, or let the search go on."
    print_pairs(facts)
    click.echo("\nhyperparameters of the best model")
    print_pairs(best.params)


def _best_default(rows: Sequence[TrialRow]) -> TrialRow | None:
    complete = [r for r in rows if r.state == State.COMPLETE and "default" in r.tags]
    return max(complete, key=lambda row: row.value or 0.0, default=None)


def _print_gap() -> None:
    """Print an empty line; on a terminal, a table brings its own."""
    if not sys.stdout.isatty():
        click.echo()


def _describe_run(
    rows: Sequence[TrialRow], earlier: Collection[int], elapsed_s: float
) -> dict[str, str]:
    """The number of trials of this run, and the time that early stopping saved."""
    mine = [row for row in rows if row.state.finished and row.number not in earlier]
    pruned = [row for row in mine if row.state == State.PRUNED]
    n_failed = sum(row.state == State.FAILED for row in mine)

    trials = f"{len(mine)} in this run, {len(pruned)} of them stopped early"
    if n_failed:
        trials += f", {n_failed} failed"
    if earlier:
        trials += f"; {len(mine) + len(earlier)} in all"

    time_text = format_duration(elapsed_s)
    if pruned:
        n_saved = sum(N_FOLDS - len(row.reports) for row in pruned)
        saved_s = sum(
            row.tags.get("seconds", 0.0) * (N_FOLDS / len(row.reports) - 1)
            for row in pruned
            if row.reports
        )
        time_text += (
            f"; stopping early left out {n_saved:,} of {N_FOLDS * len(mine):,} folds, about "
            f"{format_duration(saved_s)} of computing"
        )
    return {"trials": trials, "time": time_text}


def print_stop(study: Study | None, storage: str) -> None:
    """Print after Ctrl-C which results are stored, and how to go on."""
    text = "Stopped before any trial was finished."
    if study is not None and (n := sum(row.state.finished for row in study.trials)):
        text = f"Stopped. {n} finished trial{'s are' if n != 1 else ' is'} safe in "
        text += shorten(storage)
        with contextlib.suppress(NoCompletedTrialsError):
            best = study.best_trial
            family = FAMILIES[best.params["family"]]
            text += f"; best so far {best.value:.2%} in cross-validation ({family}, trial "
            text += f"{best.number})"
        text += "."
    click.echo(f"\n{text}\nGo on with: {format_command('demo', '', storage)}", err=True)


def shorten(storage: str) -> str:
    """A storage's URL for people; of a SQLite file, its path."""
    return escape(storage.removeprefix("sqlite:///"))


def format_command(verb: str, name: str, storage: str) -> str:
    """A command to type in this shell; it works whether or not luthier is on its PATH."""
    is_default = storage in (DEFAULT_STORAGE, os.environ.get("LUTHIER_STORAGE"))
    if verb == "demo" and is_default and "MAKELEVEL" in os.environ:
        return "make demo"

    program = "luthier"
    installed = Path(sys.executable).parent / "luthier"
    on_path = shutil.which("luthier")
    if installed.exists() and not (on_path and Path(on_path).samefile(installed)):
        program = min(str(installed), os.path.relpath(installed), key=len)

    words = [program, verb]
    if name:
        words.append(name)
    if not is_default:
        words += ["--storage", storage]
    return escape(shlex.join(words))
