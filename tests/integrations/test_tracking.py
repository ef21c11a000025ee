import importlib
import sys

import pytest

import luthier
from luthier.errors import MissingDependencyError, StorageUnreachableError
from luthier.integrations.tracking import Tracker, first_line, name_reports, name_values


class Notes(Tracker):
    """Keeps what it is told."""

    def __init__(self, **options):
        super().__init__("notes", **options)
        self.told = []
        self.rows = []

    def begin(self, info):
        self.told.append(("begin", info))

    def write(self, info, row, is_best):
        self.told.append(("write", row.number, is_best))
        self.rows.append(row)

    def end(self, info, ending):
        self.told.append(("end", ending))


def test_a_tracker_is_told_of_a_study_from_its_begin_to_its_end():
    study = luthier.create_study("s", seed=0, objectives={"loss": "minimize"})
    values = [3.0, 5.0, None, 1.0]

    def objective(trial):
        trial.report(7.0, 1)
        if values[trial.number] is None:
            raise KeyError("lost")
        return values[trial.number]

    with Notes() as notes:
        study.optimize(objective, n_trials=4, callbacks=[notes], catch=KeyError)
    (_, info), *written, (_, ending) = notes.told
    assert (info.name, info.objectives, info.directions) == ("s", ("loss",), ("minimize",))
    assert info.scheduler is None
    assert written == [
        ("write", 0, True),
        ("write", 1, False),
        ("write", 2, False),
        ("write", 3, True),
    ]
    assert ending.counts[luthier.State.COMPLETE] == 3
    assert ending.counts[luthier.State.FAILED] == 1
    assert [row.number for row in ending.best] == [3]
    assert ending.error is ending.reason is None
    assert notes.rows == study.trials
    assert name_values(study.trials[0], info) == {"loss": 3.0}
    assert name_reports(study.trials[0], info) == [(1, {"report/loss": 7.0})]
    assert first_line(study.trials[0]) is None
    assert first_line(study.trials[2]) == "KeyError: 'lost'"


def test_the_front_is_what_is_best_of_several_objectives():
    study = luthier.create_study(objectives=["minimize", "maximize"], seed=0)
    values = [(1, 1), (0, 0), (2, 0), (0, 2)]
    with Notes() as notes:
        study.optimize(lambda t: values[t.number], n_trials=4, callbacks=[notes])
    assert [entry[2] for entry in notes.told[1:-1]] == [True, True, False, True]
    assert [row.number for row in notes.told[-1][1].best] == [3]


def test_what_ends_a_study_is_told():
    study = luthier.create_study(seed=0)

    def objective(trial):
        if trial.number:
            raise ZeroDivisionError("by zero")
        return 1.0

    with pytest.raises(ZeroDivisionError), Notes() as notes:
        study.optimize(objective, n_trials=4, callbacks=[notes])
    assert notes.told[-1][1].error == "ZeroDivisionError: by zero"
    assert len(notes.told[-1][1].best) == 1


def test_a_program_that_is_stopped_has_not_failed():
    study = luthier.create_study(seed=0)
    notes = Notes()
    study.optimize(lambda t: 1.0, n_trials=1, callbacks=[notes])
    notes.close(SystemExit(143))
    assert (notes.told[-1][1].error, notes.told[-1][1].reason) == (None, "interrupted")


def test_a_tracker_that_fails_does_not_fail_the_study(caplog):
    class Broken(Notes):
        def write(self, info, row, is_best):
            raise RuntimeError("broken")

    study = luthier.create_study(seed=0)
    with Broken() as notes:
        study.optimize(lambda t: 1.0, n_trials=3, callbacks=[notes])
    assert len(study.trials) == 3
    assert notes.n_failed == 3
    assert [entry[0] for entry in notes.told] == ["begin", "end"]


def test_a_storage_that_is_away_does_not_fail_the_end(caplog, monkeypatch):
    study = luthier.create_study(seed=0)
    with Notes() as notes:
        study.optimize(lambda t: 1.0, n_trials=1, callbacks=[notes])

        def away():
            raise StorageUnreachableError("the storage is away")

        monkeypatch.setattr(study.engine, "reading", away)
    assert "notes: the end is left out: the storage is away" in caplog.messages


def test_one_tracker_takes_several_studies():
    notes = Notes()
    for name in "ab":
        luthier.create_study(name).optimize(lambda t: 1.0, n_trials=1, callbacks=[notes])
    notes.close()
    assert [entry[0] for entry in notes.told] == ["begin", "write", "begin", "write", "end", "end"]


@pytest.mark.parametrize("library", ["mlflow", "tensorboard", "wandb", "prometheus"])
def test_a_library_that_is_missing_names_its_extra(monkeypatch, library):
    package = {"prometheus": "prometheus_client"}.get(library, library)
    for module in [m for m in sys.modules if m.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"luthier.integrations.{library}", raising=False)
    with pytest.raises(MissingDependencyError, match=rf"pip install 'luthier\[{library}\]'"):
        importlib.import_module(f"luthier.integrations.{library}")


def test_without_its_begin_a_study_is_left_out_for_one_reason(caplog):
    class Away(Notes):
        def begin(self, info):
            raise ConnectionError("no such server")

    with Away() as notes:
        luthier.create_study(seed=0).optimize(lambda t: 1.0, n_trials=3, callbacks=[notes])
    assert notes.told == []
    assert notes.n_failed == 5  # the begin, three trials, the end
    told = [m for m in caplog.messages if m.startswith("notes")]
    assert told == ["notes: 1 left out so far; the last: ConnectionError: no such server"]
