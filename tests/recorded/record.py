"""Recorded behaviour: small studies with a fixed seed, and what came of them.

`python tests/recorded/record.py` runs them all and writes recorded.json; `test_recorded.py` runs
them again and compares. Only public names are used, and no texts of messages are recorded, so that
a change of structure or wording leaves the file as it is. Record anew only where a proposal or a
decision is meant to change.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow, samplers, schedulers, stopping

FILE = Path(__file__).with_name("recorded.json")
DIGITS = 12  # significant digits of a recorded float

LOSS = {"loss": "minimize"}
SCORE = {"score": "maximize"}
TWO = {"error": "minimize", "speed": "maximize"}
THREE = {"a": "minimize", "b": "maximize", "c": "minimize"}

# -- spaces ----------------------------------------------------------------------------------------


def mixed_space() -> Space:
    """Parameters of every kind: scales, steps, order, conditions two levels deep, a constraint."""
    return Space(
        {
            "rate": Float(1e-4, 1.0, scale="log"),
            "momentum": Float(0.5, 0.999, scale="reverse_log"),
            "units": Int(1, 200, scale="log"),
            "layers": Int(1, 5),
            "dropout": Float(0.0, 0.5, step=0.1),
            "size": Categorical(["s", "m", "l"], ordered=True),
            "model": ["tree", "svm", "net"],
            "depth": Int(2, 12, when={"model": "tree"}),
            "kernel": Categorical(["rbf", "poly"], when={"model": "svm"}),
            "degree": Int(2, 5, when={"kernel": "poly"}),
        },
        constraints=["units * layers <= 600"],
    )


def prior_space() -> Space:
    """Parameters with defaults and beliefs."""
    return Space(
        {
            "x": Float(0.0, 1.0, default=0.25),
            "rate": Float(1e-5, 1.0, scale="log", prior=(1e-2, 0.1)),
            "k": Int(0, 20, prior=5),
            "optimizer": Categorical(["adam", "sgd", "lion"], prior={"adam": 0.7, "sgd": 0.3}),
        }
    )


def real_space(d: int) -> Space:
    """A cube of real numbers."""
    return Space({f"x{i}": Float(-2.0, 2.0) for i in range(d)})


def finite_space() -> Space:
    """A space of 30 points, of which a constraint and a condition leave fewer."""
    return Space(
        {"m": ["a", "b"], "k": Int(1, 5, when={"m": "a"}), "z": [True, False], "o": Int(0, 2)},
        constraints=["o != 1 or z"],
    )


# -- objectives ------------------------------------------------------------------------------------


def mixed_loss(params: dict[str, Any]) -> float:
    """A loss over `mixed_space`, in which every parameter matters."""
    loss = (math.log10(params["rate"]) + 2) ** 2 / 4 + abs(params["momentum"] - 0.9)
    loss += (math.log(params["units"]) - 3) ** 2 / 8 + 0.1 * abs(params["layers"] - 3)
    loss += params["dropout"] + {"s": 0.3, "m": 0.0, "l": 0.2}[params["size"]]
    if params["model"] == "tree":
        return loss + 0.4 + 0.05 * abs(params["depth"] - 7)
    if params["model"] == "svm":
        return loss + (0.2 if params["kernel"] == "rbf" else 0.1 * params["degree"])
    return loss + 0.3


def mixed_objective(trial: luthier.Trial) -> float:
    """`mixed_loss`, where some trials fail and some are pruned."""
    params = trial.params
    if trial.number % 9 == 8:
        raise ValueError("this trial fails")
    loss = mixed_loss(params)
    if trial.number % 7 == 6:
        trial.report(loss + 1.0, 1)
        trial.report(loss + 0.5, 2)
        raise luthier.TrialPruned
    return loss


def discovering_objective(trial: luthier.Trial) -> float:
    """An objective that shows its parameters by asking for them."""
    x = trial.suggest_float("x", -3.0, 3.0)
    rate = trial.suggest_float("rate", 1e-5, 1.0, log=True)
    kind = trial.suggest_categorical("kind", ["linear", "curved"])
    loss = (x - 1) ** 2 + (math.log10(rate) + 3) ** 2 / 3
    if kind == "curved":
        loss += 0.2 * abs(trial.suggest_int("power", 1, 6) - 2)
    if trial.number >= 10:  # a parameter that is new in the middle of a study
        loss += abs(trial.suggest_float("late", 0.0, 1.0, step=0.25) - 0.5)
    return loss


def rosenbrock(trial: luthier.Trial) -> float:
    """Minus Rosenbrock's function, to be maximized."""
    x = list(trial.params.values())
    return -sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def prior_objective(trial: luthier.Trial) -> float:
    """A loss over `prior_space`, with a cost that depends on a parameter."""
    p = trial.params
    trial.set_cost(1.0 + p["k"])
    loss = (p["x"] - 0.6) ** 2 + (math.log10(p["rate"]) + 1.5) ** 2 / 5 + 0.02 * abs(p["k"] - 8)
    return loss + {"adam": 0.0, "sgd": 0.1, "lion": 0.05}[p["optimizer"]]


