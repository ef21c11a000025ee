"""A diagnosis finds what is wrong with sick studies, and leaves healthy ones alone."""

import functools
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support import sick_studies as sick

import luthier
from luthier import Categorical, Float, Int, Space, State, analysis
from luthier.analysis import diagnose
from luthier.analysis.findings import narrow_optimum
from luthier.analysis.findings.case import Case
from luthier.analysis.findings.catalogue import CATALOGUE
from luthier.analysis.findings.curves import Curve
from luthier.analysis.findings.finding import SEVERITIES, Finding
from luthier.analysis.findings.missing_shuffle import is_periodic
from luthier.analysis.findings.optimum_at_bound import has_natural_limit, widen
from luthier.analysis.findings.oscillation import oscillates
from luthier.analysis.findings.region import find_region
from luthier.analysis.findings.signal import draw_trials
from luthier.cli import cli
from luthier.cli.finding_options import FOUND
from luthier.errors import UnknownParameterError
from luthier.plots.by_name import list_figures
from luthier.testing import histories, history, trial
from luthier.trial.record import Turn


def found(study, **options):
    return diagnose(study.history, study.rows, **{**study.options, **options})


def names(study):
    return {finding.name for finding in found(study)}


def of_name(study, name):
    return [f for f in found(study) if f.name == name]


@functools.cache
def found_in(name, severity):
    return found(sick.KINDS[name](severity, 0))


def test_a_scheduler_that_pauses_trials_has_not_stopped_none():
    rows = [trial({"x": i / 40}, i, reports=[1.0, float(i)]) for i in range(40)]
    paused = trial({"x": 0.5}, state=State.PAUSED, reports=[9.0])
    seen = {f.name for f in diagnose(history(*rows), is_scheduled=True)}
    assert "pruned-share" in seen
    seen = {f.name for f in diagnose(history(*rows, paused), is_scheduled=True)}
    assert "pruned-share" not in seen


@pytest.mark.parametrize("m", [1, 2])
def test_values_whose_differences_overflow_accuse_nothing(m):
    rng = np.random.default_rng(0)
    X = rng.random((60, 2)).tolist()
    told = [(2 * (x - 0.5) * 1.7e308, 2 * (0.5 - y) * 1.7e308)[:m] for x, y in X]
    rows = [
        trial({"x": x, "y": y}, values, reports=values[:1] * 4 if m == 1 else ())
        for (x, y), values in zip(X, told, strict=True)
    ]
    assert diagnose(history(*rows), rows) == []


def test_the_largest_float_stands_for_a_crash():
    rng = np.random.default_rng(0)
    rows = [trial({"x": x}, x * x) for x in rng.random(40).tolist()]
    rows += [trial({"x": 0.5}, sys.float_info.max)] * 4
    (finding,) = [f for f in diagnose(history(*rows)) if f.name == "crash-values"]
    assert finding.evidence["value"] == sys.float_info.max


def test_what_is_printed_does_nothing_to_a_terminal():
    name = "\x1b[31mred\u202e"
    rows = [
        trial({name: i / 30}, state=State.FAILED, error=f"ValueError: {name}")
        if i % 3 == 0
        else trial({name: i / 30}, i / 30)
        for i in range(60)
    ]
    rows = [replace(row, number=i, token=1) for i, row in enumerate(rows)]
    made = history(*rows, space=Space({name: Float(0, 2)}))
    findings = diagnose(made, rows)
    said = [*findings, analysis.importance(made), analysis.explain_best(made)]
    said += [
        analysis.explain(made, rows[3]),
        *analysis.recommend(made, 1, lambda at: [rows[i] for i in at]),
    ]
    assert findings
    assert [thing for thing in map(str, said) if not thing.replace("\n", "").isprintable()] == []
    assert any("\\x1b[31mred" in str(thing) for thing in said)


# -- each finding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sick.KINDS)
def test_a_sick_study_is_found(name):
    assert name in {finding.name for finding in found_in(name, 1)}


@pytest.mark.parametrize("name", sick.KINDS)
def test_the_same_study_without_its_fault_is_not_accused(name):
    assert name not in {finding.name for finding in found_in(name, 0)}


