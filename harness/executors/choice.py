"""Which executor a user asks for, and the executor itself."""

from typing import Literal

import msgspec

from harness.errors import HarnessError
from harness.executors.protocols import Executor

_A_CORE = 16  # processes a core: more take minutes to start, gigabytes, and gain nothing
Name = Literal["auto", "serial", "local", "ray"]


class ExecutorChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where work on batches is done. It changes no result.

    `name`: `auto` begins in this process and takes processes of this machine where they pay, `serial` is this process, `local`
    processes of this machine, `ray` a Ray cluster. `workers`: how many, by default every core (or CPU of the cluster).
    Metrics and generators that cost money stay in this process, those that want a GPU too unless `workers` or a Ray cluster is
    named.
    `ray_address`: HOST:PORT of the cluster's head; by default RAY_ADDRESS, else Ray runs on this machine alone.
    """

    name: Name = "auto"
    workers: int | None = None
    ray_address: str | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"`workers` must be at least 1, got {self.workers}")
        if self.workers is not None and self.name == "serial":
            raise ValueError("`workers` goes with the executors auto, local and ray: serial has none")
        if self.ray_address is not None and self.name != "ray":
            raise ValueError(f"`ray_address` goes with the executor ray, not with {self.name}")


def make_choice(**given: object) -> ExecutorChoice:
    """The choice of these fields, those that are None left out; HarnessError says what does not fit."""
    fields = {key: value for key, value in given.items() if value is not None}
    if "ray_address" in fields:
        fields.setdefault("name", "ray")
    try:
        return msgspec.convert(fields, ExecutorChoice)
    except msgspec.ValidationError as error:
        raise HarnessError(f"executor: {error}") from error


def make_executor(choice: ExecutorChoice) -> Executor:
    """The executor; nothing is started before it has a job."""
    from harness.executors.processes import LocalExecutor, usable_cores

    most = _A_CORE * usable_cores()
    if choice.name in ("auto", "local") and (choice.workers or 1) > most:
        raise HarnessError(
            f"executor: {choice.workers} workers are more than {_A_CORE} for each of the {usable_cores()} cores of this machine; "
            f"give at most {most}, or leave `workers` out for one a core"
        )
    if choice.name == "serial":
        from harness.executors.serial import SerialExecutor

        return SerialExecutor()
    if choice.name == "ray":
        from harness.executors.ray_cluster import RayExecutor

        return RayExecutor(choice.workers, choice.ray_address)
    if choice.name == "local":
        return LocalExecutor(choice.workers or usable_cores(), ("cpu",) if choice.workers is None else ("cpu", "gpu"))
    from harness.executors.auto import AutoExecutor

    return AutoExecutor(choice.workers or usable_cores())
