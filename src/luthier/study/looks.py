"""When the trials of a define-by-run objective are looked at for conditions."""

from __future__ import annotations

import math

from ..history.history import History
from ..space.space import Space

_LEAST = 5  # new trials after which there is another look, at least
_GROWTH = 1.2  # growth of the number of trials after which there is another look, at least


class Looks:
    """The looks at the trials of one study.

    There is a look after the first trial that has a name, and whenever enough trials have been
    added since the last one. So it is a function of the history alone, whoever continues a study
    and when; and looks are few.
    """

    def __init__(self) -> None:
        self._space: Space | None = None
        self._n = 0  # trials as of the last call
        self._last = 0

    def last(self, history: History) -> int:
        """Return the number of trials that there were when they were last looked at."""
        if self._space is not history.space or history.n < self._n:  # perhaps there are new names
            self._space = history.space
            self._last = 0
            for first in sorted({i for i in history.first_trials().tolist() if i < history.n}):
                self._last = max(_follow(self._last, first), first + 1)
        self._n = history.n
        self._last = _follow(self._last, history.n)
        return self._last


def _follow(last: int, n: int) -> int:
    """Return the last of the looks after one at `last` trials, when there are n."""
    while (following := max(last + _LEAST, math.ceil(_GROWTH * last))) <= n:
        last = following
    return last
