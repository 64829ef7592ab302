"""Trains models on examples: every training of a config, each to a checkpoint with a record of what it was made of."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, notice, plugin_option, print_json, quiet_option, registry
from harness.cli.evaluation import dry_run_option
from harness.cli.progress import progress

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from harness.experiment import ExperimentConfig
    from harness.stages.train import Trained
    from harness.store import Run


@click.command(
    help=f"""{__doc__}

CONFIG names examples (a folder of `harness build`, or a build that `harness run --until build` has made) and trainings. The
same command again goes on where the last one stopped, and trains nothing twice. Where a trainer can use several processes, start
it with torchrun.
"""
)
@click.argument("config", metavar="CONFIG")
@click.option("--output", "-o", type=click.Path(file_okay=False), metavar="DIR", help="The run folder.")
@plugin_option
@dry_run_option
@json_option
@quiet_option
def train(config: str, output: str | None, dry_run: bool, as_json: bool) -> None:
    from harness.errors import ConfigError
    from harness.experiment import load_experiment
    from harness.pipeline.training import CHECKPOINTS, materials, plan_all, refuse_others, train_all
    from harness.report.training import training_notes, training_sentences, training_summary, write_training_page
    from harness.stages.train import first_process

    loaded = load_experiment(config)
    if not loaded.train:
        raise ConfigError(f"{config}: it names no training; write `train:` with a list of `name` and `trainer`")
    folder = Path(output or loaded.output)
    given = materials(loaded, folder)
    if dry_run:
        for line in plan_all(registry(loaded.plugins), given, folder):
            click.echo(line)
        click.echo("nothing was trained (--dry-run)")
        return
    found = registry(loaded.plugins)
    if first_process():
        refuse_others(found, given, folder)  # before the run's record tells of what was refused
    with _opened(folder, loaded) as run:
        with progress() as report:
            done = train_all(found, given, folder, say=notice, report=report, write=run is not None, checked=True)
        if run is None:  # of several processes the first tells
            return
        for trained in done:
            write_training_page(folder / CHECKPOINTS, trained)
        notes = [note for trained in done for note in training_notes(trained)]
        run.finish("done", described={"trained": {trained.name: training_summary(trained) for trained in done}}, notes=notes)
    for note in notes:
        notice(note)
    folder = folder / CHECKPOINTS
    if as_json:
        print_json(done)
        return
    for trained in done:
        click.echo(_line(folder, trained))
        for sentence in training_sentences(trained)[1:]:
            click.echo(sentence)


def _opened(folder: Path, config: "ExperimentConfig") -> "AbstractContextManager[Run | None]":
    """The run folder, which one process writes: of several that share a training, the first."""
    import sys
    from contextlib import nullcontext

    from harness.experiment import resolved
    from harness.stages.train import first_process
    from harness.store import Run

    if not first_process():
        return nullcontext()
    return Run.open(folder, config=resolved(config), command=sys.argv)


def _line(folder: Path, trained: "Trained") -> str:
    facts: dict[str, Any] = trained.facts
    losses = facts.get("losses") or []
    said = f", loss {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses):,} steps" if losses else ""
    return f"{trained.name}: {folder / trained.checkpoint}{said}"
