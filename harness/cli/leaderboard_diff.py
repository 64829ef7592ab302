"""Compares two runs of a leaderboard, column by column, with paired tests."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.common import json_option, notice, print_json, print_table, quiet_option

if TYPE_CHECKING:
    from harness.leaderboard.diff import Diff, Difference

WORSE, NOTHING = 1, 3  # exit codes with --fail-on-worse: something became worse; nothing could be compared


@click.command(
    name="diff",
    help=f"""{__doc__}

BEFORE and AFTER are folders of results. Every model is compared with the one of the same name (or as --pair says) on the items
that both runs hold, by swapping what the two said; p values are corrected by Holm over all comparisons. "unclear" is no proof
that nothing changed: the interval says what is still possible.

With --fail-on-worse the exit code is 1 if some column is worse, and 3 if nothing could be compared (no items in common, no
values): that is no pass.

\b
harness leaderboard diff runs/january runs/february
harness leaderboard diff runs/board runs/board --pair base=tuned --metric bleu
""",
)
@click.argument("before", type=click.Path(exists=True), metavar="BEFORE")
@click.argument("after", type=click.Path(exists=True), metavar="AFTER")
@click.option("--pair", "pairs", multiple=True, metavar="OLD=NEW", help="A model of BEFORE and the one of AFTER. Repeatable.")
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", help="A column more, beside each task's own metric. Repeatable."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of resampling and swapping.")
@click.option(
    "--resamples", type=click.IntRange(min=100, max=100_000), default=2000, show_default=True, help="Draws of the items."
)
@click.option(
    "--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Of intervals; tests at 1 minus it."
)
@click.option("--fail-on-worse", is_flag=True, help="Exit with 1 if some column is worse, 3 if nothing could be compared.")
@json_option
@quiet_option
def command(
    before: str,
    after: str,
    pairs: tuple[str, ...],
    metrics: tuple[str, ...],
    seed: int,
    resamples: int,
    confidence: float,
    fail_on_worse: bool,
    as_json: bool,
) -> None:
    from harness.leaderboard.diff import compare_runs
    from harness.leaderboard.kept_columns import with_kept_columns
    from harness.leaderboard.results import read_results

    found = compare_runs(
        with_kept_columns(read_results(Path(before)), Path(before)),
        with_kept_columns(read_results(Path(after)), Path(after)),
        pairs=dict(map(_pair, pairs)),
        metrics=metrics,
        seed=seed,
        resamples=resamples,
        confidence=confidence,
    )
    if as_json:
        print_json(found)
    else:
        _print(found)
    if fail_on_worse and any(row.verdict == "worse" for row in found.rows):
        sys.exit(WORSE)
    nothing = found.why_nothing()
    if fail_on_worse and nothing is not None:
        from harness.cli.plain import plain

        click.echo(f"Error: {plain(nothing)}", err=True)
        sys.exit(NOTHING)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old or not new:
        raise click.UsageError(f"--pair {text!r}: write OLD=NEW, the model's name in BEFORE and in AFTER")
    return old, new


def _print(found: "Diff") -> None:
    from harness.cli.leaderboard_show import counted
    from harness.cli.plain import plain

    print_table(
        ("model", "column", "before", "after", "difference", "p", "p (Holm)", "items", ""),
        [tuple(map(plain, _cells(row))) for row in found.rows],
    )
    click.echo()
    percent = f"{100 * found.confidence:g} %"
    click.echo(f"{counted(found.family, 'comparison')}, {found.swaps:,} swaps each, {percent} intervals, seed {found.seed}")
    for warning in found.warnings:
        notice(f"warning: {plain(warning)}")
    for row in found.rows:
        if row.note:
            notice(f"note: {plain(f'{row.model}, {row.column}: {row.note}')}")
    for note in found.notes:
        notice(f"note: {plain(note)}")


def _cells(row: "Difference") -> tuple[str, ...]:
    from harness.cli.leaderboard_show import number, spread

    model = row.model if row.model == row.other else f"{row.model} → {row.other}"
    p, adjusted = (f"{value:.2g}" if value is not None else "" for value in (row.p, row.p_adjusted))
    change = spread(row.difference, row.low, row.high)
    return model, row.column, number(row.before), number(row.after), change, p, adjusted, str(row.items or ""), row.verdict
