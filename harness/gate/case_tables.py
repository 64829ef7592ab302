"""The frozen cases of the statistics as they come out now, in the form in which a baseline keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.gate.baseline import StatisticsBaseline
from harness.gate.case_rows import Table, rows_of
from harness.gate.cases import Case, read_cases


@dataclass(frozen=True)
class Cases:
    """The frozen cases as they come out now: `tables` by name (`case/run`, with `/advice` and the like behind it), and `broken`,
    the runs that raised an error, with it."""

    tables: Mapping[str, StatisticsBaseline]
    broken: Mapping[str, str]


def measure_statistics(folder: Path) -> Cases:
    """The cases of the folder, computed. Raises InputError for a case that cannot be read; what a statistic raises is kept."""
    tables: dict[str, StatisticsBaseline] = {}
    broken: dict[str, str] = {}
    for case in read_cases(folder):
        for run in case.head.runs:
            try:
                tables.update(computed(case, run))
            except Exception as error:  # a statistic that fails on a case is what this looks for
                broken[f"{case.name}/{run}"] = f"{type(error).__name__}: {error}"
    return Cases(tables, broken)


def computed(case: Case, run: str) -> dict[str, StatisticsBaseline]:
    """What one run of a case gives."""
    found = rows_of(case, case.head.runs[run])
    return {"/".join(part for part in (case.name, run, name) if part): _kept(case, table) for name, table in found.items()}


def _kept(case: Case, table: Table) -> StatisticsBaseline:
    return StatisticsBaseline(digest=case.digest, columns=list(table.columns), rows=dict(table))
