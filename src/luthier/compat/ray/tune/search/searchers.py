"""Searchers by Ray Tune's names, and what of luthier's each of them means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..... import samplers
from .....errors import CompatError
from .....samplers.base import Sampler
from ....remarks import refuse, warn_without_effect
from ..goal import Goal
from ..param_space import set_at
from .asked import AskedSearch
from .expressions import has_expression
from .sample import Domain, choice, lograndint, loguniform, randint, uniform


class Searcher:
    """Suggests configurations; subclasses of users override `suggest` and `on_trial_complete`.

    Args:
        metric: Metric that is made better; None for that of the run.
        mode: "min" or "max".
    """

    FINISHED = "FINISHED"

    def __init__(self, metric: Any = None, mode: Any = None, **settings: Any) -> None:
        self.metric = metric
        self.mode = mode
        self.max_concurrent = settings.pop("max_concurrent", None)
        for name in settings:
            warn_without_effect(f"{name} of ray's {type(self).__name__}", "it is not known here.")

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return a configuration; None where there is none now."""
        raise NotImplementedError(f"{type(self).__name__} needs suggest(trial_id)")

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """See a result."""

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """See a trial that is over."""

    def set_search_properties(
        self, metric: Any = None, mode: Any = None, config: Any = None, **_: Any
    ) -> bool:
        """Take the run's metric and space, where this has none of its own."""
        self.metric = self.metric or metric
        self.mode = self.mode or mode
        return True

    def save(self, checkpoint_path: str) -> None:
        """Refused: a run's folder has the results, from which a search goes on."""
        raise refuse("Searcher.save", "Tuner.restore goes on from the folder of a run.")

    def restore(self, checkpoint_path: str) -> None:
        """Refused, as `save`."""
        raise refuse("Searcher.restore", "Tuner.restore goes on from the folder of a run.")


SearchAlgorithm = Searcher


