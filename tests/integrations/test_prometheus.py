import re
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.receiver import Receiver

import luthier
from luthier.integrations.prometheus import Prometheus


@pytest.fixture(autouse=True)
def nothing_is_sent_later(eventually):
    """Waits for threads that a host holds up, whose log would come during other tests."""
    yield
    assert eventually(
        lambda: not any(t.name.startswith("Prometheus") for t in threading.enumerate())
    )


def read(text):
    """Name and labels to value."""
    return {
        (s.name, *sorted(s.labels.values())): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def objective(trial):
    if trial.number == 1:
        raise ValueError("lost")
    return 5.0 - trial.number


def test_a_file_has_the_metrics_of_a_run(tmp_path):
    file = tmp_path / "luthier.prom"
    study = luthier.create_study("s", seed=0, objectives={"loss": "minimize"})
    with Prometheus(file) as metrics:
        study.optimize(objective, n_trials=4, callbacks=[metrics], catch=ValueError)
        metrics._outbox.close()
        assert read(file.read_text())["luthier_run_going", "s"] == 1
    found = read(file.read_text())
    assert found["luthier_run_trials_total", "complete", "s"] == 3
    assert found["luthier_run_trials_total", "failed", "s"] == 1
    assert found["luthier_run_trials_total", "pruned", "s"] == 0
    assert found["luthier_run_best", "loss", "s"] == 2.0
    assert found["luthier_run_trial_seconds_count", "s"] == 4
    assert found["luthier_run_last_trial_timestamp_seconds", "s"] == study.trials[3].finished_s
    assert found["luthier_run_going", "s"] == 0
    assert [p.name for p in tmp_path.iterdir()] == ["luthier.prom"]


def test_a_gateway_gets_them(monkeypatch):
    bodies = []
    with Receiver() as gateway:
        monkeypatch.setattr(
            "tests.support.receiver.json.loads", lambda b: bodies.append(b.decode())
        )
        with Prometheus(gateway=gateway.host, job="mine") as metrics:
            luthier.create_study("s").optimize(lambda t: 1.5, n_trials=2, callbacks=[metrics])
    assert {path for path, _, _ in gateway.requests} == {"/metrics/job/mine"}
    assert read(bodies[-1])["luthier_run_best", "s", "value"] == 1.5
    assert metrics.n_failed == 0


def test_a_gateway_that_is_away_fails_no_study(caplog):
    with Receiver() as gateway:
        pass
    with Prometheus(gateway=gateway.host, wait_s=0.1) as metrics:
        luthier.create_study("s").optimize(lambda t: 1.5, n_trials=2, callbacks=[metrics])
    assert "refused" in caplog.text


def test_metrics_that_go_nowhere_are_refused():
    with pytest.raises(ValueError, match="expected file= or gateway="):
        Prometheus()
    with pytest.raises(ValueError, match=r"end in .prom, got 'luthier.txt'"):
        Prometheus("luthier.txt")
    with pytest.raises(ValueError, match=r"folder that exists, got 'nowhere/luthier.prom'; make"):
        Prometheus("nowhere/luthier.prom")


def test_the_script_of_the_page_runs(monkeypatch, tmp_path):
    page = Path(__file__).parents[2] / "docs" / "integrations" / "prometheus.md"
    monkeypatch.chdir(tmp_path)
    script = re.search(r"```py\n(.*?)```", page.read_text(), re.DOTALL)[1]
    exec(script.replace("n_trials=30", "n_trials=3"), {})
    found = read((tmp_path / "parabola.prom").read_text())
    assert found["luthier_run_trials_total", "complete", "parabola"] == 3
    assert {name[0] for name in found} >= set(
        re.findall(r"`(luthier_run_\w+?(?:_total)?)\{", page.read_text())
    ) - {"luthier_run_trial_seconds"}
