"""What no storage can hold: it is found where it is given, or fails its trial, and work goes on."""

import contextlib
import datetime
import functools
import os
import subprocess
import sys
import uuid
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.servers import MariaDB, parameters
from tests.support.service import Service
from tests.support.storages import opened

import luthier
from luthier import Categorical, Float, Int
from luthier.errors import (
    ConstraintError,
    DistributionError,
    LuthierError,
    ReportError,
    SpaceError,
    StorageDeniedError,
    StorageError,
    StorageUnreachableError,
    StudyError,
    TrialError,
    UnstorableError,
)
from luthier.server import Limits
from luthier.storages import InMemory, SQLite
from luthier.storages.wrapper import Wrapper
from luthier.trial.record import State, TrialRow
from luthier.validation import MAX_ERROR_CHARACTERS, MAX_TAG_BYTES

HALF = "caf\udce9.csv"  # the name of a file in Latin-1, as Python reads it
KINDS = ("memory", "sqlite", "postgresql", "mysql", "redis", "http")


class Name(str):
    """Text of a class of its own."""


@pytest.fixture(params=parameters(*KINDS))
def storage(request, tmp_path):
    """A storage of each kind, empty."""
    with opened(request.param, tmp_path) as made:
        yield made


def nested(depth):
    return functools.reduce(lambda inner, _: [inner], range(depth), 1)


def endless():
    found = []
    found.append(found)
    return found


def fail(text):
    raise ValueError(text)


def mutate(trial):
    trial.set_tag("list", [1])
    trial.tags["list"].append(HALF)
    trial.report(1.0, 10**400)


class Unsayable(Exception):
    """An error that cannot be put into words."""

    def __str__(self):
        raise SystemExit("never mind")


def say_nothing():
    raise Unsayable


def fill(trial):
    for i in range(3):
        trial.set_tag(f"tag {i}", "x" * (MAX_TAG_BYTES - 20))


BAD = {  # what an objective does, and what its trial says then
    "tag's value": (lambda t: t.set_tag("file", HALF), "UnstorableError: tag 'file' of trial"),
    "tag's name": (lambda t: t.set_tag(HALF, 1), "UnstorableError: the name of a tag"),
    "inside a tag": (lambda t: t.set_tag("d", {"a": [{HALF: 1}]}), "UnstorableError: tag 'd'"),
    "path in a tag": (lambda t: t.set_tag("p", Path(HALF)), "UnstorableError: tag 'p'"),
    "date in a tag": (lambda t: t.set_tag("d", datetime.datetime.now()), "UnstorableError"),
    "large tag": (lambda t: t.set_tag("n", "x" * 2_000_000), "at most 1,048,576 bytes"),
    "large array": (lambda t: t.set_tag("n", np.zeros((2000, 2000))), "at most 1,048,576 bytes"),
    "many tags": (fill, "all tags of trial"),
    "deep tag": (lambda t: t.set_tag("d", nested(51)), "nested deeper than 50 levels"),
    "endless tag": (lambda t: t.set_tag("d", endless()), "or contains itself"),
    "keys that are one": (lambda t: t.set_tag("d", {1: 2, "1": 3}), "are the same as text"),
    "keys of NaN": (
        lambda t: t.set_tag("d", {float("nan"): 1, np.float64("nan"): 2}),
        "are the same as text",
    ),
    "huge number": (lambda t: t.set_tag("d", 10**5000), "has at most 8192 bits"),
    "parameter's name": (lambda t: t.suggest_float(HALF, 0, 1), "DistributionError"),
    "choice": (lambda t: t.suggest_categorical("c", [HALF, "b"]), "DistributionError"),
    "deep choice": (lambda t: t.suggest_categorical("d", [nested(300), 1]), "DistributionError"),
    "huge choice": (lambda t: t.suggest_categorical("e", [10**400, 1]), "DistributionError"),
    "huge bound": (lambda t: t.suggest_float("f", 0, 10**400), "DistributionError"),
    "constraint's long name": (
        lambda t: t.set_constraint("c" * 20_000, 1.0),
        "at most 10,000 characters",
    ),
    "constraint's name": (lambda t: t.set_constraint(HALF, 1.0), "ResultConstraintError"),
    "reported number": (lambda t: t.report(10**400, 1), "ReportError"),
    "reported step": (lambda t: t.report(1.0, -(10**400)), "ReportError"),
    "error": (lambda t: fail(HALF), r"ValueError: caf\udce9.csv"),
    "large error": (lambda t: fail("x" * 2_000_000), "characters left out ..."),
    "error without words": (lambda t: say_nothing(), "Unsayable: <its text cannot be had>"),
    "changed copy": (mutate, "ReportError"),
}
GOOD = {  # what any storage keeps
    "deep": (nested(50), nested(50)),
    "wide number": (uuid.UUID(int=2**128 - 1).int, 2**128 - 1),
    "nul": ("a\0b", "a\0b"),
    "text of a class": (Name("q"), "q"),
    "text of numpy": (np.array(["x"])[0], "x"),
    "state": (State.PRUNED, 4),
    "long double": (np.longdouble(1.5), 1.5),
    "no number": (float("nan"), "nan"),
    "keys": ({np.int64(1): {2, 3}, None: True}, {"1": [2, 3], "None": True}),
}


