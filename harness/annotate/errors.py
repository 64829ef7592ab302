"""What can go wrong between a rater and the store, one class for each thing that a page answers differently."""

from collections.abc import Mapping

from harness.errors import HarnessError, InputError


class UnknownRater(HarnessError):
    """No rater has this pseudonym."""


class StoreUnavailable(HarnessError):
    """The database does not answer now (locked, full, gone): nothing was stored; trying again is right."""


class UnknownTask(HarnessError):
    """This rater has no such task."""


class ConsentNeeded(HarnessError):
    """The rater has not agreed to the consent text yet; no task is shown and nothing is stored before."""


class NotYet(HarnessError):
    """A task further on than the first one without an answer: tasks are answered in their order."""


class ClientIdReused(HarnessError):
    """A client id that already stored another answer: each submission needs an id of its own."""


class InvalidAnswers(InputError):
    """Answers that do not fit the task. `problems`: criterion → what is wrong with it."""

    def __init__(self, message: str, problems: Mapping[str, str]) -> None:
        super().__init__(message)
        self.problems = dict(problems)