def test_every_finding_of_the_catalogue_has_a_sick_study():
    assert {detector.name for detector in CATALOGUE} == set(sick.KINDS)


def test_every_finding_is_explained_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs/howto/diagnose-a-study.md").read_text("utf-8")
    assert [d.name for d in CATALOGUE if page.count(f"`{d.name}`") < 2] == []


def test_what_a_finding_hides_is_in_the_catalogue_and_comes_later_or_is_another():
    known = {detector.name for detector in CATALOGUE}
    for detector in CATALOGUE:
        assert set(detector.hides) <= known - {detector.name}


@pytest.mark.parametrize("name", sick.KINDS)
def test_a_finding_says_what_why_and_what_to_do(name):
    (finding,) = [f for f in found_in(name, 1) if f.name == name][:1]
    assert finding.severity in SEVERITIES
    assert any(c.isdigit() for c in finding.title + str(finding.evidence))
    assert finding.advice
    assert finding.doubt
    assert finding.figure in list_figures()
    assert finding.evidence
    assert {type(v) for v in finding.evidence.values()} <= {int, float}
    assert type(finding.p) in (float, type(None))
    for text in (finding.title, finding.advice, finding.doubt):
        assert not re.search(r"\b1 (?!of|in|to)\w+s\b|  | ,|\bnp\.|\bnan\b", text), text
        assert not text.endswith((".", ",", ";"))
    assert str(finding).startswith(f"{finding.severity}: {finding.title}")


# -- healthy studies ------------------------------------------------------------------------------


def accused(seeds):
    return [seed for seed in seeds if found(sick.healthy(seed))]


@pytest.mark.slow
def test_healthy_random_studies_are_left_alone():
    assert len(accused(range(20))) <= 1


@pytest.mark.slow
def test_at_most_a_twentieth_of_200_healthy_studies_is_accused():
    assert len(accused(range(200))) <= 10


# -- all studies ----------------------------------------------------------------------------------


def test_the_worst_come_first():
    severities = [finding.severity for finding in found(sick.noise(1, 0))]
    assert severities == sorted(severities, key=SEVERITIES.index)


def test_the_same_study_gives_the_same_findings():
    assert found(sick.flat_parameter(1, 3)) == found(sick.flat_parameter(1, 3))


@pytest.mark.parametrize("name", ["optimum-at-bound", "crash-values", "over-pruning", "drift"])
def test_a_study_that_is_maximised_has_the_same_findings(name):
    study = sick.KINDS[name](1, 0)
    rows = [
        luthier.TrialRow(
            number=row.number,
            state=row.state,
            params=row.params,
            values=row.values and tuple(-v for v in row.values),
            reports=tuple((step, -v) for step, v in row.reports),
        )
        for row in study.rows
    ]
    turned = sick.study(rows, study.history.space, directions=("maximize",))
    assert name in {finding.name for finding in found(turned)}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.5, 1.0, 1e300, -1e300, math.inf, 3.0]),
            st.sampled_from([State.COMPLETE, State.PRUNED, State.FAILED, State.RUNNING]),
            st.floats(0, 1),
        ),
        max_size=40,
    ),
    st.integers(1, 2),
)
def test_no_history_is_too_odd(trials, m):
    rows = [
        histories.trial(
            {"x": x},
            [value] * m if state in (State.COMPLETE, State.PRUNED) else None,
            state,
            reports=[value] * 7 if m == 1 else (),
            error="ValueError: odd" if state == State.FAILED else None,
        )
        for value, state, x in trials
    ]
    study = sick.study(rows, Space({"x": Float(0, 1)}), directions=["minimize"] * m)
    for finding in found(study):
        assert finding.title


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_trials_show_nothing(n):
    rows = [histories.trial({"x": 0.5}, 1.0)] * n
    assert found(sick.study(rows, Space({"x": Float(0, 1)}))) == []


