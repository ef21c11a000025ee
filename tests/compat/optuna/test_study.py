"""Studies in Optuna's words: what an objective is asked, and what comes of it."""

import pickle
import subprocess
import sys
import threading
import warnings

import pytest

import luthier
import luthier.compat.optuna as optuna
from luthier.compat.optuna.trial import TrialState
from luthier.errors import CompatError


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def bowl(trial):
    x = trial.suggest_float("x", -10, 10)
    k = trial.suggest_int("k", 0, 4)
    kind = trial.suggest_categorical("kind", ["a", None, 1.5])
    return (x - 2) ** 2 + k + (kind != "a")


def test_the_default_search_finds_what_is_there_to_find():
    study = optuna.create_study()
    study.optimize(bowl, n_trials=40)
    assert study.best_value < 0.5
    assert study.best_params.keys() == {"x", "k", "kind"}
    assert [t.number for t in study.trials] == list(range(40))
    assert isinstance(study.sampler, optuna.samplers.TPESampler)


def test_the_same_seed_gives_the_same_study():
    def run():
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=3))
        study.optimize(bowl, n_trials=15)
        return [t.params for t in study.trials]

    assert run() == run()


def test_trials_run_in_threads_of_this_process():
    seen = set()

    def objective(trial):
        seen.add(threading.get_ident())
        return trial.suggest_float("x", 0, 1)

    study = optuna.create_study()
    study.optimize(objective, n_trials=12, n_jobs=3)
    assert len(study.trials) == 12
    assert threading.get_ident() not in seen


def test_failures_are_recorded_and_raised_unless_caught():
    def objective(trial):
        if trial.number == 1:
            raise ZeroDivisionError
        if trial.number == 2:
            return float("nan")
        if trial.number == 3:
            trial.report(4.0, 1)
            raise optuna.TrialPruned
        return 1.0

    study = optuna.create_study()
    with pytest.raises(ZeroDivisionError):
        study.optimize(objective, n_trials=5)
    study.optimize(objective, n_trials=3, catch=ZeroDivisionError)
    states = [t.state for t in study.trials]
    wanted = ["COMPLETE", "FAIL", "FAIL", "PRUNED", "COMPLETE"]
    assert states == [TrialState[s] for s in wanted]
    assert study.trials[3].value == 4.0


def test_callbacks_see_each_trial_and_may_stop():
    numbers = []

    def stop(study, trial):
        numbers.append(trial.number)
        if trial.number == 2:
            study.stop()

    study = optuna.create_study()
    study.optimize(lambda t: 1.0, n_trials=10, callbacks=[stop])
    assert numbers == [0, 1, 2]
    with pytest.raises(RuntimeError, match="inside an objective"):
        study.stop()
    study.optimize(lambda t: 1.0, callbacks=[optuna.study.MaxTrialsCallback(5)])
    assert len(study.trials) == 5


def test_asked_trials_are_told_by_trial_and_by_number():
    study = optuna.create_study(directions=["minimize", "maximize"])
    space = {"x": optuna.distributions.FloatDistribution(0, 1)}
    first, second = study.ask(space), study.ask(space)
    told = study.tell(first, [0.0, 1.0])
    assert (told.values, told.params) == ([0.0, 1.0], first.params)
    study.tell(second.number, [1.0, 0.0])
    assert [t.number for t in study.best_trials] == [0]
    with pytest.raises(ValueError, match="Cannot tell a COMPLETE trial"):
        study.tell(0, [0.0, 0.0])
    assert study.tell(0, [5.0, 5.0], skip_if_finished=True).values == [0.0, 1.0]
    with pytest.raises(RuntimeError, match="best_trials"):
        _ = study.best_trial


def test_enqueued_params_are_run_first():
    study = optuna.create_study()
    study.enqueue_trial({"x": 3.0}, user_attrs={"by": "hand"})
    study.enqueue_trial({"x": 3.0}, skip_if_exists=True)
    study.optimize(lambda t: t.suggest_float("x", 0, 5), n_trials=2)
    assert [t.number for t in study.trials] == [0, 1]
    assert (study.trials[0].params, study.trials[0].user_attrs) == ({"x": 3.0}, {"by": "hand"})


def test_older_names_of_suggestions_work_and_say_so():
    def objective(trial):
        with pytest.warns(FutureWarning, match="suggest_float"):
            return (
                trial.suggest_uniform("a", 0, 1)
                + trial.suggest_loguniform("b", 1e-3, 1)
                + trial.suggest_discrete_uniform("c", 0, 1, 0.25)
            )

    study = optuna.create_study()
    study.optimize(objective, n_trials=3)
    assert study.best_trial.params["c"] in (0, 0.25, 0.5, 0.75, 1.0)
    assert objective(optuna.trial.FixedTrial({"a": 0.5, "b": 0.1, "c": 0.25})) == 0.85


def test_best_trials_satisfy_constraints():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("least", 0.5 - x)
        return x

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=25)
    assert 0.5 <= study.best_value < 0.7


