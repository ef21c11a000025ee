"""JSON that is nested deep, wherever it is stored: an error that names it, never a traceback."""

import json

import pytest
from click.testing import CliRunner
from tests.support.servers import parameters, shared

import luthier
from luthier.checkpoints import Checkpoints
from luthier.checkpoints.ownership import Owner
from luthier.cli import cli
from luthier.errors import CheckpointError, StorageDamagedError, UnstorableError
from luthier.storages import InMemory, from_url
from luthier.storages.checksums import checksum_report, checksum_study, checksum_trial
from luthier.storages.codec import MAX_DEPTH, to_json
from luthier.storages.redis_server import send_command

DEPTHS = [MAX_DEPTH + 1, 1_000, 100_000]
KINDS = parameters("sqlite", "postgresql", "mysql", "redis")


def nest(depth):
    return "[" * depth + "]" * depth


def fill(url):
    storage = from_url(url)
    for name in ("deep", "other"):
        study = luthier.create_study(name, storage, seed=1, sampler="random")

        def objective(trial):
            trial.report(1.5, 1)
            return trial.suggest_float("x", 0, 1)

        study.optimize(objective, n_trials=3, progress=False)
    return storage


def deepen(storage, what, depth):
    """Put deep JSON into a storage, with a checksum as luthier itself would have written it."""
    inner = getattr(storage, "inner", storage)
    if hasattr(inner, "_write"):
        with inner._write() as db:
            deepen_tables(db, what, depth)
    else:
        deepen_keys(inner, what, depth)


def deepen_tables(db, what, depth):
    if what == "spec":
        name, title, created_s, spec = db.execute(
            "SELECT name, title, created_s, spec FROM luthier_studies WHERE id = 1"
        ).fetchone()
        spec = f'{{"more":{nest(depth)},{spec[1:]}'
        args = (spec, checksum_study(name, title, spec, created_s))
        db.execute("UPDATE luthier_studies SET spec = ?, checksum = ? WHERE id = 1", args)
    elif what == "trial":
        where = "WHERE study = 1 AND number = 1"
        state, token, retries, body = db.execute(
            f"SELECT state, token, retries, body FROM luthier_trials {where}"
        ).fetchone()
        body = body[:-1] + f',"tags":{{"t":{nest(depth)}}}}}'
        args = (body, checksum_trial(1, 1, state, token, retries, body))
        db.execute(f"UPDATE luthier_trials SET body = ?, checksum = ? {where}", args)
    else:
        args = (nest(depth), checksum_report(1, 1, 1.0, nest(depth)))
        where = "WHERE study = 1 AND number = 1"
        db.execute(f"UPDATE luthier_reports SET value = ?, checksum = ? {where}", args)


def deepen_keys(redis, what, depth):
    pool, key = redis._open(), f"{redis._studies}:1"
    if what == "spec":
        spec = send_command(pool, "HGET", key, "spec").decode()
        send_command(pool, "HSET", key, "spec", f'{{"more":{nest(depth)},{spec[1:]}')
    elif what == "trial":
        row = send_command(pool, "HGET", f"{key}:rows", 1).decode()
        deeper = row[:-1] + f',"tags":{{"t":{nest(depth)}}}}}'
        send_command(pool, "HSET", f"{key}:rows", 1, deeper)
    else:
        send_command(pool, "HSET", f"{key}:reports:1", "1.0", nest(depth))
        for i, entry in enumerate(send_command(pool, "LRANGE", f"{key}:log", 0, -1)):
            if entry.startswith(b"\n1 1.0 "):
                send_command(pool, "LSET", f"{key}:log", i, f"\n1 1.0 {nest(depth)}")


def place(tmp_path, kind):
    return str(tmp_path / "a.db") if kind == "sqlite" else shared(kind).fresh()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("what", ["spec", "trial", "report"])
def test_deep_json_is_refused_with_the_studys_name_and_the_others_go_on(
    tmp_path, kind, what, depth
):
    if kind == "mysql" and depth > 60_000:
        pytest.skip("a column of its tables holds no more")
    url = place(tmp_path, kind)
    storage = fill(url)
    deepen(storage, what, depth)
    with pytest.raises(StorageDamagedError, match="study 'deep'"):
        luthier.load_study("deep", storage)
    assert len(luthier.load_study("other", storage).trials) == 3
    assert [record.name for record in storage.studies()] == ["deep", "other"]
    storage.close()

    def run(*args):
        return CliRunner().invoke(cli, [*args], prog_name="luthier", env={"LUTHIER_STORAGE": url})

    for command in (["studies"], ["show", "deep"], ["trials", "deep"], ["export", "deep"]):
        assert "Traceback" not in run(*command).output
    checked = run("storage", "check")
    assert checked.exit_code == 1
    assert "study 'deep'" in checked.stderr
    assert "check" not in checked.stderr  # as advice
    saved = run("storage", "repair", url, str(tmp_path / "saved.db"))
    assert saved.exit_code == 1
    names = [study.name for study in luthier.list_studies(tmp_path / "saved.db")]
    assert names == (["other"] if what == "spec" else ["deep", "other"])
    if what != "spec":
        kept = luthier.load_study("deep", tmp_path / "saved.db").trials
        end = "FAILED" if what == "trial" else "COMPLETE"
        assert [row.state.name for row in kept] == ["COMPLETE", end, "COMPLETE"]
        assert [len(row.reports) for row in kept] == [1, 0, 1]
        assert ("damaged reports of trial 1 are left out: 1" in saved.stderr) == (what == "report")


@pytest.mark.parametrize("storage", [InMemory, None], ids=["memory", "sqlite"])
def test_what_could_not_be_read_again_is_not_written(tmp_path, storage):
    storage = from_url(str(tmp_path / "a.db")) if storage is None else storage()
    record = storage.create_study("s", {"seed": 1})
    if not isinstance(storage, InMemory):  # which keeps objects, and reads nothing
        with pytest.raises(UnstorableError, match="deep within each other"):
            storage.update_study(record.id, {"more": json.loads(nest(MAX_DEPTH + 1))})
    assert storage.study("s").spec == {"seed": 1}


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_what_is_as_deep_as_may_be_is_written_and_read(tmp_path, depth):
    storage = from_url(str(tmp_path / "a.db"))
    spec = {"more": json.loads(nest(depth - 1)) if depth > 1 else 1, "text": "[" * 900 + '"\\{'}
    storage.create_study("s", spec)
    assert storage.study("s").spec == spec
    assert to_json(spec)


@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_checkpoints_that_are_deep_are_refused(tmp_path, depth):
    store = Checkpoints(tmp_path)
    with pytest.raises(CheckpointError):
        store.load({"step": 1.0, "value": nest(depth)})
    (tmp_path / "study.json").write_text(f'{{"a":{nest(min(depth, 40_000))}}}')  # somebody's
    mine = store.belonging_to(Owner("0123456789abcdef", "s"))
    reference = mine.save(0, 1.0, {"w": list(range(2000))})
    assert mine.load(reference) == {"w": list(range(2000))}
