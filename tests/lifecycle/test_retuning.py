"""Retuning: refit first, retune where that is not enough, and a person where nothing helps."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from luthier.errors import LifecycleError, RegistryError
from luthier.lifecycle import Gate, Measured, Metric, Policy, Retuner, Router, Trained
from luthier.lifecycle.retuning import State, read_row, resolve_incident
from luthier.registry import Content, Registry

METRIC = Metric(name="correct", margin=0.05)
YEAR = 365 * 86400.0
PASS = [Gate(name="quality", verdict="pass", because="fine")]


class World:
    """A model whose loss was .1 and is .3 now; what training gives is set by the test."""

    def __init__(self, registry, refit=0.12, retune=0.1, gates=PASS, metrics=()):
        self.registry = registry
        self.losses = {"refit": refit, "retune": retune}
        self.gates = gates
        self.metrics = metrics
        self.now = 0.3
        self.rows = 1000
        self.used = {}
        self.calls = []

    def measure(self):
        self.calls.append("measure")
        return Measured(self.now, 0.1, self.rows)

    def _train(self, how, params, n_trials=0):
        self.calls.append(how)
        if isinstance(self.losses[how], Exception):
            raise self.losses[how]
        version = self.registry.register(Content(model="churn", params=params))
        return Trained(version, self.losses[how], n_trials, **self.used)

    def refit(self):
        return self._train("refit", {"depth": 1, "data": "new"})

    def retune(self, n_trials, attempt):
        return self._train("retune", {"depth": 5, "data": "new"}, n_trials)

    def check(self, version):
        return self.gates


def begin_model(path):
    registry = Registry(path, actor="ada")
    registry.register(Content(model="churn", params={"depth": 1}))
    registry.promote("churn:1")
    return registry


@pytest.fixture
def registry(tmp_path):
    return begin_model(tmp_path / "models.db")


@pytest.fixture
def clock(registry, monkeypatch):
    """A list with the time that the storage's clock shows."""
    shown = [1.8e9]
    monkeypatch.setattr(registry.storage, "now", lambda: shown[0])
    return shown


def run(retuner, n=30):
    """Step until nothing changes any more, and return the states on the way."""
    states = [retuner.row.state]
    for _ in range(n):
        state = retuner.step().state
        if state == states[-1]:
            break
        states.append(state)
    return states


def test_a_refit_that_regains_enough_is_all_that_is_done(registry):
    world = World(registry, refit=0.15)
    retuner = Retuner(registry, "churn", world)
    assert retuner.suspect("harm: losses are larger")
    assert run(retuner) == ["suspect", "confirmed", "refit", "staged", "promoted", "ok"]
    assert registry.version("churn@champion").params == {"depth": 1, "data": "new"}
    assert "retune" not in world.calls


def test_the_model_is_retuned_where_a_refit_does_not_regain_half(registry):
    world = World(registry, refit=0.25, retune=0.12)
    retuner = Retuner(registry, "churn", world, Policy(n_trials=7))
    retuner.suspect("harm")
    assert "retune" in run(retuner)
    assert registry.version("churn@champion").params["depth"] == 5
    assert [spent.n_trials for spent in retuner.row.spent] == [0, 7]


def test_numbers_of_numpy_are_numbers(registry):
    world = World(registry, refit=np.float64(0.25), retune=np.float32(0.12))
    world.now, world.rows = np.float64(0.3), np.int64(1000)
    retuner = Retuner(registry, "churn", world, Policy(n_trials=np.int64(7)))
    retuner.suspect("harm")
    assert run(retuner)[-1] == State.OK
    assert retuner.row.failures == 0


@pytest.mark.parametrize("what", ["now", "refit", "retune"])
def test_a_loss_that_is_no_number_is_an_error_that_counts(registry, what):
    world = World(registry, refit=0.25)
    if what == "now":
        world.now = np.nan
    else:
        world.losses[what] = np.inf
    retuner = Retuner(registry, "churn", world)
    retuner.suspect("harm")
    for _ in range(2):
        with pytest.raises(LifecycleError, match=r"\(loss=...\) as a finite number, got"):
            run(retuner)
    assert retuner.row.state == State.OK
    assert retuner.row.failures == 1


def test_an_alarm_without_loss_ends_without_training(registry):
    world = World(registry)
    world.now = 0.09
    retuner = Retuner(registry, "churn", world)
    retuner.suspect("drift of age")
    assert run(retuner) == ["suspect", "ok"]
    assert world.calls == ["measure"]


def test_where_the_refit_is_better_than_the_retuning_it_is_taken(registry):
    retuner = Retuner(registry, "churn", World(registry, refit=0.25, retune=0.28))
    retuner.suspect("harm")
    run(retuner)
    assert registry.version("churn@champion").params == {"depth": 1, "data": "new"}


