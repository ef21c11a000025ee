"""What people prefer: stored with the study, in any storage, and read by whoever opens it."""

import pytest

import luthier
from luthier import Float
from luthier.errors import StudyError, TooFewResultsError, TrialError
from luthier.samplers import Preferential
from luthier.storages import InMemory
from luthier.storages.controls import MAX_COMPARISONS, Comparison
from luthier.study.copy import copy
from luthier.trial.record import State, TrialRow


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    return InMemory() if request.param == "memory" else f"sqlite:///{tmp_path}/s.db"


@pytest.fixture
def study(storage):
    return luthier.create_study(
        "s", storage, space={"x": Float(0, 1)}, sampler=Preferential(), seed=0
    )


def add(study, *xs, state=State.WAITING):
    return study.add_trials([TrialRow(number=-1, state=state, params={"x": x}) for x in xs])


def test_the_first_pair_is_proposed_and_waits_for_the_comparison(study):
    pair = study.preferences.next_pair()
    assert [row.number for row in pair] == [0, 1]
    assert {row.state for row in pair} == {State.WAITING}
    assert study.preferences.next_pair() == pair  # until it has been compared
    study.preferences.prefer(*pair)
    best, other = study.preferences.next_pair()
    assert (best.number, other.number) == (0, 2)


def test_trials_that_are_there_are_compared_before_others_are_proposed(study):
    add(study, 0.1, 0.5, 0.9)
    study.preferences.prefer(1, 0)
    pair = study.preferences.next_pair()
    assert [row.number for row in pair] == [1, 2]
    assert len(study.trials) == 3


def test_what_was_preferred_is_read_by_others_and_logged(study, storage):
    add(study, 0.1, 0.5, 0.9)
    other = luthier.load_study("s", storage)
    study.preferences.prefer(1, 0)
    other.preferences.prefer(study.trials[1], 2, equal=True)
    study.preferences.rank([1, 2, 0])
    assert other.preferences.comparisons == (
        Comparison(1, 0),
        Comparison(1, 2, True),
        Comparison(1, 2),
        Comparison(2, 0),
    )
    assert [act.what for act in study.controls.log] == [
        "preferred trial 1 to trial 0",
        "found trials 1 and 2 equal",
        "ranked trials 1, 2, 0",
    ]
    assert other.preferences.best_trial.number == 1


def test_what_is_hidden_or_has_failed_is_neither_the_best_nor_asked_for(study):
    add(study, 0.1, 0.5, 0.9)
    study.preferences.rank([2, 1, 0])
    study.controls.hide(2)
    assert study.preferences.best_trial.number == 1
    study.controls.fail_trial(1)
    assert study.preferences.best_trial.number == 0
    with pytest.raises(TrialError, match="trial 1 has failed"):
        study.preferences.prefer(1, 0)


def test_a_copy_has_the_comparisons(study, tmp_path):
    add(study, 0.1, 0.9)
    study.preferences.prefer(1, 0)
    target = luthier.storages.from_url(f"sqlite:///{tmp_path}/copy.db")
    copy(study.storage, target, "s")
    assert luthier.load_study("s", target).preferences.best_trial.number == 1


def test_nothing_is_best_before_the_first_comparison(study):
    add(study, 0.1, 0.9)
    with pytest.raises(TooFewResultsError, match="no comparison yet"):
        _ = study.preferences.best_trial


@pytest.mark.parametrize(("pair", "said"), [((0, 0), "0 twice"), ((0, 7), "7"), ((0, "a"), "a")])
def test_what_cannot_be_compared_is_refused(study, pair, said):
    add(study, 0.1, 0.9)
    with pytest.raises(TrialError, match=said):
        study.preferences.prefer(*pair)
    assert study.preferences.comparisons == ()


@pytest.mark.parametrize("numbers", [[], [1], [0, 1, 0]])
def test_what_is_no_order_is_refused(study, numbers):
    add(study, 0.1, 0.9)
    with pytest.raises(TrialError, match="two or more different trials"):
        study.preferences.rank(numbers)


def test_there_is_an_end_to_comparisons(study):
    add(study, 0.1, 0.9)
    study.engine.update_spec(comparisons=[[0, 1]] * MAX_COMPARISONS)
    with pytest.raises(StudyError, match="at most 5000 comparisons"):
        study.preferences.prefer(0, 1)


def test_a_study_without_a_space_has_nothing_to_show(storage):
    study = luthier.create_study("empty", storage, sampler=Preferential())
    with pytest.raises(StudyError, match="no space"):
        study.preferences.next_pair()
