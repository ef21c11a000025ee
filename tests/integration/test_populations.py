"""Populations end to end.

What they find, that a replay gives exactly that, and that nothing killed changes it.
"""

import json
import logging
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from click.testing import CliRunner

import luthier
from luthier.cli import cli
from luthier.schedulers import PB2, PBT, Replay
from luthier.trial.record import State

SPACE = {"h0": luthier.Float(0, 1), "h1": luthier.Float(0, 1)}
N_STEPS = 100


def ascent(theta, h, rate=0.02):
    """A step up the surrogate 1.2 - h0 theta0^2 - h1 theta1^2.

    The objective is 1.2 - theta0^2 - theta1^2.
    """
    return [t - rate * 2 * hi * t for t, hi in zip(theta, h, strict=True)]


def true_value(theta):
    return 1.2 - sum(t * t for t in theta)


def quadratic(trial):
    """Jaderberg 2017, figure 2.

    Each learns one of the two only, so that no constant learns both.
    """
    theta = trial.checkpoint or [0.9, 0.9]
    for step in range(trial.step + 1, N_STEPS + 1):
        h0 = trial.suggest_float("h0", 0, 1)
        theta = ascent(theta, (h0, 1 - h0))
        trial.report(true_value(theta), step, checkpoint=theta)
        if trial.should_prune():
            raise luthier.TrialPruned
    return true_value(theta)


def turning(trial):
    """First one value of x pays, then another: the best schedule beats each constant."""
    total = trial.checkpoint or 0.0
    for step in range(trial.step + 1, N_STEPS + 1):
        x = trial.suggest_float("x", 0.01, 1, log=True)
        total += 1 - abs(x - (0.8 if step <= N_STEPS / 2 else 0.05))
        trial.report(total, step, checkpoint=total)
        if trial.should_prune():
            raise luthier.TrialPruned
    return total


def population(objective, scheduler, seed=0, **options):
    study = luthier.create_study(
        direction="maximize", sampler="QMC", scheduler=scheduler, seed=seed
    )
    study.optimize(objective, progress=False, **options)
    return study


def replayed(study, objective):
    again = luthier.create_study(direction="maximize", scheduler=Replay(PBT.schedule(study)))
    again.optimize(objective, progress=False)
    [trial] = again.trials
    return trial.value


@pytest.mark.parametrize("synchronous", [False, True])
def test_two_members_learn_what_no_constant_does(synchronous):
    def masked(trial):
        """As in the figure: h is (1, 0) or (0, 1), so a constant learns one half."""
        theta = trial.checkpoint or [0.9, 0.9]
        for step in range(trial.step + 1, N_STEPS + 1):
            theta = ascent(theta, trial.params["h"])
            trial.report(true_value(theta), step, checkpoint=theta)
            if trial.should_prune():
                raise luthier.TrialPruned
        return true_value(theta)

    space = {"h": luthier.Categorical([(1, 0), (0, 1)])}
    scheduler = PBT(4, 5, max_resource=N_STEPS, synchronous=synchronous, mutate=["h"])
    study = luthier.create_study(
        direction="maximize", space=space, sampler="Random", scheduler=scheduler, seed=2
    )
    study.optimize(masked, progress=False)
    grid = luthier.create_study(direction="maximize", space=space, sampler="Grid")
    grid.optimize(masked, n_trials=2, progress=False)
    assert grid.best_value < 0.4
    assert study.best_value > 1.1
    assert len(study.trials) == 4


@pytest.mark.parametrize(
    "scheduler", [PBT(8, 5, N_STEPS), PBT(8, 5, N_STEPS, synchronous=True), PB2(8, 10, N_STEPS)]
)
def test_a_schedule_beats_every_constant(scheduler):
    best = max(
        sum(1 - abs(x - (0.8 if s <= 50 else 0.05)) for s in range(1, 101))
        for x in np.linspace(0.01, 1, 100)
    )
    study = population(turning, scheduler)
    assert study.best_value > best + 5
    assert len(PBT.schedule(study)) > 3
    assert replayed(study, turning) == study.best_value


@pytest.mark.parametrize("n_workers", [1, 3, 8])
def test_threads_share_a_population(n_workers):
    scheduler = PBT(5, 10, synchronous=n_workers == 3)
    with ThreadPoolExecutor(n_workers) as executor:
        study = population(quadratic, scheduler, executor=executor, n_jobs=n_workers)
    assert [r.state for r in study.trials] == [State.COMPLETE] * 5
    assert replayed(study, quadratic) == study.best_value


