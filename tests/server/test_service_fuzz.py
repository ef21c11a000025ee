"""Whatever is sent to the service, it answers as its description says."""

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from luthier.server import Limits
from luthier.storages import SQLite

POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("n_examples", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_nothing_that_is_sent_breaks_it(serve, tmp_path, n_examples):
    """Each operation gets examples that fit its description, and as many that do not."""
    service = serve(SQLite(tmp_path / "s.db"), limits=Limits(rate=1e6, stranger_rate=1e6))
    for _ in range(2):
        study = service.study()
        for _ in range(3):
            service("POST", f"{study}/ask", {})
    head = {"Authorization": f"Bearer {service.token}"}
    base = f"http://127.0.0.1:{service.port}"
    schema = schemathesis.openapi.from_dict(
        requests.get(f"{base}/openapi.json", headers=head).json()
    )
    schema.config.base_url = base
    tolerant = [
        schemathesis.checks.CHECKS.get_one("positive_data_acceptance")
    ]  # a space can be well-formed nonsense
    statuses = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        def check(case, there):
            if there and "study" in (case.path_parameters or {}):  # one that there is
                case.path_parameters |= dict.fromkeys(case.path_parameters, 1)
            if there and isinstance(case.body, dict) and "study" in case.body:
                case.body["study"] = 2
            case.headers = {**(case.headers or {}), **head}
            answer = case.call()
            statuses.add(answer.status_code)
            assert answer.status_code not in (500, 504), (case, answer.text)
            case.validate_response(answer, headers=head, excluded_checks=tolerant)

        for mode in (POSITIVE, NEGATIVE):
            if mode is NEGATIVE and not (operation.body or operation.query):
                continue
            cases = operation.as_strategy(generation_mode=mode)
            quick = settings(
                max_examples=n_examples,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            seed(1)(
                quick(
                    given(case=cases, there=st.booleans() if mode is POSITIVE else st.just(False))(
                        check
                    )
                )
            )()
    assert statuses >= {200, 201, 400, 404, 409, 422}
