"""Studies of Optuna on real PostgreSQL and MariaDB, beside Optuna itself."""

import math

import pytest
from click.testing import CliRunner
from tests.support import servers

import luthier
import luthier.compat.optuna as optuna
from luthier.cli import cli

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}

pytestmark = [
    pytest.mark.external("optuna"),
    pytest.mark.parametrize("kind", servers.parameters("postgresql", "mysql")),
]


@pytest.fixture(autouse=True)
def quiet():
    import optuna as original

    for library in (optuna, original):
        library.logging.set_verbosity(library.logging.ERROR)
    yield
    for library in (optuna, original):
        library.logging.set_verbosity(library.logging.INFO)


def address(kind):
    """A new database, as SQLAlchemy names it with its driver, and as luthier does."""
    url = servers.shared(kind).fresh()
    return url.replace(kind, DRIVERS[kind], 1), url


def objective(trial):
    x = trial.suggest_float("x", 1e-3, 1, log=True)
    k = trial.suggest_int("k", 0, 6, step=2)
    kind = trial.suggest_categorical("kind", ["a", None, 1.5])
    trial.report(math.inf if trial.number else math.nan, 0)
    trial.report(x, 3)
    trial.set_user_attr("notes", {"kind": kind, "what": "e\u0301\U0001f600"})
    if trial.number == 1:
        trial.set_constraint("memory", -0.5)
    return math.inf if trial.number == 3 else x + k


def call(*words):
    done = CliRunner().invoke(cli, list(words), prog_name="luthier")
    return done.exit_code, done.output


def told(study):
    """What there is to know of a study's trials, but for when they ran."""
    return [
        (
            *(t.number, t.state.name, t.values, t.params, t.user_attrs),
            {name: repr(d) for name, d in t.distributions.items()},
            repr(t.intermediate_values),
        )
        for t in study.trials
    ]


def times(study):
    over = [t for t in study.trials if t.state.is_finished()]
    return [m.timestamp() for t in over for m in (t.datetime_start, t.datetime_complete)]


@pytest.fixture
def storage_of():
    opened = []

    def open_storage(library, url):
        opened.append(library.storages.RDBStorage(url, engine_kwargs={"pool_pre_ping": True}))
        return opened[-1]

    yield open_storage
    for storage in opened:
        storage.remove_session()
        storage.engine.dispose()


def test_each_library_goes_on_with_a_study_of_the_other(kind, storage_of):
    import optuna as original

    url, _ = address(kind)
    theirs = original.create_study(
        storage=storage_of(original, url), study_name="s", direction="maximize"
    )
    theirs.set_user_attr("who", ["me"])
    theirs.optimize(objective, n_trials=4)
    theirs.enqueue_trial({"x": 0.5, "k": 4})

    ours = optuna.load_study(study_name="s", storage=storage_of(optuna, url))
    assert ours.user_attrs == {"who": ["me"]}
    assert ours.direction.name == "MAXIMIZE"
    assert told(ours) == told(theirs)
    assert ours.trials[1].constraints == {"memory": -0.5}

    ours.optimize(objective, n_trials=2)
    assert (ours.trials[4].params["x"], ours.trials[4].params["k"]) == (0.5, 4)
    assert told(ours) == told(theirs)
    theirs.optimize(objective, n_trials=1)
    assert told(ours) == told(theirs)
    assert times(ours) == pytest.approx(times(theirs), abs=1)  # MariaDB keeps whole seconds
    assert ours.best_trial.number == theirs.best_trial.number


def test_optuna_goes_on_with_tables_that_were_made_here(kind, storage_of):
    import optuna as original

    url, _ = address(kind)
    ours = optuna.create_study(storage=storage_of(optuna, url), study_name="s")
    ours.optimize(objective, n_trials=3)
    theirs = original.load_study(study_name="s", storage=storage_of(original, url))
    theirs.optimize(objective, n_trials=1)
    assert told(ours) == told(theirs)
    assert len(ours.trials) == 4


def test_studies_come_to_luthier_and_go_back(kind, storage_of, tmp_path):
    import optuna as original

    url, plain = address(kind)
    theirs = original.create_study(storage=storage_of(original, url), study_name="s")
    theirs.optimize(objective, n_trials=4)
    target = f"sqlite:///{tmp_path}/luthier.db"
    assert call("import", plain, "--storage", target) == (0, "s: 4 trials\n")
    study = luthier.load_study(name="s", storage=target)
    assert [t.params for t in study.trials] == [t.params for t in theirs.trials]
    assert [t.values for t in study.trials] == [tuple(t.values) for t in theirs.trials]

    back, _ = address(kind)
    assert call("export", "s", "--storage", target, "--optuna", back)[0] == 0
    again = original.load_study(study_name="s", storage=storage_of(original, back))
    assert [t.params for t in again.trials] == [t.params for t in theirs.trials]
    assert [t.values for t in again.trials] == [t.values for t in theirs.trials]
    assert [t.user_attrs for t in again.trials] == [t.user_attrs for t in theirs.trials]


def test_arguments_of_the_engine_and_faults_of_the_server_are_told(kind):
    url, plain = address(kind)
    with pytest.raises(TypeError, match="pool_color"):
        optuna.storages.RDBStorage(url, engine_kwargs={"pool_color": "red"})
    with pytest.raises(KeyError):
        optuna.load_study(study_name="none", storage=url)
    status, says = call("import", plain, "--study", "none")
    assert status != 0
    assert "none" in says
    missing = url.rpartition("/")[0] + "/missing"
    with pytest.raises(Exception, match="missing"):
        optuna.create_study(storage=missing)
