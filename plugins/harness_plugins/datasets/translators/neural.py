"""What neural translators share: texts cut into what a model reads, batches of like lengths, results put together in order."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from harness.errors import PluginError
from harness_plugins.datasets.translators import pieces
from harness_plugins.datasets.translators.base import Translated

CutOff, TooLong = "cut-off", "too-long"
Unit = Literal["sentence", "text"]
_BATCH_TOKENS = 2_048
OVER = 3  # tokens beyond a limit: the forced beginning, the end, and one by which a text shows that it was cut off
_SLACK = 16  # tokens that a short sentence may grow by, whatever the ratio


class Written(NamedTuple):
    """Token ids that a model wrote, without what was forced and without the end; `ended`: it came to an end by itself."""

    ids: list[int]
    ended: bool


class Limits(NamedTuple):
    """`beams`: of the search, 1 is greedy. `ratio`: tokens that a sentence may become, per token of its own. `longest`: tokens
    that the model reads, None where there is no limit. `batch_tokens`: padded tokens of a batch, None while nobody has said.
    `positions`: tokens that the model can write, those before the text and the end included, None where there is no limit."""

    beams: int
    ratio: float
    longest: int | None
    batch_tokens: int | None
    positions: int | None = None

    def of(self, tokens: int) -> int:
        """Tokens that a sentence of so many may become."""
        most = _SLACK + math.ceil(self.ratio * tokens)
        return most if self.positions is None else max(1, min(most, self.positions - OVER))


def checked_limits(name: str, beams: Any, ratio: Any, longest: Any, batch_tokens: Any) -> Limits:
    """The limits; PluginError naming the parameter that cannot be meant."""
    for parameter, value in (("beams", beams), ("batch_tokens", batch_tokens), ("max_input_tokens", longest)):
        if value is not None and (type(value) is not int or value < 1):
            raise PluginError(f"translator {name!r}: {parameter} is a whole number from 1, got {value!r:.60}")
    if isinstance(ratio, bool) or not isinstance(ratio, (int, float)) or not 0 < ratio <= 100:
        raise PluginError(f"translator {name!r}: max_ratio is a number above 0, up to 100, got {ratio!r:.60}")
    return Limits(beams, float(ratio), longest, batch_tokens)


def checked_unit(name: str, unit: Any) -> Unit:
    """The unit; PluginError for another word."""
    if unit not in get_args(Unit):
        raise PluginError(f"translator {name!r}: unit is {' or '.join(get_args(Unit))}, got {unit!r:.60}")
    chosen: Unit = unit
    return chosen


def translated(
    texts: Sequence[str],
    unit: Unit,
    limits: Limits,
    encode: Callable[[str], list[int]],
    write: Callable[[list[list[int]], int], list[Written]],
    decode: Callable[[list[int]], str],
) -> list[Translated]:
    """One result a text. `write(inputs, limit)` answers a batch with at most `limit` tokens for each input.

    Lines are translated apart, or sentences, where `unit` says so or a line is too long. What is equal is translated once.
    A text of which a piece was cut off, or is too long as a single sentence, has no translation.
    """
    sizes: dict[str, list[int]] = {}

    def tokens(piece: str) -> list[int]:
        if piece not in sizes:
            sizes[piece] = encode(piece)
        return sizes[piece]

    def fits(piece: str) -> bool:
        return limits.longest is None or len(tokens(piece)) <= limits.longest

    cut = [pieces.sentences(text) if unit == "sentence" else _lines(text, fits) for text in texts]
    wanted = list(dict.fromkeys(piece for parts in cut for piece in parts[1::2]))
    done: dict[str, Translated] = {piece: Translated(None, TooLong) for piece in wanted if not fits(piece)}
    for batch in batches([piece for piece in wanted if piece not in done], tokens, limits.batch_tokens or _BATCH_TOKENS):
        inputs = [tokens(piece) for piece in batch]
        most = [limits.of(len(ids)) for ids in inputs]
        for piece, limit, written in zip(batch, most, write(inputs, max(most)), strict=True):
            # A batch's limit is that of its longest: a piece's own is held to here, so that its neighbours do not matter.
            whole = written.ended and len(written.ids) <= limit
            done[piece] = Translated(decode(written.ids).strip()) if whole else Translated(None, CutOff)
    return [joined(parts, done) for parts in cut]


def batches(wanted: Iterable[str], tokens: Callable[[str], Sequence[int]], budget: int) -> Iterator[list[str]]:
    """Pieces in batches of like lengths, the longest first; a padded batch holds at most `budget` tokens, or one piece."""
    order = sorted(wanted, key=lambda piece: (-len(tokens(piece)), piece))
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, len(tokens(order[start]))))
        yield order[start : start + size]
        start += size


def joined(parts: Sequence[str], done: Mapping[str, Translated]) -> Translated:
    """A text of its parts; the reason of the first piece that has no translation."""
    found = []
    for place, part in enumerate(parts):
        result = done[part] if place % 2 else Translated(part)
        if result.text is None:
            return result
        found.append(result.text)
    return Translated("".join(found))


def _lines(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The lines, those that do not fit as their sentences."""
    parts = [""]
    for place, piece in enumerate(pieces.lines(text)):
        if place % 2 == 0:
            parts[-1] += piece
        elif fits(piece):
            parts += [piece, ""]
        else:
            first, *rest = pieces.sentences(piece)
            parts[-1] += first
            parts += rest
    return parts
