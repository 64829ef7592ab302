"""Workers on a Ray cluster: an actor a CPU (or a GPU), each with its own worker; a lost node costs what was under way on it."""

import logging
import os
import pickle
import re
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from harness.errors import ExecutorError, MissingExtra
from harness.executors.bench import Bench
from harness.executors.crew import Answered, Event, Lost, Opened, in_order
from harness.executors.processes import THREADS, usable_cores
from harness.executors.protocols import AnswerT, BatchT, Job
from harness.executors.same_code import check_same, code_of
from harness.executors.serial import SerialExecutor
from harness.plugins import ENVIRONMENT

AT_HAND = 2  # batches an actor has at a time: the one it does, and the next, which comes over the network meanwhile
PATIENCE = 300.0  # seconds without any living worker after which a run stops
_ANSWERS_WITHIN = 10.0  # seconds for a cluster's head to take a connection
_OBJECT_STORE = 100 * 2**20  # bytes, of an instance that we start: batches and answers are small
_log = logging.getLogger("harness.executors")


class RayExecutor:
    """Does batches in actors of a Ray cluster: that of `address` (or RAY_ADDRESS), else one started here, for this machine only.

    `workers` None takes every CPU of the cluster. The batches, the recipe and plain plugin files travel with the tasks: no folder
    is shared. Jobs that cannot leave this process, or that cost money, are done here.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self.workers = workers
        self.address = address or os.environ.get("RAY_ADDRESS") or None
        self._alone = self.address in (None, "local")
        self._here = SerialExecutor()
        self._crew: RayCrew | None = None
        self._ours = False

    def map(self, job: Job[BatchT, AnswerT], batches: Iterable[BatchT]) -> Iterator[AnswerT]:
        """The answers in the batches' order."""
        if job.recipe is None or job.cost == "paid":
            return self._here.map(job, batches)
        return self._map(job, batches)

    def __enter__(self) -> "RayExecutor":
        _ray(self._alone)  # a missing package is said before anything is computed
        return self

    def __exit__(self, *error: object) -> None:
        if self._crew is not None:
            self._crew.close()
        if self._ours:
            _ray().shutdown()
        self._crew, self._ours = None, False

    def _map(self, job: Job[BatchT, AnswerT], batches: Iterable[BatchT]) -> Iterator[AnswerT]:
        source = iter(batches)
        for first in source:  # Ray starts with the first batch: where all is saved, there is none
            if self._crew is None:
                self._ours = _connect(self.address, self.workers)
                self._crew = RayCrew(self.workers, elsewhere=not self._alone)
            yield from in_order(self._crew, job, chain([first], source))


@dataclass
class _Hand:
    """One actor: `at_hand` are its batches in order, with the reference to each answer."""

    actor: Any
    opening: Any
    at_hand: deque[tuple[int, Any]] = field(default_factory=deque)
    opened: bool = False


