"""MLflow: a run for each study, and within it one for each trial; a mirror of registered models."""

from __future__ import annotations

import hashlib
import math
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ..errors import explain_missing
from ..passwords import hide_passwords
from ..registry.registry import Registry
from ..trial.record import State, TrialRow
from .tracking import (
    Ending,
    StudyInfo,
    Tracker,
    first_line,
    name_reports,
    name_values,
    number_steps,
)

try:
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient
except ImportError as e:
    raise explain_missing("luthier.integrations.mlflow", "mlflow", "mlflow") from e

_PARENT = "mlflow.parentRunId"
_STUDY = "luthier.study_key"
_MAX_METRICS = 900  # of one request, which may hold 1,000 things
_MAX_OTHERS = 50
_MAX_PARAM = 6_000  # characters
_MAX_TAG = 5_000
_MAX_KEY = 200
_STATUS = {State.COMPLETE: "FINISHED", State.PRUNED: "KILLED", State.FAILED: "FAILED"}
T = TypeVar("T")


class MLflow(Tracker):
    """Writes a study down in MLflow: a parent run, and a run within it for each trial.

    Params are params; values ("<name>") and reports ("report/<name>") are metrics, by the names of
    the objectives; tags, constraints and the cost are kept too. The parent has the course of the
    best value. A study that goes on keeps its parent.

    It uses MLflow's client alone: no active run is touched, and all is written in a thread of its
    own.

    Args:
        tracking_uri: Where to, such as "http://host:5000" or "sqlite:///mlflow.db"; None for
            MLflow's own setting, MLFLOW_TRACKING_URI.
        experiment: The experiment, which is made where it does not exist.
        tags: Tags of the parent run.
        wait_s: How long the end waits for what is left, in seconds.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment: str = "luthier",
        tags: Mapping[str, str] | None = None,
        wait_s: float = 60.0,
    ) -> None:
        where = "" if tracking_uri is None else f" at {hide_passwords(tracking_uri)}"
        super().__init__(f"MLflow{where}", wait_s=wait_s)
        self._uri = tracking_uri
        self._experiment = experiment
        self._tags = dict(tags or {})
        self._known_client: Any = None
        self._parents: dict[str, tuple[str, str]] = {}  # study -> its experiment and its run

    @property
    def _client(self) -> Any:
        """The client, made in the tracker's thread: it may have to make a database."""
        if self._known_client is None:
            self._known_client = MlflowClient(self._uri)
        return self._known_client

    def begin(self, info: StudyInfo) -> None:
        """Make the parent run, or take up that of a study that goes on."""
        client = self._client
        found = client.get_experiment_by_name(self._experiment)
        experiment = found.experiment_id if found else client.create_experiment(self._experiment)
        key = hashlib.sha256(info.name.encode()).hexdigest()[:32]
        runs = client.search_runs(
            [experiment], f"tags.`{_STUDY}` = '{key}'", order_by=["attributes.start_time ASC"]
        )
        if runs:
            parent = runs[0].info.run_id
            client.update_run(parent, status="RUNNING")
        else:
            tags = {_STUDY: key, "luthier.study": info.name[:_MAX_TAG], **self._tags}
            parent = client.create_run(experiment, tags=tags, run_name=info.name).info.run_id
            params = {
                "sampler": info.sampler,
                "scheduler": info.scheduler,
                **{
                    f"direction {n}": d
                    for n, d in zip(info.objectives, info.directions, strict=True)
                },
            }
            self._log(parent, params=params)
        self._parents[info.name] = experiment, parent

    def write(self, info: StudyInfo, row: TrialRow, is_best: bool) -> None:
        """Make the run of a trial."""
        experiment, parent = self._parents[info.name]
        begun_ms, ended_ms = _to_ms(row.started_s), _to_ms(row.finished_s)
        tags = {
            _PARENT: parent,
            "luthier.trial": str(row.number),
            "luthier.state": row.state.name.lower(),
            **{f"tag.{name}": str(value) for name, value in row.tags.items()},
        }
        if error := first_line(row):
            tags["luthier.error"] = error
        values = name_values(row, info)
        others = {f"constraint.{name}": value for name, value in row.constraints.items()}
        if row.cost is not None:
            others["cost"] = row.cost
        tags |= {n: str(v) for n, v in (values | others).items() if not math.isfinite(v)}

        run = self._client.create_run(
            experiment, start_time=begun_ms, run_name=f"trial {row.number}"
        ).info.run_id
        reports = number_steps(name_reports(row, info))
        last = reports[-1][0] if reports else 0
        metrics = [*reports, (last, values | others)]
        self._log(run, metrics, row.params, tags, ended_ms)
        self._client.set_terminated(run, _STATUS[row.state], ended_ms)
        if is_best and len(info.objectives) == 1:
            best = {f"best {name}": value for name, value in values.items()}
            self._log(parent, [(row.number, best)], time_ms=ended_ms)

    def end(self, info: StudyInfo, ending: Ending) -> None:
        """End the parent run."""
        _, parent = self._parents[info.name]
        tags = {f"luthier.n_{s.name.lower()}": str(n) for s, n in ending.counts.items() if n}
        tags["luthier.best"] = ", ".join(str(row.number) for row in ending.best[:1_000])
        tags["luthier.end"] = ending.error or ending.reason or ""
        self._log(parent, tags=tags)
        self._client.set_terminated(parent, "FINISHED" if ending.error is None else "FAILED")

    def _log(
        self,
        run: str,
        metrics: Sequence[tuple[int, Mapping[str, float]]] = (),
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        time_ms: int = 0,
    ) -> None:
        """Write to a run: metrics as (step, values by name), in as few requests as there may be."""
        names = _to_keys(name for _, values in metrics for name in values)
        points = [
            Metric(names[name], float(value), time_ms, step)
            for step, values in metrics
            for name, value in values.items()
            if math.isfinite(value)
        ]
        keys = _to_keys(params or {})
        written = [Param(keys[n], str(v)[:_MAX_PARAM]) for n, v in (params or {}).items()]
        marks = _to_keys(tags or {})
        marked = [RunTag(marks[n], v[:_MAX_TAG]) for n, v in (tags or {}).items()]
        for part in _split(points, _MAX_METRICS):
            self._client.log_batch(run, metrics=part)
        for part in _split(written, _MAX_OTHERS):
            self._client.log_batch(run, params=part)
        for part in _split(marked, _MAX_OTHERS):
            self._client.log_batch(run, tags=part)


