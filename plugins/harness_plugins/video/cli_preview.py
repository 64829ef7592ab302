"""A page that shows segments of a build as frames with their text, and what their tokens say."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import notice, quiet_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.records import Example
    from harness_plugins.video.store import VideoTokens


@click.command(
    "preview",
    help=f"""{__doc__}

BUILD is the folder of a data set (`harness build`), or its table examples.parquet. The page is one file that holds its pictures
and opens offline. Frames are decoded from the videos, which lie where they did when the data set was built, or below --videos.

\b
harness video preview builds/films
harness video preview builds/films --segments 40 --frames 10 -o films.html
""",
)
@click.argument("build", metavar="BUILD", type=click.Path())
@click.option("--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="The page; default BUILD/preview.html.")
@click.option(
    "--tokens",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="The folder of the video tokens; default the one that the build names.",
)
@click.option("--videos", type=click.Path(file_okay=False, exists=True), metavar="DIR", help="Where videos are that were moved.")
@click.option("--segments", default=12, show_default=True, type=click.IntRange(1, 500), help="Segments on the page, at most.")
@click.option("--frames", default=6, show_default=True, type=click.IntRange(1, 60), help="Frames of a segment, at most.")
@click.option("--split", metavar="NAME", help="Segments of this split only.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Which segments are drawn.")
@quiet_option
def preview(
    build: str,
    output: str | None,
    tokens: str | None,
    videos: str | None,
    segments: int,
    frames: int,
    split: str | None,
    seed: int,
) -> None:
    from harness.whole_files import replace_file
    from harness_plugins.video.preview.contents import preview as made
    from harness_plugins.video.preview.page import preview_html

    table, folder = _table(Path(build).expanduser())
    with progress() as report:
        page = made(
            folder.resolve().name,
            partial(_examples, table, split),
            _tokens(folder, tokens),
            segments=segments,
            frames=frames,
            seed=seed,
            beside=None if videos is None else Path(videos),
            progress=report,
        )
    where = Path(output) if output else folder / "preview.html"
    where.parent.mkdir(parents=True, exist_ok=True)
    replace_file(where, preview_html(page).encode())
    for note in sorted({card.note for card in page.cards if card.note}):
        notice(plain(note))
    shown = sum(len(card.frames) for card in page.cards)
    click.echo(plain(f"{where}: {len(page.cards)} segments, {shown} frames"))


def _table(given: Path) -> tuple[Path, Path]:
    """The table of examples, and the folder that it is in."""
    table = given / "examples.parquet" if given.is_dir() else given
    if not table.is_file():
        raise InputError(f"{given}: no data set; give the folder that `harness build` wrote, which holds examples.parquet")
    return table, table.parent


def _examples(table: Path, split: str | None) -> "Iterable[Example]":
    from harness.records import Example
    from harness.store import read_table

    return (example for example in read_table(table, Example) if split is None or example.split == split)


def _tokens(folder: Path, given: str | None) -> "VideoTokens | None":
    from harness_plugins.video.store import INFO, VideoTokens

    if given is not None:
        return VideoTokens(given)
    named = _named(folder)
    for path in named:
        if (path / INFO).is_file():
            return VideoTokens(path)
    if named:
        notice(plain(f"{named[0]} holds no video tokens from here; --tokens says where they are"))
    return None


def _named(folder: Path) -> list[Path]:
    """The folders of tokens that the builders of a data set name: from here, else from above the data set."""
    from harness.store import read_manifest

    try:
        builders: Any = read_manifest(folder).config.get("builders", [])
    except InputError:
        return []
    parameters = [value for one in builders if isinstance(one, dict) for value in one.values() if isinstance(value, dict)]
    paths = [Path(str(one["folder"])).expanduser() for one in parameters if isinstance(one.get("folder"), str)]
    places = [base / path for path in paths for base in (Path(), *folder.resolve().parents)]
    return [found for place in places for found in (place, place / "tokens")]
