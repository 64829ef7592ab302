"""Fails when a metric's behaviour changed: scores, signature, coverage, agreement with people, cost.

Exit code 0: nothing fell; 1: something did; 3: a metric could not be asked; 4: with --strict, nothing fell for sure. Models,
embeddings and replies that are cached are not looked at, since a cache hides what has changed.
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import json_option, notice, plugin_option, print_json, quiet_option, registry
from harness.cli.gate_explain import explain
from harness.cli.gate_new import new
from harness.cli.gate_record import record
from harness.cli.gate_update import show, update

if TYPE_CHECKING:
    from harness.gate.config import GateConfig
    from harness.gate.findings import Finding

PASSED, FAILED, NOT_ASKED, UNSURE = 0, 1, 3, 4
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True, help=__doc__)
@click.option("--config", "-c", type=click.Path(), metavar="FILE", help="The gate; default gate.yaml in this folder.")
@click.option("--metric", "-m", "metrics", multiple=True, metavar="LABEL", help="Only this metric; `meta`, `judges`. Repeatable.")
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Only this check (signature, scores, …). Repeatable.")
@click.option("--strict/--lenient", default=None, help="Whether what is inconclusive fails; default as the config says.")
@click.option(
    "--cache", type=click.Choice(["fresh", "keep"]), default="fresh", show_default=True, help="Which cache is looked at."
)
@click.option("--junit", type=_FILE, metavar="FILE", help="Also writes the findings as JUnit XML.")
@click.option("--sarif", type=_FILE, metavar="FILE", help="Also writes the findings as SARIF.")
@click.option("--github/--no-github", default=None, help="Annotations and job summary; default where GITHUB_ACTIONS is set.")
@click.option("--live", type=click.IntRange(min=1), metavar="N", help="Also ask judges for real, about at most N answers each.")
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="With --live: spend no more than this.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="With --live: draw the same answers again.")
@plugin_option
@json_option
@quiet_option
@click.pass_context
def gate(
    context: click.Context,
    config: str | None,
    metrics: tuple[str, ...],
    checks: tuple[str, ...],
    strict: bool | None,
    cache: str,
    junit: Path | None,
    sarif: Path | None,
    github: bool | None,
    live: int | None,
    budget: float | None,
    seed: int | None,
    as_json: bool,
) -> None:
    if context.invoked_subcommand is not None:
        context.obj = (config, metrics)
        return
    from harness.gate.caches import fresh_caches
    from harness.gate.config import chosen, load_gate

    if live is None and (budget is not None or seed is not None):
        raise click.UsageError("--budget and --seed are of --live")
    if junit is not None and sarif is not None and junit.absolute() == sarif.absolute():
        raise click.UsageError(f"--junit and --sarif name one file, {junit}; one would be written over the other")
    loaded = chosen(load_gate(config), metrics)
    firm = loaded.agreement.inconclusive == "strict" if strict is None else strict
    with fresh_caches() if cache == "fresh" else nullcontext():
        found = _found(loaded, checks)
    if live is not None:
        found += _live(loaded, live, budget, seed)
    _write(found, loaded, firm, junit, sarif)
    if github or (github is None and os.environ.get("GITHUB_ACTIONS") == "true"):
        _tell_github(found, loaded, firm, quiet=as_json)
    if as_json:
        print_json(found)
    else:
        _tell(found, loaded, firm)
    sys.exit(_code(found, firm))


def _found(config: "GateConfig", checks: tuple[str, ...]) -> "list[Finding]":
    from harness.gate.baseline import read_baseline
    from harness.gate.checks import parts_for, run_checks
    from harness.gate.measure import measure

    parts = parts_for(checks)
    before = read_baseline(config.baseline)
    return run_checks(config, before, measure(config, registry(config.plugins), notice, parts), checks)


def _live(config: "GateConfig", sample: int, budget: float | None, seed: int | None) -> "list[Finding]":
    """What asking the judges for real says; outside of the gate's fresh cache, so that what was paid for stays."""
    from harness.errors import InputError
    from harness.gate.baseline import read_baseline
    from harness.gate.judges_config import load_judges
    from harness.gate.live import LiveOptions, live

    if config.judges is None:
        raise InputError(f"{config.file}: this gate has no judges to ask: write `judges: FILE.yaml`")
    options = LiveOptions(sample=sample, budget=budget, seed=seed)
    judges, before = load_judges(config.judges), read_baseline(config.baseline)
    return list(live(judges, before, registry(config.plugins), options, config.only_judges, notice))


def _tell(found: "list[Finding]", config: "GateConfig", strict: bool) -> None:
    from harness.gate.findings import counted, outcome
    from harness.gate.shown import visible

    for finding in found:
        if finding.level != "pass":
            click.echo(f"{finding.level}: {visible(finding.message)}")
    came_to = outcome(found)
    click.echo(f"{came_to}: {counted(found)}; by {_relative(config.file)}")
    if came_to == "inconclusive":
        click.echo(
            "Nothing fell for sure, and not all of it is sure not to have: what is inconclusive fails (--strict)."
            if strict
            else "Nothing fell for sure, and not all of it is sure not to have: that passes (--lenient); --strict lets it fail."
        )


def _code(found: "list[Finding]", strict: bool) -> int:
    from harness.gate.findings import outcome

    return {"pass": PASSED, "fail": FAILED, "error": NOT_ASKED, "inconclusive": UNSURE if strict else PASSED}[outcome(found)]


def _write(found: "list[Finding]", config: "GateConfig", strict: bool, junit: Path | None, sarif: Path | None) -> None:
    """The reports in files; InputError where one cannot be written."""
    from harness import __version__
    from harness.errors import InputError
    from harness.gate.checks import CHECKS
    from harness.gate.reports.junit import junit as as_junit
    from harness.gate.reports.sarif import sarif as as_sarif
    from harness.whole_files import replace_file

    about = {name: what for name, (what, _) in CHECKS.items()}
    written = [] if junit is None else [(junit, as_junit(found, strict=strict))]
    if sarif is not None:
        written.append((sarif, as_sarif(found, _relative(config.baseline), __version__, about, strict=strict)))
    for path, data in written:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _tell_github(found: "list[Finding]", config: "GateConfig", strict: bool, *, quiet: bool) -> None:
    from harness.gate.reports.github import annotations, summary

    for line in annotations(found, _relative(config.baseline), strict=strict):
        click.echo(line, err=quiet)  # beside JSON on stdout nothing else may stand; GitHub reads both
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        try:
            with open(page, "a", encoding="utf-8", errors="replace") as file:
                file.write(summary(found))
        except OSError as error:  # what was found does not depend on where it is told
            notice(f"the job summary {page} cannot be written: {error.strerror}")


def _relative(path: Path) -> str:
    """The path as seen from the repository, with slashes; as it is where it lies elsewhere."""
    home = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    own: Any = path.resolve()
    return own.relative_to(home).as_posix() if own.is_relative_to(home) else own.as_posix()


gate.add_command(update)
gate.add_command(show)
gate.add_command(explain)
gate.add_command(record)
gate.add_command(new)
