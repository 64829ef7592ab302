"""Probes checkpoints: asks them for masked words with and without video, and writes answers and a page."""

from pathlib import Path

import click

from harness.cli.common import json_option, print_json, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress


@click.command(
    "run",
    help=f"""{__doc__}

CONFIG is a YAML file that names the data (a build's folder, or examples as JSON Lines), the folder of their video tokens, the
norms, and the checkpoints with the video that each was trained with; an example is video/probe. Checkpoints that have been asked
are not asked again.

\b
harness probe run my-probe.yaml --out runs/probe
harness probe run my-probe.yaml --out runs/probe --section runs/my-experiment
""",
)
@click.argument("config", metavar="CONFIG")
@click.option("--out", "-o", type=click.Path(file_okay=False), metavar="DIR", help="Where it is written; default runs/<name>.")
@click.option(
    "--section",
    type=click.Path(exists=True, file_okay=False),
    metavar="RUN",
    help="Also leaves it as a section for `harness report RUN`.",
)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, or auto.")
@dry_run_option
@json_option
@quiet_option
def command(config: str, out: str | None, section: str | None, device: str, dry_run: bool, as_json: bool) -> None:
    from harness.config import find_config
    from harness_plugins.video.probe.config import as_plain, read_run

    run = read_run(find_config(config))
    folder = Path(out).expanduser() if out is not None else Path("runs") / run.name
    if dry_run:
        from harness_plugins.video.probe.running import check

        subject, _ = check(run)
        if as_json:
            print_json(as_plain(run))
        else:
            models = "; ".join(one.name for one in run.models)
            click.echo(
                plain(
                    f"{run.name}: {len(run.models)} checkpoints ({models}) asked for {len(subject.found.counts):,} words in "
                    f"{len(subject.occurrences):,} places, into {folder}; nothing was computed (--dry-run)"
                )
            )
        return
    from harness_plugins.video.probe.running import run_probe
    from harness_plugins.video.probe.shown import echo_answer

    with progress() as report:
        written, analysis = run_probe(
            run, folder, device=device, section=None if section is None else Path(section), report=report
        )
    if as_json:
        print_json({"analysis": analysis, "page": str(written[0])})
        return
    echo_answer(analysis, written)
