"""MetaRows arranged for reading: a board of metrics per criterion, and a grid of metrics by slice. No formatting here."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.meta.slices import is_crossed, slice_key
from harness.records import MetaRow, Score
from harness.score_table import ScoreTable, reasons, units_of

BOARD_STATISTICS = ("accuracy_raw", "accuracy", "accuracy_heldout", "above_floor")
NOTED = ("accuracy", "floor", "unresolved")  # statistics whose notes are about the board as a whole
CONTRAST = "accuracy_difference"  # of two languages, on a slice of its own
LEAVE_ONE_OUT = "leave-one-out"
AGREEMENT = ("krippendorff_alpha_ordinal", "krippendorff_alpha_interval", "krippendorff_alpha_nominal", "fleiss_kappa")
GROUPINGS = ("item", "preference", "system", "none")  # the first that has data is shown
CONSTRUCTION = "construction"
PREFERENCE = "preference"


@dataclass(frozen=True)
class Line:
    """One metric (or sentinel) of a board: its rank cluster (None where it has no value), and the row of each statistic.

    `beats` is True where its calibrated accuracy is tested to be above that of every sentinel.
    """

    label: str
    sentinel: bool
    rank: int | None
    cells: Mapping[str, MetaRow]
    missing_wrong: MetaRow | None
    beats: bool = False


@dataclass(frozen=True)
class Board:
    """All metrics on one criterion, best first, then the sentinels; `floor`, `human_level` and `agreement` are rows of their own.

    `agreement` is the first of AGREEMENT that there is, `kappas` are Cohen's of every two raters of preferences; `others` are
    groupings with data where items have none.
    """

    criterion: str
    slice: str
    raters: str
    grouping: str
    lines: tuple[Line, ...]
    floor: MetaRow | None
    human_level: MetaRow | None
    notes: tuple[str, ...]
    agreement: MetaRow | None = None
    others: tuple[str, ...] = ()
    kappas: tuple[MetaRow, ...] = ()


@dataclass(frozen=True)
class GridRow:
    """One slice: the row of each metric (None where it has none), the sentinel that does best there, and the slice's floor."""

    slice: str
    n_items: int
    n_pairs: int
    cells: tuple[MetaRow | None, ...]
    best_sentinel: MetaRow | None
    note: str | None
    floor: MetaRow | None = None


@dataclass(frozen=True)
class Grid:
    """One statistic of all metrics on every slice of a criterion; `same` names slices that hold the same outputs as another."""

    criterion: str
    raters: str
    grouping: str
    statistic: str
    metrics: tuple[str, ...]
    rows: tuple[GridRow, ...]
    same: tuple[str, ...]


def boards(rows: Sequence[MetaRow], labels: Mapping[str, str], slice: str = "all", alpha: float = 0.05) -> list[Board]:
    """A board per criterion and human target on one slice, in the rows' order. `labels`: signature → what the user wrote."""
    name = namer(rows, labels)
    found = []
    for (criterion, raters, grouping), own in _groups(rows).items():
        here = [row for row in own if row.slice == slice]
        level = [row for row in rows if (row.criterion, row.statistic, row.slice) == (criterion, "human_level", slice)]
        floors = [row for row in here if row.statistic == "floor"]
        beating = _beating(rows, (criterion, raters, grouping, slice), alpha)
        lines = sorted(_lines(here, name, beating), key=_standing)
        agreement = [row for row in rows if (row.criterion, row.slice) == (criterion, slice) and row.statistic in AGREEMENT]
        board = Board(
            criterion=criterion,
            slice=slice,
            raters=raters,
            grouping=grouping,
            lines=tuple(lines),
            floor=floors[0] if floors else None,
            human_level=level[0] if level else None,
            notes=tuple(dict.fromkeys(row.note for row in here if row.note and row.statistic in NOTED)),
            agreement=min(agreement, key=lambda row: AGREEMENT.index(row.statistic), default=None),
            others=tuple(_instead(rows, criterion, raters)) if grouping not in GROUPINGS[:2] else (),
            kappas=tuple(row for row in rows if (row.criterion, row.slice, row.statistic) == (criterion, slice, "cohen_kappa")),
        )
        if board.lines:
            found.append(board)
    return found


