"""`harness gate update` and `harness gate show`: approving of what metrics say now, and what was approved."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from harness.cli.common import json_option, notice, plugin_option, print_json, print_table, quiet_option, registry

if TYPE_CHECKING:
    from harness.gate.approving import Update
    from harness.gate.config import GateConfig

_NOTHING = 2  # exit code where there is nothing to approve of: wrong use


@click.command()
@click.option("--reason", metavar="TEXT", help="Why scores may differ now; the baseline keeps it. Needed.")
@click.option("--config", "-c", type=click.Path(), metavar="FILE", help="The gate; default gate.yaml in this folder.")
@click.option("--metric", "-m", "metrics", multiple=True, metavar="LABEL", help="Only this metric; `meta`, `judges`. Repeatable.")
@click.option("--anyway", is_flag=True, help="Also approves of metrics that are not deterministic, and says so in the history.")
@click.option("--dry-run", is_flag=True, help="Says what would be approved, and writes nothing.")
@click.option(
    "--cache", type=click.Choice(["fresh", "keep"]), default="fresh", show_default=True, help="Which cache is looked at."
)
@plugin_option
@quiet_option
@click.pass_obj
def update(
    given: tuple[str | None, tuple[str, ...]] | None,
    reason: str | None,
    config: str | None,
    metrics: tuple[str, ...],
    anyway: bool,
    dry_run: bool,
    cache: str,
) -> None:
    """Approves of what the metrics say now: writes it into the baseline, with the reason, what moved and versions of packages.

    What did not move stays as it was to the last digit; where nothing did, other versions alone are recorded.
    Metrics that cannot be asked here, and sets that may be absent and are, keep what the baseline says of them.
    """
    import sys

    from harness.config import shipped
    from harness.errors import InputError
    from harness.gate.baseline import taking_turns, write_baseline
    from harness.gate.caches import fresh_caches
    from harness.gate.config import chosen, load_gate
    from harness.gate.shown import visible

    if not dry_run and not (reason or "").strip():
        raise click.UsageError("an update needs a reason, which the baseline keeps: --reason 'sacrebleu 2.6: the tokenizer …'")
    whole = load_gate(config or (given[0] if given else None))
    loaded = chosen(whole, metrics or (given[1] if given else ()))
    if loaded.baseline.parent.is_relative_to(shipped("configs")) and shipped("configs").parent.name == "_data":
        raise click.UsageError(
            "this gate came with the program and is not yours to update: make your own with `harness gate new`"
        )
    turn = nullcontext() if dry_run else taking_turns(loaded.baseline, lambda: notice("waiting for another update to end …"))
    with turn, fresh_caches() if cache == "fresh" else nullcontext():
        update = _approved(loaded, whole, (reason or "").strip())
        if not update.changed:
            click.echo(f"Nothing to approve of: everything is as {loaded.baseline} has it. It was left as it is.")
            sys.exit(_NOTHING)
        for line in update.changed:
            click.echo(visible(line))
        for line in update.warnings:
            click.echo(visible(f"warning: {line}"), err=True)
        if dry_run:
            click.echo(f"{loaded.baseline} was left as it is (--dry-run).")
            return
        if update.chance and not anyway:
            raise InputError(
                f"{', '.join(update.chance)}: not deterministic, so that every later run would fail; nothing was approved. Mend "
                "that, name the others with -m, or approve with --anyway"
            )
        try:
            write_baseline(loaded.baseline, update.after)
        except OSError as error:
            raise InputError(f"{loaded.baseline}: cannot be written: {error.strerror}") from error
    click.echo(f"Approved in {loaded.baseline}; its diff shows every number. Commit it with the change that moved them.")


def _approved(config: "GateConfig", whole: "GateConfig", reason: str) -> "Update":
    """What an update of this part of the whole gate comes to."""
    from harness.errors import InputError
    from harness.gate.approving import approve
    from harness.gate.baseline import Baseline, read_baseline, target
    from harness.gate.measure import measure
    from harness.gate.shown import visible
    from harness.gate.unscored import failing, speechless

    before = read_baseline(config.baseline) if target(config.baseline).exists() else Baseline()
    plugins = registry(config.plugins)
    measured = measure(config, plugins, notice)
    for label, why in {**measured.broken, **measured.absent, **measured.broken_cases}.items():
        notice(visible(f"{label} is left as it was: {why}"))
    if silent := speechless(measured):
        told = "; ".join(f"{label}: {why}" for label, why in silent.items())
        raise InputError(visible(f"{told}. Nothing was approved. Mend that, or name the other metrics with -m"))
    for line in failing(measured):
        notice(visible(f"mind: {line}"))
    return approve(config, before, measured, reason, plugins, whole)


@click.command()
@click.option("--config", "-c", type=click.Path(), metavar="FILE", help="The gate; default gate.yaml in this folder.")
@json_option
@click.pass_obj
def show(given: tuple[str | None, tuple[str, ...]] | None, config: str | None, as_json: bool) -> None:
    """What the baseline holds: metrics, signatures, how well they agreed with people, and every update with its reason."""
    from harness.gate.baseline import read_baseline
    from harness.gate.config import load_gate
    from harness.gate.shown import visible

    held = read_baseline(load_gate(config or (given[0] if given else None)).baseline)
    if as_json:
        print_json(held)
        return
    rows = [
        [
            label,
            metric.signature,
            str(sum(len(own.scores) for own in metric.pairs.values())),
            "; ".join(_agreements(name, own.accuracies) for name, own in metric.judged.items()) or "-",
        ]
        for label, metric in held.metrics.items()
    ]
    rows += [[label, judge.signature, str(len(judge.scores)), "-"] for label, judge in held.judges.items()]
    print_table(["metric", "signature", "pairs", "agreement with people"], [[visible(cell) for cell in row] for row in rows])
    if held.statistics:
        lines = sum(len(own.rows) for own in held.statistics.values())
        click.echo(f"\n{lines:,} rows of statistics in {len(held.statistics)} tables")
    for change in held.history:
        click.echo(f"\n{visible(f'{change.date}  {change.reason}')}")
        for line in change.changed:
            click.echo(f"  {visible(line)}")
        told = ", ".join(f"{name} {version}" for name, version in change.versions.items())
        click.echo(f"  with {visible(told) or 'versions not kept'}")


def _agreements(name: str, accuracies: "dict[str, list[float | int | None]]") -> str:
    told = []
    for criterion, (value, low, high, *_) in accuracies.items():
        interval = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
        told.append(f"{criterion} {'-' if value is None else f'{value:.3f}'}{interval}")
    return f"{name}: {', '.join(told) or 'not compared'}"
