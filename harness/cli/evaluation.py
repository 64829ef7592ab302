"""What `run`, `score` and `metaeval` share: options, the plan, its execution, and the way its result is printed."""

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import finish_with_failures, print_json, registry
from harness.cli.completion import PluginType
from harness.cli.executor import chosen_executor
from harness.cli.progress import progress, telling_reused

if TYPE_CHECKING:
    from harness.chat.messages import CallPlan
    from harness.config import RunConfig
    from harness.judgments import JudgmentSet
    from harness.meta.options import MetaOptions
    from harness.registry import Registry
    from harness.stages.evaluate import Evaluation
    from harness.stages.score import BuiltMetric
    from harness.unchanged import Rests

judgments_option = click.option(
    "--judgments", type=PluginType("judgment source"), metavar="REF", help="Whose judgments: gec-sv, table:FILE.csv …"
)
metric_option = click.option(
    "--metric",
    "-m",
    "metrics",
    multiple=True,
    type=PluginType("metric"),
    metavar="REF",
    help="A metric, with parameters if it needs any: chrf, rouge-l:stemmer=swedish. Repeatable.",
)
systems_option = click.option("--systems", metavar="SET|A,B", help="Keep a system set of the source, or these systems.")
output_option = click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Keep everything in this run folder, and resume from it.",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would run; compute nothing.")


@dataclass(frozen=True)
class Plan:
    """Everything that a run needs, read and built: `options` is None where only scores are wanted.

    `rests` is what it was read from, as it was before; None where that is not known.
    """

    config: "RunConfig"
    data: "JudgmentSet"
    metrics: "list[BuiltMetric]"
    options: "MetaOptions | None"
    folder: Path | None
    rests: "Rests | None" = None


def make_plan(found: "Registry", config: "RunConfig", folder: Path | None, *, with_meta: bool = True) -> Plan:
    """Reads the judgments and builds the metrics that the config names."""
    from harness.config import bind
    from harness.few_collections import few_collections
    from harness.stages.evaluate import KIND, read_source
    from harness.stages.metaevaluate import check_options
    from harness.stages.score import build_metrics
    from harness.unchanged import look

    refs = [bind(ref, found, "metric") for ref in config.metrics]
    source = bind(config.judgments, found, KIND)
    rests = look(found, [(KIND, source), *(("metric", ref) for ref in refs)]) if folder is not None else None
    metrics = build_metrics(found, refs)
    with few_collections():
        data = read_source(found, source, config.systems)
    if with_meta:
        check_options(data, config.metaevaluate)
    return Plan(config, data, metrics, config.metaevaluate if with_meta else None, folder, rests)


def plan_of_options(
    judgments: str | None,
    metrics: Sequence[str],
    systems: str | None,
    options: dict[str, Any],
    folder: str | None,
    *,
    with_meta: bool,
) -> Plan:
    """The plan that a command line describes without a config."""
    from harness.api import make_options
    from harness.cli.common import plugin_files
    from harness.config import RunConfig

    if judgments is None:
        raise click.UsageError("whose judgments? Give --judgments, for example --judgments gec-sv")
    if not metrics:
        raise click.UsageError("which metrics? Give --metric, for example --metric chrf --metric rouge-l")
    found = registry()
    config = RunConfig(
        name=Path(folder).name if folder else "command-line",
        judgments=found.parse("judgment source", judgments),
        systems=systems,
        metrics=tuple(found.parse("metric", metric) for metric in metrics),
        metaevaluate=make_options(options),
        output=folder or "",
        plugins=tuple(plugin_files()),
    )
    return make_plan(found, config, Path(folder) if folder else None, with_meta=with_meta)


def execute(plan: Plan, *, reparse: bool = False) -> "Evaluation":
    """Runs the plan, with progress on stderr; in its folder if it has one. `reparse`: judges' stored replies are read again."""
    if reparse:
        from harness.chat.policy import only_stored

        with only_stored():
            return _execute(plan, reparse=True)
    return _execute(plan, reparse=False)


def _execute(plan: Plan, *, reparse: bool) -> "Evaluation":
    from harness.compiling_beside import compiling_beside
    from harness.config import resolved
    from harness.few_collections import few_collections
    from harness.stages.evaluate import evaluate
    from harness.stages.score_job import Scoring
    from harness.store import Run

    beside = compiling_beside("harness.meta.first_kernels", "harness.meta") if plan.options else nullcontext()
    with few_collections(), beside, progress() as report, chosen_executor(plan.config.executor) as executor:
        asked = Scoring(executor)
        if plan.folder is None:
            return evaluate(plan.data, plan.metrics, plan.options, progress=report, executor=asked, reparse=reparse)
        with Run.open(plan.folder, config=resolved(plan.config), command=("harness", *sys.argv[1:])) as run:
            told = telling_reused(report, run.counts)
            return evaluate(plan.data, plan.metrics, plan.options, run=run, progress=told, executor=asked, reparse=reparse)