def conditional(seed=0, n=260):
    """A study in whose branch "a" the parameter x has an effect, and z none."""
    space = Space(
        {
            "kind": ["a", "b"],
            "x": Float(0, 1, when={"kind": "a"}),
            "z": Float(0, 1, when={"kind": "a"}),
            "y": Float(0, 1),
        }
    )
    rng, X = sick.draw(n, seed, space)
    loss = np.where(X[:, 0] == 0, np.nan_to_num(X[:, 1] - 0.4) ** 2, 0.3) + (X[:, 3] - 0.5) ** 2
    return sick.study(sick.complete(X, loss + 0.01 * rng.standard_normal(n), space), space)


def test_a_flat_parameter_is_found_where_it_is_active():
    (finding,) = of_name(conditional(), "flat-parameter")
    assert finding.subject == "z"
    assert finding.title.endswith("where it is active")
    assert of_name(conditional(n=150), "flat-parameter") == []  # too few in its branch


def test_a_parameter_is_flat_where_no_objective_depends_on_it():
    rng, X = sick.draw(200, 0)
    first, second = sick.Bowl(sick.SPACE, rng), sick.Bowl(sick.SPACE, rng)
    first.weight[1:3], second.weight[2:4] = 0, 0
    rows = [
        histories.trial(params, (float(a), float(b)))
        for params, a, b in zip(sick.SPACE.decode(X), first(X), second(X), strict=True)
    ]
    study = sick.study(rows, directions=("minimize", "minimize"))
    (finding,) = of_name(study, "flat-parameter")
    assert finding.subject == "width"
    assert "on any of the 2 objectives" in finding.title


def test_a_search_that_has_gone_to_its_optimum_need_not_be_narrowed():
    u = np.clip(
        0.4 + 0.5 * np.random.default_rng(0).standard_normal(150) * 0.97 ** np.arange(150), 0, 1
    )
    space = Space({"x": Float(0, 1)})
    rows = [histories.trial({"x": float(x)}, float((x - 0.4) ** 2)) for x in u]
    case = Case(histories.history(*rows, space=space))
    assert [f for f in narrow_optimum.find(case) if f is not None] == []


def test_conditional_spaces_are_diagnosed():
    space = Space({"kind": ["a", "b"], "x": Float(0, 1, when={"kind": "a"}), "y": Float(0, 1)})
    _, X = sick.draw(120, 0, space)
    loss = np.where(X[:, 0] == 0, np.nan_to_num(X[:, 1] - 0.4) ** 2, 0.3) + (X[:, 2] - 0.5) ** 2
    assert found(sick.study(sick.complete(X, loss, space), space)) == []


def test_several_objectives_rank_by_fronts():
    rng, X = sick.draw(150, 1)
    bowl = sick.Bowl(sick.SPACE, rng)
    bowl.centre[:2], bowl.weight[0] = (1.6, 0.5), 6
    first = bowl(X)
    bowl.centre[1] = 0.6
    rows = [
        histories.trial(params, (float(a), float(b)))
        for params, a, b in zip(sick.SPACE.decode(X), first, bowl(X), strict=True)
    ]
    study = sick.study(rows, directions=("minimize", "minimize"))
    assert "optimum-at-bound" in names(study)


# -- some in detail -------------------------------------------------------------------------------


def test_a_bound_is_named_with_how_far_to_go():
    (finding,) = [f for f in found_in("optimum-at-bound", 1) if f.name == "optimum-at-bound"]
    assert finding.subject == "learning_rate"
    assert "lie at the upper bound of learning_rate, 0.1" in finding.title
    assert "widen it (up to 1)" in finding.advice
    assert finding.remedy == "'learning_rate': Float(low=1e-05, high=1.0, scale='log')"
    assert finding.p < 0.05
    assert finding.confidence == 1 - finding.p


def test_a_range_is_widened_twice_at_most():
    (finding,) = [
        f
        for f in found(sick.optimum_at_bound(1, 0), n_widened={"learning_rate": 2})
        if f.name == "optimum-at-bound"
    ]
    assert "do not widen it again" in finding.advice
    assert finding.remedy == ""


@pytest.mark.parametrize(
    ("dist", "side", "natural"),
    [
        (Float(0, 0.5), "lower", True),
        (Float(0, 0.5), "upper", False),
        (Float(0.5, 1), "upper", True),
        (Float(0.01, 1, log=True), "upper", False),
        (Float(0.9, 0.999, scale="reverse_log"), "upper", True),
        (Int(1, 10), "lower", True),
        (Int(2, 10), "lower", False),
    ],
)
def test_natural_limits_are_no_bounds(dist, side, natural):
    assert has_natural_limit(dist, side) is natural


