"""Files of trials and studies in Optuna's words."""

import pytest

import luthier.compat.optuna as optuna
from luthier.compat.optuna import artifacts
from luthier.compat.optuna.artifacts.exceptions import ArtifactNotFound
from luthier.errors import CompatError


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def test_a_file_is_kept_listed_and_read_again(tmp_path):
    (tmp_path / "kept").mkdir()
    source = tmp_path / "model.txt"
    source.write_text("weights")
    store = artifacts.FileSystemArtifactStore(tmp_path / "kept")
    study = optuna.create_study()
    trial = study.ask()
    ids = [
        artifacts.upload_artifact(artifact_store=store, file_path=str(source), study_or_trial=owner)
        for owner in (trial, study)
    ]
    study.tell(trial, 1.0)
    metas = [
        *artifacts.get_all_artifact_meta(study.trials[0], storage=study.storage),
        *artifacts.get_all_artifact_meta(study),
    ]
    assert [m.artifact_id for m in metas] == ids
    assert {(m.filename, m.mimetype) for m in metas} == {("model.txt", "text/plain")}
    target = tmp_path / "again.txt"
    artifacts.download_artifact(artifact_store=store, file_path=str(target), artifact_id=ids[0])
    assert target.read_text() == "weights"
    with pytest.raises(FileExistsError):
        artifacts.download_artifact(artifact_store=store, file_path=str(target), artifact_id=ids[0])
    with pytest.raises(ValueError, match="storage"):
        artifacts.get_all_artifact_meta(study.trials[0])


def test_ids_stay_in_their_folder(tmp_path):
    store = artifacts.FileSystemArtifactStore(tmp_path)
    for bad in ("../out", "/etc/passwd", "a/../../b"):
        with pytest.raises(ValueError, match="Invalid"):
            store.open_reader(bad)
    with pytest.raises(ArtifactNotFound):
        store.remove("none")
    with pytest.raises(CompatError, match="gs://"):
        artifacts.GCSArtifactStore("bucket")


def test_a_store_that_fails_is_tried_again(tmp_path):
    class Shaky(artifacts.FileSystemArtifactStore):
        calls = 0

        def write(self, artifact_id, content_body):
            Shaky.calls += 1
            content_body.read()
            if Shaky.calls < 3:
                raise OSError("away")
            content_body.seek(0)
            super().write(artifact_id, content_body)

    source = tmp_path / "a.txt"
    source.write_text("a")
    store = artifacts.Backoff(Shaky(tmp_path), min_delay=0.001, max_delay=0.002)
    with open(source, "rb") as file:
        store.write("kept", file)
    with store.open_reader("kept") as file:
        assert file.read() == b"a"
    with pytest.raises(ArtifactNotFound):
        store.open_reader("none")
    assert Shaky.calls == 3
