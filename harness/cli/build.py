"""Builds a data set: runs dataset builders, then identifies, filters, deduplicates, decontaminates and splits their rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, notice, plugin_option, print_json, print_table, quiet_option, registry
from harness.cli.evaluation import call_line, dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress

if TYPE_CHECKING:
    from harness.build.config import BuildConfig
    from harness.registry import Registry


@click.command(
    help=f"""{__doc__}

CONFIG is a YAML file, or the name of one that comes with the program. The same command again goes on where the last one stopped.
"""
)
@click.argument("config", metavar="CONFIG")
@click.option("--output", "-o", type=click.Path(file_okay=False), metavar="DIR", help="Where the data set is written.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Ask each builder for its first N rows only, to have a look."
)
@click.option(
    "--prune", is_flag=True, help="Once all is built, delete the rows that earlier builds left in DIR and this one does not read."
)
@plugin_option
@dry_run_option
@json_option
@quiet_option
def build(config: str, output: str | None, limit: int | None, prune: bool, dry_run: bool, as_json: bool) -> None:
    from harness.build.config import load_build_config

    loaded = load_build_config(config)
    folder = Path(output or loaded.output)
    found = registry(loaded.plugins)
    if dry_run:
        _print_plan(_plan(loaded, found, folder), as_json)
        return
    summary = _build(loaded, found, folder, limit, prune)
    if as_json:
        print_json(summary)
    else:
        _print(summary)


def _plan(config: "BuildConfig", found: "Registry", folder: Path) -> dict[str, Any]:
    from harness.build.leftovers import leftovers
    from harness.stages.build import KIND, stage_of
    from harness.verdicts import PlannedBuild

    builders = []
    for ref in config.builders:
        builder = found.build(KIND, ref)
        calls = list(builder.plan()) if isinstance(builder, PlannedBuild) else []
        builders.append({"builder": str(ref), "calls": calls})
    there = (folder / "segments").is_dir()  # stages are named after files' digests, which take time
    left = leftovers(folder, [stage_of(found, ref) for ref in config.builders]).bytes if there else 0
    return {"output": str(folder), "language": config.language, "builders": builders, "prunable_bytes": left}


def _print_plan(plan: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    for row in plan["builders"]:
        click.echo(plain(row["builder"]))
        for call in row["calls"]:
            click.echo(plain(f"  asked of {call_line(call)}"))
    if plan["prunable_bytes"]:
        click.echo(f"--prune would delete {plan['prunable_bytes'] / 2**20:.1f} MiB of rows that earlier builds left")
    click.echo(plain(f"would be written to {plan['output']}; nothing was built (--dry-run)"))


def _build(config: "BuildConfig", found: "Registry", folder: Path, limit: int | None, prune: bool) -> dict[str, Any]:
    import sys

    from harness.pipeline.building import build_data_set

    def say(sentence: str) -> None:
        notice(plain(sentence))

    with progress() as report:
        return build_data_set(config, found, folder, report, command=sys.argv, limit=limit, prune=prune, say=say)


def _print(summary: dict[str, Any]) -> None:
    print_table(
        ["builder", "rows", "set aside"],
        [[plain(row["builder"]), f"{row['rows']:,}", f"{row['set_aside']:,}"] for row in summary["builders"]],
    )
    if summary["removed"]:
        click.echo()
        print_table(
            ["removed by", "reason", "rows"],
            [[plain(row["stage"]), plain(row["reason"]), f"{row['rows']:,}"] for row in summary["removed"]],
        )
    click.echo("\n" + plain(f"{_amount(summary['examples'], 'example')} in {summary['output']}"))
    for split, rows in summary["splits"].items():
        click.echo(plain(f"  {split} ({_amount(rows, 'row')}): {summary['files'][split]}, and as Parquet"))
    for what, said in (("card", "data card"), ("review", "to review"), ("readme", "for a hub")):
        click.echo(plain(f"  {said}: {summary['files'][what]}"))


def _amount(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
