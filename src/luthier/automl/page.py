"""What a run says of itself: in sentences, and as a page."""

from __future__ import annotations

from collections import Counter

from ..report.blocks import Block, Code, Items, Page, Paragraph, Section, Table
from ..report.written import Report
from ..wording import count_of, format_duration
from .export import write_program
from .joint_space import LEARNER
from .leaderboard import Leaderboard, make_leaderboard, say_params
from .run import Found

_N_LINES = 25

_KINDS = {
    "number": "numbers",
    "category": "categories of few levels",
    "many": "categories of many levels",
    "date": "dates",
    "text": "text",
    "dropped": "left out",
}
_ONE = _KINDS | {
    "number": "number",
    "category": "category of few levels",
    "many": "category of many levels",
    "date": "date",
}


class AutoReport(Report):
    """The report of a run; see `luthier.report.Report`.

    Attributes:
        page: What it says, as plain data.
    """


def explain_run(found: Found) -> str:
    """Say what was done, what was chosen, and why."""
    return "\n".join([*_say_search(found), *_say_choice(found), *_say_promise(found)])


def _say_search(found: Found) -> list[str]:
    states = Counter(one.state for one in found.tried)
    kinds = Counter(column.kind for column in found.material.recipe.columns)
    holds = ", ".join(
        f"{n:,} {_ONE[kind] if n == 1 else _KINDS[kind]}" for kind, n in kinds.items()
    )
    n, d = found.material.X.shape
    ended = ", ".join(f"{n:,} {state}" for state, n in states.items())
    plan = found.material.plan
    because = f" ({plan.reason})" if plan.reason else ""
    return [
        f"{n:,} rows with {count_of(d, 'column')}: {holds}.",
        f"{count_of(len(found.tried), 'trial')} in {format_duration(found.took_s)}: "
        f"{ended or 'none'}. Each was tested by {plan.kind}{because}.",
    ]


def _say_choice(found: Found) -> list[str]:
    sign = found.metric.sign()
    said = []
    best = min(
        (one for one in found.tried if one.state == "complete"), key=lambda o: o.loss, default=None
    )
    if best is not None:
        said.append(
            f"The best trial is {best.number}, {best.params[LEARNER]} ({say_params(best.params)}), "
            f"with {found.metric.name} {sign * best.loss:.5g} out of fold."
        )
    ensemble = found.ensemble
    if ensemble is not None and (ensemble.low or ensemble.high):
        interval = f"{ensemble.gain:.3g} (80 % interval {ensemble.low:.3g} to {ensemble.high:.3g})"
        if ensemble.is_used:
            said.append(f"An ensemble is better by {interval} on rows that it was not chosen by.")
        else:
            said.append(f"An ensemble would gain {interval}: not surely, so none is used.")
    members = ", ".join(
        f"{member.weight:.2f} of trial {member.tried.number} ({member.tried.params[LEARNER]})"
        for member in found.members
    )
    if found.members[0].tried.number < 0:
        members = f"one small {found.members[0].tried.params[LEARNER]}, of no trial"
        return [*said, f"The model is {members}."]
    return [*said, f"The model is {members}, fitted on all {len(found.material.y):,} rows."]


def _say_promise(found: Found) -> list[str]:
    if found.look is None:
        return []
    return [f"It promises {found.look}."]


def make_page(found: Found) -> Page:
    """Return the report of a run as a page."""
    choice = Paragraph(" ".join([*_say_choice(found), *_say_promise(found)]))
    sections = [
        Section("model", "The model", (choice,)),
        Section("data", "The data", _describe_data(found)),
        Section("trials", "Trials", (_list_trials(make_leaderboard(found)),)),
        Section("program", "The model as a program", (Code(write_program(found)),)),
    ]
    what = "classes" if found.classes is not None else "numbers"
    return Page(f"A model of {what}", " ".join(_say_search(found)), tuple(sections))


def _describe_data(found: Found) -> tuple[Block, ...]:
    columns = found.material.recipe.columns
    rows = tuple(
        (c.name, c.reason or _KINDS[c.kind], f"{c.n_levels:,}", f"{100 * c.missing:.0f} %")
        for c in columns[:200]
    )
    headers = ("column", "holds", "values", "missing")
    table = Table("What the columns hold", headers, rows)
    remarks = (Items(tuple(found.remarks)),) if found.remarks else ()
    return (*remarks, table)


def _list_trials(leaderboard: Leaderboard) -> Table:
    rows = tuple(
        (
            str(line.number),
            line.learner,
            f"{line.score:.5g}" if line.state == "complete" else "",
            f"{line.weight:.2f}" if line.weight else "",
            f"{line.fit_s:.2f}",
            line.state if line.state != "failed" else f"failed: {line.why}",
            line.params,
        )
        for line in leaderboard[:_N_LINES]
    )
    headers = ("trial", "learner", "score", "weight", "fit, s", "state", "params")
    return Table(f"The best {len(rows)} trials", headers, rows)