def finite_objective(trial: luthier.Trial) -> float:
    """A loss over `finite_space`."""
    p = trial.params
    return p["o"] + (0.5 * p["k"] if p["m"] == "a" else 1.7) - 0.3 * p["z"]


def constrained_objective(trial: luthier.Trial) -> float:
    """A sum to minimize where a product is bounded from below; it crashes in a corner."""
    x = list(trial.params.values())
    trial.set_constraint("product", 0.5 - x[0] * x[1])
    if trial.number % 3:  # noted by some trials only
        trial.set_constraint("third", x[2] - 1.0)
    if x[2] < -1.5:
        raise MemoryError("this trial crashes")
    return sum(v + v * v for v in x)


def two_objective(trial: luthier.Trial) -> dict[str, float]:
    """Two objectives over `mixed_space`, with a constraint; some trials fail."""
    p = trial.params
    trial.set_constraint("units", p["units"] - 150)
    if trial.number % 10 == 9:
        raise ValueError("this trial fails")
    return {"error": mixed_loss(p), "speed": 100 / (1 + p["units"] * p["layers"])}


def three_objective(trial: luthier.Trial) -> list[float]:
    """Three objectives over `real_space(3)`."""
    x, y, z = trial.params.values()
    return [x * x + y * y, -((x - 1) ** 2) - z * z, (y - 1) ** 2 + (z + 1) ** 2]


def curve(rate: float, width: float, step: float) -> float:
    """The loss of a training after so many steps; curves of different rates cross."""
    floor = 0.1 + 0.2 * abs(math.log10(rate) + 1.5) + 0.05 * (width - 2) ** 2
    return floor + math.exp(-5 * rate * step - 0.02 * step)


def training(trial: luthier.Trial, sign: float = 1.0, last: int = 27, saves: bool = True) -> float:
    """A training of `last` epochs that reports, leaves checkpoints and asks whether to go on."""
    rate = trial.suggest_float("rate", 1e-3, 1.0, log=True)
    width = trial.suggest_int("width", 1, 4)
    trial.suggest_categorical("kind", ["a", "b"])
    value = math.nan if trial.checkpoint is None else float(trial.checkpoint["value"])
    for epoch in range(int(trial.step) + 1, last + 1):
        value = sign * (curve(rate, width, epoch) + 0.02 * math.sin(7 * trial.number + epoch))
        state = {"value": np.array(value), "epoch": epoch}
        trial.report(value, epoch, checkpoint=state if saves else None)
        if trial.should_prune():
            raise luthier.TrialPruned
        if trial.number == 11 and epoch == 4:
            raise ValueError("this trial fails in the middle")
    return value


def population_training(trial: luthier.Trial, sign: float = 1.0) -> float:
    """A training whose progress depends on the params of the moment, as populations need it."""
    state = trial.checkpoint
    loss = 3.0 if state is None else float(state["loss"])
    params = trial.params
    for epoch in range(int(trial.step) + 1, 31):
        distance = abs(math.log10(params["rate"]) + 2 - epoch / 30)
        loss -= 0.1 * loss * (1 - distance / 3) * (0.5 + params["k"] / 20)
        loss += 0.02 * (params["c"] == "b")
        trial.report(sign * loss, epoch, checkpoint={"loss": loss})
        if trial.should_prune():
            raise luthier.TrialPruned
    return sign * loss


