"""A monitor in the daemon: harm begins an attempt, drift is noted, and a kill loses nothing."""

import numpy as np
import pytest

from luthier.lifecycle import Gate, Measured, Monitor, Policy, Reference, Retuner, Trained
from luthier.lifecycle.retuning import State
from luthier.registry import Content, Registry

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(1000, 2))
REFERENCE = Reference.of(NORMAL, losses=RNG.random(2000) < 0.1)


class Service:
    """A model whose rows and labels are in two lists, from which the monitor is fed."""

    metrics = ()

    def __init__(self, registry, rows=(), losses=()):
        self.registry = registry
        self.rows, self.losses = list(rows), list(losses)
        self.monitor = Monitor(REFERENCE, window=100, rows_a_day=100)
        self.loss = 0.3

    def feed(self, monitor):
        for row in self.rows[monitor.n_rows :]:
            monitor.observe(row)
        monitor.observe_losses(self.losses[monitor.n_labels :])

    def measure(self):
        return Measured(self.loss, 0.1, 1000)

    def refit(self):
        return Trained(self.registry.register(Content(model="churn", params={"new": 1})), 0.1)

    def check(self, version):
        return [Gate(name="quality", verdict="pass", because="fine")]


@pytest.fixture
def registry(tmp_path):
    registry = Registry(tmp_path / "models.db", actor="ada")
    registry.register(Content(model="churn", params={"depth": 1}))
    registry.promote("churn:1")
    return registry


def watch(registry, service, **policy):
    """A retuner in a process that has just begun."""
    return Retuner(Registry(registry.storage), "churn", service, Policy(**policy))


def alarms(registry):
    events = registry.history("churn")
    return [e.reason for e in events if e.subject == "monitor" and e.action == "alarm"]


def test_harm_begins_an_attempt(registry):
    row = watch(registry, Service(registry, losses=np.ones(50))).step()
    assert row.state == State.SUSPECT
    assert row.because.startswith("harm: losses are larger than")


def test_a_drift_is_noted_and_nothing_is_retuned(registry):
    service = Service(registry, rows=NORMAL[:100] + np.array([3.0, 0.0]))
    retuner = watch(registry, service)
    assert [retuner.step().state for _ in range(3)] == [State.OK] * 3
    (reason,) = alarms(registry)
    assert reason.startswith("drift of x0")


def test_a_process_that_was_killed_is_followed_by_one_that_goes_on(registry):
    losses = RNG.random(400) < np.repeat([0.1, 0.5], 200)
    whole = Monitor(REFERENCE, window=100, rows_a_day=100)
    whole.observe_losses(losses)
    n = whole.alarms["harm"].at_row
    assert 200 < n < 400  # it is saved once on the way

    watch(registry, Service(registry, losses=losses[: n - 5])).step()
    later = Service(registry, losses=losses[:n])
    assert watch(registry, later).step().state == State.SUSPECT
    assert later.monitor.alarms["harm"].at_row == n


def test_a_harm_that_was_answered_begins_no_second_attempt(registry):
    service = Service(registry, losses=np.ones(50))
    service.loss = 0.1  # by the time that somebody looks, all is well
    retuner = watch(registry, service, cooldown_s=0.0)
    states = [retuner.step().state for _ in range(4)]
    assert states == [State.SUSPECT, State.OK, State.OK, State.OK]
    assert not service.monitor.alarms
    service.losses += [1.0] * 50
    assert watch(registry, service, cooldown_s=0.0).step().state == State.SUSPECT


def test_harm_while_the_model_cools_down_begins_an_attempt_afterwards(registry):
    service = Service(registry)
    retuner = watch(registry, service)
    retuner.suspect("by hand")
    while retuner.step().state != State.OK:
        pass
    service.losses = [1.0] * 50
    assert retuner.step().state == State.OK
    assert len(alarms(registry)) == 1
    assert watch(registry, service, cooldown_s=0.0).step().state == State.SUSPECT


def test_a_new_champion_begins_with_nothing_noted(registry):
    watch(registry, Service(registry, losses=np.ones(50))).step()
    registry.register(Content(model="churn", params={"depth": 2}))
    registry.promote("churn:2")
    service = Service(registry)
    retuner = watch(registry, service, cooldown_s=0.0)
    while retuner.step().state != State.OK:
        pass
    retuner.step()
    assert service.monitor.n_labels == 0


def test_of_two_processes_one_goes_on_from_the_other(registry):
    one, two = (Service(registry, losses=RNG.random(100) < 0.1) for _ in range(2))
    mine, theirs = watch(registry, one), watch(registry, two)
    mine.step()
    theirs.step()
    theirs.step()
    saved = [e for e in registry.history("churn") if e.subject == "monitor"]
    assert len(saved) == 1
    assert one.monitor.n_labels == two.monitor.n_labels == 100