def test_synchronous_populations_are_the_same_whatever_the_workers():
    def trials(**options):
        study = luthier.create_study(
            space=SPACE,
            direction="maximize",
            sampler="Random",
            scheduler=PBT(5, 10, synchronous=True),
            seed=4,
        )
        study.optimize(quadratic, progress=False, **options)
        turns = [[(t.step, t.params, t.source) for t in r.turns] for r in study.trials]
        return turns, [(r.values, r.reports) for r in study.trials]

    with ThreadPoolExecutor(3) as executor:
        assert trials() == trials(executor=executor, n_jobs=3)


def test_the_budget_bounds_the_population():
    study = population(quadratic, PBT(20, 10), n_trials=3)
    assert [r.state for r in study.trials] == [State.COMPLETE] * 3
    study = population(quadratic, PBT(20, 10, synchronous=True), n_trials=3)
    assert [r.state for r in study.trials] == [State.COMPLETE] * 3


def test_a_space_that_is_used_up_bounds_the_population():
    def objective(trial):
        theta = trial.checkpoint or 0.0
        for step in range(trial.step + 1, 11):
            theta += trial.params["x"]
            trial.report(theta, step, checkpoint=theta)
            if trial.should_prune():
                raise luthier.TrialPruned
        return theta

    space = {"x": luthier.Int(1, 3)}
    study = luthier.create_study(
        space=space, sampler="Grid", scheduler=PBT(10, 5, synchronous=True)
    )
    study.optimize(objective, progress=False)
    assert [r.state for r in study.trials] == [State.COMPLETE] * 3


def test_enqueued_members_belong_to_it_and_failures_shrink_it():
    def objective(trial):
        if trial.suggest_float("h0", 0, 1) == 0.25 and trial.step >= 20:
            raise ArithmeticError
        return quadratic(trial)

    study = luthier.create_study(
        direction="maximize", scheduler=PBT(4, 10, synchronous=True), seed=0, sampler="Random"
    )
    study.enqueue({"h0": 0.25})
    study.enqueue({"h0": 0.5})
    study.optimize(objective, progress=False, catch=ArithmeticError)
    states = [r.state for r in study.trials]
    assert len(states) == 4
    assert set(states) <= {State.COMPLETE, State.FAILED}
    assert states.count(State.COMPLETE) >= 3


def test_several_objectives():
    def objective(trial):
        a = trial.checkpoint or 0.0
        for step in range(trial.step + 1, 21):
            a += trial.params["x"]
            trial.report((a, (a - 5) ** 2), step, checkpoint=a)
            if trial.should_prune():
                raise luthier.TrialPruned
        return a, (a - 5) ** 2

    study = luthier.create_study(
        objectives=["maximize", "minimize"],
        space={"x": luthier.Float(0, 1)},
        sampler="QMC",
        scheduler=PBT(6, 5),
    )
    study.optimize(objective, progress=False)
    assert [r.state for r in study.trials] == [State.COMPLETE] * 6
    assert any(t.source is not None for r in study.trials for t in r.turns)
    assert PBT.schedule(study, study.best_trials[0].number)[0]


@pytest.mark.parametrize("scheduler", [PBT, PB2])
@pytest.mark.parametrize("every", [1, 2, 7, 30, 99])
def test_the_schedule_says_what_members_were_trained_with(every, scheduler):
    """Whatever the steps at which checkpoints are made, judged every 5: the last of all is 30."""
    trained = {}

    def objective(trial):
        saved = trial.checkpoint or {"params": []}
        params = [list(pair) for pair in saved["params"]]
        for step in range(int(trial.step) + 1, 31):
            params.append([step, trial.params["rate"]])
            checkpoint = {"params": params} if step % every == 0 else None
            trial.report(trial.params["rate"] * (31 - step), step, checkpoint=checkpoint)
            if trial.should_prune():
                raise luthier.TrialPruned
        trained[trial.number] = params
        return trial.params["rate"]

    n_copied = 0
    for seed in range(2):
        trained.clear()
        study = luthier.create_study(
            space={"rate": luthier.Float(1e-4, 1e-1, scale="log")},
            scheduler=scheduler(population_size=6, interval=5, max_resource=30),
            sampler="random",
            seed=seed,
        )
        study.optimize(objective, progress=False)
        assert len(trained) == 6
        for number, params in trained.items():
            schedule = PBT.schedule(study, number)
            said = [[step, schedule[max(s for s in schedule if s < step)]] for step, _ in params]
            assert [[step, p["rate"]] for step, p in said] == params
        n_copied += sum(t.source is not None for row in study.trials for t in row.turns)
    assert (n_copied > 0) == (every < 30)


