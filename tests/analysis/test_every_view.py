"""What all views of a study share: a record or a clear word, for whatever there is to see."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from luthier import Float, Int, Space, analysis
from luthier.analysis.axes import read_axis
from luthier.analysis.measured_trials import collect_measured
from luthier.analysis.points import MAX_POINTS, count_points, divide_values, gather_points
from luthier.errors import StudyError, UnknownParameterError
from luthier.testing import history, random_history, trial

from .conftest import SPACE, conditional, trained

VIEWS = [
    lambda h: analysis.attainment([h, h]),
    lambda h: analysis.compare({"a": h, "b": [h, h]}),
    analysis.calibration,
    analysis.contour,
    analysis.convergence,
    analysis.curves,
    analysis.duplicates,
    analysis.edf,
    analysis.effects,
    analysis.explain_best,
    analysis.hypervolume,
    analysis.improvement,
    analysis.incumbent,
    analysis.isolation,
    analysis.parallel,
    analysis.pareto,
    analysis.rank,
    analysis.rank_correlation,
    analysis.resources,
    analysis.slices,
    analysis.timeline,
    analysis.tuning_curve,
]
OF_MODELS = [
    analysis.calibration,
    analysis.contour,
    analysis.convergence,
    analysis.effects,
    analysis.explain_best,
    analysis.improvement,
]
OF_PARAMS = [analysis.isolation, analysis.parallel, analysis.rank, analysis.slices]
OF_VALUES = [*OF_PARAMS, analysis.edf, analysis.incumbent, analysis.tuning_curve]


def arrays(record):
    """All arrays in a record, however deep."""
    if isinstance(record, np.ndarray):
        yield record
    elif isinstance(record, tuple):
        for part in record:
            yield from arrays(part)


@pytest.mark.parametrize("view", VIEWS)
def test_there_is_a_record_or_a_clear_word(view, odd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            record = view(odd)
        except StudyError:  # too few results, or not so many objectives
            return
    assert isinstance(record, tuple)


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_history_gives_the_same_record(view):
    h = conditional(60) if view in OF_MODELS else trained(60)
    if view is analysis.pareto or view is analysis.hypervolume or view is VIEWS[0]:
        h = trained(60, n_objectives=2)
    for a, b in zip(arrays(view(h)), arrays(view(h)), strict=True):
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_a_record_of_many_trials_is_small(view, large):
    """A figure of it can be sent and drawn: 3 MB of numbers at most."""
    if view is analysis.pareto or view is analysis.hypervolume or view is VIEWS[0]:
        large = trained(20_000, n_objectives=2)
    if view in OF_MODELS:
        large = conditional(1_000)
    size = sum(a.nbytes for a in arrays(view(large)))
    assert size < 3_000_000


@pytest.mark.parametrize("view", OF_VALUES)
def test_a_maximised_study_looks_like_its_mirror_image(view):
    h = random_history(SPACE, 60)
    of = {i: h.values[i, 0] for i in np.flatnonzero(~np.isnan(h.values[:, 0])).tolist()}
    down = view(history(*[trial(h.params(i), v) for i, v in of.items()], space=SPACE))
    mirrored = [trial(h.params(i), -v) for i, v in of.items()]
    up = view(history(*mirrored, space=SPACE, directions=["maximize"]))
    first = down[0] if isinstance(down[0], tuple) and hasattr(down[0], "objective") else down
    second = up[0] if isinstance(up[0], tuple) and hasattr(up[0], "objective") else up
    assert (first.direction, second.direction) == ("minimize", "maximize")
    if hasattr(first, "number"):
        assert first.number.tolist() == second.number.tolist()
    if isinstance(getattr(first, "value", None), np.ndarray) and view is not analysis.edf:
        np.testing.assert_array_equal(first.value, -second.value)


@pytest.mark.parametrize("view", OF_VALUES)
def test_an_objective_is_found_by_its_name(view):
    h = history(
        trial({"x": 0.2}, (1.0, 5.0)),
        trial({"x": 0.4}, (2.0, 4.0)),
        directions=["minimize", "maximize"],
        objectives=["loss", "speed"],
    )
    record = view(h, objective="speed")
    record = record if hasattr(record, "objective") else record[0]
    assert (record.objective, record.direction) == ("speed", "maximize")
    with pytest.raises(StudyError, match="no objective 'sped'; did you mean 'speed'"):
        view(h, objective="sped")


@pytest.mark.parametrize("view", OF_PARAMS)
def test_an_unknown_parameter_is_named(view):
    with pytest.raises(UnknownParameterError, match="no parameter 'y'"):
        view(history(trial({"x": 0.1}, 1.0)), params=["y"])


def test_reruns_that_confirm_another_are_left_out():
    h = history(trial({"x": 0.1}, 1.0), trial({"x": 0.1}, 0.5, tags={"confirms": 0}))
    assert collect_measured(h).number.tolist() == [0]


# -- axes -----------------------------------------------------------------------------------------


def test_axes_are_in_the_users_unit():
    lr = read_axis(SPACE, "lr")
    assert (lr.scale, lr.low, lr.high) == ("log", 1e-5, 1e-1)
    np.testing.assert_allclose(lr.position(np.array([1e-5, 1e-3, 1e-1])), [0, 0.5, 1])
    np.testing.assert_allclose(lr.edges(4), [1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
    momentum = read_axis(SPACE, "momentum")
    np.testing.assert_allclose(1 - momentum.edges(2)[1], np.sqrt(0.5 * 0.001))
    np.testing.assert_allclose(momentum.unwarp(momentum.warp(np.array([0.9]))), [0.9])
    assert read_axis(SPACE, "layers").edges().tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    optimizer = read_axis(SPACE, "optimizer")
    assert optimizer.choices == ("adam", "sgd", "Ünïcödé \N{SNOWMAN}")
    assert optimizer.edges().tolist() == [-0.5, 0.5, 1.5, 2.5]
    assert not optimizer.ordered


def test_choices_that_look_alike_are_told_apart():
    assert read_axis(Space({"a": [1, "1"]}), "a").choices == ("1", "'1'")


def test_axes_of_one_value_and_of_the_widest_range_are_usable():
    one = read_axis(Space({"x": Float(3.0, 3.0)}), "x")
    assert one.position(np.array([3.0])).tolist() == [0.5]
    assert one.edges().tolist() == [1.5, 4.5]
    wide = read_axis(Space({"x": Float(-8e307, 8e307)}), "x")
    np.testing.assert_allclose(wide.position(np.array([-8e307, 0.0, 8e307])), [0, 0.5, 1])
    assert np.isfinite(wide.edges()).all()
    many = read_axis(Space({"n": Int(1, 1000)}), "n")
    assert len(many.edges()) == 51


# -- points ---------------------------------------------------------------------------------------


def test_cells_count_every_point_once():
    x = np.array([0.0, 0.1, 0.9, 1.0, np.nan, 0.5])
    y = np.array([0.0, -np.inf, np.inf, 1.0, 0.5, 0.5])
    counts = count_points(x, y, np.array([0, 0.5, 1]), np.array([0, 0.5, 1])).counts
    assert counts.tolist() == [[2, 0], [0, 3]]


def test_outliers_do_not_stretch_the_cells():
    values = np.append(np.linspace(0, 1, 99), [1e9])
    edges = divide_values(values)
    assert edges[0] == 0
    assert 1 < edges[-1] < 5
    assert divide_values(np.array([np.inf, np.nan])).tolist() == [-0.5, 0.5]


def test_beyond_5000_trials_a_density_stands_for_them():
    large = random_history(SPACE, 10_000)
    trials = collect_measured(large)
    x = large.X[trials.number, 0]
    points = gather_points(trials, x, np.linspace(0, 1, 11))
    assert points.n == trials.n > MAX_POINTS
    assert points.density.counts.sum() == points.n
    assert len(points.value) == 500
    assert points.value.max() == np.sort(trials.value)[499]
    few = trials.take(np.arange(100))
    assert gather_points(few, x[:100], np.linspace(0, 1, 11)).density is None
