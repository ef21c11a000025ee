"""`ray.init` and its kin: Ray's own where it is needed and installed, else this machine."""

from __future__ import annotations

import sys
from typing import Any

from ...errors import CompatError
from ...executors import resources
from ..remarks import refuse

_state: dict[str, Any] = {"settings": None}


def init(address: str | None = None, **settings: Any) -> dict[str, Any]:
    """Note that Ray would be there; a cluster at an address is joined by Ray itself.

    Args:
        address: Of a cluster; None or "local" for this machine.
        settings: Ray's others: `num_cpus`, `num_gpus` and `local_mode` count here, the rest is kept
            for Ray, should `ray.remote` be used.

    Raises:
        CompatError: There is an address, and Ray is not installed.
    """
    _state["settings"] = settings
    if address not in (None, "local"):
        find_ray("ray.init(address=...)").init(address=address, **settings)
    return {"node_ip_address": "127.0.0.1", "address": address}


def shutdown(*_: Any, **__: Any) -> None:
    """End what `init` began."""
    _state["settings"] = None
    real = _loaded_ray()
    if real is not None and real.is_initialized():
        real.shutdown()


def is_initialized() -> bool:
    """Whether `init` was called, or Ray itself runs."""
    real = _loaded_ray()
    return _state["settings"] is not None or bool(real is not None and real.is_initialized())


def is_local_mode() -> bool:
    """Whether trials are to run in this process, one after another."""
    return bool((_state["settings"] or {}).get("local_mode"))


def has_cluster() -> bool:
    """Whether Ray itself is connected to a cluster from this process."""
    real = _loaded_ray()
    return bool(real is not None and real.is_initialized())


def count_cpus() -> int:
    """Return how many cores trials share: those that `init` was told, or this machine's."""
    told = (_state["settings"] or {}).get("num_cpus")
    return int(told) if told else len(resources.cores())


def count_gpus() -> int:
    """Return how many GPUs trials share: those that `init` was told, or this machine's."""
    told = (_state["settings"] or {}).get("num_gpus")
    return int(told) if told is not None else len(resources.gpus())


def available_resources() -> dict[str, float]:
    """Return what trials share."""
    found = {"CPU": float(count_cpus())}
    return found | ({"GPU": float(n)} if (n := count_gpus()) else {})


cluster_resources = available_resources


def get_gpu_ids() -> list[int]:
    """Return the numbers of the GPUs that this process may use."""
    import os

    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return [int(part) for part in shown.split(",") if part.strip().isdigit()]


def _loaded_ray() -> Any:
    """Return Ray itself where it has been imported; None otherwise."""
    for name in ("ray", "_luthier_real_ray"):
        module = sys.modules.get(name)
        if module is not None and not module.__name__.startswith("luthier."):
            return module
    return None


def find_ray(what: str) -> Any:
    """Return Ray itself, imported now.

    Args:
        what: What it is needed for.

    Raises:
        CompatError: It is not installed, or its name means this library in this process.
    """
    found = _loaded_ray()
    if found is not None:
        return found
    if "ray" in sys.modules:
        raise refuse(what, "Here `ray` is luthier: tasks and actors need Ray under its own name.")
    try:
        import ray
    except ImportError:
        raise CompatError(
            f"{what} needs Ray itself, which is not installed: pip install 'luthier[ray]'"
        ) from None
    return ray


def start_ray(what: str) -> Any:
    """Return Ray itself, started with what `init` was told."""
    ray = find_ray(what)
    if not ray.is_initialized():
        ray.init(**(_state["settings"] or {}))
    return ray
