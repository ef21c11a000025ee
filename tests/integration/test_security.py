"""What must never happen, whoever writes to a storage or speaks to a service.

See also tests/server.
"""

import ast
import pickle
from pathlib import Path

import pytest
from tests.support.servers import parameters, shared
from tests.support.service import Service

import luthier
from luthier.checkpoints import Checkpoints
from luthier.errors import CheckpointError
from luthier.passwords import hide_password
from luthier.storages import InMemory, from_url
from luthier.trial.record import State, TrialRow

SRC = Path(luthier.__file__).parent
FILES = sorted(SRC.rglob("*.py"))
UNSAFE = {"pickle", "cloudpickle", "marshal", "shelve", "dill", "joblib"}

# What pickles only what this process hands to those that it starts, or counts bytes.
PICKLING = {
    "compat/ray/tune/running.py",
    "compat/ray/tune/worker.py",
    "integrations/slurm.py",
    "integrations/slurm_job.py",
    "measure/size.py",
    "sklearn/jobs.py",
    "server/worker_loop.py",
    "server/worker_processes.py",
    "study/remote.py",
    "study/travelling.py",
    "testing/sampler_check.py",
    "testing/scheduler_check.py",
}
# Names of tables that stand in the source, or in the user's.
IMPORTING = {"_lazy.py", "automl/learners.py", "cli/lazy_group.py"}


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("a pickle was read",)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_what_reads_data_knows_no_pickle_and_runs_no_text(path):
    name = path.relative_to(SRC).as_posix()
    nodes = list(ast.walk(ast.parse(path.read_text())))
    imported = {a.name.split(".")[0] for n in nodes if isinstance(n, ast.Import) for a in n.names}
    imported |= {
        (n.module or "").split(".")[0]
        for n in nodes
        if isinstance(n, ast.ImportFrom) and not n.level
    }
    if not name.startswith("executors/") and name not in PICKLING:
        assert not imported & UNSAFE

    calls = {ast.unparse(n.func) for n in nodes if isinstance(n, ast.Call)}
    assert not calls & {"eval", "exec", "compile", "__import__", "yaml.load", "os.system"}
    if name not in IMPORTING:
        assert not calls & {"importlib.import_module", "import_module"}

    given = [
        n.value for n in nodes if isinstance(n, ast.keyword) and n.arg in ("allow_pickle", "shell")
    ]
    assert all(isinstance(v, ast.Constant) and v.value is False for v in given)


def test_a_pickle_in_the_place_of_a_checkpoint_is_refused(tmp_path):
    store = Checkpoints(tmp_path / "c")
    reference = store.save(0, 1.0, {"w": __import__("numpy").zeros(4000)})
    (tmp_path / "c" / reference["file"]).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError):
        store.load(reference)


@pytest.mark.parametrize(
    "name", ["../../secret.npz", "/etc/passwd", "a/../../b", "..", "0-1-abcd1234/../../x"]
)
def test_a_reference_cannot_leave_the_folder_of_checkpoints(tmp_path, name):
    """Rows can be written by any worker, and a reference names a file."""
    store = Checkpoints(tmp_path / "c")
    store.save(0, 1.0, {"w": 1})
    (tmp_path / "secret.npz").write_text("secret")
    with pytest.raises(CheckpointError):
        store.load({"step": 1.0, "file": name, "bytes": 6, "crc32": 0, "kind": "copied"})
    with pytest.raises(CheckpointError):
        store.delete([name])
    assert (tmp_path / "secret.npz").read_text() == "secret"


NASTY = (
    "x'; DROP TABLE luthier_trials; -- \n\r KEYS * \x1b[2J <script>alert(1)</script> %s ? {} \0 ü"
)


@pytest.mark.parametrize("kind", parameters("postgresql", "mysql", "redis", "http"))
def test_what_users_write_is_data(kind):
    service = Service(InMemory()) if kind == "http" else None
    storage = from_url(service.url if service else shared(kind).fresh())
    try:
        study = storage.create_study(NASTY, {NASTY: NASTY}).id
        row = TrialRow(
            number=-1,
            state=State.FAILED,
            params={NASTY: NASTY},
            tags={NASTY: NASTY},
            error=NASTY,
            worker=NASTY,
        )
        storage.add_trials(study, [row], call=NASTY[:60])
        assert storage.add_trials(study, [row], call=NASTY[:60])[0] == 0
        [got] = storage.rows(study)
        assert (got.params, got.tags, got.error, got.worker) == (
            {NASTY: NASTY},
            {NASTY: NASTY},
            NASTY,
            NASTY,
        )
        assert storage.study(NASTY).spec == {NASTY: NASTY}
    finally:
        storage.close()
        if service:
            service.stop()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h/d",
        "postgresql://u:hunt/er2#?hunter2@h/d",
        "mysql://u@h/d?password=hunter2",
        "redis://:hunter2@h:1",
        "http://hunter2@h:8700",
        "https://hunter2@h?token=hunter2",
    ],
)
def test_secrets_in_addresses_are_not_shown(url):
    assert "hunter2" not in hide_password(url)
