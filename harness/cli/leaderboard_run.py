"""Has models do tasks through lm-eval: a run folder that `show`, `export` and `diff` read."""

import click

from harness.cli.common import json_option, plugin_option, quiet_option
from harness.cli.evaluation import dry_run_option


@click.command(name="run", help=__doc__)
@click.argument("config", metavar="CONFIG")
@click.option("--output", "-o", type=click.Path(file_okay=False), metavar="DIR", help="The run folder.")
@plugin_option
@dry_run_option
@json_option
@quiet_option
def command(config: str, output: str | None, dry_run: bool, as_json: bool) -> None:
    from harness.leaderboard.config import load_leaderboard

    loaded = load_leaderboard(config)
    click.echo(f"{loaded.name}: {len(loaded.models)} models, {len(loaded.tasks)} tasks, to {output or loaded.output}")
