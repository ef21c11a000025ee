"""Findings that are dismissed, and remedies that are applied: both are stored with the study."""

import contextlib
import logging

import pytest
from click.testing import CliRunner
from tests.support import sick_studies as sick

import luthier
from luthier import Float, Space
from luthier.analysis.findings.action import Action
from luthier.cli import cli
from luthier.errors import StudyError, UnknownNameError, UnknownParameterError
from luthier.schedulers import ASHA
from luthier.testing import histories


def sick_study(name, url=None):
    made = sick.KINDS[name](1, 0)
    space, directions = made.history.space, made.history.directions
    study = luthier.create_study(name, url, directions[0], space=space, seed=0)
    study.add_trials(made.rows)
    return study


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/study.db"


def one(study, name):
    return next(f for f in study.diagnose() if f.name == name)


def call(*args):
    return CliRunner().invoke(cli, args)


# -- dismissals -----------------------------------------------------------------------------------


def test_a_dismissal_is_remembered_by_another_session(url):
    study = sick_study("optimum-at-bound", url)
    study.dismiss("optimum-at-bound", "learning_rate", "the GPU is full")
    found = luthier.load_study("optimum-at-bound", url).diagnose()
    assert [f.dismissed for f in found] == sorted(f.dismissed for f in found)
    (dismissed,) = [f for f in found if f.dismissed]
    assert (dismissed.name, dismissed.subject) == ("optimum-at-bound", "learning_rate")
    assert str(dismissed).startswith("dismissed: ")
    assert str(dismissed).endswith("because: the GPU is full")


def test_a_dismissal_can_be_undone():
    study = sick_study("optimum-at-bound")
    finding = one(study, "optimum-at-bound")
    study.dismiss(finding)
    study.dismiss(finding, reason="another")
    assert [d.reason for d in study.dismissals] == ["another"]
    assert one(study, "optimum-at-bound").dismissed
    study.undo_dismissal(finding)
    assert study.dismissals == ()
    assert not one(study, "optimum-at-bound").dismissed


def test_a_dismissal_without_a_parameter_is_of_all():
    study = sick_study("optimum-at-bound")
    study.dismiss("optimum-at-bound", "width")
    assert not one(study, "optimum-at-bound").dismissed
    study.dismiss("optimum-at-bound")
    assert one(study, "optimum-at-bound").dismissed


def test_a_cause_that_is_dismissed_hides_nothing():
    study = sick_study("early-blow-up")
    before = {f.name for f in study.diagnose()}
    study.dismiss("early-blow-up")
    assert {f.name for f in study.diagnose()} - before == {"constant-predictions"}


def test_two_sessions_dismiss_at_the_same_time(url):
    first = sick_study("optimum-at-bound", url)
    second = luthier.load_study("optimum-at-bound", url)
    first.dismiss("noise")
    second.dismiss("drift")
    assert {d.finding for d in first.dismissals} == {"noise"}
    first.dismiss("jump")
    assert {d.finding for d in first.dismissals} == {"noise", "drift", "jump"}


def test_a_dismissal_goes_with_a_copy(url, tmp_path):
    study = sick_study("optimum-at-bound", url)
    study.dismiss("noise")
    other = f"sqlite:///{tmp_path}/other.db"
    done = call("storage", "copy", url, other)
    assert done.exit_code == 0, done.output
    assert luthier.load_study("optimum-at-bound", other).dismissals == study.dismissals


def test_what_cannot_be_dismissed_is_said():
    study = sick_study("optimum-at-bound")
    with pytest.raises(UnknownNameError, match="did you mean 'optimum-at-bound'"):
        study.dismiss("optimum-at-bounds")
    with pytest.raises(UnknownParameterError, match="no parameter 'lr'; the space has learning"):
        study.dismiss("noise", "lr")
    with pytest.raises(StudyError, match="a reason is a text of at most 1,000 characters, got 3"):
        study.dismiss("noise", reason=3)
    study.dismiss("drift")
    study.dismiss("noise", "width")
    with pytest.raises(
        StudyError, match="'noise' is not dismissed; dismissed are: 'drift', 'noise' of 'width'"
    ):
        study.undo_dismissal("noise")


def test_the_command_dismisses_and_takes_it_back(url):
    sick_study("crash-values", url)
    where = ("diagnose", "crash-values", "--storage", url)
    done = call(*where, "--dismiss", "crash-values", "--because", "a real value")
    assert done.exit_code == 0, done.output
    assert "dismissed: 12 of 100 trials" in done.output
    assert done.output.rstrip().endswith("because: a real value")
    assert "12 of 100" not in call("show", "crash-values", "--storage", url).output

    study = luthier.load_study("crash-values", url)
    for finding in study.diagnose():
        study.dismiss(finding)
    done = call(*where, "--fail-on", "note")
    assert done.exit_code == 0
    assert done.output.startswith("Nothing was found but what is dismissed.")
    assert call(*where, "--undo", "crash-values", "--fail-on", "warning").exit_code == 3


