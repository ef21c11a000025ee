"""A roll-out from its beginning to its end, in the registry."""

import multiprocessing
import os
import signal

import numpy as np
import pytest

from luthier.errors import LifecycleError, RegistryConflictError, RegistryError
from luthier.lifecycle import (
    Gate,
    Metric,
    Router,
    advance_rollout,
    begin_rollout,
    give_verdict,
    record_gates,
    stop_rollout,
)
from luthier.lifecycle.router import read_rollout
from luthier.registry import Content, Registry

METRICS = (Metric(name="conversion", margin=0.05),)
QUICK = {"bake_s": 0.0, "min_units": 50}


@pytest.fixture
def registry(tmp_path):
    """A registry whose version 1 is the champion, and which has versions 2 and 3."""
    registry = Registry(tmp_path / "models.db", actor="ada")
    for depth in (1, 2, 3):
        registry.register(Content(model="churn", params={"depth": depth}))
    registry.promote("churn:1")
    return registry


def serve(registry, rng, rate, n):
    """Serve n units, of which the challenger converts at `rate` and the champion at .5."""
    router = Router(registry, "churn")
    for _ in range(n):
        key = f"user {rng.integers(2**62)}"
        choice = router.choose(key)
        router.expose(key, choice)
        if choice.shadow:
            router.observe_shadow(
                {"conversion": rng.random() < 0.5}, {"conversion": rng.random() < rate}
            )
        else:
            p = rate if choice.arm == "challenger" else 0.5
            router.observe(key, {"conversion": rng.random() < p})
    router.flush()


