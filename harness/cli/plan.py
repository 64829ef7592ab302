"""Plans a study: how many items (or raters) separate two metrics, or bring an interval to a width."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.cli.common import console, json_option, plugin_option, print_json, quiet_option
from harness.cli.evaluation import exit_if_failed, given_options, judgments_option, metric_option, systems_option
from harness.cli.executor import executor_options
from harness.cli.judged import judged

if TYPE_CHECKING:
    from rich.console import RenderableType

    from harness.meta.columns import MetricSummary
    from harness.meta.study import StudyPlan


@click.command(
    help=f"""{__doc__}

With RUN, the folder of a finished run, or with --judgments and --metric, which are then scored. The difference to be found is
yours to choose: what was observed says nothing of it.

\b
harness plan runs/swedish --metric chrf --metric rouge-l --delta .02
harness plan runs/swedish --metric chrf --against source-change
harness plan --judgments gec-sv --metric chrf --metric rouge-l --width .05
"""
)
@click.argument("run", required=False, type=click.Path(file_okay=False), metavar="[RUN]")
@judgments_option
@metric_option
@systems_option
@click.option(
    "--against",
    multiple=True,
    metavar="NAME",
    help="Compare every metric with this sentinel or metric, not with each other. Repeatable.",
)
@click.option("--delta", type=float, default=0.02, show_default=True, help="The difference in accuracy that is to be found.")
@click.option("--width", type=float, help="Plan for an interval of this width (from end to end) instead of for a difference.")
@click.option("--power", type=float, default=0.8, show_default=True, help="Probability of finding the difference.")
@click.option("--alpha", type=float, help="Level of the family of tests. Default: that of the run, else 0.05.")
@click.option("--family", type=int, help="Comparisons that Holm's correction will run over. Default: those planned for.")
@click.option(
    "--statistic",
    type=click.Choice(["raw", "calibrated", "held-out"]),
    help="Accuracy of which kind. Default: calibrated for differences, as they are tested; held-out for a width.",
)
@click.option("--in", "part", default="all", show_default=True, metavar="SLICE", help="Of this slice, such as form=short.")
@click.option("--criterion", "criteria", multiple=True, metavar="NAME", help="Only this criterion; all by default. Repeatable.")
@click.option(
    "--raters",
    type=click.Choice(["primary", "mean", "median", "majority", "each"]),
    help="Whose word is the target. Default: primary.",
)
@click.option("--seed", type=int, help="Seed of the simulations. Default: 0.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any field of a config's section metaevaluate. Repeatable."
)
@executor_options
@plugin_option
@json_option
@quiet_option
def plan(
    run: str | None,
    judgments: str | None,
    metrics: tuple[str, ...],
    systems: str | None,
    against: tuple[str, ...],
    delta: float,
    width: float | None,
    power: float,
    family: int | None,
    statistic: str | None,
    part: str,
    settings: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    from harness.meta.planner_rows import plan_study
    from harness.meta.study import Question

    stated = click.get_current_context().get_parameter_source("delta") is not ParameterSource.DEFAULT
    if width is not None and stated:
        raise click.UsageError("a plan is for a difference (--delta) or for an interval's width (--width), not for both")
    chosen = statistic or ("calibrated" if width is None else "held-out")
    question = Question(delta=delta, width=width, power=power, statistic=chosen, part=part, family=family)
    done, choices = judged(run, judgments, metrics, systems, given_options(options, settings), with_meta=False)
    first = _chosen(metrics, done.metrics, done.labels) if run is not None else []
    sought = [_signature(name, done.metrics, done.labels) or name for name in against]
    plans = plan_study(done.data, done.scores, done.metrics, choices, question, first=first, against=sought)
    if as_json:
        print_json(plans)
    else:
        screen = console()
        for piece in _text(plans, done.data.label, done.labels):
            screen.print(piece)
    exit_if_failed(done, None)


def _signature(name: str, metrics: "Sequence[MetricSummary]", labels: Mapping[str, str]) -> str | None:
    """The signature of a run's metric that the user calls by its label, name or signature; None where there is none."""
    exact = [one.signature for one in metrics if name in (one.signature, labels.get(one.signature))]
    loose = [one.signature for one in metrics if name == one.name]
    return next(iter([*exact, *loose]), None)


