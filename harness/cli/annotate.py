"""Collect ratings: a page for raters, sheets for those who work offline, and the way to a judgment set."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import finish_with_failures, json_option, notice, plugin_option, print_json, print_table, quiet_option

if TYPE_CHECKING:
    from harness.annotate.store import Store

DEFAULT_PORT = 8400
database_option = click.option(
    "--db",
    metavar="URL|FILE",
    help="SQLite file, or postgresql://… (default: annotations/<study name>.sqlite).",
)
study_argument = click.argument("study", metavar="STUDY.yaml")
link_base_option = click.option(
    "--base-url",
    metavar="URL",
    help=f"Address of the running server that the link begins with (default: port {DEFAULT_PORT} here).",
)


@click.group()
def annotate() -> None:
    """Collect ratings: a page for raters, sheets for those who work offline, and the way to a judgment set."""


@annotate.command()
@study_argument
@database_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; beyond this machine, use a TLS proxy."
)
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--base-url", metavar="URL", help="What links begin with, where raters reach the page through another address.")
@click.option("--owner-link", is_flag=True, help="Make a new link for the owner; the old one stops working.")
@plugin_option
@quiet_option
def serve(study: str, db: str | None, host: str, port: int, base_url: str | None, owner_link: bool) -> None:
    """Serves the study to its raters until it is interrupted; what they have answered is kept.

    Makes the study on its first start and prints a link for each rater and one for the owner. Links are secret and are not
    stored: what is lost is replaced with `harness data annotate raters link`.
    """
    store = _open(study, db)
    from harness.annotate.server import serve as serve_store

    new_owner = store.new_owner_token() if owner_link or not store.has_owner() else None

    def ready(url: str) -> None:
        base = (base_url or url).rstrip("/")
        click.echo(f"{store.study.name}: {len(store.raters())} raters, serving at {url} (Ctrl-C stops; answers are kept)")
        if new_owner is not None:
            click.echo(f"owner: {base}/owner/{new_owner}")
        for pseudonym, token in store.new_tokens.items():
            click.echo(f"{pseudonym}: {base}/r/{token}")
        if not store.new_tokens:
            click.echo("links are those printed before; a lost one is replaced with:")
            click.echo(f"harness data annotate raters link {study} NAME")

    _say_missing(store, study)
    try:
        serve_store(store, host=host, port=port, base_url=base_url, ready=ready)
    finally:
        store.close()


@annotate.command()
@study_argument
@database_option
@json_option
@quiet_option
def status(study: str, db: str | None, as_json: bool) -> None:
    """Prints the owner's numbers: progress, agreement so far, speed, who drifts."""
    from harness.cli.annotate_status import print_status

    store = _open(study, db, create=False)
    from harness.annotate.monitor import study_status

    found = study_status(store)
    store.close()
    if as_json:
        print_json(found)
    else:
        print_status(found)


@annotate.command()
@study_argument
@database_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the records, or file of the sheet.")
@click.option("--sheet", metavar="RATER", help="Write a sheet (CSV) for this rater to fill in offline, instead of the records.")
@click.option("--consent-given", is_flag=True, help="With --sheet: note that this rater has agreed to the consent text on paper.")
@click.option("--delimiter", type=click.Choice(["comma", "semicolon", "tab"]), help="Of the sheet (default: by the language).")
@click.option("--without", multiple=True, metavar="RATER", help="Leave this rater's answers out of the records. Repeatable.")
@quiet_option
def export(
    study: str,
    db: str | None,
    out: Path | None,
    sheet: str | None,
    consent_given: bool,
    delimiter: str | None,
    without: tuple[str, ...],
) -> None:
    """Writes the answers as a judgment set that `harness metaeval --judgments records:FOLDER` reads, or a sheet for a rater."""
    if sheet is None and (consent_given or delimiter):
        raise click.UsageError("--consent-given and --delimiter go with --sheet RATER")
    store = _open(study, db, create=sheet is not None)
    if sheet is not None:
        _write_sheet(store, sheet, out or Path(f"{sheet}.csv"), consent_given, delimiter)
    else:
        from harness.annotate.exchange import export_store

        folder = out or Path("annotations") / f"{store.study.name}-records"
        counts = export_store(store, folder, without=without)
        click.echo(
            f"{counts['judgments']} ratings and {counts['preferences']} preferences of {counts['raters']} raters on "
            f"{counts['outputs']} outputs of {counts['examples']} items"
        )
        click.echo(f"{folder}: harness metaeval --judgments records:{folder} --metric chrf")
    store.close()


@annotate.command("import")
@study_argument
@click.argument("sheet", type=click.Path(path_type=Path))
@database_option
@click.option("--replace", is_flag=True, help="Let the sheet's answers replace different ones that are stored already.")
@json_option
@quiet_option
def import_(study: str, sheet: Path, db: str | None, replace: bool, as_json: bool) -> None:
    """Reads a filled sheet back; every cell is checked first, and the same sheet twice changes nothing.

    Exit code 3 if rows were left out: half filled, or in conflict with an answer that is stored already.
    """
    store = _open(study, db, create=False)
    from harness.annotate.sheet_import import import_sheet

    found = import_sheet(store, sheet, replace=replace)
    store.close()
    if as_json:
        print_json(found._asdict())
    else:
        click.echo(
            f"{found.rater}: {found.new} new, {found.replaced} replaced, {found.same} there already, {found.empty} empty rows"
        )
    for line in (*found.unfinished, *found.conflicts):
        notice(line)
    if found.conflicts:
        notice("--replace lets the sheet's answers count")
    finish_with_failures(len(found.unfinished) + len(found.conflicts), "rows were not stored")