class SamplerSearch(Searcher):
    """A searcher that is one of luthier's samplers.

    Attributes:
        space: A space of its own; None for that of the run.
        define_by_run: A function that asks Optuna's kind of trial for params; None without one.
        points: Configurations to try first.
        seed: Seed of the search; None for a new one.
    """

    space: Any = None
    define_by_run: Any = None
    points: Sequence[Mapping[str, Any]] = ()
    seed: int | None = None

    _asked: AskedSearch | None = None
    _config: Mapping[str, Any] | None = None

    def make_sampler(self) -> Sampler:
        """Return the sampler."""
        raise NotImplementedError

    def set_search_properties(
        self, metric: Any = None, mode: Any = None, config: Any = None, **_: Any
    ) -> bool:
        """Take a metric and a space; return False where it has its own already."""
        if (config and self.space is not None) or (metric and self.metric):
            return False
        self._config = config or self._config
        return super().set_search_properties(metric, mode)

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return a configuration, where a user asks without a run."""
        if self._asked is None:
            own = self.space if has_expression(self.space) else self.read_space()
            config = {**(self._config or {}), **(own or {})}
            goal = Goal(self.metric, self.mode)
            self._asked = AskedSearch(self.make_sampler(), config, goal, self.points, self.seed)
        return self._asked.suggest(trial_id)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """See a trial that is over."""
        if self._asked is not None:
            self._asked.complete(trial_id, result, error)

    def read_space(self) -> dict[str, Any] | None:
        """Return its own space in Ray Tune's words; None without one, or with Hyperopt's."""
        is_other = self.space is None or has_expression(self.space)
        return None if is_other else read_space(self.space)


def read_space(space: Any) -> dict[str, Any]:
    """Return a space in Ray Tune's words, of those of a library that a searcher wraps.

    Args:
        space: A dict of domains, bounds or distributions of Optuna; or Ax's list of parameters.

    Raises:
        CompatError: It is none of these.
    """
    if isinstance(space, Mapping):
        return {name: _read_part(part) for name, part in space.items()}
    if isinstance(space, list) and all(isinstance(p, Mapping) and "name" in p for p in space):
        config: dict[str, Any] = {}
        for parameter in space:
            set_at(config, parameter["name"], _read_ax(parameter))
        return config
    raise CompatError(
        f"this space is not known here, got {type(space).__name__}; pass one of tune's domains as "
        "param_space (or config) instead"
    )


def _read_part(part: Any) -> Any:
    """Return part of a space in Ray Tune's words.

    Raises:
        CompatError: It is of a library that is not known here, such as an expression of Hyperopt.
    """
    if part is None or isinstance(part, Domain | str | int | float):
        return part
    if isinstance(part, Mapping):
        return {name: _read_part(p) for name, p in part.items()}
    if hasattr(part, "choices"):
        return choice(list(part.choices))
    if hasattr(part, "high"):
        return _read_optuna(part)
    if hasattr(part, "lower") and hasattr(part, "upper"):
        return _read_configspace(part)
    if not isinstance(part, tuple | list):
        raise CompatError(
            f"{type(part).__name__} in a space is not known here; write it as one of tune's "
            "domains, such as tune.uniform(0, 1), in param_space (or config)"
        )
    if len(part) == 2 and all(isinstance(v, int | float) for v in part):
        return uniform(float(part[0]), float(part[1]))
    return choice(list(part))


def _read_configspace(part: Any) -> Any:
    log = bool(getattr(part, "log", False))
    if "Integer" in type(part).__name__:
        return (lograndint if log else randint)(int(part.lower), int(part.upper) + 1)
    return (loguniform if log else uniform)(float(part.lower), float(part.upper))


def _read_optuna(part: Any) -> Any:
    step = getattr(part, "step", None)
    if "Int" in type(part).__name__:
        high = part.high + 1
        if part.log:
            return lograndint(part.low, high)
        whole = randint(part.low, high)
        return whole if step in (None, 1) else choice(list(range(part.low, high, step)))
    made = loguniform(part.low, part.high) if part.log else uniform(part.low, part.high)
    return made if step is None else made.quantized(step)


def _read_ax(parameter: Mapping[str, Any]) -> Any:
    kind = parameter.get("type", "range")
    if kind == "fixed":
        return parameter["value"]
    if kind == "choice":
        return choice(list(parameter["values"]))
    low, high = parameter["bounds"]
    log = parameter.get("log_scale", False)
    if parameter.get("value_type") == "int" or (type(low) is int and type(high) is int):
        return lograndint(low, high + 1) if log else randint(low, high + 1)
    return loguniform(low, high) if log else uniform(low, high)


_ORDER = ("space", "metric", "mode", "points_to_evaluate")


def _define(
    name: str, make: Callable[[], Sampler], doc: str, order: tuple[str, ...] = _ORDER
) -> type[SamplerSearch]:
    """Return a class that means a sampler, whatever of its library's settings it is given.

    Args:
        name: Its name.
        make: Makes the sampler.
        doc: Its docstring.
        order: Names of arguments that are given by position.
    """

    def begin(self: SamplerSearch, *args: Any, **settings: Any) -> None:
        settings |= dict(zip(order, args, strict=False))
        kept = {k: settings.pop(k, None) for k in ("metric", "mode", "max_concurrent")}
        Searcher.__init__(self, **kept)
        space = settings.pop("space", None)
        self.define_by_run = space if callable(space) else None
        self.space = None if callable(space) else space
        self.points = settings.pop("points_to_evaluate", None) or ()
        seeds = ("seed", "random_state", "random_state_seed")
        given = [settings.pop(s, None) for s in seeds]
        self.seed = next((s for s in given if isinstance(s, int)), None)
        for setting in (s for s in settings if settings[s] is not None):
            warn_without_effect(
                f"{setting} of ray's {name}", "luthier's own sampler searches, see its page."
            )

    def make_sampler(self: SamplerSearch) -> Sampler:
        return make()

    return type(
        name,
        (SamplerSearch,),
        {
            "__init__": begin,
            "make_sampler": make_sampler,
            "__doc__": doc,
            "__module__": __name__,
        },
    )


def _model() -> Sampler:
    return samplers.Auto()


OptunaSearch = _define("OptunaSearch", samplers.TPE, "Luthier's TPE.")
HyperOptSearch = _define("HyperOptSearch", samplers.TPE, "Luthier's TPE.")
BayesOptSearch = _define("BayesOptSearch", samplers.GP, "Luthier's Gaussian process.")
AxSearch = _define("AxSearch", samplers.GP, "Luthier's Gaussian process.")
HEBOSearch = _define("HEBOSearch", samplers.GP, "Luthier's Gaussian process.")
DragonflySearch = _define(
    "DragonflySearch", samplers.GP, "Luthier's Gaussian process.", ("optimizer", "domain", *_ORDER)
)
SkOptSearch = _define(
    "SkOptSearch", samplers.GP, "Luthier's Gaussian process.", ("optimizer", *_ORDER)
)
SigOptSearch = _define("SigOptSearch", samplers.GP, "Luthier's Gaussian process.")
TuneBOHB = _define("TuneBOHB", samplers.BOHB, "Luthier's BOHB.")
NevergradSearch = _define(
    "NevergradSearch",
    samplers.DE,
    "Luthier's differential evolution.",
    ("optimizer", "optimizer_kwargs", *_ORDER),
)
ZOOptSearch = _define(
    "ZOOptSearch", _model, "Luthier's default sampler.", ("algo", "budget", "dim_dict", *_ORDER)
)
CFO = _define("CFO", _model, "Luthier's default sampler.")
BlendSearch = _define("BlendSearch", _model, "Luthier's default sampler.")


class BasicVariantGenerator(SamplerSearch):
    """Draws at random, and runs through grids.

    Args:
        points_to_evaluate: Configurations to try first.
        max_concurrent: How many trials at a time; 0 for as many as fit.
        constant_grid_search: Without effect: each trial has its own draw.
        random_state: A seed, or a generator.
    """

    def __init__(
        self,
        points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
        max_concurrent: int = 0,
        constant_grid_search: bool = False,
        random_state: Any = None,
    ) -> None:
        super().__init__(max_concurrent=max_concurrent or None)
        if constant_grid_search:
            warn_without_effect("constant_grid_search", "each trial has a draw of its own.")
        self.points = points_to_evaluate or ()
        self.random_state = random_state

    def make_sampler(self) -> Sampler:
        return samplers.Random()


class ConcurrencyLimiter(Searcher):
    """A searcher with a bound on trials at a time.

    Args:
        searcher: The searcher.
        max_concurrent: How many trials at a time.
        batch: Without effect: trials begin as others end.
    """

    def __init__(self, searcher: Any, max_concurrent: int, batch: bool = False) -> None:
        if not isinstance(max_concurrent, int) or max_concurrent < 1:
            raise ValueError(f"max_concurrent must be at least 1, got {max_concurrent!r}")
        if batch:
            warn_without_effect("batch of ray's ConcurrencyLimiter", "trials begin as others end.")
        super().__init__(searcher.metric, searcher.mode)
        self.searcher = searcher
        self.max_concurrent = max_concurrent


class Repeater(Searcher):
    """A searcher whose configurations are each run several times; it learns from all of them.

    Args:
        searcher: The searcher.
        repeat: How many times.
        set_index: Whether configurations tell the number of the repeat, as "__trial_index__".
    """

    def __init__(self, searcher: Any, repeat: int = 1, set_index: bool = True) -> None:
        if not isinstance(repeat, int) or repeat < 1:
            raise ValueError(f"repeat must be at least 1, got {repeat!r}")
        super().__init__(searcher.metric, searcher.mode)
        self.searcher = searcher
        self.repeat = repeat
        self.set_index = set_index


_NAMES = {
    "variant_generator": BasicVariantGenerator,
    "random": BasicVariantGenerator,
    "optuna": OptunaSearch,
    "hyperopt": HyperOptSearch,
    "bayesopt": BayesOptSearch,
    "ax": AxSearch,
    "hebo": HEBOSearch,
    "dragonfly": DragonflySearch,
    "skopt": SkOptSearch,
    "sigopt": SigOptSearch,
    "bohb": TuneBOHB,
    "nevergrad": NevergradSearch,
    "zoopt": ZOOptSearch,
    "cfo": CFO,
    "blendsearch": BlendSearch,
}


def create_searcher(search_alg: str, **kwargs: Any) -> Any:
    """Return a searcher by its name.

    Raises:
        ValueError: There is none of the name.
    """
    kind: Any = _NAMES.get(search_alg.lower())
    if kind is None:
        raise ValueError(f"a searcher is one of {sorted(_NAMES)}, got {search_alg!r}")
    return kind(**kwargs)
