"""TensorBoard: a folder for each trial, which the plugin HParams joins to a table."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

from ..errors import explain_missing
from ..trial.record import State, TrialRow
from .tracking import Ending, StudyInfo, Tracker, name_reports, name_values, number_steps

try:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ImportError as e:
    raise explain_missing("luthier.integrations.tensorboard", "tensorboard", "tensorboard") from e


class TensorBoard(Tracker):
    """Writes the trials of a study into folders that TensorBoard reads.

    Each trial has a folder of its own, with its params, the curve of its reports ("report/<name>")
    and its values ("<name>"), by the names of the objectives. In the view HParams each is one row,
    with all params of the study, also those that only some trials have.

    Args:
        folder: Where to; each study gets a folder there.
        wait_s: How long the end waits for what is left, in seconds.

    Raises:
        ValueError: There is a file in its place.
    """

    def __init__(self, folder: str | os.PathLike[str], wait_s: float = 30.0) -> None:
        super().__init__("TensorBoard", wait_s=wait_s)
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"{self.folder} is a file; name a folder")

    def begin(self, info: StudyInfo) -> None:
        """Make the study's folder."""
        self._place(info).mkdir(parents=True, exist_ok=True)

    def write(self, info: StudyInfo, row: TrialRow, is_best: bool) -> None:
        """Write the folder of a trial."""
        place = _make_folder(self._place(info), row)
        started_s = row.started_s or time.time()
        ended_s = row.finished_s or started_s
        writer = EventFileWriter(str(place))
        try:
            params = {name: _to_hparam(value) for name, value in row.params.items()}
            begin = summary_v2.hparams_pb(params, f"{info.name} {row.number}", started_s)
            writer.add_event(Event(wall_time=started_s, summary=begin))
            reports = number_steps(name_reports(row, info))
            for step, values in reports:
                writer.add_event(_scalars(values, step, ended_s))
            last = reports[-1][0] if reports else 0
            writer.add_event(_scalars(name_values(row, info), last, ended_s))
            writer.add_event(_end_of(row.state, ended_s))
        finally:
            writer.close()

    def end(self, info: StudyInfo, ending: Ending) -> None:
        """Write nothing: all is in the trials' folders."""

    def _place(self, info: StudyInfo) -> Path:
        return self.folder / (re.sub(r"[^\w\-.]", "_", info.name).lstrip(".") or "_")


def _make_folder(parent: Path, row: TrialRow) -> Path:
    """Make the folder of a trial; one that is retried gets a further one."""
    n = 1
    while True:
        place = parent / (f"trial-{row.number:05d}" + (f"-{n}" if n > 1 else ""))
        try:
            place.mkdir()
        except FileExistsError:
            n += 1
        else:
            return place


def _to_hparam(value: Any) -> bool | float | str:
    if isinstance(value, bool | str):
        return value
    return float(value) if isinstance(value, int | float) else str(value)


def _end_of(state: State, time_s: float) -> Any:
    """The event that ends a trial in the plugin."""
    status = api_pb2.STATUS_FAILURE if state == State.FAILED else api_pb2.STATUS_SUCCESS
    info = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time_s)
    data = plugin_data_pb2.HParamsPluginData(session_end_info=info)
    value = Summary.Value(
        tag=metadata.SESSION_END_INFO_TAG,
        metadata=metadata.create_summary_metadata(data),
        tensor=metadata.NULL_TENSOR,
    )
    return Event(wall_time=time_s, summary=Summary(value=[value]))


def _scalars(values: dict[str, float], step: int, time_s: float) -> Any:
    found = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    return Event(wall_time=time_s, step=step, summary=Summary(value=found))
