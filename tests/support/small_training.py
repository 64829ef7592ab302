"""A language model of one layer and ten rows that it learns within seconds, in double precision."""

from typing import Any

import torch
from harness_plugins.trainers.learner import Learner
from harness_plugins.trainers.loop import Progress, Settings
from harness_plugins.trainers.tokenised import Row

HOW = Settings(steps=4, batch=3, tokens=16, rate=0.01, save_every=2)


class StopAt:
    """A watcher at which the process dies as at a kill."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, learner: Any, progress: Progress) -> bool:
        if progress.step == self.step:
            raise KeyboardInterrupt
        return False


def learner(*, recomputing: bool = False) -> Learner:
    """A Llama with 8 dimensions of which one matrix reads and writes; `recomputing`: nothing computed forwards is kept."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=30,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    model: Any = LlamaForCausalLM(config).double()
    if recomputing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return Learner(model)


def rows(n: int = 10) -> list[Row]:
    """Rows of 3 to 8 tokens, half of each learned."""
    generator = torch.Generator().manual_seed(5)
    lengths = torch.randint(3, 9, (n,), generator=generator).tolist()
    return [
        Row(f"r/{number}", tuple(torch.randint(0, 30, (length,), generator=generator).tolist()), length // 2)
        for number, length in enumerate(lengths)
    ]


def weights(taught: Learner) -> list[Any]:
    """Copies of the model's parameters."""
    return [parameter.detach().clone() for parameter in taught.model.parameters()]
