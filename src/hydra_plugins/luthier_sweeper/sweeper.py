"""The sweeper of luthier, as Hydra finds it: its settings, and the class that it makes.

Every program with Hydra loads this file, so luthier itself is loaded when a sweep begins. It is not
in `sys.modules` then, where a dataclass would look up annotations that are text.
"""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class LuthierSweeperConf:
    """Settings of `hydra/sweeper=luthier`; its page in the documentation describes them."""

    _target_: str = "hydra_plugins.luthier_sweeper.sweeper.LuthierSweeper"
    n_trials: int = 20
    n_jobs: int = 1
    direction: Any = "minimize"
    name: str = "${hydra.job.name}"
    storage: str | None = None
    sampler: str = "auto"
    scheduler: str | None = None
    seed: int | None = None
    strict: bool = False
    params: dict[str, Any] = field(default_factory=dict)


class LuthierSweeper(Sweeper):  # type: ignore[misc]  # read without Hydra
    """Sweeper that searches: see `luthier.integrations.hydra.sweep`."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.hydra_context: HydraContext | None = None
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what Hydra hands over before a sweep."""
        from hydra.core.plugins import Plugins

        self.hydra_context = hydra_context
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run the trials."""
        from luthier.integrations.hydra import sweep

        return sweep(self, arguments, **self.settings)


ConfigStore.instance().store(
    group="hydra/sweeper", name="luthier", node=LuthierSweeperConf, provider="luthier"
)
