"""Every error that luthier raises on purpose.

Each message says what was expected, what came, and what to do.

::

    LuthierError
    ├── SpaceError                  the search space cannot be used
    │   ├── DistributionError       bounds, step, scale or choices make no sense
    │   ├── ConditionError          a condition names what does not exist, or runs in a circle
    │   ├── ConstraintError         a hard constraint cannot be evaluated
    │   ├── InfeasibleSpaceError    no point satisfies the hard constraints
    │   ├── IncompatibleDistributionError   a name is used for two different kinds of parameter
    │   └── UnknownParameterError   a parameter, or a value of one, that the space does not have
    │       └── MissingParameterError   a parameter that a trial does not have
    ├── StudyError                  the study cannot do this
    │   ├── StudyNotFoundError      no study of that name in the storage
    │   ├── StudyExistsError        the name is taken
    │   ├── TooFewResultsError      the trials tell too little for what was asked
    │   │   └── NoCompletedTrialsError  asked for the best of nothing
    │   │       └── NoFeasibleTrialsError   every complete trial breaks a constraint
    │   ├── NothingFitsError        no trial satisfies a rule
    │   ├── RuleError               a rule that cannot be read, or names what is not there
    │   ├── NothingToAskError       the scheduler wants no further trial now
    │   ├── UnknownNameError        no sampler or scheduler of that name
    │   ├── UnpicklableError        it cannot go to another process
    │   ├── SpaceExhaustedError     every point of a finite space has had its trial
    │   └── SamplerError            the sampler cannot search this space or these objectives
    ├── TrialError                  one trial went wrong
    │   ├── ObjectiveValueError     the objective returned something that is not its value(s)
    │   ├── ReportError             a report that is not (number, step)
    │   ├── CostError               a cost that is not a finite number >= 0
    │   ├── ResultConstraintError   a constraint on results that is not a number
    │   ├── UnknownAttributeError   a name that other libraries give to an attribute of a trial
    │   ├── UnstorableError         no storage can hold it: it is too large, or has no JSON form
    │   ├── LeaseLostError          the trial was given to another worker; this result is refused
    │   ├── FitFailedError          the estimator of a search could not be fitted
    │   ├── TrialDisturbedError     raised by an objective: it failed for a reason outside of it
    │   ├── TrialTimeoutError       the trial ran longer than its limit
    │   ├── TrialMemoryError        the trial used more memory than its limit
    │   └── WorkerDiedError         the process that ran the trial ended
    │       └── NoWorkerError       see below
    ├── MachineError                the machine, a disk or the network failed, not a trial
    │   ├── StorageError            the storage failed
    │   │   ├── StorageDamagedError     the file is torn, or is not luthier's
    │   │   ├── StorageVersionError     the file was written by a newer luthier
    │   │   ├── StorageFullError        no space is left on the device
    │   │   ├── StorageReadOnlyError    the file or its folder cannot be written
    │   │   ├── StorageUnreachableError the server does not answer
    │   │   └── StorageDeniedError  the server refuses: wrong password or token, too many requests
    │   ├── CheckpointPlaceError    the place of checkpoints is full, away, or cannot be written
    │   └── NoWorkerError           no process can be kept that would run trials
    ├── EvaluationError             a model cannot be evaluated like this
    │   └── SplitError              rows cannot be split into train and test rows like this
    ├── ArgumentNameError           a function has no argument of that name
    ├── CompatError                 another library has it, and there is no equivalent here
    ├── CheckpointError             a checkpoint cannot be stored, or is gone or damaged
    │   └── CheckpointPlaceError    see above
    ├── TaskError                   what was kept of an earlier task cannot be used
    ├── RegistryError               a model, version or alias is not there, or may not change so
    │   └── RegistryConflictError   somebody else has made a change meanwhile
    ├── LifecycleError              a roll-out, monitor or retuning cannot be made like this
    ├── EstimatorError              an estimator of scikit-learn cannot be searched like this
    ├── ResourceError               the machine has fewer cores or GPUs than were asked for
    ├── PlatformError               the operating system cannot do this
    ├── CommandError                a program run as an objective failed, or printed no result
    └── MissingDependencyError      an optional package is not installed

TrialPruned is not an error: the objective raises it to say that it stopped early.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

_MAX_COMPARED = 200  # characters of names that are compared, to find the one that was meant
_MAX_NAMES = 1_000


class LuthierError(Exception):
    """The root of all errors raised on purpose."""


class SpaceError(LuthierError, ValueError):
    """The search space cannot be used."""


class DistributionError(SpaceError):
    """Bounds, step, scale or choices make no sense."""


class ConditionError(SpaceError):
    """A condition names a parent or value that does not exist, or conditions run in a circle."""


class ConstraintError(SpaceError):
    """A hard constraint cannot be evaluated."""


class InfeasibleSpaceError(SpaceError):
    """No point satisfies the hard constraints."""


class IncompatibleDistributionError(SpaceError):
    """A name is used for two different kinds of parameter."""


class UnknownParameterError(SpaceError):
    """A parameter, or a value of one, that the space does not have."""


class MissingParameterError(UnknownParameterError, KeyError):
    """A parameter that a trial does not have."""

    __str__ = Exception.__str__


class StudyError(LuthierError):
    """The study cannot do this."""


class StudyNotFoundError(StudyError, KeyError):
    """No study of that name in the storage."""

    __str__ = Exception.__str__


class StudyExistsError(StudyError):
    """The name is taken."""


class TooFewResultsError(StudyError, ValueError):
    """The trials tell too little for what was asked; the message says what is missing."""


class NoCompletedTrialsError(TooFewResultsError):
    """Asked for the best of nothing."""


class NoFeasibleTrialsError(NoCompletedTrialsError):
    """Every complete trial breaks a constraint on its results."""


class NothingFitsError(StudyError):
    """No trial satisfies a rule."""


class RuleError(StudyError, ValueError):
    """A rule that cannot be read, or names what is not there."""


class NothingToAskError(StudyError):
    """The scheduler wants no further trial now."""


class UnknownNameError(StudyError, ValueError):
    """No sampler or scheduler of that name."""


class UnpicklableError(StudyError, TypeError):
    """An objective, or a study, that cannot go to another process."""


class SpaceExhaustedError(StudyError):
    """Every point of a finite space has had its trial; `optimize` takes it as its end."""


class SamplerError(StudyError, ValueError):
    """The sampler cannot search this space or these objectives."""


class TrialError(LuthierError):
    """One trial went wrong."""


class ObjectiveValueError(TrialError, ValueError):
    """The objective returned something that is not its value(s)."""


class ReportError(TrialError, ValueError):
    """A report that is not (number, step)."""


class CostError(TrialError, ValueError):
    """A cost that is not a finite number >= 0."""


class ResultConstraintError(TrialError, ValueError):
    """A constraint on results that is not a number."""


class UnknownAttributeError(TrialError, AttributeError):
    """A name that other libraries give to an attribute of a trial; the message says ours."""


class UnstorableError(TrialError, ValueError):
    """What was to be stored cannot be: it is too large, or has no JSON form."""


class LeaseLostError(TrialError):
    """The trial was given to another worker; this result is refused."""


class FitFailedError(TrialError):
    """The estimator of a search could not be fitted with the params of a trial."""


class TrialDisturbedError(TrialError):
    """Raised by an objective that fails for a reason outside of it, such as a server that is away.

    The trial fails like any other; models do not learn from it.
    """


class TrialTimeoutError(TrialError, TimeoutError):
    """The trial ran longer than its limit."""


class TrialMemoryError(TrialError, MemoryError):
    """The trial used more memory than its limit."""


class WorkerDiedError(TrialError):
    """The process that ran the trial ended.

    Attributes:
        killed: True when the process was killed from outside (SIGKILL, SIGTERM), which says nothing
            about the trial.
    """

    def __init__(self, message: str, killed: bool = False) -> None:
        super().__init__(message)
        self.killed = killed


class MachineError(LuthierError):
    """The machine, a disk or the network failed, which says nothing about a trial.

    A trial that it ends is given back, and offered again from its last checkpoint.
    """


class StorageError(MachineError):
    """The storage failed."""


class StorageDamagedError(StorageError):
    """The file is torn, or is not luthier's."""


