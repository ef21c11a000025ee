"""Pages of what has changed in a study: whole revisions, as many as take a few megabytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

MOST_ROWS = 2_000  # of a page, trials and reports together
MOST_CHARACTERS = 2**22  # of them
STUDIES = 10  # of a page; each may be a few megabytes large
_REPORT_CHARACTERS = 50


def find_end(trials: Sequence[tuple[int, int]], reports: Sequence[int]) -> int | None:
    """Return the last revision of a page; None where everything fits.

    A page has at least one revision, however much that has changed.

    Args:
        trials: The revision and the characters of each trial that has changed, by revision; the
            first `MOST_ROWS` + 1 of them.
        reports: The revision of each report that has changed, by revision; as many.
    """
    found = [*trials, *((revision, _REPORT_CHARACTERS) for revision in reports)]
    listed_to = min(_find_listed([r for r, _ in trials]), _find_listed(reports))
    n_rows = n_characters = 0
    end: int | None = None
    for revision, characters in _group(found):
        n_rows += len(characters)
        n_characters += sum(characters)
        is_full = n_rows > MOST_ROWS or n_characters > MOST_CHARACTERS or revision > listed_to
        if is_full:
            return revision if end is None else end
        end = revision
    return None


def _find_listed(revisions: Sequence[int]) -> float:
    """Return the last revision all of whose rows are listed, where the list may have been cut."""
    return revisions[-1] - 1 if len(revisions) > MOST_ROWS else math.inf


def _group(found: Iterable[tuple[int, int]]) -> Iterable[tuple[int, list[int]]]:
    for revision, group in groupby(sorted(found), key=itemgetter(0)):
        yield revision, [characters for _, characters in group]
