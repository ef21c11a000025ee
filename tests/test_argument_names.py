"""What users of other libraries type by habit gets an error that names ours."""

from __future__ import annotations

import pytest

import luthier
from luthier import samplers, schedulers
from luthier.errors import ArgumentNameError


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: luthier.create_study(pruner="median"), "in luthier it is scheduler"),
        (lambda: luthier.create_study(study_name="s"), "in luthier it is name"),
        (lambda: luthier.create_study(directions=["minimize"]), "in luthier it is objectives"),
        (lambda: luthier.create_study(smapler="tpe"), "did you mean 'sampler'"),
        (lambda: luthier.load_study(study_name="s", storage=None), "in luthier it is name"),
        (lambda: luthier.delete_study(study_name="s", storage=None), "in luthier it is name"),
        (lambda: samplers.TPE(n_ei_candidates=24), "TPE has no .* in luthier it is n_candidates"),
        (lambda: samplers.TPE(seed=1), r"in luthier it is create_study\(seed=...\)"),
        (lambda: samplers.CMAES(n_startup_trials=5), "in luthier it is start_at"),
        (lambda: samplers.BOHB(n_startup_trials=5), "it takes random_fraction"),
        (lambda: samplers.Random(seed=1), r"in luthier it is create_study\(seed=...\)"),
        (lambda: samplers.NSGA2(mutation_prob=0.1), "in luthier it is mutation_rate"),
        (lambda: schedulers.ASHA(max_t=9), "in luthier it is max_resource"),
        (lambda: schedulers.Median(n_startup=5), "did you mean 'n_startup_trials'"),
    ],
)
def test_an_argument_of_another_name_is_explained(call, says):
    with pytest.raises(ArgumentNameError, match=says):
        call()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timeout": 5}, "in luthier it is timeout_s"),
        ({"show_progress_bar": True}, "in luthier it is progress"),
        ({"catch_as": "failed"}, r"create_study\(catch_as=...\)"),
        ({"n_trails": 5}, "did you mean 'n_trials'"),
    ],
)
def test_optimize_explains_its_arguments(options, says):
    study = luthier.create_study()
    with pytest.raises(TypeError, match=f"Study.optimize has no argument .*{says}"):
        study.optimize(lambda trial: 0.0, **options)
    assert study.trials == []


def test_signatures_are_as_written():
    import inspect

    assert "load_if_exists" in inspect.signature(luthier.create_study).parameters
    assert next(iter(inspect.signature(samplers.TPE).parameters)) == "n_startup_trials"


def test_a_users_own_sampler_may_take_any_argument():
    class Mine(samplers.Sampler):
        def __init__(self, **options):
            self.options = options

        def sample(self, space, history, n, rng):
            return space.sample(rng, n)

    assert Mine(anything=1).options == {"anything": 1}
