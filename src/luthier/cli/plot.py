"""The command plot: a figure of a study as a file."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .. import plots
from ..errors import TooFewResultsError
from ..plots.backends.svg_figure import SVGFigure
from ..plots.by_name import find_figure, list_figures
from .options import combine, load_study, storage_option
from .text import escape, examples

OF_SEVERAL = {"attainment", "compare", "edf", "history"}
"""Figures that take several studies."""


@click.command(
    epilog=examples(
        "luthier plot history train --output history.svg",
        "luthier plot slices train --param lr --param layers --output slices.png",
        "luthier plot history train --by time --where 'layers >= 2' --output history.html",
        "luthier plot contour train --x lr --y layers --output contour.svg",
        "luthier plot compare first second --output compare.svg",
        "luthier plot ablation train --baseline 0 --output ablation.svg",
        "luthier plot hypervolume train --reference 0.5 --reference 100 --output hv.svg",
    ),
    short_help="Draw a figure of a study into a file.",
)
@combine(
    click.argument("figure"),
    click.argument("names", nargs=-1, metavar="[NAME]..."),
    storage_option,
    click.option(
        "--output",
        "-o",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="File that ends in .svg, .html, .png or .pdf; the last two need matplotlib.",
    ),
    click.option("--param", "params", multiple=True, metavar="NAME", help="A parameter to show."),
    click.option("--x", metavar="NAME", help="Of contour: the parameter along x."),
    click.option("--y", metavar="NAME", help="Of contour: the parameter along y."),
    click.option(
        "--method", metavar="NAME", help="Of importance: gp, fanova, ped, local, shapley."
    ),
    click.option("--objective", metavar="NAME", help="The objective.  [default: the first]"),
    click.option("--by", metavar="WHAT", help="Of history, compare: trial, time, cost or energy."),
    click.option(
        "--among",
        type=float,
        help="Of importance, interactions: share of the best trials, as 0.25.",
    ),
    click.option(
        "--around", metavar="WHAT", help="Of contour, effects: the others are best, good, uniform."
    ),
    click.option("--baseline", type=int, help="Of ablation: the number of the trial to begin at."),
    click.option(
        "--reference",
        type=float,
        multiple=True,
        help="Of hypervolume: where it ends; once for each objective.",
    ),
    click.option(
        "--levels", type=float, multiple=True, help="Of attainment: a share of the runs, as 0.5."
    ),
    click.option("--level", type=float, help="Coverage of intervals, as 0.9."),
    click.option("--n-fans", type=int, help="Of curves: how many forecasts."),
    click.option("--where", metavar="RULE", help="Only trials that satisfy RULE: 'layers >= 2'."),
    click.option("--log/--linear", default=None, help="Axis of the values."),
    click.option("--theme", type=click.Choice(["light", "dark"]), help="Colours of the figure."),
)
def plot(
    figure: str,
    names: Sequence[str],
    storage: str,
    output: Path,
    params: Sequence[str],
    theme: str | None,
    **given: Any,
) -> None:
    """Draw a FIGURE of the study NAME into a file.

    Figures: {figures}.

    Without NAME, the only study of the storage is drawn. Of several studies: {several}.
    """
    draw = getattr(plots, find_figure(figure))
    options = {option: value for option, value in given.items() if value not in (None, ())}
    if params:
        options["params"] = list(params)
    known = inspect.signature(draw).parameters
    for option in options.keys() - known.keys():
        flag = "param" if option == "params" else option.replace("_", "-")
        raise click.UsageError(f"{figure} has no --{flag}")
    of_several = find_figure(figure) in OF_SEVERAL
    if len(names) > 1 and not of_several:
        raise click.UsageError(f"{figure} shows one study, got {len(names)}")
    studies = [load_study(name, storage) for name in names or (None,)]
    try:
        _save(
            draw(studies if of_several else studies[0], backend="svg", theme=theme, **options),
            output,
        )
    except TooFewResultsError:
        raise
    except ValueError as e:
        raise click.UsageError(str(e)) from e
    click.echo(f"Wrote {escape(output)}.", err=True)


def _save(figure: SVGFigure, output: Path) -> None:
    try:
        figure.save(output)
    except OSError as e:
        raise click.FileError(str(output), e.strerror or str(e)) from e


plot.help = (plot.help or "").format(
    figures=", ".join(list_figures()), several=", ".join(sorted(OF_SEVERAL))
)
