"""The hypervolume of a study's front, trial by trial."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import State
from luthier.analysis import hypervolume
from luthier.errors import NoCompletedTrialsError, StudyError, TooFewResultsError
from luthier.numerics.hypervolume import hypervolume as volume
from luthier.testing import history, random_history, trial

from .conftest import SPACE


def of(*points, directions=("minimize", "minimize"), **fields):
    return history(*[trial({"x": 0.5}, p, **fields) for p in points], directions=directions)


def test_areas_that_can_be_worked_out_on_paper():
    found = hypervolume(of((1.0, 2.0), (2.0, 1.0), (2.5, 2.5), (0.0, 0.0)), reference=[3, 3])
    assert found.volume.tolist() == [2, 3, 3, 9]
    assert found.number.tolist() == [0, 1, 2, 3]


def test_the_reference_lies_a_tenth_of_the_range_behind_the_worst():
    found = hypervolume(of((0.0, 10.0), (10.0, 30.0), directions=["minimize", "maximize"]))
    np.testing.assert_allclose(found.reference, [11, 8])
    np.testing.assert_allclose(found.volume, [22, 22 + 1 * 22 - 1 * 2])


def test_constant_objectives_and_infinite_values():
    found = hypervolume(of((5.0, 0.0), (5.0, 0.0), (np.inf, 1.0)))
    np.testing.assert_allclose(found.reference, [5.5, 0.1])
    assert found.n == 2
    with pytest.raises(TooFewResultsError, match="finite"):
        hypervolume(of((np.inf, 1.0)))


@pytest.mark.parametrize("m", [2, 3, 5])
def test_of_many_trials_a_sample_has_the_same_volumes(m):
    h = random_history(SPACE, 1_500, n_objectives=m)
    found = hypervolume(h, reference=[1.0] * m)
    assert len(found.number) <= (300 if m < 5 else 50)
    for i in (0, len(found.number) // 2, -1):
        losses = h.losses[: found.number[i] + 1]
        losses = losses[h.state[: len(losses)] == State.COMPLETE]
        assert found.volume[i] == pytest.approx(volume(losses, np.ones(m)))
    assert (np.diff(found.volume) >= 0).all()


def test_what_has_no_volume_is_refused():
    with pytest.raises(StudyError, match="at least two"):
        hypervolume(history(trial({"x": 0.5}, 1.0)))
    with pytest.raises(StudyError, match="more than 8"):
        hypervolume(history(directions=["minimize"] * 9))
    with pytest.raises(NoCompletedTrialsError):
        hypervolume(of())
    with pytest.raises(ValueError, match="one finite number for each of 2"):
        hypervolume(of((1.0, 1.0)), reference=[1.0])
