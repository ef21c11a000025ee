"""Studies that have a fault, and the same ones without it: one maker for each finding.

A maker takes a severity, 0 for a healthy study and 1 for a sick one, and a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec.structs import replace

from luthier import Float, Int, Space, State, TrialRow
from luthier.history.history import History
from luthier.numerics.random_streams import Streams
from luthier.samplers import TPE, Sampler
from luthier.testing import histories

SPACE = Space(
    {
        "learning_rate": Float(1e-5, 1e-1, log=True),
        "momentum": Float(0.2, 0.98),
        "width": Int(16, 512, log=True),
        "decay": Float(1e-6, 1e-2, log=True),
        "activation": ["relu", "tanh", "gelu"],
    }
)


@dataclass
class Sick:
    """A study and what is known beside its history; the arguments of `diagnose`."""

    history: History
    rows: list[TrialRow]
    options: dict[str, Any] = field(default_factory=dict)


def study(rows: list[TrialRow], space: Space = SPACE, options: Any = None, **of: Any) -> Sick:
    rows = [replace(row, number=number) for number, row in enumerate(rows)]
    return Sick(histories.history(*rows, space=space, **of), rows, options or {})


class Bowl:
    """A smooth loss over the unit columns of a space, best inside of it; every column matters."""

    def __init__(self, space: Space, rng: np.random.Generator, noise: float = 0.02) -> None:
        self.centre = rng.uniform(0.3, 0.7, space.d)
        self.weight = rng.uniform(0.7, 1.5, space.d)
        self.noise = noise
        self.unordered = space.unordered
        self.rng = rng

    def __call__(self, X: np.ndarray) -> np.ndarray:
        far = (X - self.centre) ** 2
        for j in self.unordered:
            far[:, j] = 0.2 * np.abs(X[:, j] - 1)
        return far @ self.weight + self.noise * self.rng.standard_normal(len(X))


def draw(n: int, seed: int, space: Space = SPACE) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng([seed, 77])
    return rng, space.sample(rng, n)


def complete(X: np.ndarray, loss: np.ndarray, space: Space = SPACE, **of: Any) -> list[TrialRow]:
    return [
        histories.trial(params, float(v), **of)
        for params, v in zip(space.decode(X), loss, strict=True)
    ]


def searched(
    loss: Callable[[np.ndarray], np.ndarray],
    n: int,
    seed: int,
    space: Space = SPACE,
    sampler: Sampler | None = None,
) -> list[TrialRow]:
    """The trials of a search by a sampler, one by one."""
    sampler = TPE() if sampler is None else sampler
    history = History(space, ["minimize"], seed)
    streams = Streams(seed)
    rows = []
    for i in range(n):
        X = sampler.sample(space, history, 1, streams.at(i))
        value = float(loss(X)[0])
        row = TrialRow(number=i, state=State.COMPLETE, params=space.decode(X)[0], values=(value,))
        history.put([row])
        rows.append(row)
    return rows


def healthy(seed: int, n: int = 100) -> Sick:
    """A random study without any fault, of a random space and a random smooth loss."""
    rng = np.random.default_rng([seed, 78])
    d = int(rng.integers(2, 7))
    params: dict[str, Any] = {f"x{j}": Float(0.1, 9.7) for j in range(d)}
    if rng.random() < 0.5:
        params["learning_rate"] = Float(1e-5, 1e-1, log=True)
    if rng.random() < 0.5:
        params["k"] = Int(2, 40)
    if rng.random() < 0.5:
        params["kind"] = ["a", "b", "c"]
    space = Space(params)
    n = int(rng.integers(n // 2, 2 * n))
    X = space.sample(rng, n)
    return study(complete(X, Bowl(space, rng, 0.05)(X), space), space, seed=seed)


# -- the study ------------------------------------------------------------------------------------


def optimum_at_bound(severity: float, seed: int) -> Sick:
    rng = np.random.default_rng([seed, 77])
    bowl = Bowl(SPACE, rng)
    bowl.centre[0] = 0.5 + 0.9 * severity
    return study(searched(bowl, 100, seed))


def narrow_optimum(severity: float, seed: int) -> Sick:
    rng, X = draw(200, seed)
    bowl = Bowl(SPACE, rng)
    dip = severity * 4 * np.exp(-(((X[:, 3] - 0.4) / 0.06) ** 2))
    return study(complete(X, bowl(X) - dip))


def wrong_scale(severity: float, seed: int) -> Sick:
    space = SPACE.with_params({"learning_rate": Float(0.0, 1.0)})
    rng = np.random.default_rng([seed, 77])
    bowl = Bowl(SPACE, rng)

    def loss(X: np.ndarray) -> np.ndarray:
        if not severity:
            return bowl(X)
        u = np.log10(np.maximum(X[:, 0], 1e-9))
        return (
            bowl(np.column_stack([np.full(len(X), bowl.centre[0]), X[:, 1:]])) + 0.2 * (u + 3) ** 2
        )

    return study(searched(loss, 80, seed, space), space)


def flat_parameter(severity: float, seed: int) -> Sick:
    rng, X = draw(200, seed)
    bowl = Bowl(SPACE, rng)
    bowl.weight[2] *= 1 - severity
    return study(complete(X, bowl(X)))


def no_signal(severity: float, seed: int) -> Sick:
    rng, X = draw(80, seed)
    return study(complete(X, (1 - severity) * Bowl(SPACE, rng)(X) + severity * rng.normal(size=80)))


def confirm(X: np.ndarray, loss: np.ndarray, again: np.ndarray, seed: int = 0, **of: Any) -> Sick:
    """A study whose best trials were run anew; `again` (leaders, repeats) are the losses then."""
    rows = complete(X, loss)
    best = np.argsort(loss, kind="stable")[: len(again)]
    for number, values in zip(best.tolist(), again, strict=True):
        for repeat, value in enumerate(values.tolist()):
            tags = {"confirms": number, "repeat": repeat}
            rows.append(histories.trial(rows[number].params, value, tags=tags))
    return study(rows, **of)


def noise(severity: float, seed: int) -> Sick:
    rng, X = draw(80, seed)
    true = Bowl(SPACE, rng, 0)(X)
    sd = 0.02 + 2 * severity
    loss = true + sd * rng.standard_normal(80)
    best = np.argsort(loss, kind="stable")[:5]
    return confirm(X, loss, true[best, None] + sd * rng.standard_normal((5, 4)))


def unstable_best(severity: float, seed: int) -> Sick:
    rng, X = draw(80, seed)
    loss = Bowl(SPACE, rng, 0)(X)
    best = np.argsort(loss, kind="stable")[:3]
    again = loss[best, None] + 0.005 * rng.standard_normal((3, 6))
    again[0] += severity * np.array([0, 0.1, 0.3, 0.5, 0.02, 0.6])
    return confirm(X, loss, again)


def fail(rows: list[TrialRow], where: np.ndarray, error: str) -> list[TrialRow]:
    return [
        replace(row, state=State.FAILED, values=None, error=error) if bad else row
        for row, bad in zip(rows, where, strict=True)
    ]


def failing_region(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    p = np.where(X[:, 0] > 0.75, max(0.05, 0.9 * severity), 0.05)
    rows = complete(X, Bowl(SPACE, rng)(X))
    return study(fail(rows, rng.random(100) < p, "ValueError: shapes do not match"))


def exceeded_limits(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    rows = complete(X, Bowl(SPACE, rng)(X))
    hit = rng.random(100) < np.where(X[:, 2] > 0.7, 0.02 + 0.9 * severity, 0.02)
    return study(fail(rows, hit, "TrialMemoryError: trial used more than 512 MB"))


def duplicates(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    for i in np.flatnonzero(rng.random(100) < 0.3 * severity):
        X[i] = X[rng.integers(i)] if i else X[i]
    return study(complete(X, Bowl(SPACE, rng)(X)))


def unused_models(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    rows = complete(X, Bowl(SPACE, rng)(X))
    proposed = SPACE.decode(SPACE.sample(rng, 60))
    lost = rng.random(60) < 0.05 + 0.9 * severity
    return study(
        [
            replace(row, proposal={**row.params, "width": other["width"]}) if is_lost else row
            for row, other, is_lost in zip(rows, proposed, lost, strict=True)
        ]
    )


def infeasibility(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    broken = rng.random(100) < 0.1 + 0.85 * severity
    rows = complete(X, Bowl(SPACE, rng)(X))
    return study(
        [
            replace(row, constraints={"latency": 1.0 if bad else -1.0})
            for row, bad in zip(rows, broken, strict=True)
        ]
    )


def constant_parameter(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    if severity:
        X[:, 1] = X[0, 1]
    return study(complete(X, Bowl(SPACE, rng)(X)))


def tied_values(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    loss = Bowl(SPACE, rng)(X)
    return study(complete(X, np.round(loss, 1) if severity else loss))


def crash_values(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    loss = Bowl(SPACE, rng)(X)
    loss[rng.permutation(100)[:12]] += severity * (1e6 - loss[rng.permutation(100)[:12]])
    if severity:
        loss[loss > 1e5] = 1e6
    return study(complete(X, loss))


def too_many_parameters(severity: float, seed: int) -> Sick:
    space = Space({f"x{j}": Float(0.1, 9.7) for j in range(20 if severity else 4)})
    rng, X = draw(30, seed, space)
    return study(complete(X, Bowl(space, rng)(X), space), space)


def drift(severity: float, seed: int) -> Sick:
    rng, X = draw(120, seed)
    return study(complete(X, Bowl(SPACE, rng)(X) + severity * np.linspace(0, 1.5, 120)))


def no_better_than_random(severity: float, seed: int) -> Sick:
    rng, X = draw(120, seed)
    bowl = Bowl(SPACE, rng)
    X[40:, :4] = bowl.centre[:4] + 0.35 * severity + 0.1 * rng.standard_normal((80, 4))
    return study(complete(np.clip(X, 0, [1, 1, 1, 1, 2]), bowl(X)))


def early_end(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    bowl = Bowl(SPACE, rng, 0.001)
    if severity:  # straight to the optimum, which it has not reached
        X = bowl.centre + (X[0] - bowl.centre) * np.linspace(1, 0.2, 60)[:, None]
        X = np.clip(X + 0.02 * rng.standard_normal(X.shape), 0, 1)
        X[:, 4] = 1
    return study(complete(X, bowl(X)))


def late_end(severity: float, seed: int) -> Sick:
    rng, X = draw(120, seed)
    bowl = Bowl(SPACE, rng, 0)
    if severity:
        far = np.maximum(0.8 ** np.arange(120.0), 1e-4)
        X = bowl.centre + (X - bowl.centre) * far[:, None]
        X[:, 4] = 1
    return study(complete(X, bowl(X)))


def timed(rows: list[TrialRow], begin: np.ndarray, duration: np.ndarray) -> list[TrialRow]:
    return [
        replace(row, started_s=1e9 + float(b), finished_s=1e9 + float(b + d))
        for row, b, d in zip(rows, begin, duration, strict=True)
    ]


def idle_workers(severity: float, seed: int) -> Sick:
    rng, X = draw(80, seed)
    duration = rng.uniform(20, 40, 80)
    # Four workers in rounds; they wait for the slowest where the study is sick.
    begin = np.zeros(80)
    free = np.zeros(4)
    for i in range(80):
        if severity and i % 4 == 0:
            free[:] = free.max() + 30 * severity
        w = int(free.argmin())
        begin[i] = free[w]
        free[w] += duration[i] + 0.1
    return study(timed(complete(X, Bowl(SPACE, rng)(X)), begin, duration))


def stragglers(severity: float, seed: int) -> Sick:
    rng, X = draw(80, seed)
    duration = rng.uniform(20, 40, 80)
    duration[rng.permutation(80)[:4]] *= 1 + 40 * severity
    begin = np.concatenate([[0], np.cumsum(duration)[:-1]])
    return study(timed(complete(X, Bowl(SPACE, rng)(X)), begin, duration))


# -- curves ---------------------------------------------------------------------------------------


def fall(X: np.ndarray, rng: np.random.Generator, n_steps: int = 30, noise: float = 0.01) -> Any:
    """Curves (n, T) of healthy training: they fall, ever more slowly, to different ends."""
    final = 0.2 + Bowl(SPACE, rng, 0)(X)
    t = np.arange(1, n_steps + 1)
    speed = rng.uniform(6, 9, len(X))
    curves = final[:, None] + 2.0 * np.exp(-t / speed[:, None])
    return curves + noise * rng.standard_normal(curves.shape)


def curved(
    X: np.ndarray,
    curves: np.ndarray,
    tags: list[dict[str, Any]] | None = None,
    stopped_at: np.ndarray | None = None,
    **of: Any,
) -> Sick:
    rows = []
    for i, params in enumerate(SPACE.decode(X)):
        loss = curves[i] if stopped_at is None else curves[i, : stopped_at[i]]
        is_whole = len(loss) == curves.shape[1]
        value = float(loss[-1])
        state = State.COMPLETE if is_whole else State.PRUNED
        if not np.isfinite(value):
            value = 1e3
        tag = {} if tags is None else {"curves": tags[i]}
        rows.append(histories.trial(params, value, state, loss.tolist(), tags=tag))
    return study(rows, **of)


def over_pruning(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    curves = fall(X, rng)
    if severity:
        early = rng.permutation(100)
        curves[:, :6] += curves[early, -1][:, None] - curves[:, -1:]
    stopped_at = np.full(100, 30)
    stopped_at[np.argsort(curves[:, 5])[40:]] = 6
    return curved(X, curves, stopped_at=stopped_at)


def missing_pruning(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    curves = fall(X, rng)
    if not severity:
        curves += 6 * (curves[:, -1:].max() - curves[:, -1:]) * np.linspace(1, 0, 30)
    return curved(X, curves)


def pruned_share(severity: float, seed: int) -> Sick:
    rng, X = draw(100, seed)
    stopped_at = np.full(100, 30)
    stopped_at[rng.permutation(100)[: 70 + round(28 * severity)]] = 6
    return curved(X, fall(X, rng), stopped_at=stopped_at, options={"is_scheduled": True})


def reversed_direction(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    return curved(X, 3 - curves if severity else curves)


def divergence(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    curves = fall(X, rng)
    for i in np.flatnonzero(severity * X[:, 0] > 0.65):
        curves[i, 12:] = curves[i, 12] * 1.5 ** np.arange(18)
        if i % 3 == 0:
            curves[i, 25:] = np.nan
    return curved(X, curves)


def oscillation(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    swing = 0.6 * (-1.0) ** np.arange(30) * rng.uniform(0.7, 1.3, (40, 30))
    return curved(X, curves + severity * swing)


def slow_learning(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng, noise=0.002)
    if severity:
        curves = (
            curves[:, -1:] + 2.0 - np.linspace(0, 0.6, 30) + 0.002 * rng.standard_normal((40, 30))
        )
    return curved(X, curves)


def plateau(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng, noise=0.0005)
    if severity:
        t = np.arange(1, 31)
        curves = curves[:, -1:] + 2.0 * np.exp(-t / 1.5) + 0.001 * rng.random((40, 30))
    return curved(X, curves)


def with_training(curves: np.ndarray, shift: float = 0.1) -> list[np.ndarray]:
    """Training losses (T,) a little below the validation losses."""
    return list(np.minimum.accumulate(curves, axis=1) - shift)


def overfitting(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    train = with_training(curves)
    curves = curves + severity * 1.5 * np.maximum(np.arange(30) - 12, 0) / 18
    return curved(X, curves, [{"train": t.tolist()} for t in train])


def underfitting(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    if severity:
        curves = 2.20 + 0.05 * np.exp(-np.arange(30) / 8) + 0.002 * rng.standard_normal((40, 30))
    train = with_training(curves, 0.005)
    return curved(X, curves, [{"train": t.tolist(), "baseline": 2.3} for t in train])


def constant_predictions(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    hit = rng.random(40) < 0.7 * severity
    tags = []
    for i in range(40):
        accuracy = (
            0.97 + 0.0005 * rng.standard_normal(30) if hit[i] else np.linspace(0.97, 0.99, 30)
        )
        tags.append({"accuracy": accuracy.tolist(), "majority": 0.97, "n_validation": 500})
    return curved(X, curves, tags)


def missing_shuffle(severity: float, seed: int) -> Sick:
    rng, X = draw(20, seed)
    batch = rng.normal(0, 0.2, 25)
    tags = []
    for _ in range(20):
        base = 0.3 + 2 * np.exp(-np.arange(30 * 25) / 200)
        order = np.tile(batch, 30) if severity else rng.normal(0, 0.2, 30 * 25)
        noisy = base * np.exp(order + rng.normal(0, 0.05, 30 * 25))
        tags.append({"step_loss": noisy.tolist(), "steps_per_epoch": 25})
    return curved(X, fall(X, rng), tags)


def large_batches(severity: float, seed: int) -> Sick:
    space = Space({**SPACE.params, "batch_size": Int(8, 1024, log=True)})
    rng, X = draw(80, seed, space)
    bowl = Bowl(space, rng)
    bowl.centre[5] = 0.5
    bowl.weight[5] *= 1 - severity
    return study(complete(X, bowl(X) + severity * 2 * X[:, 5], space), space)


def noisy_validation(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    if severity:
        curves = 0.5 + (curves - curves[:, -1:]) + 0.01 * curves[:, -1:]
        curves += 0.06 * rng.standard_normal((40, 30))
    return curved(X, curves)


def rising_training_loss(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    train = curves - 0.1 + severity * 0.8 * np.maximum(np.arange(30) - 12, 0) / 18
    return curved(X, curves, [{"train": t.tolist()} for t in train])


def jump(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    curves[:, 18:] += severity * 0.8 * np.exp(-np.arange(12) / 3)
    return curved(X, curves)


def validation_below_training(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    train = with_training(curves, 0.1 - 0.4 * severity)
    return curved(X, curves, [{"train": t.tolist()} for t in train])


def bad_gradients(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    norms = np.exp(rng.normal(0, 0.5, (40, 100)))
    if severity:
        norms[:, 50] = 1e5
    return curved(X, fall(X, rng), [{"gradient_norm": n.tolist()} for n in norms])


def early_blow_up(severity: float, seed: int) -> Sick:
    """Half of the trials shoot up in their first steps, and stay at the entropy of the labels."""
    rng, X = draw(40, seed)
    curves = fall(X, rng)
    killed = (X[:, 0] > np.median(X[:, 0])) & (severity > 0)
    curves[killed] = 2.3 + 0.01 * rng.standard_normal((int(killed.sum()), 30))
    tags = []
    for dead in killed:
        steps = 0.3 + 2 * np.exp(-np.arange(30 * 10) / 100)
        if dead:
            steps = 2.3 + 5 * np.exp(-((np.arange(30 * 10) - 4) ** 2) / 4)
        noisy = steps * np.exp(0.02 * rng.standard_normal(300))
        tags.append({"step_loss": noisy.tolist(), "steps_per_epoch": 10, "baseline": 2.3})
    return curved(X, curves, tags)


# -- the evaluation -------------------------------------------------------------------------------


def overtuning(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    loss = Bowl(SPACE, rng, 0)(X)
    best = np.argsort(loss, kind="stable")[:5]
    again = loss[best, None] + 0.005 * rng.standard_normal((5, 5))
    again[0] += severity * 0.5
    return confirm(X, loss, again)


def optimism(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    loss = Bowl(SPACE, rng, 0)(X)
    best = np.argsort(loss, kind="stable")[:4]
    again = loss[best, None] + 0.3 * severity + 0.01 * rng.standard_normal((4, 6))
    return confirm(X, loss, again)


def inseparable_leaders(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    loss = Bowl(SPACE, rng, 0)(X)
    shared = rng.standard_normal(6)  # a repeat has the same random numbers for all
    tilt = np.array([0.0, 0.02, -0.02, 0.01, -0.01, 0.0])
    again = loss.min() + 0.02 * shared + np.outer([0, 1, -1], tilt) * severity
    again = again + (1 - severity) * (np.arange(3)[:, None] * 0.2 + 0.01 * rng.random((3, 6)))
    return confirm(X, loss, again)


def perfect_scores(severity: float, seed: int) -> Sick:
    rng, X = draw(40, seed)
    loss = Bowl(SPACE, rng, 0)(X)
    score = 1 - loss / (10 if not severity else 2000)
    return study(complete(X, score), directions=("maximize",))


def small_validation(severity: float, seed: int) -> Sick:
    rng, X = draw(60, seed)
    score = 0.85 - 0.05 * Bowl(SPACE, rng, 0)(X)
    rows = complete(X, score, tags={"curves": {"n_validation": 30 if severity else 20_000}})
    return study(rows, directions=("maximize",))


def folded(seed: int, n: int = 40, k: int = 5) -> tuple[Any, np.ndarray, np.ndarray]:
    """Generator, unit columns (n, d) and accuracies (n, k) of trials in each of their folds."""
    rng, X = draw(n, seed)
    score = 0.85 - 0.03 * Bowl(SPACE, rng, 0)(X)
    return rng, X, score[:, None] + rng.normal(0, 0.01, k) + rng.normal(0, 0.003, (n, k))


def with_folds(X: np.ndarray, scores: np.ndarray, more: Any = None) -> Sick:
    rows = [
        replace(row, tags={"folds": folds.tolist(), **({} if more is None else more[i])})
        for i, (row, folds) in enumerate(zip(complete(X, scores.mean(axis=1)), scores, strict=True))
    ]
    return study(rows, directions=("maximize",))


def bad_fold(severity: float, seed: int) -> Sick:
    rng, X, scores = folded(seed)
    scores[:, rng.integers(5)] -= 0.25 * severity
    return with_folds(X, scores)


def hold_out_shift(severity: float, seed: int) -> Sick:
    rng, X, scores = folded(seed)
    held = scores.mean(axis=1) + rng.normal(0, 0.01) - 0.2 * severity
    return with_folds(X, scores, [{"hold_out": {"value": v, "rows": 1000}} for v in held.tolist()])


KINDS: dict[str, Callable[[float, int], Sick]] = {
    maker.__name__.replace("_", "-"): maker
    for maker in (
        crash_values,
        reversed_direction,
        failing_region,
        exceeded_limits,
        infeasibility,
        tied_values,
        perfect_scores,
        drift,
        noise,
        no_signal,
        unstable_best,
        wrong_scale,
        optimum_at_bound,
        narrow_optimum,
        flat_parameter,
        constant_parameter,
        too_many_parameters,
        unused_models,
        duplicates,
        no_better_than_random,
        early_end,
        late_end,
        idle_workers,
        stragglers,
        pruned_share,
        over_pruning,
        missing_pruning,
        divergence,
        early_blow_up,
        constant_predictions,
        missing_shuffle,
        overfitting,
        oscillation,
        underfitting,
        slow_learning,
        plateau,
        large_batches,
        noisy_validation,
        rising_training_loss,
        jump,
        validation_below_training,
        bad_gradients,
        overtuning,
        optimism,
        bad_fold,
        hold_out_shift,
        inseparable_leaders,
        small_validation,
    )
}
"""Name of a finding: a maker of studies that have it."""
