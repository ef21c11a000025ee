"""Hydra: a sweeper that searches, for `python app.py -m hydra/sweeper=luthier`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..errors import (
    NothingToAskError,
    SpaceError,
    SpaceExhaustedError,
    StudyError,
    TrialPruned,
    explain_missing,
)
from ..space.distributions import Categorical, Distribution, Float, Int
from ..space.space import Space
from ..study.create import create_study, load_study
from ..study.study import Study
from ..terminal import logger
from ..trial.handle import Trial
from ..trial.record import State
from ..validation import check_whole

try:
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Override, Quote, QuotedString, Transformer
    from hydra.types import HydraContext
    from omegaconf import OmegaConf
except ImportError as e:
    raise explain_missing("luthier.integrations.hydra", "hydra-core", "hydra") from e

_STUDY = "LUTHIER_HYDRA_STUDY"  # variable that tells jobs where their study is
# Text that is a string in Hydra's grammar also without quotes.
_PLAIN = re.compile(r"(?!(?:null|true|false|nan|inf)\Z)[a-z_][\w./@-]*", re.IGNORECASE | re.ASCII)
_SCALES = ("log", "reverse_log")
_TAGS = (*_SCALES, "ordered")


class _Parameter(NamedTuple):
    """A parameter as Hydra's command line has it.

    Attributes:
        key: What stands before the sign, such as "optimizer.lr" or "+optimizer.lr".
        distribution: Its values.
        texts: Type and value of each choice -> how it is written.
    """

    key: str
    distribution: Distribution
    texts: dict[tuple[type, Any], str]

    def write(self, value: Any) -> str:
        """The override that gives it a value."""
        text = self.texts.get((type(value), value))
        return f"{self.key}={json.dumps(value) if text is None else text}"


def sweep(
    sweeper: Any,
    arguments: Sequence[str],
    *,
    n_trials: int,
    n_jobs: int,
    direction: Any,
    name: str,
    storage: str | None,
    sampler: str,
    scheduler: str | None,
    seed: int | None,
    strict: bool,
    params: Mapping[str, Any],
) -> Any:
    """Run the trials of a study as jobs of Hydra's launcher.

    Args:
        sweeper: The sweeper, set up by Hydra.
        arguments: The overrides of the command line.
        n_trials: How many trials the study is to have in all; a sweep that is run again with the
            same storage runs the rest.
        n_jobs: How many jobs the launcher gets at a time. All of them end before the next begin.
        direction: "minimize" or "maximize"; a list of them for several objectives, or the names of
            the objectives and their directions.
        name: The study's name.
        storage: Where the study lives; None for a file in the sweep's folder.
        sampler: Sampler, which proposes params.
        scheduler: Scheduler, for jobs that report with `current_trial`.
        seed: Seed of the study.
        strict: Whether the first job that fails ends the sweep. Otherwise its trial has failed.
        params: Overrides in the config, which the command line replaces.

    Returns:
        The best value; or the values of the front, of several objectives.

    Raises:
        ValueError: `n_trials` or `n_jobs` is no whole number above 0.
        SpaceError: Nothing is searched, or an override is no range that can be.
        StudyError: All trials failed.
        Exception: What a job raised, where `strict` is set.
    """
    check_whole("n_trials", n_trials, 1)
    check_whole("n_jobs", n_jobs, 1)
    folder = Path(sweeper.config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(sweeper.config, folder / "multirun.yaml")
    in_config = [f"{key}={value}" for key, value in params.items()]
    fixed, searched = read_overrides([*in_config, *arguments], sweeper.hydra_context)
    directions = OmegaConf.to_container(direction) if OmegaConf.is_config(direction) else direction
    study = create_study(
        name,
        storage or f"sqlite:///{(folder / 'luthier.db').absolute()}",
        objectives=[directions] if isinstance(directions, str) else directions,
        space=Space({n: parameter.distribution for n, parameter in searched.items()}),
        sampler=sampler,
        scheduler=scheduler,
        seed=seed,
        load_if_exists=True,
    )
    logger.info("study %r: params %s", study.name, ", ".join(searched))
    os.environ[_STUDY] = json.dumps([study.name, study.storage.url])
    try:
        while trials := _ask(study, min(n_jobs, _count_left(study, n_trials))):
            for batch in _consecutive(trials):
                overrides = [
                    (*fixed, *(searched[n].write(v) for n, v in trial.params.items()))
                    for trial in batch
                ]
                sweeper.validate_batch_is_legal(overrides)
                results = sweeper.launcher.launch(overrides, initial_job_idx=batch[0].number)
                errors = [_take_in(study, *pair) for pair in zip(batch, results, strict=True)]
                if strict and (first := next(filter(None, errors), None)) is not None:
                    raise first
    finally:
        del os.environ[_STUDY]
    return _finish(study, folder)


def current_trial() -> Trial:
    """Return the trial of the job that runs, to report to the scheduler.

    Raises:
        StudyError: This is no job of luthier's sweeper.
    """
    told = os.environ.get(_STUDY)
    if told is None or not HydraConfig.initialized():
        raise StudyError(
            "this is no job of luthier's sweeper: run it with -m hydra/sweeper=luthier; "
            "luthier.integrations.hydra.is_sweep() tells"
        )
    name, url = json.loads(told)
    engine = load_study(name, url).engine
    [row] = engine.rows([HydraConfig.get().job.num])
    return engine.trial(replace(engine.ticket(row), declared=True))


def is_sweep() -> bool:
    """Return whether this is a job of luthier's sweeper."""
    return _STUDY in os.environ


