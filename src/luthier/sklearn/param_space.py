"""The space of a search: as scikit-learn takes it, as the study has it, and the way back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from msgspec.structs import replace
from sklearn.model_selection import ParameterGrid, ParameterSampler

from ..errors import SpaceError, StudyError
from ..space.distributions import Categorical, Distribution, Int
from ..space.space import Space
from ..trial.handle import Trial
from ..trial.record import ReportValue, TrialRow
from ..trial.ticket import Ticket
from ..validation import show
from .param_values import Same, Way, read_values

Params = dict[str, Any]

_NUMBER = "candidate"  # the parameter of the study that counts candidates that are given
_PLAIN = (int, float, str, bool, type(None))  # values that are the same where they are equal


class Candidates(ABC):
    """Params of an estimator, by the trials of a study.

    Attributes:
        space: The space of the study; None where a function asks the trial.
        listed: Name -> values that are given in a list, for each dict of the space; None where a
            function asks the trial.
        in_order: Whether candidates are measured in the order of the space, whatever the sampler.
    """

    in_order = False

    space: Space | None = None
    listed: list[dict[str, list[Any]]] | None = None

    @abstractmethod
    def of_trial(self, trial: Trial) -> Params:
        """Return the params of a running trial."""

    @abstractmethod
    def of_row(self, row: TrialRow, seed: int) -> Params:
        """Return the params of a trial that is over.

        Args:
            row: The trial.
            seed: The study's.
        """

    def find(self, own: Params) -> Params | None:
        """Return the point of the study's space that stands for an estimator's own params.

        Args:
            own: What its `get_params` returns.

        Returns:
            None where there is none, or nobody knows.
        """
        return None

    def find_strange(self, stored: Mapping[str, Any]) -> str | None:
        """Return the name of a stored parameter that this space cannot have had; None for none."""
        return None


class DeclaredCandidates(Candidates):
    """Params whose space is declared.

    Args:
        space: The space of the study.
        ways: Name in the study -> the estimator's name, and the way back to its value.
        listed: Name -> values that are given in a list, for each dict of the space.
    """

    def __init__(
        self,
        space: Space,
        ways: Mapping[str, tuple[str, Way]],
        listed: list[dict[str, list[Any]]],
    ) -> None:
        self.space = space
        self.ways = ways
        self.listed = listed

    def of_trial(self, trial: Trial) -> Params:
        return self._back(trial.params)

    def of_row(self, row: TrialRow, seed: int) -> Params:
        return self._back(row.params)

    def find(self, own: Params) -> Params | None:
        assert self.space is not None
        point: Params = {}
        for known, dist in self.space.params.items():
            name, way = self.ways.get(known, (known, None))
            stored = None if way is None or name not in own else way.find(own[name], dist)
            if stored is None:
                return None
            point[known] = stored[0]
        return point

    def find_strange(self, stored: Mapping[str, Any]) -> str | None:
        assert self.space is not None
        for name, value in stored.items():
            dist = self.space.params.get(name)
            if dist is None or (isinstance(dist, Categorical) and dist.find(value) is None):
                return name
        return None

    def _back(self, stored: Mapping[str, Any]) -> Params:
        found = {}
        for known, value in stored.items():
            if known in self.ways:
                name, way = self.ways[known]
                found[name] = way(value)
        return found


class GivenCandidates(Candidates):
    """Params that are given one by one, and measured in that order.

    Args:
        given: The params of each candidate.
    """

    in_order = True

    def __init__(self, given: Sequence[Params]) -> None:
        self.given = list(given)
        self.space = Space({_NUMBER: Int(0, len(self.given) - 1)})
        merged: dict[str, list[Any]] = {}
        for params in self.given:
            for name, value in params.items():
                merged.setdefault(name, []).append(value)
        self.listed = [merged]

    def of_trial(self, trial: Trial) -> Params:
        return dict(self.given[trial.params[_NUMBER]])

    def of_row(self, row: TrialRow, seed: int) -> Params:
        return dict(self.given[row.params[_NUMBER]])


class AskedCandidates(Candidates):
    """Params that a function asks of the trial.

    Args:
        ask: Takes a trial, returns a dict.
    """

    def __init__(self, ask: Callable[[Trial], Mapping[str, Any]]) -> None:
        self.ask = ask

    def of_trial(self, trial: Trial) -> Params:
        params = self.ask(trial)
        if not isinstance(params, Mapping):
            raise SpaceError(
                "a space that is a function takes a trial and returns a dict of params, such as "
                f"{{'C': trial.suggest_float('C', 0.01, 100, log=True)}}, got {show(params)} "
                f"({type(params).__name__})"
            )
        return dict(params)

    def of_row(self, row: TrialRow, seed: int) -> Params:
        ticket = Ticket(
            number=row.number,
            proposal=row.params,
            seed=seed,
            tags=row.tags,
            fixed=tuple(row.params),
        )
        return self.of_trial(Trial(ticket, Space(), _NoStudy()))


class _NoStudy:
    """The link of a trial that is over, and only tells its params."""

    def report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        self.decide()

    def decide(self) -> NoReturn:
        raise StudyError("a space that is a function asks a trial for params, and reports nothing")


def read_space(given: Any) -> Candidates:
    """Return the candidates of a space.

    Args:
        given: A `luthier.Space`; a dict of names, each with a list of values, a frozen distribution
            of SciPy or one of luthier; a list of such dicts, of which each candidate has one; a
            `ParameterGrid` or `ParameterSampler` of scikit-learn, whose candidates are measured in
            their order; or a function that takes a trial and returns params.

    Raises:
        SpaceError: It is none of these, or something in it is not.
    """
    if isinstance(given, Space):
        ways: dict[str, tuple[str, Way]] = {name: (name, Same()) for name in given.params}
        listed = {name: _choices(dist) for name, dist in given.params.items()}
        return DeclaredCandidates(given, ways, [listed])
    if isinstance(given, Mapping):
        return _read_dicts([given])
    if isinstance(given, ParameterGrid | ParameterSampler):
        return GivenCandidates(list(given))
    if callable(given):
        return AskedCandidates(given)
    is_list = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    if not is_list or not given or not all(isinstance(part, Mapping) for part in given):
        raise SpaceError(
            "a space is a luthier.Space, a dict such as {'C': scipy.stats.loguniform(0.01, 100), "
            "'kernel': ['rbf', 'linear']}, a list of such dicts, or a function of a trial, got "
            f"{show(given)} ({type(given).__name__})"
        )
    return _read_dicts(list(given))


def _choices(dist: Distribution) -> list[Any]:
    return list(dist.choices) if isinstance(dist, Categorical) else []


def _read_dicts(dicts: Sequence[Mapping[str, Any]]) -> DeclaredCandidates:
    """Return the candidates of one or several dicts; of several, a parameter chooses one.

    A parameter that has the same values in several dicts is one for the study, too.
    """
    read = [
        {_name(name): read_values(_name(name), values) for name, values in part.items()}
        for part in dicts
    ]
    listed = [
        {name: list(getattr(way, "values", _choices(dist))) for name, (dist, way) in part.items()}
        for part in read
    ]
    if len(read) == 1:
        known = {name: (name, way) for name, (_, way) in read[0].items()}
        space = Space({name: dist for name, (dist, _) in read[0].items()})
        return DeclaredCandidates(space, known, listed)

    chooser = "space"
    while any(chooser in part for part in read):
        chooser += "_"
    params: dict[str, Distribution] = {chooser: Categorical(tuple(range(len(read))))}
    ways: dict[str, tuple[str, Way]] = {}
    for name in dict.fromkeys(name for part in read for name in part):
        there = {i: part[name] for i, part in enumerate(read) if name in part}
        first = next(iter(there))
        dist, way = there[first]
        _require_no_condition(name, there.values())
        if all(_is_same(dist, dicts[first], there[i][0], dicts[i], name) for i in there):
            params[name] = replace(dist, when={chooser: list(there)})
            ways[name] = (name, way)
            continue
        for i, (dist, way) in there.items():
            params[f"{name} [{i}]"] = replace(dist, when={chooser: [i]})
            ways[f"{name} [{i}]"] = (name, way)
    return DeclaredCandidates(Space(params), ways, listed)


def _is_same(
    dist: Distribution,
    part: Mapping[str, Any],
    other: Distribution,
    other_part: Mapping[str, Any],
    name: str,
) -> bool:
    """Whether a parameter means the same in two dicts."""
    if part[name] is other_part[name]:
        return True
    plain = not isinstance(dist, Categorical) or all(type(c) in _PLAIN for c in dist.choices)
    return repr(dist) == repr(other) and plain and not hasattr(part[name], "rvs")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise SpaceError(f"a parameter's name is text, got {show(name)} ({type(name).__name__})")
    return name


def _require_no_condition(name: str, there: Iterable[tuple[Distribution, Way]]) -> None:
    if any(dist.when for dist, _ in there):
        raise SpaceError(
            f"parameter {name!r:.100}: a list of dicts is a condition of its own, and has no "
            "parameters with `when`; write one luthier.Space"
        )
