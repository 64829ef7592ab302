"""Products by oneDNN: the numbers of torch's own to rounding, and nothing of it is left behind."""

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
    hidden = net[0](rows)  # type: ignore[index]
    out = net[2](net[1](hidden))  # type: ignore[index]
    out.square().sum().backward()
    found = [rows.grad, *(weights.grad for weights in net.parameters())]
    return [one for one in found if one is not None], [type(hidden.grad_fn), type(out.grad_fn)]


def is_ours(kind: type) -> bool:
    return kind.__name__ == "_LinearBackward"


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
        assert not is_ours(type(layer(rows).grad_fn))
    assert vars(layer) == held


def test_a_layer_is_itself_again_afterwards_even_after_an_error() -> None:
    net = model()
    saved = {name: weights.clone() for name, weights in net.state_dict().items()}
    with pytest.raises(KeyError), by_onednn(net):
        raise KeyError
    assert all("forward" not in vars(layer) for layer in net)  # type: ignore[attr-defined]
    assert saved.keys() == deepcopy(net).state_dict().keys()


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
        assert all("forward" not in vars(layer) for layer in net)  # type: ignore[attr-defined]