def read_overrides(
    arguments: Sequence[str], context: HydraContext | None = None
) -> tuple[list[str], dict[str, _Parameter]]:
    """Return the overrides that stay the same, and the parameters by name.

    Args:
        arguments: Overrides; of two of the same name the later counts.
        context: Hydra's, for `glob`.

    Raises:
        SpaceError: Nothing is searched, or an override is no range that can be.
    """
    loader = None if context is None else context.config_loader
    parser = OverridesParser.create(config_loader=loader)
    fixed: dict[str, str] = {}
    searched: dict[str, _Parameter] = {}
    for override in parser.parse_overrides(list(arguments)):
        key = override.get_key_element()
        name = key.lstrip("+")
        fixed.pop(name, None)
        searched.pop(name, None)
        if override.is_sweep_override():
            searched[name] = _read_sweep(name, override)
        else:
            fixed[name] = override.input_line
    if not searched:
        raise SpaceError(
            "nothing is searched; write ranges such as 'lr=tag(log, interval(1e-5, 1e-1))' or "
            "'layers=range(1, 5)'"
        )
    return list(fixed.values()), searched


def _read_sweep(name: str, override: Override) -> _Parameter:
    """The parameter that a sweep of Hydra describes."""
    sweep: Any = override.value()
    tags = set(getattr(sweep, "tags", ()))
    if unknown := sorted(tags - set(_TAGS)):
        raise SpaceError(f"{name}: expected tags of {_TAGS}, got {unknown[0]!r}")
    scale: Any = next((s for s in _SCALES if s in tags), None)
    key = override.get_key_element()
    if override.is_interval_sweep():
        is_whole = isinstance(sweep.start, int) and isinstance(sweep.end, int)
        kind = Int if is_whole else Float
        return _Parameter(key, kind(sweep.start, sweep.end, scale=scale or "linear"), {})

    elements = list(override.sweep_iterator(transformer=Transformer.identity))
    texts = [_to_text(element) for element in elements]
    values = [_to_choice(v, text) for v, text in zip(elements, texts, strict=True)]
    if override.is_range_sweep() and len(values) > 1:
        low, high = min(values), max(values)
        kind = Int if all(isinstance(v, int) for v in values) else Float
        step = abs(sweep.step if kind is Int else float(sweep.step))
        return _Parameter(key, kind(low, high, step=step, scale=scale or "linear"), {})
    if scale is not None:
        raise SpaceError(f"{name}: the tag {scale!r} is for interval and range")
    distribution = Categorical(tuple(values), ordered="ordered" in tags)
    return _Parameter(
        key, distribution, {(type(v), v): t for v, t in zip(values, texts, strict=True)}
    )


def _count_left(study: Study, n_trials: int) -> int:
    """How many trials are still to be run; those that a sweep left behind when it died count."""
    with study.engine.reading() as history:
        n_left_behind = len(history.waiting) + len(study.engine.find_expired(history.running))
        return max(n_trials - history.n, 0) + n_left_behind


def _ask(study: Study, n: int) -> list[Trial]:
    """Ask for so many trials; fewer where a finite space has no more."""
    trials: list[Trial] = []
    try:
        while len(trials) < n:
            trials.append(study.ask())
    except (SpaceExhaustedError, NothingToAskError) as e:
        logger.info("study %r: %s", study.name, e)
    return trials


def _to_text(element: Any) -> str:
    """An element of a sweep as it is written; text that Hydra could take for else is quoted."""
    if not isinstance(element, str) or _PLAIN.fullmatch(element):
        return str(Transformer.str(element))
    return str(QuotedString(element, Quote.single).with_quotes())


def _to_choice(value: Any, text: str) -> Any:
    """A choice in types that a study stores; lists and mappings are the text that stands there."""
    if isinstance(value, QuotedString):
        return value.text
    return value if value is None or isinstance(value, bool | int | float | str) else text


def _consecutive(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Trials in groups of consecutive numbers, because a job has its trial's number."""
    groups: list[list[Trial]] = []
    for trial in trials:
        if groups and groups[-1][-1].number + 1 == trial.number:
            groups[-1].append(trial)
        else:
            groups.append([trial])
    return groups


def _take_in(study: Study, trial: Trial, result: Any) -> Exception | None:
    """Tell the study how a job ended; return why it failed, if it has."""
    try:
        study.tell(trial, result.return_value)
    except TrialPruned:
        study.tell(trial, state="pruned")
    except Exception as e:
        if study.engine.rows([trial.number])[0].state == State.RUNNING:
            study.tell(trial, state="failed", error=e)
        return e
    return None


def _finish(study: Study, folder: Path) -> Any:
    """Write down what was found, and return it."""
    if not any(row.state == State.COMPLETE for row in study.trials):
        raise StudyError("all trials of this sweep failed; see the log of the first one")
    best = study.best_trials if len(study.directions) > 1 else [study.best_trial]
    found = [
        {
            "trial": row.number,
            "params": dict(row.params),
            "values": dict(zip(study.objectives, row.values or (), strict=True)),
        }
        for row in best
    ]
    file = folder / "optimization_results.yaml"
    OmegaConf.save(OmegaConf.create({"name": "luthier", "study": study.name, "best": found}), file)
    logger.info("study %r: the best is in %s", study.name, file)
    return best[0].value if len(study.directions) == 1 else [row.values for row in best]