def two_training(trial: luthier.Trial) -> list[float]:
    """A training that reports two objectives."""
    rate, width = trial.params["rate"], trial.params["width"]
    values = [math.inf, 0.0]
    for epoch in range(int(trial.step) + 1, 10):
        values = [curve(rate, width, epoch), 1.0 / (width + 0.1 * epoch)]
        trial.report(values, epoch, checkpoint={"epoch": epoch})
        if trial.should_prune():
            raise luthier.TrialPruned
    return values if math.isfinite(values[0]) else [curve(rate, width, 9), 1.0 / (width + 0.9)]


# -- what is recorded ------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value in JSON's types; floats with 12 digits, those that are not finite as text."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else str(float(value))
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def turns_of(row: TrialRow) -> list[Any]:
    """Step, params and checkpoint's owner of each turn of a trial after a pause."""
    return [[turn.step, turn.params, turn.source] for turn in row.turns]


def recorded(study: luthier.Study, **more: Any) -> dict[str, Any]:
    """All trials of a study, without times, and more results beside them."""
    trials = []
    for row in study.trials:
        trial: dict[str, Any] = {
            "state": row.state.name,
            "params": row.params,
            "values": row.values,
        }
        if row.reports:
            trial |= {"steps": [s for s, _ in row.reports], "reports": [v for _, v in row.reports]}
        trial |= {"turns": turns_of(row)} if row.turns else {}
        trial |= {"constraints": row.constraints} if row.constraints else {}
        trial |= {"cost": row.cost} if row.cost is not None else {}
        trial |= {"tags": row.tags} if row.tags else {}
        trials.append(trial)
    best = [row.number for row in study.best_trials]
    found = plain({"trials": trials, "best": best, **more})
    assert isinstance(found, dict)
    return found


# -- studies of samplers ---------------------------------------------------------------------------

Made = Callable[[], samplers.Sampler]
ONE_OBJECTIVE: dict[str, Made] = {
    "Auto": samplers.Auto,
    "BOHB": samplers.BOHB,
    "CMAES": samplers.CMAES,
    "DE": partial(samplers.DE, 6),
    "DEHB": samplers.DEHB,
    "Evolution": partial(samplers.Evolution, 10, 4, 5),
    "Forest": samplers.Forest,
    "GP": samplers.GP,
    "QMC": samplers.QMC,
    "Random": samplers.Random,
    "TPE": samplers.TPE,
}
SEVERAL: dict[str, Made] = {
    "Auto": samplers.Auto,
    "Evolution": partial(samplers.Evolution, 10, 4, 5),
    "GP": samplers.GP,
    "NSGA2": partial(samplers.NSGA2, 6),
    "NSGA3": partial(samplers.NSGA3, 6),
    "QMC": samplers.QMC,
    "Random": samplers.Random,
    "TPE": samplers.TPE,
}
OPTIONS: dict[str, Made] = {
    "CMAES-bipop": partial(samplers.CMAES, restarts="bipop", population_size=4),
    "CMAES-lr_adapt": partial(samplers.CMAES, lr_adapt=True, population_size=5),
    "DE-default": samplers.DE,
    "Evolution-default": samplers.Evolution,
    "Forest-small": partial(samplers.Forest, n_startup_trials=4, n_trees=8, random_share=0.3),
    "GP-noiseless": partial(samplers.GP, noise=0.0),
    "GP-warped": partial(samplers.GP, n_startup_trials=5, warp_inputs=True),
    "QMC-seeded": partial(samplers.QMC, seed=5),
    "TPE-wide": partial(samplers.TPE, n_startup_trials=4, gamma=0.3, n_candidates=16),
}


def mixed(make: Made) -> dict[str, Any]:
    """One objective over a mixed declared space, with failures, pruned trials and enqueued ones."""
    study = luthier.create_study(objectives=LOSS, space=mixed_space(), sampler=make(), seed=1)
    study.enqueue({"rate": 0.01, "model": "svm", "kernel": "poly"}, tags={"from": "user"})
    study.optimize(mixed_objective, n_trials=20, catch=ValueError)
    study.enqueue({"rate": 0.02, "size": "m"})
    study.optimize(mixed_objective, n_trials=10, catch=ValueError)
    return recorded(study)


def real(make: Made) -> dict[str, Any]:
    """A maximization over real numbers."""
    study = luthier.create_study(objectives=SCORE, space=real_space(3), sampler=make(), seed=2)
    study.optimize(rosenbrock, n_trials=40)
    return recorded(study)