@pytest.mark.parametrize(
    ("dist", "side", "ends"),
    [
        (Float(1e-4, 1e-2, log=True), "upper", (1e-4, 0.1)),
        (Float(1e-4, 1e-2, log=True), "lower", (1e-5, 1e-2)),
        (Float(1e-4, 0.3, log=True), "upper", (1e-4, 1.0)),
        (Float(2, 4), "upper", (2, 10)),
        (Float(2, 4), "lower", (0, 4)),
        (Float(-2, 2), "lower", (-14, 2)),
        (Int(16, 64, log=True), "upper", (16, 640)),
        (Int(16, 64, log=True), "lower", (2, 64)),
        (Int(4, 8, log=True), "lower", (1, 8)),
        (Int(16, 64), "lower", (1, 64)),
        (Float(0.001, 0.1), "lower", (0.0001, 0.1)),
    ],
)
def test_how_far_a_range_is_widened(dist, side, ends):
    wider = widen(dist, side)
    assert (wider.low, wider.high) == pytest.approx(ends)
    assert type(wider) is type(dist)


def test_a_range_of_decades_is_widened_to_below_on_a_log_scale():
    assert widen(Float(0.001, 0.1), "lower").scale == "log"
    assert widen(Float(0.001, 0.1), "upper").scale == "linear"
    assert widen(Float(2, 4), "lower").scale == "linear"
    assert widen(Float(0.9, 0.999, scale="reverse_log"), "lower").scale == "reverse_log"


def test_a_study_of_which_every_trial_failed_is_told_at_once():
    study = luthier.create_study(seed=0)

    def objective(trial):
        trial.suggest_float("x", 0, 1)
        raise RuntimeError("out of memory")

    study.optimize(objective, n_trials=3, catch=(RuntimeError,))
    (finding,) = study.diagnose()
    assert finding.severity == "warning"
    assert finding.title.startswith("3 of 3 trials failed; most of them with: RuntimeError: out of")


@given(st.integers(9, 40), st.floats(0.2, 0.95))
def test_curves_that_only_fall_are_no_noise(n_steps, factor):
    space = Space({"x": Float(0, 1)})
    steps = np.arange(n_steps)
    rows = [
        histories.trial({"x": i / 12}, v[-1], reports=v.tolist())
        for i in range(12)
        for v in [1 + 1e-9 * i + factor**steps]
    ]
    assert "noisy-validation" not in {
        f.name for f in diagnose(histories.history(*rows, space=space))
    }


