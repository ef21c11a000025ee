"""How the members of a population vary their configurations, by Ray Tune's words."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from ....history.history import History
from ....schedulers.pbt import Population
from ....trial.record import Decision
from .param_space import flatten
from .search.sample import Categorical, Domain

_PLAIN = (str, int, float, bool)


def vary(
    config: Mapping[str, Any],
    mutations: Mapping[str, Any],
    resample_probability: float,
    factors: Sequence[float],
    custom: Callable[[dict[str, Any]], Any] | None = None,
) -> dict[str, Any]:
    """Return a configuration near another.

    Args:
        config: The other.
        mutations: Name to a list (its neighbours), a domain or a function (drawn anew, or the
            number times a factor), or a dict of these.
        resample_probability: With which a value is drawn anew.
        factors: Numbers are multiplied by one of these.
        custom: Changes the result at last.
    """
    new = copy.deepcopy(dict(config))
    for name, mutation in mutations.items():
        if isinstance(mutation, Mapping):
            new[name] = vary(new.get(name) or {}, mutation, resample_probability, factors)
        else:
            new[name] = _vary_value(new.get(name), mutation, resample_probability, factors)
    if custom is not None:
        changed = custom(new)
        new = new if changed is None else changed
    return new


def _vary_value(
    value: Any, mutation: Any, resample_probability: float, factors: Sequence[float]
) -> Any:
    choices = mutation.categories if isinstance(mutation, Categorical) else mutation
    anew = random.random() < resample_probability
    if isinstance(choices, list | tuple | range):
        if anew or value not in choices:
            return random.choice(list(choices))
        at = list(choices).index(value) + random.choice((-1, 1))
        return choices[min(max(at, 0), len(choices) - 1)]
    if anew or not isinstance(value, int | float) or isinstance(value, bool):
        return draw(mutation)
    near = value * random.choice(list(factors))
    if isinstance(mutation, Domain):
        near = min(max(near, getattr(mutation, "lower", near)), getattr(mutation, "upper", near))
    return int(near) if isinstance(value, int) else near


def draw(mutation: Any) -> Any:
    """Draw a value of a mutation: a list, a domain, a function or a dict of these."""
    if isinstance(mutation, Mapping):
        return {name: draw(part) for name, part in mutation.items()}
    if isinstance(mutation, Domain):
        return mutation.sample()
    return mutation() if callable(mutation) else random.choice(list(mutation))


class Members:
    """What a population needs to know of the trials that run.

    Attributes:
        configs: Number to configuration.
        ids: Number to the trial's id.
        next_configs: Number to the configuration with which a member goes on.
        folder: Where policies are written; None for nowhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self.configs: dict[int, dict[str, Any]] = {}
        self.ids: dict[int, str] = {}
        self.next_configs: dict[int, dict[str, Any]] = {}
        self.folder = folder

    def log(self, number: int, donor: int, step: float, donor_step: float) -> None:
        """Write which member went on from which other, and with what, as Ray Tune does."""
        if self.folder is None:
            return
        mine, its = (self.folder / f"pbt_policy_{self.ids[n]}.txt" for n in (number, donor))
        if its.exists():
            shutil.copyfile(its, mine)
        steps = [int(s) if s == s else 0 for s in (step, donor_step)]
        configs = [self.configs[donor], self.next_configs[number]]
        line = json.dumps([self.ids[number], self.ids[donor], *steps, *configs], default=str)
        for file in (mine, self.folder / "pbt_global.txt"):
            with open(file, "a") as f:
                f.write(line + "\n")


@final
class TunePopulation(Population):
    """A population that explores as Ray Tune's `PopulationBasedTraining`.

    Args:
        members: The trials.
        mutations: See `vary`.
        custom: Changes configurations at last.
        burn_in: Step before which none is judged.
        population: Settings of `luthier.schedulers.PBT`.
    """

    def __init__(
        self,
        members: Members,
        mutations: Mapping[str, Any],
        custom: Callable[[dict[str, Any]], Any] | None,
        burn_in: float,
        **population: Any,
    ) -> None:
        super().__init__(**population, mutate=list(flatten(mutations)))
        self._members_now = members
        self._mutations = mutations
        self._custom = custom
        self.burn_in = burn_in

    def decide(self, history: History, number: int) -> Decision:
        if float(history.last_step[number]) < self.burn_in:
            return Decision.CONTINUE
        return super().decide(history, number)

    def _explore(
        self, history: History, number: int, donor: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        members = self._members_now
        new = vary(
            members.configs[donor],
            self._mutations,
            self.resample_probability,
            self.factors,
            self._custom,
        )
        members.next_configs[number] = new
        steps = float(history.last_step[number]), float(history.last_step[donor])
        members.log(number, donor, *steps)
        flat = flatten(new)
        known = {k: v for k, v in flat.items() if k in self._mutated(history.space)}
        plain = {k: getattr(v, "item", lambda v=v: v)() for k, v in known.items()}
        return history.params(donor) | {k: v for k, v in plain.items() if type(v) in _PLAIN}

    def _check(self, history: History) -> None:
        """Say nothing of names: configurations may have more than the space."""
