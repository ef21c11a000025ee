"""What the translations say of what they do not have."""

import warnings

import pytest

from luthier.compat.remarks import refuse, warn_without_effect
from luthier.errors import CompatError, LuthierError


def test_what_is_refused_names_the_other_way():
    error = refuse("ax.plot.render", "Use study.plot().")
    assert isinstance(error, CompatError)
    assert isinstance(error, LuthierError)
    assert str(error) == "ax.plot.render has no equivalent here. Use study.plot()."


def test_what_has_no_effect_is_said_once():
    with pytest.warns(UserWarning, match="verbose of a test has no effect: There is nothing"):
        warn_without_effect("verbose of a test", "There is nothing to print.")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_without_effect("verbose of a test", "There is nothing to print.")
