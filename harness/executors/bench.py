"""The far side: a worker made from a recipe in another process, fed with bytes and answering with bytes.

Everything that crosses is pickled by the process that started the workers, or by the workers that it started.
"""

import pickle
import traceback
from dataclasses import dataclass
from typing import Any

from harness.errors import ExecutorError
from harness.executors.protocols import Worker


@dataclass(frozen=True)
class Failure:
    """An exception that a worker raised, to be raised again where the answers are taken."""

    error: BaseException


class Bench:
    """Opens recipes and does batches. Whatever is raised becomes an answer; nothing but a killed process ends it."""

    def __init__(self) -> None:
        self._worker: Worker[Any, Any] | None = None

    def open(self, recipe: bytes) -> bytes:
        """Makes the recipe's worker in place of the one before; a pickled None, or a Failure."""
        self._worker = None  # two heavy models at once may not fit
        try:
            self._worker = pickle.loads(recipe).open()
        except BaseException as error:  # SystemExit too: the process that asked is to see what it would see without workers
            return pickle.dumps(Failure(_portable(error)), protocol=5)
        return pickle.dumps(None, protocol=5)

    def work(self, batch: bytes) -> bytes:
        """The pickled answer to the batch, or a pickled Failure."""
        try:
            assert self._worker is not None, "a batch came before a recipe"
            return pickle.dumps(self._worker.work(pickle.loads(batch)), protocol=5)
        except BaseException as error:  # as above
            return pickle.dumps(Failure(_portable(error)), protocol=5)


def _portable(error: BaseException) -> BaseException:
    """The exception if it survives pickling as it is, else one that says the same."""
    trail = "".join(traceback.format_exception(error))
    try:
        again = pickle.loads(pickle.dumps(error))
        same = type(again) is type(error) and str(again) == str(error)
    except Exception:  # a stranger's exception may refuse in any way
        same = False
    kept = error if same else ExecutorError(f"a worker raised {type(error).__name__}: {error}")
    kept.add_note(f"In the worker:\n{trail}")
    kept.__cause__ = kept.__context__ = None
    return kept.with_traceback(None)