def discovered(make: Made) -> dict[str, Any]:
    """A space that the objective shows by its suggest calls."""
    study = luthier.create_study(objectives=LOSS, sampler=make(), seed=3)
    study.enqueue({"x": 0.5, "kind": "curved"})
    study.optimize(discovering_objective, n_trials=30)
    return recorded(study, space=list(study.space.names))


def with_priors(make: Made) -> dict[str, Any]:
    """Declared defaults, beliefs and costs."""
    study = luthier.create_study(objectives=LOSS, space=prior_space(), sampler=make(), seed=4)
    study.optimize(prior_objective, n_trials=25)
    return recorded(study)


def finite(make: Made) -> dict[str, Any]:
    """A finite space; a grid goes through all of it."""
    study = luthier.create_study(objectives=LOSS, space=finite_space(), sampler=make(), seed=5)
    study.optimize(finite_objective, n_trials=None if type(make()) is samplers.Grid else 20)
    return recorded(study)


def constrained(make: Made) -> dict[str, Any]:
    """Constraints on results, and crashes that count as breaches of one."""
    study = luthier.create_study(
        objectives=LOSS, space=real_space(3), sampler=make(), seed=6, catch_as="infeasible"
    )
    study.optimize(constrained_objective, n_trials=28, catch=MemoryError)
    return recorded(study)


def in_parallel(make: Made, objectives: dict[str, str]) -> dict[str, Any]:
    """Asked for four trials at a time, and told them in another order."""
    study = luthier.create_study(objectives=objectives, space=mixed_space(), sampler=make(), seed=7)
    for batch in range(6):
        asked = [study.ask() for _ in range(4)]
        for i in np.random.default_rng(batch).permutation(4):
            loss = mixed_loss(asked[i].params)
            if batch == 2 and i == 1:
                study.tell(asked[i], state="failed")
            else:
                study.tell(asked[i], [loss, asked[i].params["layers"], loss * 2][: len(objectives)])
    asked = [study.ask() for _ in range(3)]  # left running
    return recorded(study)


def two(make: Made) -> dict[str, Any]:
    """Two objectives with a constraint over a mixed space."""
    study = luthier.create_study(objectives=TWO, space=mixed_space(), sampler=make(), seed=8)
    study.optimize(two_objective, n_trials=28, catch=ValueError)
    return recorded(study)


def three(make: Made) -> dict[str, Any]:
    """Three objectives over real numbers."""
    study = luthier.create_study(objectives=THREE, space=real_space(3), sampler=make(), seed=9)
    study.optimize(three_objective, n_trials=24)
    return recorded(study)


def added(make: Made, space: Space, n: int = 320) -> dict[str, Any]:
    """A few proposals after many added trials: so many that `Auto` takes another method."""
    study = luthier.create_study(objectives=LOSS, space=space, sampler=make(), seed=10)
    rng = np.random.default_rng(10)
    rows = []
    for i, params in enumerate(space.decode(space.sample(rng, n))):
        value = mixed_loss(params) if "model" in params else sum(v * v for v in params.values())
        times = {"started_s": 1000.0 + i, "finished_s": 1000.5 + i}
        rows.append(
            TrialRow(number=-1, state=State.COMPLETE, params=params, values=(value,), **times)
        )
    study.add_trials(rows)
    for _ in range(12):
        trial = study.ask()
        p = trial.params
        study.tell(trial, mixed_loss(p) if "model" in p else sum(v * v for v in p.values()))
    found = recorded(study)
    found["trials"] = found["trials"][n:]
    return found


# -- studies of schedulers and stop rules ----------------------------------------------------------