def test_without_checkpoints_it_says_what_to_do(caplog):
    def objective(trial):
        for step in range(1, 21):
            trial.report(trial.params["h0"], step)
            if trial.should_prune():
                raise luthier.TrialPruned
        return trial.params["h0"]

    with caplog.at_level(logging.WARNING, "luthier"):
        study = luthier.create_study(space=SPACE, scheduler=PBT(4, 5), sampler="QMC")
        study.optimize(objective, progress=False)
    assert [r.state for r in study.trials] == [State.COMPLETE] * 4
    assert caplog.text.count("call trial.report(value, step, checkpoint=...)") == 1


def test_ask_and_tell():
    study = luthier.create_study(space=SPACE, scheduler=PBT(2, 5, synchronous=True), sampler="QMC")
    n = 0
    while True:
        try:
            trial = study.ask()
        except luthier.errors.NothingToAskError:
            break
        n += 1
        at = trial.step
        for step in range(at + 1, 11):
            trial.report(trial.params["h0"] * step, step, checkpoint=step)
            if trial.should_prune():
                study.tell(trial, state="pruned")
                break
        else:
            study.tell(trial, trial.params["h0"])
    assert [r.state for r in study.trials] == [State.COMPLETE] * 2
    assert n == 6


# -- the command line
# -------------------------------------------------------------------------------------------------

TRAIN = """
import luthier

def objective(trial):
    total = trial.checkpoint or 0.0
    for step in range(trial.step + 1, 21):
        x = trial.suggest_float("x", 0, 1)
        total += 1 - abs(x - step / 20)
        trial.report(total, step, checkpoint=total)
        if trial.should_prune():
            raise luthier.TrialPruned
    return total
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUTHIER_STORAGE", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "rise.py").write_text(TRAIN)

    def run(*args, status=0):
        result = CliRunner().invoke(cli, [*map(str, args)], prog_name="luthier")
        assert result.exit_code == status, (result.output, result.exception)
        return result

    yield run
    sys.modules.pop("rise", None)


def test_a_schedule_is_shown_and_replayed(call, tmp_path):
    run = ["run", "rise.py:objective", "--direction", "maximize"]
    call(*run, "--scheduler", "pbt", "--trials", 6, "--seed", 1)
    path = tmp_path / "path.json"
    path.write_text(call("show", "rise", "--schedule").stdout)
    assert next(iter(json.loads(path.read_text()))) == "0"
    call(*run, "--replay", path)
    best, again = (luthier.load_study(name, "luthier.db") for name in ("rise", "rise-replay"))
    assert len(best.trials) == 6
    assert len(PBT.schedule(best)) > 1
    assert [r.value for r in again.trials] == [best.best_value]


def test_wrong_replays_are_said(call, tmp_path):
    run = ["run", "rise.py:objective", "--replay"]
    assert "No such file" in call(*run, "none.json", status=1).output
    path = tmp_path / "path.json"
    path.write_text("{")
    assert "--replay" in call(*run, path, status=2).output
    path.write_text('{"5": {"x": 1}}')
    assert "starts at step 0" in call(*run, path, status=2).output
    path.write_text('{"0": {"x": 1}}')
    assert "leave out --scheduler" in call(*run, path, "--scheduler", "pbt", status=2).output
    call("run", "rise.py:objective", "--trials", 2)
    assert "this one has 2 trials" in call(*run, path, "--name", "rise", status=1).output


# -- kills
# ----------------------------------------------------------------------------------------------

SCRIPT = """
    import sys, time
    import numpy as np
    import luthier
    from luthier.schedulers import PBT

    synchronous, files, nap_s = sys.argv[1] == "1", sys.argv[2] == "1", float(sys.argv[3])

    def objective(trial):
        saved = trial.checkpoint
        theta = 1.0 if saved is None else float(np.ravel(saved["theta"])[0])
        for step in range(trial.step + 1, 25):
            time.sleep(nap_s)
            theta = theta * (1 - 0.1 * trial.params["x"]) + 0.01 * trial.params["k"]
            trial.report(theta, step, checkpoint={"theta": np.array([theta]) if files else theta})
            if trial.should_prune():
                raise luthier.TrialPruned
        return theta

    study = luthier.create_study(
        "s", "sqlite:///a.db?lease_s=1&max_retries=30",
        sampler="Random", load_if_exists=True, seed=5,
        space={"x": luthier.Float(0, 1), "k": luthier.Int(0, 9)},
        scheduler=PBT(5, interval=4, quantile=0.4, synchronous=synchronous),
    )
    study.optimize(objective, n_jobs=2, progress=False)
