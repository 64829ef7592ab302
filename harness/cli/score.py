"""Scores the outputs of a judgment set with metrics, one score per output."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.common import json_option, plugin_option, print_json, print_table, quiet_option
from harness.cli.evaluation import (
    dry_run_option,
    execute,
    exit_if_failed,
    judgments_option,
    metric_option,
    output_option,
    plan_of_options,
    print_plan,
    reparse_option,
    systems_option,
)
from harness.cli.executor import executor_options
from harness.cli.shown import asked_for, fresh_option, keep, say_taken_over, unchanged

if TYPE_CHECKING:
    from harness.records import Score
    from harness.score_table import Codes, Floats
    from harness.stages.evaluate import Evaluation
    from harness.unchanged import Remembered

LABEL = 20  # characters of a metric's label in one line


@click.command(
    help=f"""{__doc__}

Prints what the scores are like; --json prints every one, --output keeps them. Whether to trust them is what `harness metaeval`
says.
"""
)
@judgments_option
@metric_option
@systems_option
@output_option
@executor_options
@plugin_option
@dry_run_option
@fresh_option
@reparse_option
@json_option
@quiet_option
def score(
    judgments: str | None,
    metrics: tuple[str, ...],
    systems: str | None,
    output: str | None,
    dry_run: bool,
    fresh: bool,
    reparse: bool,
    as_json: bool,
) -> None:
    asked = asked_for("score", judgments=judgments, metrics=metrics, systems=systems)
    folder = Path(output) if output else None
    held = unchanged(folder, asked, fresh=fresh or dry_run or reparse)
    if held is not None and folder is not None and _print_again(folder, held, as_json):
        return
    plan = plan_of_options(judgments, metrics, systems, {}, output, with_meta=False)
    if dry_run:
        print_plan(plan, as_json)
        return
    done = execute(plan, reparse=reparse)
    summary = _summary(done)
    _print(done.scores, summary, folder, as_json)
    keep(plan, asked, {"summary": summary}, done.failed)
    exit_if_failed(done, folder)


def _print_again(folder: Path, held: "Remembered", as_json: bool) -> bool:
    """Prints the earlier run's scores, or what they are like; False if its tables changed meanwhile."""
    from harness.store import TABLES, read_table, table_path
    from harness.unchanged import still_there

    scores = list(read_table(table_path(folder, "scores"), TABLES["scores"].record_type)) if as_json else []
    if not still_there(folder, held):
        return False
    say_taken_over(folder)
    _print(scores, held.said["summary"], folder, as_json)
    return True


def _print(scores: "Sequence[Score]", summary: list[list[str]], folder: Path | None, as_json: bool) -> None:
    if as_json:
        print_json(list(scores))
        return
    print_table(["metric", "component", "system", "scored", "missing", "least", "median", "most"], summary)
    if folder is not None:
        click.echo(f"\nThe run lies in {folder}; `harness export {folder} scores --format csv` writes every score.")


def _summary(done: "Evaluation") -> list[list[str]]:
    """Per metric, component and system: how many scores there are, why others are missing, and the range of those there are."""
    import numpy as np

    from harness.report.layout import broken
    from harness.score_table import STATUSES, ScoreTable

    system = {output.id: output.system for output in done.data.outputs}
    groups: dict[tuple[str, str, str], list[tuple[Floats, Codes]]] = {}
    for block in ScoreTable.of(done.scores).blocks:
        numbers: dict[str, int] = {}
        if block.targets.ends is None:
            places = [numbers.setdefault(system[id], len(numbers)) for id in block.targets.ids]
        else:
            joined = ("+".join(dict.fromkeys([system[id] for id in unit])) for unit in block.targets)
            places = [numbers.setdefault(names, len(numbers)) for names in joined]
        of = np.array(places, dtype=np.int64)
        order, cuts = np.argsort(of, kind="stable"), np.cumsum(np.bincount(of, minlength=len(numbers)))[:-1]
        pieces = (np.split(each[order], cuts) for each in (block.values, block.status))
        for names, values, status in zip(numbers, *pieces, strict=True):
            groups.setdefault((done.labels[block.metric], block.component or "", names), []).append((values, status))
    rows = []
    for (label, component, names), parts in groups.items():
        scores, status = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        missing = np.isnan(scores)
        values = np.sort(scores[~missing])
        reasons = sorted({STATUSES[code] for code in set(status[missing].tolist())})
        middle = values[(len(values) - 1) // 2 : len(values) // 2 + 1].tolist()
        figures = [f"{one:.4g}" for one in (values[0], sum(middle) / len(middle), values[-1])] if len(values) else ["–"] * 3
        why = f" ({', '.join(reasons)})" if reasons else ""
        rows.append([broken(label, LABEL), component, names, str(len(values)), f"{missing.sum()}{why}", *figures])
    return rows
