"""The processes that share every step of a training: what each does with gradients, and how a whole state is put together."""

import atexit
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from harness.errors import InputError
from harness_plugins.trainers.exchange import BUCKET, Exchange
from harness_plugins.trainers.steps import accumulate

PARALLEL = ("auto", "ddp", "fsdp")
_EXCHANGE = "_harness_exchange"  # where a learner keeps its buckets from step to step
_LONGEST_WAIT = 4  # hours: the others wait while the first process asks a metric
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Processes:
    """The processes that share every step; one alone by default. Each holds the whole model, as in DDP. `bucket`: numbers of the
    gradient that are summed in one exchange."""

    rank: int = 0
    world: int = 1
    bucket: int = BUCKET

    def wait(self) -> None:
        """Returns when every process has come here."""
        if self.world > 1:
            import torch.distributed as dist

            dist.barrier()

    def prepared(self, learner: Any) -> Any:
        """The learner as this process trains it, made before the optimizer is."""
        return learner

    def accumulate(self, learner: Any, shares: Sequence[Sequence[Any]], tokens: int, units: int) -> Any:
        """The gradient of a step, summed over the processes; the loss is of this process's share. `shares`: the rows of each."""
        if self.world == 1:
            return accumulate(learner, shares[self.rank], tokens, units)
        exchange: Exchange = learner.__dict__.get(_EXCHANGE) or Exchange(_learned(learner), self.bucket)
        learner.__dict__[_EXCHANGE] = exchange  # past torch's registry of submodules
        loss = accumulate(learner, shares[self.rank], tokens, units, last=exchange.backward)
        exchange.finish()
        return loss

    def share(self, parameters: Sequence[Any], loss: Any) -> Any:
        """The loss (a scalar tensor) summed over the processes; gradients are already."""
        return loss if self.world == 1 else _summed(loss, parameters[0].device)

    def clip(self, parameters: Sequence[Any], most: float) -> Any:
        """Scales the gradients down to the norm `most` where theirs is larger; the norm before, a scalar tensor."""
        import torch

        return torch.nn.utils.clip_grad_norm_(parameters, most)

    def whole(self, learner: Any) -> Any:
        """A context in which each process may ask the model by itself, as often as it likes, without gradients."""
        return nullcontext()

    def weights(self, trainable: dict[str, Any]) -> dict[str, Any]:
        """The tensors of the parameters, whole, in the first process (nothing in the others). Every process calls it."""
        return {key: parameter.detach() for key, parameter in trainable.items()} if self.rank == 0 else {}

    def put_weights(self, tensors: Any, trainable: dict[str, Any]) -> None:
        """Puts tensors by name into the parameters."""
        import torch

        with torch.no_grad():
            for key, parameter in trainable.items():
                parameter.copy_(tensors[key])

    def state(self, trainable: dict[str, Any], optimizer: Any) -> dict[str, Any]:
        """The whole training state as tensors by name, in the first process (nothing in the others): `model.NAME` and the
        optimizer's `MOMENT.NAME`. Every process calls it; however many there are, the state is the same."""
        tensors = {f"model.{key}": value for key, value in self.weights(trainable).items()}
        for moment in _MOMENTS:
            held = {key: optimizer.state[parameter] for key, parameter in trainable.items()}
            named = {key: state[moment] for key, state in held.items() if moment in state}  # none where nothing was learned
            tensors |= {f"{moment}.{key}": value for key, value in self.weights(named).items()}
        return tensors

    def put(self, tensors: Any, trainable: dict[str, Any], optimizer: Any) -> None:
        """Puts such a state in place."""
        import torch

        # a fused optimizer counts its steps on the device, any other on the CPU
        fused = {id(one) for group in optimizer.param_groups if group.get("fused") for one in group["params"]}
        for key, parameter in trainable.items():
            self.put_weights({key: tensors[f"model.{key}"]}, {key: parameter})
            if f"step.{key}" not in tensors:
                continue
            moments = {moment: torch.zeros_like(parameter) for moment in _MOMENTS[1:]}
            self.put_weights({moment: tensors[f"{moment}.{key}"] for moment in moments}, moments)
            step = tensors[f"step.{key}"].clone()
            optimizer.state[parameter] = {"step": step.to(parameter.device) if id(parameter) in fused else step, **moments}

    def assembled(self, model: Any, again: Any) -> Any:
        """The model, whole, in the first process. `again()` loads it as it was before the training."""
        return model

    def gather(self, value: Any) -> list[Any]:
        """What each process gives (anything that pickle takes), in their order, in all of them."""
        if self.world == 1:
            return [value]
        import torch.distributed as dist

        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value)
        return found

    def of_first(self, value: Any) -> Any:
        """What the first process gives, in all of them."""
        if self.world == 1:
            return value
        import torch.distributed as dist

        held = [value]
        dist.broadcast_object_list(held, src=0)
        return held[0]


@contextmanager
def joined(parallel: str = "auto") -> Iterator[Processes]:
    """The processes that `torchrun` or `accelerate launch` started, joined until they end; this one alone otherwise.

    `parallel`: `ddp` (each holds the whole model), `fsdp` (each holds a part), or `auto`: what `accelerate launch` was told, else
    `ddp`. Raises InputError where several processes were wanted and one was started.
    """
    if int(os.environ.get("WORLD_SIZE") or 1) < 2:
        _check_alone()
        yield Processes()
        return
    from datetime import timedelta

    import torch
    import torch.distributed as dist

    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK") or 0) % torch.cuda.device_count())
    if not dist.is_initialized():
        # once and for all trainings of a command: a group made anew may find the addresses of the one before, and wait for ever
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=timedelta(hours=_LONGEST_WAIT))
        atexit.register(dist.destroy_process_group)
    yield _kind(parallel)(dist.get_rank(), dist.get_world_size())


def _kind(parallel: str) -> type[Processes]:
    asked = (os.environ.get("ACCELERATE_USE_FSDP") or "").lower() in ("1", "true", "yes")
    if parallel == "ddp" or (parallel == "auto" and not asked):
        return Processes
    from harness_plugins.trainers.sharding import Sharded

    return Sharded


def _check_alone() -> None:
    """`accelerate launch --cpu --num_processes 2` starts one process and says nothing (accelerate 1.15, without MPI)."""
    told = (os.environ.get("ACCELERATE_USE_CPU") or "").lower() in ("1", "true", "yes")
    if told and os.environ.get("MASTER_ADDR") and "WORLD_SIZE" not in os.environ:
        raise InputError(
            "accelerate launch was asked for several processes, and with --cpu it starts one; use `torchrun --nproc-per-node N "
            "-m harness train CONFIG`, or accelerate launch with --multi_gpu or --use_fsdp in place of --cpu"
        )


def _learned(learner: Any) -> list[Any]:
    return [parameter for parameter in learner.model.parameters() if parameter.requires_grad]


def _summed(loss: Any, device: Any) -> Any:
    import torch
    import torch.distributed as dist

    shared = loss.to(device=device, dtype=torch.float64)
    dist.all_reduce(shared)
    return shared
