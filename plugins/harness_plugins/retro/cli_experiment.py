"""Runs a training experiment over seeds: overlap controlled, paraphrased neighbours, or retrievers swapped; into a page."""

from pathlib import Path

import click

from harness.cli.common import finish_with_failures, json_option, notice, print_json, quiet_option
from harness.cli.evaluation import call_line, dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress


@click.command(
    "experiment",
    help=f"""{__doc__}

CONFIG is a YAML file, or a shipped one by its name: retro/overlap, retro/paraphrase, retro/retrievers; on real text
retro/retrievers-real, retro/questions-real. Runs that are done are never done again: the same command goes on where it was
stopped, and finished runs are in the page whenever it is written.

\b
harness retro experiment retro/overlap --out runs/overlap
harness retro experiment retro/overlap --out runs/overlap --minutes 10
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
    from harness_plugins.retro.experiments.checking import checked_experiment
    from harness_plugins.retro.experiments.config import as_plain

    experiment = checked_experiment(find_config(config))
    folder = Path(out).expanduser() if out is not None else Path("runs") / experiment.name
    if dry_run:
        from harness_plugins.retro.experiments.material import calls_of

        calls = calls_of(experiment)
        if as_json:
            print_json({**as_plain(experiment), "calls": calls})
        else:
            runs = len(experiment.arms) * len(experiment.seeds)
            for call in calls:
                click.echo(plain(f"paraphrases, asked of {call_line(call)}"))
            click.echo(
                plain(
                    f"{experiment.name} ({experiment.kind}): {runs} runs of {experiment.training.steps} steps, "
                    f"{', '.join(experiment.arms)}, seeds {', '.join(map(str, experiment.seeds))}, into {folder}; "
                    "nothing was computed (--dry-run)"
                )
            )
        return
    from harness_plugins.retro.experiments.material import material_of
    from harness_plugins.retro.experiments.page import write_pages
    from harness_plugins.retro.experiments.summary import summaries
    from harness_plugins.retro.experiments.work import run_experiment

    with progress() as report:
        done = run_experiment(experiment, folder, workers=workers, minutes=minutes, report=report)
    written = write_pages(experiment, material_of(experiment, folder / "material").facts, done, folder)
    if done.left:
        notice(f"{done.left} runs were not begun; the same command goes on with them")
    if as_json:
        print_json(
            {"arms": summaries(experiment, done.results), "failed": done.failed, "left": done.left, "page": str(written[0])}
        )
    else:
        for line in written[0].read_text("utf-8").partition("\n## Manifest")[0].splitlines():
            click.echo(plain(line))
        click.echo(plain(" and ".join(map(str, written))))
    for name, why in done.failed.items():
        notice(f"{name}: {why}")
    finish_with_failures(len(done.failed), "runs failed")
