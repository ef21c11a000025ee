"""What makes a study the same owner of its checkpoints."""

import luthier
from luthier.storages import from_url
from luthier.study.checkpoint_owner import find_owner
from luthier.study.copy import copy


def owner(storage, name="s"):
    return find_owner(storage, storage.study(name))


def test_a_study_that_is_opened_again_is_the_same(tmp_path):
    luthier.create_study("s", f"sqlite:///{tmp_path}/a.db")
    first = owner(from_url(f"sqlite:///{tmp_path}/a.db"))
    assert owner(from_url(f"sqlite:///{tmp_path}/a.db?lease_s=5")) == first
    assert (first.study, first.database) == ("s", str(tmp_path / "a.db"))
    assert first.is_same(first)


def test_studies_of_other_databases_names_and_times_are_others(tmp_path):
    first, second = (from_url(f"sqlite:///{tmp_path}/{name}.db") for name in "ab")
    for storage in (first, second):
        for name in ("s", "t"):
            luthier.create_study(name, storage, seed=0)
    owners = [owner(storage, name) for storage in (first, second) for name in ("s", "t")]
    luthier.delete_study("s", first)
    luthier.create_study("s", first, seed=0)
    owners.append(owner(first))
    assert len({each.identity for each in owners}) == 5


def test_a_copy_in_another_storage_is_another(tmp_path):
    luthier.create_study("s", f"sqlite:///{tmp_path}/a.db")
    source, target = (from_url(f"sqlite:///{tmp_path}/{name}.db") for name in "ab")
    copy(source, target, "s")
    assert not owner(source).is_same(owner(target))
