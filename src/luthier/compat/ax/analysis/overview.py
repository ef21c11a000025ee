"""Cards: a table or a figure of an experiment."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....errors import LuthierError
from ...remarks import refuse, warn_without_effect
from ..core.experiment import Experiment
from ..plot import by_luthier

NOT_READY = (
    "This analysis could not be computed yet because the experiment has too few results; run more "
    "trials."
)


@dataclass
class Card:
    """A table or a figure with its title; of a figure perhaps the table that it shows.

    Args:
        name: Name of the analysis.
        title: Its title.
        subtitle: What it shows.
        content: The table or figure; None where there is none yet.
        table: The table that a figure shows.
    """

    name: str
    title: str
    subtitle: str
    content: Any = None
    table: Any = None

    @property
    def df(self) -> Any:
        """The table; None where there is none."""
        return self.content if hasattr(self.content, "columns") else self.table

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

    def compute(
        self,
        experiment: Experiment | None = None,
        generation_strategy: Any = None,
        adapter: Any = None,
    ) -> Card:
        """Return a card.

        Args:
            experiment: The experiment.
            generation_strategy: Its strategy.
            adapter: What the strategy expects of points.
        """
        raise NotImplementedError

    def _create_analysis_card(self, title: str, subtitle: str, df: Any) -> Card:
        return Card(type(self).__name__, title, subtitle, df)


class Summary(Analysis):
    """The table of the trials."""

    subtitle = "All trials with their results."

    def compute(
        self,
        experiment: Experiment | None = None,
        generation_strategy: Any = None,
        adapter: Any = None,
    ) -> Card:
        assert experiment is not None
        return self._create_analysis_card("Summary", self.subtitle, experiment.to_df())


class FigureAnalysis(Analysis):
    """A figure of luthier.

    Args:
        metric_name: The metric that is shown; None for the objective.
        **options: Ax's options, which have no effect.
    """

    figure = "history"

    def __init__(self, metric_name: str | None = None, **options: Any) -> None:
        self.metric_name = metric_name
        for name in options:
            warn_without_effect(f"{name} of Ax's {type(self).__name__}", "luthier has its looks.")

    def compute(
        self,
        experiment: Experiment | None = None,
        generation_strategy: Any = None,
        adapter: Any = None,
    ) -> Card:
        assert experiment is not None
        name = type(self).__name__
        figure = by_luthier.draw(experiment, self.figure, self.metric_name)
        return Card(name, name, self.subtitle, figure)


def make_cards(
    experiment: Experiment, analyses: Sequence[Any] | None, generation_strategy: Any = None
) -> list[Card]:
    """Return the cards of analyses; of None the table of the trials.

    Args:
        experiment: The experiment.
        analyses: The analyses.
        generation_strategy: Its strategy.

    Raises:
        CompatError: One is no analysis of these.
    """
    cards = []
    for analysis in [Summary()] if analyses is None else analyses:
        if not isinstance(analysis, Analysis):
            raise refuse(f"Ax's analysis {analysis!r}", "See luthier.plots for the figures.")
        name = type(analysis).__name__
        card = Card(name, f"{name} -- Not Available Yet", NOT_READY)
        if experiment.trials:
            with contextlib.suppress(LuthierError):
                card = analysis.compute(
                    experiment=experiment, generation_strategy=generation_strategy
                )
        cards.append(card)
    return cards
