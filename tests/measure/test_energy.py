"""Energy: what codecarbon finds, where it is noted, and that nothing is left anywhere."""

from __future__ import annotations

import logging
import math
import sys
import time

import numpy as np
import pytest

import luthier
from luthier import measure
from luthier.stopping import Budget

pytestmark = pytest.mark.external("codecarbon")


def compute(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        math.factorial(200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("energy")


@pytest.fixture(scope="module")
def study(folder):
    """Two trials that are measured, one of which fails, and one that is not."""
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    patch.setenv("CODECARBON_OUTPUT_METHODS", "csv")
    patch.setenv("CODECARBON_EMISSIONS_ENDPOINT", "http://127.0.0.1:1")
    study = luthier.create_study(seed=0)
    study.found = []

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 2:
            return x
        with measure.energy(trial, country="FRA", cpu_watts=100, memory_watts=5, cost=True) as e:
            study.found.append(e)
            compute(1.0 if trial.number == 0 else 0.3)
            if trial.number == 1:
                raise ArithmeticError("diverged")
        with measure.energy(
            trial, grams_per_kwh=0.0, cpu_watts=100, memory_watts=5, cost=True
        ) as more:
            study.found.append(more)
            compute(0.3)
        return e.kwh

    study.optimize(objective, n_trials=3, catch=ArithmeticError)
    patch.undo()
    return study


def test_a_second_of_computing_uses_energy(study):
    e = study.found[0]
    memory, share = 5, 1.0  # W, and how much of the CPU's 100 W one busy thread can take at most
    assert (
        memory * e.time_s / 3.6e6 * 0.9 < e.kwh < (memory + 100 * share) * (e.time_s + 0.5) / 3.6e6
    )
    assert e.time_s >= 1.0
    assert study.trials[0].value == e.kwh
    assert "CPU estimated from its load and 100 W at full load" in e.how
    assert "memory estimated at 5 W" in e.how
    assert "(France)" in e.how


def test_co2_is_that_of_the_country_or_of_what_was_told(study):
    france, green = study.found[0], study.found[1]
    assert 0.01 < france.co2_kg / france.kwh < 0.2  # kg per kWh: mostly nuclear
    assert green.kwh > 0
    assert green.co2_kg == 0


def test_tags_and_cost_add_up_over_the_blocks_of_a_trial(study):
    first, second, third = study.found
    done, failed, unmeasured = study.trials
    assert done.tags == {
        "energy_kwh": first.kwh + second.kwh,
        "co2_kg": first.co2_kg + second.co2_kg,
    }
    assert done.cost == pytest.approx(first.kwh + second.kwh)
    assert failed.state == luthier.State.FAILED
    assert failed.tags["energy_kwh"] == failed.cost == third.kwh > 0
    assert unmeasured.tags == {}
    assert unmeasured.cost is None


def test_the_study_consumed_the_sum(study):
    total = measure.total_consumption(study.trials)
    assert total.n_trials == 2
    assert total.kwh == pytest.approx(sum(e.kwh for e in study.found))
    assert total.co2_kg == pytest.approx(sum(e.co2_kg for e in study.found))
    assert str(total).endswith("in 2 trials")
    assert measure.total_consumption(study.trials[2:]) is None
    assert measure.total_consumption([]) is None


def test_a_budget_counts_the_energy(study):
    spent = measure.total_consumption(study.trials).kwh
    assert Budget(cost=2 * spent).reason(study.history) is None
    assert Budget(cost=spent / 2).reason(study.history)


def test_nothing_is_written_or_logged(study, folder, capfd):
    with measure.energy():
        pass
    assert list(folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("codecarbon").level == logging.ERROR


def test_without_a_country_it_is_the_configured_one_or_the_world(study, monkeypatch):
    with measure.energy(cpu_watts=100) as e:
        compute(0.1)
    assert e.co2_kg / e.kwh == pytest.approx(0.475, rel=1e-3)
    monkeypatch.setenv("CODECARBON_COUNTRY_ISO_CODE", "NOR")
    with measure.energy(cpu_watts=100) as e:
        compute(0.1)
    assert "(Norway)" in e.how
    assert e.co2_kg / e.kwh < 0.1


def test_nothing_is_known_before_the_end(study):
    with measure.energy() as e:
        assert all(map(math.isnan, (e.kwh, e.co2_kg, e.time_s)))
        assert e.how == ""
    assert e.time_s >= 0
    assert e.kwh >= 0


def test_numbers_may_be_numpy_ones(study):
    with measure.energy(
        cpu_watts=np.int64(50), memory_watts=np.float32(5), grams_per_kwh=np.int64(0)
    ) as e:
        pass
    assert (
        "50 W at full load; memory estimated at 5 W" in e.how
        or "memory estimated at 5 W; CPU" in e.how
    )
    assert e.co2_kg == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"country": "France"},
            "country must be an ISO 3166 code of three letters, such as 'FRA', got 'France'",
        ),
        ({"country": 33}, "country must be .* got 33"),
        ({"cpu_watts": -1}, "cpu_watts must be a finite number >= 0, got -1"),
        ({"memory_watts": True}, "memory_watts must be a finite number >= 0, got True"),
        ({"grams_per_kwh": math.inf}, "grams_per_kwh must be a finite number >= 0, got inf"),
        ({"cost": True}, "there is no trial"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message), measure.energy(**settings):
        pass


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "codecarbon", None)
    with (
        pytest.raises(
            luthier.errors.MissingDependencyError, match=r"pip install 'luthier\[energy\]'"
        ),
        measure.energy(),
    ):
        pass