@annotate.group()
def raters() -> None:
    """Adds, lists and deletes raters, and makes new links."""


@raters.command()
@study_argument
@click.argument("pseudonym")
@database_option
@link_base_option
@plugin_option
@quiet_option
def add(study: str, pseudonym: str, db: str | None, base_url: str | None) -> None:
    """Adds a rater and prints their link; nothing moves for the others."""
    store = _open(study, db)
    token = store.new_tokens.get(pseudonym) or store.add_rater(pseudonym)
    base = _link_base(base_url)
    for name, other in store.new_tokens.items():
        if name != pseudonym:
            click.echo(f"{name}: {base}/r/{other}")
    click.echo(f"{pseudonym}: {base}/r/{token}")
    store.close()


@raters.command("list")
@study_argument
@database_option
@json_option
@quiet_option
def list_(study: str, db: str | None, as_json: bool) -> None:
    """Lists the raters with consent and progress."""
    store = _open(study, db, create=False)
    rows: list[dict[str, Any]] = []
    for rater in store.raters():
        progress = store.progress(rater)
        rows.append(
            {
                "pseudonym": rater.pseudonym,
                "added_at": rater.added_at,
                "consented_at": rater.consented_at,
                "done": progress.main_done,
                "total": progress.main_total,
            }
        )
    store.close()
    if as_json:
        print_json(rows)
        return
    cells = [[row["pseudonym"], row["consented_at"] or "no", f"{row['done']} of {row['total']}"] for row in rows]
    print_table(["rater", "consent", "tasks"], cells)


@raters.command()
@study_argument
@click.argument("pseudonym")
@database_option
@link_base_option
@quiet_option
def link(study: str, pseudonym: str, db: str | None, base_url: str | None) -> None:
    """Makes a new link for a rater; the old one stops working, answers are kept."""
    store = _open(study, db, create=False)
    click.echo(f"{pseudonym}: {_link_base(base_url)}/r/{store.new_token(pseudonym)}")
    store.close()


@raters.command()
@study_argument
@click.argument("pseudonym")
@database_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@quiet_option
def delete(study: str, pseudonym: str, db: str | None, yes: bool) -> None:
    """Erases a rater and everything they have said, for good. Exported files and backups are yours to delete."""
    store = _open(study, db, create=False)
    rater = store.rater(pseudonym)
    if not yes:
        click.confirm(f"Erase {rater.pseudonym!r} and {store.progress(rater).main_done} answered tasks for good?", abort=True)
    erased = store.delete_rater(pseudonym)
    store.close()
    click.echo(f"{pseudonym} and {erased} answers are erased")


def _link_base(given: str | None) -> str:
    """What links begin with; a command that serves nothing cannot know where the server is."""
    if given is not None:
        return given.rstrip("/")
    base = f"http://127.0.0.1:{DEFAULT_PORT}"
    notice(f"the link is for a server at {base}; if yours is elsewhere, change that part, or give --base-url")
    return base


def _open(study: str, db: str | None, *, create: bool = True) -> "Store":
    """The study's store; a missing package is answered with the line that installs it."""
    from harness.annotate.study_file import load_study
    from harness.cli.common import registry
    from harness.errors import MissingExtra

    loaded = load_study(study)
    try:
        from harness.annotate.items import read_items
        from harness.annotate.store import open_store
    except ModuleNotFoundError as error:
        line = "pip install 'metaeval-harness[annotate]'"
        raise MissingExtra(f"collecting ratings needs the package {error.name!r}; install it with: {line}") from error
    return open_store(loaded, db, lambda new: read_items(new, registry()), create=create)


def _say_missing(store: "Store", study: str) -> None:
    """Raters that were written into the file after the study was made are not added by themselves: one may have been erased."""
    from harness.annotate.study_file import load_study

    known = {rater.pseudonym for rater in store.raters()}
    for pseudonym in load_study(study).raters:
        if pseudonym not in known:
            how = f"harness data annotate raters add {study} {pseudonym}"
            notice(f"{pseudonym} stands in {study} but is no rater of the study; add them with: {how}")


def _write_sheet(store: "Store", pseudonym: str, path: Path, consent_given: bool, delimiter: str | None) -> None:
    from harness.annotate.sheet import write_guide, write_sheet
    from harness.errors import InputError

    rater = store.rater(pseudonym)
    if consent_given:
        rater = store.record_consent(rater, how="owner")
    if rater.consented_at is None:
        raise click.UsageError(
            f"{pseudonym} has not agreed to the consent text; when they have, on paper say, give --consent-given"
        )
    if path.exists():
        raise InputError(f"{path} is there already, perhaps filled in: import it, move it, or name another file with --out")
    guide, guidelines = path.with_suffix(".guidelines.md"), write_guide(store.study, store.study.languages[0]).encode("utf-8")
    if guide.exists() and not (guide.is_file() and guide.read_bytes() == guidelines):
        raise InputError(f"{guide} is there already and would be overwritten: move it, or name another file with --out")
    path.write_bytes(write_sheet(store, rater, delimiter=delimiter))
    guide.write_bytes(guidelines)
    click.echo(f"{path}: the tasks of {pseudonym}, to be filled in and saved as CSV UTF-8")
    click.echo(f"{guide}: the guidelines that go with it")
