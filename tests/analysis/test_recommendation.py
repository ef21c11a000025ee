"""Recommendations from many configurations; `tests/study/test_confirm.py` has the rest."""

from __future__ import annotations

import numpy as np

from luthier import State, TrialRow
from luthier.analysis import recommend
from luthier.history.history import History
from luthier.models.surrogate import Surrogate

from .conftest import additive


def rows_of(h: History):
    """Return what gives the trials of some numbers."""

    def give(numbers: list[int]) -> list[TrialRow]:
        return [
            TrialRow(
                number=n, state=State.COMPLETE, params=h.params(n), values=(float(h.values[n, 0]),)
            )
            for n in numbers
        ]

    return give


def test_of_many_configurations_the_model_looks_at_the_best_observed(monkeypatch) -> None:
    h = additive(2300)
    looked_at: list[int] = []
    predict = Surrogate.predict

    def counted(self, X):
        looked_at.append(len(X))
        return predict(self, X)

    monkeypatch.setattr(Surrogate, "predict", counted)
    found = recommend(h, 3, rows_of(h))
    assert looked_at == [2000]
    among = np.argsort(h.losses[:, 0])[:2000]
    assert {one.number for one in found} <= set(among.tolist())
    assert [one.mean for one in found] == sorted(one.mean for one in found)


def test_repeats_are_one_configuration() -> None:
    h = additive(30)
    again = [
        TrialRow(number=30 + i, state=State.COMPLETE, params=h.params(4), values=(v,))
        for i, v in enumerate((1.0, 2.0))
    ]
    h.put(again)
    [found] = [one for one in recommend(h, 30, rows_of(h)) if one.number == 4]
    assert found.numbers == (4, 30, 31)
    assert found.observed == (1.0 + 2.0 + float(h.values[4, 0])) / 3
