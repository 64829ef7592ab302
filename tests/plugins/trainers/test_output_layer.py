"""The loss over an output layer in blocks equals PyTorch's own, gradients included."""

import pytest

pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.trainers import output_layer


@pytest.mark.parametrize("numbers", [1, 200, 10_000])
def test_loss_and_gradients_are_those_of_all_logits_at_once(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_layer, "_NUMBERS", numbers)  # of a block: one position, a few, all
    torch.manual_seed(0)
    hidden, weight = torch.randn(9, 4, dtype=torch.float64), torch.randn(50, 4, dtype=torch.float64)
    wanted = torch.randint(0, 50, (9,))
    found = []
    for kind in ("ours", "theirs"):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        if kind == "ours":
            loss = output_layer.summed_cross_entropy(h, w, wanted)
        else:
            loss = torch.nn.functional.cross_entropy(h @ w.T, wanted, reduction="sum")
        (loss / 3).backward()
        found.append((loss.detach(), h.grad, w.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=1e-12)


def test_a_frozen_layer_gets_no_gradient_and_large_logits_do_no_harm() -> None:
    hidden = torch.full((2, 1), 1000.0, requires_grad=True)
    weight = torch.tensor([[1.0], [0.0]])
    loss = output_layer.summed_cross_entropy(hidden, weight, torch.tensor([0, 1]))
    loss.backward()
    assert float(loss) == 1000.0  # 0 for the likely word, 1,000 for the other
    assert hidden.grad.tolist() == [[0.0], [1.0]]


def test_nothing_learned_is_no_loss() -> None:
    hidden = torch.zeros(0, 3, requires_grad=True)
    assert float(output_layer.summed_cross_entropy(hidden, torch.zeros(5, 3), torch.zeros(0, dtype=torch.long)).detach()) == 0