def test_a_version_that_fails_its_gates_is_not_promoted(registry):
    bad = [Gate(name="quality", verdict="fail", because="AUC .6")]
    retuner = Retuner(registry, "churn", World(registry, gates=bad))
    retuner.suspect("harm")
    run(retuner)
    assert registry.aliases("churn") == {"champion": 1}
    assert retuner.row.failures == 1
    assert "gates of churn:2: fail" in retuner.row.because


def test_two_failures_in_a_row_open_an_incident_for_a_person(registry):
    bad = [Gate(name="quality", verdict="fail", because="AUC .6")]
    retuner = Retuner(registry, "churn", World(registry, gates=bad), Policy(cooldown_s=0.0))
    for _ in range(2):
        assert retuner.suspect("harm")
        run(retuner)
    assert retuner.row.state == State.INCIDENT
    assert not retuner.suspect("harm")
    assert resolve_incident(registry, "churn", "looked at it").state == State.OK
    assert retuner.suspect("harm")


def test_after_an_attempt_the_next_one_waits(registry):
    retuner = Retuner(registry, "churn", World(registry), Policy(cooldown_s=3600.0))
    retuner.suspect("harm")
    run(retuner)
    assert not retuner.suspect("harm again")


def test_no_attempt_begins_while_one_runs(registry):
    retuner = Retuner(registry, "churn", World(registry))
    assert retuner.suspect("harm")
    assert not retuner.suspect("harm")
    assert retuner.row.attempt == 1


def test_a_month_has_its_number_of_trials(registry):
    policy = Policy(n_trials=10, trials_a_month=15, cooldown_s=0.0)
    world = World(registry, refit=0.25, retune=0.12)
    retuner = Retuner(registry, "churn", world, policy)
    for _ in range(2):
        retuner.suspect("harm")
        run(retuner)
    assert world.calls.count("retune") == 1
    assert world.calls.count("refit") == 2


@pytest.mark.parametrize(
    ("budget", "used", "said"),
    [
        ({"hours_a_month": 2.0}, {"seconds": 3600.0}, "3 of 2 hours of this month are spent"),
        ({"kwh_a_month": 0.5}, {"kwh": 0.3}, "0.9 of 0.5 kWh of this month are spent"),
    ],
)
def test_a_month_has_its_hours_and_its_energy(registry, budget, used, said):
    world = World(registry, refit=0.25, retune=0.12)
    world.used = used
    retuner = Retuner(registry, "churn", world, Policy(cooldown_s=0.0, **budget))
    for _ in range(2):
        retuner.suspect("harm")
        run(retuner)
    assert world.calls.count("refit") == 2
    assert world.calls.count("retune") == 1
    assert any(said in event.reason for event in registry.history("churn"))


@pytest.mark.parametrize("used", [{}, {"kwh": -1.0}, {"kwh": float("nan")}])
def test_a_budget_needs_to_know_what_was_used(registry, used):
    world = World(registry)
    world.used = used
    retuner = Retuner(registry, "churn", world, Policy(kwh_a_month=1.0))
    retuner.suspect("harm")
    with pytest.raises(LifecycleError, match=r"Trained\(kwh=...\) as a number >= 0"):
        run(retuner)


def test_a_retuning_that_costs_more_than_it_gains_is_not_run(registry):
    policy = Policy(value_a_day=1.0, trial_cost=10.0, horizon_days=30.0, n_trials=10)
    world = World(registry, refit=0.25)
    retuner = Retuner(registry, "churn", world, policy)
    retuner.suspect("harm")
    run(retuner)
    assert "retune" not in world.calls
    reasons = [e.reason for e in registry.history("churn") if e.subject == "retuning"]
    assert any("retuning costs 100 and may gain 4.5 at most" in reason for reason in reasons)


def test_an_error_is_tried_again_and_then_ends_the_attempt(registry):
    world = World(registry, refit=RuntimeError("no data"))
    retuner = Retuner(registry, "churn", world)
    retuner.suspect("harm")
    retuner.step()
    retuner.step()
    with pytest.raises(RuntimeError):
        retuner.step()
    assert retuner.row.state == State.REFIT
    with pytest.raises(RuntimeError):
        retuner.step()
    assert (retuner.row.state, retuner.row.failures) == (State.OK, 1)
    assert "RuntimeError: no data" in retuner.row.because


def test_a_schedule_and_grown_data_begin_an_attempt(registry, clock):
    world = World(registry)
    world.now = 0.1
    retuner = Retuner(registry, "churn", world, Policy(every_s=3600.0))
    clock[0] = registry.version("churn:1").created_s + 3599.0
    assert run(retuner) == ["ok"]
    clock[0] += 1.0
    assert run(retuner)[:4] == ["ok", "suspect", "confirmed", "refit"]

    other = Retuner(registry, "churn", world, Policy(growth=2.0, cooldown_s=0.0))
    run(other)
    world.rows = 1500
    assert other.step().state == State.OK
    world.rows = 2000
    assert other.step().state == State.SUSPECT
    assert "grown from 1000 to 2000 rows" in other.row.because


