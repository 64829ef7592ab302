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
lm-eval and every-eval-ever write a file a model into the folder --out. A file that is there already is replaced only if an
export wrote it (its name begins with leaderboard.) or with --force. Texts that a spreadsheet would take for formulas get an
apostrophe in CSV.

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
    force: bool,
    as_json: bool,
    **said: Any,
) -> None:
    from harness.leaderboard.opened import open_board

    kinds = tuple(dict.fromkeys(kinds))
    single = [kind for kind in kinds if kind in _FILES]
    if out == "-" and (len(kinds) != 1 or not single or as_json):
        raise click.UsageError("--out - prints one file: give one --format of html, csv, md and json, and no --json")
    if out is None and len(single) < len(kinds):
        raise click.UsageError("lm-eval and every-eval-ever write several files: name a folder with --out")
    home = Path(folder)
    if out is None and not home.is_dir():
        raise click.UsageError("say with --out where to write")
    opened = open_board(home, registry=registry, **said)
    if out == "-":
        sys.stdout.buffer.write(_rendered(opened, single[0]))
        return
    written: dict[str, list[str]] = {}
    for kind in single:
        path = _path(home, out, kind, alone=len(kinds) == 1)
        _write(path, _rendered(opened, kind), force)
        written[kind] = [str(path)]
    for kind in kinds:
        if kind in _FOLDERS:
            files = _many(opened, kind, organization, relationship)
            paths = [Path(str(out)) / name for name in files]
            for path, data in zip(paths, files.values(), strict=True):
                _write(path, data, force)
            written[kind] = [str(path) for path in paths]
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


def _many(opened: "Opened", kind: str, organization: str, relationship: str) -> dict[str, bytes]:
    """The board as a file a model, by path."""
    from harness.leaderboard.every_eval_ever import every_eval_ever
    from harness.leaderboard.lm_eval_files import encoded, lm_eval_files

    if kind == "lm-eval":
        found = lm_eval_files(opened.board, opened.results)
    else:
        made = every_eval_ever(
            opened.board, opened.results, retrieved=time.time(), organization=organization, relationship=relationship
        )
        found = made
    return {name: encoded(content) for name, content in found.items()}


def _path(home: Path, out: str | None, kind: str, alone: bool) -> Path:
    if out is None:
        return home / f"leaderboard.{_FILES[kind]}"
    path = Path(out)
    if path.is_dir():
        return path / f"leaderboard.{_FILES[kind]}"
    if not alone:
        raise click.UsageError(f"{path} is no folder; several formats go into a folder: make it first, or give one --format")
    return path


def _write(path: Path, data: bytes, force: bool) -> None:
    from harness.out_files import write_out

    path.parent.mkdir(parents=True, exist_ok=True)
    write_out(path, data, lambda found: force or found.name.startswith("leaderboard."))
