"""A Ray cluster: how it is joined or begun, and how many workers it has room for."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

import ray

from ..errors import ResourceError
from .actor import Actor
from .resources import check_amount, workers_per_gpu

_ACTOR: Any = ray.remote(Actor)


def check_need(resources: Mapping[str, float] | None) -> dict[str, float]:
    """Return what a worker needs, by luthier's names: one CPU where nothing is said.

    Raises:
        ResourceError: It makes no sense.
    """
    need = {"cpu": 1.0} if resources is None else dict(resources)
    for name, amount in need.items():
        check_amount(name, amount)
        if amount > 1 and amount != int(amount):
            raise ResourceError(f"{name!r} is a fraction of one, or a whole number, got {amount!r}")
    if not any(need.values()):
        raise ResourceError(
            f"a worker must need something of the cluster, such as {{'cpu': 1}}, got {need!r}"
        )
    return need


def cluster_capacity(need: Mapping[str, float]) -> int:
    """Return how many workers fit on the nodes that are alive, if nobody else is there."""
    n = 0
    for node in ray.nodes():
        have = node["Resources"] if node["Alive"] else {}
        fits = []
        for name, amount in need.items():
            offered = have.get({"cpu": "CPU", "gpu": "GPU"}.get(name, name), 0.0)
            if name == "gpu" and 0 < amount <= 1:
                fits.append(int(offered) * workers_per_gpu(amount))
            elif amount:
                fits.append(int(offered / amount + 1e-9))
        n += min(fits)
    return n


def connect(address: str | None, n_cpus: int) -> tuple[Callable[[], None], bool]:
    """Join a cluster, or begin one on this machine.

    Args:
        address: As for `ray.init`.
        n_cpus: How many CPUs a cluster has that is begun here.

    Returns:
        A function that leaves the cluster and restores the environment, and whether the cluster
        was begun here.
    """
    before = dict(os.environ)
    handler = signal.getsignal(signal.SIGTERM)

    def leave() -> None:
        ray.shutdown()
        ours = {name for name in {*os.environ, *before} if name.startswith("RAY_")}
        for name in ours | {"PYTHONBREAKPOINT"}:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        try:
            ray.init(address, num_cpus=n_cpus, include_dashboard=False, **quiet)
            return leave, True
        except ValueError:  # there is one already, whose CPUs are what they are
            ray.init(address, logging_level=logging.WARNING)
            return leave, False
    except BaseException:
        leave()
        raise
    finally:  # Ray sets a handler of its own
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def stay() -> None:
    """Leave a cluster that somebody else has joined, which means to do nothing."""


def start_actor(need: Mapping[str, float], settings: Mapping[str, Any]) -> Any:
    """Begin to start an actor; its `ready` answers once it is up.

    Args:
        need: What it needs of the cluster.
        settings: Those of `Actor`.
    """
    others = {name: n for name, n in need.items() if name not in ("cpu", "gpu") and n}
    options = {
        "num_cpus": need.get("cpu", 0),
        "num_gpus": need.get("gpu", 0),
        "resources": others,
        "max_restarts": 0,
        "max_task_retries": 0,
    }
    return _ACTOR.options(**options).remote(settings)


def kill_actor(actor: Any) -> None:
    """End an actor, whatever it is doing."""
    if ray.is_initialized():
        with contextlib.suppress(Exception):
            ray.kill(actor)