def test_two_processes_never_work_on_one_state(registry):
    mine = Retuner(registry, "churn", World(registry))
    theirs = Retuner(Registry(registry.storage), "churn", World(registry))
    mine.suspect("harm")
    mine.step()
    mine.step()
    seen = []
    train = mine.actions.refit

    def refit():
        seen.append(theirs.step().state)
        return train()

    mine.actions.refit = refit
    mine.step()
    assert seen == [State.REFIT]
    assert "refit" not in theirs.actions.calls
    assert mine.row.state == State.STAGED


def test_a_process_that_works_longer_than_its_lease_keeps_it(registry, clock):
    policy = Policy(lease_s=0.3)
    mine = Retuner(registry, "churn", World(registry), policy)
    theirs = Retuner(Registry(registry.storage), "churn", World(registry), policy)
    mine.suspect("harm")
    mine.step()
    mine.step()
    train = mine.actions.refit

    def count_claims():
        return sum(e.action == "claimed" for e in registry.history("churn"))

    def refit():
        for _ in range(4):
            n = count_claims()
            while count_claims() == n:  # until it is renewed
                time.sleep(0.01)
            clock[0] += 0.2
            assert theirs.step().state == State.REFIT
        return train()

    mine.actions.refit = refit
    assert mine.step().state == State.STAGED
    assert theirs.actions.calls == []


def test_a_silent_process_is_replaced_after_its_lease(registry):
    dead = Retuner(registry, "churn", World(registry), Policy(lease_s=0.05))
    dead.suspect("harm")
    dead.step()
    dead.step()
    dead.actions.losses["refit"] = KeyboardInterrupt()
    dead.actions.refit = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        dead.step()
    assert read_row(registry, "churn")[0].holder
    time.sleep(0.1)
    other = Retuner(registry, "churn", World(registry), Policy(lease_s=0.05))
    assert other.step().state == State.STAGED


@pytest.mark.parametrize("jump_s", [YEAR, -YEAR])
def test_a_clock_that_jumps_does_not_end_retuning(registry, clock, jump_s):
    policy = Policy(n_trials=10, trials_a_month=10)
    retuner = Retuner(registry, "churn", World(registry, refit=0.25), policy)
    retuner.suspect("harm")
    assert run(retuner)[-1] == State.OK
    assert not retuner.suspect("harm, in the cooldown")
    clock[0] += jump_s
    assert retuner.suspect("harm")
    assert "retune" in run(retuner)  # a month and its trials are over


def test_a_clock_that_goes_back_a_little_shortens_no_cooldown(registry, clock):
    retuner = Retuner(registry, "churn", World(registry), Policy(every_s=YEAR))
    retuner.suspect("harm")
    assert run(retuner)[-1] == State.OK
    clock[0] -= 3600.0
    assert not retuner.suspect("harm")
    assert retuner.step().state == State.OK


def test_a_lease_from_before_the_clock_was_set_back_is_over(registry, clock):
    dead = Retuner(registry, "churn", World(registry))
    dead.suspect("harm")
    dead.step()
    dead.step()
    dead.actions.refit = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        dead.step()
    other = Retuner(Registry(registry.storage), "churn", World(registry))
    assert other.step().state == State.REFIT
    clock[0] -= YEAR
    assert other.step().state == State.STAGED


def test_an_incident_that_is_not_open_is_not_closed(registry):
    with pytest.raises(LifecycleError, match="no incident of churn is open"):
        resolve_incident(registry, "churn", "x")


def test_a_staged_version_goes_through_shadow_and_canary(registry):
    world = World(registry, metrics=(METRIC,))
    quick = {"bake_s": 0.0, "min_units": 20, "shares": (0.0, 0.5)}
    retuner = Retuner(registry, "churn", world, rollout=quick)
    retuner.suspect("harm")
    rng = np.random.default_rng(1)
    states = []
    for _ in range(40):
        router = Router(registry, "churn")
        for _ in range(1000):
            key = str(rng.integers(2**62))
            choice = router.choose(key)
            router.expose(key, choice)
            if choice.shadow:
                router.observe_shadow({"correct": 1}, {"correct": 1})
            else:
                good = 0.9 if choice.arm == "challenger" else 0.7
                router.observe(key, {"correct": rng.random() < good})
        router.flush()
        state = retuner.step().state
        if not states or states[-1] != state:
            states.append(state)
        if state == State.OK:
            break
    assert states == ["confirmed", "refit", "staged", "shadow", "canary", "promoted", "ok"]
    assert registry.aliases("churn")["champion"] == 2


