"""Electricity that a piece of code uses, and the CO2 that it stands for.

The one file that wraps codecarbon.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import LuthierError, explain_missing
from ..terminal import logger
from ..validation import check_real
from ..wording import count_of

if TYPE_CHECKING:
    from ..trial.handle import Trial
    from ..trial.record import TrialRow


KWH, CO2 = "energy_kwh", "co2_kg"
_NAMES = {
    "grams_per_kwh": "force_carbon_intensity_g_co2e_kwh",
    "cpu_watts": "force_cpu_power",
    "memory_watts": "force_ram_power",
}
_METERS = {
    "intel_rapl": "RAPL",
    "windows_emi": "Windows' energy meter",
    "intel_power_gadget": "Intel Power Gadget",
}


class Energy(msgspec.Struct):
    """Electricity and CO2 of a block.

    Attributes:
        kwh: Electricity in kWh; NaN until the block has ended.
        co2_kg: What that stands for, in kg of CO2 equivalents; NaN until then.
        time_s: How long the block ran, in seconds; NaN until then.
        how: What was measured, and what is an estimate; empty until then.
    """

    kwh: float = math.nan
    co2_kg: float = math.nan
    time_s: float = math.nan
    how: str = ""


@contextmanager
def energy(
    trial: Trial | None = None,
    *,
    country: str | None = None,
    grams_per_kwh: float | None = None,
    cpu_watts: float | None = None,
    memory_watts: float | None = None,
    cost: bool = False,
) -> Iterator[Energy]:
    """Measure by codecarbon how much electricity a block uses.

    `with measure.energy(trial, country="FRA") as e:`, and afterwards `e.kwh`. Nothing is sent or
    written anywhere.

    Where CPU (RAPL) and GPU have meters that can be read, these are, for the whole machine: run one
    trial at a time then. Elsewhere the CPU is estimated from the time that this process and its
    children compute, and from what the CPU takes at full load, which codecarbon looks up by the
    model's name; in a virtual machine that is often wrong, so give `cpu_watts` there. Memory is an
    estimate for all that the machine has, whoever uses it. `e.how` tells which it was.

    The first measurement of a process takes about 2 s to begin, which do not count. Blocks of less
    than a second are measured coarsely, those of less than 0.05 s not at all.

    Args:
        trial: Is given the tags "energy_kwh" and "co2_kg", however the block ends. Several blocks
            add up.
        country: Where the electricity comes from, as ISO 3166 code of three letters; without one
            what codecarbon is configured to (CODECARBON_COUNTRY_ISO_CODE), or else the world's
            average.
        grams_per_kwh: Grams of CO2 equivalents per kWh, where you know better than the country's
            average.
        cpu_watts: What the CPU takes at full load; then no meter is read.
        memory_watts: What the memory takes.
        cost: Whether kWh are the trial's cost as well (`trial.set_cost`), for
            `luthier.stopping.Budget(cost=...)`.

    Raises:
        MissingDependencyError: codecarbon is not installed.
        ValueError: A country that codecarbon does not know, or a number that makes no sense.
        LuthierError: codecarbon cannot measure here.
    """
    numbers = {"grams_per_kwh": grams_per_kwh, "cpu_watts": cpu_watts, "memory_watts": memory_watts}
    numbers = {name: check_real(name, x, 0) for name, x in numbers.items() if x is not None}
    if cost and trial is None:
        raise ValueError(
            "cost=True notes what a trial cost, and there is no trial; give energy(trial, "
            "cost=True)"
        )
    settings = {_NAMES[name]: x for name, x in numbers.items()}
    tracker = _start_tracker(
        settings if country is None else {"country_iso_code": country, **settings}
    )
    used = Energy()
    began_s = time.perf_counter()
    try:
        yield used
    finally:
        used.time_s = time.perf_counter() - began_s
        _stop_tracker(tracker, used)
        if trial is not None and not math.isnan(used.kwh):
            for tag, x in ((KWH, used.kwh), (CO2, used.co2_kg)):
                trial.set_tag(tag, _number(trial.tags.get(tag)) + x)
            if cost:
                trial.set_cost((trial.cost or 0.0) + used.kwh)


def _start_tracker(settings: dict[str, Any]) -> Any:
    """Start a tracker that sends and writes nothing, whatever the configuration of codecarbon.

    It is used once: one that is stopped and started again counts too much.
    """
    try:
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.input import DataSource
    except ImportError:
        raise explain_missing("measuring energy", "codecarbon", "energy") from None
    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    if (country := settings.get("country_iso_code")) is not None:
        settings["country_iso_code"] = code = str(country).upper()
        if code not in DataSource().get_global_energy_mix_data():
            raise ValueError(
                f"country must be an ISO 3166 code of three letters, such as 'FRA', got {country!r}"
            )
    tracker = OfflineEmissionsTracker(
        **settings,
        output_methods=[],
        output_handlers=[],
        emissions_endpoint=None,
        electricitymaps_api_token="",
        allow_multiple_runs=True,
        tracking_mode="process",
        log_level="error",
    )
    tracker.start()
    # codecarbon raises nothing when it fails: it logs, and has no start time.
    if getattr(tracker, "_start_time", None) is None:
        raise LuthierError(
            "codecarbon cannot measure here; "
            "codecarbon.OfflineEmissionsTracker(country_iso_code='FRA').start() in a "
            "fresh interpreter logs why"
        )
    return tracker


def _stop_tracker(tracker: Any, used: Energy) -> None:
    """End a measurement, and take over its result."""
    tracker.stop()
    found = getattr(tracker, "final_emissions_data", None)
    if found is None:
        logger.warning("codecarbon could not end its measurement; what the block used is not known")
        return
    used.kwh = float(found.energy_consumed)
    used.co2_kg = float(found.emissions)
    used.how = describe_measurement(tracker, found)


def describe_measurement(tracker: Any, found: Any) -> str:
    """Describe what a codecarbon tracker measured and what it estimated."""
    parts = []
    for part in tracker._hardware:
        kind, mode = type(part).__name__, getattr(part, "_mode", None)
        if kind == "RAM":
            parts.append(f"memory estimated at {found.ram_power:g} W")
        elif mode == "cpu_load":
            parts.append(f"CPU estimated from its load and {part._tdp:g} W at full load")
        elif mode == "constant":
            parts.append(f"CPU estimated at half of {part._tdp:g} W")
        elif mode is not None:
            parts.append(f"CPU of the whole machine measured by {_METERS.get(mode, mode)}")
        else:
            parts.append(f"{getattr(part, 'chip_part', kind)} measured by its own meter")
    grams = 1000 * found.emissions / found.energy_consumed if found.energy_consumed else 0.0
    return "; ".join(
        [*parts, f"{grams:.0f} g CO2 per kWh ({found.country_name or 'no country was given'})"]
    )


class Consumption(msgspec.Struct, frozen=True, kw_only=True):
    """Electricity and CO2 of several trials.

    Attributes:
        kwh: Electricity in kWh.
        co2_kg: What that stands for, in kg of CO2 equivalents.
        n_trials: How many trials were measured.
    """

    kwh: float
    co2_kg: float
    n_trials: int

    def __str__(self) -> str:
        return (
            f"{self.kwh:.4g} kWh and {self.co2_kg:.4g} kg CO2 in {count_of(self.n_trials, 'trial')}"
        )


def total_consumption(rows: Iterable[TrialRow]) -> Consumption | None:
    """Add up what `energy` noted in trials; None where it noted nothing."""
    tags = [row.tags for row in rows if KWH in row.tags]
    kwh, co2_kg = (math.fsum(_number(t.get(tag)) for t in tags) for tag in (KWH, CO2))
    return Consumption(kwh=kwh, co2_kg=co2_kg, n_trials=len(tags)) if tags else None


def _number(tag: Any) -> float:
    """A tag, where it is a number."""
    return tag if type(tag) in (int, float) else 0.0
