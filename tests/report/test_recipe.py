"""The code of a report runs, and gives the same trials again."""

import pytest

import luthier
from luthier.report.blocks import Code
from luthier.report.recipe import write_params, write_recipe


def code_of(study):
    [section] = [s for s in study.report().page.sections if s.name == "repeat"]
    return next(block.text for block in section.blocks if isinstance(block, Code))


def run(code, objective):
    names = {"objective": objective}
    exec(code, names)
    return names["study"]


def objective(trial):
    params = trial.params
    return params["lr"] + len(params)


SPACE = luthier.Space(
    {
        "lr": luthier.Float(1e-5, 0.1, scale="log", default=0.01),
        "it's": luthier.Categorical([None, "a", 1.5, True]),
        "n": luthier.Int(1, 9, step=2, when={"it's": "a"}),
    },
    constraints=["lr < 0.09"],
)


@pytest.mark.parametrize("sampler", ["random", "tpe", "qmc", None])
def test_it_repeats_the_study(sampler):
    study = luthier.create_study(name="it's", space=SPACE, sampler=sampler, seed=5)
    study.optimize(objective, n_trials=12)
    again = run(code_of(study), objective)
    assert [t.params for t in again.trials] == [t.params for t in study.trials]
    assert again.name == study.name
    assert again.space.to_json() == study.space.to_json()


def test_it_repeats_spaces_that_the_objective_names():
    def objective(trial):
        return trial.suggest_float("x", 0, 1)

    study = luthier.create_study(seed=3, sampler="random")
    study.optimize(objective, n_trials=5)
    again = run(code_of(study), objective)
    assert [t.value for t in again.trials] == [t.value for t in study.trials]


def test_it_repeats_several_objectives_and_schedulers():
    study = luthier.create_study(objectives={"loss": "minimize", "acc": "maximize"}, seed=1)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), t.params["x"]), n_trials=3)
    code = code_of(study)
    again = run(code, lambda t: (t.suggest_float("x", 0, 1), t.params["x"]))
    assert again.objectives == ("loss", "acc")
    assert again.directions == ("minimize", "maximize")

    study = luthier.create_study(seed=1, direction="maximize", scheduler="asha")
    again = run(code_of(study), lambda t: t.suggest_float("x", 0, 1))
    assert repr(again.scheduler) == repr(study.scheduler)
    assert again.directions == ("maximize",)


def test_what_is_not_of_the_library_is_a_comment():
    origin = luthier.report.Origin("a", "", "Own(\n'x')", "", 0.0, False)
    study = luthier.create_study(seed=1)
    code = write_recipe(study.history, origin)
    assert "# The sampler is one of your own: Own( 'x')" in code
    run(code, lambda t: t.suggest_float("x", 0, 1))


def test_params_as_code():
    params = {"lr": 0.1, "it's": None}
    names = {}
    exec(write_params(params), names)
    assert names["params"] == params
