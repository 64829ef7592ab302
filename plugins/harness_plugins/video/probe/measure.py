"""What a model says of masked words: log-probability, rank and whether it is right, by what is shown to it.

A word is masked whole: all its tokens at once (`together`), and its log-probability is the sum over them, in nats; or the tokens
from the left are uncovered one by one (`left-to-right`), so that the sum is the log-probability of the word by the chain rule.
Its rank is that of its worst token among all tokens (1: the likeliest; equal ones do not count), and it is right when every
token is the likeliest. Other occurrences of the word in the text stay as they are; `Occurrence.repeated` marks such ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from harness.errors import InputError
from harness_plugins.trainers.tokenised import micro_batches
from harness_plugins.video.model.batch import collate
from harness_plugins.video.model.model import VideoMaskedLM
from harness_plugins.video.model.sequences import Row, tokens_of_span
from harness_plugins.video.probe.config import LEFT_TO_RIGHT
from harness_plugins.video.probe.words import Occurrence

UNKNOWN = -1  # tokens of a word that the tokenizer does not know


@dataclass(frozen=True)
class Said:
    """Of N occurrences in their order: `logprob` (N,) nats, `rank` (N,), `correct` (N,) 0 or 1, `tokens` (N,) of the word.

    nan where the word was not asked: with 0 `tokens` where the text was cut before it ends, with `UNKNOWN` where the tokenizer
    does not know a part of it, so that its log-probability would be that of any unknown word."""

    logprob: NDArray[np.float64]
    rank: NDArray[np.float64]
    correct: NDArray[np.float64]
    tokens: NDArray[np.int64]


@dataclass(frozen=True)
class _Question:
    """A row with masks (`Laid`), the places that are asked for and what stood there; `owner`: number of its occurrence."""

    owner: int
    text: NDArray[np.int32]
    video: NDArray[np.int32]
    times: NDArray[np.float64]
    places: NDArray[np.int64]
    wanted: NDArray[np.int32]

    @property
    def length(self) -> int:
        return len(self.text) + self.video.shape[0] * self.video.shape[1]


def measured(
    model: VideoMaskedLM,
    rows: Mapping[str, Row],
    occurrences: Sequence[Occurrence],
    mask: int,
    *,
    unknown: int | None = None,
    how: str = "together",
    batch_tokens: int = 16384,
    name: str = "the model",
    report: Callable[[int, int], None] | None = None,
) -> Said:
    """What the model says of each occurrence; `rows`: by example, as they are shown; `mask`: the id of the mask token, `unknown`:
    of the token that stands for what the tokenizer does not know.

    The model is in eval mode, and so is left; in which batch a question stands changes it by rounding alone. InputError, with the
    model's `name`, where what it says is not finite.
    """
    count = len(occurrences)
    places = [_places(rows, one) for one in occurrences]
    strange = [row is not None and bool((row.text[where] == unknown).any()) for row, where in places]
    askable = [
        (owner, row, where) for owner, (row, where) in enumerate(places) if row is not None and len(where) and not strange[owner]
    ]
    questions = list(_questions(askable, mask, how))
    logprob, worst, tokens = np.zeros(count), np.ones(count), np.zeros(count, np.int64)
    done = 0
    for batch in micro_batches([one.length for one in questions], batch_tokens):
        some = [questions[place] for place in batch]
        for one, (chances, ranks) in zip(some, _asked(model, some, name), strict=True):
            logprob[one.owner] += float(chances.sum())
            worst[one.owner] = max(worst[one.owner], float(ranks.max()))
            tokens[one.owner] += len(chances)
        done += len(batch)
        if report is not None:
            report(done, len(questions))
    unread = tokens == 0
    logprob[unread] = worst[unread] = np.nan
    tokens[strange] = UNKNOWN
    return Said(logprob, worst, np.where(unread, np.nan, worst == 1), tokens)


def _places(rows: Mapping[str, Row], one: Occurrence) -> tuple[Row | None, NDArray[np.int64]]:
    """The row of an occurrence, and where its tokens stand: none of a word that the row has lost."""
    row = rows.get(one.example)
    return row, np.empty(0, np.int64) if row is None else tokens_of_span(row, one.start, one.end)


def _questions(askable: Sequence[tuple[int, Row, NDArray[np.int64]]], mask: int, how: str) -> Iterator[_Question]:
    """One of a word, or one of each of its tokens. `askable`: number of the occurrence, its row, the places of its tokens."""
    for owner, row, places in askable:
        steps = [places[first:] for first in range(len(places))] if how == LEFT_TO_RIGHT else [places]
        for hidden in steps:
            text = row.text.copy()
            text[hidden] = mask
            asked = hidden[:1] if how == LEFT_TO_RIGHT else hidden
            yield _Question(owner, text, row.video, row.times, asked, row.text[asked])


def _asked(
    model: VideoMaskedLM, questions: Sequence[_Question], name: str
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """(log-probabilities, ranks) of the tokens that each question asks for."""
    device = next(model.parameters()).device
    inputs = collate(questions, model.video.levels)
    width = inputs.ids.shape[1]
    places = np.concatenate([one.places + number * width for number, one in enumerate(questions)])
    wanted = torch.from_numpy(np.concatenate([one.wanted for one in questions]).astype(np.int64)).to(device)
    with torch.inference_mode():
        logits, _ = model(inputs.to(device), torch.from_numpy(places).to(device))
        logits = logits.float() if logits.element_size() < 4 else logits
        if not bool(logits.isfinite().all()):  # nan is not larger than anything: every word would be the likeliest
            raise InputError(
                f"{name}: what it says of masked words is not finite (nan or infinite), so its weights are broken; train it "
                "again, or leave it out"
            )
        own = logits.gather(1, wanted[:, None])
        chances = (own - logits.logsumexp(1, keepdim=True))[:, 0].double().cpu().numpy()
        ranks = ((logits > own).sum(1) + 1).cpu().numpy()
    ends = np.cumsum([len(one.places) for one in questions])[:-1]
    yield from zip(np.split(chances, ends), np.split(ranks, ends), strict=True)
