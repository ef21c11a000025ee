"""Routers: any number of processes that agree, and outcomes that find their unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from luthier.errors import LifecycleError, RegistryError, StorageError
from luthier.lifecycle import Metric, Rollout, Router, begin_rollout
from luthier.lifecycle.router import choose, place, read_outcomes, read_rollout
from luthier.registry import Content, Registry

METRICS = (Metric(name="conversion"), Metric(name="delay", kind="value", goal="minimize"))


@pytest.fixture
def registry(tmp_path):
    """A registry whose version 1 is the champion, and which has a version 2."""
    registry = Registry(tmp_path / "models.db", actor="ada")
    for depth in (1, 2):
        registry.register(Content(model="churn", params={"depth": depth}))
    registry.promote("churn:1")
    return registry


def row(**changes):
    settings = {
        "number": 1,
        "champion": 1,
        "challenger": 2,
        "salt": "s",
        "metrics": METRICS,
        "began_s": 0.0,
        "step_began_s": 0.0,
    }
    return Rollout(**settings | changes)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_place_is_a_number_from_0_to_1_that_the_key_alone_decides(salt, key):
    assert 0 <= place(salt, key) < 1
    assert place(salt, key) == place(salt, key)


def test_shares_are_kept_and_nested():
    keys = [f"user {i}" for i in range(20_000)]
    arms = {}
    for step, share in enumerate((0.01, 0.05, 0.25, 0.5)):
        chosen = [choose(row(shares=(share,)), 1, key).version == 2 for key in keys]
        arms[step] = np.array(chosen)
        sd = np.sqrt(share * (1 - share) / len(keys))
        assert abs(np.mean(chosen) - share) < 4 * sd
    for step in range(3):
        assert not (arms[step] & ~arms[step + 1]).any()  # who saw the challenger sees it again


def test_another_roll_out_shows_other_units_first():
    keys = [f"user {i}" for i in range(20_000)]
    first, second = (
        np.array([choose(row(salt=salt, shares=(0.1,)), 1, k).version == 2 for k in keys])
        for salt in ("a", "b")
    )
    assert abs((first & second).mean() - 0.01) < 0.003


def test_a_shadow_step_lets_the_champion_answer():
    choice = choose(row(shares=(0.0, 0.5)), 1, "user")
    assert (choice.version, choice.arm, choice.shadow) == (1, "champion", 2)


@pytest.mark.parametrize("state", ["promoted", "rolled back", "inconclusive", "invalid", "stopped"])
def test_a_roll_out_that_has_ended_leaves_all_units_to_the_champion(state):
    ended = replace(row(shares=(0.5,)), state=state)
    assert {choose(ended, 1, f"user {i}").version for i in range(50)} == {1}


def test_routers_agree_without_asking_each_other(registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    routers = [Router(Registry(registry.storage), "churn") for _ in range(3)]
    for i in range(100):
        assert len({router.choose(f"user {i}") for router in routers}) == 1


def test_without_a_champion_there_is_no_router(registry):
    registry.register(Content(model="new", params={}))
    with pytest.raises(RegistryError, match="no champion yet"):
        Router(registry, "new")


def test_a_registry_that_cannot_be_read_leaves_all_units_to_the_champion(registry, monkeypatch):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    assert {router.choose(f"user {i}").version for i in range(50)} == {1, 2}

    def fail(*_):
        raise StorageError("the disk is gone")

    monkeypatch.setattr(type(registry.storage), "changes", fail)
    router._read_s = -1e9
    assert {router.choose(f"user {i}").version for i in range(50)} == {1}


def test_outcomes_are_kept_while_the_registry_cannot_be_read(registry, monkeypatch):
    rollout = begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    router.expose("user", router.choose("user"))
    with monkeypatch.context() as away:

        def fail(*_):
            raise StorageError("the server is away")

        away.setattr(type(registry.storage), "changes", fail)
        router._read_s = -1e9
        assert router.choose("user").rollout == 0
        assert router.observe("user", {"conversion": 1})
    router._read_s = -1e9
    router.choose("another")
    router.flush()
    outcomes = read_outcomes(registry, "churn", rollout)
    assert outcomes.units[:, 1:].sum() == 1
    assert outcomes.of("conversion")[:, [1, 4]].sum() == 1


def test_a_decision_reads_the_registry_once_a_second_at_most(registry, monkeypatch):
    router = Router(registry, "churn")
    reads = []
    changes = type(registry.storage).changes
    monkeypatch.setattr(
        type(registry.storage), "changes", lambda *a: reads.append(1) or changes(*a)
    )
    monkeypatch.setattr("luthier.lifecycle.router.time.monotonic", lambda: 1000.0)
    for i in range(1000):
        router.choose(f"user {i}")
    assert len(reads) <= 2


def test_outcomes_join_their_units_by_the_key(registry):
    rollout = begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    expected = {"champion": 0, "challenger": 0}
    for i in range(100):
        choice = router.choose(f"user {i}")
        router.expose(f"user {i}", choice)
        expected[choice.arm] += 1
    for i in range(100):  # they come late
        assert router.observe(f"user {i}", {"conversion": i % 2, "delay": 0.5})
    router.flush()

    outcomes = read_outcomes(registry, "churn", rollout)
    assert outcomes.units.tolist() == [[0, expected["champion"], expected["challenger"]]]
    total = outcomes.of("delay").sum(axis=0)
    n = expected["champion"], expected["challenger"]
    assert total.tolist() == pytest.approx([0, n[0], n[0] / 2, n[0] / 4, n[1], n[1] / 2, n[1] / 4])
    assert outcomes.of("conversion")[:, [2, 5]].sum() == 50


def test_an_unknown_unit_and_a_second_outcome_do_not_count(registry):
    rollout = begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    choice = router.choose("user")
    for _ in range(3):  # a unit that comes again is one unit
        router.expose("user", choice)
    assert not router.observe("nobody", {"conversion": 1})
    assert router.observe("user", {"conversion": 1})
    assert not router.observe("user", {"conversion": 1})
    assert not router.observe("user", {"conversion": 1}, choice)
    router.flush()
    outcomes = read_outcomes(registry, "churn", rollout)
    assert outcomes.units[:, 1:].sum() == 1
    assert outcomes.of("conversion")[:, [1, 4]].sum() == 1


def test_another_process_observes_with_the_choice(registry):
    rollout = begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    front, labels = Router(registry, "churn"), Router(registry, "churn")
    choice = front.choose("user")
    front.expose("user", choice)
    labels.choose("anything")
    assert labels.observe("user", {"conversion": 1}, choice)
    for router in (front, labels):
        router.flush()
    outcomes = read_outcomes(registry, "churn", rollout)
    assert outcomes.units[:, 1:].sum() == 1
    assert outcomes.of("conversion")[:, [1, 4]].sum() == 1


def test_outcomes_of_an_earlier_roll_out_do_not_count(registry):
    from luthier.lifecycle import stop_rollout

    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    router.expose("user", router.choose("user"))
    stop_rollout(registry, "churn")
    second = begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router._read_s = -1e9
    router.choose("user")
    assert not router.observe("user", {"conversion": 1})
    router.flush()
    assert len(read_outcomes(registry, "churn", second).units) == 0


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ({"convesion": 1}, r"watches \['conversion', 'delay'\], not 'convesion'"),
        ({"conversion": 0.5}, "must be 0 or 1"),
        ({"delay": float("nan")}, "a finite number"),
    ],
)
def test_outcomes_that_cannot_be_are_refused(registry, outcomes, message):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    router.expose("user", router.choose("user"))
    with pytest.raises(LifecycleError, match=message):
        router.observe("user", outcomes)


def observe_many(router, users, value):
    for i in users:
        choice = router.choose(f"user {i}")
        router.expose(f"user {i}", choice)
        router.observe(f"user {i}", {"conversion": value(i)})


def test_outcomes_that_are_stored_at_once_stand_in_blocks_in_order_of_time(registry):
    rollout = begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    observe_many(router, range(120), lambda i: i >= 60)
    router.flush()
    blocks = read_outcomes(registry, "churn", rollout).of("conversion")
    assert blocks[:, [1, 4]].sum(axis=1).tolist() == [50, 50, 20]
    assert blocks[:, [2, 5]].sum(axis=1).tolist() == [0, 40, 20]


def test_what_could_not_be_stored_is_stored_by_the_next_call(registry, monkeypatch):
    rollout = begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    observe_many(router, range(70), lambda i: 0)
    with monkeypatch.context() as full:

        def fail(*_):
            raise StorageError("the disk is full")

        full.setattr(type(registry.storage), "add_trials", fail)
        with pytest.raises(StorageError):
            router.flush()
    observe_many(router, range(70, 80), lambda i: 1)
    router.flush()
    outcomes = read_outcomes(registry, "churn", rollout)
    assert outcomes.units[:, 1:].sum() == 80
    assert outcomes.of("conversion")[:, [2, 5]].sum(axis=1).tolist() == [0, 10]


def test_without_anything_new_nothing_is_stored(registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    router = Router(registry, "churn")
    router.choose("user")
    router.flush()
    assert [s.name for s in registry.storage.studies()] == ["model churn"]
    assert read_rollout(registry, "churn").state == "running"


def test_a_unit_without_any_outcome_is_refused(registry):
    router = Router(registry, "churn")
    with pytest.raises(LifecycleError, match="expected outcomes of user 1"):
        router.observe("user 1", {})
