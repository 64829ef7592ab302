"""What a reader must know before trusting the numbers: few items, few raters, missing scores, near-references."""

from collections.abc import Iterator

from harness.meta.notes import FEW_ITEMS
from harness.report.doubts import doubts
from harness.report.frame import Frame, amount, listed, worded
from harness.report.layout import number
from harness.report.standing import accuracy_of, metrics_of
from harness.report.views import Board, missing_notes

WITHOUT = "systems=without:"
_MANY_TIES = 0.5
_TIES = "People tie most pairs"
_LEFT_OUT = "are left out"  # how the note of a board ends on pairs without a majority


def warnings(frame: Frame) -> tuple[str, ...]:
    """One sentence or two each: those about the numbers, then what is doubtful in the data, the worst first; none twice."""
    own = list(dict.fromkeys(_all(frame)))
    ties = any(sentence.startswith(_TIES) for sentence in own)
    grave, others = doubts(frame.done.data, own, ties=ties)
    first = 1 if frame.constructed else 0  # that no person judged weighs most
    return (*own[:first], *grave, *own[first:], *others)


def _all(frame: Frame) -> Iterator[str]:
    data = frame.done.data
    if frame.constructed:
        yield "The better answers are better by construction: no person judged them, and nothing here is agreement with people."
    if len(frame.every_board) > len(frame.boards):
        yield (
            f"Sentences and figures are about the first {len(frame.boards)} of {len(frame.every_board)} criteria and raters; the "
            "table of accuracies holds all."
        )
    yield from _few(frame)
    if not frame.constructed:
        yield from _raters(frame)
        yield from _ties(frame)
    yield from (f"{note}." for note in missing_notes(frame.done.scores, frame.done.labels))
    for board in frame.boards:
        yield from (f"{frame.title(board)}: {note}." for note in board.notes if note.endswith(_LEFT_OUT))
        if board.others:
            yield (
                f"{frame.title(board)}: nothing can be compared within an item, so answers of {_together(board)} are compared, "
                "where differences between items count too."
            )
    yield from (f"{note[:1].upper()}{note[1:]}{'' if note.endswith('.') else '.'}" for note in data.notes)
    yield from _near_references(frame)


def _few(frame: Frame) -> Iterator[str]:
    few = []
    for board in frame.boards:
        rows = [row for line in metrics_of(board) if (row := accuracy_of(line)) is not None]
        items = max((row.n_items for row in rows), default=0)
        if rows and items < FEW_ITEMS:
            few.append(f"{frame.title(board)} {amount(items, 'item')}")
    if few:
        yield f"Under {FEW_ITEMS} items the intervals are approximate, and too narrow rather than too wide: {listed(few)}."


def _raters(frame: Frame) -> Iterator[str]:
    one = []
    for criterion in frame.done.data.criteria:
        raters = {j.rater for j in frame.done.data.judgments if j.criterion == criterion and j.value is not None}
        raters |= {p.rater for p in frame.done.data.preferences if p.criterion == criterion and p.winner is not None}
        if len(raters) == 1:
            one.append(criterion)
    if one:
        yield f"One rater alone judged {listed(one)}: how far people agree is unknown, and so is how much of this is one taste."


def _ties(frame: Frame) -> Iterator[str]:
    many = [
        f"{frame.title(board)} {share.value:.0%}"
        for board in frame.boards
        for share in frame.by_slice["all"]
        if share.statistic == "tie_floor" and share.value is not None and share.value > _MANY_TIES
        if (share.criterion, share.raters, share.grouping) == (board.criterion, board.raters, board.grouping)
    ]
    if many:
        yield (f"{_TIES} ({listed(many)}), so a metric that always ties scores high: read accuracies against the floor.")


def _near_references(frame: Frame) -> Iterator[str]:
    """What becomes of the best metric without the systems that are nearly the reference."""
    for label in (name for name in frame.by_slice if name.startswith(WITHOUT)):
        system = label.removeprefix(WITHOUT)
        said = []
        for board in frame.boards:
            part = frame.slice_board(board, label)
            best = next(iter(metrics_of(board)), None)
            without = [line for line in metrics_of(part) if best is not None and line.label == best.label] if part else []
            if part is None or best is None or not without:
                continue
            floor = f" (floor {number(part.floor.value)})" if part.floor is not None else ""
            said.append(f"{frame.title(board)}: {best.label} {worded(accuracy_of(without[0]))}{floor}")
        if said:
            yield (
                f"Without {system}, which often equals the reference, the highest metric above has: {'; '.join(said)}. See the "
                f"slice {label}."
            )


def _together(board: Board) -> str:
    return "one system" if board.grouping == "system" else "the whole set"
