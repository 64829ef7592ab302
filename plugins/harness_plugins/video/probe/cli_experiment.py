"""Trains arms × sizes × seeds on a made-up world (or on one's own data), asks them all, and writes a page."""

from pathlib import Path

import click

from harness.cli.common import finish_with_failures, json_option, notice, print_json, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress


@click.command(
    "experiment",
    help=f"""{__doc__}

CONFIG is a YAML file, or a shipped one by its name: video/world-probe, video/world-confound. Runs that are done are never done
again: the same command goes on where it was stopped, and finished runs are in the page whenever it is written.

\b
harness probe experiment video/world-probe --out runs/world-probe
harness probe experiment video/world-probe --out runs/world-probe --minutes 10
""",
)
@click.argument("config", metavar="CONFIG")
@click.option("--out", "-o", type=click.Path(file_okay=False), metavar="DIR", help="Where all of it lies; default runs/<name>.")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Runs side by side, one thread each.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Begin no further run after so many.")
@dry_run_option
@json_option
@quiet_option
def command(config: str, out: str | None, workers: int, minutes: float | None, dry_run: bool, as_json: bool) -> None:
    from harness.config import find_config
    from harness_plugins.video.probe.config import as_plain, read_experiment

    experiment = read_experiment(find_config(config))
    folder = Path(out).expanduser() if out is not None else Path("runs") / experiment.name
    if dry_run:
        if as_json:
            print_json(as_plain(experiment))
        else:
            click.echo(
                plain(
                    f"{experiment.name}: {len(experiment.runs)} runs, arms {', '.join(experiment.arms)}, sizes "
                    f"{', '.join(experiment.sizes)}, seeds {', '.join(map(str, experiment.seeds))}, into {folder}; nothing was "
                    "computed (--dry-run)"
                )
            )
        return
    from harness_plugins.video.probe.experiment_page import write_experiment_pages
    from harness_plugins.video.probe.shown import echo_answer
    from harness_plugins.video.probe.work import run_experiment

    with progress() as report:
        done, material = run_experiment(experiment, folder, workers=workers, minutes=minutes, report=report)
    if done.left:
        notice(f"{done.left} runs were not begun; the same command goes on with them")
    for name, why in done.failed.items():
        notice(f"{name}: {why}")
    written, analysis = write_experiment_pages(experiment, done, material, folder)
    if as_json:
        print_json({"analysis": analysis, "failed": done.failed, "left": done.left, "page": str(written[0])})
    else:
        echo_answer(analysis, written)
    finish_with_failures(len(done.failed), "runs failed")