@pytest.mark.parametrize(
    "options",
    [
        ("--dismiss", "noise", "--undo", "noise"),
        ("--parameter", "width"),
        ("--undo", "noise", "--because", "of that"),
    ],
)
def test_options_that_do_not_go_together_are_refused(url, options):
    sick_study("optimum-at-bound", url)
    assert call("diagnose", "--storage", url, *options).exit_code == 2


def test_a_report_shows_what_is_dismissed_as_such():
    study = sick_study("crash-values")
    study.dismiss("crash-values", reason="a real value")
    text = study.report().markdown
    assert "Dismissed: 12 of 100 trials" in text
    assert "Because: a real value." in text
    verdict = text[: text.index("## History")]
    assert "12 of 100 trials (12 %)" not in verdict


# -- remedies -------------------------------------------------------------------------------------


def test_a_range_is_widened_in_the_stored_space(url, caplog):
    study = sick_study("optimum-at-bound", url)
    caplog.set_level(logging.INFO, "luthier")
    done = study.apply(one(study, "optimum-at-bound"))
    assert done.kind == "widen"
    assert done.change == "learning_rate is Float(low=1e-05, high=1.0, scale='log')"
    assert "learning_rate is Float" in caplog.text
    other = luthier.load_study("optimum-at-bound", url)
    assert other.space.params["learning_rate"].high == 1.0
    assert other.applied == (done,)
    assert other.history.fits.all()
    assert any(other.ask().params["learning_rate"] > 0.1 for _ in range(20))


def test_what_was_widened_twice_is_not_advised_a_third_time():
    study = sick_study("optimum-at-bound")
    finding = one(study, "optimum-at-bound")
    study.apply(finding)
    study.apply(finding)
    space = study.space
    again = luthier.create_study("again", space=sick.SPACE)
    again.add_trials(sick.KINDS["optimum-at-bound"](1, 0).rows)
    again.apply(finding)
    again.apply(finding)
    described = {"space": sick.SPACE.to_json()}
    again.engine.edit_spec(lambda _: described, sick.SPACE)
    now = one(again, "optimum-at-bound")
    assert "widened 2 times already" in now.advice
    assert now.action is None
    assert one(sick_study("optimum-at-bound"), "optimum-at-bound").action is not None
    assert space.params["learning_rate"].high == 1.0


def test_a_constraint_keeps_a_failing_region_out():
    study = sick_study("failing-region")
    done = study.apply(one(study, "failing-region"))
    assert done.change.startswith("constraint 'not (learning_rate > ")
    bound = float(done.change.rpartition(" ")[2].rstrip(")'"))
    assert all(study.ask().params["learning_rate"] <= bound for _ in range(30))


def test_the_scale_the_scheduler_and_the_end_of_a_run_are_remedies():
    study = sick_study("wrong-scale")
    study.apply(one(study, "wrong-scale"))
    assert study.space.params["learning_rate"].scale == "log"

    study = sick_study("missing-pruning")
    study.apply(one(study, "missing-pruning"))
    assert isinstance(study.scheduler, ASHA)

    study = sick_study("late-end")
    study.apply(one(study, "late-end"))
    assert study.stop_reason == "finding late-end"


def test_functions_among_the_constraints_stay():
    def small(params):
        return params["x"] < 0.9

    study = luthier.create_study(space=Space({"x": Float(0, 1)}, constraints=[small]))
    for rule, error in (("x > 0.5", None), ("y > 0.5", luthier.errors.ConstraintError)):
        finding = luthier.Finding(
            name="failing-region",
            severity="advice",
            title="t",
            advice="a",
            action=Action(kind="constrain", constraint=rule),
        )
        with pytest.raises(error) if error else contextlib.nullcontext():
            study.apply(finding)
    assert [c.text for c in study.space.constraints] == ["small", "x > 0.5"]


def test_what_cannot_be_applied_is_said():
    study = sick_study("crash-values")
    with pytest.raises(StudyError, match="'crash-values' has no remedy that luthier can apply"):
        study.apply(one(study, "crash-values"))

    free = luthier.create_study()
    free.add_trials([histories.trial({"learning_rate": 0.1}, 1.0)])
    finding = one(sick_study("optimum-at-bound"), "optimum-at-bound")
    with pytest.raises(StudyError, match="is what its objective suggests: change it there"):
        free.apply(finding)


def test_the_command_applies_a_remedy(url):
    sick_study("optimum-at-bound", url)
    where = ("diagnose", "--storage", url, "--apply", "optimum-at-bound")
    done = call(*where, "--parameter", "learning_rate")
    assert done.exit_code == 0
    assert "changed: learning_rate is Float(low=1e-05, high=1.0" in done.stderr
    assert luthier.load_study("optimum-at-bound", url).space.params["learning_rate"].high == 1.0
    done = call(*where, "--parameter", "width")
    assert done.exit_code == 1
    assert "there is no finding 'optimum-at-bound' of 'width' now" in done.stderr
