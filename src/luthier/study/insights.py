"""The verbs of a study that look at its trials and change nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import analysis, plots
from .. import report as reports
from ..passwords import hide_password
from ..trial.record import TrialRow
from .engine import Engine
from .trial_number import number_of, require_trial


class Insights:
    """What can be learned from the trials of a study; `Study` has all of these verbs.

    Attributes:
        engine: The machine under the study.
    """

    engine: Engine

    def recommend(self, k: int = 1) -> list[analysis.Recommendation]:
        """Recommend the k best configurations by a model of all trials, the best first.

        With noise, the best value observed is the luckiest too. A model weighs it against its
        repeats and neighbours; while trials are too few for a model, it is the mean of the observed
        values. Configurations that are expected to break a constraint, or always did, are left out;
        see `Recommendation.probability_feasible`. Of more than 2,000 configurations the model looks
        at those with the best observed means.

        Args:
            k: How many different configurations; fewer come back when fewer are complete.

        Raises:
            NoCompletedTrialsError: None is complete.
            NoFeasibleTrialsError: None of those keeps all constraints.
            StudyError: There are several objectives; see `choose`.
        """
        with self.engine.reading() as history:
            return analysis.recommend(history, k, self.engine.rows)

    def choose(
        self,
        rule: str | None = None,
        *,
        weights: Mapping[str, float] | None = None,
        aspiration: Mapping[str, float] | None = None,
        knee: bool = False,
        lexicographic: Sequence[str | tuple[str, float]] | None = None,
    ) -> analysis.Choice:
        """Choose one of the feasible trials, by one of these ways (none where one is best in all).

        It says why.

        Args:
            rule: A text: "accuracy >= 0.9 and latency_ms <= 50, then smallest size"; see
                `luthier.analysis.rule_language.parse`.
            weights: Of objectives, each scaled to 0 (best) to 1 (worst of the front).
            aspiration: Values of objectives to come up to, or as near as can be.
            knee: Where the front bends most.
            lexicographic: Objectives, the most important first, with how much of each may be given
                up for the next.

        Raises:
            NothingFitsError: No trial satisfies the rule; it says which condition excludes
                everything.
            RuleError: The rule cannot be read or names what is not there, or not one way is given.
            NoCompletedTrialsError: None is complete.
            NoFeasibleTrialsError: None of those keeps all constraints.
        """
        with self.engine.reading() as history:
            return analysis.choose(
                history,
                self.engine.rows,
                rule,
                weights=weights,
                aspiration=aspiration,
                knee=knee,
                lexicographic=lexicographic,
            )

    def forecast(
        self, trial: TrialRow | int, level: float = 0.9, resource: float | None = None
    ) -> analysis.Forecast:
        """Forecast the value at the end of training of a trial that was stopped, is paused or runs.

        Args:
            trial: One that has reported.
            level: Of the intervals.
            resource: The step at which trials end; None for that of the trials that came to their
                end.

        Raises:
            StudyError: It reported nothing, nobody knows where trials end, or there are several
                objectives.
            ValueError: level is no probability.
        """
        with self.engine.reading() as history:
            number = number_of(trial)
            return analysis.forecast(history, number, level, resource)

    def explain(self, trial: TrialRow | int) -> analysis.Explanation:
        """Explain a trial: why it was tried, what was to be expected of it, and how it ended.

        What was expected is what a model of the earlier trials says, whatever the sampler; so it is
        the same for all samplers, and a good explanation of those that use a model. `str` of it is
        a text. Why the sampler `Auto` took its method for the latest proposal says
        `study.sampler.explain()`.

        Args:
            trial: A trial or its number.

        Raises:
            TrialError: There is no such trial.
        """
        number = number_of(trial)
        scheduler = self.engine.scheduler
        with self.engine.reading() as history:
            require_trial(history, number)
            [row] = self.engine.rows([number])
            return analysis.explain(history, row, "" if scheduler is None else repr(scheduler))

    def explain_best(self, objective: str | None = None, share: float = 0.1) -> analysis.GoodRegion:
        """Describe in short rules where the good values are, as "lr from 0.0003 to 0.002".

        The rules are those of a small tree on a model of the trials. Each says how much of the good
        region it covers, and how much of what it covers is good. `str` of it is a text.

        Args:
            objective: Name of one; None for the first.
            share: Share of the space that counts as good.

        Raises:
            NoCompletedTrialsError: No trial has a value.
            TooFewResultsError: The trials are too few for a model, or it does not predict them.
            StudyError: There is no such objective.
            ValueError: `share` is out of its range.
        """
        with self.engine.reading() as history:
            return analysis.explain_best(history, objective, share)

    def diagnose(
        self, n_widened: Mapping[str, int] | None = None, quick: bool = False
    ) -> list[analysis.Finding]:
        """Say what may be wrong with the study and what to do, the worst first.

        An empty list says that nothing was found. What was dismissed comes last, marked. See the
        how-to page "Diagnose a study" for all that is looked for.

        Args:
            n_widened: Parameter to how often its range has been widened already; no range is
                advised to be widened a third time. None counts those that `apply` has widened.
            quick: Leaves out what needs a model of the results.

        Raises:
            UnknownParameterError: `n_widened` names a parameter that the space does not have.
        """
        with self.engine.reading() as history:
            return analysis.diagnose(
                history,
                self.engine.rows(),
                self._count_widened() if n_widened is None else n_widened,
                is_scheduled=self.engine.scheduler is not None,
                quick=quick,
                dismissed=self._read_dismissed(),
            )

    def _count_widened(self) -> dict[str, int]:
        """How often the range of each parameter was widened, as far as `apply` has done it."""
        params = self.engine.history.space.params
        widened = [a.parameter for a in self.engine.settings.applied if a.kind == "widen"]
        return dict(Counter(name for name in widened if name in params))

    def _read_dismissed(self) -> dict[tuple[str, str], str]:
        """Name and parameter of what is dismissed, to the reason."""
        return {(d.finding, d.parameter): d.reason for d in self.engine.settings.dismissed}

    def plot(self, name: str, **options: Any) -> Any:
        """Plot a figure: `study.plot("history")` is `luthier.plots.history(study)`.

        Args:
            name: Of a function of `luthier.plots`; Optuna's names are understood as well.
            **options: Those of the function, such as params=["lr"] or backend="matplotlib".

        Returns:
            A figure of the back end, which shows itself in a notebook and has `save(path)`.

        Raises:
            UnknownNameError: There is no figure of that name.
            TooFewResultsError: The trials tell too little for it.
        """
        return plots.plot(self, name, **options)

    def report(self, path: str | Path | None = None) -> reports.StudyReport:
        """Report on the study: what it found, what mattered, what may be wrong, how to repeat it.

        The page says it in words, with figures and tables, and holds all that it shows. What the
        trials tell too little for, it says so.

        Args:
            path: File to write, which ends in .html or .md; None for none.

        Returns:
            The report, which shows itself in a notebook and has `save(path)`.

        Raises:
            ValueError: The file has another ending.
            OSError: The file cannot be written.
        """
        engine = self.engine
        if path is not None:
            reports.check_path(path)
        with engine.reading() as history:
            origin = reports.Origin(
                name=engine.name,
                storage=hide_password(engine.storage.url or ""),
                sampler=repr(engine.sampler),
                scheduler="" if engine.scheduler is None else repr(engine.scheduler),
                created_s=engine.storage.study(engine.name).created_s,
                declared=engine.declared,
                dismissed=self._read_dismissed(),
                n_widened=self._count_widened(),
            )
            made = reports.make_report(history, engine.rows(), origin)
        if path is not None:
            made.save(path)
        return made

    def importance(
        self,
        method: str = "auto",
        objective: int | str | None = None,
        among: float | None = None,
        params: Collection[str] | None = None,
        level: float = 0.9,
        interactions: bool = False,
    ) -> analysis.Importance:
        """Estimate how much each parameter matters, and how sure that is.

        Complete and feasible trials count; how many others were left out is said. Where a model of
        the trials cannot predict those that it has not seen, nothing is ranked, and `note` says so.
        In a space with conditions a parameter counts where it is active. Shares are of the
        variance over the whole space, every parameter uniform on its scale; hard constraints are
        not heeded. The same trials and seed give the same result.

        Args:
            method: "gp" estimates total indices by a Gaussian process, the best from few hundred
                trials and from those of a search; "fanova" first-order indices by a random forest;
                "auto" takes the one of these that predicts better. "ped" says what separates the
                good trials from all, quickly. "local" is about the surroundings of the best trial.
                "shapley" shares the variance out, so that it sums to 1.
            objective: Its name or number; None for the only one, or for the front of several,
                which only "ped" (and "auto", by it) takes.
            among: The share of the best trials that matters, such as 0.25: losses that are worse
                count as the worst of these, so that a bad region does not decide alone.
            params: Which parameters to show; None for all.
            level: Coverage of the intervals.
            interactions: Also estimate what pairs do together, by a forest.

        Raises:
            UnknownNameError: There is no such method or objective.
            UnknownParameterError: `params` names one that the space does not have.
            StudyError: There are several objectives, none is chosen, and the method needs one.
            ValueError: `among` or `level` is no share between 0 and 1.
        """
        with self.engine.reading() as history:
            return analysis.importance(
                history, method, objective, among, params, level, interactions
            )
