"""Claims: kept while the work goes on, and lost to nobody who did not see it."""

import itertools
import logging
import threading

from luthier.errors import StorageError
from luthier.lifecycle.claim import Claim


def test_a_claim_is_renewed_until_its_block_ends():
    numbers = itertools.count(1)
    renewed = threading.Semaphore(0)

    def note(known):
        number = next(numbers)
        assert known == number - 1
        renewed.release()
        return number

    with Claim(note, 0, 1e-3) as claim:
        for _ in range(3):
            assert renewed.acquire(timeout=60)
        number = claim.stop()
    assert number == next(numbers) - 1 >= 3


def test_a_claim_that_somebody_else_has_is_not_renewed():
    calls = []
    ended = threading.Event()

    def note(known):
        calls.append(known)
        ended.set()

    with Claim(note, 5, 1e-3) as claim:
        assert ended.wait(60)
        claim._thread.join(60)
    assert calls == [5]
    assert claim.stop() == 5


def test_a_storage_that_is_away_is_tried_again(caplog):
    renewed = threading.Event()
    answers = iter([StorageError("the disk is gone"), 7])

    def note(known):
        answer = next(answers, 7)
        if isinstance(answer, Exception):
            raise answer
        renewed.set()
        return answer

    with caplog.at_level(logging.WARNING, "luthier"), Claim(note, 5, 1e-3) as claim:
        assert renewed.wait(60)
        assert claim.stop() == 7
    assert "could not be renewed, it is tried again: the disk is gone" in caplog.text
