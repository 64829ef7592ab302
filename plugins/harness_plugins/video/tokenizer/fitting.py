"""Fits a tokenizer on videos, or takes the one that is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.video.broken import BrokenVideo
from harness_plugins.video.tokenizer.files import DESCRIPTION, REPORT, load_tokenizer, make, read_description, save_tokenizer
from harness_plugins.video.tokenizer.settings import Settings, read_settings
from harness_plugins.video.tokenizer.tokenizer import Fitted, Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness_plugins.video.tokenizer.sampling import Sample

Report = Callable[..., None]


@dataclass(frozen=True)
class Fitting:
    """A tokenizer, how well it tells what it was fitted on (`report.told_by`), and the videos that could not be read, by their
    sha256."""

    tokenizer: Tokenizer
    report: dict[str, Any]
    broken: dict[str, BrokenVideo] = field(default_factory=dict)


def tokenizer_for(
    value: Any,
    videos: Sequence[tuple[Path, str]],
    folder: Path,
    *,
    rate: float,
    height: int | None = None,
    width: int | None = None,
    workers: int = 1,
    report: Report | None = None,
    device: str = "cpu",
    before: Callable[[], None] | None = None,
    hold_out: float = 0.0,
) -> Fitting:
    """The tokenizer that a config asks for: `value` is settings, or the folder of a saved one.

    One of settings is fitted on `videos` (path, sha256) at `rate` frames a second and saved in `folder`; where one is there that
    was fitted with these settings, it is taken, however many videos there are now. `height` and `width`: of a frame, where the
    config says them; `device`: where an encoder computes (`cpu`, `cuda`); `before`: is called when one was fitted, before it is
    saved. `hold_out`: the share of the videos that a fit leaves out and its report tells of (`held_out`); one that was fitted
    with another share is not taken. ValueError for settings that cannot be used; InputError where a saved one does not fit them.
    """
    if isinstance(value, str | Path):
        return _saved(Path(value).expanduser(), height, width, device)
    settings = read_settings(value, height, width)
    if (folder / DESCRIPTION).is_file():
        there = read_description(folder)
        if there.settings != settings or there.fitted.rate != rate:
            changed = _changed(there.settings, settings, there.fitted.rate, rate)
            raise InputError(f"{folder} holds a tokenizer of other settings ({changed}); give another folder, or delete it")
        found = _saved(folder, None, None, device)
        _check_held_out(found, folder, hold_out)
        return found
    fitting = _fitted(videos, settings, hold_out, rate=rate, workers=workers, report=report, device=device)
    if before is not None:
        before()
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / REPORT, msgspec.json.format(msgspec.json.encode(fitting.report)) + b"\n")
    save_tokenizer(fitting.tokenizer, folder)
    return fitting


def _fitted(videos: Sequence[tuple[Path, str]], settings: Settings, hold_out: float, **how: Any) -> Fitting:
    """A tokenizer fitted on what is not held out; its report tells of the rest, where any of it can be read."""
    from harness_plugins.video.tokenizer.report import NothingMeasured, measured

    learned, held = apart(videos, hold_out, settings.seed)
    fitting = fit_tokenizer(learned, settings, hold_out=hold_out, **how)
    if not held:
        return fitting
    how.pop("device")
    try:
        told = measured(fitting.tokenizer, held, **how)
    except NothingMeasured as error:  # the build goes on, and sets each of them aside by name
        told = {"videos": 0, "unmeasured": len({sha256 for _, sha256 in held}), "why": error.why}
    return Fitting(fitting.tokenizer, {**fitting.report, "held_out": {"share": hold_out, **told}}, fitting.broken)


def _check_held_out(found: Fitting, folder: Path, hold_out: float) -> None:
    """InputError where a tokenizer was fitted with another share held out, or one is asked for and it is not known with which."""
    from harness_plugins.video.tokenizer.report import held_out_of

    share = held_out_of(found.tokenizer.fitted, found.report)
    if share is None and hold_out:
        raise InputError(
            f"{folder} holds a tokenizer of which it is not known with which hold_out it was fitted: it was saved before that "
            f"was kept, and its {REPORT} is lost; leave `hold_out: {hold_out}` out to use it as it is, or give another folder, "
            "or delete it"
        )
    if share is not None and share != hold_out:
        raise InputError(
            f"{folder} holds a tokenizer that was fitted with another hold_out ({share} instead of {hold_out}); say "
            f"`hold_out: {share}` to use it, or give another folder, or delete it"
        )


def apart(videos: Sequence[tuple[Path, str]], share: float, seed: int) -> tuple[list[tuple[Path, str]], list[tuple[Path, str]]]:
    """Videos (path, sha256) to fit on, and a share of them that is held out: by their contents and the seed, whatever their
    names and order, at least one where the share is above 0. InputError where none is left to fit on."""
    import hashlib

    drawn = sorted({sha256 for _, sha256 in videos}, key=lambda one: hashlib.sha256(f"{seed} {one}".encode()).digest())
    count = max(1, round(share * len(drawn))) if share > 0 else 0
    if count and count >= len(drawn):
        raise InputError(
            f"hold_out: {share:g} of {len(drawn)} videos leaves none to fit a tokenizer on; give more videos, or a smaller share"
        )
    held = set(drawn[:count])
    return [one for one in videos if one[1] not in held], [one for one in videos if one[1] in held]


def fit_tokenizer(
    videos: Sequence[tuple[Path, str]],
    settings: Settings,
    *,
    rate: float,
    workers: int = 1,
    report: Report | None = None,
    device: str = "cpu",
    hold_out: float | msgspec.UnsetType = msgspec.UNSET,
) -> Fitting:
    """Fits a tokenizer on `videos` (path, sha256), frames sampled at `rate` a second: the same for the same videos in any order
    and with any number of workers. `hold_out`: the share of all videos that is not among these, which the tokenizer keeps
    where it is said. InputError where they have fewer patches than there are codes."""
    from harness_plugins.video.tokenizer.sampling import draw_sample

    return fit_sample(draw_sample(videos, settings, rate, workers, report, device), settings, rate, device, hold_out)


def fit_sample(
    sample: "Sample",
    settings: Settings,
    rate: float,
    device: str = "cpu",
    hold_out: float | msgspec.UnsetType = msgspec.UNSET,
) -> Fitting:
    """Fits a tokenizer on features that were drawn; `hold_out` as of `fit_tokenizer`."""
    from harness_plugins.video.tokenizer.features import open_features
    from harness_plugins.video.tokenizer.quantise import fit
    from harness_plugins.video.tokenizer.report import told_by
    from harness_plugins.video.tokenizer.tokenizer import finite, standard

    if not sample.videos:
        wrong = "; ".join(str(error) for error in list(sample.broken.values())[:3])
        raise InputError(f"no video could be read to fit a tokenizer on{f': {wrong}' if wrong else ''}")
    if len(sample.rows) < settings.codes:
        raise InputError(
            f"{settings.codes} codes cannot be fitted on {len(sample.rows)} patches of {sample.frames} frames of {sample.videos} "
            f"videos; set `codes` to at most {len(sample.rows)}, or give more videos or a higher `rate`"
        )
    rows = finite(sample.rows[None], settings)[0]
    arrays = {} if settings.kind == "patches" else _spread(rows)
    rows = standard(rows, arrays.get("shift"), arrays.get("scale"))
    found = fit(rows, settings.codes, settings.levels, settings.seed)
    fitted = Fitted(videos=sample.videos, frames=sample.frames, patches=len(rows), rate=float(rate), held_out=hold_out)
    features = open_features(settings, device)
    tokenizer, _, _ = make(settings, features, {"codebooks": found.codebooks, **arrays}, fitted)
    return Fitting(tokenizer, told_by(found, tokenizer, sample.left_out), sample.broken)


def check_size(tokenizer: Tokenizer, folder: Path, height: int | None, width: int | None) -> None:
    """InputError where a config's size of frames is not the tokenizer's."""
    own = tokenizer.features.height, tokenizer.features.width
    if (height or own[0], width or own[1]) != own:
        raise InputError(
            f"{folder}: this tokenizer was fitted on frames {own[1]} wide and {own[0]} high, and the config says "
            f"{width or own[1]} and {height or own[0]}; leave `height` and `width` out, or fit another tokenizer"
        )


def _saved(folder: Path, height: int | None, width: int | None, device: str) -> Fitting:
    tokenizer = load_tokenizer(folder, device)
    check_size(tokenizer, folder, height, width)
    try:
        said = msgspec.json.decode((folder / REPORT).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):  # it is for the eyes only
        said = {}
    return Fitting(tokenizer, said)


def _spread(rows: "NDArray[np.float32]") -> "dict[str, NDArray[np.float32]]":
    """Means and standard deviations (D,): few of an encoder's features would decide about all distances otherwise."""
    import numpy as np

    shift = rows.mean(axis=0, dtype=np.float64)
    scale = rows.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1.0
    return {"shift": shift.astype(np.float32), "scale": np.maximum(scale, 1e-12).astype(np.float32)}


def _changed(before: Settings, settings: Settings, rate_before: float, rate: float) -> str:
    pairs = [(name, getattr(before, name), getattr(settings, name)) for name in Settings.__struct_fields__]
    return ", ".join(f"{name} {old} → {new}" for name, old, new in [*pairs, ("rate", rate_before, rate)] if old != new)
