"""A search by SMAC's words: what all facades share."""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....samplers.base import Sampler
from ...remarks import refuse, warn_without_effect
from ..callback.callback import Callback
from ..chosen_part import ChosenPart
from ..initial_design.abstract_initial_design import AbstractInitialDesign, SobolInitialDesign
from ..intensifier.abstract_intensifier import AbstractIntensifier
from ..intensifier.intensifier import Intensifier
from ..main.config_selector import ConfigSelector
from ..main.smbo import SMBO
from ..multi_objective.aggregation_strategy import MeanAggregationStrategy
from ..runhistory.dataclasses import TrialInfo, TrialValue
from ..runhistory.enumerations import StatusType
from ..runhistory.runhistory import RunHistory
from ..runner.abstract_runner import AbstractRunner
from ..runner.target_function_runner import TargetFunctionRunner
from ..runner.target_function_script_runner import TargetFunctionScriptRunner
from ..scenario import Scenario

logger = logging.getLogger("smac.facade")
_PARTS = ("model", "acquisition_function", "acquisition_maximizer", "random_design")


class AbstractFacade(ABC):
    """A search by SMAC's words.

    Args:
        scenario: What is searched, and for how long.
        target_function: Takes a configuration, and a seed, budget or instance where it names them;
            returns a cost, several by name or in order, or a cost and a dict to be kept. Or the
            path of a program, see `TargetFunctionScriptRunner`; or a runner.
        model: Without effect.
        acquisition_function: Without effect.
        acquisition_maximizer: Without effect.
        initial_design: The first configurations.
        random_design: Without effect.
        intensifier: On which seeds, instances and budgets configurations are compared.
        multi_objective_algorithm: Makes one cost of several, where one is needed.
        runhistory_encoder: Without effect.
        config_selector: Proposes configurations.
        logging_level: Without effect: see the logger "smac".
        callbacks: What is called.
        overwrite: Whether results in the scenario's folder are replaced; otherwise the search goes
            on from them.
        dask_client: Refused.

    Raises:
        CompatError: The scenario has what luthier does in another way.
    """

    def __init__(
        self,
        scenario: Scenario,
        target_function: Any = None,
        *,
        model: Any = None,
        acquisition_function: Any = None,
        acquisition_maximizer: Any = None,
        initial_design: AbstractInitialDesign | None = None,
        random_design: Any = None,
        intensifier: AbstractIntensifier | None = None,
        multi_objective_algorithm: Any = None,
        runhistory_encoder: Any = None,
        config_selector: ConfigSelector | None = None,
        logging_level: Any = None,
        callbacks: Sequence[Callback] | None = None,
        overwrite: bool = False,
        dask_client: Any = None,
    ) -> None:
        refuse_settings(scenario, dask_client)
        runner = _make_runner(scenario, target_function)
        given = (model, acquisition_function, acquisition_maximizer, random_design)
        for name, part in [*zip(_PARTS, given, strict=True), ("encoder", runhistory_encoder)]:
            if part is not None and (not isinstance(part, ChosenPart) or part.settings):
                warn_without_effect(
                    f"{name} of SMAC's facades",
                    "luthier's sampler has its own; see samplers.Forest.",
                )
        if logging_level is not None:
            warn_without_effect("logging_level of SMAC's facades", "set it of the logger 'smac'.")
        if scenario.instance_features is not None:
            warn_without_effect(
                "instance_features of SMAC's Scenario",
                "models learn from the mean over instances; programs get them as an argument.",
            )
        if scenario.n_workers > 1:
            warn_without_effect(
                "n_workers of SMAC's Scenario",
                "trials run one after another; luthier.create_study(...).optimize(n_jobs=...) runs "
                "several at a time.",
            )
        self._scenario = scenario
        algorithm = multi_objective_algorithm or self.get_multi_objective_algorithm(scenario)
        self._runhistory = RunHistory(algorithm if scenario.count_objectives() > 1 else None)
        self._intensifier = intensifier or self.get_intensifier(scenario)
        self._intensifier.runhistory = self._runhistory
        design = initial_design or self.get_initial_design(scenario)
        selector = config_selector or self.get_config_selector(scenario)
        calls = list(callbacks or ())
        scenario.add_meta({"facade": {"name": type(self).__name__}})
        self._file = Path(scenario.output_directory) / "runhistory.json"
        self._optimizer = SMBO(
            scenario, runner, self._runhistory, self._intensifier, selector, calls
        )
        selector.connect(self._runhistory, design.select_configurations(), self.make_sampler, calls)
        if not overwrite and self._file.exists():
            self._go_on()

    def _go_on(self) -> None:
        """Take in the trials of the scenario's folder, where it is the same scenario.

        Otherwise the folder is kept under another name.
        """
        folder = self._file.parent
        if Scenario.load(folder) != self._scenario:
            base = folder.parent
            kept = base.with_name(f"{base.name}-old")
            number = 1
            while kept.exists():
                number += 1
                kept = base.with_name(f"{base.name}-old{number}")
            base.rename(kept)
            logger.warning("the results of another scenario are kept in %s", kept)
            return
        times = json.loads((folder / "optimization.json").read_text())
        self._optimizer.count_earlier(times["used_walltime"])
        self._runhistory.load(self._file, self._scenario.configspace)
        for key, value in list(self._runhistory.items()):
            config = self._runhistory.get_config(key.config_id)
            info = TrialInfo(config, key.instance, key.seed, key.budget)
            self._intensifier.learn_key(info)
            if value.status != StatusType.RUNNING:
                self._intensifier.update_incumbents(config)

    @abstractmethod
    def make_sampler(self) -> Sampler:
        """Return the sampler of luthier that proposes configurations."""

    # -- what users call

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self._scenario

    @property
    def runhistory(self) -> RunHistory:
        """The trials."""
        return self._runhistory

    @property
    def optimizer(self) -> SMBO:
        """The loop."""
        return self._optimizer

    @property
    def intensifier(self) -> AbstractIntensifier:
        """What compares configurations."""
        return self._intensifier

    @property
    def meta(self) -> dict[str, Any]:
        """Facts about the search."""
        return self._scenario.meta

    def ask(self) -> TrialInfo:
        """Return the next trial."""
        return self._optimizer.ask()

    def tell(self, info: TrialInfo, value: TrialValue, save: bool = True) -> None:
        """Take in a result.

        Raises:
            ValueError: The trial has no seed or instance where the scenario needs one.
        """
        self._optimizer.tell(info, value)
        if save:
            self._save()

    def optimize(self, *, data_to_scatter: Any = None) -> Any:
        """Run trials until a limit.

        Args:
            data_to_scatter: Refused: of Dask.

        Returns:
            The best configuration; of several objectives those that none other beats.
        """
        if data_to_scatter is not None:
            raise refuse("data_to_scatter", "Use luthier.share(...) with luthier's studies.")
        try:
            return self._optimizer.run()
        finally:
            self._save()

    def _save(self) -> None:
        self._scenario.save()
        self._runhistory.save(self._file)
        times = {"used_walltime": self._optimizer.used_walltime}
        (self._file.parent / "optimization.json").write_text(json.dumps(times))

    def validate(self, config: Any, *, seed: int | None = None) -> Any:
        """Return the mean cost of a configuration on the instances."""
        return self._optimizer.validate(config, seed=seed)

    # -- parts, to be passed back

    @staticmethod
    def get_model(scenario: Scenario, **settings: Any) -> Any:
        """Return what stands for a model."""
        return ChosenPart("model", settings)

    @staticmethod
    def get_acquisition_function(scenario: Scenario, **settings: Any) -> Any:
        """Return what stands for an acquisition function."""
        return ChosenPart("acquisition function", settings)

    @staticmethod
    def get_acquisition_maximizer(scenario: Scenario, **settings: Any) -> Any:
        """Return what stands for its search."""
        return ChosenPart("acquisition maximizer", settings)

    @staticmethod
    def get_random_design(scenario: Scenario, **settings: Any) -> Any:
        """Return what stands for random configurations in between."""
        return ChosenPart("random design", settings)

    @staticmethod
    def get_runhistory_encoder(scenario: Scenario, **settings: Any) -> Any:
        """Return what stands for the costs' transformation."""
        return ChosenPart("encoder", settings)

    @staticmethod
    def get_intensifier(scenario: Scenario, **settings: Any) -> AbstractIntensifier:
        """Return what compares configurations."""
        return Intensifier(scenario, **settings)

    @staticmethod
    def get_initial_design(scenario: Scenario, **settings: Any) -> AbstractInitialDesign:
        """Return the first configurations."""
        return SobolInitialDesign(scenario, **settings)

    @staticmethod
    def get_multi_objective_algorithm(scenario: Scenario, **settings: Any) -> Any:
        """Return what makes one cost of several."""
        return MeanAggregationStrategy(scenario, **settings)

    @staticmethod
    def get_config_selector(scenario: Scenario, **settings: Any) -> ConfigSelector:
        """Return what proposes configurations."""
        return ConfigSelector(scenario, **settings)


def _make_runner(scenario: Scenario, target_function: Any) -> AbstractRunner | None:
    """Return what runs trials; None where the user does."""
    if target_function is None or isinstance(target_function, AbstractRunner):
        return target_function
    if isinstance(target_function, str | Path):
        return TargetFunctionScriptRunner(str(target_function), scenario)
    return TargetFunctionRunner(scenario, target_function)


def refuse_settings(scenario: Scenario, dask_client: Any) -> None:
    """Refuse what luthier does in another way.

    Raises:
        CompatError: There is something of this.
    """
    if dask_client is not None:
        raise refuse(
            "dask_client", "Use luthier.create_study(...).optimize(executor=client.get_executor())."
        )
    for name in ("trial_walltime_limit", "trial_memory_limit"):
        if getattr(scenario, name) is not None:
            raise refuse(
                f"{name} of SMAC's Scenario",
                "Use luthier.create_study(...).optimize(limits={'time_s': ..., 'memory_mb': ...}).",
            )
    if scenario.adaptive_capping or scenario.runtime_cutoff is not None:
        raise refuse("Adaptive capping", "Report times with trial.report, and use a scheduler.")
