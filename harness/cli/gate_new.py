"""Writes gate.yaml for these metrics, with the shipped pairs to begin with."""

from pathlib import Path
from typing import Any

import click

from harness.cli.common import notice, plugin_files, plugin_option, quiet_option, registry


@click.command(help=__doc__)
@click.argument("metrics", nargs=-1, required=True, metavar="METRIC...")
@click.option("--language", "languages", multiple=True, metavar="TAG", help="Only the pairs in this language. Repeatable.")
@plugin_option
@quiet_option
@click.pass_obj
def new(given: Any, metrics: tuple[str, ...], languages: tuple[str, ...]) -> None:
    from harness.gate.starter import write_starter
    from harness.registry import parse_ref
    from harness.stages.metrics import build_metrics

    refs = [parse_ref(metric) for metric in metrics]
    build_metrics(registry(), refs)  # an unknown or broken one is told now
    for path in write_starter(Path(), refs, plugin_files(), languages):
        click.echo(f"wrote {path}")
    notice("next: `harness gate update --reason TEXT` writes what the metrics say now into gate/baseline.json")
