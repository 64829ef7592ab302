"""Advises on metrics: use, weak or ask people, per criterion and kind of task, with the reason."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import console, json_option, plugin_option, print_json, quiet_option
from harness.cli.evaluation import exit_if_failed, given_options, judgments_option, metric_option, options_of, systems_option
from harness.cli.executor import executor_options
from harness.cli.judged import judged

if TYPE_CHECKING:
    from rich.console import RenderableType

    from harness.meta.advice import Advice


@click.command(
    help=f"""{__doc__}

With RUN, the folder of a finished run; or with --judgments and --metric, as `harness metaeval`.

\b
use         held-out accuracy is clear of every sentinel's interval, on at least 30 different items and 98 % of the outputs
weak        above every sentinel, but the data do not exclude that it is no better
ask people  not above every sentinel; says how many items it takes to call it use if better by --delta
no advice   nobody was asked, too little was rated to hold any out, or nothing was computed

\b
harness advise runs/swedish
harness advise --judgments gec-sv --metric chrf --metric rouge-l --criterion meaning
"""
)
@click.argument("run", required=False, type=click.Path(file_okay=False), metavar="[RUN]")
@judgments_option
@metric_option
@systems_option
@options_of
@click.option(
    "--delta", type=float, default=0.02, show_default=True, help="The advantage over a sentinel that items are counted for."
)
@click.option("--power", type=float, default=0.8, show_default=True, help="Probability of finding it.")
@click.option("--reasons", is_flag=True, help="Print the sentence of every slice, not only that of the whole set.")
@executor_options
@plugin_option
@json_option
@quiet_option
def advise(
    run: str | None,
    judgments: str | None,
    metrics: tuple[str, ...],
    systems: str | None,
    settings: tuple[str, ...],
    delta: float,
    power: float,
    reasons: bool,
    as_json: bool,
    **options: Any,
) -> None:
    from harness.meta.advice import advise as advice_on
    from harness.meta.copies import different_clusters
    from harness.meta.planner import check_plan

    given = given_options(options, settings)
    if run is None:
        given.setdefault("groupings", ["item"])  # advice rests on no other, and they cost most of the time
    elif metrics:
        raise click.UsageError("a RUN already has its metrics; leave --metric out")
    done, choices = judged(run, judgments, metrics, systems, given, with_meta=True)
    check_plan(delta, choices.alpha, power)
    different = different_clusters(done.data, choices.slices)
    found = advice_on(done.rows, done.labels, delta=delta, power=power, level=choices.level, different=different)
    if as_json:
        print_json(found)
    else:
        screen = console()
        for part in _text(found, done.data.label, screen.width, reasons):
            screen.print(part)
    exit_if_failed(done, None)


def _text(found: "Sequence[Advice]", judgments: str, width: int, reasons: bool) -> "Iterator[RenderableType]":
    """A block per criterion and human target: a sentence a metric on the whole set, then a grid of verdicts by slice."""
    from rich.text import Text

    if not found:
        yield Text("no advice: no metric was compared with people on the answers to one item, nor on preferences")
        return
    for criterion, raters in dict.fromkeys((one.criterion, one.raters) for one in found):
        own = [one for one in found if (one.criterion, one.raters) == (criterion, raters)]
        yield Text(f"{criterion} — {judgments}, {raters}", style="bold")
        shown = own if reasons else [one for one in own if one.slice == "all"]
        for label in dict.fromkeys(one.slice for one in shown):
            if reasons:
                yield Text(label, style="bold dim")
            yield _sentences([one for one in shown if one.slice == label], width)
        if not reasons and len({(one.verdict, one.reason) for one in own}) > 1:
            yield from _by_slice([one for one in own if one.slice != "all"], width)
        yield ""
    yield Text(
        "The rule compares held-out accuracy with that of sentinels, which know nothing of quality. Slices are exploratory: "
        "of many, one may look good by chance. N is for a stated advantage, never the observed one. --reasons explains slices.",
        style="dim",
    )


def _sentences(advice: "Sequence[Advice]", width: int) -> "RenderableType":
    """One line (or more) a metric; reasons that all share stand once."""
    from harness.report.layout import broken, plain_table

    table = plain_table()
    table.show_header = False
    label_width = max(10, width // 4)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    alike = len({(one.verdict, one.reason) for one in advice}) == 1
    for one in advice[:1] if alike and len(advice) > 1 else advice:
        name = "every metric" if alike and len(advice) > 1 else broken(one.label, label_width)
        table.add_row(f"  {name}".replace("\n", "\n  "), one.verdict, one.reason)
    return table


def _by_slice(advice: "Sequence[Advice]", width: int) -> "Iterator[RenderableType]":
    """Verdicts, a row a slice and a column a metric, in blocks that fit; slices that say nothing or repeat another in a line."""
    from rich.padding import Padding
    from rich.text import Text

    from harness.report.layout import broken, plain_table

    by_slice: dict[str, list[Advice]] = {}
    for one in advice:
        by_slice.setdefault(one.slice, []).append(one)
    same = [label for label, own in by_slice.items() if all((one.note or "").startswith("the same ") for one in own)]
    silent = {label: own[0].reason for label, own in by_slice.items() if all(one.verdict == "no advice" for one in own)}
    kept = [label for label in by_slice if label not in same and label not in silent]
    labels = list(dict.fromkeys(one.label for one in advice))
    if kept:
        cell, head = 12, max(map(len, kept)) + 2
        fitting = max(1, (width - head - 8) // (cell + 2))
        for start in range(0, len(labels), fitting):
            block = labels[start : start + fitting]
            table = plain_table()
            table.add_column("by slice (exploratory)" if head > 22 else "by slice", no_wrap=True)
            table.add_column("items", justify="right", no_wrap=True)
            for label in block:
                table.add_column(broken(label, cell), no_wrap=True)
            for label in kept:
                verdicts = {one.label: one.verdict for one in by_slice[label]}
                items = max(one.n_items for one in by_slice[label])
                table.add_row(label, str(items), *(verdicts.get(name, "–") for name in block))
            yield table
    reasons: dict[str, list[str]] = {}
    for label, reason in silent.items():
        if label not in same:
            reasons.setdefault(reason, []).append(label)
    for reason, names in reasons.items():
        yield Padding(Text(f"no advice: {', '.join(names)} ({reason})", style="dim"), (0, 0, 0, 2), expand=False)
    if same:
        yield Padding(Text(f"the same outputs as another slice: {', '.join(same)}", style="dim"), (0, 0, 0, 2), expand=False)