class StorageVersionError(StorageError):
    """The file was written by a newer luthier."""


class StorageFullError(StorageError, OSError):
    """No space is left on the device, or something else of which the machine has only so much."""


class StorageReadOnlyError(StorageError, PermissionError):
    """The file or its folder cannot be written."""


class StorageUnreachableError(StorageError, ConnectionError):
    """The server does not answer; what was asked of it may have been done or not."""


class StorageDeniedError(StorageError):
    """The server refuses: a wrong password or token, or too many requests."""


class NoWorkerError(WorkerDiedError, MachineError):
    """No process can be kept that would run trials; the executor ends those that run."""

    def __init__(self, message: str, killed: bool = True) -> None:
        super().__init__(message, killed)


class EvaluationError(LuthierError, ValueError):
    """A model cannot be evaluated like this: data, metrics, folds or results do not allow it."""


class SplitError(EvaluationError):
    """Rows cannot be split into train and test rows like this."""


class ArgumentNameError(LuthierError, TypeError):
    """A function has no argument of that name."""


class CompatError(LuthierError):
    """Another library has it, and there is no equivalent here; the message names luthier's way."""


class CheckpointError(LuthierError):
    """A checkpoint cannot be stored, or is gone or damaged."""


class CheckpointPlaceError(CheckpointError, MachineError):
    """The place of checkpoints is full, away, or cannot be written.

    Attributes:
        may_pass: Whether the same may succeed in a while.
    """

    def __init__(self, message: str, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class TaskError(LuthierError, ValueError):
    """What was kept of an earlier task cannot be used."""


class RegistryError(LuthierError, ValueError):
    """A model, version or alias is not there, or may not be changed like this."""


class RegistryConflictError(RegistryError):
    """Somebody else has made a change meanwhile; nothing was changed."""


class LifecycleError(LuthierError, ValueError):
    """A roll-out, a monitor or a retuning cannot be made like this."""


class EstimatorError(LuthierError, ValueError):
    """An estimator of scikit-learn, or what is to be done with it, does not fit a search."""


class ResourceError(LuthierError, ValueError):
    """The machine has fewer cores or GPUs than were asked for."""


class PlatformError(LuthierError, NotImplementedError):
    """The operating system cannot do this."""


class CommandError(LuthierError):
    """A program run as an objective failed, or printed no result."""


class MissingDependencyError(LuthierError, ImportError):
    """An optional package is not installed."""


def explain_missing(what: str, package: str, extra: str) -> MissingDependencyError:
    """Return the error of what needs an optional package, with how to install it.

    Args:
        what: What needs it: "the demo".
        package: The package: "scikit-learn".
        extra: The extra of luthier that has it: "sklearn".
    """
    return MissingDependencyError(f"{what} needs {package}: pip install 'luthier[{extra}]'")


class TrialPruned(Exception):  # noqa: N818  (the field's name; it is not an error)
    """Raised by an objective that stops early because `trial.should_stop()` is true."""


def is_because_of(e: BaseException, reason: BaseException) -> bool:
    """Return whether an exception is another one, or was raised because of it.

    Its cause counts, and what was being handled when it was raised; in a group, each exception.
    """
    open_ends: list[BaseException | None] = [e]
    seen: set[int] = set()
    while open_ends:
        found = open_ends.pop()
        if found is None or id(found) in seen:
            continue
        if found is reason:
            return True
        seen.add(id(found))
        open_ends += [found.__context__, found.__cause__]
        if isinstance(found, BaseExceptionGroup):
            open_ends.extend(found.exceptions)
    return False


def find_closest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of the names that was probably meant, for an error's message."""
    import difflib  # errors are rare, and it takes longer to load than this package

    if len(name) > _MAX_COMPARED:
        return None
    short = [n for n in itertools.islice(names, _MAX_NAMES) if len(n) <= _MAX_COMPARED]
    same = [n for n in short if n.casefold() == name.casefold() and n != name]
    near = same or difflib.get_close_matches(name, short, 1)
    return near[0] if near else None
