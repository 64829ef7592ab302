"""Writes a board as HTML, CSV, Markdown or JSON, in lm-eval's results format, or in the schema of Every Eval Ever."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, plugin_option, print_json, quiet_option, registry
from harness.cli.leaderboard_options import board_options

if TYPE_CHECKING:
    from harness.leaderboard.opened import Opened

_FILES = {"html": "html", "csv": "csv", "md": "md", "json": "json"}
_FOLDERS = ("lm-eval", "every-eval-ever")


@click.command(
    name="export",
    help=f"""{__doc__}

html (one file that opens offline), csv, md and json (the whole board) are files: by default leaderboard.html and so on in FOLDER.
lm-eval and every-eval-ever write a file a model into the folder --out. A file that is there already is replaced only with
--force, or if it is called leaderboard.html and so on and holds what an export wrote; else nothing is written. Texts that a
spreadsheet would take for formulas get an apostrophe in CSV; control characters are written as \\x1b and the like.

\b
harness leaderboard export runs/board --format html --format csv
harness leaderboard export lm-eval-output --format md --out -
harness leaderboard export runs/board --format every-eval-ever --out records --organization "Linköping University"
""",
)
@click.argument("folder", type=click.Path(exists=True), metavar="FOLDER")
@click.option(
    "--format", "kinds", multiple=True, required=True, type=click.Choice([*_FILES, *_FOLDERS]), help="Which format. Repeatable."
)
@click.option("--out", "--output", "-o", "out", metavar="PATH", help="A file, a folder, or - for stdout.")
@click.option("--organization", metavar="TEXT", default="unknown", help="every-eval-ever: who made the board.")
@click.option(
    "--relationship",
    type=click.Choice(["first_party", "third_party", "collaborative", "other"]),
    default="other",
    show_default=True,
    help="every-eval-ever: of who made the board to who made the models.",
)
@click.option(
    "--items", is_flag=True, help="every-eval-ever: also each model's answers, a line an item: prompts and texts go along."
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@board_options
@plugin_option
@json_option
@quiet_option
def command(
    folder: str,
    kinds: tuple[str, ...],
    out: str | None,
    organization: str,
    relationship: str,
    items: bool,
    force: bool,
    as_json: bool,
    **said: Any,
) -> None:
    from harness.leaderboard.opened import open_board

    kinds = tuple(dict.fromkeys(kinds))
    single = [kind for kind in kinds if kind in _FILES]
    if out == "-" and (len(kinds) != 1 or not single or as_json):
        raise click.UsageError("--out - prints one file: give one --format of html, csv, md and json, and no --json")
    if items and "every-eval-ever" not in kinds:
        raise click.UsageError("--items belongs to --format every-eval-ever")
    if out is None and len(single) < len(kinds):
        raise click.UsageError("lm-eval and every-eval-ever write several files: name a folder with --out")
    home = Path(folder)
    if out is None and not home.is_dir():
        raise click.UsageError("say with --out where to write")
    opened = open_board(home, registry=registry, **said)
    if out == "-":
        sys.stdout.buffer.write(_rendered(opened, single[0]))
        return
    files: dict[str, dict[Path, bytes]] = {}
    for kind in single:
        files[kind] = {_path(home, out, kind, alone=len(kinds) == 1): _rendered(opened, kind)}
    for kind in kinds:
        if kind in _FOLDERS:
            many = _many(opened, kind, organization, relationship, items)
            files[kind] = {Path(str(out)) / name: data for name, data in many.items()}
    for kind, found in files.items():
        for path in found if not force else ():
            _check(path, kind)
    for found in files.values():
        for path, data in found.items():
            _write(path, data)
    written = {kind: [str(path) for path in found] for kind, found in files.items()}
    if as_json:
        print_json({"files": written})
        return
    for names in written.values():
        for name in names:
            click.echo(name)


def _rendered(opened: "Opened", kind: str) -> bytes:
    """The board as one file."""
    if kind == "html":
        from harness.leaderboard.html.page import page

        return page(opened.board, opened.results).encode("utf-8", "backslashreplace")
    if kind == "json":
        import msgspec

        return msgspec.json.format(msgspec.json.encode(opened.board), indent=2) + b"\n"
    from harness.leaderboard.export import board_csv, board_markdown

    text = board_csv(opened.board) if kind == "csv" else board_markdown(opened.board)
    return text.encode("utf-8", "backslashreplace")


def _many(opened: "Opened", kind: str, organization: str, relationship: str, items: bool) -> dict[str, bytes]:
    """The board as a file a model, by path."""
    from harness.leaderboard.every_eval_ever import every_eval_ever
    from harness.leaderboard.lm_eval_files import encoded, lm_eval_files

    if kind == "lm-eval":
        return {name: encoded(content) for name, content in lm_eval_files(opened.board, opened.results).items()}
    return every_eval_ever(
        opened.board,
        opened.results,
        retrieved=time.time(),
        organization=organization,
        relationship=relationship,
        items=items,
    )


def _path(home: Path, out: str | None, kind: str, alone: bool) -> Path:
    if out is None:
        return home / f"leaderboard.{_FILES[kind]}"
    path = Path(out)
    if path.is_dir():
        return path / f"leaderboard.{_FILES[kind]}"
    if not alone:
        raise click.UsageError(f"{path} is no folder; several formats go into a folder: make it first, or give one --format")
    return path


def _check(path: Path, kind: str) -> None:
    """InputError where a file is there that no export wrote."""
    from harness.errors import InputError
    from harness.leaderboard.export import is_export
    from harness.out_files import is_stream

    if is_stream(path) or not path.is_file() or not path.stat().st_size:
        return
    if path.name != f"leaderboard.{_FILES.get(kind, '')}" or not is_export(path.read_bytes(), kind):
        raise InputError(f"{path} is there already, and not a board that an export wrote: name another file, or say --force")


def _write(path: Path, data: bytes) -> None:
    from harness.out_files import write_out

    path.parent.mkdir(parents=True, exist_ok=True)
    write_out(path, data, lambda found: True)
