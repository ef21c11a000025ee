"""Whatever clients with the token send: no failure, bounded memory, and the others are served."""

import pytest
from tests.support.hostile import attack


@pytest.mark.slow
def test_hostile_clients_keep_nobody_out(tmp_path):
    outcome = attack(tmp_path, seconds=25, seed=1)
    assert outcome.failures == []
    assert outcome.log_tracebacks == 0
    assert outcome.statuses.total() > 100
    assert set(outcome.witness) == {"read 200", "ask 200"}
    assert outcome.most_mb < 1000
    assert outcome.most_worker_mb < 2200
