"""Samplers in Optuna's words, which luthier's do the work for."""

import warnings

import pytest

import luthier.compat.optuna as optuna
from luthier.compat.optuna import samplers
from luthier.compat.optuna.exceptions import ExperimentalWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore::luthier.compat.optuna.exceptions.ExperimentalWarning"
)


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def bowl(trial):
    return (trial.suggest_float("x", -5, 5) - 1) ** 2 + trial.suggest_int("k", 0, 5)


LEARNING = {
    "TPE": lambda: samplers.TPESampler(seed=1),
    "TPE with its own first trials": lambda: samplers.TPESampler(seed=1, n_startup_trials=3),
    "GP": lambda: samplers.GPSampler(seed=1),
    "CMA-ES": lambda: samplers.CmaEsSampler(seed=1),
    "NSGA-II": lambda: samplers.NSGAIISampler(seed=1, population_size=10),
    "NSGA-III": lambda: samplers.NSGAIIISampler(seed=1, population_size=10),
}


@pytest.mark.parametrize("name", LEARNING)
def test_what_learns_gets_better(name):
    study = optuna.create_study(sampler=LEARNING[name]())
    study.optimize(bowl, n_trials=40)
    values = [t.value for t in study.trials]
    assert sum(values[30:]) < sum(values[:10])
    assert study.best_value < 1.5


@pytest.mark.parametrize("name", [n for n in LEARNING if n != "CMA-ES"])
def test_conditional_spaces_are_searched(name):
    def objective(trial):
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_float("a", 0, 1)
        return 2 + trial.suggest_int("b", 0, 3)

    study = optuna.create_study(sampler=LEARNING[name]())
    study.optimize(objective, n_trials=30)
    assert study.best_params["kind"] == "a"
    assert all(t.params.keys() <= {"kind", "a", "b"} for t in study.trials)


def test_several_objectives_have_a_front():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        return x, 1 - x + trial.suggest_float("y", 0, 1)

    study = optuna.create_study(
        directions=["minimize", "minimize"],
        sampler=samplers.NSGAIISampler(
            seed=0, population_size=12, crossover=samplers.nsgaii.UNDXCrossover()
        ),
    )
    study.optimize(objective, n_trials=40)
    assert len(study.best_trials) > 3


def test_random_draws_are_those_of_the_original():
    study = optuna.create_study(sampler=samplers.RandomSampler(seed=1))
    study.optimize(bowl, n_trials=2)
    assert study.trials[0].params == pytest.approx({"x": -0.82977995297426, "k": 4})


def test_a_grid_is_tried_once_and_ends():
    grid = samplers.GridSampler({"x": [-1.0, 1.0], "k": [0, 3]})
    study = optuna.create_study(sampler=grid)
    study.optimize(bowl, n_trials=100)
    points = {(t.params["x"], t.params["k"]) for t in study.trials}
    assert (len(study.trials), len(points), grid.is_exhausted(study)) == (4, 4, True)


def test_brute_force_tries_every_branch_once():
    def objective(trial):
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_int("k", 0, 2)
        return trial.suggest_float("x", 0, 1, step=0.5)

    study = optuna.create_study(sampler=samplers.BruteForceSampler(seed=0))
    study.optimize(objective, n_trials=50)
    tried = [tuple(sorted(t.params.items())) for t in study.trials]
    assert len(tried) == len(set(tried)) == 6


def test_fixed_params_stay_fixed():
    sampler = samplers.PartialFixedSampler({"k": 2}, samplers.TPESampler(seed=0))
    study = optuna.create_study(sampler=sampler)
    study.optimize(bowl, n_trials=12)
    assert {t.params["k"] for t in study.trials} == {2}


def test_a_quasi_random_sequence_is_the_same_for_a_seed():
    def run():
        study = optuna.create_study(sampler=samplers.QMCSampler(seed=5))
        study.optimize(bowl, n_trials=6)
        return [t.params for t in study.trials[1:]]

    assert run() == run()


