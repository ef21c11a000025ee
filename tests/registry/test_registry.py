"""The registry: versions that never change, and aliases that one process moves at a time."""

import itertools
import multiprocessing

import numpy as np
import pytest
from tests.support.storages import opened

from luthier import create_study
from luthier.errors import RegistryConflictError, RegistryError
from luthier.registry import Content, Draft, Registry
from luthier.storages import InMemory


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "models.db", actor="ada")


def content(**changes):
    return Content(**{"model": "churn", "params": {"depth": 3}} | changes)


def test_the_same_content_is_the_same_version(registry):
    first = registry.register(content(), why="best of 50")
    again = registry.register(content(), why="registered twice")
    assert again == first
    assert [v.number for v in registry.versions("churn")] == [1]
    assert first.why == "best of 50"


def test_another_content_is_another_version(registry):
    ids = {registry.register(content(params={"depth": d})).id for d in (1, 2, 3)}
    assert len(ids) == 3
    assert [v.name for v in registry.versions("churn")] == ["churn:1", "churn:2", "churn:3"]


@pytest.mark.parametrize("kind", ["memory", "sqlite", "http", "postgresql", "redis"])
def test_a_registry_lives_in_any_storage(kind, tmp_path):
    with opened(kind, tmp_path) as storage:
        registry = Registry(storage, tmp_path / "files")
        (tmp_path / "model.bin").write_bytes(b"weights")
        version = registry.register(content(), tmp_path / "model.bin")
        registry.promote("churn:1", reason="first")

        other = Registry(storage, tmp_path / "files")
        assert other.models() == ["churn"]
        assert other.version("churn@champion") == version
        assert other.fetch(version).read_bytes() == b"weights"


def test_names_choose_a_version(registry):
    for depth in (1, 2, 3):
        registry.register(content(params={"depth": depth}))
    registry.promote("churn:2")
    assert registry.version("churn").number == 3
    assert registry.version("churn:1").number == 1
    assert registry.version("churn@champion").number == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chrun", "did you mean 'churn'"),
        ("churn:9", "no version 9, only 1 to 1"),
        ("churn:0", "no version 0"),
        ("churn@winner", "no alias 'winner'"),
        ("churn@", "expected the name of a version"),
        ("", "expected the name of a version"),
        ("../churn", "expected the name of a version"),
    ],
)
def test_a_name_that_is_none_is_refused_with_what_there_is(registry, name, message):
    registry.register(content())
    with pytest.raises(RegistryError, match=message):
        registry.version(name)


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", 7, None, "x" * 101, "a\n"])
def test_a_model_needs_a_plain_name(registry, name):
    with pytest.raises(RegistryError, match="expected a name"):
        registry.register(content(model=name))


def test_promotion_remembers_the_champion_before(registry):
    for depth in (1, 2):
        registry.register(content(params={"depth": depth}))
    registry.promote("churn:1")
    registry.promote("churn:2", reason="better by .02", evidence={"difference": 0.02})
    assert registry.aliases("churn") == {"champion": 2, "previous": 1}
    event = registry.history("churn")[-1]
    assert (event.action, event.before, event.after) == (
        "promoted",
        {"champion": 1},
        {"champion": 2, "previous": 1},
    )
    assert (event.reason, event.evidence) == ("better by .02", {"difference": 0.02})


def test_a_rollback_makes_the_previous_version_champion_again(registry):
    for depth in (1, 2):
        registry.register(content(params={"depth": depth}))
    registry.promote("churn:1")
    registry.promote("churn:2")
    registry.rollback("churn", reason="errors")
    assert registry.aliases("churn") == {"champion": 1, "previous": 2}


def test_a_first_champion_cannot_be_rolled_back(registry):
    registry.register(content())
    registry.promote("churn:1")
    with pytest.raises(RegistryError, match="no previous version"):
        registry.rollback("churn")


def test_the_champion_is_not_promoted_again(registry):
    registry.register(content())
    registry.promote("churn:1")
    with pytest.raises(RegistryError, match="is the champion already"):
        registry.promote("churn:1")