def summary(rows):
    return Counter(row.state.name for row in rows)


def test_what_an_objective_gives_is_refused_there_and_every_other_trial_ends(storage):
    names = list(BAD)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number < len(BAD):
            BAD[names[trial.number]][0](trial)
        for name, (value, _) in GOOD.items():
            trial.set_tag(name, value)
        return x

    study = luthier.create_study("s", storage, sampler="random", seed=1)
    study.optimize(objective, n_trials=len(BAD) + 2, catch=Exception, progress=False)
    rows = luthier.load_study("s", storage).trials
    assert summary(rows) == {"FAILED": len(BAD), "COMPLETE": 2}
    for name, row in zip(names, rows, strict=False):
        assert BAD[name][1] in row.error, name
        assert len(row.error) <= MAX_ERROR_CHARACTERS
        assert "x" in row.params
    assert rows[-1].tags == {name: kept for name, (_, kept) in GOOD.items()}


# -- what only the storage finds ------------------------------------------------------------------


class Picky(Wrapper):
    """A storage that refuses what a function says of the end of a trial."""

    def __init__(self, inner, refuses):
        super().__init__(inner)
        self.refuses = refuses

    def finish(self, study, row):
        if (error := self.refuses(row)) is not None:
            raise error
        return super().finish(study, row)


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.set_cost(2)
    if trial.number == 2:
        trial.set_tag("large", "x" * 5000)
        trial.set_tag("small", 1)
        return x - 1.0  # better than any other
    return x


REFUSALS = [
    UnicodeEncodeError("utf-8", "a", 0, 1, "no"),
    TypeError("no"),
    RuntimeError("no"),
    MemoryError(),
    UnstorableError("no"),
    StorageError("no"),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda e: type(e).__name__)
def test_a_result_that_is_refused_is_a_failure_that_keeps_what_it_can(error):
    picky = Picky(InMemory(), lambda row: error if "large" in row.tags else None)
    study = luthier.create_study(storage=picky, seed=0)
    study.optimize(objective, n_trials=4, progress=False)
    rows = study.trials
    assert [r.state.name for r in rows] == ["COMPLETE", "COMPLETE", "FAILED", "COMPLETE"]
    row = rows[2]
    assert row.values == (row.params["x"] - 1.0,)
    assert study.best_trial.number != 2
    assert (row.tags, row.cost) == ({"small": 1}, 2.0)
    assert row.error.startswith("UnstorableError: trial 2 was complete, and the storage did not")
    assert type(error).__name__ in row.error
    assert "left out: tag 'large'" in row.error