@pytest.mark.external("optuna")
@pytest.mark.parametrize("scramble", [False, True])
@pytest.mark.parametrize("kind", ["sobol", "halton"])
def test_sequences_have_the_points_of_optunas(kind, scramble):
    import optuna as original

    def points(library, sampler):
        d = library.distributions
        space = {
            "i": d.IntDistribution(0, 10),
            "s": d.IntDistribution(-3, 3, step=2),
            "x": d.FloatDistribution(-1, 3),
            "r": d.FloatDistribution(1e-3, 10, log=True),
            "c": d.CategoricalDistribution(["a", "b", "c"]),
        }
        study = library.create_study(sampler=sampler)
        return [sampler.sample_relative(study, None, space) for _ in range(9)]

    settings = {"qmc_type": kind, "scramble": scramble, "seed": 3}
    found = points(optuna, samplers.QMCSampler(**settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", original.exceptions.ExperimentalWarning)
        expected = points(original, original.samplers.QMCSampler(**settings))
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == {k: v if k == "c" else pytest.approx(v) for k, v in theirs.items()}


def test_a_sequence_goes_on_in_another_sampler_of_the_study():
    study = optuna.create_study(sampler=samplers.QMCSampler(seed=1))
    study.optimize(bowl, n_trials=4)
    study.sampler = samplers.QMCSampler(seed=2)
    study.optimize(bowl, n_trials=5)
    whole = optuna.create_study(sampler=samplers.QMCSampler(seed=1))
    whole.optimize(bowl, n_trials=9)
    assert [t.params for t in study.trials[1:]] == [t.params for t in whole.trials[1:]]


def test_eight_points_of_a_sequence_take_four_values_equally_often():
    study = optuna.create_study(sampler=samplers.QMCSampler(seed=0))
    study.optimize(lambda t: float(t.suggest_int("k", -3, 3, step=2)), n_trials=9)
    values = [t.params["k"] for t in study.trials[1:]]
    assert {v: values.count(v) for v in values} == {-3: 2, -1: 2, 1: 2, 3: 2}


def test_users_own_samplers_work():
    class Mine(samplers.BaseSampler):
        def infer_relative_search_space(self, study, trial):
            return optuna.search_space.intersection_search_space(study.get_trials(deepcopy=False))

        def sample_relative(self, study, trial, search_space):
            return {name: d.high for name, d in search_space.items()}

        def sample_independent(self, study, trial, param_name, param_distribution):
            return param_distribution.low

    study = optuna.create_study(sampler=Mine())
    study.optimize(bowl, n_trials=2)
    assert [t.params for t in study.trials] == [{"x": -5.0, "k": 0}, {"x": 5.0, "k": 5}]


def test_ranges_that_change_are_searched_as_wide_as_they_were():
    def objective(trial):
        high = 10 if trial.number % 2 else 5
        return abs(trial.suggest_float("x", 0, high) - 4)

    study = optuna.create_study(sampler=samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=40)
    assert study.best_value < 0.5
    assert all(t.params["x"] <= 5 for t in study.trials[::2])


def test_arguments_without_effect_are_named():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        samplers.TPESampler(gamma=lambda n: 3)
    texts = [str(w.message) for w in said]
    assert any("gamma of optuna's TPESampler has no effect" in text for text in texts)
    assert any("`gamma` has been deprecated" in text for text in texts)
    with pytest.warns(ExperimentalWarning, match="group"):
        samplers.TPESampler(group=True)
    with pytest.raises(ValueError, match="multivariate"):
        samplers.TPESampler(group=True, multivariate=False)
    with pytest.raises(ValueError, match="population_size"):
        samplers.NSGAIISampler(population_size=1)
    with pytest.raises(ValueError, match="halton"):
        samplers.QMCSampler(qmc_type="other")
    study = optuna.create_study(directions=["minimize"] * 2, sampler=samplers.CmaEsSampler())
    with pytest.raises(ValueError, match="CmaEsSampler cannot be used"):
        study.optimize(lambda t: (t.suggest_float("x", 0, 1), 0.0), n_trials=1)
