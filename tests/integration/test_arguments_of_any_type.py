"""Whatever is passed to whatever is public: it is taken, or refused in words that name it."""

from __future__ import annotations

import datetime
import functools
import inspect
from functools import cache

import pytest

import luthier
from luthier import (
    Categorical,
    Float,
    Int,
    LuthierError,
    Space,
    Study,
    Trial,
    samplers,
    schedulers,
    stopping,
)

# By kind, as what is said differs by kind and not by value.
VALUES = {
    "text": "text",
    "blank": "",
    "half characters": "\ud800",
    "bytes": b"x",
    "whole": 3,
    "negative": -1,
    "fraction": 1.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "huge": 10**400,
    "truth": True,
    "none": None,
    "list": [1],
    "dict": {"a": 1},
    "set": {1},
    "time": datetime.datetime(2020, 1, 1),
    "function": len,
    "class": Float,
    "object": object(),
}

# Arguments without which there is no object, by class.
NEEDED = {
    "NoImprovement": {"n_trials": 3},
    "Regret": {"threshold": 0.1},
    "Threshold": {"upper": 1.0},
    "Replay": {"schedule": {0: {"lr": 0.1}}},
    "Float": {"low": 0, "high": 1},
    "Int": {"low": 0, "high": 3},
    "Categorical": {"choices": [1, 2]},
    "Space": {"params": {"x": Float(0, 1)}},
}
CLASSES = [
    getattr(package, name)
    for package in (samplers, schedulers, stopping)
    for name in package.__all__
    if inspect.isclass(getattr(package, name))
    and not inspect.isabstract(getattr(package, name))
    and name not in ("Decision", "Next", "Resume")
] + [Float, Int, Categorical, Space]

# Where a message has other words than the parameter's name for what came.
OTHER_WORDS = {
    "factors": ("a factor",),
    "url": ("folder or a url",),
    "storage": ("url such as",),
    "checkpoints": ("folder or a url", "place of checkpoints"),
    "objectives": ("a direction is",),
    "name": ("study", "parameter"),
    "params": ("parameter", "a space is", "expected float, int"),
    "space": ("for 'a'",),
    "constraints": ("constraint", "an expression"),
    "choices": ("choice",),
    "default": ("expected one of", "choice"),
    "value": ("a cost is",),
    "trial": ("no trial",),
    "rule": ("a rule",),
    "state": ("ends complete",),
}


def refusal(call, parameter):
    """What is wrong with how a call refuses an argument; None if it takes it or names it."""
    try:
        call()
    except (LuthierError, ValueError) as e:
        text = str(e).lower()
        words = (parameter, *OTHER_WORDS.get(parameter, ()))
        named = any(word.lower() in text for word in words)
        return None if named else f"does not name it: {type(e).__name__}: {e}"
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    return None


def faults_of(call, parameters, good):
    """Each parameter and kind for which a call does not do what it should, in words."""
    return [
        f"{parameter} = {kind}: {fault}"
        for parameter in parameters
        for kind, value in VALUES.items()
        if (fault := refusal(lambda p=parameter, v=value: call({**good, p: v}), parameter))
    ]


