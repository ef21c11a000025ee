"""Contents of a report: which sections there are, and what stands in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from ..analysis import Finding, Importance, hypervolume
from ..analysis.findings.confirmed import list_confirmed
from ..analysis.findings.groups import describe_group, group_alike
from ..numerics.stats import mean_interval
from ..plots.figures.effects import describe_effects
from ..plots.figures.history import describe_history
from ..plots.figures.hypervolume import describe_hypervolume
from ..plots.figures.importance import describe_importance
from ..plots.figures.pareto import describe_pareto
from ..plots.figures.resources import describe_resources
from ..trial.record import State
from ..wording import count_of
from . import words
from .blocks import Block, Code, Items, Notice, Page, Pairs, Paragraph, Picture, Section, Table
from .evidence import Evidence, attempt
from .recipe import list_versions, write_params, write_recipe
from .units import duration, join, moment, number, percent, value_of

_N_LEADERS = 20
_MAX_PARAMS = 12  # columns of the table of leaders
_N_ERRORS = 5
_MAX_ERROR = 200  # characters


def describe_study(evidence: Evidence) -> Page:
    """Return the report of a study as a page."""
    parts: list[tuple[str, str, Callable[[Evidence], list[Block]]]] = [
        ("verdict", "In short", _conclude),
        ("history", "History", _show_history),
        ("importance", "What matters", _show_importance),
        ("effects", "Effects", _show_effects),
        ("findings", "What may be wrong", _show_findings),
        ("leaders", "The best trials", _show_leaders),
        ("states", "How trials ended", _show_states),
        ("cost", "What it cost", _show_cost),
        ("space", "The space", _show_space),
        ("lineage", "Where it comes from", _show_lineage),
        ("repeat", "How to repeat it", _show_recipe),
    ]
    sections = [Section(name, title, tuple(make(evidence))) for name, title, make in parts]
    history = evidence.history
    pairs = zip(history.directions, history.objectives, strict=True)
    sought = join([f"{direction} {name}" for direction, name in pairs])
    lead = f"{sought}; {count_of(history.n, 'trial')}; {count_of(history.space.d, 'parameter')}"
    return Page(f"Study {evidence.origin.name}", lead, tuple(sections))


def _conclude(evidence: Evidence) -> list[Block]:
    texts = [words.say_trials(evidence)]
    if evidence.history.n:
        texts.append(words.say_best(evidence))
    if said := words.say_confirmed(evidence):
        texts.append(said)
    if not isinstance(evidence.incumbent, str):
        texts.append(words.say_progress(evidence.incumbent))
        texts.append(words.say_importance(_choose_importance(evidence), evidence.open_findings))
        texts.append(words.say_convergence(evidence.convergence))
    elif not isinstance(evidence.front, str):
        texts.append(words.say_importance(evidence.importance, evidence.open_findings))
    if evidence.history.n:
        texts.append(words.say_findings(evidence.open_findings))
    return [Items(tuple(texts))]


def _choose_importance(evidence: Evidence) -> Importance | str:
    """What is left to matter among the good trials; in the whole space, if they are too few."""
    good, overall = evidence.importance_good, evidence.importance
    speaks = isinstance(good, str) or good.names or isinstance(overall, str) or not overall.names
    return good if speaks else overall


def _show_history(evidence: Evidence) -> list[Block]:
    if not evidence.one:
        return _show_front(evidence)
    record = evidence.incumbent
    if isinstance(record, str):
        return [Paragraph(record)]
    return [Picture(describe_history(record), words.say_progress(record))]


def _show_front(evidence: Evidence) -> list[Block]:
    if isinstance(evidence.front, str):
        return [Paragraph(evidence.front)]
    blocks: list[Block] = [Picture(describe_pareto(evidence.front), words.say_best(evidence))]
    volume = attempt(lambda: hypervolume(evidence.history))
    if not isinstance(volume, str):
        said = "The hypervolume is what the front dominates; it grows as the front gets better."
        blocks.append(Picture(describe_hypervolume(volume), said))
    return blocks


def _show_importance(evidence: Evidence) -> list[Block]:
    overall, good = evidence.importance, evidence.importance_good
    if isinstance(overall, str):
        return [Paragraph(overall)]
    if not overall.names:
        return [Paragraph(words.say_importance(overall, []))]
    said = words.say_importance(overall, [])
    blocks: list[Block] = [Picture(describe_importance(overall), said)]
    blocks.append(Paragraph(words.say_quality(overall)))
    if isinstance(good, str):
        return blocks
    blocks.append(Paragraph(words.say_importance(good, [])))
    if good.names:
        blocks += [Paragraph(words.say_quality(good)), _compare_importances(overall, good)]
    return blocks


def _compare_importances(overall: Importance, good: Importance) -> Table:
    rows = []
    for j, name in enumerate(good.names):
        i = overall.names.index(name)
        told = "yes" if good.important[j] else "not told from chance"
        rows.append((name, *words.say_interval(good, j), told, *words.say_interval(overall, i)))
    return Table(
        "What is left to matter among the best tenth, and in the whole space",
        ("parameter", "best tenth", "interval", "matters", "whole space", "interval"),
        tuple(rows),
    )


def _show_effects(evidence: Evidence) -> list[Block]:
    record = evidence.effects
    if isinstance(record, str):
        return [Paragraph(record)]
    figure = describe_effects(record)
    names = join([effect.axis.name for effect in record])
    n = count_of(record[0].quality.n, "trial")
    said = f"How {record[0].objective} depends on {names}, by a model of {n}, with bands of doubt."
    return [Picture(figure, said)]


def _show_findings(evidence: Evidence) -> list[Block]:
    blocks = [_show_group(group) for group in group_alike(evidence.open_findings)]
    dismissed = [words.say_dismissed(found) for found in evidence.findings if found.dismissed]
    if not blocks:
        rest = " but what is dismissed" if dismissed else ""
        blocks = [Paragraph(f"Nothing was found{rest}.")]
    return [*blocks, Items(tuple(dismissed))] if dismissed else blocks


def _show_group(group: tuple[Finding, ...]) -> Block:
    """One finding, or a table of several of one kind."""
    first = group[0]
    if len(group) == 1:
        return Notice(first.severity, first.title, words.list_evidence(first), first.remedy)
    rows = tuple((f.subject, f.title, f.advice, f.remedy) for f in group)
    headers = ("parameter", "what is the matter", "what to do", "in Python")
    return Table(describe_group(group), headers, rows)


def _show_leaders(evidence: Evidence) -> list[Block]:
    history = evidence.history
    numbers = history.front if not evidence.one else np.flatnonzero(history.eligible)
    numbers = numbers[~np.isnan(history.losses[numbers]).any(axis=1)]
    if not len(numbers):
        return [Paragraph(words.say_best(evidence) if history.n else "There is no trial yet.")]
    order = np.argsort(history.losses[numbers, 0], kind="stable")
    shown = numbers[order][:_N_LEADERS].tolist()
    names = words.rank_params(evidence)
    blocks: list[Block] = []
    if len(names) > _MAX_PARAMS:
        blocks.append(Paragraph(f"{_MAX_PARAMS} of {len(names):,} parameters."))
        names = names[:_MAX_PARAMS]
    rows = []
    for i in shown:
        params = history.params(i)
        values = [number(v) or "nan" for v in history.values[i].tolist()]
        rows.append((str(i), *values, *(value_of(params.get(name)) for name in names)))
    what = "best trials" if evidence.one else "trials of the front"
    caption = f"The {len(rows)} {what}" if len(rows) > 1 else "The best trial"
    if len(numbers) > len(rows):
        caption += f" of {len(numbers):,}"
    blocks.append(Table(caption, ("trial", *history.objectives, *names), tuple(rows)))
    blocks += _show_confirmed(evidence)
    blocks.append(Paragraph(f"The params of trial {shown[0]}, in full:"))
    return [*blocks, Code(write_params(history.params(shown[0])))]


def _show_confirmed(evidence: Evidence) -> list[Block]:
    if not evidence.one:
        return []
    history = evidence.history
    leaders = sorted(list_confirmed(history, least=1), key=lambda one: one.mean)
    if not leaders:
        said = "None was run anew: study.confirm() tells good trials from lucky ones."
        return [Paragraph(said)]
    rows = []
    for one in leaders[:_N_LEADERS]:
        values = history.values[one.numbers, 0]
        ends = mean_interval(values) if len(values) > 1 else None
        interval = "" if ends is None else f"{number(ends[0])} to {number(ends[1])}"
        first = number(float(history.values[one.number, 0]))
        rows.append(
            (str(one.number), first, number(float(values.mean())), interval, str(len(values)))
        )
    headers = ("trial", "first value", "mean of repeats", "95 % interval", "repeats")
    return [Table("Trials that were run anew, the best first", headers, tuple(rows))]


def _show_states(evidence: Evidence) -> list[Block]:
    state = evidence.history.state
    n = len(state)
    if not n:
        return [Paragraph("There is no trial yet.")]
    n_of = [(s.name.lower(), int((state == s).sum())) for s in State]
    rows = [(name, f"{k:,}", percent(k / n)) for name, k in n_of if k]
    blocks: list[Block] = [Table("Trials in each state", ("state", "trials", "share"), tuple(rows))]
    errors: Counter[str] = Counter()
    latest: dict[str, int] = {}
    for row in evidence.rows:
        if row.state == State.FAILED and row.error:
            text = row.error.split("\n", 1)[0][:_MAX_ERROR]
            errors[text] += 1
            latest[text] = row.number
    if errors:
        listed = [(text, f"{k:,}", str(latest[text])) for text, k in errors.most_common(_N_ERRORS)]
        caption = "The commonest errors"
        if len(errors) > len(listed):
            caption += f", {len(listed)} of {len(errors):,}"
        blocks.append(Table(caption, ("error", "trials", "latest"), tuple(listed)))
    return blocks


def _show_cost(evidence: Evidence) -> list[Block]:
    record = evidence.resources
    if isinstance(record, str):
        return [Paragraph(record)]
    used = record.used.sum(axis=0)
    pairs = []
    if not np.isnan(record.wall_s):
        pairs.append(("from the first trial to the last", duration(record.wall_s)))
    for q, kind in enumerate(record.kinds):
        n = int(record.n_noted[:, q].sum())
        if not n:
            continue
        amount = duration(used[q]) if kind == "time" else number(float(used[q]))
        unit = " kWh" if kind == "energy" else ""
        pairs.append((f"{kind} of all trials", f"{amount}{unit}, noted by {count_of(n, 'trial')}"))
    if not pairs:
        return [Paragraph("No trial has noted what it used.")]
    blocks: list[Block] = [Pairs(tuple(pairs))]
    blocks += [Paragraph(text) for text in words.say_savings(record)]
    return [*blocks, Picture(describe_resources(record), "What trials used, by how they ended.")]


def _show_space(evidence: Evidence) -> list[Block]:
    space = evidence.history.space
    if not space.d:
        return [Paragraph("No parameter is known yet.")]
    rows = [(name, repr(dist)) for name, dist in space.params.items()]
    blocks: list[Block] = [
        Table("Parameters and their ranges", ("parameter", "range"), tuple(rows))
    ]
    if space.constraints:
        rules = tuple(f"subject to {constraint.text}" for constraint in space.constraints)
        blocks.append(Items(rules))
    return blocks


def _show_lineage(evidence: Evidence) -> list[Block]:
    history, origin = evidence.history, evidence.origin
    started = float(np.nanmin(history.started_s, initial=np.inf))
    ended = float(np.nanmax(history.finished_s, initial=-np.inf))
    n_workers = len({row.worker for row in evidence.rows if row.worker})
    pairs = (
        ("study", origin.name),
        ("storage", origin.storage or "the memory of a process"),
        ("created", moment(origin.created_s)),
        ("first trial began", moment(started) if started < np.inf else ""),
        ("last trial ended", moment(ended) if ended > -np.inf else ""),
        ("workers", str(n_workers) if n_workers else ""),
        ("sampler", origin.sampler),
        ("scheduler", origin.scheduler or "none"),
        ("seed", str(history.seed)),
        ("this report was made with", list_versions()),
    )
    return [Pairs(tuple((name, text) for name, text in pairs if text))]


def _show_recipe(evidence: Evidence) -> list[Block]:
    said = (
        "This code runs the search anew with your function objective. With one trial at a time the "
        "same seed gives the same trials, where the objective gives the same values."
    )
    return [Paragraph(said), Code(write_recipe(evidence.history, evidence.origin))]
