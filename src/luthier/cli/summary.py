"""Summaries of studies: what `luthier show` prints, and what a run prints at its end."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

import click
import numpy as np

from ..analysis import importance, incumbent
from ..analysis.finished_trials import thin_out
from ..analysis.recommendation import require_results
from ..errors import NoCompletedTrialsError, NoFeasibleTrialsError, TooFewResultsError
from ..history.history import History
from ..measure import total_consumption
from ..monitoring.json_logs import values_by_name
from ..space.distributions import Categorical, Distribution, Int
from ..space.normal import Normal
from ..study.study import Study
from ..trial.record import State, TrialRow
from ..validation import are_named
from ..wording import agree, count_of
from .sparks import draw_bar, draw_progress, sample_best
from .tables import print_pairs, print_trials
from .text import escape, format_duration, format_null, format_time, format_value

_N_FINDINGS = 2  # that a summary shows
_N_BARS = 5
_MAX_RANKED = 3_000  # trials from which importances are estimated, evenly chosen


def print_summary(study: Study, counts: Mapping[int, int], created_s: float, n_last: int) -> None:
    """Print the summary of a study.

    Args:
        study: The study.
        counts: Number of trials in each state.
        created_s: When it was created, in seconds since 1970.
        n_last: How many of the last trials to list.
    """
    rows = study.trials
    click.echo(f"study {escape(study.name)}")
    print_pairs(_facts(study, rows, counts, created_s))
    _print_best(study)
    _print_space(study)
    _print_importance(study.history)
    _print_findings(study)
    if rows and n_last:
        n_shown = min(n_last, len(rows))
        click.echo("\n" + agree(n_shown, "last trial", f"last {n_shown:,} trials"))
        print_trials(rows[-n_last:], study.objectives)


def _facts(
    study: Study, rows: Sequence[TrialRow], counts: Mapping[int, int], created_s: float
) -> dict[str, str]:
    """Names and values at the top of a summary."""
    title = "objectives" if are_named(study.objectives) else "direction"
    facts = {
        title: describe_objectives(study.directions, study.objectives),
        "created": format_time(created_s),
        "trials": format_counts(counts),
    }
    if len(study.directions) == 1 and (text := _describe_progress(study.history)):
        facts["progress"] = text
    if text := _describe_constraints(study.history):
        facts["constraints"] = text
    if "checkpoints" in study.engine.spec:
        facts["checkpoints"] = study.engine.checkpoints.url

    if study.memory.tasks or study.memory.left_out:
        facts["memory"] = _describe_memory(study, rows)

    done = [r for r in rows if r.started_s is not None and r.finished_s is not None]
    if done:
        span_s = max(r.finished_s or 0.0 for r in done) - min(r.started_s or 0.0 for r in done)
        sum_s = sum(r.duration_s or 0.0 for r in done)
        facts["duration"] = (
            f"{format_duration(span_s)} from first to last, {format_duration(sum_s)} in trials"
        )
    if costs := [r.cost for r in rows if r.cost is not None]:
        facts["cost"] = f"{format_value(sum(costs))} in {count_of(len(costs), 'trial')}"
    if (energy := total_consumption(rows)) is not None:
        facts["energy"] = str(energy)
    return facts


def _describe_memory(study: Study, rows: Sequence[TrialRow]) -> str:
    """How many earlier tasks there are, and what they have to do with the latest trials."""
    from ..transfer.memory_use import summarise_use  # its models take long to load

    text = str(study.memory).partition("\n")[0]
    uses = {row.number: str(row.tags.get("from_memory", "")) for row in rows}
    return "; ".join(filter(None, [text, summarise_use(study.history, uses)]))


def _print_best(study: Study) -> None:
    try:
        require_results(study.history)
    except NoFeasibleTrialsError as e:
        click.echo(f"\nbest: {escape(e)}")
        return
    except NoCompletedTrialsError:
        return
    if len(study.directions) > 1:
        front = study.best_trials
        click.echo(f"\nbest: {count_of(len(front), 'trial')} that no other beats in all objectives")
        print_trials(front, study.objectives)
        return
    best = study.best_trial
    click.echo(f"\nbest: {format_values(best, study.objectives)} in trial {best.number}")
    print_pairs(best.params)
    if best.tags:
        click.echo("\ntags of the best")
        print_pairs(best.tags)


def _print_space(study: Study) -> None:
    if not study.space.names:
        return
    click.echo("\nspace")
    print_pairs({name: _describe_distribution(d) for name, d in study.space.params.items()})
    for constraint in study.space.constraints:
        click.echo(f"  subject to {escape(constraint.text)}")


def _describe_progress(history: History) -> str:
    try:
        return draw_progress(sample_best(incumbent(history)))
    except TooFewResultsError:
        return ""


def _print_importance(history: History) -> None:
    """The parameters that separate the good trials from the others, by the quickest method."""
    if not history.space.d:
        return
    found = importance(thin_out(history, _MAX_RANKED), "ped")
    told = np.flatnonzero(found.important)[:_N_BARS]
    if not len(told):
        return
    click.echo("\nwhat separates the good trials (see: luthier report)")
    most = found.values[told].max()
    print_pairs({found.names[i]: draw_bar(found.values[i] / most) for i in told})


def _print_findings(study: Study) -> None:
    """The worst of what may be wrong, as far as no model is needed to see it."""
    found = [f for f in study.diagnose(quick=True) if f.severity != "note" and not f.dismissed]
    if found:
        more = f", and {len(found) - _N_FINDINGS} more" if len(found) > _N_FINDINGS else ""
        click.echo(f"\nmay be wrong{more} (see: luthier diagnose)")
    for finding in found[:_N_FINDINGS]:
        click.echo(f"  {finding.severity}: {escape(finding.title)}")


def _describe_constraints(history: History) -> str:
    """Number of trials that satisfy their constraints, in words; "" where there are none."""
    complete = (history.state == State.COMPLETE) & ~history.confirming
    n_complete = int(complete.sum())
    if not history.constraint_names or not n_complete:
        return ""

    # NaN, where a trial noted no value, counts as not satisfied.
    n_kept = (history.constraints[complete] <= 0).sum(axis=0).tolist()
    each = ", ".join(
        f"{escape(name)} by {k}"
        for name, k in zip(history.constraint_names, n_kept, strict=True)
        if name != "crash"
    )
    n_kept = int(history.feasible[complete].sum())
    text = f"kept by {n_kept} of {count_of(n_complete, 'complete trial')}"
    if each:
        text += f" ({each})"
    return text + ("; a trial that fails breaks one" if history.crash else "")


def _describe_distribution(dist: Distribution) -> str:
    """A distribution in one phrase: "float 1e-05 .. 0.1, log", "rbf | poly, when svm = true"."""
    if isinstance(dist, Categorical):
        separator = " < " if dist.ordered else " | "
        parts = [separator.join(format_null(choice) for choice in dist.choices)]
    else:
        is_int = isinstance(dist, Int)
        parts = [f"{'int' if is_int else 'float'} {dist.low} .. {dist.high}"]
        if isinstance(dist, Normal):
            parts = [f"normal, mean {dist.mean}, std {dist.std}"]
        if dist.step is not None and not (is_int and dist.step == 1):
            parts.append(f"step {dist.step}")
        if dist.scale != "linear":
            parts.append(dist.scale)
    if dist.when:
        conditions = (
            f"{parent} = {' or '.join(map(format_value, allowed))}"
            for parent, allowed in dist.when.items()
        )
        parts.append("when " + " and ".join(conditions))
    return ", ".join(parts)


def format_values(row: TrialRow, objectives: Sequence[str], exact: bool = False) -> str:
    """The values of a trial in one phrase, with the names of the objectives if they have any."""
    texts = [repr(v + 0.0) if exact else format_value(v) for v in row.values or ()]
    names = values_by_name(row, objectives)
    if names:
        texts = [f"{escape(name)} {text}" for name, text in zip(names, texts, strict=False)]
    return ", ".join(texts) or "no value"


def describe_objectives(directions: Sequence[str], objectives: Sequence[str] | None) -> str:
    """Objectives in one phrase: "minimize", or "maximize accuracy, minimize latency_ms"."""
    if objectives is None or not are_named(objectives):
        return ", ".join(directions)
    return ", ".join(
        f"{direction} {escape(name)}"
        for direction, name in zip(directions, objectives, strict=False)
    )


def format_counts(counts: Mapping[int, int]) -> str:
    """Number of trials, and in each state: "7 (5 complete, 2 failed)"."""
    parts = ", ".join(f"{n} {State(s).name.lower()}" for s, n in sorted(counts.items()) if n)
    return f"{sum(counts.values())} ({parts})" if parts else "none"


def print_outcome(
    study: Study, counts: Mapping[int, int], options: str, say: Callable[[str], object]
) -> None:
    """Print the best trials after a run.

    Args:
        study: The study.
        counts: Number of trials of the run in each state.
        options: Options that `luthier show` needs to find the study.
        say: Takes the lines for people, which are no results.
    """
    say(f"Trials of this run: {format_counts(counts)}.")
    name = f"{shlex.quote(study.name)}{options}"
    more = f"luthier show {name}"
    try:
        if len(study.directions) == 1:
            best = study.best_trial
            values = format_values(best, study.objectives, exact=True)
            click.echo(f"best: {values} in trial {best.number}")
            print_pairs(best.params, exact=True)
        elif front := study.best_trials:
            click.echo(
                f"best: {count_of(len(front), 'trial')} that no other beats in all objectives"
            )
            more += f", luthier choose {name} --knee"
        else:
            require_results(study.history)
    except NoFeasibleTrialsError as e:
        say(f"No trial is the best: {e}.")
    except NoCompletedTrialsError:
        say("No trial is complete yet.")
    say(f"See more: {more}")
