"""Retrievers swapped at inference: what each gives one model on a corpus, beside what it costs."""

from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import finish_with_failures, json_option, print_json, print_table, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.analysis_options import analysis_options, leave, opened, said, section_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness_plugins.retro.analyses.swap import Choice, Swapped

_DEFAULT = ("dense", "hybrid", "bm25")


@click.command(
    "swap",
    help=f"""{__doc__}

MODEL is the folder `model` of a training. The first row is the retriever that it was trained with, which the others are compared
with. Searches are timed afresh, whatever tables of neighbours are kept; a retriever that cannot be used is named, and no other
one stands in for it (exit code 3).

\b
harness retro swap runs/retro/model --corpus held-out-db
harness retro swap runs/retro/model --corpus held-out-db --retriever bm25 --retriever 'bm25 k1=1.2 b=0.75'
""",
)
@analysis_options(retriever=False, params=False)
@click.option(
    "--retriever",
    "-r",
    "retrievers",
    multiple=True,
    metavar="'NAME KEY=VALUE …'",
    help="One to try, its parameters behind blanks. Repeatable; default dense, hybrid and bm25.",
)
@click.option(
    "--queries", default=1000, show_default=True, type=click.IntRange(min=1), help="Chunks with which a search is timed."
)
@section_option
@dry_run_option
@json_option
@quiet_option
def command(
    retrievers: tuple[str, ...],
    queries: int,
    resamples: int,
    level: float,
    seed: int,
    length: int | None,
    section: str | None,
    dry_run: bool,
    as_json: bool,
    **named: Any,
) -> None:
    from harness_plugins.retro.analyses.swap import Choice, swap

    wanted = _choices(retrievers or _DEFAULT)
    reading = opened(seed=seed, length=length, **named)
    choices = _different([Choice(reading.retrieval.name, reading.retrieval.params), *wanted])
    if dry_run:
        names = ", ".join(choice.label for choice in choices)
        click.echo(plain(f"{said(reading)}; then by each of {names}; nothing was computed (--dry-run)"))
        return
    from harness_plugins.retro.analyses.perplexity import Draws

    with progress() as report:
        rows, notes = swap(reading, choices, length=length, draws=Draws(resamples, level, seed), queries=queries, report=report)
    if section is not None:
        from harness_plugins.retro.analyses.sections import swap_section

        failed = [f"{row.retriever} could not be used: {row.error}" for row in rows if row.error is not None]
        leave(section, named["model"], reading, swap_section(rows, level), [*notes, *failed])
    if as_json:
        print_json({"reading": said(reading), "rows": rows, "notes": notes})
    else:
        click.echo(plain(said(reading)))
        _print(rows)
        for line in [f"[intervals of {100 * level:g} %, {resamples:,} draws of the documents]", *notes]:
            click.echo(plain(line))
    finish_with_failures(sum(row.error is not None for row in rows), "retrievers could not be used")


def _choices(texts: "Sequence[str]") -> "list[Choice]":
    from harness_plugins.retro.analyses.swap import Choice
    from harness_plugins.retro.options import parse_params

    found = []
    for text in texts:
        if not text.split():
            raise click.BadParameter("a retriever has a name", param_hint="--retriever")
        name, *params = text.split()
        found.append(Choice(name, parse_params(params)))
    return found


def _different(choices: "Sequence[Choice]") -> "list[Choice]":
    return [choice for place, choice in enumerate(choices) if choice not in choices[:place]]


def _print(rows: "Sequence[Swapped]") -> None:
    from harness_plugins.retro.analyses.perplexity import SCOPES
    from harness_plugins.retro.analyses.shown import digits_of, figure

    done = [row for row in rows if row.scopes]
    for place, scope in enumerate(done[0].scopes if done else ()):
        click.echo()
        click.echo(plain(f"{scope.name}: {SCOPES[scope.name]} ({scope.tokens:,} tokens of {scope.documents:,} documents)"))
        print_table(
            ["retriever", "perplexity", "gain over OFF", "perplexity against the first"],
            [["(OFF)", figure(scope.off, digits_of(scope.off)), "", ""], *(_gained(row, place) for row in done)],
        )
    if done:
        click.echo("\nwhat explains it, and what it costs")
        print_table(
            ["retriever", "overlap", "search, ms/query", "queries", "cores", "opening, s", "index", "chunks without"],
            [_cost(row) for row in done],
        )
    for row in rows:
        if row.error is not None:
            click.echo(plain(f"failed: {row.retriever}: {row.error}"), err=True)


def _gained(row: "Swapped", place: int) -> list[str]:
    from harness_plugins.retro.analyses.shown import digits_of, figure, percent

    scope = row.scopes[place]
    against = row.against.get(scope.name)
    on = figure(scope.on, digits_of(scope.on))
    return [row.retriever, on, figure(scope.gain, 4), "" if against is None else percent(against)]


def _cost(row: "Swapped") -> list[str]:
    from harness_plugins.retro.analyses.shown import disk_size, figure

    cost, overlap = row.cost, row.overlap
    assert cost is not None
    assert overlap is not None
    size = "not said" if cost.index_bytes is None else disk_size(cost.index_bytes)
    times = [f"{cost.search_ms:.3f}", f"{cost.queries:,}", str(cost.cores), f"{cost.open_seconds:.2f}"]
    return [row.retriever, figure(overlap), *times, size, f"{row.without:,}"]
