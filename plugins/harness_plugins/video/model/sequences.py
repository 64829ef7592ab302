"""Aligned examples as rows of a model: token ids of the text, its words, and the tokens of the video beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError, PluginError
from harness.records import Example, MediaPart
from harness_plugins.video.model.config import BLANK
from harness_plugins.video.model.words import word_spans, words_of_tokens
from harness_plugins.video.store import VideoTokens, aligned_text, path_of, video_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 1000  # texts that are tokenised together
_NAMED = 20


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One example. `id`: the example's; `text` (T,) token ids with the tokenizer's own; `words` (T,) the number of each token's
    word, -1 for none (own tokens, punctuation, a word that was cut); `spans` (T, 2) its characters in the text; `video`
    (F, places, levels) codes, F = 0 without video; `times` (F,) seconds; `cluster`: what is resampled together; `read`: the
    character from which on the text was cut, None where it is whole."""

    id: str
    text: "NDArray[np.int32]"
    words: "NDArray[np.int32]"
    spans: "NDArray[np.int32]"
    video: "NDArray[np.int32]"
    times: "NDArray[np.float64]"
    cluster: str = ""
    read: int | None = None

    @property
    def length(self) -> int:
        """Vectors that the model reads: tokens of the text, and one for each frame's place."""
        return len(self.text) + self.video.shape[0] * self.video.shape[1]

    @property
    def tokens(self) -> range:
        """As many as the model reads."""
        return range(self.length)

    @property
    def word_count(self) -> int:
        """Words that can be masked."""
        return int(self.words.max(initial=-1)) + 1


@dataclass
class Rows:
    """The examples as rows, and by id what is not as it was: `cut`, texts that lost their end (`cut_tokens` in all);
    `without_video`; `without_words`, texts in which nothing can be masked; `thinned`, videos of which not every frame is read;
    `empty`: left out, having neither words nor video."""

    rows: list[Row] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    without_video: list[str] = field(default_factory=list)
    without_words: list[str] = field(default_factory=list)
    thinned: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    cut_tokens: int = 0
    thinned_frames: int = 0

    def facts(self) -> dict[str, Any]:
        """Counts, and the first ids of each kind, for `facts.json`."""
        kinds = {
            "texts_cut": self.cut,
            "without_video": self.without_video,
            "without_words": self.without_words,
            "videos_thinned": self.thinned,
            "left_out": self.empty,
        }
        found: dict[str, Any] = {"sequences": len(self.rows), **{kind: len(ids) for kind, ids in kinds.items()}}
        found |= {"tokens_cut": self.cut_tokens, "frames_left_out": self.thinned_frames}
        return found | {f"{kind}_ids": ids[:_NAMED] for kind, ids in kinds.items() if ids}


def rows_of(
    examples: Iterable[Example], tokenizer: Any, tokens: VideoTokens | None, *, frames: int = 16, length: int = 128
) -> Rows:
    """A row for each example that has words or video, in their order.

    `length`: tokens of a text at most, with the tokenizer's own, whatever its video; `frames`: of a video at most, chosen evenly.
    `tokens` None: text alone. Several videos of an example stand one behind the other. Raises InputError, before anything is
    read, where tokens of videos are missing, or a token is none of the codebook's; PluginError for a tokenizer without a mask
    token or without places in the text.
    """
    check_tokenizer(tokenizer)
    wanted = list(examples)
    parts = [video_parts(example) if tokens is not None else [] for example in wanted]
    if tokens is not None:
        _check_there(wanted, parts, tokens)
    found = Rows()
    for first in range(0, len(wanted), _AT_ONCE):
        some = wanted[first : first + _AT_ONCE]
        for example, encoded, own in zip(some, _texts(some, tokenizer), parts[first : first + _AT_ONCE], strict=True):
            text, owner, spans, read = _cut(example.id, *encoded, length, found)
            video, times = _video(example.id, own, tokens, frames, found)
            row = Row(example.id, text, owner, spans, video, times, example.cluster_id or example.id, read)
            if not row.word_count:
                found.without_words.append(row.id)
            if not len(video):
                found.without_video.append(row.id)
            if row.word_count or len(video):
                found.rows.append(row)
            else:
                found.empty.append(row.id)
    return found


def check_readable(examples: Iterable[Example], tokens: VideoTokens) -> None:
    """InputError, as of `rows_of`, where tokens of a video are missing, damaged or none of the codebook's; each file is read
    once, whatever spans of it the examples show."""
    wanted = list(examples)
    parts = [video_parts(example) for example in wanted]
    _check_there(wanted, parts, tokens)
    read: set[str | None] = set()
    for example, own in zip(wanted, parts, strict=True):
        for part in own:
            if part.sha256 not in read:
                read.add(part.sha256)
                _video(example.id, [msgspec.structs.replace(part, start=None, end=None)], tokens, 1, Rows())


def check_tokenizer(tokenizer: Any) -> None:
    """PluginError where the tokenizer has no mask token, or does not tell where its tokens stand in the text."""
    name = getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__
    if getattr(tokenizer, "mask_token_id", None) is None:
        raise PluginError(f"the tokenizer of {name} has no mask token: its model is no masked language model; give another base")
    if not getattr(tokenizer, "is_fast", False):
        raise PluginError(f"the tokenizer of {name} does not say where tokens stand in the text; save it with a tokenizer.json")


