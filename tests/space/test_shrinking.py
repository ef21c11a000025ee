"""Narrower spaces by the evidence of a study."""

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Normal, Space
from luthier.errors import SpaceError


def search(space, loss, n, **settings):
    study = luthier.create_study(space=space, sampler="random", seed=0, **settings)
    study.optimize(lambda trial: loss(trial.params), n_trials=n)
    return study


def test_ends_without_anything_good_are_cut_off_and_the_best_stays():
    space = Space({"lr": Float(1e-6, 1.0, scale="log"), "idle": Float(0, 1)})
    study = search(space, lambda p: abs(np.log10(p["lr"]) + 3), 150)
    shrunk = space.shrink(study)
    lr = shrunk.params["lr"]
    assert 1e-5 < lr.low < 1e-3 < lr.high < 1e-1
    assert shrunk.params["idle"] == space.params["idle"]
    assert shrunk.check(study.best_params) == study.best_params
    assert len(shrunk.notes) == 2
    assert "lr: none of " in shrunk.notes[0]
    assert "is among the best quarter" in shrunk.notes[0]


@pytest.mark.parametrize("seed", range(20))
def test_noise_rarely_narrows_anything(seed):
    rng = np.random.default_rng(seed)
    space = Space({f"x{j}": Float(0, 1) for j in range(4)} | {"c": Categorical(("a", "b", "c"))})
    study = search(space, lambda p: rng.random(), 100)
    changed = [n for n in space.params if space.shrink(study).params[n] != space.params[n]]
    assert changed == []


def test_choices_without_anything_good_are_left_out():
    space = Space(
        {"c": Categorical(("a", "b", "c"), default="c", prior=(1, 2, 3)), "x": Float(0, 1)}
    )
    shrunk = space.shrink(search(space, lambda p: (p["c"] == "c") + 0.1 * p["x"], 120))
    assert shrunk.params["c"].choices == ("a", "b")
    assert shrunk.params["c"].default is None
    assert any("trials with 'c'" in note for note in shrunk.notes)


def test_steps_defaults_priors_and_maximisation_are_kept():
    space = Space({"n": Int(0, 1000, step=10, default=900, prior=(850, 0.1)), "k": Normal(0, 1)})
    study = search(space, lambda p: p["n"], 200, direction="maximize")
    n = space.shrink(study).params["n"]
    assert (n.high, n.step, n.default) == (1000, 10, 900)
    assert 0 < n.low < study.best_params["n"]
    assert n.low % 10 == 0
    assert n.prior[1] == pytest.approx(0.1 * 1010 / (1010 - n.low), rel=0.05)


def test_parents_of_conditions_stay_as_they_are():
    space = Space(
        {"kind": Categorical(("a", "b")), "y": Float(0, 1, when={"kind": ["b"]}), "z": Float(0, 1)}
    )
    shrunk = space.shrink(search(space, lambda p: 0.0 if p["kind"] == "a" else 1 + p["y"], 100))
    assert shrunk.params["kind"] == space.params["kind"]


def test_first_rows_outside_are_left_out_of_the_shrunk_space():
    space = Space({"x": Float(0, 1)}, first=[{"x": 0.9}, {"x": 0.1}])
    shrunk = space.shrink(search(space, lambda p: p["x"], 100))
    assert shrunk.first == space.first
    assert len(shrunk.first_points.X) == 1


def test_few_failed_or_equal_trials_change_nothing():
    space = Space({"x": Float(0, 1)})
    assert space.shrink(luthier.create_study(space=space)).params == space.params
    assert space.shrink(search(space, lambda p: p["x"], 10)).notes == ()
    assert space.shrink(search(space, lambda p: 1.0, 100)).notes == ()
    assert space.shrink(search(space, lambda p: float("nan"), 30)).notes == ()


def test_a_study_of_another_space_counts_as_far_as_it_fits():
    wide = Space({"x": Float(-10, 1), "other": Float(0, 1)})
    study = search(wide, lambda p: abs(p["x"] - 0.9), 300)
    shrunk = Space({"x": Float(0, 1), "new": Float(0, 1)}).shrink(study)
    assert 0 < shrunk.params["x"].low < 0.9
    assert shrunk.params["new"] == Float(0, 1)


def test_what_is_no_study_of_one_objective_is_refused():
    space = Space({"x": Float(0, 1)})
    with pytest.raises(SpaceError, match="takes a study with its trials, got dict"):
        space.shrink({})
    two = luthier.create_study(objectives=["minimize", "minimize"], space=space)
    with pytest.raises(SpaceError, match="this one has 2"):
        space.shrink(two)
    other = search(Space({"z": Float(0, 1)}), lambda p: p["z"], 3)
    with pytest.raises(SpaceError, match=r"the study has none of the parameters \['x'\]"):
        space.shrink(other)