def run(registry, rate, seed, n=4000):
    """Serve and advance until the roll-out has ended."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        serve(registry, rng, rate, n)
        rollout, decision = advance_rollout(registry, "churn")
        if rollout.state != "running":
            return rollout, decision
    raise AssertionError("it did not end")


def test_a_good_challenger_goes_from_shadow_to_champion(registry):
    begin_rollout(registry, "churn:2", METRICS, "better in the search", **QUICK)
    assert registry.aliases("churn") == {"champion": 1, "challenger": 2}
    rollout, _ = run(registry, 0.55, 1)
    assert rollout.state == "promoted"
    assert registry.aliases("churn") == {"champion": 2, "previous": 1}
    assert give_verdict(registry, "churn")["verdict"] == "success"
    assert Router(registry, "churn").choose("anybody").version == 2
    actions = [e.action for e in registry.history("churn") if e.subject == "rollout"]
    assert actions == ["began", "stepped", "stepped", "stepped", "stepped", "promoted"]
    assert registry.verify("churn") is None


def test_a_bad_challenger_is_rolled_back_with_the_reason(registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.25, 0.5), **QUICK)
    rollout, decision = run(registry, 0.3, 2)
    assert rollout.state == "rolled back"
    assert registry.aliases("churn") == {"champion": 1}
    assert give_verdict(registry, "churn")["verdict"] == "failure"
    assert "conversion is worse" in give_verdict(registry, "churn")["because"]
    assert decision.evidence


def test_settings_may_be_numbers_of_numpy(registry):
    metric = Metric(name="conversion", margin=np.float64(0.05))
    begin_rollout(registry, "churn:2", [metric], shares=tuple(np.array([0.0, 0.5])))
    assert read_rollout(registry, "churn").shares == (0.0, 0.5)


def test_one_roll_out_runs_at_a_time(registry):
    begin_rollout(registry, "churn:2", METRICS)
    with pytest.raises(LifecycleError, match="roll-out 1 of churn is running"):
        begin_rollout(registry, "churn:3", METRICS)
    stop_rollout(registry, "churn", "a mistake")
    assert give_verdict(registry, "churn")["verdict"] == "inconclusive"
    assert begin_rollout(registry, "churn:3", METRICS).number == 2


def test_the_champion_is_no_challenger(registry):
    with pytest.raises(LifecycleError, match="cannot be compared with itself"):
        begin_rollout(registry, "churn:1", METRICS)


BAD_GATE = Gate(name="quality", verdict="fail", because="AUC .6")


def test_a_version_that_has_not_passed_its_gates_is_not_rolled_out(registry):
    record_gates(registry, "churn:2", [BAD_GATE])
    with pytest.raises(RegistryError, match=r"not passed its gates \(fail\): quality: AUC .6"):
        begin_rollout(registry, "churn:2", METRICS)
    assert registry.aliases("churn") == {"champion": 1}


def test_gates_that_fail_during_a_roll_out_block_its_promotion(registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,), **QUICK)
    serve(registry, np.random.default_rng(8), 0.9, 2000)
    record_gates(registry, "churn:2", [BAD_GATE])
    rollout, decision = advance_rollout(registry, "churn")
    assert rollout.state == "rolled back"
    assert decision.because == "churn:2 has not passed its gates (fail): quality: AUC .6"
    assert registry.aliases("churn") == {"champion": 1}


def test_a_model_without_champion_has_nothing_to_compare_with(registry):
    registry.register(Content(model="new", params={}))
    with pytest.raises(RegistryError, match="no champion to compare with"):
        begin_rollout(registry, "new:1", METRICS)


def test_what_does_not_run_is_not_advanced(registry):
    for call in (advance_rollout, stop_rollout):
        with pytest.raises(LifecycleError, match="no roll-out of churn is running"):
            call(registry, "churn")
    with pytest.raises(LifecycleError, match="never had a roll-out"):
        give_verdict(registry, "churn")


@pytest.mark.parametrize("move", ["promote", "rollback"])
def test_a_champion_that_somebody_moved_answers_all_and_ends_the_roll_out(registry, move):
    registry.promote("churn:3")
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,), **QUICK)
    serve(registry, np.random.default_rng(3), 0.6, 6000)
    _ = registry.rollback("churn") if move == "rollback" else registry.promote("churn:1")
    router = Router(registry, "churn")
    assert {router.choose(f"user {i}").version for i in range(50)} == {1}
    rollout, decision = advance_rollout(registry, "churn")
    assert rollout.state == "invalid"
    assert decision.because.startswith("the champion is version 1 by now")
    assert registry.aliases("churn") == {"champion": 1, "previous": 3}


def test_of_two_that_advance_at_once_one_does(registry, monkeypatch):
    begin_rollout(registry, "churn:2", METRICS, **QUICK)
    serve(registry, np.random.default_rng(4), 0.5, 100)
    other = Registry(registry.storage, actor="bob")
    from luthier.lifecycle import rolling_out

    decide = rolling_out.decide

    def decide_late(*given):
        monkeypatch.setattr(rolling_out, "decide", decide)
        advance_rollout(other, "churn")
        return decide(*given)

    monkeypatch.setattr(rolling_out, "decide", decide_late)
    with pytest.raises(RegistryConflictError):
        advance_rollout(registry, "churn")
    assert read_rollout(registry, "churn").step == 1


def roll_back(registry):
    advance_rollout(registry, "churn")


def stop(registry):
    stop_rollout(registry, "churn")


def begin(registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,), **QUICK)


@pytest.mark.parametrize("mine", [roll_back, stop])
@pytest.mark.parametrize("theirs", [roll_back, stop])
def test_of_two_that_end_a_roll_out_at_once_one_does(registry, monkeypatch, mine, theirs):
    begin(registry)
    serve(registry, np.random.default_rng(6), 0.1, 1000)
    interrupt(monkeypatch, lambda: theirs(Registry(registry.storage, actor="bob")))
    with pytest.raises(RegistryConflictError):
        mine(registry)
    ended = [e for e in registry.history("churn") if e.subject == "rollout"][1:]
    assert [e.actor for e in ended] == ["bob"]


def test_of_two_that_begin_a_roll_out_at_once_one_does(registry, monkeypatch):
    registry.move("churn", {"challenger": 2})  # so that beginning moves no alias
    interrupt(monkeypatch, lambda: begin(Registry(registry.storage, actor="bob")))
    with pytest.raises(RegistryConflictError):
        begin(registry)
    begun = [e for e in registry.history("churn") if e.subject == "rollout"]
    assert [e.actor for e in begun] == ["bob"]


def interrupt(monkeypatch, act):
    """Let another process act once a roll-out was read, before anything is done with it."""
    from luthier.lifecycle import rolling_out

    find = rolling_out.find_rollout

    def find_and_wait(*given):
        monkeypatch.setattr(rolling_out, "find_rollout", find)
        found = find(*given)
        act()
        return found

    monkeypatch.setattr(rolling_out, "find_rollout", find_and_wait)


def test_outcomes_of_a_day_that_are_stored_at_once_are_judged_as_well(registry):
    begin(registry)
    serve(registry, np.random.default_rng(7), 0.3, 2000)  # one flush
    assert advance_rollout(registry, "churn")[0].state == "rolled back"


def advance_and_die(path, ready):
    """Advance for ever; the parent kills this process at some moment."""
    registry = Registry(path)
    rng = np.random.default_rng(os.getpid())
    while True:
        if read_rollout(registry, "churn").state != "running":
            begin_rollout(registry, "churn:2", METRICS, shares=(0.0, 0.5), **QUICK)
        serve(registry, rng, 0.2, 400)
        advance_rollout(registry, "churn")
        ready.set()


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_roll_out_that_goes_on(registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.0, 0.5), **QUICK)
    spawn = multiprocessing.get_context("spawn")
    rng = np.random.default_rng(5)
    for _ in range(3):
        ready = spawn.Event()
        worker = spawn.Process(
            target=advance_and_die,
            args=(registry.storage.file, ready),
        )
        worker.start()
        ready.wait()
        worker.join(float(rng.uniform(0, 0.3)))
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        fresh = Registry(registry.storage)
        assert fresh.verify("churn") is None
        rollout = read_rollout(fresh, "churn")
        assert ("challenger" in fresh.aliases("churn")) == (rollout.state == "running")
        if rollout.state == "running":
            advance_rollout(fresh, "churn")
