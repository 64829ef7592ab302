"""Has systems answer examples: every system of an experiment config, its outputs kept as they come."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import finish_with_failures, json_option, plugin_option, print_json, quiet_option, registry
from harness.cli.evaluation import dry_run_option
from harness.cli.executor import chosen_executor, executor_options
from harness.cli.progress import progress

if TYPE_CHECKING:
    from harness.experiment import ExperimentConfig
    from harness.records import Example


@click.command(
    help=f"""{__doc__}

CONFIG names examples (a folder of `harness build`) and systems. The same command again asks only for what is missing. The run
folder then holds the tables `examples` and `outputs`. Exit code 3 if a system failed on some examples.
"""
)
@click.argument("config", metavar="CONFIG")
@click.option("--output", "-o", type=click.Path(file_okay=False), metavar="DIR", help="The run folder.")
@executor_options
@plugin_option
@dry_run_option
@json_option
@quiet_option
def generate(config: str, output: str | None, dry_run: bool, as_json: bool) -> None:
    from harness.errors import ConfigError
    from harness.experiment import load_experiment
    from harness.pipeline.training import asked

    loaded = load_experiment(config)
    if not loaded.systems:
        raise ConfigError(f"{config}: it names no system; write `generate:` with `systems:`, a list of `name` and `generator`")
    folder = Path(output or loaded.output)
    examples = asked(loaded, folder)
    if dry_run:
        for one in loaded.systems:
            click.echo(f"{one.name}: {one.plugin} on {len(examples):,} examples")
        click.echo("nothing was generated (--dry-run)")
        return
    summary = _generate(loaded, folder, examples)
    if as_json:
        print_json(summary)
    else:
        for name, counts in summary["systems"].items():
            click.echo(f"{name}: {counts['outputs']:,} outputs, {counts['errors']:,} of them errors")
            for why, number in counts.get("reasons", {}).items():
                click.echo(f"  {number:,}: {why}")
            if counts.get("languages"):
                told = ", ".join(f"{language} {number:,}" for language, number in counts["languages"].items())
                click.echo(f"  answers of six words and more look like: {told}")
        click.echo(f"in {folder}")
    finish_with_failures(sum(counts["errors"] for counts in summary["systems"].values()), "outputs could not be had")


def _generate(config: "ExperimentConfig", folder: Path, examples: "list[Example]") -> dict[str, Any]:
    import sys

    from harness.experiment import resolved
    from harness.pipeline.answering import answer_all, answers_by_system
    from harness.store import Run

    found = registry(config.plugins)
    with Run.open(folder, config=resolved(config), command=sys.argv) as run:
        with progress() as report, chosen_executor(config.executor) as executor:
            outputs = answer_all(run, found, config, examples, report, executor)
        counts = answers_by_system(config, outputs)
        run.finish("done", described={"generate": counts})
    return {"output": str(folder), "examples": len(examples), "systems": counts}
