"""The handle that an objective is given, without a study."""

from __future__ import annotations

import copy
import logging
import threading

import pytest

import luthier
from luthier import Float, Int, LuthierError, Space
from luthier.errors import CheckpointError, ReportError, UnknownAttributeError
from luthier.trial import handle
from luthier.trial.handle import Trial
from luthier.trial.record import Decision
from luthier.trial.ticket import Ticket

SPACE = Space({"x": Float(0, 1), "k": Int(1, 9)})


class Study:
    """A link that notes reports, and decides as it is told."""

    def __init__(self, *decisions):
        self.reports = []
        self.decisions = list(decisions)

    def report(self, step, value, reference, params):
        self.reports.append((step, value, reference, dict(params)))

    def decide(self):
        return self.decisions.pop(0)


class Keeper:
    """Checkpoints in memory; those named "bad" cannot be read."""

    def save(self, number, step, checkpoint):
        return {"step": step, "value": checkpoint}

    def load(self, reference):
        if reference["value"] == "bad":
            raise CheckpointError("it is damaged")
        return reference["value"]

    def find_newest(self, number, lost, known):
        return []


def begin(link=None, space=SPACE, **fields):
    ticket = Ticket(number=3, proposal={"x": 0.25, "k": 2}, seed=7, **fields)
    return Trial(ticket, space, link or Study())


def test_params_are_those_suggested_so_far_or_all_of_a_declared_space():
    trial = begin()
    assert trial.params == {}
    assert trial.suggest_float("x", 0, 1) == 0.25
    assert trial.params == {"x": 0.25}
    assert begin(declared=True).params == {"x": 0.25, "k": 2}


def test_a_name_that_was_not_proposed_is_drawn_by_seed_and_number():
    first, again = begin().suggest_float("new", 0, 1), begin().suggest_float("new", 0, 1)
    assert first == again
    assert first != begin().suggest_float("other", 0, 1)


def test_a_proposal_outside_the_range_is_drawn_anew():
    assert 0.5 <= begin().suggest_float("x", 0.5, 1) <= 1


def test_should_stop_and_should_prune_are_the_same_and_final():
    for ask in (Trial.should_stop, Trial.should_prune):
        trial = begin(Study(Decision.CONTINUE, Decision.PAUSE))
        assert [ask(trial) for _ in range(4)] == [False, True, True, True]
        assert trial.notes().decision is Decision.PAUSE


def test_going_on_after_a_stop_is_warned_of_once(monkeypatch, caplog):
    monkeypatch.setattr(handle, "_warned_of_going_on", threading.Event())
    for _ in range(2):
        trial = begin(Study(Decision.STOP))
        trial.report(0.5, 1)
        assert trial.should_stop()
        with caplog.at_level(logging.WARNING):
            trial.report(0.5, 2)
            trial.report(0.5, 3)
    [said] = [r.getMessage() for r in caplog.records]
    assert said.startswith("trial 3 was told to stop and goes on (step 2)")
    assert "trial.should_stop() is true" in said


def test_reports_reach_the_study_with_the_params_so_far():
    study = Study()
    trial = begin(study, keeper=Keeper(), objectives=("a", "b"))
    trial.suggest_int("k", 1, 9)
    trial.report([1, 2], 1)
    trial.report({"b": 4, "a": 3}, 2, checkpoint="weights")
    assert study.reports == [
        (1.0, (1.0, 2.0), None, {"k": 2}),
        (2.0, (3.0, 4.0), {"step": 2.0, "value": "weights"}, {"k": 2}),
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("a", 1), "got value = 'a'"),
        ((True, 1), "got value = True"),
        ((0.5, None), "got step = None"),
        ((0.5, float("inf")), "step must be finite, got inf in trial 3"),
        (({"other": 1}, 1), "the objectives are value"),
    ],
)
def test_a_report_of_something_else_is_refused(args, message):
    with pytest.raises(ReportError, match=message):
        begin().report(*args)


def test_a_trial_goes_on_from_the_latest_checkpoint_that_can_be_read(caplog):
    references = ({"step": 2.0, "value": "good"}, {"step": 3.0, "value": "bad"})
    trial = begin(keeper=Keeper(), references=references)
    assert (trial.step, trial.checkpoint) == (2, "good")
    assert type(trial.step) is int
    assert "trial 3 cannot go on from its checkpoint: it is damaged" in caplog.text
    assert (begin().step, begin().checkpoint) == (0, None)


def test_a_checkpoint_needs_a_place():
    with pytest.raises(CheckpointError, match="trial 3 runs where"):
        begin().report(0.5, 1, checkpoint={})


def test_random_numbers_depend_on_seed_number_and_step():
    def first(**fields):
        return begin(keeper=Keeper(), **fields).rng.random()

    here = ({"step": 2.0, "value": "good"},)
    assert first() == first()
    assert first(references=here) == first(references=here) != first()
    repeat = {"confirms": 1, "repeat": 0}
    assert first(tags=repeat) == first(tags=repeat, references=here) != first()


def test_notes_are_what_the_objective_left():
    trial = begin(tags={"old": 1})
    x = trial.suggest("x", Float(0, 1))
    trial.set_tag("new", {"a": (1, 2)})
    trial.set_cost(1)
    trial.set_cost(2)
    trial.set_constraint("memory", -1)
    notes = trial.notes()
    assert notes.params == {"x": x}
    assert notes.suggested == {"x": Float(0, 1)}
    assert notes.tags == trial.tags == {"old": 1, "new": {"a": [1, 2]}}
    assert notes.cost == trial.cost == 2.0
    assert notes.constraints == {"memory": -1.0}

    trial.set_tag("later", 1)
    assert "later" not in notes.tags
    with pytest.raises(TypeError):
        trial.tags["x"] = 1


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("suggest_uniform", "suggest_float(name, low, high)"),
        ("suggest_loguniform", "suggest_float(name, low, high, log=True)"),
        ("suggest_discrete_uniform", "suggest_float(name, low, high, step=q)"),
        ("set_user_attr", "set_tag(name, value)"),
        ("user_attrs", "tags"),
    ],
)
def test_a_name_of_another_library_gets_an_error_that_says_ours(name, ours):
    trial = begin()
    with pytest.raises(UnknownAttributeError) as raised:
        getattr(trial, name)
    assert str(raised.value) == f"a Trial has no {name!r}; use trial.{ours}"
    assert isinstance(raised.value, LuthierError)
    assert not hasattr(trial, name)


def test_any_other_name_is_an_ordinary_attribute_error():
    trial = begin()
    with pytest.raises(
        AttributeError, match="'Trial' object has no attribute 'nonsense'"
    ) as raised:
        trial.nonsense
    assert not isinstance(raised.value, LuthierError)
    assert copy.copy(trial).number == 3


@pytest.mark.parametrize("name", ["confirms", "earlier_errors"])
def test_a_tag_that_luthier_sets_is_refused(name):
    study = luthier.create_study(seed=0)
    with pytest.raises(luthier.errors.TrialError, match=f"'{name}' of trial 0 is luthier's own"):
        study.optimize(lambda t: (t.set_tag(name, 3), t.suggest_float("x", 0, 1))[1], n_trials=1)
    with pytest.raises(luthier.errors.TrialError, match="luthier's own"):
        study.enqueue({"x": 0.5}, tags={name: 3})
