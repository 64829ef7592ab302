"""The processes that share every step of a training: what each does with gradients, and how a whole state is put together."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Processes:
    """The processes that share every step; one alone by default. Each holds the whole model, as in DDP."""

    rank: int = 0
    world: int = 1

    def wait(self) -> None:
        """Returns when every process has come here."""
        if self.world > 1:
            import torch.distributed as dist

            dist.barrier()

    def prepared(self, learner: Any) -> Any:
        """The learner as this process trains it, made before the optimizer is."""
        return learner

    def share(self, parameters: Sequence[Any], loss: Any) -> Any:
        """Sums gradients and loss (a scalar tensor) over the processes: each holds its share of one mean over the step."""
        if self.world == 1:
            return loss
        import torch
        import torch.distributed as dist

        for parameter in parameters:
            if parameter.grad is None:  # a process whose share of a small step was empty
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)
        shared = loss.to(device=parameters[0].device, dtype=torch.float64)
        dist.all_reduce(shared)
        return shared

    def clip(self, parameters: Sequence[Any], most: float) -> Any:
        """Scales the gradients down to the norm `most` where theirs is larger; the norm before, a scalar tensor."""
        import torch

        return torch.nn.utils.clip_grad_norm_(parameters, most)

    def state(self, trainable: dict[str, Any], optimizer: Any) -> dict[str, Any]:
        """The whole training state as tensors by name: `model.NAME` and the optimizer's `MOMENT.NAME`. Every process calls it."""
        tensors = {f"model.{key}": parameter.detach() for key, parameter in trainable.items()}
        for key, parameter in trainable.items():
            tensors |= {f"{moment}.{key}": value.detach() for moment, value in optimizer.state[parameter].items()}
        return tensors

    def put(self, tensors: dict[str, Any], trainable: dict[str, Any], optimizer: Any) -> None:
        """Puts such a state in place."""
        import torch

        with torch.no_grad():
            for key, parameter in trainable.items():
                parameter.copy_(tensors[f"model.{key}"])
                optimizer.state[parameter] = {
                    moment: tensors[f"{moment}.{key}"].to(parameter.device) for moment in ("step", "exp_avg", "exp_avg_sq")
                }


@contextmanager
def joined() -> Iterator[Processes]:
    """The processes that `torchrun` started, joined; this one alone otherwise."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield Processes()
        return
    import torch
    import torch.distributed as dist

    mine = not dist.is_initialized()
    if mine:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        if mine:
            dist.destroy_process_group()
