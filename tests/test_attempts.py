import errno
import pickle

import pytest

from luthier import attempts
from luthier.attempts import Attempts, is_exhausted


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self, monkeypatch):
        self.now_s = 1000.0
        monkeypatch.setattr(attempts.time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(attempts.time, "sleep", self.sleep)

    def sleep(self, seconds):
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


class Door:
    """Answers from the n-th attempt on."""

    def __init__(self, n):
        self.n = n
        self.n_tried = 0

    def __call__(self):
        self.n_tried += 1
        if self.n_tried < self.n:
            raise ConnectionError(f"attempt {self.n_tried}")
        return "open"

    def __repr__(self):
        return "Door"


def is_away(e):
    return isinstance(e, ConnectionError)


def test_it_is_tried_again_until_it_answers_and_said_once(clock, caplog):
    door = Door(5)
    assert Attempts(30).run(door, is_away, door) == "open"
    assert door.n_tried == 5
    assert caplog.messages == ["attempt 1; trying for 30 s", "Door answers again"]


def test_the_success_of_what_needs_less_is_no_sign_of_an_end(clock, caplog):
    """As reading a full disk."""
    tries = Attempts(30)
    door = Door(5)

    def write():
        assert tries.run(lambda: "read", is_away, "Disk") == "read"
        return door()

    assert tries.run(write, is_away, "Disk") == "open"
    assert caplog.messages == ["attempt 1; trying for 30 s", "'Disk' answers again"]


def test_a_second_outage_is_told_of_after_one_that_was_waited_for_in_vain(clock, caplog):
    tries = Attempts(30)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            tries.run(Door(10**9), is_away, "Disk")
        clock.now_s += 60
    assert caplog.messages == ["attempt 1; trying for 30 s"] * 2


def test_what_does_not_pass_is_raised_at_once(clock):
    door = Door(5)
    with pytest.raises(ConnectionError, match="attempt 1"):
        Attempts(30).run(door, lambda e: False, door)


def test_after_the_time_the_last_error_is_raised(clock):
    door = Door(10**9)
    with pytest.raises(ConnectionError, match="attempt"):
        Attempts(30).run(door, is_away, door)
    assert 1030 <= clock.now_s < 1033
    assert door.n_tried > 10


def test_who_comes_soon_after_somebody_waited_in_vain_does_not_wait(clock):
    tries, door = Attempts(30), Door(10**9)
    with pytest.raises(ConnectionError):
        tries.run(door, is_away, door)
    before = door.n_tried
    with pytest.raises(ConnectionError):
        tries.run(door, is_away, door)
    assert door.n_tried == before + 1

    clock.sleep(60)
    door.n = door.n_tried + 3
    assert tries.run(door, is_away, door) == "open"


def test_what_hung_until_somebody_gave_up_is_left_alone_for_a_moment(clock):
    tries, door = Attempts(2), Door(3)

    def hanging_door():
        clock.sleep(5)
        return door()

    for _ in range(2):
        with pytest.raises(ConnectionError, match="attempt 1"):
            tries.run(hanging_door, is_away, door)
    assert door.n_tried == 1

    clock.sleep(11)
    with pytest.raises(ConnectionError, match="attempt 2"):
        tries.run(hanging_door, is_away, door)
    clock.sleep(11)
    assert tries.run(hanging_door, is_away, door) == "open"
    assert tries.run(hanging_door, is_away, door) == "open"


def test_an_end_that_is_near_shortens_the_wait_of_those_who_wait(clock):
    tries, door = Attempts(30), Door(10**9)

    def attempt():
        if door.n_tried == 3:
            tries.end_soon(1.0)
        return door()

    with pytest.raises(ConnectionError):
        tries.run(attempt, is_away, door)
    assert clock.now_s < 1010


def test_it_travels_without_what_it_has_seen(clock):
    tries, door = Attempts(7), Door(10**9)
    with pytest.raises(ConnectionError):
        tries.run(door, is_away, door)
    sent = pickle.loads(pickle.dumps(tries))
    assert sent.within_s == 7
    assert sent.run(Door(3), is_away, door) == "open"


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EIO"])
def test_a_machine_that_is_out_of_something_is_told_by_the_number_of_the_error(name):
    assert is_exhausted(OSError(getattr(errno, name), "x"))


@pytest.mark.parametrize("e", [OSError(errno.EACCES, "x"), OSError("x"), ValueError("x")])
def test_other_errors_are_not_taken_for_exhaustion(e):
    assert not is_exhausted(e)
