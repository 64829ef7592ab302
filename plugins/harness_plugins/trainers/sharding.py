"""Processes that each hold a part of the model, its gradients and its optimizer (FSDP, PyTorch's `fully_shard`).

Weights are put together layer by layer while a layer computes. Every process has to make as many passes as the others, so one
whose share of a step is cut into fewer micro-batches makes passes that count nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harness.errors import PluginError
from harness_plugins.trainers.distributed import Processes, _summed
from harness_plugins.trainers.steps import body_of


class Sharded(Processes):
    """Processes of which each holds a part of the model."""

    def prepared(self, learner: Any) -> Any:
        """The learner, its layers and what remains of it cut up; gradients are summed, not averaged."""
        from torch.distributed.device_mesh import init_device_mesh

        try:
            from torch.distributed.fsdp import fully_shard
        except ImportError as error:
            raise PluginError("parallel: fsdp needs PyTorch 2.8 or later; update it, or set parallel: ddp") from error

        _check_plain(learner)
        body_of(learner.model)  # looks at the model's parts while they are whole
        mesh = init_device_mesh(next(learner.parameters()).device.type, (self.world,))
        for layer in _layers(learner.model):
            fully_shard(layer, mesh=mesh)
        fully_shard(learner, mesh=mesh)
        for part in _parts(learner):
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)  # gloo multiplies nothing
        return learner

    def accumulate(self, learner: Any, shares: Sequence[Sequence[Any]], tokens: int, units: int) -> Any:
        """The gradient of a step, summed over the processes; the loss is of this process's share."""
        import torch

        cut = [learner.batches(share, tokens) for share in shares]
        spare = min((row for share in shares for row in share), key=lambda row: len(row.tokens))
        losses = [torch.zeros((), device=next(learner.parameters()).device)]
        for number in range(max(map(len, cut))):
            mine = cut[self.rank]
            counts = number < len(mine)
            loss = learner(mine[number] if counts else [spare]) * (1 / units if counts else 0.0)
            loss.backward()
            losses.append(loss.detach())
        return sum(losses[1:], losses[0])

    def share(self, parameters: Sequence[Any], loss: Any) -> Any:
        """The loss summed over the processes; gradients are already."""
        return _summed(loss, parameters[0].device)

    def clip(self, parameters: Sequence[Any], most: float) -> Any:
        """As one process does it, the norm being that of all parts together."""
        return _full(super().clip(parameters, most))

    @contextmanager
    def whole(self, learner: Any) -> Iterator[None]:
        """Each process holds all weights meanwhile, without gradients and optimizer."""
        for part in _parts(learner):
            part.set_reshard_after_forward(False, recurse=False)
            part.unshard()
        try:
            yield
        finally:
            for part in _parts(learner):
                part.reshard()
                part.set_reshard_after_forward(part is not learner, recurse=False)  # as `fully_shard` has it

    def weights(self, trainable: dict[str, Any]) -> dict[str, Any]:
        """The tensors, put together one by one, in the first process's main memory."""
        found = {}
        for key, tensor in trainable.items():
            full = _full(tensor.detach())
            if self.rank == 0:
                found[key] = full.cpu()
        return found

    def put_weights(self, tensors: Any, trainable: dict[str, Any]) -> None:
        """Each process takes its part."""
        import torch
        from torch.distributed.tensor import DTensor, distribute_tensor

        with torch.no_grad():
            for key, mine in trainable.items():
                full = tensors[key].to(device=mine.device, dtype=mine.dtype)
                if isinstance(mine, DTensor):
                    full = distribute_tensor(full, mine.device_mesh, mine.placements, src_data_rank=None)
                mine.copy_(full)

    def assembled(self, model: Any, again: Any) -> Any:
        """The model loaded once more, in main memory, with what was learned; the parts themselves in the other processes."""
        learned = self.weights({name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad})
        if self.rank:
            return model
        whole = again()
        Processes().put_weights(learned, {name: one for name, one in whole.named_parameters() if name in learned})
        return whole


def _full(tensor: Any) -> Any:
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def _parts(learner: Any) -> list[Any]:
    from torch.distributed.fsdp import FSDPModule

    return [module for module in learner.modules() if isinstance(module, FSDPModule)]


def _layers(model: Any) -> list[Any]:
    """The model's repeated layers: those that transformers says are not to be split, else its longest list of modules."""
    from torch.nn import ModuleList

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    names = set(getattr(inner, "_no_split_modules", None) or ())
    named = [module for module in inner.modules() if type(module).__name__ in names]
    lists = [module for module in inner.modules() if isinstance(module, ModuleList)]
    return named or list(max(lists, key=len, default=[]))


def _check_plain(learner: Any) -> None:
    quantised = [name for name, parameter in learner.named_parameters() if hasattr(parameter, "quant_state")]
    if quantised:
        raise PluginError(
            f"the weights are quantised ({quantised[0]} and others), and such weights cannot be cut up: set parallel: ddp"
        )
