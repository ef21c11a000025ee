"""Cards: a table or a figure of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....errors import LuthierError
from ...remarks import refuse
from ..core.experiment import Experiment
from ..history import read_history

NOT_READY = (
    "This analysis could not be computed yet because the experiment has too few results; run more "
    "trials."
)


@dataclass
class Card:
    """A table or a figure with its title.

    Args:
        name: Name of the analysis.
        title: Its title.
        subtitle: What it shows.
        content: The table or figure; None where there is none yet.
    """

    name: str
    title: str
    subtitle: str
    content: Any = None

    @property
    def df(self) -> Any:
        """The table; of a figure None."""
        return self.content if hasattr(self.content, "columns") else None

    def get_figure(self) -> Any:
        """Return the figure."""
        return self.content

    def show(self) -> None:
        """Print the title, and the table."""
        print(f"{self.title}\n{self.subtitle}")  # noqa: T201  (that is what display=True asks for)
        if self.df is not None:
            print(self.df.to_string())  # noqa: T201


class Analysis:
    """What is shown of an experiment: a class to be derived from."""

    subtitle = ""

    def compute(self, experiment: Experiment) -> Any:
        """Return a table or a figure."""
        raise NotImplementedError


class Summary(Analysis):
    """The table of the trials."""

    subtitle = "All trials with their results."

    def compute(self, experiment: Experiment) -> Any:
        return experiment.to_df()


class FigureAnalysis(Analysis):
    """A figure of luthier.

    Args:
        **options: Ax's options, which have no effect.
    """

    figure = "history"

    def __init__(self, *names: Any, **options: Any) -> None:
        self.options = options

    def compute(self, experiment: Experiment) -> Any:
        from ....plots import by_name

        space = experiment.search_space.to_space({})
        return by_name.plot(read_history(experiment, space, {}), self.figure)


def make_cards(experiment: Experiment, analyses: Sequence[Any] | None) -> list[Card]:
    """Return the cards of analyses; of None the table of the trials.

    Raises:
        CompatError: One is no analysis of these.
    """
    cards = []
    for analysis in [Summary()] if analyses is None else analyses:
        if not isinstance(analysis, Analysis):
            raise refuse(f"Ax's analysis {analysis!r}", "See luthier.plots for the figures.")
        name = type(analysis).__name__
        try:
            content = analysis.compute(experiment) if experiment.trials else None
        except LuthierError:
            content = None
        if content is None:
            cards.append(Card(name, f"{name} -- Not Available Yet", NOT_READY))
        else:
            cards.append(Card(name, name, analysis.subtitle, content))
    return cards
