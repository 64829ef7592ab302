"""What `advise` and `plan` start from: a finished run, or judgments and metrics named on the command line."""

from typing import TYPE_CHECKING, Any

import click

from harness.cli.evaluation import execute, plan_of_options
from harness.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.meta.options import MetaOptions
    from harness.stages.evaluate import Evaluation


def judged(
    run: str | None,
    judgments: str | None,
    metrics: "Sequence[str]",
    systems: str | None,
    given: dict[str, Any],
    *,
    with_meta: bool,
) -> "tuple[Evaluation, MetaOptions]":
    """The evaluation, and the options it stands under. A run is meta-evaluated again only where `given` names an option."""
    if run is None:
        plan = plan_of_options(judgments, metrics, systems, given, None, with_meta=with_meta)
        return execute(plan), plan.config.metaevaluate
    if judgments or systems:
        raise click.UsageError("a RUN already has its judgments and systems; leave those options out")
    from dataclasses import replace

    import msgspec

    from harness.api import make_options
    from harness.stages.evaluate import load_run
    from harness.stages.metaevaluate import metaevaluate
    from harness.store import read_manifest

    done = load_run(run)
    options = make_options({**read_manifest(run).config.get("metaevaluate", {}), **msgspec.to_builtins(given)})
    if with_meta and (given or not done.rows):
        with progress() as report:
            rows = metaevaluate(done.data, done.scores, done.metrics, options, progress=report)
        done = replace(done, rows=tuple(rows))
    return done, options
