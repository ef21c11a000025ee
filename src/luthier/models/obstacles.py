"""Obstacles: what keeps models from being of use, so that a search is random and nobody says so."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ..history.history import History
from ..space.distributions import Categorical, Distribution
from ..space.space import Space
from ..trial.record import State
from ..typing import Mask
from ..wording import count_of, to_six_digits

LATEST = 20
"""Trials that are looked at, the latest ones; without as many there is no obstacle."""

_FEWEST = 10  # trials that have a parameter, before it is judged
_MOST = 0.5  # share of the trials in which a value may be random
_FEWEST_RESULTS = 8  # from which models learn; the samplers begin with as many
_NEAR = 0.1  # of a range: a value this close to the proposed one counts as this one


class Obstacle(NamedTuple):
    """One thing that keeps models from being of use.

    Attributes:
        kind: "few results", "equal results", "outage", "random values" or "new names".
        subject: The parameter that it is about; "" for the study.
        title: What is the matter, in one sentence with numbers.
        advice: What to do, in one sentence.
        times: In how many trials it was seen.
        n: Among how many.
    """

    kind: str
    subject: str
    title: str
    advice: str
    times: int
    n: int

    def __str__(self) -> str:
        return f"{self.title}; {self.advice}"


def find_obstacles(history: History) -> list[Obstacle]:
    """Return what keeps models from being of use in a study, by its trials so far.

    Repeats of `Study.confirm` do not count. What a random value has taken the place of is known by
    `TrialRow.proposal`.

    Args:
        history: All trials. Fewer than 20 that are over tell nothing.
    """
    if len(history) < LATEST:
        return []
    state = (history.n, history.revision, history.space)
    known = _found.get(history)
    if known is None or known[0] != state:  # a sampler and its study may both ask
        known = _found[history] = (state, _look_for_obstacles(history))
    return list(known[1])


_found: WeakKeyDictionary[History, tuple[tuple[int, int, Space], list[Obstacle]]]
_found = WeakKeyDictionary()  # with the state of the history in which it was looked for


def _look_for_obstacles(history: History) -> list[Obstacle]:
    results = [_find_few_results(history), _find_equal_results(history), _find_outage(history)]
    return [*(o for o in results if o is not None), *_find_random_values(history)]


def _select_learnt(history: History) -> Mask:
    """Return which trials (n,) tell a model something: by a loss, or by a constraint."""
    noted = ~np.isnan(history.constraints).all(axis=1)
    tells = (history.state != State.FAILED) | noted
    return np.asarray(history.has_result & history.fits & tells)


def _find_few_results(history: History) -> Obstacle | None:
    """Find out whether hardly any trial can be learnt from."""
    ended = history.has_result & ~history.confirming
    n = int(ended.sum())
    n_learnt = int((ended & _select_learnt(history)).sum())
    if n < LATEST or n_learnt >= _FEWEST_RESULTS:
        return None
    n_failed = int((ended & (history.state == State.FAILED)).sum())
    n_foreign = int((ended & ~history.fits).sum())
    advice = "read why they failed (study.trials[i].error), or narrow the space to what works"
    if n_foreign > n_failed:
        advice = "ask for each name with the same kind and range in every trial"
    return Obstacle(
        kind="few results",
        subject="",
        title=f"models can learn from {n_learnt} of {count_of(n, 'trial')}, and need "
        f"{_FEWEST_RESULTS}: {n_failed} failed, and params of {n_foreign} are none of the present "
        "space; "
        "proposals are random until then",
        advice=advice,
        times=n - n_learnt,
        n=n,
    )


def _find_equal_results(history: History) -> Obstacle | None:
    """Find out whether all results are the same."""
    learnt = _select_learnt(history)
    losses = history.losses[learnt]
    is_equal = len(losses) >= LATEST and bool((losses == losses[0]).all())
    if not is_equal or history.constraint_names or (history.state[learnt] != State.COMPLETE).any():
        return None
    told = ", ".join(to_six_digits(v) for v in history.values[learnt][0])
    return Obstacle(
        kind="equal results",
        subject="",
        title=f"all {len(losses)} results are {told}, so that no model has anything to learn and "
        "proposals are as good as random",
        advice="check that the objective uses its params and returns what it measured, or take a "
        "finer metric",
        times=len(losses),
        n=len(losses),
    )


def _find_outage(history: History) -> Obstacle | None:
    """Find the trials that failed in a row among points that did not fail."""
    numbers = history.in_outage.tolist()
    if not numbers:
        return None
    return Obstacle(
        kind="outage",
        subject=str(numbers[-1]),
        title=f"{len(numbers)} trials from {numbers[0]} to {numbers[-1]} failed, in a row, among "
        "points that did not fail: models take it for an outage and learn nothing from them",
        advice="run them again with study.retry, or raise luthier.TrialDisturbedError where a "
        "failure says nothing of the params",
        times=len(numbers),
        n=len(history),
    )


def _find_random_values(history: History) -> list[Obstacle]:
    """Find the parameters that mostly have another value than was proposed."""
    latest = np.flatnonzero(history.has_result & ~history.confirming)[-LATEST:].tolist()
    if len(latest) < LATEST or not any(map(history.proposal, latest)):  # as in most studies
        return []
    n_asked: Counter[str] = Counter()
    random_names = []  # for each trial
    for number in latest:
        params = history.params(number)
        n_asked.update(params.keys())
        random_names.append(_list_random(history, params, history.proposal(number)))

    n_random = Counter(name for names in random_names for name in names)
    found = [
        _describe_values(name, times, n_asked[name])
        for name, times in n_random.items()
        if n_asked[name] >= _FEWEST and times > _MOST * n_asked[name]
    ]
    rare = [[name for name in names if n_asked[name] < _FEWEST] for names in random_names]
    times = sum(map(bool, rare))
    if times > _MOST * LATEST:
        found.append(_describe_names(next(n[-1] for n in reversed(rare) if n), times))
    return found


def _list_random(history: History, params: dict[str, Any], proposal: dict[str, Any]) -> list[str]:
    """Return the names whose values are far from the proposed ones; none without a proposal."""
    space = history.space.params
    return [
        name
        for name, value in params.items()
        if proposal and (name not in proposal or not _are_near(space[name], value, proposal[name]))
    ]


def _are_near(dist: Distribution, value: Any, proposed: Any) -> bool:
    """Whether a value is a proposed one, or a neighbour that only a step lies between."""
    raw, raw_proposed = dist.find(value), dist.find(proposed)
    if raw is None or raw_proposed is None or isinstance(dist, Categorical):
        return raw is not None and raw == raw_proposed
    return bool(abs(dist.to_unit(raw) - dist.to_unit(raw_proposed)) <= _NEAR)


def _describe_values(name: str, times: int, n: int) -> Obstacle:
    return Obstacle(
        kind="random values",
        subject=name,
        title=f"{name!r:.200} had a random value in {times} of {n} trials, as the objective did "
        "not take the proposed one: its range or choices change from trial to trial",
        advice="ask for the same range in every trial, such as a share from 0 to 1 that the "
        "objective scales",
        times=times,
        n=n,
    )


def _describe_names(name: str, times: int) -> Obstacle:
    return Obstacle(
        kind="new names",
        subject="",
        title=f"in {times} of {LATEST} trials the objective asked for names that were not proposed "
        f"to it, such as {name!r:.200}; their values are random",
        advice="ask for the same names in every trial, without the number of the trial in them",
        times=times,
        n=LATEST,
    )
