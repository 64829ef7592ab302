"""What `harness plugins list` tells of each plugin: where it comes from, what it needs, how long it loads."""

import dataclasses
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.distributions import name_of, version_of
from harness.errors import PluginError

if TYPE_CHECKING:
    from harness.registry import Entry, Loaded, Registry

WIDE = ("kind", "name", "version", "from", "load", "what it is")
NARROW = ("kind", "name", "what it is")
_WIDTH = 110  # characters of a terminal in which all columns stand side by side
_SLOW = 1.0  # seconds of loading that a user feels


def plugin_rows(registry: "Registry") -> list[dict[str, Any]]:
    """All that plugins offer, by kind and name, then the commands: specs without their functions, parameters with defaults."""
    rows = [_described(kind, entry) for kind, entries in registry.entries.items() for _, entry in sorted(entries.items())]
    return [*rows, *_commands()]


def table(rows: Sequence[Mapping[str, Any]], loaded: "Sequence[Loaded]", width: int) -> tuple[Sequence[str], list[list[str]]]:
    """Headings and cells; in a narrow terminal, origin and load time stand behind the words on what it is."""
    loads = {(one.plugin, one.distribution): one for one in loaded}
    lines = [_line(row, loads.get((row.get("plugin", ""), row["distribution"]))) for row in rows]
    if width >= _WIDTH:
        return WIDE, lines
    return NARROW, [
        [kind, name, f"{what} [{', '.join(filter(None, (origin, load)))}]"] for kind, name, _, origin, load, what in lines
    ]


def remarks(loaded: "Sequence[Loaded]") -> Iterator[str]:
    """What a user should know of single plugins: that one is disabled, or makes every command wait."""
    for one in loaded:
        who = f"plugin {one.plugin!r} (from {one.distribution})"
        if one.disabled:
            yield f"{who}: disabled by HARNESS_DISABLED_PLUGINS"
        elif one.imports:
            large = ", ".join(one.imports)
            yield f"{who}: loading it takes {one.seconds or 0:.1f} s and imports {large}, which belongs into build"
        elif one.seconds is not None and one.seconds > _SLOW:
            yield f"{who}: loading it takes {one.seconds:.1f} s, for which every command waits"


def _described(kind: str, entry: "Entry") -> dict[str, Any]:
    """The spec's fields without the function, its parameters with their defaults, and whether its extra is there."""
    from harness.plugin_check import missing_packages
    from harness.registry import parameters, pip_line

    spec = {
        field.name: getattr(entry.spec, field.name)
        for field in dataclasses.fields(entry.spec)
        if field.name not in ("build", "data", "reads", "leaves", "found_in")
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


def _commands() -> Iterator[dict[str, Any]]:
    from harness.cli.main import command_points, summary

    for points in command_points().values():
        for point in points:
            said = summary([point])
            yield {
                "kind": "command",
                "name": point.name,
                "version": version_of(point) or "",
                "distribution": name_of(point),
                "help": point.value if not said or said.startswith("(from") else said,
            }


def _line(row: Mapping[str, Any], loaded: "Loaded | None") -> list[str]:
    load = f"{loaded.seconds * 1000:.0f} ms" if loaded is not None and loaded.seconds is not None else ""
    version = loaded.version if loaded is not None and loaded.version else row["version"] if row["kind"] == "command" else ""
    told = [row["help"]]
    if row.get("needs"):
        told.append(f"needs: {', '.join(row['needs'])}")
    if row.get("cost", "cpu") != "cpu":
        told.append(f"costs: {row['cost']}")
    if row.get("missing"):
        told.append(f"missing: {row['install'] or ', '.join(row['missing'])}")
    spec_version = "" if row["kind"] == "command" else row["version"]
    return [row["kind"], row["name"], spec_version, f"{row['distribution']} {version}".strip(), load, "; ".join(told)]
