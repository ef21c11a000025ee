import pytest

from luthier.study.bookkeeping import Bookkeeping
from luthier.trial.record import State, TrialRow

A = {"step": 1.0, "file": "1-a"}
B = {"step": 2.0, "file": "1-b"}
SMALL = {"step": 3.0, "value": "x"}  # stands in the row itself


def row(number, state=State.RUNNING, **more):
    return TrialRow(number=number, state=state, **more)


def test_tokens_and_leases_are_those_of_the_last_row():
    books = Bookkeeping()
    assert (books.token(0), books.lease_s(0)) == (0, 0.0)

    books.put([row(0, token=1, lease_s=10.0), row(1, token=4, lease_s=11.0)])
    assert [books.token(i) for i in (0, 1)] == [1, 4]
    assert [books.lease_s(i) for i in (0, 1)] == [10.0, 11.0]

    books.put([row(1, token=5, lease_s=20.0)])
    assert (books.token(1), books.lease_s(1)) == (5, 20.0)

    books.set_lease(0, 15.0)
    assert books.lease_s(0) == 15.0


@pytest.mark.parametrize("state", [State.COMPLETE, State.PRUNED, State.FAILED])
def test_a_trial_that_is_over_has_neither_token_nor_lease(state):
    books = Bookkeeping()
    books.put([row(3, token=2, lease_s=10.0)])
    books.put([row(3, state, token=2, lease_s=10.0)])
    assert (books.token(3), books.lease_s(3)) == (0, 0.0)


def test_a_paused_trial_keeps_its_token_for_whoever_resumes_it():
    books = Bookkeeping()
    books.put([row(0, State.PAUSED, token=3)])
    assert books.token(0) == 3


def test_checkpoints_are_those_of_the_last_row_or_of_what_was_set_since():
    books = Bookkeeping()
    books.put([row(0), row(1, checkpoints=(A,))])
    assert dict(books.checkpoints) == {1: (A,)}

    books.set_checkpoints(1, (A, B))
    books.set_checkpoints(0, (SMALL,))
    assert dict(books.checkpoints) == {1: (A, B), 0: (SMALL,)}

    books.put([row(1, State.COMPLETE, checkpoints=(B,)), row(0, State.COMPLETE)])
    assert dict(books.checkpoints) == {1: (B,)}


def test_checkpoints_are_read_only():
    books = Bookkeeping()
    with pytest.raises(TypeError):
        books.checkpoints[0] = (A,)


def test_a_file_is_used_while_any_trial_refers_to_it():
    books = Bookkeeping()
    assert not books.is_used("1-a")

    books.put([row(0, checkpoints=(A, B)), row(1, checkpoints=(B, SMALL))])
    assert [books.is_used(f) for f in ("1-a", "1-b", "1-c")] == [True, True, False]

    books.put([row(0, State.COMPLETE)])
    assert [books.is_used(f) for f in ("1-a", "1-b")] == [False, True]

    books.set_checkpoints(1, ())
    assert not books.is_used("1-b")
    books.put([row(1, checkpoints=(B,)), row(1, checkpoints=(B,))])  # read twice
    books.set_checkpoints(1, ())
    assert not books.is_used("1-b")