def parameters_of(function):
    return [
        name
        for name, p in inspect.signature(function).parameters.items()
        if name not in ("self", "more") and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_constructor(kind) -> None:
    good = NEEDED.get(kind.__name__, {})
    assert faults_of(lambda given: kind(**given), parameters_of(kind), good) == []


def run(given):
    study = luthier.create_study(space={"x": Float(0, 1)}, seed=0)

    def objective(trial):
        if trial.number:
            study.stop()
        return 0.0

    study.optimize(**{"objective": objective, "n_trials": 2, "progress": False, **given})


def test_a_run() -> None:
    # What begins processes, and what is run, are for tests of their own.
    others = ("n_jobs", "resources", "objective", "batch")
    parameters = [p for p in parameters_of(Study.optimize) if p not in others]
    assert faults_of(run, parameters, {}) == []


@pytest.mark.parametrize("objective", ["text", 3, None, 0.5, [len], {"a": 1}, object()])
def test_an_objective_is_a_function(objective) -> None:
    with pytest.raises(ValueError, match="the objective is a function of a trial"):
        run({"objective": objective})


@pytest.mark.parametrize("n_jobs", ["3", 1.5, True, None, [1], 10**400, 0, -2])
def test_a_number_of_jobs(n_jobs) -> None:
    with pytest.raises(ValueError, match="n_jobs must be a whole number from 1 to 100,000, or -1"):
        run({"n_jobs": n_jobs})


@pytest.mark.parametrize("resources", ["cpu", 3, {"cpu": "x"}, {"cpu": None}, {"disk": 1}, [1]])
def test_resources(resources) -> None:
    with pytest.raises(ValueError, match=r"resources|cpu"):
        run({"resources": resources})


@pytest.mark.parametrize("name", ["n_trials", "total", "seed", "timeout_s", "n_jobs"])
@pytest.mark.parametrize("value", [True, False, "3"])
def test_truth_and_text_are_no_numbers(name, value) -> None:
    ran = []

    def call():
        if name == "seed":
            luthier.create_study(seed=value)
        else:
            luthier.create_study().optimize(ran.append, **{"n_trials": 1, name: value})

    with pytest.raises((ValueError, LuthierError), match=name):
        call()
    assert not ran


@pytest.mark.parametrize("callbacks", [3, "text", [3], [None], {"a": 1}, object(), print])
def test_callbacks_are_functions_in_a_list(callbacks) -> None:
    with pytest.raises(ValueError, match="callbacks is a list of functions"):
        run({"callbacks": callbacks})


@cache
def finished():
    study = luthier.create_study(space={"x": Float(0, 1)}, seed=0)
    study.optimize(lambda trial: trial.params["x"], n_trials=6, progress=False)
    return study


@pytest.mark.parametrize(
    ("verb", "good"),
    [
        ("enqueue", {"params": {"x": 0.5}}),
        ("add_trials", {"rows": []}),
        ("set_catch_as", {"catch_as": "failed"}),
        ("recommend", {}),
        ("choose", {"rule": "largest value"}),
        ("load_checkpoint", {"trial": 0}),
    ],
)
def test_a_verb_of_a_study(verb, good) -> None:
    call = getattr(finished(), verb)
    assert faults_of(lambda given: call(**given), parameters_of(call), good) == []


@pytest.mark.parametrize("level", ["x", None, 0, 1, 2, -1, float("nan"), [1], object(), 10**400])
def test_a_level(level) -> None:
    study = finished()
    with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
        study.forecast(0, level=level)
    with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
        study.confirm(level=level)


def test_tell() -> None:
    def call(given):
        study = luthier.create_study(space={"x": Float(0, 1)}, seed=0)
        study.tell(**{"trial": study.ask(), **given})

    assert faults_of(call, ["trial", "state"], {"value": 0.5}) == []


@pytest.mark.parametrize(
    ("verb", "good"),
    [
        ("suggest_float", {"name": "x", "low": 0, "high": 1}),
        ("suggest_int", {"name": "x", "low": 0, "high": 1}),
        ("suggest_categorical", {"name": "x", "choices": [1, 2]}),
        ("suggest", {"name": "x", "dist": Float(0, 1)}),
        ("report", {"value": 1.0, "step": 1}),
        ("set_cost", {"value": 1}),
        ("set_constraint", {"name": "x", "value": 1}),
    ],
)
def test_a_verb_of_a_trial(verb, good) -> None:
    def call(given):
        getattr(luthier.create_study(seed=0).ask(), verb)(**given)

    parameters = parameters_of(getattr(Trial, verb))
    if verb == "set_constraint":
        parameters.remove("value")  # "constraint 'x' is a number" is clear enough
    assert faults_of(call, parameters, good) == []


def test_a_new_study() -> None:
    parameters = parameters_of(luthier.create_study)
    assert faults_of(lambda given: luthier.create_study(**given), parameters, {}) == []


async def answer_later(trial):
    return 0.5


def answer_in_parts(trial):
    yield 0.5


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        (lambda: 0.5, r"called with a trial, .* which takes \(\); its values are in trial.params"),
        (lambda x, y: x + y, r"called with a trial, .* which takes \(x, y\)"),
        (lambda *, x: x, r"called with a trial, .* which takes \(\*, x\)"),
        (answer_later, "which is async; write lambda trial: asyncio.run"),
        (answer_in_parts, "which has a yield"),
        (0.5, "pass the function itself"),
    ],
)
def test_what_no_trial_can_be_given_to_is_refused_before_one(objective, says) -> None:
    study = luthier.create_study(space={"x": luthier.Float(0, 1)})
    with pytest.raises(ValueError, match=says):
        study.optimize(objective, n_trials=3, progress=False)
    assert study.trials == []


