"""What a folder of video tokens holds: videos, frames, tokens, how much of the codebooks is used, and whether all is whole."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError
from harness_plugins.video.store import TOKENIZER, VIDEOS, VideoTokens

Report = Callable[[str, int, int], None]


def videos_in(folder: Path) -> list[str]:
    """The sha256 of all videos that have tokens in the folder, sorted."""
    return sorted(path.stem for path in (folder / VIDEOS).glob("*.safetensors"))


def folder_facts(tokens: VideoTokens, report: Report, check: bool = False) -> dict[str, Any]:
    """Facts as JSON holds them; every file is read. `problems`: files that are damaged, and, with `check`, codes that are not the
    tokenizer's and a tokenizer that is not whole."""
    import numpy as np

    from harness_plugins.video.known import read_known
    from harness_plugins.video.tokenizer.report import use

    info, problems = tokens.info, []
    if check:
        problems += _tokenizer_problems(tokens)
    names: dict[str, list[str]] = {}
    for name, sha256 in read_known(tokens.folder).videos.items():
        names.setdefault(sha256, []).append(name)
    counts = np.zeros(info.codes, np.int64)
    frames, whole = 0, 0
    videos = videos_in(tokens.folder)
    for done, sha256 in enumerate(videos):
        report("videos", done, len(videos))
        try:
            times, ids = tokens.video(sha256)
        except InputError as error:
            problems.append(str(error))
            continue
        if ids.size and not (ids.min() >= 0 and ids.max() < info.codes):
            problems.append(f"{tokens.folder}: the video {sha256[:12]}… has the token {ids.max()}; there are {info.codes}")
            continue
        counts += np.bincount(ids.ravel(), minlength=info.codes)
        frames += len(times)
        whole += 1
    report("videos", len(videos), len(videos))
    levels = counts.reshape(info.levels, -1)
    return {
        "folder": str(tokens.folder),
        "digest": tokens.digest,
        "tokenizer": {"digest": info.tokenizer, "fitted": fitted(tokens.folder)},
        "rate": info.rate,
        "height": info.height,
        "width": info.width,
        "tokens_of_a_frame": info.tokens,
        "grid": info.grid,
        "levels": [use(level) for level in levels],
        "videos": whole,
        "frames": frames,
        "seconds": frames / info.rate,
        "tokens": frames * info.tokens,
        "unnamed": sum(1 for sha256 in videos if sha256 not in names) if names else None,
        "problems": problems,
    }


def fitted(folder: Path) -> Mapping[str, Any]:
    """What was written of the fit beside the tokenizer; nothing where that is not there."""
    from harness_plugins.video.tokenizer.files import REPORT

    try:
        return msgspec.json.decode((folder / TOKENIZER / REPORT).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):  # a saved tokenizer of elsewhere has none
        return {}


def quality(folder: Path) -> list[tuple[str, str]]:
    """The figures of the fit as (what, how much), and those of the videos that were held out, where any were."""
    said = fitted(folder)
    facts = _figures(said, "")
    if facts and said.get("patches"):
        facts.append(("These are of", f"the {said['patches']:,} patches that it was fitted on"))
    held = said.get("held_out") or {}
    found = _figures(held, ", held out")
    if found:
        videos = f"{held['videos']:,} video{'' if held['videos'] == 1 else 's'}"
        of = f"{held['patches']:,} patches of {held['frames']:,} frames of {videos} that it was not fitted on"
        found.append(("Held out are", of))
    lacking = _not_measured(folder, said)
    if lacking:
        found.append(("Not measured", lacking))
    return facts + found


def _not_measured(folder: Path, said: Mapping[str, Any]) -> str:
    from harness_plugins.video.tokenizer.files import read_description
    from harness_plugins.video.tokenizer.report import not_measured

    try:
        return not_measured(read_description(folder / TOKENIZER).fitted, said)
    except InputError:  # `--check` says what is wrong with it
        return ""


def _figures(said: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    levels = said.get("levels") or []
    if not levels:
        return []
    used = ", ".join(f"{one['used']:,} of {one['codes']:,} (perplexity {one['perplexity'] or 0:,.1f})" for one in levels)
    facts = [(f"Codes used{where}", used + (f" on {len(levels)} levels" if len(levels) > 1 else ""))]
    explained, psnr = levels[-1].get("explained"), said.get("psnr")
    told = [] if explained is None else [f"{explained:.1%} of the variance of features explained"]
    told += [] if psnr is None else [f"frames drawn from tokens: PSNR {psnr:.1f} dB"]
    return facts + ([(f"What is told{where}", "; ".join(told))] if told else [])


def _tokenizer_problems(tokens: VideoTokens) -> list[str]:
    from harness_plugins.video.tokenizer.files import load_tokenizer

    try:
        tokenizer = load_tokenizer(tokens.folder / TOKENIZER)
    except InputError as error:
        return [str(error)]
    if tokenizer.digest != tokens.info.tokenizer:
        return [f"{tokens.folder / TOKENIZER} is not the tokenizer that made the tokens; delete the folder, and build again"]
    return []
