"""Where the metrics of a board stand: what they are ranked by, which are metrics, and who is tested to be better than whom."""

from collections.abc import Collection, Sequence

from harness.records import MetaRow
from harness.report.frame import Frame
from harness.report.views import CONTRAST, Board, Line


def accuracy_of(line: Line) -> MetaRow | None:
    """The row that a line is ranked by: calibrated accuracy, or the raw one of direct verdicts; None without a number."""
    row = line.cells.get("accuracy") or line.cells.get("accuracy_raw")
    return row if row is not None and row.value is not None else None


def value_of(line: Line) -> float:
    """The value of `accuracy_of`; minus infinity without one."""
    row = accuracy_of(line)
    return row.value if row is not None and row.value is not None else float("-inf")


def deciding(line: Line) -> MetaRow | None:
    """The row that decides between metrics: where scores are missing they count as wrong, for abstaining must not pay."""
    return line.missing_wrong or accuracy_of(line)


def leader(lines: Sequence[Line]) -> Line:
    """The line that stands highest by its deciding row, the first of equals."""
    return max(lines, key=lambda line: (row.value or 0.0) if (row := deciding(line)) is not None else float("-inf"))


def metrics_of(board: Board) -> list[Line]:
    """The lines of the board that are metrics and have a number, in its order."""
    return [line for line in board.lines if not line.sentinel and accuracy_of(line) is not None]


def best_sentinel(board: Board) -> Line | None:
    """The sentinel with the highest accuracy; None where there is none."""
    return max((line for line in board.lines if line.sentinel and accuracy_of(line) is not None), key=value_of, default=None)


def better_than(frame: Frame, board: Board, names: Collection[str]) -> list[str]:
    """Metrics outside `names` that one of these (metrics or sentinels) is tested to beat, in the board's order."""
    beaten = set()
    for metric, other, row in _differences(frame, board):
        if row.value is None or row.value == 0 or row.p_adjusted is None or row.p_adjusted >= frame.options.alpha:
            continue
        better, worse = (metric, other) if row.value > 0 else (other, metric)
        if better in names:
            beaten.add(worse)
    return [line.label for line in metrics_of(board) if line.label in beaten and line.label not in names]


def _differences(frame: Frame, board: Board) -> list[tuple[str, str, MetaRow]]:
    """(metric, other, row) of the board's tested differences; where scores are missing the row that counts them wrong."""
    where = (CONTRAST, board.criterion, board.raters, board.grouping)
    found: dict[tuple[str, str], MetaRow] = {}
    for row in frame.by_slice.get(board.slice, ()):
        if row.metric is None or row.against is None or (row.statistic, row.criterion, row.raters, row.grouping) != where:
            continue
        key = (row.metric, row.against)
        if key not in found or row.support == "missing-wrong":
            found[key] = row
    return [(frame.name(metric), frame.name(against), row) for (metric, against), row in found.items()]
