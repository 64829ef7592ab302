"""Lists what plugins offer, checks that it works, and begins new ones."""

import dataclasses
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import FAILURES, json_option, plugin_files, plugin_option, print_json, print_table
from harness.errors import PluginError, did_you_mean

if TYPE_CHECKING:
    from harness.registry import Entry, Problem, Registry


@click.group(help=__doc__)
def plugins() -> None: ...


@plugins.command("list")
@plugin_option
@json_option
def list_(as_json: bool) -> None:
    """Every metric, judgment source, builder, generator, trainer and command, with where it comes from and how long it loads.

    HARNESS_DISABLED_PLUGINS=NAME,NAME (names of plugins or of distributions) leaves plugins out.
    """
    found = _load()
    rows = [_described(kind, entry) for kind, entries in found.entries.items() for _, entry in sorted(entries.items())]
    rows += _commands()
    if as_json:
        print_json({"plugins": rows, "problems": found.problems, "loaded": found.loaded})
        return
    loads = {(one.plugin, one.distribution): one for one in found.loaded}
    for row in rows:
        one = loads.get((row.get("plugin", ""), row["distribution"]))
        row["load"] = f"{one.seconds * 1000:.0f} ms" if one is not None and one.seconds is not None else ""
        row["from"] = f"{row['distribution']} {one.version}" if one is not None and one.version else row["distribution"]
    columns = ["kind", "name", "version", "from", "load", "needs", "cost", "extra", "what it is"]
    print_table(columns, [_line(row) for row in rows])
    _say(found.problems)
    for one in found.loaded:
        if one.disabled:
            click.echo(f"plugin {one.plugin!r} (from {one.distribution}): disabled by HARNESS_DISABLED_PLUGINS", err=True)
    if found.problems:
        click.echo("leave a plugin out with HARNESS_DISABLED_PLUGINS=NAME", err=True)


@plugins.command()
@click.argument("kind", metavar="KIND", type=click.Choice(["metric", "builder", "trainer", "generator", "judgments", "command"]))
@click.argument("name", metavar="NAME")
@click.option("--folder", type=click.Path(path_type=Path), metavar="DIR", help="Where it is written (default: metaeval-NAME).")
@click.option(
    "--distribution", metavar="NAME", help="What it is called where packages are installed from (default: metaeval-NAME)."
)
def new(kind: str, name: str, folder: Path | None, distribution: str | None) -> None:
    """Writes a new plugin: a small distribution with pyproject, typed module, tests, README and a CI file.

    KIND is metric, builder, trainer, generator, judgments or command. It passes its own tests at once; change it from there.
    """
    from harness.scaffold.new import new_plugin

    target = folder or Path(distribution or f"metaeval-{name}")
    for file in new_plugin(kind, name, target, distribution):
        click.echo(str(file))
    click.echo(f"\nNext: cd {target} && pip install -e '.[test]' && pytest", err=True)


@plugins.command()
@plugin_option
@json_option
@click.argument("names", nargs=-1, metavar="[NAME | FILE.py]...")
def check(names: tuple[str, ...], as_json: bool) -> None:
    """Loads and builds plugins with their default parameters, and tries each metric on three small units.

    Without a NAME, all of them. Exit code 3 if something is wrong. What needs a parameter, a package that is not installed or
    money is skipped, with the reason.
    """
    from harness.plugin_check import check_plugin

    found = _load(*(name for name in names if name.endswith(".py")))
    entries = [(kind, entry) for kind, of_kind in found.entries.items() for _, entry in sorted(of_kind.items())]
    for name in names:
        if not any(_named((name,), entry) for _, entry in entries) and not any(_named((name,), p) for p in found.problems):
            raise PluginError(f"there is no plugin {name!r}.{did_you_mean(name, {entry.spec.name for _, entry in entries})}")
    chosen = [(kind, entry) for kind, entry in entries if _named(names, entry)]
    problems = [problem for problem in found.problems if _named(names, problem)]
    checks = [check_plugin(found, kind, entry) for kind, entry in chosen]
    if as_json:
        print_json({"checks": checks, "problems": problems})
    else:
        print_table(
            ["result", "kind", "name", "from", "why"], [[c.status, c.kind, c.name, c.distribution, c.detail] for c in checks]
        )
        _say(problems)
    if problems or any(check.status == "failed" for check in checks):
        raise SystemExit(FAILURES)


def _load(*files: str) -> "Registry":
    from harness.plugins import load_plugins

    return load_plugins([*plugin_files(), *files], strict=False)


def _named(names: tuple[str, ...], found: "Entry | Problem") -> bool:
    """True if a name is that of the plugin, its distribution, its file or of what it offers; or if there are no names."""
    own = {found.plugin, found.distribution, *([found.spec.name] if hasattr(found, "spec") else [])}
    if not names or not own.isdisjoint(names):
        return True
    return any(name.endswith(".py") and Path(name).resolve() == Path(found.distribution).resolve() for name in names)


def _described(kind: str, entry: "Entry") -> dict[str, Any]:
    """The spec's fields without the function, its parameters with their defaults, and whether its extra is there."""
    from harness.plugin_check import missing_packages
    from harness.registry import parameters, pip_line

    spec = {
        field.name: getattr(entry.spec, field.name)
        for field in dataclasses.fields(entry.spec)
        if field.name not in ("build", "data", "reads", "found_in")
    }
    taken = parameters(entry.spec)
    try:
        missing = missing_packages(entry)
    except PluginError as error:
        missing = [str(error)]
    return {
        "kind": kind,
        "plugin": entry.plugin,
        "distribution": entry.distribution,
        **spec,
        "parameters": None if taken is None else {p.name: _default(p) for p in taken.values()},
        "missing": missing,
        "install": pip_line(entry) if missing else None,
    }


def _default(parameter: inspect.Parameter) -> str | None:
    """The default as Python writes it; None where a value must be given."""
    return None if parameter.default is parameter.empty else repr(parameter.default)


def _commands() -> list[dict[str, Any]]:
    from harness.cli.main import command_points

    return [
        {
            "kind": "command",
            "name": point.name,
            "version": point.dist.version if point.dist is not None else "",
            "distribution": point.dist.name if point.dist is not None else "unknown distribution",
            "help": point.value,
        }
        for points in command_points().values()
        for point in points
    ]


def _line(row: dict[str, Any]) -> list[str]:
    extra = row.get("extra") or ""
    if row.get("missing"):
        extra = f"missing: {row['install']}" if row["install"] else f"{extra}: {', '.join(row['missing'])}"
    cells = [
        row["kind"],
        row["name"],
        row["version"],
        row["from"],
        row["load"],
        ", ".join(row.get("needs", ())),
        row.get("cost", ""),
    ]
    return [*cells, extra, row["help"]]


def _say(problems: "Sequence[Problem]") -> None:
    for problem in problems:
        click.echo(str(problem), err=True)
