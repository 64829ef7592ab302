"""Data: list judgment sources and data sets, get their files, check what they hold."""

from dataclasses import dataclass
from typing import Any

import click

from harness.cli.annotate import annotate
from harness.cli.common import json_option, notice, plugin_option, print_json, quiet_option, registry
from harness.cli.plain import columns

KIND = "judgment source"


@click.group()
def data() -> None:
    """Data: list judgment sources and data sets, get their files, check what they hold.

    Files lie in the folder that HARNESS_DATA names, else in the user's data folder.
    """


data.add_command(annotate)


@data.command("list")
@json_option
@plugin_option
@quiet_option
def list_(as_json: bool) -> None:
    """Lists every judgment source: version, licence, whether its data is there, how many items it holds; then the data sets that
    dataset builders and metrics read."""
    plugins = registry()
    rows = [_listed(entry) for _, entry in sorted(plugins.entries[KIND].items())]
    rows += [_listed_files(name, found) for name, found in sorted(_sets(plugins).items())]
    if as_json:
        print_json(rows)
        return
    header = ("name", "version", "licence", "data", "items")
    for line in columns([header, *(tuple("–" if row[key] is None else str(row[key]) for key in header) for row in rows)]):
        click.echo(line)


@data.command()
@click.argument("name")
@click.option("--from", "base", metavar="URL|FOLDER", help="Read the files from here instead of their pinned address.")
@plugin_option
@quiet_option
def get(name: str, base: str | None) -> None:
    """Fetches the files of NAME, a judgment source or a data set that plugins read, into the data home and checks their sha256.

    Files that are already right are left alone, so the same command goes on where it stopped.
    """
    from harness.data import get_data

    files = _data_of(registry(), name)
    if files is None:
        click.echo(f"{name} needs no files: there is nothing to get")
        return
    notice(f"{name}: {len(files.files)} files from {base or files.source}, licence {files.licence}")
    click.echo(get_data(files, base, report=notice))


@data.command()
@click.argument("name")
@json_option
@plugin_option
@quiet_option
def check(name: str, as_json: bool) -> None:
    """Checks the files and records of the source NAME and prints what a careful person looks at first.

    What could hurt the numbers comes first, worst first; then ratings (histograms, empty cells, agreement), texts (length,
    encoding, markup, repeats) and languages. NAME may carry parameters: gec-sv:rounds=all, table:FILE.csv. Of a data set that
    other plugins read, the files are checked.
    """
    from harness.cli.check_text import check_lines
    from harness.data import check_data, remedy
    from harness.describe import describe
    from harness.errors import InputError
    from harness.judgments import read_judgments

    plugins = registry()
    sets = _sets(plugins)
    if name in sets:
        _check_files(name, sets[name].files, as_json)
        return
    ref = plugins.parse(KIND, name)
    files = _data_of(plugins, ref.name)
    states = {} if files is None else check_data(files)
    bad = {path: state for path, state in states.items() if state != "ok"}
    if bad:
        raise InputError(f"{ref.name}: {_not_pinned(bad, len(states))}; {remedy(files, ref.name)}")
    summary = describe(read_judgments(plugins.build(KIND, ref)))
    if as_json:
        print_json({**summary, "files": states})
    else:
        if states:
            click.echo(f"{len(states)} files, every sha256 right")
        for line in check_lines(summary, _wide()):
            click.echo(line)


@dataclass(frozen=True)
class _Set:
    """Files that plugins which are no judgment sources read, and of what kind those are."""

    files: Any
    readers: str


def _sets(plugins: Any) -> dict[str, _Set]:
    """What dataset builders and metrics read, by name, but for what a judgment source of this name reads, too."""
    found: dict[str, _Set] = {}
    for kind, readers in (("metric", "metrics"), ("dataset builder", "dataset builders")):
        for entry in plugins.entries[kind].values():
            found |= {name: _Set(files, readers) for name, files in entry.spec.data.items() if name not in plugins.entries[KIND]}
    return found


def _data_of(plugins: Any, name: str) -> Any:
    """The files of a judgment source, or of a data set that builders or metrics read; None if it needs none."""
    sets = _sets(plugins)
    return sets[name].files if name in sets else plugins.find(KIND, name).spec.data


def _check_files(name: str, files: Any, as_json: bool) -> None:
    from harness.data import check_data, remedy
    from harness.errors import InputError

    states = check_data(files)
    bad = {path: state for path, state in states.items() if state != "ok"}
    if bad:
        raise InputError(f"{name}: {_not_pinned(bad, len(states))}; {remedy(files, name)}")
    if as_json:
        print_json({"name": name, "licence": files.licence, "files": states})
    else:
        click.echo(f"{len(states)} files, every sha256 right")


def _not_pinned(bad: dict[str, Any], total: int) -> str:
    """`11 of 11 files are missing (A, B and 9 more)`, and likewise those that are not the pinned ones."""
    parts = []
    for state, what in (("missing", "missing"), ("wrong", "not the pinned ones (sha256)")):
        paths = [path for path, found in bad.items() if found == state]
        more = f" and {len(paths) - 2} more" if len(paths) > 2 else ""
        if paths:
            verb = "is" if len(paths) == 1 else "are"
            parts.append(f"{len(paths)} of {total} files {verb} {what}: {', '.join(paths[:2])}{more}")
    return "; ".join(parts)


def _listed_files(name: str, found: _Set) -> dict[str, Any]:
    from harness.data import check_data

    return {
        "name": name,
        "version": None,
        "licence": found.files.licence,
        "data": _state(check_data(found.files)),
        "items": None,
        "help": f"read by {found.readers}",
    }


def _state(states: dict[str, Any]) -> str:
    found = set(states.values())
    return "present" if found == {"ok"} else "wrong" if "wrong" in found else "absent"


def _listed(entry: Any) -> dict[str, Any]:
    from harness.data import check_data
    from harness.errors import HarnessError
    from harness.records import Example
    from harness.registry import required

    spec = entry.spec
    row = {"name": spec.name, "version": spec.version, "licence": None, "data": "built in", "items": None, "help": spec.help}
    if spec.data is not None:
        row["licence"] = spec.data.licence
        row["data"] = _state(check_data(spec.data))
    if required(spec) or (spec.argument is not None and spec.data is None):
        return {**row, "data": "yours"}
    try:
        source = spec.build()
        row["licence"] = source.info.licence
        if row["data"] in ("present", "built in"):
            row["items"] = sum(isinstance(record, Example) for record in source.read())
    except (HarnessError, ImportError) as error:
        notice(f"{spec.name}: {error}")
    return row


def _wide() -> int:
    """Characters a line may have: the terminal's, or 120 where it is a pipe or a file."""
    import shutil

    return max(60, min(140, shutil.get_terminal_size((120, 24)).columns))
