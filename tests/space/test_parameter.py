"""What all distributions share: numbers and conditions are plain, whatever they were given as."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from luthier import Categorical, Float, Int
from luthier.errors import DistributionError

KINDS = [
    lambda **fields: Float(0, 1, **fields),
    lambda **fields: Int(0, 1, **fields),
    lambda **fields: Categorical([0, 1], **fields),
]


@pytest.mark.parametrize("make", KINDS)
def test_defaults_and_conditions_are_plain(make):
    dist = make(default=np.int64(1), when={np.str_("p"): np.arange(2)})
    assert dist.default == dist.likeliest == 1
    assert type(dist.default) in (int, float)
    assert dist.when == {"p": (0, 1)}
    assert [type(v) for v in (*dist.when, *dist.when["p"])] == [str, int, int]
    assert make(when={}) == make()


@pytest.mark.parametrize("make", KINDS)
def test_a_default_or_a_prior_of_something_else_is_refused(make):
    for fields in ({"default": 2}, {"prior": "high"}, {"prior": object()}, {"when": "p == 1"}):
        with pytest.raises(ValueError):
            make(**fields)


def test_the_likeliest_value_is_the_default_or_that_of_the_prior():
    assert Float(0, 1, prior=Decimal("0.25")).likeliest == 0.25
    assert Float(0, 1, prior=0.25, default=0.5).likeliest == 0.5
    assert Categorical(["a", "b"], prior=np.array([1, 3])).likeliest == "b"
    assert Int(0, 9).likeliest is None
    with pytest.raises(DistributionError, match="a weight of a prior must be a number"):
        Categorical(["a", "b"], prior=[1, None])
