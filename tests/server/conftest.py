import contextlib

import pytest

from luthier.storages import Memory
from service import Service


@pytest.fixture
def serve():
    """Starts services, which end with the test."""
    with contextlib.ExitStack() as stack:

        def start(storage=None, **options):
            service = Service(Memory() if storage is None else storage, **options)
            stack.callback(service.stop)
            return service

        yield start


@pytest.fixture
def service(serve):
    return serve()
