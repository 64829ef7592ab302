"""What a command shows of a finished run: of its own evaluation, or taken over from one of which nothing has changed."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.common import console, notice, plugin_files

if TYPE_CHECKING:
    from harness.cli.evaluation import Plan
    from harness.meta.options import MetaOptions
    from harness.records import MetaRow
    from harness.stages.evaluate import Evaluation
    from harness.unchanged import Remembered

fresh_option = click.option(
    "--fresh",
    is_flag=True,
    help="Go through everything again, even if nothing has changed since the run in the output folder finished. Finished scores "
    "are kept all the same.",
)


@dataclass(frozen=True)
class Shown:
    """What is printed of a meta-evaluation. `labels`: signature → what the user wrote; `level`, `alpha`: intervals, tests."""

    rows: "Sequence[MetaRow]"
    labels: Mapping[str, str]
    notes: tuple[str, ...]
    judgments: str
    failed: int
    level: float
    alpha: float

    def said(self) -> dict[str, Any]:
        """Everything but the rows, which a table holds."""
        return {
            "labels": dict(self.labels),
            "notes": list(self.notes),
            "judgments": self.judgments,
            "level": self.level,
            "alpha": self.alpha,
        }


def shown_of(done: "Evaluation", options: "MetaOptions") -> Shown:
    """What is printed of this evaluation."""
    from harness.report.views import missing_notes

    notes = (*missing_notes(done.scores, done.labels), *done.data.notes)
    return Shown(done.rows, done.labels, notes, done.data.label, done.failed, options.level, options.alpha)


def print_shown(shown: Shown) -> None:
    """The boards and slices of a meta-evaluation, and what its metrics left without a score."""
    from harness.report.terminal import print_meta

    print_meta(console(), shown.rows, labels=shown.labels, notes=shown.notes, level=shown.level, alpha=shown.alpha)


def asked_for(command: str, **choices: Any) -> dict[str, Any]:
    """What the user asked for, to be compared with what is asked next time. Paths may be relative: the folder is part of it."""
    return {"command": command, "folder": os.getcwd(), "plugins": [os.path.abspath(file) for file in plugin_files()], **choices}


def unchanged(folder: Path | None, asked: Mapping[str, Any], *, fresh: bool) -> "Remembered | None":
    """What was kept of a finished run in the folder, if the same was asked for then and nothing has changed since."""
    from harness.unchanged import recall

    return None if folder is None or fresh else recall(folder, asked)


def taken_over(folder: Path, held: "Remembered") -> Shown | None:
    """What the earlier run has shown; None if its tables changed while they were read. Says so on stderr."""
    from harness.store import TABLES, read_table, table_path
    from harness.unchanged import still_there

    rows = tuple(read_table(table_path(folder, "meta"), TABLES["meta"].record_type))
    if not still_there(folder, held):
        return None
    say_taken_over(folder)
    return Shown(rows, failed=0, **{**held.said, "notes": tuple(held.said["notes"])})


def say_taken_over(folder: Path) -> None:
    """One line on stderr: where these results come from."""
    notice(
        f"nothing has changed since the run in {folder} finished; its results are taken over (--fresh goes through it all again)"
    )


def pages_of(folder: Path, held: "Remembered") -> dict[str, str]:
    """The report's files by format; they are written again if they are not those that the run wrote."""
    from harness.report.files import NAMES
    from harness.unchanged import pages_hold, refresh_pages

    kinds = {name: kind for kind, name in NAMES.items()}
    if held.pages and pages_hold(folder, held):
        return {kinds[name]: str(folder / name) for name in sorted(held.pages)}
    from harness.cli.report import write_at_the_end
    from harness.stages.evaluate import load_run

    files = write_at_the_end(load_run(folder), folder)
    refresh_pages(folder, held, map(Path, files.values()))
    return files


def keep(plan: "Plan", asked: Mapping[str, Any], said: Mapping[str, Any], failed: int, pages: Iterable[str] = ()) -> None:
    """Keeps what the plan's finished run rests on, so that the same command need not go through it again. After failures, not."""
    from harness.unchanged import remember

    if plan.folder is not None and not failed:
        remember(plan.folder, plan.rests, asked=asked, said=said, pages=map(Path, pages))
