"""Short questions to a model that retrieves: the share that it answers exactly, with its neighbours and without.

A prompt is the question behind other questions with their answers, of which as many tokens are kept as make the prompt end with a
chunk: so the neighbours of the chunk with the question are there for the whole answer. Greedy, at most `LONGEST` tokens. An
answer is right where the reply is it, up to its end, a full stop or a line's end; compared after NFC, case folding, with single
blanks, and without blanks and full stops at the ends.
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from harness.leaderboard.intervals import wilson
from harness_plugins.datasets.planted.portraits import drawn, question_text, questions_text
from harness_plugins.retro.database.tokenizers import Tokenizer
from harness_plugins.retro.experiments.config import Experiment
from harness_plugins.retro.experiments.material import Material
from harness_plugins.retro.retrieval import OpenRetrieval, Retrieval

SHOTS = 6  # questions with answers before the one that is asked, of which the last tokens are kept
LONGEST = 16  # tokens of an answer
Pairs = Sequence[tuple[str, str]]


class Answered(NamedTuple):
    """What was said to a question. `there`: its answer stands in a neighbour of a chunk of the prompt, read or not."""

    question: str
    answer: str
    said: str
    right: bool
    there: bool


def exact_match(experiment: Experiment, material: Material, model: Any, asked: Pairs) -> tuple[float, float]:
    """The shares of the questions that are answered exactly, with the neighbours that the training's retriever finds, and without
    any."""
    how, database = experiment.training, material.train
    chosen = Retrieval(
        database=str(database.folder),
        digest=database.digest,
        tokenizer=database.info.tokenizer,
        chunk=database.chunk,
        retriever=how.retriever,
        params=how.retriever_params,
        neighbours=how.neighbours,
    )
    retrieval = OpenRetrieval(chosen, database, how.retriever, how.retriever_params, how.neighbours)
    shots = material.facts.shots or drawn(np.random.default_rng(SHOTS), SHOTS).questions()
    on, off = (ask(model, retrieval, asked, shots, reads=reads) for reads in (True, False))
    return share(on), share(off)


def share(answers: Sequence[Answered]) -> float:
    """The share of right answers."""
    return sum(one.right for one in answers) / len(answers)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many questions were asked and answered exactly, and the share with Wilson's interval."""

    asked: int
    right: int
    share: float
    low: float
    high: float


def summary(answers: Sequence[Answered], level: float) -> Summary:
    """The share of right answers with Wilson's interval of the level, over questions."""
    n, right = len(answers), sum(one.right for one in answers)
    low, high = wilson(right, n, level)
    return Summary(asked=n, right=right, share=right / n, low=low, high=high)


def ask(
    model: Any,
    retrieval: OpenRetrieval,
    asked: Pairs,
    shots: Pairs,
    *,
    reads: bool,
    report: Callable[[int, int], None] | None = None,
) -> list[Answered]:
    """What the model says to each question, in order, behind the `shots`; `reads`: with neighbours, or OFF."""
    import torch

    database = retrieval.database
    tokenizer, m = database.tokenizer, database.chunk
    before = tokenizer.encode([questions_text(shots)])[0]
    prompts = [_prompt(before, tokens, m) for tokens in tokenizer.encode([" " + question_text(one) for one, _ in asked])]
    found: dict[int, Answered] = {}
    model.eval()
    for length in sorted({len(prompt) for prompt in prompts}):
        every = [place for place, prompt in enumerate(prompts) if len(prompt) == length]
        for some in (every[start : start + 32] for start in range(0, len(every), 32)):
            ids = torch.tensor([prompts[place] for place in some])
            read = _read_by(retrieval, ids.numpy())
            model.retriever = retrieval.for_model() if reads else None
            try:
                with torch.inference_mode():
                    said = model.generate(ids.to(model.device), max_new_tokens=LONGEST, do_sample=False, pad_token_id=0)
            finally:
                model.retriever = None
            for place, tokens, texts in zip(some, said[:, length:].tolist(), read, strict=True):
                question, answer = asked[place]
                text = tokenizer.decode(_ended(tokens, model))
                there = any(_plain(answer) in _plain(one) for one in texts)
                found[place] = Answered(question, answer, text, is_right(text, answer), there)
            if report is not None:
                report(len(found), len(asked))
    return [found[place] for place in range(len(asked))]


def short(pairs: Pairs, tokenizer: Tokenizer) -> list[int]:
    """The places of the questions whose answers, with the blank before and the stop behind them, fit into what may be said."""
    encoded = tokenizer.encode([f" {answer}." for _, answer in pairs])
    return [place for place, tokens in enumerate(encoded) if len(tokens) <= LONGEST and _plain(pairs[place][1])]


def is_right(said: str, answer: str) -> bool:
    """Whether what was said is the answer, up to its end, a full stop or a line's end."""
    plain, wanted = _plain(said), _plain(answer)
    if plain == wanted or not plain.startswith(wanted):
        return plain == wanted
    rest = plain[len(wanted) :]  # a stop inside a number or a name ends nothing
    return rest[0] == "\n" or (rest[0] == "." and (len(rest) == 1 or rest[1].isspace()))


def _prompt(before: list[int], question: list[int], m: int) -> list[int]:
    total = (-(-len(question) // m) + 1) * m
    filler = total - len(question)
    repeated = before * (filler // max(len(before), 1) + 1)
    return repeated[-filler:] + question


def _read_by(retrieval: OpenRetrieval, ids: Any) -> list[list[str]]:
    """The texts of the neighbours, with continuations, of the chunks of each prompt (N, P), P whole chunks."""
    database = retrieval.database
    m = database.chunk
    numbers = retrieval.numbers(ids.astype(np.int32).reshape(-1, m)).reshape(len(ids), -1)
    tokens, mask = database.with_continuation(numbers)
    return [
        [database.tokenizer.decode(row[known].tolist()) for row, known in zip(*each, strict=True)]
        for each in zip(tokens, mask, strict=True)
    ]


def _ended(tokens: list[int], model: Any) -> list[int]:
    """The tokens before the first one that ends a text."""
    ends = model.generation_config.eos_token_id
    known = set(ends if isinstance(ends, list) else [] if ends is None else [ends])
    return tokens[: next((place for place, token in enumerate(tokens) if token in known), len(tokens))]


def _plain(text: str) -> str:
    """Single blanks alone within its lines; without blanks, stops and line ends around it."""
    lines = unicodedata.normalize("NFC", text).casefold().splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip(" .\n")
