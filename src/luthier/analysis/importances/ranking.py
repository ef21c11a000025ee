"""How much each parameter matters: the front door of all methods."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ...errors import StudyError, UnknownNameError
from ...history.history import History
from ...numerics.unit_size import to_unit_size
from ...space.space import Space
from ...typing import Array, Index
from ...validation import check_flag, check_real, show
from ..arguments import check_names, takes_history
from ..finished_trials import collect_finished
from ..model_quality import ModelQuality, count_needed
from .model_estimates import Estimate, Sample, estimate_by, select_pairs
from .ped_anova import PedAnova, explain_ties, find_good, ped_anova, pick_trials
from .rare_choices import group_rare_choices
from .result import Importance, Interaction

METHODS = ("auto", "gp", "fanova", "ped", "local", "shapley")
"""What `importance` takes as method."""

_LEAST_SHARE = 0.01  # that the lower end of an interval must reach, to be told from no effect
_LEAST_P = 0.01  # 0.05 would be too much for searches, whose trials are not exchangeable
_STREAM = 16  # of the study's seed


@takes_history
def importance(
    history: History,
    method: str = "auto",
    objective: int | str | None = None,
    among: float | None = None,
    params: Collection[str] | None = None,
    level: float = 0.9,
    interactions: bool = False,
) -> Importance:
    """Return how much each parameter matters; `Study.importance` says what is taken.

    Raises:
        UnknownNameError: There is no such method or objective.
        UnknownParameterError: `params` names one that the space does not have.
        StudyError: There are several objectives, none is chosen, and the method needs one.
        ValueError: `among` or `level` is no share between 0 and 1.
        TypeError: `interactions` is not True or False.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise UnknownNameError(f"method is one of {', '.join(METHODS)}, got {show(method)}")
    check_flag("interactions", interactions)
    check_share("level", level)
    if among is not None:
        check_share("among", among)
    params = None if params is None else check_names(params)
    for name in params or ():
        history.space.named(name)
    column = _find_objective(history, objective, method)

    space = history.space
    finished = collect_finished(history)
    rng = np.random.default_rng([history.seed, _STREAM])
    losses = finished.losses if column is None else finished.losses[:, [column]]
    picked = pick_trials(finished.n, rng)
    good = find_good(losses[picked], among)
    ties = explain_ties(good, losses.shape[1])
    chance = PedAnova(np.zeros(space.d), np.ones(space.d))
    if finished.n and not ties:
        chance = ped_anova(finished.X[picked], count_choices(space), good, rng)

    note = ""
    if column is None or method == "ped":
        estimate = _from_separation(chance, finished.n, space.d)
        important = chance.p_value <= _LEAST_P
    else:
        y, note = _bound(losses[:, 0])
        most = np.inf if among is None or not len(y) else float(np.quantile(y, among))
        grouped, X, rare = group_rare_choices(space, finished.X)
        y = np.minimum(y, most)
        sample = Sample(grouped, X, y, count_choices(grouped), most, level, rng)
        estimate = estimate_by(method, sample, interactions)
        note = "; ".join(filter(None, (note, rare)))
        has_interval = ~np.isnan(estimate.low)
        important = np.where(has_interval, estimate.low > _LEAST_SHARE, chance.p_value <= _LEAST_P)

    shown = [
        j for j in np.argsort(-estimate.value, kind="stable") if _asked(space.names[j], params)
    ]
    silence = _explain_silence(estimate, space.d) or (ties if estimate.method == "ped" else "")
    if silence:
        shown, note = [], silence
    return Importance(
        method=estimate.method,
        index=estimate.meaning,
        objective=None if column is None else history.objectives[column],
        names=tuple(space.names[j] for j in shown),
        values=estimate.value[shown],
        low=estimate.low[shown],
        high=np.minimum(estimate.high, 1.0)[shown],  # no share is above 1
        first_order=estimate.first[shown],
        p_value=chance.p_value[shown],
        important=important[shown],
        interactions=tuple(
            Interaction(names, value)
            for names, value in select_pairs(estimate.pairs, space.names)
            if not silence and all(_asked(name, params) for name in names)
        ),
        quality=estimate.quality if column is not None and method != "ped" else None,
        n=finished.n,
        left_out=finished.left_out,
        level=level,
        among=among,
        note=_join(note, finished.describe_left_out()),
    )


def count_choices(space: Space) -> Index:
    """Return the number of choices (d,) of each parameter, 0 where values have an order."""
    counts = [(dist.n_values or 0) * (j in space.unordered) for j, dist in enumerate(space.dists)]
    return np.array(counts, dtype=np.int64)


def check_share(name: str, value: float) -> None:
    """Refuse what is no share between 0 and 1.

    Raises:
        ValueError: It is not, or is one of these.
    """
    if check_real(name, value, 0, 1, above=True) == 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value}")


def _asked(name: str, params: Collection[str] | None) -> bool:
    return params is None or name in params


def _from_separation(chance: PedAnova, n: int, d: int) -> Estimate:
    """Return PED-ANOVA as an estimate; it has no model, so it lacks nothing but trials."""
    nan = np.full(d, np.nan)
    quality = ModelQuality(1.0, 1.0, n, count_needed(d))
    return Estimate("ped", "separation", chance.value, nan, nan, nan, quality, {})


def _bound(loss: Array) -> tuple[Array, str]:
    """Return losses (n,) with the infinite ones at the worst and the best there are, and a note."""
    finite = loss[np.isfinite(loss)]
    n_infinite = len(loss) - len(finite)
    if not len(finite):
        return np.zeros(len(loss)), ""
    bounded, _ = to_unit_size(np.clip(loss, finite.min(), finite.max()))  # shares have no unit
    if not n_infinite:
        return bounded, ""
    return bounded, f"{n_infinite} infinite values count as the worst or the best finite one"


def _explain_silence(estimate: Estimate, d: int) -> str:
    """Return why there is no ranking; "" where there is one."""
    if not d:
        return "not enough to say: the space has no parameters"
    return estimate.quality.explain()


def _join(note: str, left_out: str) -> str:
    return "; ".join([note] * bool(note) + [f"left out: {left_out}"] * bool(left_out))


def _find_objective(history: History, objective: int | str | None, method: str) -> int | None:
    """Return the column of an objective; None for all of several."""
    names = history.objectives
    if objective is None:
        if len(names) == 1:
            return 0
        if method in ("auto", "ped"):
            return None
        raise StudyError(
            f"method {method!r} needs one objective: pass objective=, one of {', '.join(names)}; "
            "'ped' takes all together"
        )
    if isinstance(objective, str) and objective in names:
        return names.index(objective)
    if (
        isinstance(objective, int)
        and not isinstance(objective, bool)
        and 0 <= objective < len(names)
    ):
        return objective
    raise UnknownNameError(
        f"objective is a name or a number of {', '.join(names)}, got {objective!r}"
    )
