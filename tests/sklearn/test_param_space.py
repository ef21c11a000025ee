"""Spaces as scikit-learn's searches take them, and the way back to an estimator's params."""

import numpy as np
import pytest
from scipy.stats import expon, loguniform, norm, randint, uniform
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

import luthier
from luthier import Categorical, Float, Int
from luthier.errors import DistributionError, SpaceError, UnknownParameterError
from luthier.sklearn.param_names import check_param_names
from luthier.sklearn.param_space import read_space


def measured(space, n=30, sampler="random"):
    """The params of each trial of a study of the space."""
    candidates = read_space(space)
    study = luthier.create_study(space=candidates.space, sampler=sampler, seed=0)
    found = []

    def objective(trial):
        found.append(candidates.of_trial(trial))
        return 0.0

    study.optimize(objective, n_trials=n)
    again = [candidates.of_row(row, study.engine.seed) for row in study.trials]
    return found, again, study


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (uniform(2, 3), Float(2.0, 5.0)),
        (loguniform(1e-3, 10), Float(1e-3, 10.0, scale="log")),
        (randint(2, 9), Int(2, 8)),
        (Float(0, 1, step=0.5), Float(0, 1, step=0.5)),
        ([1, 2, 5], Categorical((1, 2, 5), ordered=True)),
        ([5.0, 1.0, 0.1], Categorical((5.0, 1.0, 0.1), ordered=True)),
        (["a", "b", "c"], Categorical(("a", "b", "c"))),
        ([1, 5, 2], Categorical((1, 5, 2))),
        (np.array([1, 1, 2]), Categorical((1, 2))),
    ],
)
def test_what_stands_under_a_name_becomes_a_distribution(given, expected):
    assert read_space({"p": given}).space.params == {"p": expected}


@pytest.mark.parametrize("given", [norm(5, 2), expon(1, 3), loguniform(1, 10, loc=4)])
def test_other_distributions_are_sampled_by_their_quantiles(given):
    found, again, _ = measured({"p": given}, 200)
    values = np.array([params["p"] for params in found])
    assert np.isfinite(values).all()
    assert abs(np.median(values) - given.median()) < 0.3 * given.std()
    assert again == found


def test_what_can_only_be_drawn_from_is_drawn_by_a_seed():
    class Die:
        def rvs(self, random_state):
            return int(random_state.randint(1, 7))

    found, again, _ = measured({"p": Die()}, 60)
    assert {params["p"] for params in found} == {1, 2, 3, 4, 5, 6}
    assert again == found


def test_objects_come_back_as_they_were_given():
    scalers = [StandardScaler(), MinMaxScaler(), None, np.nan, np.int64(3), sorted, (1, 2), [1, 2]]
    found, again, _ = measured({"p": scalers}, len(scalers), "grid")
    assert sorted(map(id, scalers)) == sorted(id(params["p"]) for params in found)
    assert all(a["p"] is b["p"] for a, b in zip(found, again, strict=True))


def test_objects_that_look_alike_are_several_choices():
    found, _, study = measured({"p": [StandardScaler(), StandardScaler()]}, 2, "grid")
    assert study.space.params["p"].choices == ("StandardScaler()", "StandardScaler() #2")
    assert found[0]["p"] is not found[1]["p"]


def test_each_candidate_has_the_params_of_one_of_several_dicts():
    dicts = [
        {"kernel": ["linear"], "C": loguniform(0.1, 10)},
        {"kernel": ["rbf"], "C": loguniform(0.1, 10), "gamma": [0.1, 1.0, 10.0]},
    ]
    found, again, study = measured(dicts, 60)
    linear = [params for params in found if params["kernel"] == "linear"]
    rbf = [params for params in found if params["kernel"] == "rbf"]
    assert all(params.keys() == {"kernel", "C"} for params in linear)
    assert all(params.keys() == {"kernel", "C", "gamma"} for params in rbf)
    assert min(len(linear), len(rbf)) > 10
    assert again == found
    assert "gamma" in study.space.params  # of one dict only, so under its own name
    assert "C [0]" in study.space.params


def test_what_means_the_same_in_several_dicts_is_one_parameter():
    dicts = [{"C": [1, 10], "kernel": ["linear"]}, {"C": [1, 10], "gamma": [1, 2]}, {"gamma": [3]}]
    found, _, study = measured(dicts, 20, "grid")
    assert set(study.space.params) == {"space", "C", "kernel", "gamma [1]", "gamma [2]"}
    assert len(found) == 2 + 4 + 1
    assert {"gamma": 3} in found


def test_a_grid_of_scikit_learn_is_gone_through_in_its_order():
    grid = ParameterGrid({"b": [1, 1, 2], "a": ["x"]})
    found, again, _ = measured(grid, 3, "grid")
    assert found == again == list(grid)


def test_a_space_of_luthier_is_taken_as_it_is():
    space = luthier.Space(
        {"kernel": ["rbf", "linear"], "gamma": Float(0, 1, when={"kernel": "rbf"})}
    )
    found, again, _ = measured(space)
    assert {"kernel": "linear"} in found
    assert again == found


def test_a_function_asks_the_trial_and_is_asked_again_for_results():
    def ask(trial):
        scaler = [StandardScaler(), MinMaxScaler()][trial.suggest_int("scaler", 0, 1)]
        return {"C": trial.suggest_float("C", 0.1, 10, log=True), "s": type(scaler)}

    found, again, study = measured(ask)
    assert again == found
    assert set(study.space.params) == {"scaler", "C"}


def test_a_function_that_returns_no_params_is_refused():
    with pytest.raises(SpaceError, match="returns a dict of params"):
        measured(lambda trial: trial.suggest_float("C", 0, 1), 1)


@pytest.mark.parametrize("given", [7, "C", [], ["C"], [[("C", 1)]], None])
def test_what_is_no_space_is_refused(given):
    with pytest.raises(SpaceError, match=r"a space is a luthier.Space, a dict"):
        read_space(given)


@pytest.mark.parametrize("given", [5, "text", None, np.ones((2, 2))])
def test_what_is_no_collection_of_values_is_refused(given):
    with pytest.raises(DistributionError, match=r"parameter 'C'.*expected a list of values"):
        read_space({"C": given})


def test_no_values_and_names_that_are_no_text_are_refused():
    with pytest.raises(DistributionError, match="at least one value"):
        read_space({"C": []})
    with pytest.raises(SpaceError, match="name is text"):
        read_space({1: [1]})
    with pytest.raises(SpaceError, match="no parameters with `when`"):
        read_space([{"C": Float(0, 1, when={"k": 1}), "k": [1, 2]}, {}])


def test_a_name_that_the_estimator_lacks_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownParameterError, match="did you mean 'max_iter'"):
        check_param_names(LogisticRegression(), [{"max_iters": [1]}])
    with pytest.raises(UnknownParameterError, match="did you mean 'svc__gamma'"):
        check_param_names(make_pipeline(SVC()), [{"svc__gama": []}])


def test_a_step_that_the_search_sets_brings_its_own_params():
    pipe = make_pipeline(SVC())
    part = {"svc": [SVC(), Ridge()], "svc__alpha": [1.0], "svc__gamma": []}
    check_param_names(pipe, [part])
    with pytest.raises(UnknownParameterError, match="svc__alfa"):
        check_param_names(pipe, [{"svc": [SVC(), Ridge()], "svc__alfa": [1.0]}])


def test_the_resource_is_no_parameter_of_the_space():
    with pytest.raises(UnknownParameterError, match="'max_iter' is the resource"):
        check_param_names(LogisticRegression(), [{"max_iter": [1]}], "max_iter")
