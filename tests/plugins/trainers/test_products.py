"""Products by oneDNN: the numbers of torch's own to rounding, and nothing of it is left behind."""

import pickle
from collections.abc import Callable
from copy import deepcopy

import pytest

pytest.importorskip("torch")

import torch
from harness_plugins.trainers import products
from harness_plugins.trainers.products import by_onednn
from torch import nn


def model(bias: bool = True) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(160, 320, bias=bias), nn.GELU(), nn.Linear(320, 128, bias=bias))


def taught(net: nn.Module, rows: torch.Tensor) -> tuple[list[torch.Tensor], list[type]]:
    """Gradients of the weights and of the rows, and the kinds of nodes that the products left."""
    rows = rows.clone().requires_grad_()
    made: list[torch.Tensor] = []
    for layer in net:  # type: ignore[attr-defined]  # a Sequential
        made.append(layer(made[-1] if made else rows))
    made[-1].square().sum().backward()
    found = [rows.grad, *(weights.grad for weights in net.parameters())]
    return [one for one in found if one is not None], [type(_made_by(made[place])) for place in (0, 2)]


def _made_by(values: torch.Tensor) -> object:
    """What made the values, below the view that gives them their shape."""
    node = values.grad_fn
    return node.next_functions[0][0] if type(node).__name__ == "ViewBackward0" and node is not None else node


def is_ours(kind: type) -> bool:
    return kind.__name__ == "_ProductBackward"


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(200, 160), (3, 70, 160)])
def test_gradients_are_torchs_own_to_rounding(bias: bool, shape: tuple[int, ...]) -> None:
    if not products._has_onednn():
        pytest.skip("this torch has no oneDNN")
    plain, other = model(bias), model(bias)
    rows = torch.randn(shape)
    expected, kinds = taught(plain, rows)
    assert not any(map(is_ours, kinds))
    with by_onednn(other):
        found, kinds = taught(other, rows)
    assert all(map(is_ours, kinds))
    assert len(found) == len(expected) == (5 if bias else 3)
    for one, two in zip(found, expected, strict=True):
        assert (one - two).abs().max() <= 1e-5 * two.abs().max()


def test_frozen_weights_get_no_gradient_and_pass_it_on() -> None:
    plain, other = model(), model()
    for net in (plain, other):
        net.requires_grad_(False)
    rows = torch.randn(200, 160)
    (expected,), _ = taught(plain, rows)
    with by_onednn(other):
        (found,), _ = taught(other, rows)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_what_has_no_gradient_is_computed_as_before_to_the_bit() -> None:
    net, rows = model(), torch.randn(200, 160)
    with torch.no_grad():
        before = net(rows)
        with by_onednn(net):
            assert torch.equal(net(rows), before)


@pytest.mark.parametrize("case", ["few rows", "small weights", "float64", "autocast", "own forward", "a kind of linear layer"])
def test_what_it_is_not_for_stays_torchs(case: str) -> None:
    class Kind(nn.Linear):
        """Perhaps one with a forward of its own."""

    layer: nn.Linear = nn.Linear(160, 320)
    rows = torch.randn(200, 160)
    if case == "few rows":
        rows = rows[:63]
    elif case == "small weights":
        layer, rows = nn.Linear(100, 100), torch.randn(200, 100)
    elif case == "float64":
        layer, rows = layer.double(), rows.double()
    elif case == "own forward":
        layer.forward = layer.forward  # type: ignore[method-assign]  # as what wraps a layer does
    elif case == "a kind of linear layer":
        layer = Kind(160, 320)
    held = dict(vars(layer))
    with by_onednn(layer), torch.autocast("cpu", dtype=torch.bfloat16, enabled=case == "autocast"):
        assert not is_ours(type(_made_by(layer(rows))))
    assert vars(layer) == held