def mirror_model(registry: Registry, model: str, tracking_uri: str | None = None) -> dict[str, int]:
    """Write the versions and aliases of a model into MLflow's own registry.

    There they have the tags "luthier.version" and "luthier.id", and the tags "param.<name>" and
    "metric.<name>". The source is "luthier:<id>": files stay in luthier's registry. Aliases that
    luthier does not have are deleted, so what moves them is luthier alone. It may be called again
    after each change, and adds what is new.

    Args:
        registry: The registry.
        model: Name of the model in both.
        tracking_uri: Where to; None for MLflow's own setting.

    Returns:
        MLflow's number of a version, by alias.

    Raises:
        RegistryError: There is no such model.
        mlflow.exceptions.MlflowException: What MLflow cannot store.
    """
    versions, aliases = registry.versions(model), registry.aliases(model)
    client = MlflowClient(tracking_uri, registry_uri=tracking_uri)
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    there = {
        v.tags["luthier.version"]: int(v.version)
        for v in client.search_model_versions(f"name = '{model}'")
        if "luthier.version" in v.tags
    }
    for version in versions:
        number = str(version.number)
        if number in there:
            continue
        tags = {"luthier.version": number, "luthier.id": version.id}
        for kind, found in (("param", version.params), ("metric", version.content.metrics)):
            keys = _to_keys(f"{kind}.{name}" for name in found)
            tags |= {keys[f"{kind}.{n}"]: str(v)[:_MAX_TAG] for n, v in found.items()}
        source = f"luthier:{version.id}"
        made = client.create_model_version(model, source, tags=tags, description=version.why)
        there[number] = int(made.version)

    mirrored = {alias: there[str(number)] for alias, number in aliases.items()}
    before = client.get_registered_model(model).aliases
    for alias in before.keys() - mirrored.keys():
        client.delete_registered_model_alias(model, alias)
    for alias, n in mirrored.items():
        if before.get(alias) != str(n):
            client.set_registered_model_alias(model, alias, str(n))
    return mirrored


def _split(items: Sequence[T], n: int) -> Iterable[Sequence[T]]:
    return (items[i : i + n] for i in range(0, len(items), n))


def _to_ms(seconds: float | None) -> int:
    return int((seconds or 0.0) * 1_000)


def _to_keys(names: Iterable[str]) -> dict[str, str]:
    """Names as MLflow takes them: letters, digits and some signs, no two alike."""
    keys: dict[str, str] = {}
    for name in dict.fromkeys(names):
        plain = re.sub(r"[^\w\-./: ]", "_", name[:_MAX_KEY])
        key = posixpath.normpath(plain).lstrip("./ ") or "_"
        while key in keys.values():
            key += "_"
        keys[name] = key
    return keys
