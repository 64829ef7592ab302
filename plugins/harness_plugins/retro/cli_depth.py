"""Depth of hybrid retrieval against what it gains and how long it takes."""

from typing import Any

import click

from harness.cli.common import json_option, notice, print_json, print_table, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.analysis_options import analysis_options, leave, opened, said, section_option


@click.command(
    "depth",
    help=f"""{__doc__}

MODEL is the folder `model` of a training. At each depth, that many dense candidates are re-ranked by BM25 (the retriever
`hybrid`; --param for the rest of it). Seconds are of the search for all queries: encoding them, dense search, re-ranking, with
indexes open and after a first search. They are of this machine, whatever else it does.
""",
)
@analysis_options(retriever=False)
@click.option(
    "--depth", "depths", type=int, multiple=True, default=(2, 10, 50, 200), show_default=True, help="A depth. Repeatable."
)
@section_option
@dry_run_option
@json_option
@quiet_option
def command(
    depths: tuple[int, ...],
    params: dict[str, Any],
    resamples: int,
    level: float,
    seed: int,
    section: str | None,
    dry_run: bool,
    as_json: bool,
    **named: Any,
) -> None:
    reading = opened(seed=seed, retriever="hybrid", params=None, **named)
    from harness_plugins.retro.analyses.depth import by_depth, checked_depths
    from harness_plugins.retro.analyses.measured import documents_of
    from harness_plugins.retro.analyses.shown import figure

    chosen, notes = checked_depths(depths, reading.retrieval.neighbours, reading.retrieval.database.chunks)
    for note in notes:
        notice(note)
    if dry_run:
        click.echo(plain(f"{said(reading)}, at the depths {', '.join(map(str, chosen))}; nothing was computed (--dry-run)"))
        return
    documents = documents_of(reading, resamples=resamples, level=level, seed=seed)
    with progress() as report:
        found = by_depth(reading, chosen, documents, params, report)
    if section is not None:
        from harness_plugins.retro.analyses.sections import depth_section

        leave(section, named["model"], reading, depth_section(found, level), notes)
    if as_json:
        print_json({"reading": said(reading), "depths": found})
        return
    click.echo(plain(said(reading)))
    print_table(
        ["depth", "gain", "mean overlap", "seconds", "seconds per 1,000 queries"],
        [
            [
                f"{one.depth:,}",
                figure(one.gain),
                figure(one.overlap),
                f"{one.seconds:.2f}",
                f"{1000 * one.seconds / one.queries:.3f}",
            ]
            for one in found
        ],
    )
    click.echo(plain(f"{found[0].queries:,} queries, {found[0].threads} threads"))