@pytest.mark.parametrize(
    ("rollout", "message"),
    [
        ({"share": (0.5,)}, r"a roll-out has no settings \['share'\], only \['shares', 'bake_s'"),
        ({"state": "promoted"}, r"has no settings \['state'\]"),
        ({"shares": (0.5, 0.1)}, "expected shares that rise"),
    ],
)
def test_settings_of_the_roll_out_are_checked_before_anything_is_trained(
    registry, rollout, message
):
    with pytest.raises(LifecycleError, match=message):
        Retuner(registry, "churn", World(registry), rollout=rollout)


def test_a_roll_out_that_cannot_be_advanced_is_stopped(registry, monkeypatch):
    world = World(registry, metrics=(METRIC,))
    retuner = Retuner(registry, "churn", world, rollout={"shares": (0.5,)})
    retuner.suspect("harm")
    assert run(retuner)[-1] == State.CANARY

    def fail(*_):
        raise RegistryError("the log of the outcomes is damaged")

    monkeypatch.setattr("luthier.lifecycle.rolling_out.read_outcomes", fail)
    for _ in range(2):
        with pytest.raises(RegistryError):
            retuner.step()
    assert (retuner.row.state, retuner.row.failures) == (State.OK, 1)
    assert registry.aliases("churn") == {"champion": 1}
    assert "damaged" in registry.record("churn", "rollout").reason


GOOD = ["suspect", "confirmed", "refit", "retune", "staged", "shadow", "canary", "promoted", "ok"]
BAD = [*GOOD[:-2], "rolled back", "ok"]
LATE = [*GOOD[:-3], "inconclusive", "ok"]
ROLLOUTS = {  # how good the challenger is beside the champion's .5, and the settings
    "good": (0.95, {"bake_s": 0.0, "min_units": 20, "shares": (0.0, 0.5)}),
    "bad": (0.05, {"bake_s": 0.0, "min_units": 20, "shares": (0.0, 0.5)}),
    "late": (0.95, {"bake_s": 0.0, "max_s": 0.0, "min_units": 10**9, "shares": (0.0, 0.5)}),
}


def live(registry, kind):
    """Take a model from an alarm to the end of the attempt, with users during the roll-out."""
    rate, rollout = ROLLOUTS[kind]
    world = World(registry, refit=0.25, metrics=(METRIC,))
    policy = Policy(lease_s=0.05)
    retuner = Retuner(registry, "churn", world, policy, rollout)
    if retuner.row.attempt == 0:
        retuner.suspect("harm")
    rng = np.random.default_rng(1)
    while retuner.row.state not in ("ok", "incident"):
        router = Router(registry, "churn")
        for _ in range(200 if retuner.row.state in ("shadow", "canary") else 0):
            key = str(rng.integers(2**62))
            choice = router.choose(key)
            router.expose(key, choice)
            p = rate if choice.arm == "challenger" else 0.5
            if choice.shadow:
                router.observe_shadow({"correct": 1}, {"correct": 1})
            elif choice.rollout:
                router.observe(key, {"correct": rng.random() < p})
        router.flush()
        retuner.step()


def live_and_die(path, kind, state, moment):
    """Live until the transition into a state, and die before it is written, or just after."""
    registry = Registry(path)
    note = registry.note

    def note_and_die(model, draft, *known, **named):
        is_it = draft.action.endswith(f"-> {state}")
        if is_it and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        event = note(model, draft, *known, **named)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    registry.note = note_and_die
    live(registry, kind)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "states", "killed_at"),
    [("good", GOOD, GOOD), ("bad", BAD, BAD[-2:]), ("late", LATE, LATE[-2:])],
    ids=["good", "bad", "late"],
)
def test_a_kill_at_each_transition_leaves_a_state_that_goes_on(
    tmp_path, kind, states, killed_at, moment
):
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([__name__])
    for number, state in enumerate(killed_at):
        path = tmp_path / str(number) / "models.db"
        path.parent.mkdir()
        registry = begin_model(path)
        process = forks.Process(target=live_and_die, args=(path, kind, state, moment))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert Registry(path).verify("churn") is None

        live(registry, kind)

        events = registry.history("churn")
        assert registry.verify("churn") is None
        moves = [e.action for e in events if e.subject == "retuning" and "->" in e.action]
        assert [move.split(" -> ")[1] for move in moves] == states  # none twice, none left out
        ends = [e.action for e in events if e.subject == "rollout"]
        assert (ends.count("began"), ends[-1]) == (1, states[-2])
        assert len(registry.versions("churn")) == 3
        assert registry.aliases("churn")["champion"] == (3 if kind == "good" else 1)
