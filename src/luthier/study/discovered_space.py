"""The space of a study without a declared one: it follows what the objectives ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from ..errors import DistributionError
from ..space.choices import choice_key
from ..space.distributions import Distribution
from ..space.space import Space
from ..space.widening import widen
from ..storages.settings import read_space
from ..warn_once import WarnOnce
from .replica import Replica

_FEWEST_STEADY = 10  # trials


class _Steady:
    """What a session has asked for in one way so far, though earlier ones asked in several.

    Args:
        dist: This way.

    Attributes:
        n: In how many trials.
        values: Keys of the values that other parameters had in these, by name.
    """

    def __init__(self, dist: Distribution) -> None:
        self.dist = dist
        self.n = 0
        self.values: dict[str, set[Any]] = {}

    def has_settled(self, suggested: Mapping[str, Distribution]) -> bool:
        """Whether it does not depend on the other parameters, as far as a few trials can show."""
        return self.n >= _FEWEST_STEADY and all(
            len(values) > 1
            for other, values in self.values.items()
            if suggested[other].n_values != 1
        )


class DiscoveredSpace:
    """Lets the stored space become what the objectives ask for.

    What an objective asks for takes the place of what was known: somebody has edited it. But
    distributions of one name that are in use at the same time are joined: where other workers have
    one, where one run has asked for several, since nobody edits an objective that runs, or where
    the name has had another one in each of three trials that followed each other. The last two are
    stored with the study, so that who opens it later knows that such a name varies. It does until a
    later session asks for it in one way in ten trials, whatever else they have asked for.

    Args:
        replica: The study.
        warn: Gives warnings once.
    """

    def __init__(self, replica: Replica, warn: WarnOnce) -> None:
        self._replica = replica
        self._warn = warn
        self._own = dict(replica.space.params)  # as this session found or stored them
        # As they were asked for last, in this session or before it.
        self._last: dict[str, Distribution] = {
            name: replace(dist, when=None) for name, dist in replica.space.params.items()
        }
        # Of names that were not asked for in the same way twice: what has all of these ways.
        self._changing = dict(
            read_space(replica.name, {"params": replica.settings.changing}).params
        )
        self._noticed: set[str] = set()  # names that vary, as this session has seen
        self._steady: dict[str, _Steady] = {}  # what earlier sessions have seen vary, by name
        self._settled: set[str] = set()  # names that do not vary any more
        self._shared: set[str] = set()  # names that other workers ask for in another way
        self._in_run: dict[str, Distribution] | None = None  # as this run has asked for them

    def begin_run(self) -> None:
        """Take what differs from now on for variants of one objective."""
        self._in_run = {}

    def end_run(self) -> None:
        """Take what differs from now on for edits of the objective again."""
        self._in_run = None

    def learn(self, suggested: Mapping[str, Distribution], params: Mapping[str, Any]) -> None:
        """Store what a trial has asked for; what other workers have stored meanwhile is kept.

        Args:
            suggested: The distributions.
            params: What the trial got.

        Raises:
            SpaceError: A condition does not hold any more.
            UnstorableError: The storage does not take the space.
        """
        replica = self._replica
        asked = suggested.items()
        is_known = asked <= self._last.items() and asked <= replica.space.params.items()
        if is_known and not self._changing:  # as in nearly all trials
            return

        self._observe(suggested, params)
        while not self._store(self._find_changed(suggested)):
            pass
        self._settled.clear()
        for name in self._noticed & self._changing.keys():  # the space has all of these ways now
            del self._changing[name]

    def _store(self, changed: Mapping[str, Distribution]) -> bool:
        """Store changed distributions, and what was noticed; whether nobody was quicker."""
        replica = self._replica
        settings = self._describe_noticed()
        space = None
        if changed:
            space = replica.space.with_params(changed)
            settings["space"] = replica.spec["space"] | {"params": space.to_json()["params"]}
        if settings and not replica.change_spec(settings, space):
            return False
        self._own.update(changed)
        return True

    def _describe_noticed(self) -> dict[str, Any]:
        """Return the settings by which later sessions know what varies, where they differ."""
        stored = self._replica.settings
        varying = tuple(sorted(self._noticed.union(stored.varying) - self._settled))
        left = {n: dist for n, dist in self._changing.items() if n not in varying}
        changing = Space(left).to_json()["params"] if left else {}

        settings: dict[str, Any] = {}
        if varying != stored.varying:
            settings["varying"] = list(varying)
        if changing != stored.changing:
            settings["changing"] = changing
        return settings

    def _observe(self, suggested: Mapping[str, Distribution], params: Mapping[str, Any]) -> None:
        """Notice which names are asked for in another way from trial to trial."""
        for name, dist in suggested.items():
            last = self._last.get(name, dist)
            self._last[name] = dist
            if self._varies_in_run(name, dist):
                continue
            if self._is_varying(name):
                self._observe_steady(name, dist, suggested, params)
                continue
            if last is dist or last == dist:
                if self._changing:
                    self._changing.pop(name, None)
                continue

            before = self._changing.get(name)
            self._changing[name] = _join(before or last, dist)
            if before is not None:
                self._noticed.add(name)

    def _is_varying(self, name: str) -> bool:
        return name in self._noticed or name in self._replica.settings.varying

    def _observe_steady(
        self,
        name: str,
        dist: Distribution,
        suggested: Mapping[str, Distribution],
        params: Mapping[str, Any],
    ) -> None:
        """Notice that what varied for earlier sessions does not for this one."""
        if name in self._noticed:
            return
        steady = self._steady.setdefault(name, _Steady(dist))
        if steady.dist != dist:
            self._noticed.add(name)
            return
        steady.n += 1
        for other, value in params.items():
            if other != name and other in suggested:
                steady.values.setdefault(other, set()).add(choice_key(value))
        if steady.has_settled(suggested):
            del self._steady[name]
            self._settled.add(name)

    def _varies_in_run(self, name: str, dist: Distribution) -> bool:
        """Whether this run has asked for a name in several ways, which are joined then."""
        if self._in_run is None:
            return False
        earlier = self._in_run.setdefault(name, dist)
        if earlier is dist or earlier == dist:
            return False
        if name not in self._noticed:
            self._changing[name] = _join(earlier, dist)  # without what was there before an edit
            self._noticed.add(name)
        return True

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
            self._shared.add(name)
        is_varying = self._is_varying(name) and name not in self._settled
        if is_varying or name in self._shared:
            return _join(known, _join(self._changing.get(name, asked), asked))

        others_run = self._replica.history.running - self._replica.held.keys()
        return _join(known, asked) if others_run else asked


def _join(known: Distribution, asked: Distribution) -> Distribution:
    """Return what has the values of both; the second where no distribution has."""
    try:
        return widen(known, asked)
    except DistributionError:
        return asked
