"""River's detectors: what they find becomes an alarm of luthier."""

import importlib
import sys

import numpy as np
import pytest

from luthier.errors import LifecycleError, MissingDependencyError

pytestmark = pytest.mark.external("river")


def make(name="ADWIN", **settings):
    from luthier.integrations.river import RiverDetector

    return RiverDetector(name, **settings)


def stream(after, n=2000):
    rng = np.random.default_rng(1)
    return np.concatenate([rng.random(n) < 0.1, rng.random(n) < after]).astype(float)


@pytest.mark.parametrize("name", ["ADWIN", "PageHinkley", "HDDMA"])
def test_a_rise_of_the_losses_is_told_once(name):
    told = []
    detector = make(name, on_alarm=[told.append])
    detector.observe(stream(0.1)[:2000])
    assert told == []
    detector.observe(stream(0.6)[2000:])
    assert told == [detector.alarm]
    assert detector.alarm.name == "drift of the losses"
    assert 2000 < detector.alarm.at_row < 3000
    assert not detector.alarm.is_harm
    assert detector.alarm.because.startswith(f"river's {name} found a change: the latest 100 have")


def test_after_an_acknowledged_alarm_it_begins_anew():
    detector = make(of="age", delta=0.002)
    with pytest.raises(LifecycleError, match="there is no alarm of ADWIN"):
        detector.acknowledge()
    detector.observe(stream(0.6))
    detector.acknowledge()
    assert detector.alarm is None
    detector.observe(np.full(1000, 0.6))
    assert detector.alarm is None
    detector.observe(np.full(1000, 0.2))
    assert detector.alarm.name == "drift of age"


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("ADWIN", [0.1, np.nan], "takes finite numbers of the losses, got nan"),
        ("DDM", [0.0, 0.5], "takes 0 or 1 of the losses, got 0.5"),
        ("ADWIN", ["high"], "expected numbers of the losses"),
    ],
)
def test_what_is_no_number_is_refused_and_nothing_is_noted(name, values, message):
    detector = make(name)
    with pytest.raises(LifecycleError, match=message):
        detector.observe(values)
    assert detector.n_values == 0


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("Adwin", {}, "river has no detector 'Adwin'; did you mean 'ADWIN'"),
        ("ADWIN", {"detla": 0.1}, "river's ADWIN does not take"),
    ],
)
def test_a_detector_that_is_not_there_is_refused(name, settings, message):
    with pytest.raises(LifecycleError, match=message):
        make(name, **settings)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "luthier.integrations.river", raising=False)
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[drift\]'"):
        importlib.import_module("luthier.integrations.river")
