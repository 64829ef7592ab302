"""The answer for a constructed set: what metrics notice, said without a word that could be read as agreement with people."""

from collections.abc import Iterator

from harness.report.frame import Frame, amount, listed, worded
from harness.report.standing import accuracy_of, best_sentinel, better_than, metrics_of, value_of
from harness.report.views import Board, Grid, GridRow

HALF = 0.5  # the share of right pairs that guessing reaches where nobody ties
PHENOMENON = "task="


def constructed_answer(frame: Frame) -> Iterator[str]:
    """What kind of set it is, which metrics prefer the better answer most often, and what they are blind to."""
    pairs = max((row.n_pairs for row in frame.by_slice.get("all", ())), default=0)
    yield (
        f"No person judged these answers: in each of the {pairs:,} pairs one answer is better by construction. The numbers "
        "say what the metrics notice, not how well they agree with people, and no advice rests on them."
    )
    for board in frame.boards:
        if metrics_of(board):
            yield f"{_lead(frame, board)} {_sentinels(board)}"
            grid = frame.grids.get((board.criterion, board.raters, board.grouping))
            yield "" if grid is None else _phenomena(grid)


def _lead(frame: Frame, board: Board) -> str:
    metrics = metrics_of(board)
    first = metrics[0]
    leaders = [line.label for line in metrics if line.rank == first.rank]
    has = f"prefers the better answer in {worded(accuracy_of(first))} of the pairs; guessing is right on half, a tie is not right"
    if len(metrics) == 1:
        return f"{first.label}, the only metric, {has}."
    if len(leaders) == len(metrics):
        return f"The {len(metrics)} metrics cannot be told apart; the highest, {first.label}, {has}."
    beaten = better_than(frame, board, leaders)
    if len(leaders) == 1:
        return f"{first.label} leads, tested to be better than {listed(beaten)}: it {has}."
    tested = f"; some of them are tested to be better than {listed(beaten)}" if beaten else ""
    return f"{listed(leaders)} lead and cannot be told apart{tested}. The highest, {first.label}, {has}."


def _sentinels(board: Board) -> str:
    metrics, best = metrics_of(board), best_sentinel(board)
    if best is None:
        return ""
    figures = f"the best sentinel, {best.label}, which knows nothing of quality, has {worded(accuracy_of(best))}"
    ahead = [line.label for line in metrics if line.beats]
    if len(ahead) == len(metrics):
        return f"{'It is' if len(metrics) == 1 else 'All are'} tested to beat every sentinel ({figures})."
    if ahead:
        return f"Tested to beat every sentinel ({figures}): {listed(ahead)}."
    above = ", more than any metric" if value_of(best) > max(map(value_of, metrics)) else ""
    return f"None is shown to beat every sentinel: {figures}{above}."


def _phenomena(grid: Grid) -> str:
    """Where every metric fails, and where none is shown to do better than guessing; small slices, hence exploratory."""
    kept = [row for row in grid.rows if row.slice.startswith(PHENOMENON) and row.n_pairs]
    if len(kept) < 2:
        return ""
    blind = [_name(row) for row in kept if _all_below(row)]
    unshown = [_name(row) for row in kept if not _all_below(row) and not _any_above(row)]
    said = []
    if blind:
        said.append(f"every metric, with its whole interval, is below one half on {listed(blind, 6)}")
    if unshown:
        said.append(f"no metric's interval lies above one half on {listed(unshown, 8)}")
    text = "; ".join(said) or "some metric's interval lies above one half on each"
    fewest, largest = min(row.n_pairs for row in kept), max(row.n_pairs for row in kept)
    n = amount(largest, "pair") if fewest == largest else f"{fewest:,} to {amount(largest, 'pair')}"
    return f"Of {len(kept)} phenomena ({n} each, exploratory): {text}."


def _name(row: GridRow) -> str:
    return row.slice.removeprefix(PHENOMENON)


def _all_below(row: GridRow) -> bool:
    highs = [cell.high for cell in row.cells if cell is not None and cell.high is not None]
    return bool(highs) and max(highs) < HALF


def _any_above(row: GridRow) -> bool:
    lows = [cell.low for cell in row.cells if cell is not None and cell.low is not None]
    return bool(lows) and max(lows) > HALF
