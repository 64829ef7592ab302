"""Short questions to a model that retrieves: the share that it answers exactly.

A prompt is the question behind questions about somebody else with their answers, of which as many tokens are kept as make the
prompt end with a chunk: so the neighbours of the chunk with the question are there for the whole answer. Greedy, up to the first
full stop. Compared after NFC, case folding, and without blanks and full stops at the ends.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness_plugins.datasets.planted.portraits import drawn, question_text, questions_text
from harness_plugins.retro.experiments.config import Experiment
from harness_plugins.retro.experiments.material import Material
from harness_plugins.retro.retrievers.base import Queries, open_retriever

_SHOTS = 6  # questions about a stranger before the one that is asked, of which the last tokens are kept
_LONGEST = 16  # tokens of an answer


def exact_match(experiment: Experiment, material: Material, model: Any, asked: Sequence[tuple[str, str]]) -> float:
    """The share of the questions that are answered exactly, with the neighbours that the training's retriever finds."""
    import torch

    how, m = experiment.training, material.train.chunk
    retriever = open_retriever(material.train, how.retriever, how.retriever_params)
    tokenizer = material.train.tokenizer
    before = tokenizer.encode([questions_text(drawn(np.random.default_rng(_SHOTS), _SHOTS).questions())])[0]
    prompts = [_prompt(before, tokens, m) for tokens in tokenizer.encode([" " + question_text(one) for one, _ in asked])]
    right = 0
    for length in sorted({len(prompt) for prompt in prompts}):
        some = [place for place, prompt in enumerate(prompts) if len(prompt) == length]
        ids = torch.tensor([prompts[place] for place in some])
        said = _continued(model, material, retriever, ids, how.neighbours)
        for place, tokens in zip(some, said.tolist(), strict=True):
            right += _same(tokenizer.decode(tokens).partition(".")[0], asked[place][1])
    return right / len(asked)


def _prompt(before: list[int], question: list[int], m: int) -> list[int]:
    total = (-(-len(question) // m) + 1) * m
    filler = total - len(question)
    repeated = before * (filler // max(len(before), 1) + 1)
    return repeated[-filler:] + question


def _continued(model: Any, material: Material, retriever: Any, ids: Any, k: int) -> Any:
    """The most likely tokens after each prompt (N, P), P whole chunks."""
    import torch

    m = material.train.chunk
    chunks = ids.numpy().astype(np.int32).reshape(-1, m)
    found = retriever.search(Queries(chunks, np.full(len(chunks), m, np.int32), np.full(len(chunks), -1, np.int64)), k).numbers
    tokens, mask = material.train.with_continuation(found.reshape(len(ids), -1, k))
    extra = -(-_LONGEST // m)
    tokens = np.pad(tokens, ((0, 0), (0, extra), (0, 0), (0, 0)))
    mask = np.pad(mask, ((0, 0), (0, extra), (0, 0), (0, 0)))
    given = {"neighbour_ids": torch.from_numpy(tokens).long(), "neighbour_mask": torch.from_numpy(mask)}
    model.eval()
    start = ids.shape[1]
    with torch.inference_mode():
        for _ in range(_LONGEST):
            logits = model(ids, **given, use_cache=False).logits[:, -1]
            ids = torch.cat([ids, logits.argmax(dim=-1, keepdim=True)], dim=1)
    return ids[:, start:]


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().strip(" .\n\t")