def gathered(loss, n=120):
    """A study whose sampler has gathered near 0.03 of x, which has the effect `loss` says."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.random(n // 2), 0.03 + 0.02 * rng.random(n // 2)])
    y = np.concatenate([rng.random(n // 2), 0.5 + 0.1 * rng.random(n // 2)])
    space = Space({"x": Float(0, 1), "y": Float(0.001, 1)})
    rows = [
        histories.trial({"x": float(a), "y": float(b)}, float(loss(a, b)))
        for a, b in zip(x, y, strict=True)
    ]
    return diagnose(histories.history(*rows, space=space))


def test_where_a_sampler_gathered_says_nothing_of_a_parameter_without_effect():
    said = {f.subject: f.name for f in gathered(lambda x, y: (y - 0.55) ** 2)}
    assert said["x"] == "flat-parameter"


def test_a_log_scale_is_advised_where_small_values_are_good_and_not_where_zero_is():
    small = gathered(lambda x, y: abs(math.log10(x / 0.04)))
    assert ("wrong-scale", "x") in {(f.name, f.subject) for f in small}

    zero = Space({"x": Float(0, 1)})
    x = np.concatenate([np.zeros(20), np.linspace(0, 1, 60)])
    rows = [histories.trial({"x": float(a)}, float(a)) for a in x]
    assert "wrong-scale" not in {f.name for f in diagnose(histories.history(*rows, space=zero))}


def test_a_failing_region_is_described_by_a_rule_that_a_space_takes():
    _, X = sick.draw(200, 0)
    bad = (X[:, 0] > 0.5) & (X[:, 1] > 0.5)
    study = sick.study(sick.complete(X, bad.astype(float)))
    region = find_region(Case(study.history), X, bad)
    assert set(region.names) == {"learning_rate", "momentum"}
    assert region.share > 0.9
    (finding,) = [f for f in found(sick.failing_region(1, 0)) if f.name == "failing-region"]
    rule = finding.remedy.split('"')[1]
    Space(sick.SPACE.params, constraints=[rule])


@pytest.mark.parametrize(("n_resumed", "is_told"), [(0, True), (8, True), (9, False)])
def test_nobody_is_called_idle_where_it_is_not_known_when_trials_ran(n_resumed, is_told):
    rows = sick.idle_workers(1.0, 0).rows
    turns = (Turn(0.0, {}), Turn(1.0, {}))
    resumed = [replace(row, turns=turns) for row in rows[:n_resumed]]
    study = sick.study([*resumed, *rows[n_resumed:]])
    assert ("idle-workers" in names(study)) == is_told


def test_causes_hide_what_they_explain():
    study = sick.crash_values(1, 0)
    assert names(study) & {"no-signal", "tied-values", "optimum-at-bound"} == set()


def test_noise_is_not_taken_for_an_unstable_best():
    assert "unstable-best" not in names(sick.noise(1, 0))


def test_a_diverging_rate_is_not_called_slow():
    assert "slow-learning" not in names(sick.divergence(1, 0))


@pytest.mark.parametrize("period", [10, 25])
def test_the_period_of_an_epoch_is_seen_and_no_other(period):
    rng = np.random.default_rng(0)
    noise = np.tile(rng.normal(0, 0.3, period), 20)
    loss = np.exp(noise - np.arange(len(noise)) / 500)

    def curve(steps_per_epoch):
        return Curve(
            number=0,
            steps=np.arange(3.0),
            loss=np.zeros(3),
            step_loss=loss,
            steps_per_epoch=steps_per_epoch,
        )

    assert is_periodic(curve(period))
    assert not is_periodic(curve(period + 3))


def test_a_noisy_curve_does_not_oscillate():
    t = np.arange(40.0)
    smooth = np.exp(-t / 8) + 0.02 * np.random.default_rng(0).standard_normal(40)
    swinging = np.exp(-t / 8) + 0.3 * (-1) ** t
    curves = [Curve(number=0, steps=t, loss=loss) for loss in (smooth, swinging)]
    assert [oscillates(curve) for curve in curves] == [False, True]


def test_a_fold_that_is_too_good_is_told_as_such():
    _, X, scores = sick.folded(0, k=10)
    scores[:, 1] += 0.14
    (finding,) = of_name(sick.with_folds(X, scores), "bad-fold")
    assert finding.title.startswith("fold 2 of 10 is better than all others in all 40 trials: 0.9")
    assert "copies" in finding.advice


def test_folds_that_differ_less_than_the_trials_are_left_alone():
    _, X, scores = sick.folded(0)
    scores = scores.mean(axis=1, keepdims=True) + np.array([0, 0, 0, 0, 1e-4])
    assert of_name(sick.with_folds(X, scores), "bad-fold") == []


def test_a_hold_out_is_a_number_or_says_how_many_rows_it_has():
    _, X, scores = sick.folded(0)
    low = (scores.mean(axis=1) - 0.3).tolist()
    for tags in ([{"hold_out": v} for v in low], [{"hold_out": {"value": v}} for v in low]):
        (finding,) = of_name(sick.with_folds(X, scores, tags), "hold-out-shift")
        assert finding.evidence["trials"] == 40
    for odd in ("low", {"value": None}, {"value": 0.5, "rows": "many"}, True, None):
        tags = [{"hold_out": odd}] * 40
        assert of_name(sick.with_folds(X, scores, tags), "hold-out-shift") == []


def test_a_hold_out_that_is_better_is_no_fault():
    _, X, scores = sick.folded(0)
    tags = [{"hold_out": v} for v in (scores.mean(axis=1) + 0.1).tolist()]
    assert of_name(sick.with_folds(X, scores, tags), "hold-out-shift") == []


def test_a_model_that_its_first_steps_destroy_is_called_neither_slow_nor_constant():
    assert names(sick.early_blow_up(1, 0)) & {"slow-learning", "constant-predictions"} == set()


def test_gradients_that_are_clipped_in_most_steps_are_told():
    rng, X = sick.draw(40, 0)
    for share, said in ((0.8, True), (0.3, False)):
        tags = [{"clipped": share}] * 40
        study = sick.curved(X, sick.fall(X, rng), tags)
        assert bool(of_name(study, "bad-gradients")) is said


def test_tags_that_are_no_curves_are_left_out():
    rows = [
        histories.trial(
            {"x": i / 9}, 1.0 + i, reports=range(9, 0, -1), tags={"curves": {"train": "high"}}
        )
        for i in range(9)
    ]
    study = sick.study(rows, Space({"x": Float(0, 1)}))
    assert Case(study.history, study.rows).curves[0].train is None


def test_large_studies_take_no_longer_than_they_must():
    """Nothing is quadratic: 20,000 trials are diagnosed with few calls."""
    rng, X = sick.draw(20_000, 0)
    study = sick.study(sick.complete(X, sick.Bowl(sick.SPACE, rng)(X)))
    assert diagnose(study.history, quick=True) == []


# -- studies and the command line -----------------------------------------------------------------


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    study = luthier.create_study("train", storage=url, space=sick.SPACE)
    study.add_trials(sick.crash_values(1, 0).rows)
    return url


def call(*args, **more):
    return CliRunner().invoke(cli, args, **more)


def test_a_study_diagnoses_itself(url):
    study = luthier.load_study("train", storage=url)
    (finding, *_) = study.diagnose()
    assert isinstance(finding, luthier.Finding)
    assert finding.name == "crash-values"


def test_a_parameter_that_is_not_there_was_not_widened(url):
    study = luthier.load_study("train", url)
    with pytest.raises(UnknownParameterError, match="no parameter 'D'"):
        study.diagnose({"D": 1})


def test_the_command_prints_the_worst_first(url):
    done = call("diagnose", "train", "--storage", url)
    assert done.exit_code == 0
    assert done.output.startswith("warning: 12 of 100 trials (12 %) came to exactly 1e+06")
    assert "write: study.tell(trial" in done.output


@pytest.mark.parametrize(("severity", "status"), [("warning", FOUND), ("note", FOUND), (None, 0)])
def test_the_exit_status_says_whether_something_bad_was_found(url, severity, status):
    options = [] if severity is None else ["--fail-on", severity]
    assert call("diagnose", "train", "--storage", url, *options).exit_code == status


def test_findings_as_json(url):
    first = json.loads(call("diagnose", "--storage", url, "--format", "json").output)[0]
    assert first["name"] == "crash-values"
    assert first["evidence"]["trials"] == 12
    assert first["confidence"] == 1


def test_a_summary_shows_the_worst(url):
    assert "warning: 12 of 100 trials" in call("show", "train", "--storage", url).output


def test_a_healthy_study_has_nothing_to_show(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    study = luthier.create_study("train", storage=url, space={"x": Float(0, 1)})
    study.add_trials([histories.trial({"x": 0.5}, 1.0)])
    assert call("diagnose", "--storage", url).output == "Nothing was found.\n"
    assert "may be wrong" not in call("show", "--storage", url).output


def test_a_finding_is_data():
    finding = Finding(name="a", severity="note", title="t", advice="d")
    assert finding.confidence == 1
    assert str(finding) == "note: t\n  d"


def test_choices_that_few_trials_have_are_one_where_a_forest_looks_for_a_signal():
    space = Space({"c": Categorical(tuple(f"v{i}" for i in range(100_000))), "x": Float(0, 1)})
    numbers = [7] * 3 + list(range(100, 137))
    rows = [trial({"c": f"v{i}", "x": i / 200}, float(i)) for i in numbers]
    X, _, n_choices = draw_trials(Case(history(*rows, space=space)))
    assert n_choices.tolist() == [2, 0]
    assert X[:, 0].tolist() == [0] * 3 + [1] * 37
