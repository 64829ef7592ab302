"""Whether the statistics say what they said: frozen cases with recorded scores, every row of them held to the baseline.

No metric is asked here: scores and ratings are recorded, seeds are fixed, so that whatever moves is a change of the statistics.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, InputError
from harness.gate.baseline import Baseline, Number, StatisticsBaseline
from harness.gate.case_rows import ROW
from harness.gate.case_tables import computed
from harness.gate.cases import SUFFIX, Case, read_case
from harness.gate.config import GateConfig
from harness.gate.findings import Finding, Moved
from harness.gate.measure import Measured

METRIC = "meta"  # the name under which findings about the statistics stand
TOLERANCE = 1e-9  # absolute, and relative to what is larger than 1; counts, ranks and verdicts may not differ at all
_WORST = 5
_NAMED = 4
_UPDATE = "if that is meant, `harness gate update --reason TEXT`"
_VALUE = {"value", "verdict", "mean", "needed_clusters"}
_WHICH_ROWS = ("criteria", "groupings", "slices")  # options that say which rows there are, and not how they are counted
_INTERVAL, _P = {"low", "high"}, {"p", "p_adjusted"}


@dataclass(frozen=True)
class _Difference:
    """A row that moved. `fields`: which of its numbers; `before`, `now`: the first of them; None where the row is new or gone."""

    table: str
    row: str
    fields: tuple[str, ...]
    before: Number
    now: Number

    @property
    def size(self) -> float:
        if isinstance(self.before, (int, float)) and isinstance(self.now, (int, float)):
            return abs(self.before - self.now)
        return float("inf")


def statistics(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Every row of every case is the baseline's."""
    if config.statistics is None:
        return
    held = measured.now.statistics
    names = [*held, *measured.broken_cases, *before.statistics]
    for case in dict.fromkeys(name.partition("/")[0] for name in names):
        yield _case(config.statistics, case, _of(before.statistics, case), _of(held, case), measured.broken_cases)


def _case(
    folder: Path,
    case: str,
    was: Mapping[str, StatisticsBaseline],
    now: Mapping[str, StatisticsBaseline],
    broken: Mapping[str, str],
) -> Finding:
    raised = {name: error for name, error in broken.items() if name.partition("/")[0] == case}
    if raised:
        first = next(iter(raised))
        return _finding("fail", f"statistics cannot be computed in {_listed(list(raised))}: {raised[first]}")
    if not now:
        return _finding("fail", f"the case {case} of the statistics is in the baseline and no longer among the cases; {_UPDATE}")
    if not was:
        return _finding("fail", f"the case {case} of the statistics is not in the baseline; `harness gate update --reason TEXT`")
    if {one.digest for one in was.values()} != {one.digest for one in now.values()}:
        return _finding("fail", f"the case {case} of the statistics is not that of the baseline: its file changed; {_UPDATE}")
    differences = [one for name in dict.fromkeys([*was, *now]) for one in _differences(name, was.get(name), now.get(name))]
    total = sum(len(one.rows) for one in now.values())
    if not differences:
        return _finding("pass", f"statistics: {total:,} rows of case {case} as before")
    return _moved(folder, case, differences, total, list(now))


def _moved(folder: Path, case: str, differences: Sequence[_Difference], total: int, tables: Sequence[str]) -> Finding:
    worst = sorted(differences, key=lambda one: (-len(_VALUE & set(one.fields)), -one.size))
    first = worst[0]
    kinds = Counter(one.row.partition(" · ")[0] for one in differences).most_common()
    moved = list(dict.fromkeys(one.table for one in differences))
    still = [name for name in tables if name not in moved]
    runs = [f"in {_listed([_run(name) for name in moved])}", f"not in {_listed([_run(name) for name in still])}" if still else ""]
    found = _found(folder, case)
    told = [
        f"statistics moved{_of_what(moved)} in case {case}: {_told(first)} ({_run(first.table)})",
        f"{len(differences):,} of {total:,} rows moved: {_listed([f'{name} {count}' for name, count in kinds])}",
        f"of their numbers {_listed([name for one in differences for name in one.fields], most=len(ROW))}",
        " and ".join(part for part in runs if part),
        "" if found is None else _shared_options(found, moved, still),
        _kind(differences),
        "" if found is None else _unsteady(found, moved),
    ]
    pairs = tuple(
        Moved(pair=f"{one.table}: {one.row}", before=_number(one.before), now=_number(one.now)) for one in worst[:_WORST]
    )
    return _finding("fail", f"{'; '.join(part for part in told if part)}; {_UPDATE}", pairs)


