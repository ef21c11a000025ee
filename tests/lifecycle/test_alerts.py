"""Who is told of an alarm, and that a monitor goes on whatever they do."""

import json
import logging
import sys

import numpy as np
import pytest
from tests.support.receiver import Receiver

from luthier.errors import LifecycleError
from luthier.lifecycle import Alarm, Monitor, Reference
from luthier.lifecycle.alerts import log_alarm, post_alarm, run_command, write_metrics

ALARM = Alarm(name="harm", at_row=7, because="losses are larger", evidence={"risk": 0.1})


def test_the_log_has_the_alarm(caplog):
    with caplog.at_level(logging.WARNING, logger="luthier"):
        log_alarm(ALARM)
    assert caplog.messages == ["harm, after 7 rows: losses are larger"]


def test_a_program_gets_the_alarm_of_a_monitor_as_json(tmp_path):
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    tell = run_command([sys.executable, "-c", code, str(tmp_path / "said; rm x")])
    reference = Reference.of(np.zeros((9, 1)), losses=np.zeros(1000))
    monitor = Monitor(reference, on_alarm=[tell])
    monitor.observe_losses(np.ones(500))
    said = json.loads((tmp_path / "said; rm x").read_text())
    assert said["name"] == "harm"
    assert said["is_harm"] is True


@pytest.mark.parametrize("argv", [["/no/such/program"], [sys.executable, "-c", "1 / 0"]])
def test_a_program_that_fails_is_named_in_the_log(argv, caplog):
    with caplog.at_level(logging.WARNING, logger="luthier"):
        run_command(argv)(ALARM)
    assert caplog.messages[0].startswith(f"{argv[0]} was not told of harm")


@pytest.mark.parametrize("argv", ["mail ops", []])
def test_a_shell_line_is_no_program(argv):
    with pytest.raises(LifecycleError, match="as a list"):
        run_command(argv)


def test_prometheus_reads_how_many_alarms_there_were(tmp_path):
    tell = write_metrics(tmp_path / "churn.prom", 'churn "new"')
    for _ in range(2):
        tell(ALARM)
    assert (tmp_path / "churn.prom").read_text().splitlines() == [
        "# TYPE luthier_alarms_total counter",
        r'luthier_alarms_total{model="churn \"new\"",alarm="harm"} 2',
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["churn.prom"]


def test_a_service_gets_the_alarm_with_a_text():
    with Receiver() as receiver:
        post_alarm(receiver.url, {"Authorization": "Bearer abc"})(ALARM)
    (message,) = receiver.messages
    assert message["event"] == "alarm"
    assert message["text"] == "harm: losses are larger"
    assert message["evidence"] == {"risk": 0.1}
    assert receiver.requests[0][1]["Authorization"] == "Bearer abc"


def test_a_service_that_refuses_is_named_in_the_log_without_the_path(caplog):
    with Receiver(503) as receiver:
        post_alarm(f"{receiver.url}/T0K3N")(ALARM)
    assert caplog.messages == [f"nobody was told of harm: {receiver.host} answers with status 503"]


def test_a_url_with_a_password_is_refused():
    with pytest.raises(LifecycleError, match="give it in headers="):
        post_alarm("https://me:T0K3N@host/x")