class RayCrew:
    """Actors on a cluster. One that is lost is replaced by another, which begins as soon as the cluster has a CPU for it."""

    deaths = 3  # nodes of a cluster come and go for reasons of their own

    def __init__(self, workers: int | None, elsewhere: bool) -> None:
        """`elsewhere`: the actors may run other code than this process, and it is to be compared."""
        self._ray = _ray()
        self._workers = workers
        self._elsewhere = elsewhere
        self._code: dict[str, str] = {}
        self._recipe: Any = None
        self._options: dict[str, Any] = {}
        self._packages: tuple[str, ...] = ()
        self._hands: list[_Hand] = []
        self._label = ""

    def begin(self, job: Job[Any, Any]) -> int:
        """Every actor opens the recipe; the number of actors."""
        gpus = int(self._ray.cluster_resources().get("GPU", 0)) if job.cost == "gpu" else 0
        threads = 1 if gpus else job.threads
        options = {"num_cpus": threads, "num_gpus": min(1, gpus), "max_restarts": 0, "max_task_retries": 0}
        if options != self._options:
            self.close()
        self._options, self._label = options, job.label
        self._packages = tuple(sorted({"harness", *job.packages})) if self._elsewhere else ()
        self._code.update(code_of(name for name in self._packages if name not in self._code))  # once: it may change on disk
        self._recipe = self._ray.put(pickle.dumps(job.recipe, protocol=5))
        size = self._workers or gpus or self._room(1)
        size = size if threads == 1 else min(size, self._room(threads))
        for hand in self._hands:
            hand.opened, hand.opening = False, hand.actor.open.remote(self._recipe, self._packages)
            hand.at_hand.clear()
        while len(self._hands) < size:
            self._start()
        return size

    def _room(self, threads: int) -> int:
        """Actors of so many threads that find as many CPUs on one node; ExecutorError where no node has that many."""
        cpus = [int(node["Resources"].get("CPU", 0)) for node in self._ray.nodes() if node["Alive"]]
        room, most = sum(each // threads for each in cpus), max(cpus, default=0)
        if threads > 1 and not room:
            raise ExecutorError(
                f"{self._label}: it computes with {threads} threads here, on which last digits depend, and no node of the Ray "
                f"cluster has more than {most} CPUs; set OMP_NUM_THREADS={max(1, most)} for this command, and for others that "
                "are to give the same results"
            )
        return max(1, room)

    def has_room(self) -> bool:
        """Whether an actor that has opened the recipe can take a batch: a second one only once all have begun."""
        most = AT_HAND if all(hand.opened for hand in self._hands) else 1
        return any(hand.opened and len(hand.at_hand) < most for hand in self._hands)

    def send(self, index: int, batch: bytes) -> None:
        """Gives the batch to the open actor that has the least to do."""
        hand = min((hand for hand in self._hands if hand.opened), key=lambda one: len(one.at_hand))
        hand.at_hand.append((index, hand.actor.work.remote(batch)))

    def wait(self) -> Sequence[Event]:
        """What the actors say, waiting until one answers or is lost; ExecutorError if the cluster has had none for `PATIENCE`."""
        owners = {}
        for hand in self._hands:
            refs = [hand.opening] if not hand.opened else [ref for _, ref in hand.at_hand]
            owners.update({ref: hand for ref in refs})
        alone_since = time.monotonic()
        while True:
            ready, _ = self._ray.wait(list(owners), num_returns=1, timeout=10)
            if ready:
                return self._hear(owners[ready[0]], ready[0])
            if any(hand.opened for hand in self._hands):
                alone_since = time.monotonic()
            elif time.monotonic() - alone_since > PATIENCE:
                raise ExecutorError(
                    f"{self._label}: the Ray cluster has had no free CPU for {PATIENCE:.0f} s; what was finished is kept: start "
                    "its nodes again (`ray status` lists them) and give the same command"
                )

    def abandon(self) -> None:
        """Kills the actors that have batches."""
        for hand in [hand for hand in self._hands if hand.at_hand or not hand.opened]:
            self._remove(hand)

    def close(self) -> None:
        """Kills all actors."""
        while self._hands:
            self._remove(self._hands[-1])

    def _hear(self, hand: _Hand, ref: Any) -> list[Event]:
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(ref)
        except (errors.RayActorError, errors.ObjectLostError, errors.NodeDiedError, errors.WorkerCrashedError) as error:
            why = _first_line(error)
            if getattr(error, "actor_init_failed", False):
                raise ExecutorError(
                    f"{self._label}: a worker of the Ray cluster cannot begin: {_cause(error)}. Every node needs the same "
                    "version of Python, of this package and of the packages that plugins come from"
                ) from error
            _log.warning("%s: a worker of the Ray cluster was lost: %s", self._label, why)
            self._remove(hand)
            self._start()
            return [Lost(why, tuple(index for index, _ in hand.at_hand))]
        if not hand.opened:
            opened, where, code = answer
            check_same(self._label, {name: self._code[name] for name in self._packages}, code, where)
            hand.opened = True
            return [Opened(opened)]
        [index] = [index for index, one in hand.at_hand if one == ref]
        hand.at_hand = deque((index, one) for index, one in hand.at_hand if one != ref)
        return [Answered(index, answer)]

    def _start(self) -> None:
        actor = self._ray.remote(**self._options)(RayBench).remote(THREADS, os.getcwd())
        self._hands.append(_Hand(actor, actor.open.remote(self._recipe, self._packages)))

    def _remove(self, hand: _Hand) -> None:
        self._hands.remove(hand)
        self._ray.kill(hand.actor)


class RayBench:
    """What an actor does: a bench whose libraries use one thread, for the other CPUs have actors of their own."""

    def __init__(self, threads: Sequence[str], folder: str) -> None:
        """`folder`: where the sender stands, from which relative paths are meant; one that is not there is not gone to."""
        if Path(folder).is_dir():
            os.chdir(folder)
        os.environ.pop(ENVIRONMENT, None)  # the files that a recipe needs travel with it
        for name in threads:
            os.environ[name] = "1"
        self._bench = Bench()

    def open(self, recipe: bytes, packages: Sequence[str]) -> tuple[bytes, str, dict[str, str]]:
        """What the bench says of the recipe, this machine's name, and the code that it runs."""
        import platform

        return self._bench.open(recipe), platform.node(), code_of(packages)

    def work(self, batch: bytes) -> bytes:
        """The pickled answer to the batch."""
        return self._bench.work(batch)


def _connect(address: str | None, workers: int | None) -> bool:
    """Joins the cluster; True if this process is to leave it again."""
    alone = address in (None, "local")
    ray = _ray(alone)
    if ray.is_initialized():
        return False
    of_our_own = {
        "num_cpus": max(workers or 1, usable_cores()),
        "object_store_memory": _OBJECT_STORE,
        "include_dashboard": False,
        "_node_ip_address": "127.0.0.1",
    }
    _to_the_log(ray)
    try:
        _knock(address)
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **(of_our_own if alone else {}))
    except (OSError, RuntimeError, ValueError) as error:
        where = "can be started" if alone else f"at {address!r} can be reached"
        raise ExecutorError(
            f"no Ray cluster {where}: {_first_line(error)}. This machine must itself be a node of the cluster (`ray start "
            "--address=HEAD:6379`), and --ray-address names the cluster; without one, Ray runs on this machine alone"
        ) from error
    return True


def _knock(address: str | None) -> None:
    """Raises OSError if nothing listens at HOST:PORT: Ray would go on trying for minutes."""
    found = re.fullmatch(r"(?P<host>[^/]+):(?P<port>\d+)", address or "")
    if found:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=_ANSWERS_WITHIN).close()


def _ray(alone: bool = False) -> Any:
    """The package. `alone`: it is to serve this machine only."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else a warning a process
    if alone:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # read at import: without it Ray listens to the whole network
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "--executor ray needs the package 'ray'; install it with: pip install 'metaeval-harness[distributed]'"
        ) from error
    return ray


def _to_the_log(ray: Any) -> None:
    """What the cluster reports goes to the log: Ray prints it to stdout, where results belong, and has no switch for it."""
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = _log_lines


def _log_lines(data: Any, ignore_prefix: bool = False) -> None:
    for line in data.get("lines", ()):
        _log.info("ray: %s", line)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _cause(error: BaseException) -> str:
    """The exception that a remote traceback ends in."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (named or lines or [type(error).__name__])[-1]