def missing_notes(scores: Iterable[Score], labels: Mapping[str, str]) -> list[str]:
    """A line per metric that left outputs without a score: how many, and the reasons with their counts."""
    found = {metric: blocks for metric, blocks in ScoreTable.of(scores).metrics() if any(block.missing.any() for block in blocks)}
    lines = []
    for metric in sorted(found, key=lambda signature: labels.get(signature, signature)):
        units, why = units_of(found[metric]), reasons(found[metric])
        what = "outputs" if all(len(unit) == 1 for unit in units) else "units"
        listed = ", ".join(f"{count} {reason}" for reason, count in why.most_common())
        lines.append(f"{labels.get(metric, metric)}: no score on {why.total()} of {len(units)} {what}: {listed}")
    return lines


def grids(rows: Sequence[MetaRow], labels: Mapping[str, str], *, whole: bool = False) -> list[Grid]:
    """A grid per criterion and human target: raw accuracy for preferences, else calibrated; without crossed slices.

    `whole` keeps the slice `all`.
    """
    name = namer(rows, labels)
    found = []
    for (criterion, raters, grouping), own in _groups(rows).items():
        statistic = "accuracy_raw" if grouping == "preference" else "accuracy"
        lines = sorted(_lines([row for row in own if row.slice == "all"], name), key=_standing)
        metrics = [line.label for line in lines if not line.sentinel]
        labels_here = sorted({row.slice for row in own if not is_crossed(row.slice)}, key=slice_key)
        slices = [label for label in labels_here if whole or label != "all"]
        grid_rows = [_grid_row(label, [row for row in own if row.slice == label], statistic, metrics, name) for label in slices]
        same = [row.slice for row in grid_rows if row.note is not None and row.note.startswith("the same ")]
        kept = tuple(row for row in grid_rows if row.slice not in same)
        if kept:
            found.append(Grid(criterion, raters, grouping, statistic, tuple(metrics), kept, tuple(same)))
    return found


def is_sentinel(signature: str) -> bool:
    """True for the metrics that know nothing of quality (harness/meta/sentinels.py)."""
    return signature.split("|")[1:2] == ["sentinel"]


def _groups(rows: Iterable[MetaRow]) -> dict[tuple[str, str, str], list[MetaRow]]:
    """Rows by criterion, raters and grouping: item grouping and preferences, and where these have no data the next that has."""
    found: dict[tuple[str, str, str], list[MetaRow]] = {}
    for row in rows:
        if row.criterion and row.raters and row.grouping and row.raters != LEAVE_ONE_OUT and row.against is None:
            found.setdefault((row.criterion, row.raters, row.grouping), []).append(row)
    return {key: own for key, own in found.items() if _shown(key, found)}


def _shown(key: tuple[str, str, str], found: Mapping[tuple[str, str, str], Sequence[MetaRow]]) -> bool:
    here = [grouping for grouping in GROUPINGS if (*key[:2], grouping) in found]
    filled = [grouping for grouping in here if any(row.n_pairs for row in found[*key[:2], grouping])]
    first = (filled or here or [key[2]])[0]
    return key[2] == first or (first in GROUPINGS[:2] and key[2] in GROUPINGS[:2] and key[2] in (filled or here))


def _instead(rows: Iterable[MetaRow], criterion: str, raters: str) -> list[str]:
    """Groupings with data, in order, where the item grouping was asked for and has none; else nothing."""
    own = [row for row in rows if (row.criterion, row.raters, row.against) == (criterion, raters, None)]
    if not any(row.grouping == "item" for row in own):
        return []
    return [grouping for grouping in GROUPINGS if any(row.grouping == grouping and row.n_pairs for row in own)]