def _differences(name: str, was: StatisticsBaseline | None, now: StatisticsBaseline | None) -> Iterator[_Difference]:
    known, held = (was.rows if was else {}), (now.rows if now else {})
    columns = (now or was).columns  # type: ignore[union-attr]  # the name is of one of them
    for row in dict.fromkeys([*known, *held]):
        if row not in held or row not in known:
            yield _Difference(name, row, ("gone",) if row not in held else ("new",), None, None)
            continue
        width = max(len(known[row]), len(held[row]))
        pairs = list(zip(_padded(known[row], width), _padded(held[row], width), strict=True))
        places = [place for place, (one, other) in enumerate(pairs) if not _same(one, other)]
        if places:
            fields = tuple(columns[place] if place < len(columns) else str(place + 1) for place in places)
            yield _Difference(name, row, fields, *pairs[places[0]])


def _same(one: Number, other: Number) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= TOLERANCE * max(1.0, abs(one))
    return one == other


def _told(one: _Difference) -> str:
    if one.fields in (("new",), ("gone",)):
        return f"{one.row} is {one.fields[0]}"
    return f"{one.row}: {one.fields[0]} {_figure(one.before)} → {_figure(one.now)}"


def _kind(differences: Sequence[_Difference]) -> str:
    """Which of the numbers moved, where that says something: where the cause is to be looked for."""
    fields = {name for one in differences for name in one.fields}
    if fields <= _INTERVAL:
        return "intervals alone moved, no value: look at resampling, seeds and levels"
    if fields <= _P:
        return "p values alone moved: look at the tests, their draws and Holm's correction"
    if fields <= _INTERVAL | _P:
        return "intervals and p values moved, and no value: look at resampling, draws and seeds"
    if fields <= {"rank_cluster"}:
        return "rank clusters alone moved"
    if fields <= {"new", "gone"}:
        return "rows came or went, and no number moved"
    kept = [name for name in ("n_pairs", "n_items", "coverage") if name in fields]
    return f"{_listed(kept)} moved too: other data counts (coverage: look at missing scores and ratings)" if kept else ""


def _found(folder: Path, case: str) -> Case | None:
    try:
        return read_case(folder / f"{case}{SUFFIX}" if folder.is_dir() else folder)
    except InputError:  # it was readable when it was computed; without it the message says a little less
        return None


def _of_what(moved: Sequence[str]) -> str:
    """What the numbers say, where it is how far metrics go with people: rows of a meta-evaluation, and the advice on them."""
    return ": agreement with people" if any(name.count("/") == 1 or name.endswith("/advice") for name in moved) else ""


def _shared_options(case: Case, moved: Sequence[str], still: Sequence[str]) -> str:
    """The options that all runs have that moved, and no other has."""
    with_moved = [_choices(case, _run(name)) for name in moved]
    others = {choice for name in still if _run(name) not in {_run(one) for one in moved} for choice in _choices(case, _run(name))}
    shared = set.intersection(*with_moved) - others if with_moved and others else set()
    return f"the runs that moved, and no others, have {', '.join(sorted(shared))}" if shared else ""


def _choices(case: Case, run: str) -> set[str]:
    found = case.head.runs.get(run)
    if found is None:
        return set()
    given = {**case.head.options, **found.options, **found.info, **({"large": True} if found.large else {})}
    return {f"{name} {value}" for name, value in given.items() if name not in _WHICH_ROWS}


def _unsteady(case: Case, moved: Sequence[str]) -> str:
    """Says so if the same code gives other numbers when it is asked again."""
    runs = [name for name in dict.fromkeys(_run(name) for name in moved) if name in case.head.runs][:2]
    try:
        once, again = ({name: one.rows for run in runs for name, one in computed(case, run).items()} for _ in range(2))
    except HarnessError:
        return ""
    return "" if once == again else "the same code gives other numbers when asked again: somewhere a seed is ignored"


def _of(tables: Mapping[str, StatisticsBaseline], case: str) -> dict[str, StatisticsBaseline]:
    return {name: one for name, one in tables.items() if name.partition("/")[0] == case}


def _run(table: str) -> str:
    return table.split("/")[1]


def _padded(values: Sequence[Number], width: int) -> list[Number]:
    return [*values, *[None] * (width - len(values))]


def _figure(value: Number) -> str:
    return "none" if value is None else value if isinstance(value, str) else f"{value:.6g}"


def _number(value: Number) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _listed(names: Sequence[str], most: int = _NAMED) -> str:
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _finding(level: str, message: str, moved: tuple[Moved, ...] = ()) -> Finding:
    return Finding(metric=METRIC, check="statistics", level=level, message=f"{METRIC}: {message}", moved=moved)  # type: ignore[arg-type]
