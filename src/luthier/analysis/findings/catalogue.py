"""The catalogue: every finding, and which others it explains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import (
    bad_fold,
    bad_gradients,
    constant_parameter,
    constant_predictions,
    crash_values,
    divergence,
    drift,
    duplicates,
    early_blow_up,
    early_end,
    exceeded_limits,
    failing_region,
    flat_parameter,
    hold_out_shift,
    idle_workers,
    infeasibility,
    inseparable_leaders,
    jump,
    large_batches,
    late_end,
    missing_pruning,
    missing_shuffle,
    narrow_optimum,
    no_better_than_random,
    no_signal,
    noise,
    noisy_validation,
    optimism,
    optimum_at_bound,
    oscillation,
    over_pruning,
    overfitting,
    overtuning,
    perfect_scores,
    plateau,
    pruned_share,
    reversed_direction,
    rising_training_loss,
    slow_learning,
    small_validation,
    stragglers,
    tied_values,
    too_many_parameters,
    underfitting,
    unstable_best,
    unused_models,
    validation_below_training,
    wrong_scale,
)
from .case import Case
from .finding import Finding


class Detector(NamedTuple):
    """A finding that is looked for.

    Attributes:
        name: What it finds, also the name of its file.
        find: Yields findings of a case, and None for each test that found nothing.
        hides: Names of findings that this one explains, of the same parameter or the whole study.
        is_slow: Whether it fits a model.
    """

    name: str
    find: Callable[[Case], Iterator[Finding | None]]
    hides: tuple[str, ...] = ()
    is_slow: bool = False


_PLACES = ("optimum-at-bound", "wrong-scale", "narrow-optimum")
_SPACE = (*_PLACES, "flat-parameter")
_SEARCH = ("no-better-than-random", "early-end", "late-end")
_SLOW = ("slow-learning", "plateau")

CATALOGUE: tuple[Detector, ...] = (
    # of the results
    Detector(
        "crash-values",
        crash_values.find,
        ("no-signal", "tied-values", "perfect-scores", "failing-region", *_SPACE, *_SEARCH),
    ),
    Detector(
        "reversed-direction",
        reversed_direction.find,
        ("overfitting", "divergence", "rising-training-loss", "oscillation", *_SLOW, *_SPACE),
    ),
    Detector("failing-region", failing_region.find),
    Detector("exceeded-limits", exceeded_limits.find, ("failing-region",)),
    Detector("infeasibility", infeasibility.find),
    Detector("tied-values", tied_values.find, ("no-signal", *_SEARCH)),
    Detector("perfect-scores", perfect_scores.find),
    Detector("drift", drift.find, ("no-signal", "noise", "no-better-than-random")),
    Detector("noise", noise.find, ("no-signal", "inseparable-leaders", *_SPACE)),
    Detector("no-signal", no_signal.find, (*_SPACE, *_SEARCH), is_slow=True),
    Detector("unstable-best", unstable_best.find, ("noise",)),
    # of the space
    Detector("wrong-scale", wrong_scale.find, ("optimum-at-bound", "narrow-optimum")),
    Detector("optimum-at-bound", optimum_at_bound.find, ("narrow-optimum",)),
    Detector("narrow-optimum", narrow_optimum.find),
    Detector("flat-parameter", flat_parameter.find, _PLACES, is_slow=True),
    Detector("constant-parameter", constant_parameter.find, ("flat-parameter", "narrow-optimum")),
    Detector("too-many-parameters", too_many_parameters.find),
    # of the search
    Detector("unused-models", unused_models.find, ("no-better-than-random",)),
    Detector("duplicates", duplicates.find),
    Detector("no-better-than-random", no_better_than_random.find),
    Detector("early-end", early_end.find),
    Detector("late-end", late_end.find),
    Detector("idle-workers", idle_workers.find),
    Detector("stragglers", stragglers.find),
    Detector("pruned-share", pruned_share.find, ("over-pruning",)),
    Detector("over-pruning", over_pruning.find),
    Detector("missing-pruning", missing_pruning.find),
    # of training: causes first
    Detector(
        "divergence",
        divergence.find,
        ("constant-predictions", "overfitting", "oscillation", "rising-training-loss", *_SLOW),
    ),
    Detector(
        "early-blow-up",
        early_blow_up.find,
        ("constant-predictions", "underfitting", "bad-gradients", *_SLOW),
    ),
    Detector(
        "constant-predictions",
        constant_predictions.find,
        ("missing-shuffle", "overfitting", "oscillation", "underfitting", *_SLOW),
    ),
    Detector("missing-shuffle", missing_shuffle.find, ("overfitting", "oscillation", *_SLOW)),
    Detector("overfitting", overfitting.find, ("oscillation", *_SLOW)),
    Detector("oscillation", oscillation.find, ("noisy-validation", *_SLOW)),
    Detector("underfitting", underfitting.find, _SLOW),
    Detector("slow-learning", slow_learning.find, ("plateau",)),
    Detector("plateau", plateau.find),
    Detector("large-batches", large_batches.find),
    Detector("noisy-validation", noisy_validation.find),
    Detector("rising-training-loss", rising_training_loss.find),
    Detector("jump", jump.find, ("oscillation", "rising-training-loss")),
    Detector("validation-below-training", validation_below_training.find),
    Detector("bad-gradients", bad_gradients.find),
    # of the evaluation
    Detector("overtuning", overtuning.find, ("optimism",)),
    Detector("optimism", optimism.find),
    Detector("bad-fold", bad_fold.find),
    Detector("hold-out-shift", hold_out_shift.find),
    Detector("inseparable-leaders", inseparable_leaders.find),
    Detector("small-validation", small_validation.find, ("inseparable-leaders",)),
)
"""All findings, causes before what they explain."""