def _beating(rows: Iterable[MetaRow], where: tuple[str, str, str, str], alpha: float) -> set[tuple[str, str | None]]:
    """Metrics (with their component) whose calibrated accuracy is above that of every sentinel tested, p adjusted < alpha."""
    tested: dict[tuple[str, str | None], list[bool]] = {}
    for row in rows:
        if (row.criterion, row.raters, row.grouping, row.slice) != where or row.statistic != CONTRAST:
            continue
        if row.metric is None or row.against is None or not is_sentinel(row.against):
            continue
        better = row.value is not None and row.value > 0 and row.p_adjusted is not None and row.p_adjusted < alpha
        tested.setdefault((row.metric, row.component), []).append(better)
    return {key for key, better in tested.items() if all(better)}


def _lines(
    rows: Iterable[MetaRow], name: Callable[[str], str], beating: Collection[tuple[str, str | None]] = ()
) -> Iterator[Line]:
    by_column: dict[tuple[str, str | None], dict[str, MetaRow]] = {}
    bounds: dict[tuple[str, str | None], MetaRow] = {}
    ranks: dict[tuple[str, str | None], int] = {}
    for row in rows:
        if row.metric is None or row.statistic not in (*BOARD_STATISTICS, CONTRAST):
            continue
        key = (row.metric, row.component)
        if row.support == "missing-wrong":
            if row.statistic == "accuracy" or (row.statistic == "accuracy_raw" and key not in bounds):
                bounds[key] = row  # direct verdicts on pairs have raw accuracy only
            by_column.setdefault(key, {}).setdefault(row.statistic, row)
        else:
            by_column.setdefault(key, {})[row.statistic] = row
        if row.rank_cluster is not None:
            ranks[key] = row.rank_cluster
    ranked = {signature for signature, _ in ranks}
    main: dict[str, str | None] = {}
    for signature, component in by_column:
        if signature not in ranked or (signature, component) in ranks:
            main.setdefault(signature, component)  # other components stand in the table `meta`
    for signature, component in main.items():
        key = (signature, component)
        cells = by_column[key]
        rank = ranks.get(key) if any(row.value is not None for row in cells.values()) else None
        yield Line(name(signature), is_sentinel(signature), rank, cells, bounds.get(key), key in beating)


def _standing(line: Line) -> tuple[bool, float, float, str]:
    row = line.cells.get("accuracy") or line.cells.get("accuracy_raw")
    value = row.value if row is not None and row.value is not None else float("-inf")
    return line.sentinel, float("inf") if line.rank is None else line.rank, -value, line.label


def _grid_row(label: str, rows: Sequence[MetaRow], statistic: str, metrics: Sequence[str], name: Callable[[str], str]) -> GridRow:
    lines = list(_lines(rows, name))
    contrast = bool(lines) and all(CONTRAST in line.cells for line in lines)
    statistic = CONTRAST if contrast else statistic
    cells = {line.label: line.cells.get(statistic) for line in lines if not line.sentinel}
    sentinels = [line.cells[statistic] for line in lines if line.sentinel and statistic in line.cells]
    valued = [row for row in sentinels if row.value is not None]
    counted = [row for row in (*cells.values(), *sentinels) if row is not None]
    notes = [row.note for row in (counted or rows) if row.note]
    return GridRow(
        slice=f"{label} (difference)" if contrast else label,
        n_items=max((row.n_items for row in counted), default=0),
        n_pairs=max((row.n_pairs for row in counted), default=0),
        cells=tuple(cells.get(metric) for metric in metrics),
        best_sentinel=max(valued, key=lambda row: row.value or 0.0, default=None),
        note=notes[0] if notes else None,
        floor=next((row for row in rows if row.statistic == "floor"), None),
    )


def namer(rows: Iterable[MetaRow], labels: Mapping[str, str]) -> Callable[[str], str]:
    """Signature → what the user wrote, else the metric's name, else (where two share it) the whole signature."""
    unnamed = {row.metric for row in rows if row.metric is not None and row.metric not in labels}
    heads = [signature.partition("|")[0] for signature in unnamed]

    def name(signature: str) -> str:
        if signature in labels:
            return labels[signature]
        head = signature.partition("|")[0]
        return head if heads.count(head) < 2 and head not in labels.values() else signature

    return name
