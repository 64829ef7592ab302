"""Lists what plugins offer, checks that it works, and begins new ones."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import FAILURES, console, json_option, plugin_files, plugin_option, print_json, print_table
from harness.distributions import name_of
from harness.errors import PluginError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from harness.registry import Entry, Loaded, Problem, Registry


@click.group(help=__doc__)
def plugins() -> None: ...


@plugins.command("list", short_help="Lists what plugins offer, where from, and how long they load.")
@plugin_option
@json_option
@click.argument("names", nargs=-1, metavar="[NAME | KIND]...")
def list_(names: tuple[str, ...], as_json: bool) -> None:
    """Every metric, judgment source, builder, generator, trainer and command, with where it comes from and how long it loads.

    With a NAME (of a plugin, of what it offers, of a distribution) or a KIND (metric, command …) only those. What fails to load
    is told with the reason. HARNESS_DISABLED_PLUGINS=NAME,NAME (plugins or distributions) leaves plugins out.
    """
    from harness.cli.plugin_rows import plugin_rows, remarks, table

    found = _load()
    rows = [row for row in plugin_rows(found) if _chosen(names, row)]
    problems = [problem for problem in found.problems if _chosen(names, vars(problem))]
    loaded = [one for one in found.loaded if not names or _chosen(names, vars(one)) or any(_same(row, one) for row in rows)]
    if names and not (rows or problems or loaded):
        known = {row["name"] for row in plugin_rows(found)}
        raise PluginError(f"nothing is called {names[0]!r}.{did_you_mean(names[0], known)}")
    if as_json:
        print_json({"plugins": rows, "problems": problems, "loaded": loaded})
        return
    columns, lines = table(rows, loaded, console().width)
    print_table(columns, lines, whole=columns[:-1])
    for line in [*map(str, problems), *remarks(loaded)]:
        click.echo(line, err=True)
    if problems:
        failing = ",".join(dict.fromkeys(problem.plugin for problem in problems))
        click.echo(f"to leave plugins out: HARNESS_DISABLED_PLUGINS=NAME,NAME (here: {failing})", err=True)


@plugins.command(short_help="Begins a new plugin: a small distribution with tests.")
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


@plugins.command(short_help="Tries plugins on something small; says what to mend.")
@plugin_option
@json_option
@click.option("--network", is_flag=True, help="Let plugins reach other machines while they are tried, whatever that costs.")
@click.argument("names", nargs=-1, metavar="[NAME[:KEY=VALUE,…] | FILE.py]...")
def check(names: tuple[str, ...], network: bool, as_json: bool) -> None:
    """Builds plugins and tries each on something small; says what to mend.

    Metrics score a dozen answers, builders and judgment sources are read twice, generators answer four questions, trainers
    train on a few short examples, commands show their help. NAME is a plugin, what it offers, or a distribution; parameters
    follow it as elsewhere: `my-builder:table.tsv`. Without a NAME, all with their defaults. What needs a parameter, a package
    that is not installed, another machine or money is skipped, with the reason. Exit code 3 if something is wrong.
    """
    from harness.cli.main import command_points
    from harness.plugin_check import check_command, check_plugin

    found = _load(*(name for name in names if name.endswith(".py")))
    chosen = list(_selected(found, names))
    points = {name: of_name for name, of_name in command_points().items() if _named_command(names, name, of_name)}
    problems = [problem for problem in found.problems if _named(names, problem)]
    _refuse_unknown(found, names, [*(entry for _, entry, _ in chosen), *problems], points)
    checks = [check_plugin(found, *one, network=network, elsewhere=bool(names)) for one in chosen]
    checks += [check_command(name, of_name) for name, of_name in points.items()]
    if as_json:
        print_json({"checks": checks, "problems": problems})
    else:
        rows = [[c.status, c.kind, c.name, c.distribution, "\n".join(c.problems) or c.detail] for c in checks]
        print_table(["result", "kind", "name", "from", "why"], rows, whole=["kind", "name"])
        for problem in problems:
            click.echo(str(problem), err=True)
    if problems or any(check.status == "failed" for check in checks):
        raise SystemExit(FAILURES)


def _load(*files: str) -> "Registry":
    from harness.plugins import load_plugins

    return load_plugins([*plugin_files(), *files], strict=False)


def _selected(found: "Registry", names: Sequence[str]) -> "Iterator[tuple[str, Entry, Mapping[str, Any]]]":
    """Kind, entry and parameters of what the names name; of everything where there are none."""
    for kind, entries in found.entries.items():
        for name, entry in sorted(entries.items()):
            given = [text for text in names if text.startswith(f"{name}:")]
            for text in given:
                yield kind, entry, found.parse(kind, text).params
            if not names or any(_named((text,), entry) for text in names):
                yield kind, entry, {}


def _refuse_unknown(
    found: "Registry",
    names: Sequence[str],
    chosen: "Sequence[Entry | Problem]",
    points: "Mapping[str, Sequence[EntryPoint]]",
) -> None:
    from harness.cli.main import command_points

    for name in names:
        plain = name if name.endswith(".py") else name.partition(":")[0]
        commands = any(_named_command((plain,), command, of_name) for command, of_name in points.items())
        if not commands and not any(_named((plain,), one) for one in chosen):
            known = {entry for entries in found.entries.values() for entry in entries} | set(command_points())
            hint = "A plugin is found once its distribution is installed here; a plain file is named by its path, my_metric.py."
            raise PluginError(f"there is no plugin {plain!r}.{did_you_mean(plain, known)} {hint}")


def _named(names: Sequence[str], found: "Entry | Problem") -> bool:
    """True if a name is that of the plugin, its distribution, its file or of what it offers; or if there are no names."""
    own = {found.plugin, found.distribution, *([found.spec.name] if hasattr(found, "spec") else [])}
    if not names or not own.isdisjoint(names):
        return True
    return any(name.endswith(".py") and Path(name).resolve() == Path(found.distribution).resolve() for name in names)


def _named_command(names: Sequence[str], command: str, points: "Sequence[EntryPoint]") -> bool:
    owners = {name_of(point) for point in points if point.dist is not None}
    return not names or command in names or not owners.isdisjoint(names)


def _chosen(names: Sequence[str], row: Mapping[str, Any]) -> bool:
    """Whether a name is one of the row's: what it offers, its plugin, its distribution or its kind."""
    return not names or not {row.get(key) for key in ("name", "plugin", "distribution", "kind")}.isdisjoint(names)


def _same(row: Mapping[str, Any], loaded: "Loaded") -> bool:
    return (row.get("plugin"), row["distribution"]) == (loaded.plugin, loaded.distribution)
