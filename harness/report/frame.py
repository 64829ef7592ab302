"""A finished run laid out for its report: the boards, grids and names that all parts of the report share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.meta.options import MetaOptions
from harness.records import MetaRow
from harness.report.contents import Mark
from harness.report.layout import interval, number
from harness.report.views import CONSTRUCTION, Board, Grid, boards, grids, namer
from harness.stages.evaluate import Evaluation

SHOWN = {"accuracy_raw": "raw", "accuracy": "calibrated", "accuracy_heldout": "held-out"}
MOST_BOARDS = 12  # criteria, or criteria by raters, that figures and sentences are about
MANY = 12  # metrics that a figure holds; the tables hold them all


@dataclass(frozen=True)
class Frame:
    """An evaluation with what is read off it once: boards by criterion and human target, and metrics by name."""

    done: Evaluation
    options: MetaOptions

    @cached_property
    def constructed(self) -> bool:
        """True where the better answers are better by construction, and no person judged them."""
        return self.done.data.info.constructed or any(row.raters == CONSTRUCTION for row in self.done.rows)

    @cached_property
    def by_slice(self) -> Mapping[str, Sequence[MetaRow]]:
        """Rows of each slice, in the rows' order."""
        found: dict[str, list[MetaRow]] = {}
        for row in self.done.rows:
            found.setdefault(row.slice, []).append(row)
        return found

    @property
    def boards(self) -> tuple[Board, ...]:
        """The boards that have figures: the first MOST_BOARDS of every one."""
        return self.every_board[:MOST_BOARDS]

    @cached_property
    def every_board(self) -> tuple[Board, ...]:
        """A board per criterion, human target and grouping on all items, in the order of the source's criteria."""
        order = self.done.data.criteria
        found = boards(self.by_slice.get("all", ()), self.done.labels, alpha=self.options.alpha)
        return tuple(sorted(found, key=lambda b: order.index(b.criterion) if b.criterion in order else len(order)))

    @cached_property
    def grids(self) -> Mapping[tuple[str, str, str], Grid]:
        """Slices of each board, by (criterion, raters, grouping); `all` is among them."""
        found = grids(self.done.rows, self.done.labels, whole=True)
        return {(grid.criterion, grid.raters, grid.grouping): grid for grid in found}

    def slice_board(self, board: Board, slice: str) -> Board | None:
        """The board's counterpart on a slice, or None where that has no rows."""
        return self._slice_boards.get((slice, board.criterion, board.raters, board.grouping))

    @cached_property
    def _slice_boards(self) -> dict[tuple[str, str, str, str], Board]:
        parts = self.by_slice.items()
        found = [one for slice, rows in parts for one in boards(rows, self.done.labels, slice, self.options.alpha)]
        return {(one.slice, one.criterion, one.raters, one.grouping): one for one in found}

    @cached_property
    def name(self) -> Callable[[str], str]:
        """Signature → what the user wrote, else the metric's name."""
        return namer(self.done.rows, self.done.labels)

    def title(self, board: Board) -> str:
        """The criterion, and the human target where one criterion has several."""
        same = [other for other in self.every_board if other.criterion == board.criterion]
        return board.criterion if len(same) == 1 else f"{board.criterion} ({board.raters}, {board.grouping})"

    def key(self, board: Board) -> str:
        """A short word for identifiers, unique per board."""
        return str(self.boards.index(board) + 1)


def mark(row: MetaRow | None, missing: str = "no data") -> Mark:
    """The row's value, interval and n; without a row no value, and `missing` as the reason."""
    if row is None:
        return Mark(value=None, note=missing)
    value, low, high = (None if end is None else round(end, 6) for end in (row.value, row.low, row.high))
    return Mark(value=value, low=low, high=high, n_items=row.n_items, n_pairs=row.n_pairs, note=row.note)


def worded(row: MetaRow | Mark | None) -> str:
    """`.605 [.571 .640]`; a dash where there is no number."""
    if row is None or row.value is None:
        return "–"
    if isinstance(row, Mark):
        ends = "[–]" if row.low is None or row.high is None else f"[{number(row.low)} {number(row.high)}]"
        return f"{number(row.value)} {ends}"
    return f"{number(row.value)} {interval(row)}"


def amount(count: int, one: str, many: str = "") -> str:
    """`1 item`, `1,910 pairs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a`, `a and b`, `a, b and c`; of many the first few, and how many more: never one, which is named instead."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
