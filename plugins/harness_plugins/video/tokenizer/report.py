"""How well a tokenizer tells what it reads: how much of its codebooks is used, and what is lost."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness_plugins.video.tokenizer.files import REPORT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.tokenizer.quantise import Fit
    from harness_plugins.video.tokenizer.tokenizer import Fitted, Tokenizer


class NothingMeasured(InputError):
    """None of the videos that a tokenizer was to be measured on can be read; `why`: of the first three of them."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"no video could be read to measure a tokenizer on{f': {why}' if why else ''}")


def told_by(found: "Fit", tokenizer: "Tokenizer", left_out: "NDArray[np.float64] | None") -> dict[str, Any]:
    """What is known of a tokenizer from its fit, as JSON holds it."""
    return {
        "patches": int(found.counts[0].sum()),
        "distinct": found.distinct,
        "variance": found.variance,
        "levels": [
            {**use(counts), **error(lost, found.variance), "rounds": rounds}
            for counts, lost, rounds in zip(found.counts, found.errors, found.rounds, strict=True)
        ],
        **picture_error(found.errors[-1], tokenizer, left_out),
    }


def measured(
    tokenizer: "Tokenizer",
    videos: Sequence[tuple[Path, str]],
    *,
    rate: float,
    workers: int = 1,
    report: Callable[..., None] | None = None,
) -> dict[str, Any]:
    """The same of other videos (path, sha256), such as those held out: `settings.sample` patches of frames sampled at `rate` a
    second, drawn as for a fit; `unmeasured`: how many could not be read, where any could not, and `why`.
    NothingMeasured where none can be read."""
    import numpy as np

    from harness_plugins.video.tokenizer.quantise import Fit, Nearest, encode, squared, variance_of
    from harness_plugins.video.tokenizer.sampling import draw_sample
    from harness_plugins.video.tokenizer.tokenizer import finite, standard

    sample = draw_sample(videos, tokenizer.settings, rate, workers, report, tokenizer.device)
    why = "; ".join(str(error) for error in list(sample.broken.values())[:3])
    if not sample.videos:
        raise NothingMeasured(why)
    rows = standard(finite(sample.rows[None], tokenizer.settings)[0], tokenizer.shift, tokenizer.scale)
    codes = encode(rows, [Nearest(book) for book in tokenizer.codebooks])
    counts, errors, rest = [], [], rows
    for level, book in enumerate(tokenizer.codebooks):
        rest = rest - book[codes[:, level]]
        counts.append(np.bincount(codes[:, level], minlength=tokenizer.codes))
        errors.append(float(squared(rest, np.zeros((1, rest.shape[1]), np.float32)).mean()))
    distinct = len(np.unique(rows, axis=0))
    found = Fit(tokenizer.codebooks, np.stack(counts), tuple(errors), variance_of(rows), distinct, (0,) * tokenizer.levels)
    unmeasured = {"unmeasured": len(sample.broken), "why": why} if sample.broken else {}
    return {"videos": sample.videos, "frames": sample.frames, **unmeasured, **told_by(found, tokenizer, sample.left_out)}


def held_out_of(fitted: "Fitted", report: Mapping[str, Any]) -> float | None:
    """The share of the videos that a fit left out. Of a tokenizer that was saved before it kept that itself: what the report of
    its fit says; None where that is lost, for then it is unknown."""
    if not isinstance(fitted.held_out, msgspec.UnsetType):
        return fitted.held_out
    if not report.get("levels"):
        return None
    held = report.get("held_out") or {"share": 0.0}
    share = held.get("share") if isinstance(held, dict) else None
    return float(share) if isinstance(share, int | float) else None


def not_measured(fitted: "Fitted", report: Mapping[str, Any]) -> str:
    """What is to be said where figures of held-out videos lack, as the end of a sentence; "" where none lack."""
    share, held = held_out_of(fitted, report), report.get("held_out") or {}
    if share is None:
        return f"whether videos were held out of its fit is not known: it was saved before that was kept, and {REPORT} is lost"
    count, why = held.get("unmeasured", 0), f": {held['why']}" if held.get("why") else ""
    if held.get("levels"):
        return f"{count:,} more held out could not be read and not be measured{why}" if count else ""
    if not share:
        return ""
    if not held:
        return f"{share:.3g} of the videos were held out of its fit, and the figures of these are lost with {REPORT}"
    return f"of the held-out videos ({share:.3g} of all) there are no figures, for none of them could be read{why}"


def use(counts: "NDArray[np.int64]") -> dict[str, Any]:
    """How the codes of a codebook (K,) are used: how many at all (`used`, `dead`, `share`), and `perplexity`, the number of
    codes that would be as many if all were used alike: 2 to the power of the entropy in bits; None where nothing was counted."""
    import numpy as np

    used = int(np.count_nonzero(counts))
    total = int(counts.sum())
    shares = counts[counts > 0] / total if total else np.empty(0)
    perplexity = float(np.exp(-(shares * np.log(shares)).sum())) if total else None
    return {"codes": len(counts), "used": used, "dead": len(counts) - used, "share": used / len(counts), "perplexity": perplexity}


def error(lost: float, variance: float) -> dict[str, Any]:
    """The mean squared distance of a patch's features to what codes say (`mse`, of all numbers together), and the share of the
    features' variance that codes explain; None where they do not vary."""
    return {"mse": lost, "explained": 1 - lost / variance if variance > 0 else None}


def picture_error(lost: float, tokenizer: "Tokenizer", left_out: "NDArray[np.float64] | None") -> dict[str, Any]:
    """Of patches: the mean squared difference of pixels (0 to 255) and its PSNR in decibels, the pattern that features leave out
    included; None for encoders, and PSNR where nothing is lost."""
    if left_out is None or tokenizer.features.grid is None:
        return {"pixel_mse": None, "psnr": None}
    numbers = tokenizer.features.height * tokenizer.features.width * 3 / tokenizer.features.positions
    mse = (lost + float(left_out.mean())) / numbers
    return {"pixel_mse": mse, "psnr": 10 * math.log10(255**2 / mse) if mse > 0 else None}


def counts_of(folder: Path, videos: Iterable[str], codes: int, levels: int) -> "NDArray[np.int64]":
    """How often each code (L, K) stands in the tokens of these videos (sha256) of a folder."""
    import numpy as np

    from harness_plugins.video.store import VideoTokens

    store = VideoTokens(folder)
    total = np.zeros(codes * levels, np.int64)
    for sha256 in videos:
        total += np.bincount(store.video(sha256)[1].ravel(), minlength=len(total))[: len(total)]
    return total.reshape(levels, codes)