def tokens_of_span(row: Row, start: int, end: int) -> "NDArray[np.int64]":
    """The places in a row's text of all tokens that hold a character from `start` to `end`, and of the rest of the words that
    they are of; empty where a part of that stretch was cut, or no token holds any of it."""
    import numpy as np

    if row.read is not None and end > row.read:
        return np.empty(0, np.int64)
    touched = (row.spans[:, 0] < end) & (row.spans[:, 1] > start)
    whole = np.isin(row.words, row.words[touched & (row.words >= 0)])
    return np.flatnonzero(touched | whole)


def without_video(row: Row) -> Row:
    """The row, its text alone."""
    return Row(row.id, row.text, row.words, row.spans, row.video[:0], row.times[:0], row.cluster, row.read)


def blanked(row: Row) -> Row:
    """The row with as much video as it had, showing nothing."""
    return Row(row.id, row.text, row.words, row.spans, row.video * 0 + BLANK, row.times, row.cluster, row.read)


def with_video_of(row: Row, other: Row) -> Row:
    """The row with another's video."""
    return Row(row.id, row.text, row.words, row.spans, other.video, other.times, row.cluster, row.read)


def evenly(count: int, most: int) -> "NDArray[np.int64]":
    """Which of so many frames are read: all, or the middles of `most` stretches of one length."""
    import numpy as np

    return np.arange(count) if count <= most else ((np.arange(most) + 0.5) * count / most).astype(np.int64)


def _texts(
    examples: Sequence[Example], tokenizer: Any
) -> "list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]]":
    """Of each example's text: ids, words, spans, and which tokens are the tokenizer's own."""
    import numpy as np

    texts = [aligned_text(example) for example in examples]
    told = tokenizer(
        texts,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        truncation=False,
        split_special_tokens=True,  # "[MASK]" in a text is five letters between brackets
        verbose=False,
    )
    found = []
    for text, ids, offsets, special in zip(
        texts, told["input_ids"], told["offset_mapping"], told["special_tokens_mask"], strict=True
    ):
        own = np.array(special, bool)
        spans = np.array([(0, 0) if mine else span for mine, span in zip(special, offsets, strict=True)], np.int32).reshape(-1, 2)
        found.append((np.array(ids, np.int32), words_of_tokens(spans.tolist(), _with_blanks(text)), spans, own))
    return found


def _with_blanks(text: str) -> list[tuple[int, int]]:
    """The words with the blanks before them: a blank that is a token of its own tells how the word behind it begins."""
    return [(len(text[:start].rstrip(" ")), end) for start, end in word_spans(text)]


def _cut(
    name: str,
    text: "NDArray[np.int32]",
    words: "NDArray[np.int32]",
    spans: "NDArray[np.int32]",
    own: "NDArray[np.bool_]",
    length: int,
    told: Rows,
) -> "tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], int | None]":
    """The text without what is too much at its end, the tokenizer's own tokens kept, and the character from which on it was cut;
    a word that is cut is masked no more."""
    import numpy as np

    if len(text) <= length:
        return text, words, spans, None
    content = np.flatnonzero(~own)
    room = length - int(own.sum())
    if room < 1:
        raise InputError(f"a text of {length} tokens has no room between the tokenizer's own {int(own.sum())}; raise length")
    gone = content[room:]
    told.cut.append(name)
    told.cut_tokens += len(gone)
    words = np.where(np.isin(words, words[gone][words[gone] >= 0]), -1, words)
    kept = np.setdiff1d(np.arange(len(text)), gone)
    held = spans[gone][spans[gone, 1] > spans[gone, 0]]
    return text[kept], words[kept], spans[kept], int(held[:, 0].min()) if len(held) else None


def _video(
    name: str, parts: Sequence[MediaPart], tokens: VideoTokens | None, frames: int, told: Rows
) -> "tuple[NDArray[np.int32], NDArray[np.float64]]":
    """Codes (F, places, levels) and times (F,) of an example's videos, one behind the other, at most so many frames."""
    import numpy as np

    if tokens is None:
        return np.zeros((0, 1, 1), np.int32), np.zeros(0)
    info = tokens.info
    codes, times = [np.zeros((0, info.tokens), np.int32)], [np.zeros(0)]
    for part in parts:
        seconds, found = tokens.of(part)
        before = times[-1][-1] + 1 / info.rate if len(times[-1]) else 0.0
        codes.append(found)
        times.append(seconds - (seconds[0] if len(parts) > 1 and len(seconds) else 0.0) + (before if len(parts) > 1 else 0.0))
    every, when = np.concatenate(codes), np.concatenate(times)
    if len(every) and (every.max() >= info.codes or every.min() < BLANK):
        files = ", ".join(str(path_of(tokens.folder, part.sha256)) for part in parts if part.sha256)
        raise InputError(
            f"{files}: a token {int(every.max() if every.max() >= info.codes else every.min())}, and the codebook has "
            f"{info.codes}; delete it and build again"
        )
    chosen = evenly(len(every), frames)
    if len(chosen) < len(every):
        told.thinned.append(name)
        told.thinned_frames += len(every) - len(chosen)
    return every[chosen].reshape(len(chosen), info.tokens // info.levels, info.levels), when[chosen]


def _check_there(examples: Sequence[Example], parts: Sequence[Sequence[MediaPart]], tokens: VideoTokens) -> None:
    missing = [
        (example.id, part.sha256 or part.uri)
        for example, own in zip(examples, parts, strict=True)
        for part in own
        if part.sha256 is None or not tokens.has(part.sha256)
    ]
    if missing:
        name, sha256 = missing[0]
        count = len({video for _, video in missing})
        raise InputError(
            f"{tokens.folder} lacks the tokens of {count:,} video(s), the first {sha256} of the example {name!r}; build them "
            "into this folder, or leave these examples out"
        )