"""


def trained(rows, number, step):
    """What a member had come to with its report at a step, by its lineage."""
    row = rows[number]
    if step is None:  # in the end, where it may just have copied another
        step = 24
        if row.turns and row.turns[-1].step == step and row.turns[-1].source is not None:
            return trained(rows, row.turns[-1].source, step)
    turns = [t for t in row.turns if t.step < step]
    if turns:
        begin, params = int(turns[-1].step), turns[-1].params
        source = number if turns[-1].source is None else turns[-1].source
        theta = trained(rows, source, begin) if begin else 1.0
    else:
        begin = 0
        params = row.turns[0].params if row.turns else row.params
        theta = 1.0
    for _ in range(begin, int(step)):
        theta = theta * (1 - 0.1 * params["x"]) + 0.01 * params["k"]
    return theta


def all_is_as_its_lineage_says(rows):
    assert [(r.number, r.state) for r in rows] == [(i, State.COMPLETE) for i in range(5)]
    for row in rows:
        assert row.values == (trained(rows, row.number, None),)
        assert all(value == trained(rows, row.number, step) for step, value in row.reports)
        assert [t.step for t in row.turns] == sorted(t.step for t in row.turns)
        # no step is missing between two turns, but those that a copy leapt over
        steps = {int(step) for step, _ in row.reports}
        begins = [0, *(int(t.step) for t in row.turns), None]
        for i, begin in enumerate(begins[:-1]):
            following = None if begins[i + 1] is None else row.turns[i]
            there = [
                s
                for s in sorted(steps)
                if begin < s <= (24 if following is None else following.step)
            ]
            assert there == list(range(begin + 1, begin + 1 + len(there)))
            if following is None or following.source is None:
                assert len(there) == (24 if following is None else int(following.step)) - begin


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize(("synchronous", "files", "seed"), [(0, 0, 0), (1, 1, 1), (0, 0, 2)])
def test_whatever_is_killed_the_population_goes_on(
    script, tmp_path, eventually, synchronous, files, seed
):
    def n_reports():
        try:
            study = luthier.load_study("s", str(tmp_path / "a.db"))
        except luthier.LuthierError:
            return 0
        return sum(len(row.reports) for row in study.trials)

    rng = random.Random(seed)
    for kill in range(4):
        before = n_reports()
        process = script.start(SCRIPT, synchronous, files, 0.08)
        assert eventually(lambda before=before: n_reports() > before)
        time.sleep(rng.uniform(0.2, 1.4))
        if kill % 2 and (workers := [p for p in script.alive() if p.pid != process.pid]):
            rng.choice(workers).kill()  # one of its workers first
            time.sleep(rng.uniform(0, 0.3))
        process.kill()
        process.wait()
        assert script.all_end()
    time.sleep(1.1)  # leases run out
    script(SCRIPT, synchronous, files, 0.0)
    study = luthier.load_study("s", str(tmp_path / "a.db"))
    rows = study.trials
    all_is_as_its_lineage_says(rows)
    assert any(t.source is not None for r in rows for t in r.turns)
    path = PBT.schedule(study)
    theta = 1.0
    for step in range(24):
        params = path[max(s for s in path if s <= step)]
        theta = theta * (1 - 0.1 * params["x"]) + 0.01 * params["k"]
    assert theta == study.best_value
    resumed = sum(t.step > 0 for r in rows for t in r.turns)
    assert sum(r.token for r in rows) > 5 + resumed  # some were taken up again after a kill
