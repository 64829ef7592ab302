"""Fails when a metric's behaviour changed: scores, signature, coverage, agreement with people, cost."""

import sys
from pathlib import Path

import click

from harness.cli.common import json_option, plugin_option, print_json, quiet_option, registry
from harness.cli.gate_explain import explain

PASSED, FAILED, NOT_ASKED, UNSURE = 0, 1, 3, 4


@click.group(invoke_without_command=True, help=__doc__)
@click.option("--config", "-c", type=click.Path(), metavar="FILE", help="The gate; default gate.yaml here, else the shipped one.")
@click.option("--metric", "-m", "metrics", multiple=True, metavar="LABEL", help="Only this metric of the gate. Repeatable.")
@plugin_option
@json_option
@quiet_option
@click.pass_context
def gate(context: click.Context, config: str | None, metrics: tuple[str, ...], as_json: bool) -> None:
    if context.invoked_subcommand is not None:
        context.obj = (config, metrics)
        return
    from harness.gate.baseline import read_baseline
    from harness.gate.checks import run_checks
    from harness.gate.config import chosen, load_gate
    from harness.gate.findings import counted, outcome
    from harness.gate.measure import measure

    loaded = chosen(load_gate(config), metrics)
    before = read_baseline(loaded.baseline)
    found = run_checks(loaded, before, measure(loaded, registry(loaded.plugins)))
    if as_json:
        print_json(found)
    else:
        for finding in found:
            if finding.level != "pass":
                click.echo(f"{finding.level}: {finding.message}")
        click.echo(f"{outcome(found)}: {counted(found)}")
    sys.exit({"pass": PASSED, "fail": FAILED, "error": NOT_ASKED, "inconclusive": PASSED}[outcome(found)])


@gate.command()
@click.option("--reason", required=True, metavar="TEXT", help="Why scores may differ now; the baseline keeps it.")
@click.pass_obj
def update(given: tuple[str | None, tuple[str, ...]], reason: str) -> None:
    """Approves of what the metrics say now: writes it into the baseline, with the reason."""
    from datetime import date

    import msgspec

    from harness.gate.baseline import Change, write_baseline
    from harness.gate.config import load_gate
    from harness.gate.measure import measure

    loaded = load_gate(given[0])
    measured = measure(loaded, registry(loaded.plugins))
    change = Change(date=date.today().isoformat(), reason=reason, changed=[], versions={})
    write_baseline(Path(loaded.baseline), msgspec.structs.replace(measured.now, history=[change]))


gate.add_command(explain)
