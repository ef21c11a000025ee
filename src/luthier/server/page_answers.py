"""Answers to the page, which are made again only when a study has changed enough."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec

from ..history.history import History
from .open_studies import OpenStudies, OpenStudy
from .request import Answer, ApiRequest

_MAX_KEPT = 64  # answers, and orders of tables
_MAX_BYTES = 2**19  # of an answer that is kept
_FEW = 10  # changes after which an analysis is done again; more in a large study
_SHARE = 20  # an analysis is done again after one change in so many trials
_SHARE_SEEN = 200  # the same of what is quickly made

Make = Callable[[OpenStudy, History], Any]
"""Makes an answer: bytes, or what JSON can hold."""

Version = Callable[[History], int]
"""A number that changes when an answer is to be made anew."""


def each_change(history: History) -> int:
    """A number that changes with every change."""
    return history.revision


def some_changes(history: History) -> int:
    """A number that changes after one change in 200 trials, and with every one of few."""
    return history.revision // max(1, history.n // _SHARE_SEEN)


def many_changes(history: History) -> int:
    """A number that changes after a twentieth as many changes as there are trials, or ten."""
    return history.revision // max(_FEW, history.n // _SHARE)


class Answers:
    """The last answers about studies; every method may be called from many threads.

    An answer has a tag, made of the study's count of changes. Whoever has the answer of a tag sends
    it along; where nothing has changed, no trial is read and nothing is sent.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies
        self._kept = Kept()

    def give(
        self, request: ApiRequest, what: Hashable, make: Make, version: Version = each_change
    ) -> Answer:
        """The answer to a request about one study; status 304 where the client has it.

        Args:
            request: The request.
            what: What is asked for.
            make: Makes the answer.
            version: When it is made anew.
        """
        return self.give_several(
            request,
            [request.study],
            what,
            lambda opened, histories: make(opened[0], histories[0]),
            version,
        )

    def give_several(
        self,
        request: ApiRequest,
        studies: Sequence[int],
        what: Hashable,
        make: Callable[[list[OpenStudy], list[History]], Any],
        version: Version = each_change,
    ) -> Answer:
        """The answer to a request about several studies.

        Args:
            request: The request.
            studies: Their ids, ascending, as all who read several take them in one order.
            what: What is asked for.
            make: Makes the answer.
            version: When it is made anew.
        """
        opened = [self._studies.open(study) for study in studies]
        with contextlib.ExitStack() as stack:
            histories = [stack.enter_context(study.engine.reading()) for study in opened]
            marks = [
                f"{version(history)}-{int(1000 * study.created_s):x}"
                for study, history in zip(opened, histories, strict=True)
            ]
            tag = f'"{marks[0] if len(marks) == 1 else _shorten(marks)}"'
            if request.known == tag:
                return Answer(304, b"", tag)
            slot = *studies, what
            content = self._kept.find(slot, tag)
            if content is None:
                made = make(opened, histories)
                content = made if isinstance(made, bytes) else msgspec.json.encode(made)
                if len(content) <= _MAX_BYTES:
                    self._kept.keep(slot, tag, content)
            return Answer(200, content, tag)


def _shorten(marks: Sequence[str]) -> str:
    return hashlib.sha256(".".join(marks).encode()).hexdigest()[:32]


class Kept:
    """The last results, each until its tag changes."""

    def __init__(self) -> None:
        self._results: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, slot: Hashable, tag: Hashable) -> Any:
        """The result in a slot, if it has this tag."""
        with self._lock:
            known, result = self._results.get(slot, (None, None))
            return result if known == tag else None

    def keep(self, slot: Hashable, tag: Hashable, result: Any) -> None:
        """Keep a result, and drop the oldest of too many."""
        with self._lock:
            self._results.pop(slot, None)
            self._results[slot] = tag, result
            if len(self._results) > _MAX_KEPT:
                self._results.popitem(last=False)
