"""Training as the published code of Holmström & Doostmohammadi 2023 does it, which is not how one should.

Its collator (`train.py`, class `Train`, of their repository) hides the answers from attention (mask 0 where the answer stands:
an answer's token sees the prompt and neither the answer so far nor itself), and pads labels with 0, so that the padding is
learned as token 0. Prompts lose their end at half of the length, answers theirs at the other half, silently; here both are
counted. A step's loss is the mean over its micro-batches of two sequences of their mean losses.

torch is imported with this module, which is imported inside functions alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from harness.errors import PluginError
from harness.records import Example
from harness_plugins.trainers.learner import Learner
from harness_plugins.trainers.tokenised import IGNORED, Row, Tokenised

_TOGETHER = 2  # sequences of a micro-batch
_FILLER = 0  # token, label and mask of padding


@dataclass
class Published(Tokenised):
    """Sequences as published; `prompts_cut`: ids of the examples whose prompt lost its end."""

    prompts_cut: list[str] = field(default_factory=list)

    def facts(self, most: int = 20) -> dict[str, Any]:
        """Counts, and the first ids of each kind, for the manifest."""
        named = {"prompts_cut_ids": self.prompts_cut[:most]} if self.prompts_cut else {}
        return super().facts(most) | {"compat": True, "prompts_cut": len(self.prompts_cut), **named}


def tokenise_as_published(examples: Iterable[Example], tokenizer: Any, longest: int) -> Published:
    """`input: {instruction}\\n{constraints}\\noutput: ` and the answer with its end token, each at most half of `longest` tokens.

    The line of the constraints stays where there are none. Raises PluginError for a tokenizer without an end token, and for
    examples of several turns.
    """
    if tokenizer.eos_token_id is None:
        raise PluginError("compat=true needs a tokenizer with an end token")
    half = longest // 2
    found = Published()
    for example in examples:
        answer = (example.references[0] if example.references else "").strip()
        if not answer:
            found.empty.append(example.id)
            continue
        before = tokenizer.encode(_prompt(example), add_special_tokens=False)
        after = tokenizer.encode(answer, add_special_tokens=False)
        if len(before) > half:
            found.prompts_cut.append(example.id)
        if len(after) > half - 1:
            found.cut.append(example.id)
        tokens = [*before[:half], *after[: half - 1], tokenizer.eos_token_id]
        found.sequences.append(Row(example.id, tuple(tokens), min(len(before), half)))
    return found


class PublishedLearner(Learner):
    """Two sequences at a time, collated as published; the loss of a micro-batch is the mean over its labels."""

    def forward(self, rows: Sequence[Row]) -> Any:
        """Mean negative log-likelihood, in nats, of the labels of two rows, padding among them."""
        device = next(self.model.parameters()).device
        batch = {name: tensor.to(device) for name, tensor in collated(rows).items()}
        labels = batch.pop("labels")
        with self.precision():
            logits = self.model(**batch, use_cache=False).logits[:, :-1].flatten(0, 1)
        return cross_entropy(logits.float() if logits.element_size() < 4 else logits, labels[:, 1:].flatten())

    def batches(self, rows: Sequence[Row], tokens: int) -> list[list[Row]]:
        """Two rows at a time, in order, whatever `tokens` says."""
        return [list(rows[start : start + _TOGETHER]) for start in range(0, len(rows), _TOGETHER)]

    def units(self, rows: Sequence[Row]) -> int:
        """The micro-batches of these rows."""
        return len(self.batches(rows, 0))


def collated(rows: Sequence[Row]) -> dict[str, Any]:
    """`input_ids`, `attention_mask` and `labels`, each (rows, longest): mask 0 on answers, everything padded with 0."""
    width = max(len(row.tokens) for row in rows)
    shape = (len(rows), width)
    ids, mask, labels = (torch.full(shape, _FILLER) for _ in range(3))
    for place, row in enumerate(rows):
        tokens = torch.tensor(row.tokens)
        ids[place, : len(tokens)] = tokens
        mask[place, : row.answer] = 1
        labels[place, : row.answer] = IGNORED
        labels[place, row.answer : len(tokens)] = tokens[row.answer :]
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def _prompt(example: Example) -> str:
    users = [message.text for message in example.messages if message.role != "system"]
    if len(users) != 1:
        raise PluginError(f"example {example.id!r} has several turns, for which compat has no words")
    instruction = "\n\n".join(message.text for message in example.messages).strip()
    constraints = example.meta.get("constraints")
    return f"input: {instruction}\n{constraints.strip() if isinstance(constraints, str) else ''}\noutput: "
