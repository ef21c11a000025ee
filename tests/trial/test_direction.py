"""A metric that is better where the study's values are worse is told of."""

import pytest

import luthier
from luthier.trial.direction import find_wrong_direction


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("wanted", ["minimize", "maximize"])
def test_a_study_of_the_other_direction_is_found(direction, wanted):
    trial = luthier.create_study(direction=direction).ask()
    found = find_wrong_direction(trial, "loss", wanted)
    if direction == wanted:
        assert found is None
    else:
        assert found.startswith("metric 'loss' is better where it is ")
        assert found.endswith(
            f"the study is to {direction}; write create_study(direction={wanted!r})"
        )


def test_of_several_objectives_nothing_is_said():
    trial = luthier.create_study(objectives={"a": "minimize", "b": "minimize"}).ask()
    assert find_wrong_direction(trial, "a", "maximize") is None
