"""Gradients go to the other processes in a fixed order while they are made, and whole."""

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs metaeval-harness[train]")

from harness_plugins.trainers.exchange import Exchange, buckets  # noqa: E402


class Other:
    """Another process with the very same gradients; keeps what was sent, and how much of the pass was done by then."""

    def __init__(self, model: Any) -> None:
        self.model, self.sent, self.unmade = model, [], []

    def start(self, tensors: list[Any]) -> Callable[[], None]:
        self.sent.append([tuple(tensor.shape) for tensor in tensors])
        self.unmade.append(sum(parameter.grad is None for parameter in self.model.parameters()))

        def wait() -> None:
            for tensor in tensors:
                tensor.mul_(2)

        return wait


def layers() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(*(torch.nn.Linear(4, 4, bias=False) for _ in range(3)))


def stepped(model: Any, exchange: Exchange, loss: Any) -> list[Any]:
    """The gradients of a step."""
    model.zero_grad(set_to_none=True)
    exchange.backward(loss)
    exchange.finish()
    return [None if parameter.grad is None else parameter.grad.clone() for parameter in model.parameters()]


def test_the_last_layers_go_while_the_first_are_computed() -> None:
    model, inputs = layers(), torch.ones(2, 4)
    other = Other(model)
    exchange = Exchange(list(model.parameters()), size=16, start=other.start)
    wanted = torch.autograd.grad(model(inputs).sum(), list(model.parameters()))
    for unmade in ([0, 0, 0], [2, 1, 0]):  # the first step finds out whether it may
        found = stepped(model, exchange, model(inputs).sum())
        assert other.unmade[-4:-1] == unmade
        for one, gradient in zip(found, wanted, strict=True):
            assert torch.equal(one, 2 * gradient)


def test_a_gradient_that_is_added_to_twice_in_one_pass_goes_behind_it() -> None:
    """A layer that stands twice in a model whose activations are computed again, each time in a pass of its own."""
    from torch.utils.checkpoint import checkpoint

    layer = torch.nn.Linear(4, 4, bias=False)
    inputs = torch.ones(2, 4, requires_grad=True)
    other = Other(layer)
    exchange = Exchange(list(layer.parameters()), start=other.start)

    def loss() -> Any:
        once = checkpoint(layer, inputs, use_reentrant=True)
        return checkpoint(layer, once, use_reentrant=True).sum()

    [wanted] = torch.autograd.grad(layer(layer(inputs)).sum(), [layer.weight])
    for _ in range(3):
        [found] = stepped(layer, exchange, loss())
        torch.testing.assert_close(found, 2 * wanted)


def test_what_no_process_reached_has_no_gradient_and_keeps_its_turn() -> None:
    model, inputs = layers(), torch.ones(2, 4)
    other = Other(model)
    exchange = Exchange(list(model.parameters()), size=16, start=other.start)
    for _ in range(2):
        found = stepped(model, exchange, model[0](inputs).sum())  # the last two layers are not asked
        assert [one is not None and bool(one.any()) for one in found] == [True, False, False]
        assert [one is None for one in found] == [False, True, True]  # as with one process: nothing decays
    sizes = [[(4, 4)], [(4, 4)], [(4, 4)], [(3,)]]
    assert other.sent == 2 * sizes
    exchange.finish()  # a step of which this process has no share
    assert other.sent == 3 * sizes


def test_what_another_process_reached_has_its_gradient_here_too() -> None:
    model, inputs = layers(), torch.ones(2, 4)

    def start(tensors: list[Any]) -> Callable[[], None]:
        def wait() -> None:
            for tensor in tensors:
                tensor.add_(1)  # the other's part

        return wait

    found = stepped(model, Exchange(list(model.parameters()), size=16, start=start), model[0](inputs).sum())
    assert [bool((one == 1).all()) for one in found[1:]] == [True, True]


def test_buckets_hold_one_type_each_and_large_tensors_alone() -> None:
    given = [torch.zeros(3), torch.zeros(3), torch.zeros(9), torch.zeros(2), torch.zeros(2, dtype=torch.float64)]
    assert [[tensor.numel() for tensor in bucket] for bucket in buckets(given, 6)] == [[3, 3], [9], [2], [2]]
