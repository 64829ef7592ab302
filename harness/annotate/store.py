"""Answers of raters, on disk before they are acknowledged: SQLite by default, PostgreSQL by URL.

Every method is one transaction and may be called from any thread and from several processes at once.
"""

from pathlib import Path

from harness.annotate.study import Study
from harness.annotate.views import Answers, Progress, Rater, Saved, Task


def open_store(study: Study, url: str | None = None) -> "Store":
    """The study's store: opened where it is, made where it is not (then the items are read and the study's raters are added).

    `url`: an SQLAlchemy URL or the path of an SQLite file; None is `annotations/<study name>.sqlite`. Raises InputError if the
    database holds another study, or this one with other items or criteria.
    """
    raise NotImplementedError


class Store:
    """One study's raters, tasks and answers."""

    study: Study

    def add_rater(self, pseudonym: str) -> str:
        """Adds a rater and their tasks; returns the token of their link (256 random bits, stored only as a hash)."""
        raise NotImplementedError

    def new_token(self, pseudonym: str) -> str:
        """A new token for a rater whose link is lost; the old one stops working."""
        raise NotImplementedError

    def new_owner_token(self) -> str:
        """A new token for the owner's page; the old one stops working."""
        raise NotImplementedError

    def is_owner(self, token: str) -> bool:
        """Whether this is the owner's token."""
        raise NotImplementedError

    def rater_by_token(self, token: str) -> Rater | None:
        """The rater whose link this is; None for any other text."""
        raise NotImplementedError

    def raters(self) -> list[Rater]:
        """All raters, in the order in which they were added."""
        raise NotImplementedError

    def record_consent(self, rater: Rater, language: str | None = None, how: str = "page") -> Rater:
        """Notes that the rater agreed to the study's consent text (its sha256, the time, the language shown); once is enough."""
        raise NotImplementedError

    def tasks_of(self, rater: Rater) -> list[Task]:
        """All tasks in the rater's order, with their last answers; raises ConsentNeeded before consent."""
        raise NotImplementedError

    def next_task(self, rater: Rater) -> Task | None:
        """The first task without an answer; None when all are done; raises ConsentNeeded before consent."""
        raise NotImplementedError

    def task(self, rater: Rater, position: int) -> Task:
        """The task at a position from 1, to look at again or change; raises UnknownTask, or NotYet beyond `next_task`."""
        raise NotImplementedError

    def save_answer(
        self,
        rater: Rater,
        task_id: str,
        answers: Answers,
        *,
        client_id: str,
        client_time: str | None = None,
        seconds: float | None = None,
        note: str | None = None,
    ) -> Saved:
        """Stores an answer; it is on disk when this returns, and sending the same `client_id` again stores nothing twice.

        `client_id` is made by the page, one for each submission (a UUID); a changed answer is a new submission with a new one:
        history is kept and the last one counts. `seconds`: time the task was in view. Raises ConsentNeeded, UnknownTask, NotYet,
        InvalidAnswers (naming the criteria) or ClientIdReused.
        """
        raise NotImplementedError

    def progress(self, rater: Rater) -> Progress:
        """How far the rater is."""
        raise NotImplementedError

    def delete_rater(self, pseudonym: str) -> int:
        """Erases a rater and everything they said; returns the number of answers erased. The audit keeps the bare fact."""
        raise NotImplementedError

    def close(self) -> None:
        """Gives the connections back."""


def default_path(study: Study) -> Path:
    """Where a study's SQLite file lies unless the owner says otherwise."""
    return Path("annotations") / f"{study.name}.sqlite"
