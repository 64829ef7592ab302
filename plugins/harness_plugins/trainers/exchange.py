"""Gradients summed over processes in buckets, each as soon as the backward pass has made it, while the pass goes on.

Gradients are made from the model's last layers to its first, so the buckets are filled in that order. All processes start their
sums in one and the same order, whatever was ready first: a sum that waits for another one's turn would wait for ever. Buckets
depend on the parameters alone, so that a training that goes on adds as the one before it did.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

BUCKET = 2**22  # numbers of a bucket: 16 MiB in float32
Start = Callable[[list[Any]], Callable[[], None]]


class Exchange:
    """The gradients of `parameters`, in buckets of `size` numbers. `start` begins the sum of some tensors over the processes, and
    gives what waits for it and puts it in place."""

    def __init__(self, parameters: Sequence[Any], size: int = BUCKET, start: Start | None = None) -> None:
        self._buckets = list(buckets(list(reversed(parameters)), size))
        self._bucket_of = {parameter: place for place, bucket in enumerate(self._buckets) for parameter in bucket}
        self._start = start or sum_over_processes
        self._at_once = False  # whether every gradient is whole when it is first touched: seen in the first step
        self._touched: dict[Any, int] = {}
        self._missing: list[int] = []
        self._waits: list[Callable[[], None]] = []

    def backward(self, loss: Any) -> None:
        """The backward pass behind which no other adds to the gradients of this step."""
        self._touched, self._waits = {}, []
        self._missing = [len(bucket) for bucket in self._buckets]
        hooks = [parameter.register_post_accumulate_grad_hook(self._made) for parameter in self._bucket_of]
        try:
            loss.backward()
        finally:
            for hook in hooks:
                hook.remove()
        self._at_once = max(self._touched.values(), default=1) == 1

    def finish(self) -> None:
        """Returns when every gradient is its sum over the processes; one that none of them made stays away, as with one process:
        an optimizer would let such a parameter decay. Each process calls it once a step."""
        import torch

        parameters = list(self._bucket_of)
        made = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=torch.float32)
        made = made.to(parameters[0].device)
        for place in range(len(self._waits), len(self._buckets)):
            for parameter in self._buckets[place]:
                if parameter.grad is None:  # nothing of this process's share reached it
                    parameter.grad = torch.zeros_like(parameter)
            self._begin(place)
        self._waits.append(self._start([made]))
        for wait in self._waits:
            wait()
        self._waits = []
        for parameter, by in zip(parameters, made.tolist(), strict=True):
            if not by:
                parameter.grad = None

    def _made(self, parameter: Any) -> None:
        """A gradient was added to: where that was the last of its bucket, and the buckets before it are on their way, it goes."""
        self._touched[parameter] = self._touched.get(parameter, 0) + 1
        if not self._at_once:
            return
        if self._touched[parameter] > 1:
            raise RuntimeError(f"a gradient of the shape {tuple(parameter.shape)} was added to behind its exchange")
        self._missing[self._bucket_of[parameter]] -= 1
        while len(self._waits) < len(self._buckets) and not self._missing[len(self._waits)]:
            self._begin(len(self._waits))

    def _begin(self, place: int) -> None:
        self._waits.append(self._start([parameter.grad for parameter in self._buckets[place]]))


def buckets(tensors: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """The tensors in order, in groups of one type that hold `size` numbers at most; a larger tensor stands alone."""
    held: list[Any] = []
    for tensor in tensors:
        if held and (tensor.dtype != held[0].dtype or sum(one.numel() for one in held) + tensor.numel() > size):
            yield held
            held = []
        held.append(tensor)
    if held:
        yield held


def sum_over_processes(tensors: list[Any]) -> Callable[[], None]:
    """Begins the sum of each tensor over the processes; what it gives waits until it is in place."""
    import torch
    import torch.distributed as dist

    if len(tensors) == 1 and tensors[0].is_contiguous():
        work: Any = dist.all_reduce(tensors[0], async_op=True)
        return lambda: work.wait()
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    work = dist.all_reduce(flat, async_op=True)

    def put() -> None:
        work.wait()
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    return put