def test_a_pause_that_is_refused_is_a_failure():
    picky = Picky(
        InMemory(), lambda row: ValueError("no") if row.state == State.PAUSED and row.tags else None
    )

    def objective(trial):
        for step in range(int(trial.step) + 1, 10):
            trial.report(trial.number, step)
            if trial.number == 1:
                trial.set_tag("odd", 1)
            if trial.should_stop():
                raise luthier.TrialPruned
        return 1.0

    asha = luthier.schedulers.ASHA(min_resource=1, max_resource=9, reduction_factor=3)
    study = luthier.create_study(storage=picky, scheduler=asha, seed=0)
    study.optimize(objective, n_trials=4, progress=False)
    row = study.trials[1]
    assert row.state == State.FAILED
    assert row.reports
    assert "trial 1 was paused, and the storage did not take its end" in row.error


def test_what_is_refused_twice_is_a_failure_with_what_is_stored_already():
    picky = Picky(
        InMemory(), lambda row: ValueError("no") if row.values and row.number == 2 else None
    )
    study = luthier.create_study(storage=picky, space={"x": Float(0, 1)}, seed=0)
    study.optimize(objective, n_trials=4, progress=False)
    row = study.trials[2]
    assert (row.state, row.values, row.tags, row.cost) == (State.FAILED, None, {}, None)
    assert "x" in row.params
    assert "left out: all that its worker noted" in row.error


@pytest.mark.parametrize("error", [StorageError("no"), RuntimeError("no")], ids=["ours", "other"])
def test_a_fault_that_passes_is_not_blamed_on_the_content(error):
    faults = [error]
    picky = Picky(InMemory(), lambda row: faults.pop() if row.number == 2 and faults else None)
    study = luthier.create_study(storage=picky, seed=0)
    study.optimize(objective, n_trials=4, progress=False)
    assert summary(study.trials) == {"COMPLETE": 4}
    assert faults == []


def test_what_is_refused_altogether_counts_until_it_is_given_up():
    picky = Picky(InMemory(), lambda row: ValueError("no") if row.number == 2 else None)
    study = luthier.create_study(storage=picky, seed=0)
    study.optimize(objective, n_trials=8, progress=False)
    rows = study.trials
    assert summary(rows) == {"COMPLETE": 5, "FAILED": 1}  # 3 of the 8 were attempts at trial 2
    assert rows[2].retries == 2


@pytest.mark.parametrize("error", [StorageUnreachableError, StorageDeniedError])
def test_a_storage_that_fails_blames_no_trial(error):
    picky = Picky(InMemory(), lambda row: error("away") if row.number == 2 else None)
    study = luthier.create_study(storage=picky, seed=0)
    with pytest.raises(error, match="away"):
        study.optimize(objective, n_trials=4, progress=False)
    row = study.trials[2]
    # What did not answer is not asked to take the trial back: its lease runs out.
    assert row.state == (State.RUNNING if error is StorageUnreachableError else State.WAITING)
    assert row.retries == 0


@pytest.mark.parametrize("error", [StorageError, StorageDeniedError])
def test_a_storage_of_the_objective_s_own_that_fails_ends_no_run(error):
    def objective(trial):
        if trial.number == 1:
            raise error("elsewhere")
        return 1.0

    study = luthier.create_study(seed=0)
    study.optimize(objective, n_trials=4, catch=Exception, progress=False)
    rows = study.trials
    assert summary(rows) == {"COMPLETE": 3, "FAILED": 1}
    assert (rows[1].retries, rows[1].error.splitlines()[0]) == (0, f"{error.__name__}: elsewhere")


def test_a_service_that_takes_little_gets_less():
    service = Service(InMemory(), limits=Limits(max_body=4000))
    client = service.client()
    study = luthier.create_study("s", client, seed=0)
    study.optimize(objective, n_trials=4, progress=False)
    rows = luthier.load_study("s", client).trials
    client.close()
    service.stop()
    assert [r.state.name for r in rows] == ["COMPLETE", "COMPLETE", "FAILED", "COMPLETE"]
    assert rows[2].values is not None
    assert "takes requests up to 4000 bytes" in rows[2].error