SCHEDULERS: dict[str, Callable[[], schedulers.Scheduler]] = {
    "ASHA": partial(schedulers.ASHA, max_resource=27),
    "ASHA-stopping": partial(schedulers.ASHA, max_resource=27, mode="stopping"),
    "ASHA-unknown-end": schedulers.ASHA,
    "Auto": schedulers.Auto,
    "DEHB": partial(schedulers.DEHB, max_resource=27),
    "FreezeThaw": partial(schedulers.FreezeThaw, 27),
    "FreezeThaw-unknown-end": schedulers.FreezeThaw,
    "Hyperband": partial(schedulers.Hyperband, max_resource=27),
    "Median": schedulers.Median,
    "Median-average": partial(schedulers.Median, 4, 2, 2, 2, True),
    "PASHA": partial(schedulers.PASHA, max_resource=27),
    "Patient": partial(schedulers.Patient, None, 2, 0.01),
    "Patient-median": lambda: schedulers.Patient(schedulers.Median(), 2),
    "Percentile": partial(schedulers.Percentile, 40.0, 4),
    "SuccessiveHalving": partial(schedulers.SuccessiveHalving, max_resource=27),
    "Threshold": partial(schedulers.Threshold, upper=0.9, n_warmup_steps=5),
    "Wilcoxon": schedulers.Wilcoxon,
}
POPULATIONS: dict[str, Callable[[], schedulers.Scheduler]] = {
    "PBT": partial(schedulers.PBT, 8, 5, 30),
    "PBT-synchronous": partial(schedulers.PBT, 6, 5, 30, synchronous=True, mutate=["rate", "k"]),
    "PB2": partial(schedulers.PB2, 6, 5, 30),
    "PB2-synchronous": partial(schedulers.PB2, 6, 6, 30, synchronous=True),
}
WITHOUT_PAUSES = (
    "Median",
    "Patient",
    "Percentile",
    "Threshold",
    "Wilcoxon",
)  # how their names start
SAMPLER_FOR = {
    "DEHB": samplers.DEHB,
    "Hyperband": samplers.BOHB,
    "FreezeThaw": samplers.Auto,
    "Auto": samplers.Auto,
}


def scheduled(name: str, sign: float) -> dict[str, Any]:
    """Trainings under a scheduler; its sampler is the one that belongs to it, or TPE."""
    objectives = LOSS if sign > 0 else SCORE
    scheduler = (
        SCHEDULERS[name]()
        if sign > 0 or name != "Threshold"
        else schedulers.Threshold(-0.9, None, 5)
    )
    sampler = SAMPLER_FOR.get(name, samplers.TPE)()
    study = luthier.create_study(
        objectives=objectives, sampler=sampler, scheduler=scheduler, seed=11
    )
    n_trials = 24 if sign > 0 else 16
    objective = partial(training, sign=sign, saves=not name.startswith(WITHOUT_PAUSES))
    study.optimize(objective, n_trials=n_trials, catch=ValueError)
    return recorded(study)


def population(name: str, sign: float) -> dict[str, Any]:
    """A population whose params change while it trains."""
    space = Space(
        {
            "rate": Float(1e-4, 1.0, scale="log"),
            "k": Int(1, 20),
            "c": ["a", "b"],
            "o": Categorical([1, 2, 3], ordered=True),
            "z": Float(0.0, 1.0, when={"c": "b"}),
        }
    )
    objectives = LOSS if sign > 0 else SCORE
    study = luthier.create_study(
        objectives=objectives, space=space, sampler="random", scheduler=POPULATIONS[name](), seed=12
    )
    study.optimize(partial(population_training, sign=sign))
    return recorded(study)


def replayed() -> dict[str, Any]:
    """One training whose params follow a schedule."""
    first = {"rate": 0.1, "k": 3, "c": "a"}
    schedule = {0: first, 10: {**first, "rate": 0.01}, "20": {"rate": 0.001, "k": 5, "c": "b"}}
    space = Space({"rate": Float(1e-4, 1.0, scale="log"), "k": Int(1, 20), "c": ["a", "b"]})
    study = luthier.create_study(
        objectives=LOSS,
        space=space,
        sampler="random",
        scheduler=schedulers.Replay(schedule),
        seed=13,
    )
    study.optimize(population_training)
    return recorded(study)


def scheduled_two() -> dict[str, Any]:
    """A scheduler that judges two objectives."""
    space = Space({"rate": Float(1e-3, 1.0, scale="log"), "width": Int(1, 4)})
    scheduler = schedulers.ASHA(max_resource=9)
    study = luthier.create_study(
        objectives=TWO, space=space, sampler="tpe", scheduler=scheduler, seed=14
    )
    study.optimize(two_training, n_trials=20)
    return recorded(study)


