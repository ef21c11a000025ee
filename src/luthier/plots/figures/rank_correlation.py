"""How well values at a step predict the final ones."""

from __future__ import annotations

from typing import Any

from ...analysis.rung_agreement import RungAgreement
from ...analysis.rung_agreement import rank_correlation as find_rank_correlation
from ...argument_names import explain_arguments
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Band, Dots, Figure, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from ..ticks import format_number
from .names import OTHER_ARGUMENTS


@explain_arguments(OTHER_ARGUMENTS)
def rank_correlation(
    study: Source,
    *,
    objective: str | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the rank correlation of values at each step with the final ones.

    Where it is low, stopping trials there stops good ones.

    Args:
        study: A study, or its history.
        objective: Name of one; None for the first.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No complete trial has reported anything.
        StudyError: There is no such objective.
    """
    with open_source(study) as trials:
        figure = describe_rank_correlation(find_rank_correlation(trials.history, objective))
    return draw(figure, backend, theme)


def describe_rank_correlation(record: RungAgreement) -> Figure:
    """Return the figure of rank correlations, and of what stopping at a step would have cost."""
    steps = record.step
    wide = len(steps) > 2 and steps[0] > 0 and steps[-1] > 30 * steps[0]
    whole = not wide and bool((steps % 1 == 0).all())
    x = PanelAxis(label="step", scale="log" if wide else "linear", whole=whole)
    hover = tuple(
        f"step {step:g}: {r:.2f} ({label}), {count_of(n, 'trial')}"
        for step, r, label, n in zip(
            steps.tolist(),
            record.rank_correlation.tolist(),
            record.label,
            record.n.tolist(),
            strict=True,
        )
    )
    agreement = Panel(
        layers=(
            Band(x=steps, low=record.low, high=record.high, label="95 % interval"),
            Line(x=steps, y=record.rank_correlation),
            Dots(x=steps, y=record.rank_correlation, hover=hover, size=4.0),
        ),
        x=x,
        y=PanelAxis(label="rank correlation", low=-1.05, high=1.05),
        title="With the final value",
    )
    costs = tuple(
        f"step {step:g}: {format_number(regret, 3)}"
        for step, regret in zip(steps.tolist(), record.regret.tolist(), strict=True)
    )
    regret = Panel(
        layers=(
            Line(x=steps, y=record.regret, colour="orange"),
            Dots(x=steps, y=record.regret, colour="orange", hover=costs, size=4.0),
        ),
        x=x,
        y=PanelAxis(label=f"lost {record.objective}"),
        title="If only the best there had gone on",
    )
    notes: tuple[str, ...] = ()
    if record.n_stopped:
        stopped = count_of(record.n_stopped, "trial")
        notes = (
            f"Without {stopped} that came to no end: among those that a scheduler kept, good "
            "agreement looks worse than it is, and bad agreement better.",
        )
    return Figure(
        title="Early and final values", panels=(agreement, regret), n_columns=2, notes=notes
    )