@pytest.mark.slow
@pytest.mark.external("mariadbd")
def test_a_server_that_reads_little_gets_less():
    with MariaDB(None, "--max-allowed-packet=1M") as server:
        study = luthier.create_study("s", server.fresh(), seed=0)

        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            if trial.number == 1:
                trial.set_tag("large", '"' * 400_000)  # each is two characters, and quoted four
            if trial.number == 2:  # the server would hang up on these while they are being sent
                for i in range(800):
                    trial.set_constraint(f"{i}" + "c" * 9_000, 1.0)
            return x

        study.optimize(objective, n_trials=4, progress=False)
        rows = luthier.load_study("s", study.storage).trials
        study.storage.close()
    assert [r.state.name for r in rows] == ["COMPLETE", "FAILED", "FAILED", "COMPLETE"]
    assert all("max_allowed_packet" in row.error for row in rows[1:3])


def test_the_best_keeps_its_checkpoint_where_a_better_one_is_refused(tmp_path):
    picky = Picky(SQLite(tmp_path / "a.db"), lambda row: ValueError("no") if row.tags else None)
    study = luthier.create_study(storage=picky, checkpoints=tmp_path / "models", seed=0)

    def objective(trial):
        trial.report(1.0, 1, checkpoint={"weights": np.full(1000, trial.number)})
        if trial.number == 1:
            trial.set_tag("odd", 1)
        return 1.0 - trial.number % 2

    study.optimize(objective, n_trials=3, progress=False)
    assert [r.state.name for r in study.trials] == ["COMPLETE", "FAILED", "COMPLETE"]
    assert study.best_trial.number == 0
    assert study.load_checkpoint(0)["weights"][0] == 0
    study.storage.close()


def test_a_space_that_is_refused_fails_the_trials_that_need_it():
    service = Service(InMemory(), limits=Limits(max_body=4000))
    client = service.client()

    def objective(trial):
        if trial.number == 1:
            trial.suggest_categorical("text", ["a" * 5000, "b"])
        return trial.suggest_float(f"x{trial.number}", 0, 1)

    study = luthier.create_study("s", client, seed=0)
    study.optimize(objective, n_trials=3, progress=False)
    loaded = luthier.load_study("s", client)
    rows = loaded.trials
    client.close()
    service.stop()
    assert [r.state.name for r in rows] == ["COMPLETE", "FAILED", "COMPLETE"]
    assert "text" not in loaded.space.names
    assert {"x0", "x2"} <= set(loaded.space.names)


# -- wherever trials run --------------------------------------------------------------------------