def in_parallel_scheduled(name: str) -> dict[str, Any]:
    """Trials that train side by side, a step at a time, under a scheduler."""
    space = Space({"rate": Float(1e-3, 1.0, scale="log"), "width": Int(1, 4)})
    study = luthier.create_study(
        objectives=LOSS, space=space, sampler="random", scheduler=SCHEDULERS[name](), seed=15
    )
    running: list[luthier.Trial] = []
    steps: dict[int, int] = {}
    decisions = []
    for _ in range(120):
        if len(running) < 4:
            try:
                trial = study.ask()
            except luthier.errors.NothingToAskError:
                decisions.append("nothing to ask")
            else:
                running.append(trial)
                steps[trial.number] = int(trial.step)
        if not running:
            break
        trial = running.pop(0)
        steps[trial.number] += 1
        step = steps[trial.number]
        value = curve(trial.params["rate"], trial.params["width"], step)
        trial.report(value, step, checkpoint={"step": step})
        ends = trial.should_prune()
        decisions.append(f"{trial.number}: {'ends' if ends else 'goes on'} at {step}")
        if ends:
            study.tell(trial, state="pruned")
        elif step == 27:
            study.tell(trial, value)
        else:
            running.append(trial)
    return recorded(study, decisions=decisions)


def stopped(make: Callable[[], stopping.StopRule], n: int = 60) -> dict[str, Any]:
    """A study that a rule stops."""
    study = luthier.create_study(objectives=LOSS, space=prior_space(), sampler="tpe", seed=16)
    study.optimize(prior_objective, n_trials=n, stop=make())
    return recorded(study, stopped=study.stop_reason is not None, n=len(study.trials))


# -- a file, and results ---------------------------------------------------------------------------


