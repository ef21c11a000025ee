"""The space of a study without a declared one: it follows what the objectives ask for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ..errors import DistributionError
from ..space.distributions import Distribution
from ..space.widening import widen
from ..warn_once import WarnOnce
from .replica import Replica


class DiscoveredSpace:
    """Lets the stored space become what the objectives of this session ask for.

    What an objective asks for takes the place of what was known: somebody has edited it. But
    distributions of one name that are in use at the same time are joined: where other workers have
    one, where one run has asked for several, since nobody edits an objective that runs, or where
    the name has had another one in each of three trials that followed each other.

    Args:
        replica: The study.
        warn: Gives warnings once.
    """

    def __init__(self, replica: Replica, warn: WarnOnce) -> None:
        self._replica = replica
        self._warn = warn
        self._own = dict(replica.space.params)  # as this session found or stored them
        self._last: dict[str, Distribution] = {}  # as they were asked for last in this session
        # Of names that were not asked for in the same way twice: what has all of these ways.
        self._changing: dict[str, Distribution] = {}
        self._varying: set[str] = set()
        self._in_run: dict[str, Distribution] | None = None  # as this run has asked for them

    def begin_run(self) -> None:
        """Take what differs from now on for variants of one objective."""
        self._in_run = {}

    def end_run(self) -> None:
        """Take what differs from now on for edits of the objective again."""
        self._in_run = None

    def learn(self, suggested: Mapping[str, Distribution]) -> None:
        """Store what a trial has asked for; what other workers have stored meanwhile is kept.

        Raises:
            SpaceError: A condition does not hold any more.
            UnstorableError: The storage does not take the space.
        """
        replica = self._replica
        asked = suggested.items()
        is_known = asked <= self._last.items() and asked <= replica.space.params.items()
        if is_known and not self._changing:  # as in nearly all trials
            return

        self._observe(suggested)
        while changed := self._find_changed(suggested):
            space = replica.space.with_params(changed)
            described = replica.spec["space"] | {"params": space.to_json()["params"]}
            if replica.change_spec({"space": described}, space):
                self._own.update(changed)
                break

    def _observe(self, suggested: Mapping[str, Distribution]) -> None:
        """Notice which names are asked for in another way from trial to trial."""
        for name, dist in suggested.items():
            self._observe_in_run(name, dist)
            last = self._last.get(name)
            self._last[name] = dist
            if last is None or last is dist or last == dist:
                if self._changing:
                    self._changing.pop(name, None)
                continue

            before = self._changing.get(name)
            self._changing[name] = _join(before or last, dist)
            if before is not None:
                self._varying.add(name)

    def _observe_in_run(self, name: str, dist: Distribution) -> None:
        if self._in_run is None:
            return
        earlier = self._in_run.setdefault(name, dist)
        if earlier is not dist and earlier != dist:
            self._in_run[name] = _join(earlier, dist)
            self._varying.add(name)

    def _find_changed(self, suggested: Mapping[str, Distribution]) -> dict[str, Distribution]:
        """Return the distributions that the stored space does not have yet."""
        known = self._replica.space.params
        changed: dict[str, Distribution] = {}
        for name, dist in suggested.items():
            old = known.get(name)
            if old is dist or old == dist:
                continue
            new = dist if old is None else self._follow(name, old, dist)
            if new != old:
                changed[name] = new
        return changed

    def _follow(self, name: str, known: Distribution, asked: Distribution) -> Distribution:
        """Return the distribution of a name that is known with another one than was asked for."""
        if type(known) is not type(asked):
            self._warn(
                f"kind of {name}",
                f"{name!r} was {known!r:.500} in this study and is {asked!r:.500} now; no model "
                "learns from trials whose value is none of these. If both are meant, use two names",
            )
        if known.when:
            asked = replace(asked, when=known.when)
        if known != self._own.get(name):  # another worker has stored it
            self._varying.add(name)
        if name in self._varying:
            return _join(known, _join(self._changing.get(name, asked), asked))

        others_run = self._replica.history.running - self._replica.held.keys()
        return _join(known, asked) if others_run else asked


def _join(known: Distribution, asked: Distribution) -> Distribution:
    """Return what has the values of both; the second where no distribution has."""
    try:
        return widen(known, asked)
    except DistributionError:
        return asked
