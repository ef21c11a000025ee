"""When a model is refitted and retuned, and how much that may cost."""

from __future__ import annotations

import msgspec

from ..errors import LifecycleError


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a model is refitted and retuned, and how much that may cost.

    Attributes:
        regain: Share of the lost performance that a refit must regain; else the model is retuned.
        n_trials: Trials of a retuning, a quarter to a third of those of the first search.
        cooldown_s: How long after one attempt the next may begin, in seconds.
        trials_a_month: How many trials retunings may run in 30 days.
        hours_a_month: No retuning begins once refits and retunings have taken so many hours in 30
            days; None for no bound.
        kwh_a_month: The same for energy, in kilowatt-hours.
        max_failures: After so many failed attempts in a row a person is asked.
        every_s: A refit without a trigger, so many seconds after the latest one or after the
            champion was registered; None for never.
        growth: A refit without a trigger, once the data have grown by this factor; None for never.
        value_a_day: What one unit of loss costs in a day, in the unit of `trial_cost`; None where
            nobody knows, and then a failed refit is reason enough.
        trial_cost: What a trial costs.
        horizon_days: For how long a gain is counted.
        lease_s: How long a process may be silent before another one takes over; while it works it
            says so three times as often.
    """

    regain: float = 0.5
    n_trials: int = 15
    cooldown_s: float = 86400.0
    trials_a_month: int = 200
    hours_a_month: float | None = None
    kwh_a_month: float | None = None
    max_failures: int = 2
    every_s: float | None = None
    growth: float | None = None
    value_a_day: float | None = None
    trial_cost: float = 0.0
    horizon_days: float = 30.0
    lease_s: float = 600.0

    def __post_init__(self) -> None:
        if not 0 <= self.regain <= 1:
            raise LifecycleError(f"regain must lie between 0 and 1, got {self.regain!r}")
        for name in ("n_trials", "max_failures"):
            if not getattr(self, name) >= 1:
                raise LifecycleError(f"{name} must be >= 1, got {getattr(self, name)!r}")
        for name in ("cooldown_s", "trials_a_month", "trial_cost", "hours_a_month", "kwh_a_month"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise LifecycleError(f"{name} must be >= 0, got {value!r}")
        for name in ("lease_s", "horizon_days", "every_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise LifecycleError(f"{name} must be > 0, got {value!r}")
        if self.growth is not None and not self.growth > 1:
            raise LifecycleError(f"growth must be > 1, got {self.growth!r}")
