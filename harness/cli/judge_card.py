"""The judge card: how far a judge agrees with people, and how far its verdicts depend on what they should not."""

from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import console, json_option, plugin_option, print_json, quiet_option, registry
from harness.cli.evaluation import (
    Plan,
    dry_run_option,
    execute,
    given_options,
    judgments_option,
    metric_option,
    print_plan,
    systems_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.judgments import JudgmentSet
    from harness.meta.options import MetaOptions
    from harness.plugins import Registry
    from harness.registry import PluginRef
    from harness.stages.evaluate import Evaluation


@click.command(
    name="judge-card",
    help=f"""{__doc__}

With RUN, the folder of a finished run with a judge among its metrics: its verdicts are read, and nobody is asked. With
--judgments, the judges whose verdicts the set holds already; --metric sets other metrics beside them. What cannot be measured
says why.

\b
harness judge-card runs/judged
harness judge-card --judgments pandalm
harness judge-card --judgments pandalm --own llama-7b --json
harness judge-card --judgments pandalm --metric llm-judge-pair:gpt-4o-mini --dry-run
""",
)
@click.argument("run", required=False, type=click.Path(file_okay=False), metavar="[RUN]")
@judgments_option
@metric_option
@systems_option
@click.option(
    "--own", multiple=True, metavar="SYSTEM", help="A system whose answers are the judge's own. Default: by name. Repeatable."
)
@click.option("--criterion", "criteria", multiple=True, metavar="NAME", help="Only this criterion; all by default. Repeatable.")
@click.option("--resamples", type=int, help="Bootstrap resamples of the intervals. Default: 2000.")
@click.option("--seed", type=int, help="Seed of everything random. Default: 0.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any field of a config's section metaevaluate. Repeatable."
)
@dry_run_option
@plugin_option
@json_option
@quiet_option
def judge_card(
    run: str | None,
    judgments: str | None,
    metrics: tuple[str, ...],
    systems: str | None,
    own: tuple[str, ...],
    settings: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    from harness.judge_card.build import judge_cards
    from harness.judge_card.terminal import print_cards

    given = given_options(options, settings)
    if run is not None and (judgments or metrics or systems):
        raise click.UsageError("a RUN already has its judgments, metrics and systems; leave those options out")
    if run is not None and dry_run:
        raise click.UsageError("--dry-run is for --judgments with --metric; a RUN's verdicts are only read, and nobody is asked")
    if run is not None:
        done, choices = _of_run(run, given)
    else:
        plan = _recorded(judgments, metrics, systems, given)
        if dry_run:
            print_plan(plan, as_json)
            return
        assert plan.options is not None  # a card holds verdicts against people
        done, choices = execute(plan), plan.options
    cards = judge_cards(done, choices, own=own)
    if as_json:
        print_json(cards)
    else:
        print_cards(console(), cards)


def _of_run(run: str, given: dict[str, Any]) -> "tuple[Evaluation, MetaOptions]":
    """The run with its verdicts; held against people anew only where an option asks for it, or nobody has done it."""
    from harness.cli.judged import judged

    return judged(run, None, (), None, given, with_meta=True)


def _recorded(judgments: str | None, metrics: "Sequence[str]", systems: str | None, given: dict[str, Any]) -> Plan:
    """The set, its recorded judges and the metrics named, to be scored and held against people."""
    from harness.api import make_options
    from harness.config import RunConfig, bind
    from harness.errors import InputError
    from harness.stages.evaluate import KIND, read_source
    from harness.stages.score import build_metrics

    if judgments is None:
        raise click.UsageError("whose verdicts? Give a RUN, or --judgments NAME for verdicts that a set holds")
    found = registry()
    options = make_options({"slices": (), **given})
    source = bind(found.parse(KIND, judgments), found, KIND)
    data = read_source(found, source, systems)
    refs = [*recorded_judges(found, data), *(bind(found.parse("metric", name), found, "metric") for name in metrics)]
    if not refs:
        raise InputError(
            f"{data.info.name} holds no judge's verdicts: name a metric that judges with --metric, or run one with `harness run`"
        )
    refs = list({str(ref): ref for ref in refs}.values())
    config = RunConfig(name="judge-card", judgments=source, systems=systems, metrics=tuple(refs), metaevaluate=options, output="")
    return Plan(config, data, build_metrics(found, refs), options, None)


def recorded_judges(found: "Registry", data: "JudgmentSet") -> "list[PluginRef]":
    """The metrics that serve what the set's outputs hold already, one a name that is held."""
    from harness.registry import PluginRef

    refs = []
    for entry in found.entries["metric"].values():
        look, argument = getattr(entry.spec, "found_in", None), entry.spec.argument
        if look is not None and argument is not None:
            refs += [PluginRef(entry.spec.name, {argument: name}) for name in look(data.outputs)]
    return refs
