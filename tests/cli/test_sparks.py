"""The course of the best value and bars, in one line of a terminal."""

import math
import re
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.support.reports import tuned

import luthier
from luthier import analysis
from luthier.cli import cli, sparks
from luthier.cli.sparks import N_STEPS, draw_bar, draw_progress, sample_best
from luthier.monitoring.overview import make_overview


def test_the_course_falls_to_the_last_value():
    line, _, rest = draw_progress([10.0, 1.0, 0.1, 0.01, 0.0], blocks=True).partition("  ")
    assert line == "█▆▃▁▁"
    assert rest == "10 to 0"
    assert draw_progress([], blocks=True) == ""


def test_the_course_rises_where_values_are_maximized():
    assert draw_progress([0.0, 0.9, 1.0], blocks=True).startswith("▁▃█")


def test_equal_values_are_flat():
    assert draw_progress([2.0, 2.0], blocks=True).startswith("▁▁ ")


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=N_STEPS), st.booleans())
def test_any_values_have_one_character_each(values, blocks):
    line = draw_progress(values, blocks).partition("  ")[0]
    assert len(line) == len(values)


@pytest.mark.parametrize(
    ("share", "bar"), [(1.0, "█" * 20), (0.5, "█" * 10), (0.03125, "▋"), (0.0, "▏")]
)
def test_bars(share, bar):
    assert draw_bar(share, blocks=True) == bar
    assert set(draw_bar(share, blocks=False)) == {"#"}


def test_an_output_without_blocks_gets_plain_characters(monkeypatch):
    class Ascii:
        encoding = "ascii"

    monkeypatch.setattr(sys, "stdout", Ascii())
    assert not sparks.has_blocks()
    assert draw_progress([1.0, 0.0]).isascii()


def test_show_and_watch_draw_the_same_course():
    study = tuned(60)
    shown = sample_best(analysis.incumbent(study.history))
    seen = make_overview("a", study.directions, study.trials, 0.0, 60.0, 0).progress
    assert seen == shown
    assert len(shown) == N_STEPS
    values = [t.value for t in study.trials]
    assert shown[0] == values[0]
    assert shown[-1] == min(values)
    assert np.all(np.diff(shown) <= 0)


def test_a_course_begins_with_the_first_value_and_ends_with_the_last_trial():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number in (0, 1, 7):
            raise luthier.TrialPruned
        trial.set_constraint("c", -1.0 if trial.number != 3 else 1.0)
        return math.inf if trial.number == 2 else x

    study = luthier.create_study(seed=0, direction="maximize")
    study.optimize(objective, n_trials=8)
    shown = sample_best(analysis.incumbent(study.history))
    seen = make_overview("a", study.directions, study.trials, 0.0, 60.0, 0).progress
    assert seen == shown
    assert len(shown) == 6


def test_the_command_shows_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tuned(200, storage="sqlite:///luthier.db")
    shown = CliRunner().invoke(cli, ["show", "train"]).output
    assert re.search("progress +█", shown)
    after = shown.split("what separates the good trials")[1]
    assert "lr " in after.split("\n")[1]
    assert "█" * 20 in after.split("\n")[1]
    assert "noise" not in "\n".join(after.split("\n\n")[0].split("\n"))
    seen = CliRunner().invoke(cli, ["watch", "train", "--once"]).output
    assert re.search("progress +█", seen)
