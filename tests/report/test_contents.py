"""Every kind of study has its report, with a clear word where the trials tell too little."""

import math

import pytest
from msgspec.structs import replace
from tests.support.reports import read, tuned

import luthier
from luthier import report
from luthier.report.units import duration, join, moment, percent
from luthier.testing.histories import history, trial
from luthier.trial.record import State

SECTIONS = [
    "verdict",
    "history",
    "importance",
    "effects",
    "findings",
    "leaders",
    "states",
    "cost",
    "space",
    "lineage",
    "repeat",
]


def report_of(*rows, **options):
    origin = report.Origin("hand", "", "Random()", "", 0.0, True)
    given = history(*rows, **options)
    numbered = [replace(row, number=i) for i, row in enumerate(rows)]
    return report.make_report(given, numbered, origin)


def words_of(made, section):
    [found] = [s for s in made.page.sections if s.name == section]
    return " ".join(map(str, found.blocks))


def check(made):
    """A whole page in both forms, with all sections; returns its text."""
    assert [section.name for section in made.page.sections] == SECTIONS
    assert all(section.blocks for section in made.page.sections)
    reader = read(made.html)
    assert "nan" not in " ".join(reader.text).split()
    return made.markdown


def test_no_trial():
    text = check(luthier.create_study(name="empty", seed=0).report())
    assert "There is no trial yet." in text
    space = {"x": luthier.Float(0, 1)}
    text = check(luthier.create_study(name="empty", seed=0, space=space).report())
    assert "There is no trial yet." in text


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_trials(n):
    made = tuned(n).report()
    check(made)
    assert "cannot be said" in words_of(made, "importance")
    assert "The best value is" in words_of(made, "verdict")


def test_all_failed():
    study = luthier.create_study(name="broken", seed=0)

    def objective(trial):
        trial.suggest_float("x", 0, 1)
        raise RuntimeError(f"no file for {trial.number % 2}")

    study.optimize(objective, n_trials=6, catch=RuntimeError)
    made = study.report()
    check(made)
    assert "6 trials: 6 failed" in words_of(made, "verdict")
    assert "no trial is complete" in words_of(made, "history").lower()
    errors = words_of(made, "states")
    assert "RuntimeError: no file for 0', '3', '4'" in errors


def test_no_feasible_trial():
    study = luthier.create_study(name="limits", seed=0)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("memory", 1.0)
        return x

    study.optimize(objective, n_trials=6)
    made = study.report()
    check(made)
    assert "feasible" in words_of(made, "history").lower()


def test_several_objectives():
    made = tuned(40, directions=("minimize", "minimize")).report()
    text = check(made)
    assert "form the front" in text
    assert "front" in words_of(made, "leaders")


def test_conditional_spaces():
    study = luthier.create_study(name="branches", seed=0, sampler="random")

    def objective(trial):
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_float("p", 0, 1)
        return trial.suggest_float("q", 1e-3, 1, log=True) + 0.5

    study.optimize(objective, n_trials=60)
    check(study.report())


def test_values_that_are_alike_or_infinite():
    space = luthier.Space({"x": luthier.Float(0, 1)})
    points = [{"x": i / 40} for i in range(40)]
    check(report_of(*(trial(p, 1.0) for p in points), space=space))
    check(report_of(*(trial(p, math.inf if p["x"] < 0.3 else p["x"]) for p in points), space=space))
    check(report_of(*(trial(p, math.inf) for p in points), space=space))


def test_trials_that_wait_run_or_were_stopped():
    space = luthier.Space({"x": luthier.Float(0, 1)})
    states = [State.RUNNING, State.PRUNED, State.PAUSED, State.WAITING]
    text = check(report_of(*(trial({"x": 0.5}, None, state) for state in states), space=space))
    assert "1 waiting, 1 running, 1 paused and 1 pruned" in text


def test_what_was_run_anew_is_shown():
    study = luthier.create_study(name="noisy", seed=0, sampler="random")

    def objective(trial):
        return trial.suggest_float("x", 0, 1) + 0.1 * trial.rng.standard_normal()

    study.optimize(objective, n_trials=15)
    made = study.report()
    assert "None was run anew" in words_of(made, "leaders")
    confirmed = study.confirm(k=2, repeats=3)
    made = study.report()
    check(made)
    said = f"Trial {confirmed.best.number}, the best of 2 that were run anew, came to"
    assert said in words_of(made, "verdict")
    assert "Trials that were run anew" in words_of(made, "leaders")
    assert f"('{confirmed.best.number}'," in words_of(made, "leaders")


def test_the_verdict_says_what_the_analysis_found():
    study = tuned(60)
    made = study.report()
    said = words_of(made, "verdict")
    assert f"in trial {study.best_trial.number}" in said
    found = study.importance(among=0.1)
    name = found.names[0] if found.names else study.importance().names[0]
    assert f"{name} explains" in said or f"{name} alone explains" in said


def test_the_same_study_gives_the_same_report():
    study = tuned(25)
    assert study.report().html == study.report().html


def test_numbers_as_people_read_them():
    assert [percent(x) for x in (0.0, 0.004, 0.614, 1.0)] == [
        "0 %",
        "less than 1 %",
        "61 %",
        "100 %",
    ]
    assert [duration(x) for x in (1.23, 42.4, 184, 18_360, 1e300)] == [
        "1.2 s",
        "42 s",
        "3 min 4 s",
        "5 h 6 min",
        "1e+300 s",
    ]
    assert moment(0.0) == "1970-01-01 00:00:00 UTC"
    assert duration(math.nan) == moment(math.nan) == ""
    assert [join(list(t)) for t in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
