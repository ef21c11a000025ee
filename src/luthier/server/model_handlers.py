"""Handlers of models in production: which version answers, and what came of it."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from .. import lifecycle
from ..registry import Registry
from ..storages import Storage
from . import model_schemas as forms
from .request import ApiRequest


class ModelHandlers:
    """Handlers of models; every method may be called from many threads.

    Args:
        storage: Where the registry is: that of the studies.
    """

    def __init__(self, storage: Storage) -> None:
        self._registry = Registry(storage, actor="the service")
        self._routers: dict[str, lifecycle.Router] = {}
        self._params: dict[tuple[str, int], dict[str, Any]] = {}  # of versions, which never change
        self._lock = threading.Lock()

    def list_models(self, request: ApiRequest) -> forms.Models:
        """List the models with their aliases."""
        registry = self._registry
        return forms.Models(
            [
                forms.Model(name, len(registry.versions(name)), registry.aliases(name))
                for name in registry.models()
            ]
        )

    def choose(self, request: ApiRequest) -> forms.Choice:
        """Choose the version that answers a unit, and count the unit."""
        query: forms.ChooseQuery = request.body
        router = self._router(request.name)
        choice = router.choose(query.key)
        router.expose(query.key, choice)
        version = request.name, choice.version
        if version not in self._params:
            self._params[version] = self._registry.version("{}:{}".format(*version)).params
        return forms.Choice(**msgspec.structs.asdict(choice), params=self._params[version])

    def observe(self, request: ApiRequest) -> forms.Observed:
        """Say what came of a unit that was chosen for; it is stored before the answer."""
        body: forms.ObserveRequest = request.body
        router = self._router(request.name)
        noted = router.observe(body.key, body.outcomes)
        if noted:
            router.flush()
        return forms.Observed(noted)

    def verdict(self, request: ApiRequest) -> forms.RolloutVerdict:
        """Read how the latest roll-out of a model stands."""
        return forms.RolloutVerdict(**lifecycle.give_verdict(self._registry, request.name))

    def _router(self, model: str) -> lifecycle.Router:
        with self._lock:
            if model not in self._routers:
                self._routers[model] = lifecycle.Router(self._registry, model)
            return self._routers[model]