def print_plan(plan: Plan, as_json: bool) -> None:
    """What `execute` would do, computed from what is there: items, outputs, and per metric the units to score and those saved."""
    from msgspec import to_builtins

    from harness.stages.score import calls, pending

    found = [(metric, pending(plan.data, metric, plan.folder)) for metric in plan.metrics]
    planned = [(metric, call) for metric in plan.metrics for call in calls(plan.data, metric)]
    rows = [
        {
            "metric": metric.label,
            "signature": metric.signature,
            "cost": metric.spec.cost,
            "units": counts.units,
            "saved": counts.saved,
            "to_score": counts.units - counts.saved,
            "skipped": counts.skipped,
        }
        for metric, counts in found
    ]
    data = plan.data
    about = {
        "judgments": data.label,
        "examples": len(data.examples),
        "outputs": len(data.outputs),
        "ratings": len(data.judgments),
        "preferences": len(data.preferences),
        "systems": data.systems,
        "criteria": data.criteria,
        "output": None if plan.folder is None else str(plan.folder),
        "metaevaluate": plan.options,
        "metrics": rows,
        "calls": [{"metric": metric.label, **to_builtins(call)} for metric, call in planned],
    }
    if as_json:
        print_json(about)
        return
    click.echo(
        f"{data.label}: {len(data.examples)} examples, {len(data.outputs)} outputs of {', '.join(data.systems)}; "
        f"{len(data.judgments)} ratings, {len(data.preferences)} preferences on {', '.join(data.criteria)}"
    )
    click.echo(f"output: {about['output'] or 'none, results are printed and not kept'}")
    for row in rows:
        click.echo(
            f"{row['metric']}: {row['to_score']} of {row['units']} units to score, {row['saved']} saved, {row['skipped']} cannot "
            f"be scored; {row['cost']}; {row['signature']}"
        )
    for metric, call in planned:
        click.echo(f"{metric.label}, asked of {call_line(call)}")
    click.echo("nothing was computed (--dry-run)")


def call_line(call: "CallPlan") -> str:
    """Which model, and what asking it would take, in words."""
    price = "price unknown" if call.price is None else f"at most {_rounded_up(call.price)} USD"
    return (
        f"{call.judge}: {call.calls:,} calls to make, {call.cached:,} replies at hand; at most {call.tokens_in:,} tokens in and "
        f"{call.tokens_out:,} out; {price}"
    )


def _rounded_up(amount: float) -> str:
    """An upper bound in USD stays one: up to a cent, below a dollar to a hundredth of it."""
    digits = 4 if 0 < amount < 1 else 2
    return f"{math.ceil(amount * 10**digits - 1e-9) / 10**digits:.{digits}f}"


def reparse_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--reparse`: read what judges have replied once more, and ask nobody."""
    text = "Read the stored replies of judges again, with this version's parser; no model is asked."
    return click.option("--reparse", is_flag=True, help=text)(function)


def exit_if_failed(done: "Evaluation", folder: Path | None) -> None:
    """Exit code 3 where a metric failed on a unit: the other numbers stand, these scores are missing."""
    where = "" if folder is None else f"; see `harness show {folder} scores --where status=error`"
    from harness.score_table import ScoreTable

    failed, first = done.failed, ScoreTable.of(done.scores).first_error()
    units = "unit" if failed == 1 else "units"
    finish_with_failures(failed, f"{units} could not be scored, for example: {first}{where}")


def options_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose what a meta-evaluation computes."""
    for option in reversed(_META_OPTIONS):
        function = option(function)
    return function


def given_options(values: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Fields of MetaOptions: those options that were given, and every `--set KEY=VALUE`."""
    from harness.registry import parse_value

    given = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items() if value not in (None, ())}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set {setting!r}: write KEY=VALUE, for example --set folds=10")
        given[key.strip().replace("-", "_")] = parse_value(value.strip())
    return given


_META_OPTIONS = (
    click.option(
        "--criterion", "criteria", multiple=True, metavar="NAME", help="Only this criterion; all by default. Repeatable."
    ),
    click.option(
        "--grouping",
        "groupings",
        multiple=True,
        type=click.Choice(["item", "system", "none"]),
        help="Compare systems on an item, items of a system, or everything; all three by default. Repeatable.",
    ),
    click.option(
        "--raters",
        type=click.Choice(["primary", "mean", "median", "majority", "each"]),
        help="Whose word is the target. Default: primary.",
    ),
    click.option(
        "--slice",
        "slices",
        multiple=True,
        metavar="DIMENSION",
        help="form, task, language, length, systems or meta:KEY; all but the last by default. Repeatable.",
    ),
    click.option(
        "--epsilon-scope",
        type=click.Choice(["slice", "global"]),
        help="One tie threshold a slice, or one for all. Default: slice.",
    ),
    click.option("--resamples", type=int, help="Bootstrap resamples of the intervals. Default: 2000."),
    click.option("--seed", type=int, help="Seed of everything random. Default: 0."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Any other field of a config's section metaevaluate. Repeatable.",
    ),
)