def _chosen(names: Sequence[str], metrics: "Sequence[MetricSummary]", labels: Mapping[str, str]) -> list[str]:
    from harness.errors import HarnessError, did_you_mean

    found = []
    for name in names:
        signature = _signature(name, metrics, labels)
        if signature is None:
            raise HarnessError(f"this run has no metric {name!r}.{did_you_mean(name, labels.values())}")
        found.append(signature)
    return found


def _text(plans: "Sequence[StudyPlan]", judgments: str, labels: Mapping[str, str]) -> "Iterator[RenderableType]":
    from rich.padding import Padding
    from rich.text import Text

    if not plans:
        yield Text("nothing to plan for: no criterion of this set has ratings or preferences")
        return
    yield Text(_goal(plans[0]), style="bold")
    for criterion, raters in dict.fromkeys((one.criterion, one.raters) for one in plans):
        own = [one for one in plans if (one.criterion, one.raters) == (criterion, raters)]
        yield Text(f"\n{_where(own[0], judgments)}", style="bold")
        yield _table(own, labels)
        for line in dict.fromkeys(line for one in own for line in _notes(one, labels)):
            yield Padding(Text(line, style="dim"), (0, 0, 0, 2), expand=False)
    yield Text(
        f"\nAssumes {plans[0].assumes}. [ ] is N at the ends of the spread's 95 % interval. ~: few are needed, so N was found by "
        "running the test on resampled items; else by formula. N counts all items, those there are included.",
        style="dim",
    )


def _goal(one: "StudyPlan") -> str:
    from harness.report.layout import number

    kind = {"accuracy_raw": "raw", "accuracy": "calibrated", "accuracy_heldout": "held-out"}[one.statistic]
    target = number(one.target, next((digits for digits in (3, 4) if round(one.target, digits) == one.target), 6))
    if one.goal == "width":
        return f"Items for a {one.level:.0%} interval of {kind} accuracy that is {target} wide"
    each = f", of a family of {one.family} (Holm's smallest alpha {number(one.alpha, 4)})" if one.family > 1 else ""
    return f"Items that find a difference of {target} in {kind} accuracy with {one.power:.0%} power{each}"


def _where(one: "StudyPlan", judgments: str) -> str:
    part = "" if one.slice == "all" else f" ({one.slice})"
    systems = "" if one.systems is None else f", {one.systems:g} systems on each"
    clusters = "" if one.clusters == one.items else f" in {one.clusters} clusters"
    return f"{one.criterion}{part} — {judgments}, {one.raters}: {one.items} items{clusters}{systems}"


def _table(own: "Sequence[StudyPlan]", labels: Mapping[str, str]) -> "RenderableType":
    from harness.report.layout import broken, number, plain_table

    table = plain_table()
    wide = own[0].goal == "width"
    for head in ("metric",) if wide else ("metric", "against"):
        table.add_column(head, no_wrap=True)
    for head in ("spread", "items needed", "more than now"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in own:
        names = [broken(_label(name, labels), 30) for name in (one.first, one.second) if name is not None]
        if one.needed_items is None:
            table.add_row(*names, number(one.spread), "unknown", "–")
            continue
        scale = one.items / one.clusters
        ends = [None if end is None else f"{round(end * scale):,}" for end in (one.needed_low, one.needed_high)]
        interval = "" if None in ends else f" [{ends[0]} {ends[1]}]"
        mark = "~" if one.simulated else ""
        table.add_row(*names, number(one.spread), f"{mark}{one.needed_items:,}{interval}", f"{one.more_items:,}")
    return table


def _notes(one: "StudyPlan", labels: Mapping[str, str]) -> Iterator[str]:
    pair = " and ".join(_label(name, labels) for name in (one.first, one.second) if name is not None)
    if one.note:
        yield f"{pair}: {one.note}"
    if one.rater_note:
        yield f"what more raters would do is {one.rater_note}"
    elif one.rater_share is not None:
        counted = ", ".join(f"{row.needed_clusters:,} with {row.raters}" for row in one.with_raters)
        share = f"{one.rater_share:.0%} of the variance is between the raters of an item"
        yield f"{pair}: {share}; clusters needed, each rater's word counted on its own: {counted}"


def _label(signature: str, labels: Mapping[str, str]) -> str:
    return labels.get(signature, signature.partition("|")[0])
