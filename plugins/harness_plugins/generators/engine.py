"""Text from a causal language model for many prompts at once: rows that are done leave the batch, and waiting prompts join it.

What a prompt gets does not depend on what is computed beside it, but for the last digits of floating point. Models whose cache
cannot be cut and joined get batches of equal lengths, whose rows leave all the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness_plugins.generators.alike import Alike
from harness_plugins.generators.memory import give_back, smaller
from harness_plugins.generators.reading import Beginning, read_beginning
from harness_plugins.generators.slots import Slots, fit
from harness_plugins.judges.local_torch import Sampling, draw_token

_REFILL = 0.125  # of the rows have to be free before waiting prompts are read: a pass for a single one costs like one for several


@dataclass(frozen=True)
class Wish:
    """A prompt's tokens and how its answer is drawn; `index` comes back with the answer."""

    index: int
    prompt: Sequence[int]
    how: Sampling


@dataclass
class Answer:
    """Tokens of an answer without the one that ended it. `finish`: the model ended, a stop word stood there, or the limit."""

    index: int
    tokens: list[int] = field(default_factory=list)
    finish: Literal["stop", "length"] = "length"


@dataclass
class _Row:
    """A wish that is being answered."""

    wish: Wish
    answer: Answer
    rng: Any = None

    @property
    def read(self) -> list[int]:
        """What a model has to read to go on."""
        return [*self.wish.prompt, *self.answer.tokens]

    @property
    def room(self) -> int:
        """Tokens that it fills in the end."""
        return len(self.wish.prompt) + self.wish.how.limit


def answers(
    model: Any,
    wishes: Sequence[Wish],
    ends: frozenset[int],
    stopped: Callable[[Answer], bool] = lambda answer: False,
    *,
    rows: int = 16,
    tokens: int = 32_768,
    joinable: bool | None = None,
) -> Iterator[Answer]:
    """One answer a wish, as each is done. `rows`: of a batch at most; `tokens`: rows times the longest of them,
    prompt and answer, at most, unless one alone is longer; `joinable`: whether the model is `fit` for slots, else that is tried.

    A wish draws its random numbers from a seed of its own. `stopped(answer)` is asked after every token. Where memory does not
    hold the batch, half of its rows wait and go on later where they were; PluginError where it does not hold a single one.
    """
    waiting = [_Row(wish, Answer(wish.index)) for wish in wishes]
    yield from (row.answer for row in waiting if row.wish.how.limit < 1)
    waiting = [row for row in waiting if row.wish.how.limit >= 1]
    # The longest is popped first: what runs out of memory does so at once.
    waiting.sort(key=lambda row: (len(row.wish.prompt), row.wish.how.limit, tuple(row.wish.prompt), -row.wish.index))
    joinable = fit(model) if joinable is None else joinable
    beginning = read_beginning(model, [row.wish.prompt for row in waiting]) if joinable and waiting else Beginning()
    batch: Slots | Alike = Slots(model, rows) if joinable else Alike(model, rows)
    going: list[_Row] = []
    while waiting or going:
        free, fewer = batch.rows - len(going), 0
        try:
            if waiting and (not going or (joinable and free >= max(1, int(batch.rows * _REFILL)))):
                joining = _next(waiting, going, free, tokens, joinable)
                going += joining
                if joining:
                    batch.join([row.read for row in joining], beginning)
            done = _take_tokens(going, batch.logits, ends, stopped)
            if done:
                held, finished = going, set(done)
                going = [row for place, row in enumerate(held) if place not in finished]
                yield from (held[place].answer for place in done)
                going = [held[place] for place in batch.drop(done)]
            if going:
                batch.advance([row.answer.tokens[-1] for row in going])
        except (RuntimeError, MemoryError) as error:
            fewer = smaller(error, len(going))
        if fewer:  # outside the handler, whose traceback would keep the tensors
            batch = _emptied(batch, model, fewer)
            waiting += sorted(going, key=lambda row: (len(row.wish.prompt), row.wish.how.limit))
            going = []


def _next(waiting: list[_Row], going: Sequence[_Row], free: int, tokens: int, joinable: bool) -> list[_Row]:
    """Takes rows off the end of the list: as many as there are places and room for, one at least where nothing is going on."""
    taken: list[_Row] = []
    longest = max((row.room for row in going), default=0)
    while waiting and len(taken) < free:
        row = waiting[-1]
        if taken and not joinable and len(row.read) != len(taken[0].read):
            break
        longest = max(longest, row.room)
        if (taken or going) and longest * (len(going) + len(taken) + 1) > tokens:
            break
        taken.append(waiting.pop())
    return taken


def _take_tokens(going: Sequence[_Row], logits: Any, ends: frozenset[int], stopped: Callable[[Answer], bool]) -> list[int]:
    """Gives each row its next token; the rows that are done with it."""
    import torch

    done: list[int] = []
    with torch.inference_mode():
        tokens = logits.argmax(-1).tolist()
        drawn = [place for place, row in enumerate(going) if row.wish.how.temperature > 0]
        if drawn:
            logprobs = logits[drawn].float().log_softmax(-1).cpu()
    for place, row in zip(drawn, logprobs if drawn else (), strict=True):
        one = going[place]
        one.rng = one.rng or torch.Generator().manual_seed(one.wish.how.seed)
        tokens[place] = draw_token(row, one.wish.how, one.rng)
    for place, (row, token) in enumerate(zip(going, tokens, strict=True)):
        if token in ends:
            row.answer.finish = "stop"
            done.append(place)
            continue
        row.answer.tokens.append(token)
        if stopped(row.answer):
            row.answer.finish = "stop"
            done.append(place)
        elif len(row.answer.tokens) >= row.wish.how.limit:
            done.append(place)
    return done


def _emptied(batch: Slots | Alike, model: Any, rows: int) -> Slots | Alike:
    """A batch of fewer rows, the old one's memory given back."""
    new = type(batch)(model, rows)
    batch.__dict__.clear()
    give_back()
    return new
