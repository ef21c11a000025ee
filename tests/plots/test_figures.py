"""The data of each figure: golden numbers, and what is said where something is left out."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from msgspec.structs import replace

import luthier
from luthier import Categorical, Float, Int, Space, State, plots
from luthier.analysis import (
    attained_fronts,
    best_by_range,
    best_so_far,
    cumulative_shares,
    dominated_volume,
    expected_best,
    front_points,
    gain_by_trial,
    one_parameter,
    parallel_lines,
    repeated_points,
    reported_curves,
    resource_use,
    rung_agreement,
    study_comparison,
    surfaces,
    surrogate_calibration,
    value_ranks,
    worker_times,
)
from luthier.analysis.findings.confirmed import list_confirmed
from luthier.analysis.fold_scores import read_fold_scores
from luthier.analysis.importances.ablation import AblationPath
from luthier.analysis.importances.result import Importance, Interaction
from luthier.analysis.model_quality import ModelQuality
from luthier.errors import (
    ArgumentNameError,
    NoCompletedTrialsError,
    RuleError,
    StudyError,
    TooFewResultsError,
)
from luthier.plots.figure import Band, Bars, Dots, Heat, Line, Text
from luthier.plots.figures.ablation import describe_ablation
from luthier.plots.figures.attainment import describe_attainment
from luthier.plots.figures.calibration import describe_calibration
from luthier.plots.figures.compare import describe_comparison
from luthier.plots.figures.confirmation import describe_confirmation
from luthier.plots.figures.contour import describe_contour
from luthier.plots.figures.convergence import describe_convergence
from luthier.plots.figures.curves import describe_curves
from luthier.plots.figures.duplicates import describe_duplicates
from luthier.plots.figures.edf import describe_edf
from luthier.plots.figures.folds import describe_folds
from luthier.plots.figures.history import describe_history
from luthier.plots.figures.hypervolume import describe_hypervolume
from luthier.plots.figures.importance import describe_importance
from luthier.plots.figures.interactions import describe_interactions
from luthier.plots.figures.isolation import describe_isolation
from luthier.plots.figures.parallel import describe_parallel
from luthier.plots.figures.parameters import describe_axis, find_columns
from luthier.plots.figures.pareto import describe_pareto
from luthier.plots.figures.points import describe_values
from luthier.plots.figures.rank import describe_ranks
from luthier.plots.figures.rank_correlation import describe_rank_correlation
from luthier.plots.figures.resources import describe_resources
from luthier.plots.figures.slices import describe_slices
from luthier.plots.figures.timeline import describe_timeline
from luthier.plots.figures.tuning_curve import describe_tuning_curve
from luthier.plots.source import name_sources
from luthier.testing.histories import history, trial
from luthier.trial.record import Turn

SPACE = Space(
    {
        "lr": Float(1e-4, 1.0, scale="log"),
        "kind": Categorical(["cnn", "mlp"]),
        "momentum": Float(0.5, 0.999, scale="reverse_log"),
    }
)


def params(lr, kind="cnn", momentum=0.9):
    return {"lr": lr, "kind": kind, "momentum": momentum}


@pytest.fixture
def given():
    return history(
        trial(params(1e-3), 4.0),
        trial(params(1e-2, "mlp", 0.99), 2.0),
        trial(params(1e-1), 3.0),
        trial(params(1e-2), 1.0, constraints={"c": 1.0}),
        trial(params(1.0), state=State.FAILED),
        trial(params(2e-2), 1.5),
        space=SPACE,
    )


def layers(figure, kind, panel=0):
    return [layer for layer in figure.panels[panel].layers if isinstance(layer, kind)]


def test_history(given):
    figure = describe_history(best_so_far.incumbent(given))
    (line,) = layers(figure, Line)
    assert line.steps
    assert line.x.tolist() == [0, 1, 5, 5]
    assert line.y.tolist() == [4, 2, 1.5, 1.5]
    failed, feasible, infeasible = layers(figure, Dots)
    assert feasible.x.tolist() == [0, 1, 2, 5]
    assert feasible.hover[0] == "trial 0: 4"
    assert (failed.x.tolist(), failed.label) == ([4], "failed (1)")
    assert failed.hover == ("trial 4: failed",)
    assert figure.panels[0].y.low < failed.y[0] < feasible.y.min()  # below all values
    assert infeasible.hollow
    assert (infeasible.x.tolist(), infeasible.y.tolist()) == ([3], [1.0])


def test_history_of_trials_of_which_none_is_feasible_has_no_line_and_says_why():
    given = history(trial({"x": 0.5}, 1.0, constraints={"c": 1.0}))
    figure = describe_history(best_so_far.incumbent(given))
    assert layers(figure, Line) == []
    assert figure.notes == ("No trial is feasible.",)


@pytest.mark.parametrize("log", [False, True])
def test_history_marks_trials_without_a_value_below_all_others(log):
    rows = [trial({"x": i / 10}, 10.0**i) for i in range(5)]
    rows += [trial({"x": 0.1}, state=State.PRUNED)] * 3
    figure = describe_history(best_so_far.incumbent(history(*rows)), log)
    pruned, complete = layers(figure, Dots)
    assert (pruned.x.tolist(), pruned.label) == ([5, 6, 7], "pruned (3)")
    assert figure.panels[0].y.low < pruned.y[0] < complete.y.min()


def test_history_marks_a_thousand_of_very_many_failures():
    rows = [trial({"x": 0.1}, 1.0), *[trial({"x": 0.1}, state=State.FAILED)] * 3_000]
    failed = layers(describe_history(best_so_far.incumbent(history(*rows))), Dots)[0]
    assert len(failed.x) == 1_000
    assert failed.label == "failed (3,000)"


def test_history_of_several_studies_has_a_line_each(given):
    other = history(trial(params(1e-3), 2.0), space=SPACE)
    figure = plots.history([given, other], backend="svg").figure
    first, second = layers(figure, Line)
    assert (first.label, second.label) == ("history 1", "history 2")
    assert first.y.tolist() == [4, 2, 1.5, 1.5]
    assert second.y.tolist() == [2, 2]
    up = history(trial(params(1e-3), 2.0), space=SPACE, directions=["maximize"])
    with pytest.raises(StudyError, match="one direction"):
        plots.history([given, up])


def test_slices(given):
    figure = describe_slices(one_parameter.slices(given))
    assert [panel.x.label for panel in figure.panels] == ["lr", "kind", "momentum"]
    assert [panel.x.scale for panel in figure.panels] == ["log", "category", "linear"]
    feasible, infeasible, best = layers(figure, Dots)
    assert feasible.x == pytest.approx([1e-3, 1e-2, 1e-1, 2e-2])
    assert infeasible.hollow
    assert (best.x[0], best.y[0]) == (pytest.approx(2e-2), 1.5)
    assert layers(figure, Dots, 1)[0].x.tolist() == [0, 1, 0, 0]
    # Momentum stands where it says, although its scale is none of a panel.
    axis = figure.panels[2].x
    assert [tick.label for tick in axis.marks] == ["0.999", "0.99", "0.9"]
    assert layers(figure, Dots, 2)[0].x[1] == pytest.approx(axis.marks[1].value)
    assert figure.panels[1].y.label == ""  # it is that of its neighbour
    assert (figure.panels[1].y.low, figure.panels[1].y.high) == (
        figure.panels[0].y.low,
        figure.panels[0].y.high,
    )


def test_edf_of_two_studies(given):
    other = history(trial(params(1e-3), 2.0), trial(params(1e-2), 2.0), space=SPACE)
    records = {name: cumulative_shares.edf(h) for name, h in {"a": given, "b": other}.items()}
    first, second = layers(describe_edf(records), Line)
    assert first.x.tolist() == [1.5, 1.5, 2, 3, 4]
    assert first.y.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert (second.x.tolist(), second.y.tolist()) == ([2, 2], [0, 1])
    assert (first.label, second.label) == ("a", "b")
    assert first.colour != second.colour
    assert "1 trial that broke a constraint" in describe_edf(records).notes[0]


def test_isolation(given):
    figure = describe_isolation(best_by_range.isolation(given, ["kind"]))
    (line,) = layers(figure, Line)
    assert line.x[:2].tolist() == [-0.5, 0.5]
    assert line.y[[0, 3]].tolist() == [1.5, 2.0]
    (dots,) = layers(figure, Dots)
    assert dots.x.tolist() == [0, 1]
    assert dots.hover == ("trial 5: 1.5, best of 3", "trial 1: 2, best of 1")


def test_parallel(given):
    figure = describe_parallel(parallel_lines.parallel(given))
    lines = layers(figure, Line)
    n_drawn = sum(int(np.isnan(line.x).sum()) for line in lines)
    assert n_drawn == 5  # each complete trial lifts the pen once
    assert lines[0].label == "infeasible"
    best = lines[-1]  # on top
    assert best.shade < min(line.shade for line in lines[1:-1])
    assert best.y[:4] == pytest.approx([math.log(200) / math.log(1e4), 0.0, 0.3495, 0.125], abs=0.1)
    assert [tick.label for tick in figure.panels[0].x.marks] == [*SPACE.names, "value"]


def test_parallel_draws_the_best_on_top_where_values_are_maximized():
    rows = [trial({"x": i / 10}, float(i)) for i in range(10)]
    record = parallel_lines.parallel(history(*rows, directions=["maximize"]))
    shades = [line.shade for line in layers(describe_parallel(record), Line)]
    assert shades == sorted(shades)


def test_rank(given):
    figure = describe_ranks(value_ranks.rank(given))
    assert [(p.x.label, p.y.label) for p in figure.panels] == [
        ("lr", "kind"),
        ("lr", "momentum"),
        ("kind", "momentum"),
    ]
    feasible, infeasible = layers(figure, Dots)
    assert feasible.shade[np.argmin(feasible.x)] == 1.0  # the worst
    assert sorted(feasible.shade) == [0.25, 0.5, 0.75, 1.0]  # an infeasible one is the best
    assert infeasible.hollow


def test_timeline():
    rows = [
        trial({"x": 0.1}, 1.0, started_s=100.0, finished_s=130.0),
        trial({"x": 0.2}, state=State.FAILED, started_s=110.0, finished_s=120.0),
        trial({"x": 0.3}, 1.0, started_s=130.0, finished_s=140.0),
    ]
    figure = describe_timeline(worker_times.timeline(history(*rows)))
    complete, failed = layers(figure, Bars)
    assert (complete.start.tolist(), complete.end.tolist()) == ([0, 30], [30, 40])
    assert failed.at.tolist() == [1]
    assert (complete.label, failed.label) == ("complete", "failed")
    assert failed.hover == ("trial 1, failed, 10 s",)
    assert figure.notes == ("Idle: 38 % of the time of all lanes.",)


def test_a_timeline_leads_a_line_over_each_pause_of_a_trial():
    turns = (Turn(3.0, {"x": 0.1}, None, 110.0, 130.0),)
    rows = [
        trial({"x": 0.1}, 1.0, started_s=120.0, finished_s=140.0, turns=turns),
        trial({"x": 0.2}, 1.0, started_s=101.0, finished_s=135.0),
        trial({"x": 0.3}, 1.0, started_s=100.0, finished_s=102.0, turns=(Turn(3.0, {"x": 0.3}),)),
    ]
    figure = describe_timeline(worker_times.timeline(history(*rows)))
    [line] = layers(figure, Line)
    assert line.x.tolist()[:2] == [10, 30]
    assert np.isnan(line.x[2])
    paused = next(bars for bars in layers(figure, Bars) if bars.label == "paused")
    assert paused.hover == ("trial 0, paused, 10 s",)
    assert "1 pause of trials, 20 s in the middle." in figure.notes[0]
    assert "1 pause of trials not drawn: their times were not stored." in figure.notes[0]


def test_a_timeline_shades_the_rests_of_the_study():
    rows = [
        trial({"x": 0.1}, 1.0, started_s=start, finished_s=start + 30.0)
        for start in (0.0, 10.0, 5000.0, 5010.0, 9000.0)
    ]
    figure = describe_timeline(worker_times.timeline(history(*rows)))
    shaded = layers(figure, Band)
    assert [band.x.tolist() for band in shaded] == [[40, 5000], [5040, 9000]]
    assert [tick.label for tick in figure.panels[0].y.marks] == ["1", "2"]
    assert figure.notes[0].endswith("Without 2 rests of 2 h 28 min in all.")


def test_curves():
    rows = [
        trial({"x": 0.1}, 1.0, reports=[3, 2, 1]),
        trial({"x": 0.2}, state=State.PRUNED, reports=[5, 4]),
        trial({"x": 0.3}, 2.0, reports=[4, 3, 2]),
    ]
    figure = describe_curves(reported_curves.curves(history(*rows), n_fans=0))
    complete, pruned = layers(figure, Line)
    assert np.array_equal(complete.y, [4, 3, 2, math.nan, 3, 2, 1, math.nan], equal_nan=True)
    assert np.array_equal(pruned.x, [1, 2, math.nan], equal_nan=True)
    assert (complete.label, pruned.label) == ("complete", "pruned")
    assert not complete.faint
    assert figure.panels[0].x.whole


def test_many_curves_stand_faint_over_quantiles_of_all():
    rows = [trial({"x": i / 300}, float(i), reports=[i + 1.0, float(i)]) for i in range(300)]
    figure = describe_curves(reported_curves.curves(history(*rows)))
    assert [band.label for band in layers(figure, Band)] == ["90 % of all", "half of all"]
    assert layers(figure, Line)[1].faint
    assert figure.notes == ("200 of 300 curves: the best and a sample.",)


def test_rank_correlation():
    rows = [trial({"x": i / 10}, float(i), reports=[-i, i]) for i in range(8)]
    figure = describe_rank_correlation(rung_agreement.rank_correlation(history(*rows)))
    assert layers(figure, Dots)[0].y.tolist() == [-1, 1]
    assert layers(figure, Dots, 1)[0].y.tolist() == [7, 0]
    assert "very strong" in layers(figure, Dots)[0].hover[1]


def test_pareto():
    rows = [
        trial({"x": 0.1}, (1.0, 1.0)),
        trial({"x": 0.2}, (2.0, 3.0)),
        trial({"x": 0.3}, (3.0, 2.0)),
        trial({"x": 0.4}, (0.0, 9.0), constraints={"c": 1.0}),
    ]
    given = history(*rows, directions=["minimize", "maximize"], objectives=["loss", "speed"])
    figure = describe_pareto(front_points.pareto(given))
    behind, infeasible, front = layers(figure, Dots)
    assert (behind.x.tolist(), infeasible.x.tolist(), front.x.tolist()) == ([3], [0], [1, 2])
    (line,) = layers(figure, Line)
    assert line.steps
    assert (figure.panels[0].x.label, figure.panels[0].y.label) == (
        "loss (minimize)",
        "speed (maximize)",
    )
    assert figure.title == "Front of 2 among 4 trials"


def test_the_edge_of_a_front_holds_what_each_point_dominates():
    rows = [trial({"x": 0.1}, (1.0, 3.0)), trial({"x": 0.2}, (2.0, 1.0))]
    given = history(*rows, directions=["maximize", "maximize"])
    (line,) = layers(describe_pareto(front_points.pareto(given)), Line)
    # Up to x = 1 a y of 3 can be had, and from there to x = 2 one of 1.
    assert list(zip(line.x.tolist(), line.y.tolist(), strict=True)) == [(1, 3), (1, 1), (2, 1)]


def test_three_objectives_have_three_panels():
    rows = [trial({"x": i / 10}, (float(i), -float(i), 1.0)) for i in range(5)]
    given = history(*rows, directions=["minimize"] * 3)
    figure = describe_pareto(front_points.pareto(given))
    assert len(figure.panels) == 3
    assert layers(figure, Line) == []


def test_hypervolume():
    rows = [trial({"x": 0.1}, (1.0, 1.0)), trial({"x": 0.2}, (0.5, 2.0))]
    given = history(*rows, directions=["minimize"] * 2)
    figure = describe_hypervolume(dominated_volume.hypervolume(given, [2.0, 3.0]))
    (line,) = layers(figure, Line)
    assert (line.x.tolist(), line.y.tolist()) == ([0, 1], [2, 2.5])
    assert figure.notes == ("Measured up to value_0 2, value_1 3.",)


def test_tuning_curve():
    rows = [trial({"x": i / 10}, float(i)) for i in range(4)]
    figure = describe_tuning_curve(expected_best.tuning_curve(history(*rows)))
    solid, dashed = layers(figure, Line)
    assert solid.y[:2] == pytest.approx([1.5, 4 / 6])  # the mean, and E min of two of four
    assert dashed.y[1:] == pytest.approx([4 / 6, 0.25, 0])
    assert dashed.dashed
    assert figure.notes == ("Beyond 2 trials the interval is too narrow.",)


CONDITIONAL = Space(
    {
        "model": Categorical(["svm", "forest"]),
        "C": Float(0.1, 10, when={"model": "svm"}),
        "depth": Int(1, 9, when={"model": "forest"}),
    }
)


def branches():
    """Trials of two branches, of which none has both C and depth."""
    rows = []
    for i in range(1, 31):
        if i % 2:
            rows.append(trial({"model": "svm", "C": i / 4}, (i / 4 - 3) ** 2 / 20))
        else:
            rows.append(trial({"model": "forest", "depth": 1 + i % 9}, 0.1 * (i % 9)))
    return history(*rows, space=CONDITIONAL)


def test_rank_leaves_out_parameters_that_are_never_active_together():
    figure = describe_ranks(value_ranks.rank(branches()))
    assert [(p.x.label, p.y.label) for p in figure.panels] == [("model", "C"), ("model", "depth")]
    assert figure.notes == ("Never active together: C and depth.",)


def test_rank_of_one_parameter_is_refused_in_words(given):
    with pytest.raises(TooFewResultsError, match="'lr' is one: the figure slices shows it"):
        plots.rank(given, params=["lr"])


def test_lines_of_params_that_are_not_active_stand_apart():
    figure = describe_parallel(parallel_lines.parallel(branches()))
    lines = layers(figure, Line)
    bottom = figure.panels[0].y.low
    assert bottom < min(float(np.nanmin(line.y)) for line in lines) == -0.2
    assert [t.text for t in layers(figure, Text) if t.text == "not active"] == ["not active"]
    assert sum(int(np.isnan(line.y).sum()) for line in lines) == 30  # the pen lifts after each


def test_a_surface_is_empty_where_a_parameter_is_not_active():
    figure = describe_contour(surfaces.contour(branches(), "model", "depth"))
    (heat,) = layers(figure, Heat)
    assert np.isnan(heat.shade[:, 0]).all()  # an svm has no depth
    assert not np.isnan(heat.shade[:, 1]).any()
    assert "Empty where a parameter is not active" in figure.notes[-1]


def test_folds():
    rows = [
        trial({"x": i / 50}, float(i), tags={"folds": [i - 1.0, i, i + 1.0]}) for i in range(50)
    ]
    given = history(*rows)
    record = read_fold_scores(given, [replace(r, number=i) for i, r in enumerate(rows)])
    figure = describe_folds(record, given)
    (heat,) = layers(figure, Heat)
    assert heat.shade.shape == (40, 3)
    assert heat.shade[0].tolist() == [-1, 0, 1]  # the best trial on top
    assert figure.panels[0].y.categories[:2] == ("trial 0", "trial 1")
    assert figure.notes == (
        "The best 40 of 50 trials.",
        "Folds less the means of their trials, on average: -1, 0, 1.",
    )


def test_folds_that_nobody_noted_are_refused_in_words():
    with pytest.raises(TooFewResultsError, match="no complete trial notes the scores of its folds"):
        plots.folds(luthier.create_study(), backend="svg")


def confirmed(direction="minimize"):
    sign = 1.0 if direction == "minimize" else -1.0
    rows = [
        trial({"x": 0.1}, sign * 1.0),
        trial({"x": 0.2}, sign * 2.0),
        trial({"x": 0.3}, sign * 9),
    ]
    for number, values in ((0, (3.0, 4.0, 5.0)), (1, (2.0, 2.5, 1.5))):
        for repeat, value in enumerate(values):
            tags = {"confirms": number, "repeat": repeat}
            rows.append(trial(rows[number].params, sign * value, tags=tags))
    return history(*rows, directions=[direction])


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_confirmation(direction, sign):
    given = confirmed(direction)
    figure = describe_confirmation(list_confirmed(given, 1), given, 0.9)
    runs, means, chosen = layers(figure, Dots)
    assert figure.panels[0].y.categories == ("trial 1", "trial 0")  # the best mean on top
    assert means.x.tolist() == [sign * 2.0, sign * 4.0]
    assert chosen.x.tolist() == [sign * 2.0, sign * 1.0]
    assert sorted(sign * runs.x) == [1.5, 2.0, 2.5, 3.0, 4.0, 5.0]
    (interval,) = layers(figure, Line)
    low, high = sorted(interval.x[:2].tolist())
    assert (low + high) / 2 == pytest.approx(sign * 2.0)
    assert interval.label == "90 % interval"


def test_a_confirmation_that_was_not_made_is_refused_in_words(given):
    with pytest.raises(
        TooFewResultsError, match=r"no leader was run anew: study\.confirm\(\) does"
    ):
        plots.confirmation(given, backend="svg")


def test_one_run_attains_one_front():
    rows = [trial({"x": i / 9}, (float(i), float(9 - i))) for i in range(10)]
    record = attained_fronts.attainment([history(*rows, directions=["minimize"] * 2)])
    (line,) = layers(describe_attainment(record), Line)
    assert line.label == "the run"


def test_resources():
    rows = [
        trial({"x": 0.1}, 1.0, cost=2.0, reports=[1, 1, 1, 1]),
        trial({"x": 0.2}, state=State.PRUNED, cost=1.0, reports=[1, 1]),
        trial({"x": 0.3}, state=State.FAILED, cost=0.5),
    ]
    figure = describe_resources(resource_use.resources(history(*rows)))
    assert [panel.y.label for panel in figure.panels] == ["cost", "steps"]
    ends = [bar.end.tolist() for bar in layers(figure, Bars)]
    assert ends == [[2.0], [1.0], [0.5], [1.0]]  # the last one was saved
    assert figure.panels[0].x.categories == ("complete", "pruned", "failed", "saved")
    assert layers(figure, Bars)[-1].hollow
    assert figure.notes[0] == "Early stopping saved about 22 % of the cost."


def test_resources_name_the_unit_of_their_time():
    row = trial({"x": 0.1}, 1.0, started_s=0.0, finished_s=0.02)
    (panel,) = describe_resources(resource_use.resources(history(row))).panels
    assert (panel.y.label, panel.y.scale) == ("time", "duration")


def test_compare():
    def run(*values):
        return history(*[trial({"x": i / 10}, v) for i, v in enumerate(values)])

    methods = {"a": [run(3.0, 2.0), run(5.0, 4.0)], "b": [run(1.0, 0.5), run(2.0, 1.0)]}
    figure = describe_comparison(study_comparison.compare(methods))
    first, second = layers(figure, Line)
    assert (first.y[0], first.y[-1]) == (4, 3)
    assert (second.y[0], second.y[-1]) == (1.5, 0.75)
    assert len(layers(figure, Band)) == 2
    assert figure.notes[0] == "Bands: 95 % intervals of the mean over runs."
    assert figure.notes[1].startswith("b less a: -2.25 (")
    assert (
        plots.compare(methods, backend="svg").svg
        == plots.compare(methods, backend="svg", by="trial").svg
    )


def test_a_comparison_says_where_it_ends():
    long = history(*[trial({"x": i / 10}, 5.0 - i) for i in range(5)])
    short = history(*[trial({"x": i / 10}, 5.0 - i) for i in range(3)])
    notes = describe_comparison(study_comparison.compare({"a": long, "b": short})).notes
    assert notes[0] == "The first 3 trials, as many as each run has; the longest has 5."
    notes = describe_comparison(study_comparison.compare({"a": long, "b": long})).notes
    assert not any("longest" in note for note in notes)


IMPORTANCE = Importance(
    method="gp",
    index="total",
    objective="loss",
    names=("lr", "n", "noise"),
    values=np.array([0.8, 0.2, 0.01]),
    low=np.array([0.7, 0.1, 0.0]),
    high=np.array([0.9, 0.3, 0.02]),
    first_order=np.full(3, math.nan),
    p_value=np.array([0.001, 0.01, 0.6]),
    important=np.array([True, True, False]),
    interactions=(),
    quality=ModelQuality(0.9, 0.8, 50),
    n=50,
    left_out={"failed": 2, "pruned": 0},
    level=0.9,
    among=None,
    note="left out: 2 failed",
)


def test_importance():
    figure = describe_importance(IMPORTANCE)
    important, others = layers(figure, Bars)
    assert (important.at.tolist(), important.end.tolist()) == ([0, 1], [0.8, 0.2])
    assert important.interval.tolist() == [[0.7, 0.9], [0.1, 0.3]]
    assert others.hollow
    assert figure.panels[0].y.categories == ("lr", "n", "noise")
    assert figure.notes == (
        "From 50 trials; left out: 2 failed.",
        "The model predicts trials it has not seen: R2 0.80, ranks 0.90.",
        "Whiskers: 90 % intervals.",
    )


def test_importance_that_cannot_be_told_says_why():
    given = history(*[trial({"x": i / 10}, float(i)) for i in range(4)])
    figure = plots.importance(given, backend="svg").figure
    assert figure.panels == ()
    assert figure.notes[0].startswith("not enough to say")


def smooth_history():
    rng = np.random.default_rng(0)
    rows = [trial({"a": a, "b": b}, a + (b - 0.5) ** 2) for a, b in rng.random((40, 2)).tolist()]
    return history(*rows, space=Space({"a": Float(0, 1), "b": Float(0, 1)}))


def test_contour():
    figure = plots.contour(smooth_history(), "a", "b", backend="svg").figure
    (heat,) = layers(figure, Heat)
    assert heat.shade.shape == (len(heat.y_edges) - 1, len(heat.x_edges) - 1)
    along_a = np.nanmean(heat.shade, axis=0)
    assert along_a[-1] - along_a[0] == pytest.approx(1, abs=0.15)
    assert len(layers(figure, Dots)[0].x) == 40
    assert (figure.panels[0].x.label, figure.panels[0].y.label) == ("a", "b")


def test_effects():
    figure = plots.effects(smooth_history(), backend="svg").figure
    average = layers(figure, Line)[-1]
    assert average.y[-1] - average.y[0] == pytest.approx(1, abs=0.15)
    band = layers(figure, Band)[0]
    assert np.all((band.low <= average.y) & (average.y <= band.high))
    assert layers(figure, Line)[0].faint
    assert [panel.x.label for panel in figure.panels] == ["a", "b"]


def test_interactions():
    pairs = (Interaction(("n", "lr"), 0.3), Interaction(("lr", "noise"), -0.01))
    figure = describe_interactions(dataclasses.replace(IMPORTANCE, interactions=pairs))
    (heat,) = layers(figure, Heat)
    known = {(i, j): heat.shade[i, j] for i, j in np.argwhere(~np.isnan(heat.shade)).tolist()}
    assert known == {(1, 0): 0.3, (2, 0): 0.0}  # a row each, below the diagonal
    assert figure.panels[0].x.categories == figure.panels[0].y.categories == ("lr", "n", "noise")
    assert figure.notes[-1] == "The largest: n and lr 0.300."
    pairs = (Interaction(("n", "lr"), 0.0004), Interaction(("lr", "noise"), -0.01))
    nothing = describe_interactions(dataclasses.replace(IMPORTANCE, interactions=pairs))
    assert nothing.notes[-1] == "No two parameters do more together than 0.1 % of the variance."


@pytest.mark.parametrize("method", ["gp", "ped"])
def test_interactions_that_cannot_be_told_say_why(method):
    few = history(*[trial({"x": i / 10}, float(i)) for i in range(4)])
    figure = plots.interactions(few, method=method, backend="svg").figure
    assert figure.panels == ()
    assert figure.notes[0].startswith("not enough to say")
    ped = dataclasses.replace(IMPORTANCE, method="ped", objective=None)
    assert describe_interactions(ped).notes == (
        "The method ped knows no interactions: fanova and gp do, for an objective that is named.",
    )


def test_of_many_parameters_those_that_interact_most_are_shown():
    names = tuple(f"p{i}" for i in range(40))
    pairs = tuple(
        Interaction((a, b), 1.0 / (i + 1))
        for i, (a, b) in enumerate(itertools.pairwise(reversed(names)))
    )
    record = dataclasses.replace(IMPORTANCE, names=names, interactions=pairs)
    figure = describe_interactions(record)
    assert figure.panels[0].x.categories == names[-12:]
    assert figure.notes[0] == "The 12 with the largest of 40 parameters."


def test_ablation():
    quality = ModelQuality(0.9, 0.8, 50)
    path = AblationPath(("lr", "n"), np.array([3.0, 1.0, 1.5]), quality, baseline=4)
    figure = describe_ablation(path, "loss", "minimize")
    better, worse = layers(figure, Bars)
    assert (better.at.tolist(), better.start.tolist(), better.end.tolist()) == ([1], [1], [3])
    assert (worse.at.tolist(), worse.start.tolist(), worse.end.tolist()) == ([2], [1], [1.5])
    assert better.hover == ("lr: 3 to 1",)
    assert figure.panels[0].y.categories == ("trial 4", "lr", "n", "best trial")
    (ends,) = layers(figure, Dots)
    assert (ends.x.tolist(), ends.y.tolist()) == ([3, 1.5], [0, 3])
    assert describe_ablation(path, "loss", "maximize").panels[0].layers[0].at.tolist() == [2]


def test_ablation_that_cannot_be_told_says_why():
    given = history(*[trial({"x": i / 10}, float(i)) for i in range(4)])
    figure = plots.ablation(given, backend="svg").figure
    assert figure.panels == ()
    assert figure.notes[0].startswith("not enough to say")


def test_convergence():
    record = gain_by_trial.Improvement(
        objective="loss",
        direction="minimize",
        number=np.array([20, 50, 100]),
        regret_bound=np.array([math.nan, 2.0, 0.5]),
        noise=np.array([math.nan, 0.6, 0.7]),
        expected_gain=np.array([math.nan, 1.0, 0.1]),
        chance=np.array([math.nan, 0.9, 0.2]),
    )
    figure = describe_convergence(record)
    bound, gain, noise = layers(figure, Line)
    assert (bound.x.tolist(), bound.y.tolist()) == ([50, 100], [2, 0.5])
    assert (gain.y.tolist(), noise.y.tolist()) == ([1, 0.1], [0.6, 0.7])
    assert noise.dashed
    assert layers(figure, Line, 1)[0].y.tolist() == [0.9, 0.2]
    assert figure.notes[-1] == "After 1 of the trials no model could be believed."


def test_calibration():
    record = surrogate_calibration.Calibration(
        objective="loss",
        direction="minimize",
        observed=np.array([1.0, 2.0, 4.0]),
        predicted=np.array([1.5, 2.0, 3.0]),
        sd=np.ones(3),
        bins=np.array([1, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
        level=np.array([0.5, 0.9]),
        coverage=np.array([1 / 3, 1.0]),
        quality=ModelQuality(1.0, 0.8, 3),
    )
    figure = describe_calibration(record)
    assert layers(figure, Line)[0].x.tolist() == [1, 4]
    assert layers(figure, Dots)[0].y.tolist() == [1, 2, 4]
    (bars,) = layers(figure, Bars, 1)
    assert (bars.at[0], bars.end[0]) == (pytest.approx(0.05), 1)
    assert layers(figure, Line, 1)[0].y == pytest.approx([0.3, 0.3])
    assert figure.notes[0] == "Trials within them: 50 % intervals 33 %, 90 % intervals 100 %."


def test_duplicates():
    rows = [trial({"x": x}, v) for x, v in [(0.1, 1.0), (0.2, 5.0), (0.1, 3.0), (0.3, 2.0)]]
    rows.append(trial({"x": 0.1}, state=State.FAILED))
    figure = describe_duplicates(repeated_points.duplicates(history(*rows)))
    (dots,) = layers(figure, Dots)
    assert (dots.x.tolist(), dots.y.tolist()) == ([1, 3], [0, 0])
    assert dots.hover == ("trial 0: 1", "trial 2: 3")
    assert figure.panels[0].y.categories == ("trial 0 (3 times)",)
    assert figure.title == "Trials that repeat a point: 2 of 5 (40 %)"
    assert figure.notes == ("Values of one point differ by a standard deviation of 1.41.",)


def test_no_duplicates_are_told():
    figure = plots.duplicates(history(trial({"x": 0.1}, 1.0)), backend="svg").figure
    assert figure.panels == ()
    assert figure.notes == ("No point was tried twice.",)


def test_attainment():
    def run(*points):
        rows = [trial({"x": i / 10}, point) for i, point in enumerate(points)]
        return history(*rows, directions=["minimize", "maximize"], objectives=["loss", "speed"])

    runs = [run((1.0, 1.0), (2.0, 5.0)), run((1.5, 4.0))]
    half, all_ = layers(describe_attainment(attained_fronts.attainment(runs, [0.5, 1.0])), Line)
    assert half.x.tolist() == all_.x.tolist() == [1, 1.5, 2]
    assert half.y.tolist() == [1, 4, 5]
    assert np.array_equal(all_.y, [math.nan, 1, 4], equal_nan=True)
    assert half.steps
    assert half.label == "50 % of the runs"
    figure = plots.attainment(runs, levels=[0.5], backend="svg").figure
    assert figure.title == "Fronts attained by 2 runs"
    assert figure.panels[0].y.label == "speed (maximize)"


def test_attainment_of_three_objectives_has_a_panel_for_each_limit_of_the_third():
    points = [(1.0, 3.0, 0.5), (2.0, 2.0, 0.25), (3.0, 1.0, 1.0)]
    rows = [trial({"x": i / 10}, point) for i, point in enumerate(points)]
    names = ["loss", "time", "size"]
    made = history(*rows, directions=["minimize"] * 3, objectives=names)
    figure = plots.attainment([made, made], backend="svg").figure
    titles = [panel.title for panel in figure.panels]
    assert titles == ["size at most 0.25", "size at most 0.5", "size at most 1"]
    assert [len(panel.layers[0].x) for panel in figure.panels] == [1, 2, 3]
    assert figure.panels[0].x.label == "loss (minimize)"


# -- axes of values --------------------------------------------------------------------------------


def test_values_of_many_magnitudes_get_a_log_axis():
    wide = 10.0 ** np.arange(-4, 5)
    assert describe_values(wide, "loss")[0].scale == "log"
    assert describe_values(wide, "loss", log=False)[0].scale == "linear"
    assert describe_values(-wide, "loss")[0].scale == "linear"
    assert describe_values(np.arange(1.0, 9.0), "loss")[0].scale == "linear"


def test_few_values_far_away_hide_no_others_and_are_counted():
    values = np.concatenate([np.linspace(-1, 1, 50), [1e9, math.inf]])
    axis, notes = describe_values(values, "loss")
    assert axis.high < 5
    assert notes == ("Not shown: 1 infinite or huge value, 1 value far beyond the others.",)


def test_a_value_that_is_drawn_twice_is_counted_once():
    values = np.array([math.inf, -1e9, *np.linspace(-1, 1, 50)])
    _, notes = describe_values(values, "loss", again=np.array([math.inf, -1e9]))
    assert notes[0].startswith("Not shown: 1 infinite or huge value")
    assert not any("2 values" in note for note in notes)


def test_many_values_are_no_outliers():
    values = np.concatenate([np.full(60, 1.0), np.linspace(1, 10, 40)])
    axis, notes = describe_values(values, "loss", log=False)
    assert axis.high > 8
    assert notes == ()


def test_a_log_axis_says_what_it_leaves_out():
    axis, notes = describe_values(np.array([-1.0, 0.0, 1.0, 10.0]), "loss", log=True)
    assert axis.scale == "log"
    assert notes == ("Not shown: 2 values <= 0, as the axis is logarithmic.",)
    with pytest.raises(ValueError, match="no 'loss' is positive"):
        describe_values(np.array([-1.0]), "loss", log=True)


def test_whole_parameters_have_whole_ticks():
    one = one_parameter.slices(history(trial({"n": 2}, 1.0), space=Space({"n": Int(1, 4)})))[0]
    assert describe_axis(one.axis).whole


@pytest.mark.parametrize(
    ("n", "columns"), [(1, 1), (3, 3), (4, 4), (6, 3), (8, 4), (9, 3), (12, 4)]
)
def test_rows_of_panels_are_full_where_they_can_be(n, columns):
    assert find_columns(n) == columns


# -- many trials, many parameters ------------------------------------------------------------------


def test_many_trials_are_a_density_and_the_best():
    rng = np.random.default_rng(0)
    rows = [trial({"x": x}, float(x + n)) for x, n in rng.random((6_000, 2))]
    figure = describe_slices(one_parameter.slices(history(*rows)))
    (heat,) = layers(figure, Heat)
    assert np.nansum(heat.shade) == 6_000
    assert layers(figure, Dots)[0].label == "best 500"
    assert figure.shades.label == "trials"


def test_of_many_parameters_the_first_are_shown_unless_they_are_named():
    space = Space({f"p{i}": Float(0, 1) for i in range(50)})
    names = space.names
    given = history(trial(dict.fromkeys(names, 0.5), 1.0), space=space)
    figure = plots.slices(given, backend="svg").figure
    assert len(figure.panels) == 12
    assert figure.notes[0] == "The first 12 of 50 parameters; params=[...] shows others."
    assert len(plots.slices(given, names[:20], backend="svg").figure.panels) == 20
    assert len(plots.rank(given, backend="svg").figure.panels) == 6
    assert len(plots.parallel(given, backend="svg").figure.panels[0].x.marks) == 12 + 1


# -- what they are made from -----------------------------------------------------------------------


def test_where_leaves_only_trials_that_satisfy_it(tmp_path):
    study = luthier.create_study(space=SPACE, seed=0)
    for lr, kind in [(1e-3, "cnn"), (1e-2, "mlp"), (1e-1, "mlp")]:
        study.add_trials([trial(params(lr, kind), lr)])
    figure = plots.edf(study, where="kind = 'mlp'", backend="svg").figure
    assert layers(figure, Line)[0].x.tolist() == [1e-2, 1e-2, 1e-1]
    with pytest.raises(RuleError, match="conditions such as"):
        plots.edf(study, where="smallest lr")
    with pytest.raises(RuleError, match="unknown name"):
        plots.edf(study, where="size > 1")
    with pytest.raises(RuleError, match="give the study"):
        plots.edf(study.history, where="lr > 1")
    with pytest.raises(NoCompletedTrialsError):
        plots.edf(study, where="lr > 0.5")


def test_where_counts_trials_of_every_state():
    study = luthier.create_study(space=SPACE, seed=0)
    study.add_trials(
        [
            trial(params(1e-3, "mlp"), 1.0),
            trial(params(1e-2, "mlp"), state=State.PRUNED),
            trial(params(1e-2, "cnn"), state=State.PRUNED),
            trial(params(1e-1, "cnn"), state=State.FAILED),
        ]
    )
    every = layers(plots.history(study, backend="svg").figure, Dots)
    assert [dots.label for dots in every] == ["pruned (2)", "failed (1)", "complete"]
    some = layers(plots.history(study, where="kind = 'mlp'", backend="svg").figure, Dots)
    assert [dots.label for dots in some] == ["pruned (1)", "complete"]
    assert some[0].x.tolist() == [1]
    valued = layers(plots.history(study, where="value < 2", backend="svg").figure, Dots)
    assert [dots.label for dots in valued] == ["complete"]


def test_only_studies_and_histories_are_drawn():
    with pytest.raises(TypeError, match="a study or its history"):
        plots.history("train")
    with pytest.raises(TypeError, match="got none"):
        plots.edf([])


def test_studies_of_one_name_are_told_apart():
    study = luthier.create_study()
    assert list(name_sources([study, study])) == [study.name, f"{study.name} (2)"]


def test_arguments_of_optuna_are_explained():
    with pytest.raises(ArgumentNameError, match="objective"):
        plots.history(luthier.create_study(), target=lambda t: t.values[0])
