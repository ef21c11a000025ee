import contextlib

import pytest
from tests.support.service import Service

from luthier.storages import InMemory


@pytest.fixture
def serve():
    """Starts services, which end with the test."""
    with contextlib.ExitStack() as stack:

        def start(storage=None, **options):
            service = Service(InMemory() if storage is None else storage, **options)
            stack.callback(service.stop)
            return service

        yield start


@pytest.fixture
def service(serve):
    return serve()
