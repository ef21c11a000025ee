"""Monitors: whether a model in production is still what it was.

What is trusted, in this order: labels, however late; performance that is estimated from calibrated
probabilities; then outputs and inputs. Only labels accuse the model (`Alarm.is_harm`); a drift of
inputs or outputs asks somebody to look. The setting is the budget of false alarms: one in so many
days.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from ..errors import LifecycleError
from ..numerics.drift import compare_bins, compare_whole, measure_stability
from ..numerics.e_values import detect_harm, log_detector
from ..typing import Array, Index
from ..validation import show
from .reference import Column, Reference, encode

_FLOOR = 0.05  # a stability index below this is no effect that matters
_CLEAN = 5  # windows without a finding end an alarm
_HARM_SHARE = 0.5  # of the budget that the detector of harm spends; the windows share the rest
_MOST_COMPARED = 400  # rows of a window whose columns are compared together
_N_LATEST = 100  # losses of which an alarm tells the mean of the worst
_LEAST_AUC = 0.6  # a classifier below this has found no effect that matters


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """What a monitor has found.

    Attributes:
        name: "harm", "drift of <column>", "drift of the output", "drift of all columns".
        at_row: After how many rows, or labels for "harm".
        because: What was found, in words.
        evidence: Figures, by name.
        is_harm: Whether the model answers worse, and not only other questions.
    """

    name: str
    at_row: int
    because: str
    evidence: dict[str, float]
    is_harm: bool = False


class _Saved(msgspec.Struct, frozen=True):
    """The state of a monitor, as `Monitor.save` writes it."""

    alarms: dict[str, Alarm]
    clean: dict[str, int]
    n_rows: int
    n_labels: int
    log_parts: list[Any] | None


class Monitor:
    """Watches the inputs, the outputs and the losses of one model.

    Args:
        reference: What is normal; see `Reference.of`.
        window: Rows of a window, in which inputs and outputs are compared with the reference.
        rows_a_day: How many rows come in a day.
        labels_a_day: How many labels come in a day; None for as many as rows.
        days_a_false_alarm: The budget: in so many days there is one false alarm at most.
        tolerance: By how much the mean loss may rise above that of the reference.
        on_alarm: Functions that are called with each alarm as it begins; see `alerts`.
        seed: For the classifier that looks at all columns together.

    Raises:
        LifecycleError: A setting is out of range.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        window: int = 1000,
        rows_a_day: float = 1000.0,
        labels_a_day: float | None = None,
        days_a_false_alarm: float = 90.0,
        tolerance: float = 0.0,
        on_alarm: Sequence[Callable[[Alarm], Any]] = (),
        seed: int = 0,
    ) -> None:
        for name, value in (
            ("window", window),
            ("rows_a_day", rows_a_day),
            ("labels_a_day", rows_a_day if labels_a_day is None else labels_a_day),
            ("days_a_false_alarm", days_a_false_alarm),
        ):
            if not (math.isfinite(value) and value > 0):
                raise LifecycleError(f"{name} must be a number > 0, got {value!r}")
        if window != int(window):
            raise LifecycleError(f"window must be a whole number of rows, got {window!r}")
        if not 0 <= tolerance < 1:
            raise LifecycleError(f"tolerance must lie between 0 and 1, got {tolerance!r}")
        self.reference = reference
        self.window = int(window)
        self.alarms: dict[str, Alarm] = {}
        self._on_alarm = list(on_alarm)
        self._seed = seed
        self._clean: dict[str, int] = {}
        self._n_rows = self._n_labels = 0
        self._rows: list[Sequence[Any]] = []
        self._outputs: list[float] = []
        self._log_parts: Array | None = None
        self._latest: deque[float] = deque(maxlen=_N_LATEST)

        # Each window spends its share of the budget in equal parts on what it looks at.
        n_windows = max(days_a_false_alarm * rows_a_day / self.window, 1.0)
        n_looks = len(reference.columns) + (reference.outputs is not None) + 1
        self.alpha = (1 - _HARM_SHARE) / n_windows / n_looks
        n_labels = days_a_false_alarm * (rows_a_day if labels_a_day is None else labels_a_day)
        self._log_alarm = math.log(max(n_labels, 2.0) / _HARM_SHARE)
        self._risk = min(reference.risk + tolerance, 1 - 1e-9) if reference.risk else None

    @property
    def n_rows(self) -> int:
        """How many rows it has seen."""
        return self._n_rows

    @property
    def n_labels(self) -> int:
        """How many losses it has seen."""
        return self._n_labels

    def observe(self, row: Mapping[str, Any] | Sequence[Any], output: float | None = None) -> None:
        """Note the input and the output of one prediction; a full window is looked at.

        Args:
            row: The columns of the reference, by name or in their order.
            output: What the model answered: a number, or the probability of the positive class.

        Raises:
            LifecycleError: A column is missing or there is another one; nothing is noted.
        """
        self._rows.append(self.reference.order(row))
        self._outputs.append(math.nan if output is None else float(output))
        self._n_rows += 1
        if len(self._rows) == self.window:
            rows, outputs = self._rows, self._outputs
            self._rows, self._outputs = [], []
            self.check_window(rows, np.array(outputs))

    def observe_losses(self, losses: Sequence[float] | Array) -> None:
        """Note losses in [0, 1], in the order in which the labels came.

        Raises:
            LifecycleError: A loss is outside or no number, or the reference has no losses; nothing
                is noted.
        """
        try:
            x = np.asarray(losses, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            raise LifecycleError(f"losses must be numbers in [0, 1], got {show(losses)}") from None
        if self._risk is None:
            raise LifecycleError("the reference has no losses, so no loss is too large")
        if not ((x >= 0) & (x <= 1)).all():
            raise LifecycleError(f"losses must lie in [0, 1], got {x[~((x >= 0) & (x <= 1))][0]}")
        if not len(x):
            return
        parts = detect_harm(x, self._risk, self._log_parts)
        log_m = log_detector(parts)
        self._log_parts = parts[-1]
        first = int(np.argmax(log_m >= self._log_alarm))
        if log_m[first] >= self._log_alarm and "harm" not in self.alarms:
            latest = _pick_worst([*self._latest, *x[: first + 1]][-_N_LATEST:], self._risk)
            because = (
                f"losses are larger than the {self._risk:.4g} of the reference: the latest "
                f"{len(latest)} have mean {np.mean(latest):.4g}"
            )
            evidence = {"log of the detector": float(log_m[first]), "risk": self._risk}
            at = self._n_labels + first + 1
            self._begin(
                Alarm(name="harm", at_row=at, because=because, evidence=evidence, is_harm=True)
            )
        self._n_labels += len(x)
        self._latest.extend(x)

    def check_window(self, rows: Sequence[Sequence[Any]], outputs: Array | None = None) -> None:
        """Compare a window with the reference, and begin or end alarms.

        Args:
            rows: In the order of the reference's columns.
            outputs: (n,) what the model answered, NaN where it is not known.
        """
        if not len(rows):
            return
        columns = self.reference.columns
        coded = [encode(c, [row[j] for row in rows]) for j, c in enumerate(columns)]
        answers = None
        if self.reference.outputs is not None and outputs is not None and len(outputs):
            answers = encode(self.reference.outputs, outputs.tolist())[0]
        values = np.column_stack([x for _, x in coded])
        self.check_counts([counts for counts, _ in coded], values, answers)

    def check_counts(
        self, counts: Sequence[Index], sample: Array, outputs: Index | None = None
    ) -> None:
        """Compare a window that is counted already, such as by a database, with the reference.

        Args:
            counts: (b,) rows in each bin of each column; see `Column` for the bins.
            sample: (n, d) some of the rows, encoded as `Reference.rows` are; 400 are looked at.
            outputs: (b,) answers in each bin of the reference's outputs; None where they are not
                known.

        Raises:
            LifecycleError: There are not as many columns or bins as in the reference.
        """
        columns = self.reference.columns
        widths = [len(c) for c in counts]
        expected = [len(column.counts) for column in columns]
        if widths != expected or np.ndim(sample) != 2 or np.shape(sample)[1] != len(columns):
            raise LifecycleError(
                f"expected counts of {expected} bins and a sample of {len(columns)} columns, got "
                f"{widths} bins and the shape {np.shape(sample)}"
            )
        found: dict[str, Alarm] = {}
        for column, of_column in zip(columns, counts, strict=True):
            self._compare(f"drift of {column.name}", column, of_column, found)
        if self.reference.outputs is not None and outputs is not None:
            self._compare("drift of the output", self.reference.outputs, outputs, found)
        self._compare_whole(sample, found)

        for alarm in found.values():
            self._begin(alarm)
        for name in list(self.alarms):
            if name != "harm":
                self._clean[name] = 0 if name in found else self._clean.get(name, 0) + 1
                if self._clean[name] >= _CLEAN:
                    del self.alarms[name]

    def acknowledge(self, name: str) -> None:
        """End an alarm by hand; after "harm" the detector begins anew.

        Raises:
            LifecycleError: There is no such alarm.
        """
        if name not in self.alarms:
            raise LifecycleError(f"there is no alarm {name!r}, only {sorted(self.alarms)}")
        del self.alarms[name]
        if name == "harm":
            self._log_parts = None

    def save(self) -> dict[str, Any]:
        """Return what is needed to go on in another process, in JSON's types.

        The rows of a window that is not full are not in it, nor in its number of rows.
        """
        return {
            "alarms": msgspec.to_builtins(self.alarms),
            "clean": self._clean,
            "n_rows": self._n_rows - len(self._rows),
            "n_labels": self._n_labels,
            "log_parts": None if self._log_parts is None else self._log_parts.tolist(),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on where another process has stopped: after `n_rows` rows and `n_labels` labels.

        Raises:
            LifecycleError: It is not what `save` returns; nothing is changed.
        """
        try:
            state = msgspec.convert(saved, _Saved)
        except msgspec.ValidationError as e:
            raise LifecycleError(f"expected what Monitor.save returned: {e}") from None
        self.alarms, self._clean = state.alarms, state.clean
        self._n_rows, self._n_labels = state.n_rows, state.n_labels
        self._rows, self._outputs = [], []
        self._log_parts = None if state.log_parts is None else np.array(state.log_parts)

    def _compare(self, name: str, column: Column, counts: Index, found: dict[str, Alarm]) -> None:
        if measure_stability(column.counts, counts) < _FLOOR:
            return
        test = compare_bins(column.counts, counts)
        if test.p < self.alpha:
            share = counts[test.bin] / max(counts.sum(), 1)
            usual = column.counts[test.bin] / sum(column.counts)
            found[name] = Alarm(
                name=name,
                at_row=self._n_rows,
                because=f"{column.describe(test.bin)} are {share:.1%} of the rows, "
                f"usually {usual:.1%}",
                evidence={"p": test.p, "stability index": test.stability},
            )

    def _compare_whole(self, encoded: Array, found: dict[str, Alarm]) -> None:
        """Look at all columns together, where each alone looks normal."""
        if found or len(self.reference.columns) < 2:
            return
        rng = np.random.default_rng([self._seed, self._n_rows])
        some = rng.permutation(len(encoded))[:_MOST_COMPARED]
        test = compare_whole(self.reference.sample, encoded[some], rng, level=self.alpha)
        if test.p < self.alpha and test.auc >= _LEAST_AUC:
            worst = np.argsort(-test.columns)[:3]
            names = [self.reference.columns[j].name for j in worst if test.columns[j] > 0]
            found["drift of all columns"] = Alarm(
                name="drift of all columns",
                at_row=self._n_rows,
                because=f"how {', '.join(names)} go together has changed",
                evidence={"p": test.p, "area under the curve": test.auc},
            )

    def _begin(self, alarm: Alarm) -> None:
        is_new = alarm.name not in self.alarms
        self.alarms[alarm.name] = alarm
        if is_new:
            for call in self._on_alarm:
                call(alarm)


def _pick_worst(losses: Sequence[float], risk: float) -> Sequence[float]:
    """Return the latest losses that are most surely too large: those since a change."""
    latest = np.array(losses)[::-1]
    n = np.arange(1, len(latest) + 1)
    return losses[-int(n[np.argmax((np.cumsum(latest) - n * risk) / np.sqrt(n))]) :]