FLEET = """
import os
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 5:
        trial.set_tag("file", os.fsdecode(b"caf\\xe9.csv"))
    if trial.number == 6:
        raise ValueError("x" * 20_000_000)
    return x
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", parameters("sqlite", "http"))
def test_a_fleet_of_workers_outlives_bad_trials(kind, tmp_path):
    service = Service(InMemory()) if kind == "http" else None
    url = service.url if service else f"sqlite:///{tmp_path}/a.db"
    (tmp_path / "fleet.py").write_text(FLEET)
    luthier.create_study("fleet", url, sampler="random", seed=0)
    command = [sys.executable, "-m", "luthier.cli", "worker", "fleet", "fleet.py:objective"]
    workers = [
        subprocess.Popen(
            [*command, "--storage", url, "--total", "20"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            env=dict(os.environ),
            text=True,
        )
        for _ in range(3)
    ]
    for worker in workers:
        said = worker.communicate()[1]  # whoever had nothing but trial 6 says so, and ends with 1
        assert worker.returncode == 0 or "all trials of this worker failed" in said, said[-2000:]
    rows = luthier.load_study("fleet", url).trials
    if service:
        service.stop()
    assert summary(rows) == {"COMPLETE": 18, "FAILED": 2}
    assert "lone surrogates" in rows[5].error


def spoil(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 1:
        trial.set_tag("file", "a\udcff")
    if trial.number == 2:
        raise ValueError("b\udcff" + 10**6 * "x")
    return x


@pytest.mark.parametrize(
    "make",
    [
        lambda: ThreadPoolExecutor(2),
        contextlib.nullcontext,
        pytest.param(lambda: ProcessPoolExecutor(2), marks=pytest.mark.slow),
    ],
    ids=["threads", "own processes", "processes"],
)
def test_other_executors_go_on_too(make, tmp_path):
    study = luthier.create_study("s", f"sqlite:///{tmp_path}/a.db", seed=0, sampler="random")
    with make() as executor:
        study.optimize(
            spoil, n_trials=4, executor=executor, n_jobs=2, catch=Exception, progress=False
        )
    rows = study.trials
    assert [r.state.name for r in rows] == ["COMPLETE", "FAILED", "FAILED", "COMPLETE"]
    assert rows[1].error.startswith("UnstorableError: tag 'file' of trial 1 cannot be stored")
    assert rows[2].error.startswith(r"ValueError: b\udcff")


# -- rows, states and names that come from elsewhere ----------------------------------------------


def complete(**fields):
    made = {"number": -1, "state": State.COMPLETE, "params": {"x": 0.5}, "values": (1.0,)}
    return TrialRow(**made | fields)


WRONG = {
    "started_s": [datetime.datetime(2026, 1, 1), "2020", True, float("inf")],
    "finished_s": [datetime.date(2026, 1, 1), float("nan")],
    "error": [5, b"text"],
    "worker": [None, 3, HALF],
    "tags": [None, 3, {"a": object()}, {HALF: 1}, {"a": HALF}, {"a": "x" * 2**20}],
    "params": [
        None,
        {1: 2},
        {HALF: 1},
        {"x": {"a": 1}},
        {"x": 10**400},
        {"x": "a" * 2**22},
        {"x": float("nan")},
    ],
    "reports": [None, 3, ((1,),), ((None, 1.0),), ((1.0, None),), ((float("nan"), 1.0),)],
    "state": [3, 4, 9, "complete", None, State.RUNNING],
    "retries": [-1, 0.5, None],
    "cost": ["1", -1],
    "constraints": [None, {HALF: 1.0}, {"a": "1"}],
    "values": ["1", (1.0, 2.0)],
}

NAMED = {  # how a message names a field, where not by its own name
    "params": "param",
    "tags": "tag",
    "constraints": "constraint",
    "state": "trial",
    "reports": "report",
    "values": "an added trial has",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in WRONG.items() for value in values],
    ids=lambda v: f"{v!r:.20}",
)
def test_a_row_of_wrong_types_is_refused_by_name(field, value):
    study = luthier.create_study(seed=0)
    with pytest.raises(TrialError) as raised:
        study.add_trials([complete(), complete(**{field: value})])
    assert NAMED.get(field, field) in str(raised.value)
    assert study.trials == []


def test_rows_are_stored_in_the_types_in_which_they_are_read(storage):
    study = luthier.create_study("s", storage, seed=0)
    row = complete(
        started_s=np.float64(1.0),
        finished_s=2,
        values=[np.float32(1)],
        reports=[(np.int64(1), np.float32(0.5)), [2, 1]],
        tags={Name("a"): np.int64(1)},
        params={Name("x"): np.float64(0.5), "c": [1, [2]]},
        error="e" * 10**6,
        cost=np.float64(2),
        constraints={Name("k"): np.float32(1)},
    )
    study.add_trials([row])
    study.enqueue({"x": 0.25, "c": np.str_("b")}, tags={"n": np.int64(3)})
    added, waiting = luthier.load_study("s", storage).trials
    assert study.trials == [added, waiting]
    assert (added.started_s, added.finished_s, added.values) == (1.0, 2.0, (1.0,))
    assert added.reports == ((1.0, 0.5), (2.0, 1.0))
    assert added.params == {"x": 0.5, "c": (1, (2,))}
    assert (added.tags, added.cost, added.constraints) == ({"a": 1}, 2.0, {"k": 1.0})
    assert "characters left out" in added.error
    assert (waiting.params, waiting.tags) == ({"x": 0.25, "c": "b"}, {"n": 3})


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from([HALF, np.float64(1), np.str_("a"), Name("b"), b"c", 10**400, object()]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(sorted(WRONG)), anything, min_size=1, max_size=2))
def test_a_row_is_refused_everywhere_or_read_as_it_was_written(fields):
    folder = Path(os.environ["LUTHIER_TEST_RUN"])
    path = folder / f"{uuid.uuid4().hex}.db"
    found = []
    for storage in (InMemory(), SQLite(path)):
        study = luthier.create_study("s", storage, seed=0)
        try:
            study.add_trials([complete(**fields)])
        except LuthierError as e:
            found.append((type(e), str(e)))
        else:
            found.append(repr(luthier.load_study("s", storage).trials))
        storage.close()
    path.unlink()
    assert found[0] == found[1]


class Notes:
    """A study in SQLite that notes odd values in one trial after the other."""

    def __init__(self, folder):
        self.study = luthier.create_study("s", str(folder / "a.db"), sampler="random", seed=0)
        self.other = SQLite(folder / "a.db")

    def give(self, name, value):
        """The trial that was given a value in every way, as it was told and as it is read."""
        trial = self.study.ask()
        ways = (
            lambda: trial.set_tag(name, value),
            lambda: trial.set_constraint(name, value),
            lambda: trial.set_cost(value),
            lambda: trial.report(value, 1),
            lambda: trial.report(1.0, value),
            lambda: trial.suggest_categorical(f"{name}c{trial.number}", [value, "other"]),
            lambda: trial.suggest_float(f"f{trial.number}", 0, value),
        )
        for way in ways:
            with contextlib.suppress(LuthierError):
                way()
        told = self.study.tell(trial, 1.0)
        [read] = self.other.rows(self.study.engine.id, [trial.number])
        return told, read


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    made = Notes(tmp_path_factory.mktemp("notes"))
    yield made
    made.study.storage.close()
    made.other.close()


@settings(max_examples=25)
@given(name=st.text(st.characters(), max_size=3) | st.just(HALF), value=anything)
def test_whatever_is_given_is_refused_at_once_or_read_as_it_was_told(notes, name, value):
    told, read = notes.give(name, value)
    assert not (told.error or "").startswith("UnstorableError")
    assert (told.state, told.params, told.tags) == (read.state, read.params, read.tags)
    assert repr((told.cost, told.constraints)) == repr((read.cost, read.constraints))


@pytest.mark.parametrize("state", [3, 4, 1, 9, "finished", True, 0.5, np.int64(3)])
def test_a_state_of_another_library_is_refused(state):
    study = luthier.create_study(seed=0)
    trial = study.ask()
    with pytest.raises(TrialError, match="a trial ends complete, pruned or failed"):
        study.tell(trial, 1.0, state)
    assert study.tell(trial, 1.0, "Complete").state == State.COMPLETE


def test_a_space_as_large_as_no_trial_may_be_is_refused():
    choices = ["a" * 2**21, "b" * 2**21]
    with pytest.raises(SpaceError, match="at most 4,194,304 bytes"):
        luthier.create_study(space={"text": choices})

    def objective(trial):
        if trial.number == 1:
            trial.suggest_categorical("text", choices)
        return trial.suggest_float("x", 0, 1)

    study = luthier.create_study(seed=0)
    study.optimize(objective, n_trials=3, progress=False)
    assert summary(study.trials) == {"COMPLETE": 2, "FAILED": 1}
    assert study.space.names == ("x",)


def test_names_and_spaces_are_refused_before_anything_is_stored(storage):
    refused = [
        (StudyError, lambda: luthier.create_study(HALF, storage)),
        (StudyError, lambda: luthier.load_study(HALF, storage)),
        (StudyError, lambda: luthier.create_study("a", storage, objectives={HALF: "minimize"})),
        (StudyError, lambda: luthier.create_study("a", storage, checkpoints=f"/tmp/{HALF}")),
        (StudyError, lambda: luthier.create_study("a", storage, seed=10**5000)),
        (SpaceError, lambda: luthier.create_study("a", storage, space={HALF: [1, 2]})),
        (DistributionError, lambda: luthier.create_study("a", storage, space={"c": [HALF, 2]})),
        (DistributionError, lambda: Categorical(["a", HALF])),
        (DistributionError, lambda: Float(0, 1, when={HALF: [1]})),
        (DistributionError, lambda: Float(0, 1, when={"c": [HALF]})),
        (ConstraintError, lambda: luthier.Space({"c": ["a"]}, [f"c == '{HALF}'"])),
    ]
    for error, call in refused:
        with pytest.raises(error):
            call()
    assert storage.studies() == []


def test_numbers_of_numpy_in_a_space_are_stored(storage):
    space = {
        "f": Float(np.float64(0), np.float32(1), step=np.float64(0.25), default=np.float64(0.5)),
        "i": Int(np.int64(1), np.int64(3), default=np.int8(2), prior=np.int64(1)),
        "c": Categorical(np.array(["a", "b"]), default=np.str_("b")),
        "t": [(np.int64(1), Name("x")), None, np.bool_(True)],
        "w": Float(0, 1, when={"i": np.arange(1, 3), "c": np.str_("a")}),
    }
    study = luthier.create_study("s", storage, space=space, seed=0)
    assert luthier.load_study("s", storage).space.params == study.space.params
    study.optimize(
        lambda t: t.suggest_float("f", np.float64(0), np.float64(1), step=0.25),
        n_trials=3,
        progress=False,
    )
    assert summary(study.trials) == {"COMPLETE": 3}


def test_what_cancels_a_task_ends_a_trial_and_no_later_run():
    class Cancelled(BaseException):
        """As asyncio's."""

    def objective(trial):
        if trial.number == 1:
            raise Cancelled("so")
        return 1.0

    study = luthier.create_study(seed=0)
    with pytest.raises(Cancelled):
        study.optimize(objective, n_trials=4, progress=False)
    study.optimize(objective, n_trials=2, progress=False)
    assert [r.state.name for r in study.trials] == ["COMPLETE", "FAILED", "COMPLETE", "COMPLETE"]


@pytest.mark.slow
def test_a_tag_that_is_little_in_memory_and_endless_as_text_is_refused_soon():
    doubled = functools.reduce(lambda inner, _: [inner, inner], range(40), 1)
    with pytest.raises(UnstorableError, match="at most 1,048,576 bytes"):
        luthier.create_study(seed=0).ask().set_tag("d", doubled)


def break_own_pool(trial):
    if trial.number == 1:
        with ProcessPoolExecutor(1) as pool:
            pool.submit(os._exit, 1).result()
    return 1.0


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_broken_executor_of_the_objective_s_own_fails_its_trial(n_jobs):
    study = luthier.create_study(seed=0)
    study.optimize(break_own_pool, n_trials=4, n_jobs=n_jobs, catch=Exception, progress=False)
    assert summary(study.trials) == {"COMPLETE": 3, "FAILED": 1}
    assert study.trials[1].error.startswith("BrokenProcessPool")


def test_a_report_that_no_float_holds_is_an_error_of_the_report():
    study = luthier.create_study(seed=0)
    trial = study.ask()
    with pytest.raises(ReportError, match="that a float can hold"):
        trial.report(10**400, 1)
