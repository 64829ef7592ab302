"""`harness run` on an experiment: goes through its stages, prints what came of them, and writes the report."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import finish_with_failures, notice, print_json, print_table, registry
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness.cli.shown import asked_for, say_taken_over, unchanged

if TYPE_CHECKING:
    from harness.experiment import ExperimentConfig
    from harness.pipeline.finished import Finished
    from harness.unchanged import Remembered

_ALL = "all"


def run_experiment(config: str, output: str | None, until: str | None, *, dry_run: bool, fresh: bool, as_json: bool) -> None:
    """Runs the experiment in the config file, up to the stage `until`."""
    from harness.errors import did_you_mean
    from harness.experiment import load_experiment, resolved
    from harness.pipeline.run import STAGES

    if until is not None and until not in STAGES:
        raise click.UsageError(f"--until: there is no stage {until!r}.{did_you_mean(until, STAGES)}")
    if int(os.environ.get("WORLD_SIZE") or 1) > 1:
        raise click.UsageError(
            "several processes train together by `torchrun … -m harness train CONFIG`, after `harness run CONFIG --until build`; "
            "the rest of an experiment is one process's: then run `harness run CONFIG` alone"
        )
    loaded = load_experiment(config)
    folder = Path(output or loaded.output)
    if dry_run:
        _print_plan(loaded, folder, as_json)
        return
    asked = asked_for("run", config=resolved(loaded))
    held = unchanged(folder, asked, fresh=fresh or until is not None)
    if held is not None:
        say_taken_over(folder)
        files = _pages(folder, held)
    else:
        files = _run(loaded, folder, until or "report", asked)
    _show(folder, files, as_json)


def _run(config: "ExperimentConfig", folder: Path, until: Any, asked: dict[str, Any]) -> dict[str, str]:
    """Goes through the stages; the report's files by format, none where it stops before the report."""
    import sys

    from harness.cli.executor import chosen_executor
    from harness.pipeline.run import Experiment, run_experiment, write_experiment_report
    from harness.pipeline.unchanged import look_at, remember_experiment
    from harness.stages.score_job import Scoring

    found = registry(config.plugins)
    rests = look_at(config, found)
    with progress() as report, chosen_executor(config.executor) as executor:
        one = Experiment(
            config=config,
            registry=found,
            folder=folder,
            progress=report,
            say=lambda sentence: notice(plain(sentence)),
            command=("harness", *sys.argv[1:]),
            executor=Scoring(executor),
            answering=executor,
        )
        run_experiment(one, until)
    if until != "report":
        return {}
    files = write_experiment_report(folder)
    if not one.failures:
        remember_experiment(folder, rests, asked=asked, pages=list(map(Path, files.values())))
    return files


def _pages(folder: Path, held: "Remembered") -> dict[str, str]:
    """The report's files by format; they are written again if they are not those that the run wrote."""
    from harness.pipeline.run import write_experiment_report
    from harness.report.files import NAMES
    from harness.unchanged import pages_hold, refresh_pages

    kinds = {name: kind for kind, name in NAMES.items()}
    if held.pages and pages_hold(folder, held):
        return {kinds[name]: str(folder / name) for name in sorted(held.pages)}
    files = write_experiment_report(folder)
    refresh_pages(folder, held, map(Path, files.values()))
    return files


def _show(folder: Path, files: dict[str, str], as_json: bool) -> None:
    from harness.pipeline.finished import read_finished

    done = read_finished(folder)
    failures = done.about["failures"]
    if as_json:
        print_json({"run": str(folder), "report": files, "rows": done.rows, "about": done.about})
    else:
        print_experiment(done)
        click.echo(plain(f"The run lies in {folder}; `harness show {folder}` prints it again."))
        if files:
            click.echo(plain(f"Its report: {' and '.join(files.values())}"))
    finish_with_failures(len(failures), f"things could not be had: {plain('; '.join(failures))}")


def print_experiment(done: "Finished") -> None:
    """Systems by metric on all items, and what was trained."""
    from harness.pipeline.report import words_of_trust

    trust = words_of_trust(done)
    rows = [row for row in done.rows if row.slice == _ALL]
    if rows:
        cells = [
            [
                plain(done.labels.get(row.metric, row.metric)),
                plain(row.system if row.against is None else f"{row.system} - {row.against}"),
                "–" if row.value is None else f"{row.value:.4g}",
                "–" if row.low is None or row.high is None else f"[{row.low:.4g} {row.high:.4g}]",
                "" if row.p_adjusted is None else f"{row.p_adjusted:.4f}",
                str(row.n_items),
                str(row.runs),
                plain(trust.get((row.metric, _ALL), "unknown")),
            ]
            for row in rows
        ]
        print_table(["metric", "system", "value", "interval", "p (Holm)", "items", "seeds", "trust in the metric"], cells)
        click.echo("")
    for trained in done.trained:
        losses = trained.facts.get("losses") or []
        said = f", loss {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses):,} steps" if losses else ""
        click.echo(plain(f"trained {trained.name}{said}"))


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