def in_a_file() -> dict[str, Any]:
    """A study in SQLite, loaded again twice, with pauses and an enqueued trial."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/study.db"
        study = luthier.create_study(
            "s", url, objectives=LOSS, sampler="tpe", scheduler="asha", seed=17
        )
        study.optimize(training, n_trials=10, catch=ValueError)
        study = luthier.load_study("s", url)
        study.enqueue({"rate": 0.05, "width": 2})
        study.optimize(training, n_trials=10, catch=ValueError)
        study = luthier.load_study("s", url, scheduler="median", sampler="gp")
        study.optimize(training, n_trials=8, catch=ValueError)
        names = [r.name for r in luthier.list_studies(url)]
        found = recorded(study, studies=names)
        del study
        luthier.delete_study("s", url)
    return found


def random_numbers() -> dict[str, Any]:
    """The random numbers that trials are given."""
    drawn = []

    def objective(trial: luthier.Trial) -> float:
        drawn.append(trial.rng.random(3).tolist())
        return trial.suggest_float("x", 0, 1) + float(trial.rng.normal())

    study = luthier.create_study(objectives=LOSS, sampler="random", seed=18)
    study.optimize(objective, n_trials=5)
    return recorded(study, drawn=drawn)


def recommended() -> dict[str, Any]:
    """What is recommended after noisy trials, and what a confirmation of the leaders finds."""

    def objective(trial: luthier.Trial) -> float:
        p = trial.params
        trial.set_constraint("k", p["k"] - 12)
        return p["x"] ** 2 + 0.1 * p["k"] + 0.1 * float(trial.rng.normal())

    space = Space({"x": Float(-1.0, 1.0), "k": Int(0, 20), "c": ["a", "b"]})
    study = luthier.create_study(objectives=LOSS, space=space, sampler="gp", seed=19)
    study.optimize(objective, n_trials=30)
    first = [
        [r.params, r.mean, r.sd, r.low, r.high, r.observed, r.numbers] for r in study.recommend(4)
    ]
    confirmation = study.confirm(k=3, repeats=4, objective=objective)
    leaders = [
        [x.number, x.params, x.values, x.mean, x.low, x.high, x.expected]
        for x in confirmation.leaders
    ]
    tests = [confirmation.n_pairs, confirmation.difference, confirmation.p]
    again = [[r.params, r.mean, r.sd, r.numbers] for r in study.recommend(2)]
    return recorded(study, recommended=first, leaders=leaders, tests=tests, again=again)


def chosen() -> dict[str, Any]:
    """What each way of choosing chooses from a front, and what its conditions cost."""
    study = luthier.create_study(objectives=TWO, space=mixed_space(), sampler="random", seed=20)
    study.optimize(two_objective, n_trials=40, catch=ValueError)
    choices = [
        study.choose("error <= 3 and speed >= 0.5, then smallest error"),
        study.choose("error <= 2.5, then largest speed"),
        study.choose(weights={"error": 2.0, "speed": 1.0}),
        study.choose(aspiration={"error": 1.5, "speed": 2.0}),
        study.choose(knee=True),
        study.choose(lexicographic=[("error", 0.2), "speed"]),
    ]
    found = [
        [c.numbers, c.values, [[r.n, r.n_excluded, r.n_alone] for r in c.rules]] for c in choices
    ]
    return recorded(study, chosen=found)


def forecast() -> dict[str, Any]:
    """What trials that were stopped would have come to."""
    scheduler = schedulers.ASHA(max_resource=27)
    study = luthier.create_study(objectives=LOSS, sampler="random", scheduler=scheduler, seed=21)
    study.optimize(training, n_trials=25, catch=ValueError)
    early = [r.number for r in study.trials if 2 <= len(r.reports) < 27]
    found = [tuple(study.forecast(i)) for i in early[:4]] + [
        tuple(study.forecast(early[0], 0.5, 40.0))
    ]
    return recorded(study, forecasts=found)


# -- all of them -----------------------------------------------------------------------------------


def studies() -> dict[str, Callable[[], dict[str, Any]]]:
    """Name to a function that runs the study and returns what is recorded of it."""
    found: dict[str, Callable[[], dict[str, Any]]] = {}
    for kind in (mixed, real, discovered, with_priors, finite, constrained):
        found |= {
            f"{kind.__name__}/{name}": partial(kind, make) for name, make in ONE_OBJECTIVE.items()
        }
    found |= {
        f"parallel/{name}": partial(in_parallel, make, LOSS) for name, make in ONE_OBJECTIVE.items()
    }
    found |= {f"real/{name}": partial(real, make) for name, make in OPTIONS.items()}
    for kind in (two, three):
        found |= {f"{kind.__name__}/{name}": partial(kind, make) for name, make in SEVERAL.items()}
    found |= {
        f"parallel-two/{name}": partial(in_parallel, make, TWO) for name, make in SEVERAL.items()
    }
    found["finite/Grid"] = partial(finite, samplers.Grid)
    for name in ("Auto", "TPE", "GP", "CMAES"):
        found[f"added-real/{name}"] = partial(added, ONE_OBJECTIVE[name], real_space(4))
    found["added-mixed/Auto"] = partial(added, samplers.Auto, mixed_space())
    for name in SCHEDULERS:
        found[f"scheduled/{name}"] = partial(scheduled, name, 1.0)
        found[f"scheduled-up/{name}"] = partial(scheduled, name, -1.0)
    for name in POPULATIONS:
        found[f"population/{name}"] = partial(population, name, 1.0)
    found["population-up/PBT"] = partial(population, "PBT", -1.0)
    for name in (
        "ASHA",
        "ASHA-stopping",
        "Hyperband",
        "SuccessiveHalving",
        "FreezeThaw",
        "PASHA",
        "Median",
    ):
        found[f"parallel-scheduled/{name}"] = partial(in_parallel_scheduled, name)
    found |= {"replayed": replayed, "scheduled-two": scheduled_two}
    found["stopped/NoImprovement"] = partial(stopped, partial(stopping.NoImprovement, 8))
    found["stopped/Target"] = partial(stopped, partial(stopping.Target, 0.12))
    found["stopped/Budget"] = partial(stopped, partial(stopping.Budget, 12))
    found["stopped/RegretBound"] = partial(stopped, partial(stopping.RegretBound, 0.2), 45)
    found |= {"in-a-file": in_a_file, "random-numbers": random_numbers}
    found |= {"recommended": recommended, "chosen": chosen, "forecast": forecast}
    return found


def main() -> None:
    """Run every study, or those whose names contain a word, and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=FILE, help="where to write; default: %(default)s"
    )
    parser.add_argument("--only", default="", help="only studies whose name contains this")
    args = parser.parse_args()
    logging.getLogger("luthier").setLevel(logging.ERROR)
    lines = []
    for name, run in studies().items():
        if args.only in name:
            lines.append(f"{json.dumps(name)}: {json.dumps(run(), separators=(',', ':'))}")
    args.output.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
