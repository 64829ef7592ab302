"""The arithmetic of tuning: the loss of some sequences, its gradient over a step's micro-batches, and the learning rate.

A step's loss is the mean over all its learned tokens, so that a gradient depends neither on how the step is cut into
micro-batches nor on how many processes share it. Padding stands right of causal attention, where nothing that is learned can
see it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from harness_plugins.trainers.tokenised import IGNORED, Row


def loss_of(model: Any, ids: Any, labels: Any, **arguments: Any) -> Any:
    """Summed negative log-likelihood, in nats, of the labels that are not IGNORED (a scalar tensor, float32 or wider).

    `ids` and `labels`: (rows, tokens); `arguments` go to the model. Only the positions that are learned pass through the output
    layer, where the model is its body and its output layer alone.
    """
    from torch.nn.functional import cross_entropy

    from harness_plugins.trainers.output_layer import summed_cross_entropy

    wanted = labels[:, 1:]
    places = wanted != IGNORED
    body = body_of(model)
    if body is None:
        logits = model(ids, use_cache=False, **arguments).logits[:, :-1][places]
    else:
        hidden = body(ids, use_cache=False, **arguments).last_hidden_state[:, :-1][places]
        head = model.get_output_embeddings()
        if type(head).__name__ == "Linear" and head.bias is None and type(head.weight.data).__name__ == "Tensor":
            return summed_cross_entropy(hidden, head.weight, wanted[places])
        logits = head(hidden)
    return cross_entropy(logits.float() if logits.element_size() < 4 else logits, wanted[places], reduction="sum")


def accumulate(learner: Any, rows: Sequence[Row], tokens: int, units: int, *, last: Callable[[Any], None] | None = None) -> Any:
    """Adds the gradient of the rows' loss, divided by `units`, micro-batch by micro-batch; returns that loss (a scalar tensor).

    `tokens`: of a micro-batch at most; `units`: the step's `learner.units`, over all processes; `last`: makes the last
    micro-batch's backward pass.
    """
    import torch

    losses = [torch.zeros((), device=next(learner.parameters()).device)]
    batches = learner.batches(rows, tokens)
    for number, batch in enumerate(batches, 1):
        share = learner(batch) / units
        if last is not None and number == len(batches):
            last(share)
        else:
            share.backward()
        losses.append(share.detach())
    return sum(losses[1:], losses[0])


def learning_rate(step: int, steps: int, warmup: float, schedule: str) -> float:
    """The factor of the learning rate in step `step` of `steps` (from 0): a linear rise over `warmup` of the steps, then the
    schedule.

    `linear` falls to 0 behind the last step, `cosine` likewise, `constant` stays.
    """
    rise = math.ceil(warmup * steps)
    if step < rise:
        return (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    if schedule == "constant":
        return 1.0
    return 1.0 - done if schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))


def body_of(model: Any) -> Any:
    """The part of a causal language model below its output layer, if the model adds nothing to what the two give; else None.

    Found out once a model, on two tokens: some models scale or bound their logits, or learn prefixes.
    """
    held = getattr(model, "_harness_body", "unknown")
    if held != "unknown":
        return held
    found = _tried(model)
    object.__setattr__(model, "_harness_body", found)  # past torch's registry of submodules, which would save it twice
    return found


def _tried(model: Any) -> Any:
    import torch

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    body: Any = getattr(inner, inner.base_model_prefix, None) if hasattr(inner, "base_model_prefix") else None
    head: Any = inner.get_output_embeddings() if body is not None and body is not inner else None
    if body is None or head is None:
        return None
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            ids = torch.tensor([[0, 1]], device=next(model.parameters()).device)
            whole = model(ids, use_cache=False).logits
            parts = head(body(ids, use_cache=False).last_hidden_state)
            return body if torch.equal(whole, parts) else None
    except (TypeError, AttributeError, RuntimeError):
        return None  # a model that is built otherwise goes the plain way
    finally:
        model.train(was_training)
