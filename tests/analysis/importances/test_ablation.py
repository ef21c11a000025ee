"""Ablation paths: on functions whose effects are known."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, State, TrialRow
from luthier.analysis import ablate
from luthier.errors import StudyError


def study(space, loss, first, n=80, direction="minimize") -> luthier.Study:
    made = luthier.create_study(space=space, direction=direction, seed=0)
    rng = np.random.default_rng(0)
    params = [first, *made.space.decode(made.space.sample(rng, n))]
    made.add_trials(
        TrialRow(number=-1, state=State.COMPLETE, params=p, values=(loss(p),)) for p in params
    )
    return made


SQUARE = {"a": Float(0, 1), "b": Float(0, 1), "c": Float(0, 1)}


@pytest.mark.parametrize("sign", [1, -1])
def test_the_changes_of_a_sum_are_its_effects_the_largest_first(sign) -> None:
    first = dict.fromkeys("abc", 1.0)
    made = study(
        SQUARE,
        lambda p: sign * (4 * p["a"] + 2 * p["b"] + p["c"]),
        first,
        direction="minimize" if sign == 1 else "maximize",
    )
    path = ablate(made.history)
    best = made.best_params
    effects = [k * (1 - best[name]) for k, name in ((4, "a"), (2, "b"), (1, "c"))]
    order = np.argsort(effects)[::-1]
    assert path.names == tuple("abc"[j] for j in order)
    np.testing.assert_allclose(-sign * np.diff(path.values), np.array(effects)[order], atol=0.02)


def test_a_gate_changes_with_its_children() -> None:
    space = {"model": Categorical(("a", "b")), "lr": Float(0, 1, when={"model": ["b"]})}
    made = study(space, lambda p: p.get("lr", 2.0), {"model": "a"})
    assert ablate(made.history).names == ("model",)


def test_no_path_is_made_up() -> None:
    few = study(SQUARE, lambda p: p["a"], dict.fromkeys("abc", 1.0), n=5)
    assert "not enough to say" in ablate(few.history).note
    best = study(SQUARE, lambda p: p["a"], dict.fromkeys("abc", 0.0))
    assert "does not expect" in ablate(best.history).note
    with pytest.raises(StudyError, match="trial 999"):
        ablate(best.history, baseline=999)
    several = luthier.create_study(space=SQUARE, objectives={"x": "minimize", "y": "minimize"})
    with pytest.raises(StudyError, match="one objective, got 2"):
        ablate(several.history)


def test_the_path_begins_at_the_first_trial_with_a_value() -> None:
    made = luthier.create_study(space=SQUARE, seed=0)
    rng = np.random.default_rng(0)
    params = made.space.decode(made.space.sample(rng, 60))
    made.add_trials(
        [TrialRow(number=-1, state=State.FAILED, params=params[0], error="ValueError: no")]
        + [
            TrialRow(number=-1, state=State.COMPLETE, params=p, values=(v,))
            for p, v in [(params[0], np.inf), *[(p, p["a"] + p["b"]) for p in params]]
        ]
    )
    path = ablate(made.history)
    assert path.baseline == 2
    assert path.names[0] in ("a", "b")
    assert made.plot("ablation", backend="svg").figure.title.startswith("From trial 2 to")


def test_values_of_any_size_give_the_same_path() -> None:
    first = dict.fromkeys("abc", 1.0)
    paths = [
        ablate(study(SQUARE, lambda p, k=k: 2.0**k * (4 * p["a"] + p["b"]), first).history)
        for k in (0, 1020, -1020)
    ]
    assert paths[0].names == paths[1].names == paths[2].names
    np.testing.assert_array_equal(paths[1].values, np.ldexp(paths[0].values, 1020))
