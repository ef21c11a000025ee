"""Workers that begin trials of one study at the same time."""

import threading
from collections import Counter

import numpy as np
import pytest
from tests.support.servers import parameters, shared

import luthier
from luthier import Categorical, Float, Int, State
from luthier.samplers import Random
from luthier.schedulers.base import Next, Scheduler
from luthier.storages import from_url
from luthier.study import intake
from luthier.trial.record import Decision

SQUARE = {"a": Categorical(list("uvwxyz")), "b": Int(1, 6)}  # 36 points
N_POINTS = 36

# The space comes from the command line, and whoever is ready waits for the others.
WORKER = """
import sys, time
from pathlib import Path
import luthier

url, ready, n_workers, sampler, n_trials = sys.argv[1:]
study = luthier.load_study("s", url, sampler=sampler)
Path(ready).mkdir(exist_ok=True)
Path(ready, str(time.monotonic_ns())).touch()
while len(list(Path(ready).iterdir())) < int(n_workers):
    time.sleep(0.002)
study.optimize(lambda t: float(t.params["b"]), n_trials=int(n_trials) or None, progress=False)
"""


def begin_together(url, n_workers, n_trials, sampler="random", scheduler=None, **options):
    """Studies of their own in as many threads, all of which begin at the same time."""
    barrier = threading.Barrier(n_workers)
    errors = []

    def work():
        try:
            study = luthier.load_study("s", url, sampler=sampler, scheduler=scheduler)
            barrier.wait()
            study.optimize(lambda t: 0.0, n_trials=n_trials, progress=False, **options)
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=work) for _ in range(n_workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    return luthier.load_study("s", url).trials


def count_points(trials):
    return Counter(tuple(t.params.values()) for t in trials)


@pytest.mark.parametrize(
    "kind", parameters("sqlite", "postgresql", "mysql", "redis", slow=("postgresql", "mysql"))
)
def test_workers_on_a_grid_run_each_point_once_and_end(kind, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db" if kind == "sqlite" else shared(kind).fresh()
    luthier.create_study("s", url, space=SQUARE, seed=0)

    trials = begin_together(url, n_workers=6, n_trials=None, sampler="grid")

    assert len(trials) == len(count_points(trials)) == N_POINTS
    assert all(t.state == State.COMPLETE for t in trials)


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "n_trials"), [("grid", 0), ("qmc", 7), ("tpe", 7)])
def test_processes_in_a_finite_space_never_begin_a_point_twice(sampler, n_trials, tmp_path, script):
    url = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", url, space=SQUARE, seed=0)

    args = (url, tmp_path / "ready", 5, sampler, n_trials)
    processes = [script.start(WORKER, *args) for _ in range(5)]
    for process in processes:
        out, _ = process.communicate()
        assert process.returncode == 0, out

    trials = luthier.load_study("s", url).trials
    assert len(trials) == len(count_points(trials)) == (5 * n_trials or N_POINTS)


@pytest.mark.parametrize("sampler", ["auto", "tpe", "qmc", "gp", "forest", "evolution", "cmaes"])
def test_workers_that_begin_together_never_begin_points_alike(sampler, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", url, space={"x": Float(0, 1), "y": Float(0, 1)}, seed=0)

    trials = begin_together(url, n_workers=6, n_trials=3, sampler=sampler)

    points = {tuple(round(v, 6) for v in t.params.values()) for t in trials}
    assert len(points) == len(trials) == 18


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.parametrize("batch", [None, 4])
def test_a_total_is_kept_while_others_begin_trials(sampler, batch, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", url, space={"x": Float(0, 1)}, seed=0)
    study = luthier.load_study("s", url, sampler=sampler)
    other = luthier.load_study("s", url, sampler=sampler)

    def objective(trials):
        if len(other.trials) < 10:
            other.tell(other.ask(), 0.0)
            study.engine._replica.n_met = 1  # as if this were usual: several trials are offered
        return 0.0 if batch is None else [0.0] * len(trials)

    study.optimize(objective, total=10, batch=batch, progress=False)
    assert len(study.trials) == 10


class Failing(Random):
    """Its third proposal for a trial to come raises something."""

    def __init__(self, error):
        self.error = error
        self.n = 0

    def sample_ahead(self, space, history, number, rng):
        self.n += 1
        if self.n == 3:
            raise self.error
        return super().sample_ahead(space, history, number, rng)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), RuntimeError("no proposal")], ids=["interrupt", "error"]
)
def test_what_interrupts_the_next_proposal_costs_no_result(error, tmp_path):
    study = luthier.create_study(
        space={"x": Float(0, 1)}, storage=f"sqlite:///{tmp_path}/s.db", sampler=Failing(error)
    )
    study.optimize(lambda trial: trial.params["x"], n_trials=5, progress=False)
    n = 3 if isinstance(error, KeyboardInterrupt) else 5
    assert [row.state.name for row in study.trials] == ["COMPLETE"] * n