def test_a_layer_is_itself_again_afterwards_even_after_an_error() -> None:
    net = model()
    held = [dict(vars(layer)) for layer in net.modules()]
    with pytest.raises(KeyError), by_onednn(net):
        raise KeyError
    assert [type(layer) for layer in net.modules()] == [nn.Sequential, nn.Linear, nn.GELU, nn.Linear]
    assert [dict(vars(layer)) for layer in net.modules()] == held


@pytest.mark.parametrize("copied", [deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["deepcopy", "pickle"])
def test_a_copy_made_meanwhile_computes_with_its_own_weights(copied: Callable[[nn.Module], nn.Module]) -> None:
    net, rows = model(), torch.randn(200, 160)
    with by_onednn(net):
        copy = copied(net)
    with torch.no_grad():
        copy[0].weight.mul_(2)  # type: ignore[index,operator,union-attr]
        expected, found = net[0](rows) - net[0].bias, copy[0](rows) - copy[0].bias  # type: ignore[index]
    assert torch.allclose(2 * expected, found, atol=1e-4)


@pytest.mark.parametrize("bias", [torch.randn(640)[::2], torch.randn(1).expand(320)], ids=["strided", "expanded"])
def test_a_bias_may_lie_in_memory_as_it_likes(bias: torch.Tensor) -> None:
    layer, rows = nn.Linear(160, 320), torch.randn(200, 160)
    layer.bias = nn.Parameter(bias)
    expected = layer(rows).detach()
    with by_onednn(layer):
        assert torch.allclose(layer(rows), expected, atol=1e-5)


def test_what_a_layer_gives_may_be_changed_in_place() -> None:
    layer, rows = nn.Linear(160, 320), torch.randn(3, 70, 160)
    with by_onednn(layer):
        out = layer(rows)
        out.add_(1)
        out[..., 0] = 0
        out.sum().backward()
    assert layer.bias.grad is not None
    assert layer.bias.grad.tolist() == [0.0] + [210.0] * 319


@pytest.mark.parametrize("frozen", ["weight", "rows"])
def test_what_no_gradient_needs_is_not_kept_and_may_change(frozen: str) -> None:
    layer, given = nn.Linear(160, 320), torch.randn(200, 160)
    if frozen == "weight":
        layer.requires_grad_(False)
        given.requires_grad_()
    with by_onednn(layer):
        rows = given * 2
        out = layer(rows)
        with torch.no_grad():
            (rows if frozen == "weight" else layer.weight).mul_(3)
        out.sum().backward()  # torch's own layer allows it too
    assert (given.grad if frozen == "weight" else layer.weight.grad) is not None


def test_torch_compile_goes_its_own_way() -> None:
    net, rows = model(), torch.randn(200, 160)
    seen: list[str] = []

    def backend(graph: torch.fx.GraphModule, inputs: object) -> Callable[..., object]:
        seen.extend(str(node.target) for node in graph.graph.nodes)
        return graph.forward

    with by_onednn(net):
        net.compile(backend=backend)
        net(rows).square().sum().backward()
    assert seen
    assert not any("mkldnn" in name or "_Product" in name for name in seen)


def test_gradient_checkpointing_runs_the_same_products_again() -> None:
    from torch.utils.checkpoint import checkpoint

    plain, other, rows = model(), model(), torch.randn(200, 160)
    expected, _ = taught(plain, rows)
    with by_onednn(other):
        given = rows.clone().requires_grad_()
        out = checkpoint(other, given, use_reentrant=False)
        assert isinstance(out, torch.Tensor)
        out.square().sum().backward()
    found = [given.grad, *(weights.grad for weights in other.parameters())]
    for one, two in zip(found, expected, strict=True):
        assert one is not None
        assert (one - two).abs().max() <= 1e-5 * two.abs().max()


def test_without_onednn_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    net = model()
    monkeypatch.setattr(products, "_has_onednn", lambda: False)
    with by_onednn(net):
        assert not any(isinstance(layer, products.Linear) for layer in net.modules())
