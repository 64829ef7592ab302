"""What is masked in a step: whole words, and tokens of the video if that is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness_plugins.video.model.config import MASKED
from harness_plugins.video.model.sequences import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

IGNORED = -100  # a place without a loss
VIDEO_MASKS = ("tubes", "frames")


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A row as one step learns from it: `text` (T,) with masks, `targets` (T,) the ids that were there, IGNORED elsewhere;
    `video` (F, places, levels) with MASKED, `video_targets` likewise, None where no video is masked.

    `units`: what the row counts in the step's divisor; `balance`: what a video target's loss is multiplied by, so that divided
    by the step's units the sum over the step is the mean over text targets plus the mean over video targets.
    """

    id: str
    text: "NDArray[np.int32]"
    targets: "NDArray[np.int32]"
    video: "NDArray[np.int32]"
    times: "NDArray[np.float64]"
    video_targets: "NDArray[np.int32] | None" = None
    units: int = 0
    balance: float = 0.0

    @property
    def length(self) -> int:
        """Vectors that the model reads."""
        return len(self.text) + self.video.shape[0] * self.video.shape[1]

    @property
    def tokens(self) -> range:
        """As many as the model reads."""
        return range(self.length)

    @property
    def text_learned(self) -> int:
        """Text tokens with a loss."""
        return int((self.targets != IGNORED).sum())

    @property
    def video_learned(self) -> int:
        """Video vectors with a loss."""
        return 0 if self.video_targets is None else int((self.video_targets[:, :, 0] != IGNORED).sum())

    @property
    def learned(self) -> int:
        """Text tokens and video vectors with a loss."""
        return self.text_learned + self.video_learned


class MaskedRows:
    """Rows of which every step learns other words (`loop.DrawnRows`).

    Of the words of a text a `share` is masked, at least one, whole words all. A word's tokens become mask tokens with probability
    `replace[0]`, random ones with `replace[1]`, and stay with `replace[2]`, all its tokens alike (Devlin et al. 2019 have .8, .1
    and .1, token by token). What is drawn for a row depends on the seed, its place and the step's number alone, for the text
    before anything is drawn for the video: the same words are masked whatever video stands beside them.

    `video_share`: of the video, masked too; by places through all frames (`video_mask` tubes, Tong et al. 2022, arXiv 2203.12602)
    or by whole frames; 0 masks none. Rows of which nothing can be learned are left out (`left_out`, ids).
    Raises ValueError for shares that are none, InputError where no row is left.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        tokenizer: Any,
        *,
        share: float = 0.15,
        seed: int = 0,
        replace: Sequence[float] = (0.8, 0.1, 0.1),
        video_share: float = 0.0,
        video_mask: str = "tubes",
    ) -> None:
        import numpy as np

        check_masking(share, replace, video_share, video_mask)
        self.share, self.seed, self.replace = share, seed, tuple(replace)
        self.video_share, self.video_mask = video_share, video_mask
        self.rows = [row for row in rows if row.word_count or (video_share and len(row.video))]
        kept = {id(row) for row in self.rows}
        self.left_out = [row.id for row in rows if id(row) not in kept]
        self.without_words = [row.id for row in self.rows if not row.word_count]
        if not self.rows:
            named = f" ({', '.join(self.left_out[:3])}{' …' * (len(self.left_out) > 3)})" if self.left_out else ""
            raise InputError(
                f"there is nothing to learn from: {len(rows):,} examples{named}, and none has a word that can be masked; give "
                "examples with text beside their video"
            )
        special = set(tokenizer.all_special_ids)
        self._mask = int(tokenizer.mask_token_id)
        self._ordinary = np.array(sorted(set(tokenizer.get_vocab().values()) - special), np.int32)

    def __len__(self) -> int:
        return len(self.rows)

    def drawn(self, places: Sequence[int], step: int) -> list[Masked]:
        """The rows at these places, masked for this step (from 0; -1: as evaluations see them, step after step the same)."""
        found = [self._masked(place, step) for place in places]
        text, video = sum(row.text_learned for row in found), sum(row.video_learned for row in found)
        balance = (text / video if text else 1.0) if video else 0.0
        return [
            Masked(
                row.id,
                row.text,
                row.targets,
                row.video,
                row.times,
                row.video_targets,
                row.text_learned if text else row.video_learned,
                balance,
            )
            for row in found
        ]

    def _masked(self, place: int, step: int) -> Masked:
        import numpy as np

        row = self.rows[place]
        random = np.random.default_rng([self.seed, place, step + 1])
        text, targets = self._text(row, random)
        video, wanted = self._video(row, random) if self.video_share and len(row.video) else (row.video, None)
        return Masked(row.id, text, targets, video, row.times, wanted)

    def _text(self, row: Row, random: "np.random.Generator") -> "tuple[NDArray[np.int32], NDArray[np.int32]]":
        import numpy as np

        text, count = row.text.copy(), row.word_count
        targets = np.full(len(text), IGNORED, np.int32)
        if not count:
            return text, targets
        wanted = self.share * count
        chosen = random.permutation(count)[: max(1, int(wanted + random.random()))]
        hidden = np.isin(row.words, chosen)
        targets[hidden] = row.text[hidden]
        fate = random.random(count)[row.words]  # of each token's word; those of -1 are not hidden
        others = random.choice(self._ordinary, len(text))
        text = np.where(hidden & (fate < self.replace[0]), self._mask, text)
        changed = hidden & (fate >= self.replace[0]) & (fate < self.replace[0] + self.replace[1])
        return np.where(changed, others, text).astype(np.int32), targets

    def _video(self, row: Row, random: "np.random.Generator") -> "tuple[NDArray[np.int32], NDArray[np.int32]]":
        import numpy as np

        axis = 1 if self.video_mask == "tubes" else 0
        count = row.video.shape[axis]
        chosen = random.permutation(count)[: max(1, int(self.video_share * count + random.random()))]
        hidden = np.zeros(row.video.shape, bool)
        hidden[(slice(None), chosen) if axis else (chosen,)] = True
        hidden &= row.video >= 0  # what shows nothing is nothing to find out
        return np.where(hidden, MASKED, row.video).astype(np.int32), np.where(hidden, row.video, IGNORED).astype(np.int32)


def masked_at(row: Row, places: "NDArray[np.int64]", tokenizer: Any) -> Masked:
    """The row with mask tokens at these places of its text, which are its targets: how a probe asks for a word."""
    import numpy as np

    text, targets = row.text.copy(), np.full(len(row.text), IGNORED, np.int32)
    targets[places] = row.text[places]
    text[places] = int(tokenizer.mask_token_id)
    return Masked(row.id, text, targets, row.video, row.times, None, len(places))


def check_masking(share: float, replace: Sequence[float], video_share: float, video_mask: str) -> None:
    """ValueError naming the setting and what is allowed."""
    for name, value, least in (("mask_share", share, False), ("masked_video", video_share, True)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1 or (value == 0 and not least):
            raise ValueError(f"{name} is a number {'from 0' if least else 'above 0'} to 1, got {value!r}")
    if (
        not isinstance(replace, Sequence)
        or isinstance(replace, str)
        or len(replace) != 3
        or any(isinstance(one, bool) or not isinstance(one, (int, float)) or not 0 <= one <= 1 for one in replace)
        or abs(sum(replace) - 1) > 1e-9
    ):
        raise ValueError(
            f"replace, the shares of masked, random and unchanged words, is three numbers that sum to 1, got {replace!r:.80}"
        )
    if video_mask not in VIDEO_MASKS:
        raise ValueError(f"video_mask is {' or '.join(VIDEO_MASKS)}, got {video_mask!r}")
