"""The judge card: how far a judge agrees with people, and how far its verdicts depend on what they should not."""

from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import console, json_option, plugin_option, print_json, quiet_option, registry
from harness.cli.evaluation import given_options, judgments_option, metric_option, systems_option
from harness.cli.progress import progress

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
    as_json: bool,
    **options: Any,
) -> None:
    from harness.judge_card.build import judge_cards
    from harness.judge_card.terminal import print_cards

    given = given_options(options, settings)
    if run is not None and (judgments or metrics or systems):
        raise click.UsageError("a RUN already has its judgments, metrics and systems; leave those options out")
    done, choices = _of_run(run, given) if run is not None else _recorded(judgments, metrics, systems, given)
    cards = judge_cards(done, choices, own=own)
    if as_json:
        print_json(cards)
    else:
        print_cards(console(), cards)


def _of_run(run: str, given: dict[str, Any]) -> "tuple[Evaluation, MetaOptions]":
    """The run with its verdicts; held against people anew only where an option asks for it, or nobody has done it."""
    from harness.cli.judged import judged

    return judged(run, None, (), None, given, with_meta=True)


def _recorded(
    judgments: str | None, metrics: "Sequence[str]", systems: str | None, given: dict[str, Any]
) -> "tuple[Evaluation, MetaOptions]":
    """The set with its recorded judges, and the metrics named, scored and held against people."""
    from harness.api import make_options
    from harness.config import bind
    from harness.errors import InputError
    from harness.stages.evaluate import KIND, evaluate, read_source
    from harness.stages.score import build_metrics

    if judgments is None:
        raise click.UsageError("whose verdicts? Give a RUN, or --judgments NAME for verdicts that a set holds")
    found = registry()
    options = make_options({"slices": (), **given})
    data = read_source(found, bind(found.parse(KIND, judgments), found, KIND), systems)
    refs = [*recorded_judges(found, data), *(bind(found.parse("metric", name), found, "metric") for name in metrics)]
    if not refs:
        raise InputError(
            f"{data.info.name} holds no judge's verdicts: name a metric that judges with --metric, or run one with `harness run`"
        )
    built = build_metrics(found, list({str(ref): ref for ref in refs}.values()))
    with progress() as report:
        return evaluate(data, built, options, progress=report), options


def recorded_judges(found: "Registry", data: "JudgmentSet") -> "list[PluginRef]":
    """The metrics that serve what the set's outputs hold already, one a name that is held."""
    from harness.registry import PluginRef

    refs = []
    for entry in found.entries["metric"].values():
        look, argument = getattr(entry.spec, "found_in", None), entry.spec.argument
        if look is not None and argument is not None:
            refs += [PluginRef(entry.spec.name, {argument: name}) for name in look(data.outputs)]
    return refs
