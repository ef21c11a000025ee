"""A storage behind a service: luthier has its own."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse

_WAY = (
    "Serve studies with `luthier serve` and reach them by luthier.load_study(storage='http://...');"
    " code in Optuna's words shares an RDBStorage or a JournalStorage."
)


class GrpcStorageProxy:
    """A storage behind gRPC, which luthier does not speak.

    Raises:
        CompatError: Always.
    """

    def __init__(self, **options: Any) -> None:
        raise refuse("optuna.storages.GrpcStorageProxy", _WAY)


def run_grpc_proxy_server(*args: Any, **options: Any) -> None:
    """Serve a storage over gRPC, which luthier does not speak.

    Raises:
        CompatError: Always.
    """
    raise refuse("optuna.storages.run_grpc_proxy_server", _WAY)
