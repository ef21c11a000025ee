"""Errors and warnings under the names that Optuna gives them."""

from __future__ import annotations


class OptunaError(Exception):
    """Base of the errors that Optuna's code catches."""


class TrialPruned(OptunaError):
    """Raised by an objective that ends its trial early."""


def ends_early(error: BaseException) -> bool:
    """Whether an error means that a trial is pruned: also Optuna's own, of a callback say."""
    names = {(c.__module__.partition(".")[0], c.__name__) for c in type(error).__mro__}
    return bool(names & {("optuna", "TrialPruned"), ("luthier", "TrialPruned")})


class CLIUsageError(OptunaError):
    """The command line was used in a wrong way."""


class StorageInternalError(OptunaError):
    """A storage failed, or holds what this version cannot read."""


class DuplicatedStudyError(OptunaError):
    """The name of a study is taken."""


class UpdateFinishedTrialError(OptunaError, RuntimeError):
    """A trial that is over was to be changed."""


class ExperimentalWarning(Warning):
    """What was called may change in a later version of Optuna."""
