"""The writing of a session: what belongs to one moment goes to the disk in one transaction, from the thread of its loop.

A thread of its own would be slower: each of SQLite's statements gives the interpreter away and waits to have it back.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.chat.store_database import Database
from harness.errors import StoreProblem

if TYPE_CHECKING:
    import sqlite3

    Job = Callable[[sqlite3.Connection], Any]

_TOGETHER = 0.001  # seconds that a job waits for others to share its transaction
_SYNC = 1.0  # seconds between two syncs to the disk


class Journal:
    """Jobs on a database, each done within a millisecond or two, many in one transaction. Belongs to the loop that runs.

    `problem` ends with the error (a StoreProblem) that makes it stop, after which no job is done.
    """

    def __init__(self, database: Database) -> None:
        self.problem: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._database = database
        self._jobs: list[tuple[Job, Callable[[Any], None]]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, job: "Job", done: Callable[[Any], None]) -> None:
        """Does the job soon; `done` gets its result once it is written, and is not called where it could not be."""
        self._jobs.append((job, done))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TOGETHER, self.flush)

    async def result(self, job: "Job", unwanted: Callable[[Any], None]) -> Any:
        """The result of the job, once it is written; `unwanted` gets it where whoever waited was cancelled meanwhile."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def done(result: Any) -> None:
            if future.done():
                unwanted(result)
            else:
                future.set_result(result)

        self.add(job, done)
        return await future

    def flush(self) -> None:
        """Does all jobs now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        jobs, self._jobs = self._jobs, []
        if not jobs or self.problem.done():
            return
        try:
            results = self._database.write(lambda db: [job(db) for job, _ in jobs])
        except Exception as error:  # whatever it is, those who wait must hear of it: it ends the session
            self.problem.set_exception(error)
            return
        for (_, done), result in zip(jobs, results, strict=True):
            done(result)

    async def keep_synced(self) -> None:
        """Syncs to the disk once a second, beside the loop, until cancelled."""
        while True:
            await asyncio.sleep(_SYNC)
            try:
                await asyncio.to_thread(self._database.sync)
            except StoreProblem as problem:
                if not self.problem.done():
                    self.problem.set_exception(problem)