def test_a_version_whose_artifact_is_gone_is_not_promoted(registry, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    version = registry.register(content(), tmp_path / "model.bin")
    path = registry.fetch(version)
    path.unlink()
    with pytest.raises(RegistryError, match=r"model\.bin .* is gone"):
        registry.promote("churn:1")
    assert registry.aliases("churn") == {}


def test_an_artifact_that_has_changed_is_refused(registry, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    version = registry.register(content(), tmp_path / "model.bin")
    registry.fetch(version).write_bytes(b"Weights")
    with pytest.raises(RegistryError, match="has changed since it was registered"):
        registry.fetch(version)


def test_an_artifact_may_be_a_folder(registry, tmp_path):
    (tmp_path / "model" / "inner").mkdir(parents=True)
    (tmp_path / "model" / "a.txt").write_text("a")
    (tmp_path / "model" / "inner" / "b.txt").write_text("b")
    version = registry.register(content(), tmp_path / "model")
    assert (registry.fetch(version) / "inner" / "b.txt").read_text() == "b"
    assert registry.register(content(), tmp_path / "model") == version


def test_the_same_params_with_another_artifact_are_another_version(registry, tmp_path):
    for text in ("a", "b"):
        (tmp_path / "model.bin").write_text(text)
        registry.register(content(), tmp_path / "model.bin")
    assert len(registry.versions("churn")) == 2


def test_a_missing_artifact_is_told_before_anything_is_written(registry, tmp_path):
    with pytest.raises(RegistryError, match="there is none at"):
        registry.register(content(), tmp_path / "nothing")
    assert registry.models() == []


def test_params_only_have_no_artifact_to_fetch(registry):
    version = registry.register(content())
    with pytest.raises(RegistryError, match="params only"):
        registry.fetch(version)


def test_a_storage_without_a_folder_asks_for_one_when_a_file_comes(tmp_path):
    registry = Registry(InMemory())
    registry.register(content())
    (tmp_path / "m").write_text("x")
    with pytest.raises(RegistryError, match="pass artifacts="):
        registry.register(content(), tmp_path / "m")


def test_an_alias_that_somebody_moved_is_not_moved_by_who_did_not_see_it(registry):
    for depth in (1, 2, 3):
        registry.register(content(params={"depth": depth}))
    registry.promote("churn:1")
    before = registry.aliases("churn")
    registry.promote("churn:2")
    with pytest.raises(RegistryConflictError, match="look again"):
        registry.promote("churn:3", expected=before)
    assert registry.aliases("churn")["champion"] == 2


def test_numbers_of_numpy_are_stored_as_numbers(registry):
    version = registry.register(content(params={"a": np.float64(0.5), "b": np.int64(3)}))
    assert version.params == {"a": 0.5, "b": 3}
    registry.promote("churn:1", evidence={"gain": np.float32(0.25)})
    assert registry.history("churn")[-1].evidence == {"gain": 0.25}
    with pytest.raises(RegistryError, match="expected numbers, texts, lists and dicts, got"):
        registry.register(content(params={"a": object()}))


def move_many(path, name, moves):
    registry = Registry(path, actor=name)
    won = 0
    for _ in range(moves):
        before = registry.aliases("churn")
        try:
            registry.move("churn", {"champion": before["champion"] % 3 + 1}, expected=before)
            won += 1
        except RegistryConflictError:
            pass
    raise SystemExit(won)


@pytest.mark.slow
def test_of_processes_that_move_one_alias_one_wins_a_revision(registry, tmp_path):
    for depth in (1, 2, 3):
        registry.register(content(params={"depth": depth}))
    registry.promote("churn:1")
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([__name__])
    path = tmp_path / "models.db"
    workers = [forks.Process(target=move_many, args=(path, f"w{i}", 5)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    moves = [e for e in registry.history("churn") if e.action == "moved"]
    assert len(moves) == sum(worker.exitcode for worker in workers) > 0
    champions = [1, *(e.after["champion"] for e in moves)]
    assert all(b == a % 3 + 1 for a, b in itertools.pairwise(champions))
    assert registry.verify("churn") is None


def gates(verdict):
    one = {"name": "quality", "verdict": verdict, "because": "AUC .71 against .74"}
    return Draft(
        action="tested", subject="gates of version 1", after={"verdict": verdict, "gates": [one]}
    )


@pytest.mark.parametrize("verdict", ["fail", "inconclusive"])
def test_a_version_that_has_not_passed_its_gates_is_not_promoted(registry, verdict):
    registry.register(content())
    registry.note("churn", gates(verdict))
    with pytest.raises(RegistryError, match=r"quality: AUC \.71 against \.74"):
        registry.promote("churn:1")
    registry.note("churn", gates("pass"))
    registry.promote("churn:1")


def test_an_event_about_a_subject_that_has_changed_is_refused(registry):
    registry.register(content())
    first = registry.note("churn", Draft(action="began", subject="rollout 1"), expected=-1)
    registry.note("churn", Draft(action="stepped", subject="rollout 1"), expected=first.number)
    with pytest.raises(RegistryConflictError, match="look again"):
        registry.note("churn", Draft(action="stepped", subject="rollout 1"), expected=first.number)


def test_a_trial_becomes_a_version_with_its_lineage(registry, tmp_path):
    study = create_study("search", storage=tmp_path / "studies.db", seed=1)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=6)

    version = study.register(study.best_trial, "churn", metrics={"auc": 0.8}, registry=registry)

    source = version.content.source
    assert version.params == study.best_params
    assert version.content.values == {"value": study.best_value}
    assert (source.study, source.trial) == ("search", study.best_trial.number)
    assert (source.seed, source.n_trials) == (1, {"COMPLETE": 6})
    assert source.space == study.space.to_json()
    assert {"python", "numpy"} <= set(version.content.packages)
    assert (
        study.register(study.best_trial, "churn", metrics={"auc": 0.8}, registry=registry)
        == version
    )


def test_confirmed_values_have_intervals(registry):
    study = create_study(seed=1)
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.rng.normal(0, 0.1), n_trials=6)
    study.confirm(k=1, repeats=5)
    number = next(row.confirms for row in study.trials if row.confirms is not None)
    version = study.register(number, "churn", registry=registry)
    low, high = version.content.intervals["value"]
    assert low < high


def test_a_trial_without_a_result_becomes_no_version(registry):
    study = create_study()
    trial = study.ask()
    with pytest.raises(RegistryError, match="trial 0 is RUNNING"):
        study.register(trial.number, "churn", registry=registry)
