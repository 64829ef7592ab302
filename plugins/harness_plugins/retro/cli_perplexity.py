"""Perplexity and bits per byte of a model on a corpus, with retrieval (ON) and without (OFF), from one checkpoint."""

from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, print_json, print_table, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.analysis_options import analysis_options, leave, opened, said, section_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness_plugins.retro.analyses.intervals import Figure
    from harness_plugins.retro.analyses.perplexity import Scope


@click.command(
    "perplexity",
    help=f"""{__doc__}

MODEL is the folder `model` of a training. Both are over the very same tokens, once all of them and once those that can read
neighbours; perplexity OFF / perplexity ON is the gain. Intervals are drawn by document. Neighbours are sought once and kept
beside the corpus, never in the own document.

\b
harness retro perplexity runs/retro/model --corpus held-out-db
harness retro perplexity runs/retro/model --corpus held-out-db --retriever dense --json
harness retro perplexity runs/retro/model --corpus held-out-db --section runs/retro
""",
)
@analysis_options()
@section_option
@dry_run_option
@json_option
@quiet_option
def command(
    resamples: int,
    level: float,
    seed: int,
    length: int | None,
    section: str | None,
    dry_run: bool,
    as_json: bool,
    **named: Any,
) -> None:
    reading = opened(seed=seed, length=length, **named)
    if dry_run:
        click.echo(plain(f"{said(reading)}; nothing was computed (--dry-run)"))
        return
    from harness_plugins.retro.analyses.perplexity import Draws, perplexity

    with progress() as report:
        found = perplexity(reading, length=length, draws=Draws(resamples, level, seed), report=report)
    if section is not None:
        from harness_plugins.retro.analyses.sections import perplexity_section

        leave(section, named["model"], reading, perplexity_section(found.scopes, level), found.notes)
    if as_json:
        print_json(found)
        return
    click.echo(
        plain(
            f"{found.chunks:,} chunks of {found.corpus} in {found.sequences:,} sequences, {found.neighbours} neighbours of each "
            f"chunk by {found.retriever} from {found.database}; for {found.without:,} none was found"
        )
    )
    _print(found.scopes)
    for line in [f"[intervals of {100 * level:g} %, {resamples:,} draws of the documents]", *found.notes]:
        click.echo(plain(line))


def _print(scopes: "Sequence[Scope]") -> None:
    from harness_plugins.retro.analyses.perplexity import SCOPES

    names = ("perplexity OFF", "perplexity ON", "gain", "bits/byte OFF", "bits/byte ON")
    columns = [(one.off, one.on, one.gain, one.bits_off, one.bits_on) for one in scopes]
    rows = zip(names, *columns, strict=True)
    print_table(["tokens", *(one.name for one in scopes)], [[name, *map(_figure, values)] for name, *values in rows])
    for one in scopes:
        amount = f"{one.tokens:,} tokens, {one.bytes:,} bytes of {one.documents:,} documents"
        click.echo(plain(f"{one.name}: {SCOPES[one.name]} ({amount})"))


def _figure(one: "Figure") -> str:
    from harness_plugins.retro.analyses.shown import digits_of, figure

    return figure(one, digits_of(one))
