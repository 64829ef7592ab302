"""`harness run` on an experiment: goes through its stages, prints what came of them, and writes the report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import finish_with_failures, notice, print_json, print_table, registry
from harness.cli.plain import plain
from harness.cli.progress import progress

if TYPE_CHECKING:
    from harness.experiment import ExperimentConfig
    from harness.pipeline.run import Experiment


def run_experiment(config: str, output: str | None, until: str | None, *, dry_run: bool, fresh: bool, as_json: bool) -> None:
    """Runs the experiment in the config file, up to the stage `until`."""
    from harness.errors import did_you_mean
    from harness.experiment import load_experiment
    from harness.pipeline.run import STAGES

    loaded = load_experiment(config)
    folder = Path(output or loaded.output)
    if until is not None and until not in STAGES:
        raise click.UsageError(f"--until: there is no stage {until!r}.{did_you_mean(until, STAGES)}")
    if dry_run:
        _print_plan(loaded, folder, as_json)
        return
    done = _run(loaded, folder, until or "report")
    if as_json:
        print_json({"run": str(folder), **_told(done)})
    else:
        _print(done)
    finish_with_failures(len(done.failures), f"failures: {'; '.join(done.failures)}")


def _run(config: "ExperimentConfig", folder: Path, until: Any) -> "Experiment":
    import sys

    from harness.cli.executor import chosen_executor
    from harness.executors.choice import ExecutorChoice
    from harness.pipeline.run import Experiment, run_experiment, write_experiment_report
    from harness.stages.score_job import Scoring

    found = registry(config.plugins)
    with progress() as report, chosen_executor(ExecutorChoice()) as executor:
        one = Experiment(
            config=config,
            registry=found,
            folder=folder,
            progress=report,
            say=lambda sentence: notice(plain(sentence)),
            command=("harness", *sys.argv[1:]),
            executor=Scoring(executor),
        )
        run_experiment(one, until)
    if until == "report":
        one.files = write_experiment_report(folder)
    return one


def _told(done: "Experiment") -> dict[str, Any]:
    return {"report": done.files, "failures": done.failures, "rows": done.rows, **{"about": done.described()}}


def _print(done: "Experiment") -> None:
    rows = [row for row in done.rows if row.slice == "all"]
    if rows:
        labels = {metric.signature: metric.label for metric in done.metrics}
        print_table(
            ["metric", "system", "against", "value", "interval", "p (Holm)", "items"],
            [
                [
                    plain(labels.get(row.metric, row.metric)),
                    plain(row.system),
                    plain(row.against or ""),
                    "–" if row.value is None else f"{row.value:.4g}",
                    "–" if row.low is None or row.high is None else f"[{row.low:.4g} {row.high:.4g}]",
                    "" if row.p_adjusted is None else f"{row.p_adjusted:.4f}",
                    str(row.n_items),
                ]
                for row in rows
            ],
        )
        click.echo("")
    for trained in done.trained:
        losses = trained.facts.get("losses") or []
        said = f", loss {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses):,} steps" if losses else ""
        click.echo(plain(f"trained {trained.name}{said}"))
    click.echo(plain(f"The run lies in {done.folder}."))
    if done.files:
        click.echo(plain(f"Its report: {' and '.join(done.files.values())}"))


def _print_plan(config: "ExperimentConfig", folder: Path, as_json: bool) -> None:
    from harness.experiment import resolved
    from harness.pipeline.check import check_plugins

    check_plugins(config, registry(config.plugins))
    if as_json:
        print_json({"output": str(folder), "config": resolved(config)})
        return
    for build in config.builds:
        click.echo(plain(f"build {build.name}: {', '.join(map(str, build.builders))}"))
    for one in config.train:
        click.echo(plain(f"train {one.name}: {one.plugin}"))
    for system in config.systems:
        click.echo(plain(f"answer {system.name}: {system.plugin}"))
    for metric in config.metrics:
        click.echo(plain(f"score by {metric}"))
    for source in config.judgments:
        click.echo(plain(f"hold the metrics against {source}"))
    if config.leaderboard is not None:
        tasks, models = config.leaderboard.tasks, config.leaderboard.models
        click.echo(plain(f"rank {len(models)} models on {', '.join(task.name for task in tasks)}"))
    click.echo(plain(f"would be written to {folder}; nothing was run (--dry-run)"))