def test_a_table_has_the_columns_that_code_reads():
    pytest.importorskip("pandas")
    study = optuna.create_study()
    study.optimize(bowl, n_trials=3)
    frame = study.trials_dataframe()
    assert list(frame.columns) == [
        "number",
        "value",
        "datetime_start",
        "datetime_complete",
        "duration",
        "params_k",
        "params_kind",
        "params_x",
        "state",
    ]
    assert list(frame["state"]) == ["COMPLETE"] * 3


def test_a_study_is_copied_listed_and_deleted():
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="one", direction="maximize")
    study.set_user_attr("who", "me")
    study.optimize(bowl, n_trials=2)
    optuna.copy_study(
        from_study_name="one", from_storage=storage, to_storage=storage, to_study_name="two"
    )
    copied = optuna.load_study(study_name="two", storage=storage)
    assert copied.user_attrs == {"who": "me"}
    best = study.best_value
    assert [t.params for t in copied.trials] == [t.params for t in study.trials]
    optuna.delete_study(study_name="one", storage=storage)
    assert optuna.get_all_study_names(storage) == ["two"]
    [summary] = optuna.get_all_study_summaries(storage)
    assert (summary.n_trials, summary.best_trial.value) == (2, best)
    assert optuna.load_study(study_name=None, storage=storage).study_name == "two"


def test_bad_arguments_get_the_errors_that_code_expects():
    with pytest.raises(ValueError, match="minimize"):
        optuna.create_study(direction="up")
    with pytest.raises(ValueError, match="only one"):
        optuna.create_study(direction="minimize", directions=["minimize"])
    with pytest.raises(TypeError, match="unknown"):
        optuna.create_study(unknown=1)
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name="a")
    with pytest.raises(optuna.exceptions.DuplicatedStudyError, match="load_if_exists"):
        optuna.create_study(storage=storage, study_name="a")
    with pytest.raises(KeyError):
        optuna.load_study(study_name="b", storage=storage)


@pytest.mark.external("optuna")
@pytest.mark.parametrize("part", ["sampler", "pruner", "storage"])
def test_parts_of_optuna_itself_are_refused(part):
    import optuna as original

    own = {
        "sampler": original.samplers.RandomSampler,
        "pruner": original.pruners.NopPruner,
        "storage": original.storages.InMemoryStorage,
    }
    with pytest.raises(CompatError, match=r"import it from luthier\.compat\.optuna"):
        optuna.create_study(**{part: own[part]()})


@pytest.mark.external("optuna")
def test_optunas_own_pruning_error_prunes_a_trial_and_other_errors_fail_it():
    import optuna as original

    class TrialPruned(Exception):
        pass

    study = optuna.create_study()

    def objective(trial):
        trial.report(3.0, step=1)
        kinds = [original.TrialPruned, luthier.TrialPruned, TrialPruned]
        raise kinds[trial.number]

    study.optimize(objective, n_trials=3, catch=(TrialPruned,))
    assert [t.state.name for t in study.trials] == ["PRUNED", "PRUNED", "FAIL"]
    assert [t.value for t in study.trials] == [3.0, 3.0, None]


def test_importing_loads_neither_optuna_nor_what_is_heavy():
    code = (
        "import sys; import luthier.compat.optuna as o; o.logging.set_verbosity(40); "
        "s = o.create_study(); s.optimize(lambda t: t.suggest_float('x', 0, 1), n_trials=2); "
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"optuna", "pandas", "plotly", "matplotlib", "sklearn", "sqlalchemy", "torch"}
    assert set(done.stdout.split()) & heavy == set()


def test_a_study_can_be_pickled_and_goes_on():
    study = optuna.create_study()
    study.optimize(bowl, n_trials=3)
    again = pickle.loads(pickle.dumps(study))
    again.optimize(bowl, n_trials=2)
    assert (len(again.trials), len(study.trials)) == (5, 3)


def test_arguments_by_position_are_taken_and_warned_of():
    with pytest.warns(FutureWarning, match="positional"):
        study = optuna.create_study(None, None, None, "named")
    assert study.study_name == "named"


def test_progress_is_shown_on_request(capsys):
    study = optuna.create_study()
    study.optimize(lambda t: 1.0, n_trials=4, show_progress_bar=True)
    assert "4/4" in capsys.readouterr().err
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.optimize(lambda t: 1.0, n_trials=1)
    assert capsys.readouterr().err == ""


def test_steps_that_do_not_reach_the_end_are_warned_of_in_each_trial():
    study = optuna.create_study()
    for _ in range(2):
        with pytest.warns(UserWarning, match="not divisible by `step`"):
            assert study.ask().suggest_int("k", 0, 10, step=3) <= 9
        with pytest.warns(UserWarning, match="not divisible by `step`"):
            assert study.ask().suggest_float("x", 0, 1, step=0.3) <= 0.9


def test_two_private_paths_of_optunas_examples_are_there():
    from luthier.compat.optuna.study._study_direction import StudyDirection
    from luthier.compat.optuna.trial._state import TrialState

    assert StudyDirection is optuna.study.StudyDirection
    assert TrialState is optuna.trial.TrialState
