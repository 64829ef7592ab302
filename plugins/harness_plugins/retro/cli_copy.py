"""Where the gain of retrieval is: on tokens that occur in the neighbours that were read, or on the others (the copy mode)."""

from typing import Any

import click

from harness.cli.common import json_option, print_json, print_table, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.analysis_options import analysis_options, both, leave, opened, said, section_option


@click.command(
    "copy",
    help=f"""{__doc__}

MODEL is the folder `model` of a training. A token of chunk i is copied where its id occurs in the neighbours of chunk i - 1.
Gain is exp(mean(loss OFF - loss ON)); intervals are drawn by document.
""",
)
@analysis_options()
@section_option
@dry_run_option
@json_option
@quiet_option
def command(resamples: int, level: float, seed: int, section: str | None, dry_run: bool, as_json: bool, **named: Any) -> None:
    reading = opened(seed=seed, **named)
    if dry_run:
        click.echo(plain(f"{said(reading)}; nothing was computed (--dry-run)"))
        return
    from harness_plugins.retro.analyses.copying import copying
    from harness_plugins.retro.analyses.measured import documents_of
    from harness_plugins.retro.analyses.shown import figure, reasons

    with progress() as report:
        off, on = both(reading, report)
    documents = documents_of(reading, resamples=resamples, level=level, seed=seed)
    parts = copying(off, on.losses, on.difference(off), on.overlap, documents)
    notes = reasons({one.name: one.gain for one in parts})
    if section is not None:
        from harness_plugins.retro.analyses.sections import copy_section

        leave(section, named["model"], reading, copy_section(parts, level), notes)
    if as_json:
        print_json({"reading": said(reading), "parts": parts})
        return
    click.echo(plain(said(reading)))
    print_table(
        ["tokens", "number", "share", "gain", "loss OFF", "loss ON", "share of the log gain"],
        [
            [
                one.name,
                f"{one.gain.tokens:,}",
                _share(one.share),
                figure(one.gain),
                figure(one.loss_off),
                figure(one.loss_on),
                _share(one.share_of_gain),
            ]
            for one in parts
        ],
    )
    for line in notes:
        click.echo(plain(line))


def _share(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"