@pytest.mark.parametrize(
    "objective",
    [
        lambda *args: 0.5,
        lambda trial, data=None: 0.5,
        functools.partial(lambda data, trial: data, 0.5),
        type("Model", (), {"__call__": lambda self, trial: 0.5})(),
    ],
)
def test_objectives_that_take_a_trial_run(objective) -> None:
    study = luthier.create_study()
    study.optimize(objective, n_trials=1, callbacks=[lambda *both: None], progress=False)
    assert study.best_value == 0.5


def test_a_callback_that_takes_too_little_is_refused_before_a_trial() -> None:
    study = luthier.create_study()
    with pytest.raises(ValueError, match=r"a callback is called with .*\(row\)"):
        study.optimize(lambda t: 0.5, n_trials=1, callbacks=[lambda row: None], progress=False)
    assert study.trials == []


def test_names_in_another_case_are_proposed() -> None:
    study = luthier.create_study(space={"Learning_Rate": luthier.Float(0, 1)})
    with pytest.raises(luthier.errors.UnknownParameterError, match="did you mean 'Learning_Rate'"):
        study.enqueue({"LEARNING_RATE": 0.5})
    study.add({"Learning_Rate": 0.5}, 1.0)
    with pytest.raises(AttributeError, match=r"write params\['Learning_Rate'\]"):
        study.best_trial.params.Learning_Rate


HUGE = 10**5000  # Python writes no number of so many digits


class Shy:
    """What cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [HUGE, [HUGE, 1], {"loss": HUGE}, Shy(), [Shy()]], ids=type)
def test_a_value_that_cannot_be_shown_fails_its_trial_alone(value) -> None:
    study = luthier.create_study()
    study.optimize(
        lambda t: 0.5 if t.number else value,
        n_trials=2,
        catch=luthier.errors.ObjectiveValueError,
        progress=False,
    )
    assert [row.state.name for row in study.trials] == ["FAILED", "COMPLETE"]
    asked = study.ask()
    with pytest.raises(luthier.errors.ObjectiveValueError):
        study.tell(asked, value)


@pytest.mark.parametrize("value", [HUGE, Shy()], ids=type)
def test_arguments_that_cannot_be_shown_are_refused_in_our_words(value) -> None:
    study = luthier.create_study()
    for call in (
        lambda: luthier.create_study(direction=value),
        lambda: luthier.create_study(objectives=value),
        lambda: luthier.create_study(objectives=[value]),
        lambda: luthier.create_study(catch_as=value),
        lambda: study.optimize(value, n_trials=1),
        lambda: study.optimize(lambda t: 0.5, n_trials=1, catch=value),
        lambda: study.tell(value, 1.0),
        lambda: study.explain(value),
    ):
        with pytest.raises((luthier.LuthierError, ValueError)) as e:
            call()
        assert "digits" not in str(e.value)
    assert study.trials == []
