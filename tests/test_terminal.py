"""What is logged does nothing to a terminal, whoever named what it is about."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
import pytest

import luthier
from luthier.terminal import escape, escape_lines, logger

EVIL = "\x1b]0;EVIL\x07\x9b31m\u202e\r"


@pytest.fixture
def log():
    """What a program sees that writes Python's log to a terminal."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def acts(text):
    return set(text) & {"\x1b", "\x07", "\x9b", "\u202e", "\r"}


@pytest.mark.parametrize(
    "value", [EVIL, ValueError(EVIL), Path(EVIL), [EVIL], {EVIL: 1}, "two\nlines" + EVIL]
)
@pytest.mark.parametrize("form", ["%s", "%r"])
def test_a_line_of_the_log_is_inert(log, form, value):
    logger.warning(f"about {form} and %d, %.2g", value, np.int64(3), 0.5)
    assert "EVIL" in log.getvalue()
    assert log.getvalue().endswith("and 3, 0.5\n")
    assert not acts(log.getvalue())


def test_a_study_run_in_a_program_says_nothing_that_acts(log, tmp_path):
    def objective(trial):
        trial.suggest_float(EVIL, 0, 1)
        raise ValueError(EVIL)

    storage = f"sqlite:///{tmp_path}/a.db"
    study = luthier.create_study(EVIL, storage, sampler="random")
    study.optimize(objective, n_trials=2, catch=ValueError)
    assert "EVIL" in log.getvalue()
    assert not acts(log.getvalue())


def test_text_that_can_be_printed_stays_as_it_is():
    assert escape("größe 30 µm") == "größe 30 µm"
    assert escape_lines("a\nb\tc") == "a\nb\\tc"
