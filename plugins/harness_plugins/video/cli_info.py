"""What a folder holds: of videos, which can be used and which captions they have; of video tokens, how many and how good."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, print_json, print_table, quiet_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness.errors import InputError

if TYPE_CHECKING:
    from harness_plugins.video.captions.cues import Captions
    from harness_plugins.video.material import Material


@click.command(
    "info",
    help=f"""{__doc__}

WHERE is a folder of video tokens (it holds a video.json), or videos: a folder, a file or a pattern. Of videos the first frame is
decoded, so damage further on is not seen; cues past the end are those that a build cuts or sets aside. Nothing is written.
--check, of video tokens alone, reads their tokenizer and holds every token against it; exit code 2 says that something is
damaged.

\b
harness video info films
harness video info tokens --check
""",
)
@click.argument("where", metavar="WHERE")
@click.option("--check", is_flag=True, help="Of video tokens: read the tokenizer, too, and say what is damaged.")
@json_option
@quiet_option
def info(where: str, check: bool, as_json: bool) -> None:
    from harness_plugins.video.store import INFO

    if (Path(where).expanduser() / INFO).is_file():
        _of_tokens(Path(where).expanduser(), check, as_json)
    elif check:
        raise InputError(
            f"{where} holds no video tokens ({INFO} is missing), and --check is for these; leave it out to see videos"
        )
    else:
        _of_videos(where, as_json)


def _of_tokens(folder: Path, check: bool, as_json: bool) -> None:
    from harness_plugins.video.folder import folder_facts, quality
    from harness_plugins.video.store import VideoTokens

    tokens = VideoTokens(folder)
    with progress() as report:
        facts = folder_facts(tokens, report, check)
    if as_json:
        print_json(facts)
    else:
        grid = f" ({facts['grid'][0]} rows of {facts['grid'][1]})" if facts["grid"] else ""
        size = f"{facts['width']}×{facts['height']}"
        sampled = f"{_count(facts['frames'], 'frame')} ({facts['seconds']:,.0f} s at {facts['rate']:g} a second, {size} pixels)"
        each = f"{facts['tokens_of_a_frame']} a frame{grid}"
        click.echo(plain(f"{folder}: {_count(facts['videos'], 'video')}, {sampled}, {facts['tokens']:,} tokens, {each}"))
        click.echo(plain(f"  tokenizer {facts['tokenizer']['digest'][:12]}"))
        for number, level in enumerate(facts["levels"], 1):
            name = f"level {number}: " if len(facts["levels"]) > 1 else ""
            click.echo(
                plain(
                    f"  {name}{level['used']:,} of {level['codes']:,} codes used ({level['share']:.1%}), perplexity "
                    f"{level['perplexity'] or 0:,.1f}, over all videos"
                )
            )
        for what, said in quality(folder):
            click.echo(plain(f"  when it was fitted: {what[0].lower()}{what[1:]}: {said}"))
    if len(facts["problems"]) > 1:
        for problem in facts["problems"]:
            click.echo(plain(f"damaged: {problem}"), err=True)
        raise InputError(f"{folder}: {len(facts['problems']):,} things are damaged, named above")
    if facts["problems"]:
        raise InputError(facts["problems"][0])


def _of_videos(where: str, as_json: bool) -> None:
    from harness_plugins.video.material import look
    from harness_plugins.video.pairing import pairs_of

    found = pairs_of([where], None, "und")
    material, broken = look(found.pairs, None, "und", 1)
    aside = [*found.aside, *broken]
    if as_json:
        print_json(
            {
                "videos": [_facts(one) for one in material],
                "unusable": [{"id": row.id, "reason": row.reason, "detail": row.detail} for row in aside],
                "notes": list(found.notes),
            }
        )
        return
    if material:
        print_table(
            ["video", "seconds", "a second", "size", "codec", "captions", "cues", "past the end", "problems"],
            [_row(one) for one in material],
            whole=["size", "codec"],
        )
    if aside:
        if material:
            click.echo()
        print_table(
            ["cannot be used", "reason", "detail"], [[plain(row.id), plain(row.reason), plain(row.detail or "")] for row in aside]
        )
    for note in found.notes:
        click.echo(plain(note))


def _facts(one: "Material") -> Mapping[str, Any]:
    info = one.info
    return {
        "video": one.pair.name,
        "sha256": info.sha256,
        "seconds": info.duration,
        "rate": info.rate,
        "width": info.width,
        "height": info.height,
        "rotation": info.rotation,
        "codec": info.codec,
        "sound": info.audio,
        "streams": info.streams,
        "timed": info.timed,
        "captions": [
            {
                "file": track.name,
                "language": track.language,
                "cues": len(captions.cues),
                "past_the_end": _past(one, captions),
                "problems": len(captions.problems),
            }
            for track, captions in one.tracks
        ],
    }


def _row(one: "Material") -> list[str]:
    info = one.info
    languages = ", ".join("not said" if track.language == "und" else str(track.language) for track, _ in one.tracks)
    return [
        plain(one.pair.name),
        "–" if info.duration is None else f"{info.duration:,.2f}",
        "–" if info.rate is None else f"{info.rate:.5g}",
        f"{info.width}×{info.height}",
        plain(info.codec),
        plain(languages),
        f"{sum(len(captions.cues) for _, captions in one.tracks):,}",
        "–" if info.duration is None else f"{sum(_past(one, captions) or 0 for _, captions in one.tracks):,}",
        f"{sum(len(captions.problems) for _, captions in one.tracks):,}",
    ]


def _past(one: "Material", captions: "Captions") -> int | None:
    """How many cues a build would set aside or cut, for they lie outside of the pictures; None where their end is not known."""
    from harness_plugins.video.segments import fit

    if one.info.duration is None:
        return None
    fitted = fit(captions.cues, one.info.begins, one.info.duration)
    return len(fitted.past) + len(fitted.cut)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