def test_a_trial_that_has_begun_is_held_before_another_run_may_give_it_back(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/s.db"
    study = luthier.create_study(space={"x": Float(0, 1)}, storage=url, sampler="random")
    turn_over = study.engine.turn_over

    def turn_and_give_back(*args, **options):
        turned = turn_over(*args, **options)
        study.engine.release_unnoted()  # as a run in another thread does that ends with an error
        return turned

    monkeypatch.setattr(study.engine, "turn_over", turn_and_give_back)
    study.optimize(lambda trial: trial.params["x"], n_trials=4, progress=False)
    assert [(row.state.name, row.token) for row in study.trials] == [("COMPLETE", 1)] * 4


class UpTo(Scheduler):
    """Lets so many trials begin."""

    def __init__(self, n_trials):
        self.n_trials = n_trials

    def decide(self, history, number):
        return Decision.CONTINUE

    def next(self, history):
        return Next.START if history.n < self.n_trials else Next.DONE


def test_a_scheduler_is_asked_again_once_another_worker_was_quicker(tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", url, space={"x": Float(0, 1)}, seed=0)
    for n in range(4, 20, 4):
        assert len(begin_together(url, n_workers=4, n_trials=None, scheduler=UpTo(n))) == n


class Rivals:
    """A sampler beside which other workers begin trials before its own comes to its turn.

    Args:
        url: Where the study lives.
        n: How many of its proposals another worker is quicker than.
        point: The point of another worker's trial, by the sampler's own.
    """

    def __init__(self, url, n, point):
        self.storage = from_url(url)
        self.id = self.storage.study("s").id
        self.n_left = n
        self.point = point

    def watch(self, study, monkeypatch):
        """Let a rival be quicker than each trial that the study is about to add."""
        storage = study.storage
        add = storage.add_trials

        def add_later(number, rows, expected=None, call=None):
            if self.n_left:
                self.n_left -= 1
                rival = luthier.TrialRow(
                    number=-1, state=State.RUNNING, params=self.point(rows[0].params), token=1
                )
                self.storage.add_trials(self.id, [rival])
            return add(number, rows, expected, call)

        monkeypatch.setattr(storage, "add_trials", add_later)


class Counting(Random):
    """Random search that counts its proposals, and knows no other point in `stubborn`."""

    def __init__(self, stubborn=False):
        self.n_made = 0
        self.stubborn = stubborn

    def sample(self, space, history, n, rng):
        self.n_made += 1
        if self.stubborn:
            return np.full((n, space.d), 0.5)
        return super().sample(space, history, n, rng)


def ask_beside_rivals(tmp_path, monkeypatch, sampler, n, point):
    url = f"sqlite:///{tmp_path}/s.db"
    study = luthier.create_study("s", url, space={"x": Float(0, 1)}, seed=0, sampler=sampler)
    Rivals(url, n, point).watch(study, monkeypatch)
    return study.ask(), study


def test_a_point_that_others_begin_first_is_given_up_however_often(tmp_path, monkeypatch):
    trial, study = ask_beside_rivals(tmp_path, monkeypatch, Counting(), 30, dict)
    xs = [row.params["x"] for row in study.trials]
    assert trial.number == 30
    assert len(set(xs)) == 31


class Pauses:
    """Pauses that are noted and not made."""

    def __init__(self):
        self.longest = []

    def uniform(self, low, high):
        self.longest.append(high)
        return 0.0


def test_a_worker_pauses_where_others_were_quicker_more_than_three_times(tmp_path, monkeypatch):
    pauses = Pauses()
    monkeypatch.setattr(intake, "_pauses", pauses)
    ask_beside_rivals(tmp_path, monkeypatch, Counting(), 30, dict)
    longest = pauses.longest
    assert len(longest) == 30 - 3
    assert longest == sorted(longest)
    assert 0 < longest[0] < longest[-1] == 0.005


def test_a_slow_sampler_keeps_its_point_while_others_begin_different_ones(tmp_path, monkeypatch):
    sampler = Counting()
    trial, _ = ask_beside_rivals(
        tmp_path, monkeypatch, sampler, 30, lambda own: {"x": (own["x"] + 0.5) % 1}
    )
    assert trial.number == 30
    assert sampler.n_made == 3


def test_a_sampler_that_wants_one_point_again_gets_it_beside_others(tmp_path, monkeypatch):
    trial, study = ask_beside_rivals(tmp_path, monkeypatch, Counting(stubborn=True), 5, dict)
    assert trial.number == 5
    assert {row.params["x"] for row in study.trials} == {0.5}
