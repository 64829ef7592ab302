"""The answer in words: which metrics lead on each criterion, whether they beat what knows nothing, and what nobody knows.

No sentence claims more than the tests: metrics of one rank "cannot be told apart", and only an adjusted p counts as a difference.
"""

from collections.abc import Iterator, Sequence

from harness.records import MetaRow
from harness.report.frame import Frame, amount, listed, worded
from harness.report.layout import agreement_in_words, number
from harness.report.views import CONTRAST, Board, Grid, Line, is_sentinel

HALF = 0.5  # the share of right pairs that guessing reaches where nobody ties


def answer(frame: Frame) -> tuple[str, ...]:
    """A sentence or two each: all criteria together, then one by one, then what stays unknown."""
    if not frame.boards:
        return (_nothing(frame),)
    said = list(_constructed(frame)) if frame.constructed else [*_together(frame), *_one_by_one(frame)]
    return tuple(sentence for sentence in (*said, *_unknown(frame)) if sentence)


def accuracy_of(line: Line) -> MetaRow | None:
    """The row that a line is ranked by: calibrated accuracy, or the raw one of direct verdicts."""
    row = line.cells.get("accuracy") or line.cells.get("accuracy_raw")
    return row if row is not None and row.value is not None else None


def metrics_of(board: Board) -> list[Line]:
    """The lines of the board that are metrics and have a number, in its order."""
    return [line for line in board.lines if not line.sentinel and accuracy_of(line) is not None]


def best_sentinel(board: Board) -> Line | None:
    """The sentinel with the highest accuracy."""
    with_value = [line for line in board.lines if line.sentinel and accuracy_of(line) is not None]
    return max(with_value, key=_value, default=None)


def _value(line: Line) -> float:
    row = accuracy_of(line)
    return row.value if row is not None and row.value is not None else float("-inf")


def _nothing(frame: Frame) -> str:
    notes = dict.fromkeys(row.note.removeprefix("no data: ") for row in frame.done.rows if row.metric is None and row.note)
    reason = "; ".join(list(notes)[:3])
    return f"Nothing can be said of any metric: no two judged answers could be compared{f' ({reason})' if reason else ''}."


def _together(frame: Frame) -> Iterator[str]:
    """One sentence over all criteria: does any metric beat every sentinel?"""
    compared = [board for board in frame.boards if metrics_of(board)]
    if not compared:
        yield _nothing(frame)
        return
    ahead = [(board, [line.label for line in metrics_of(board) if line.beats]) for board in compared]
    some = [(frame.title(board), names) for board, names in ahead if names]
    whole = compared[0] if len(compared) == 1 else None
    where = f"on {frame.title(whole)}" if whole is not None else f"on any of the {len(compared)} criteria"
    if not some:
        yield (
            f"No metric is shown to beat every sentinel {where}. Sentinels know nothing of quality (they count characters, say), so "
            "these data do not show that any of the metrics measures it."
        )
    elif whole is not None:
        yield f"Shown to beat every sentinel (metrics that know nothing of quality) {where}: {listed(some[0][1])}."
    else:
        parts = "; ".join(f"on {title} {listed(names)}" for title, names in some[:6])
        rest = [frame.title(board) for board, names in ahead if not names]
        none = f"; none on {listed(rest)}" if rest else ""
        yield (
            f"On {len(some)} of {len(compared)} criteria at least one metric is shown to beat every sentinel (metrics that know "
            f"nothing of quality): {parts}{none}."
        )


def _one_by_one(frame: Frame) -> Iterator[str]:
    for board in frame.boards:
        sentences = [_lead(frame, board), _sentinels(frame, board), _floor(frame, board), _people(board)]
        yield f"{frame.title(board).capitalize()}: {' '.join(part for part in sentences if part)}"


def _lead(frame: Frame, board: Board) -> str:
    metrics = metrics_of(board)
    if not metrics:
        return "nobody knows: no pair of answers has both a judgment and a score."
    first = metrics[0]
    row = accuracy_of(first)
    assert row is not None  # metrics_of keeps only lines that have one
    n = f"{amount(row.n_items, 'item')}, {amount(row.n_pairs, 'pair')}"
    figures = f"{first.label} has {_figures(first)} ({n})"
    if len(metrics) == 1:
        return f"{figures}; no other metric was compared."
    leaders = [line for line in metrics if line.rank == first.rank]
    if first.rank is None:
        return f"no test compares these {amount(len(metrics), 'metric')}; the highest number: {figures}."
    if len(leaders) == len(metrics):
        last = metrics[-1]
        return (
            f"the {len(metrics)} metrics cannot be told apart (one rank, which does not mean equally good). Highest and lowest: "
            f"{figures}; {last.label} has {_figures(last)}."
        )
    if len(leaders) > 1:
        names = listed([line.label for line in leaders])
        beaten = _beaten_by(frame, board, [line.label for line in leaders])
        return (
            f"{names} lead and cannot be told apart; {figures}. At least one of them is tested to be better than "
            f"{listed(beaten)}."
        )
    beaten = _beaten_by(frame, board, [first.label])
    others = "every other metric" if len(beaten) == len(metrics) - 1 else listed(beaten)
    return f"{first.label} leads alone, tested to be better than {others}; {figures}."


def _figures(line: Line) -> str:
    calibrated, held_out, raw = (line.cells.get(name) for name in ("accuracy", "accuracy_heldout", "accuracy_raw"))
    if calibrated is None or calibrated.value is None:
        return f"raw accuracy {worded(raw)}"
    aside = f", held-out {worded(held_out)}" if held_out is not None and held_out.value is not None else ""
    return f"calibrated accuracy {worded(calibrated)}{aside}"


def differences(frame: Frame, board: Board) -> list[tuple[str, str, MetaRow]]:
    """(metric, other, row) of the board's tested differences, the row that decides alone where scores are missing."""
    where = (board.criterion, board.raters, board.grouping)
    found: dict[tuple[str, str], MetaRow] = {}
    for row in frame.by_slice.get(board.slice, ()):
        if row.statistic != CONTRAST or row.metric is None or row.against is None:
            continue
        if (row.criterion, row.raters, row.grouping) == where:
            key = (row.metric, row.against)
            if key not in found or row.support == "missing-wrong":
                found[key] = row
    return [(frame.name(metric), frame.name(against), row) for (metric, against), row in found.items()]


def _beaten_by(frame: Frame, board: Board, leaders: Sequence[str]) -> list[str]:
    """Metrics that one of the leaders is tested to be better than, in the board's order."""
    beaten = set()
    for metric, other, row in differences(frame, board):
        if row.value is None or row.p_adjusted is None or row.p_adjusted >= frame.options.alpha:
            continue
        better, worse = (metric, other) if row.value > 0 else (other, metric)
        if better in leaders and row.value != 0:
            beaten.add(worse)
    return [line.label for line in metrics_of(board) if line.label in beaten and line.label not in leaders]


def _sentinels(frame: Frame, board: Board) -> str:
    metrics, best = metrics_of(board), best_sentinel(board)
    if best is None or not metrics or all("accuracy" not in line.cells for line in metrics):
        return ""
    figures = f"{best.label} at {worded(accuracy_of(best))}"
    ahead = [line.label for line in metrics if line.beats]
    if len(ahead) == len(metrics):
        return f"{'It beats' if len(metrics) == 1 else 'All beat'} every sentinel (the best: {figures})."
    if ahead:
        return f"Shown to beat every sentinel (the best: {figures}): {listed(ahead)}."
    worse = [
        frame.name(row.metric)
        for metric, other, row in differences(frame, board)
        if row.metric and row.against and is_sentinel(row.against) and other == best.label
        if row.value is not None and row.value < 0 and row.p_adjusted is not None and row.p_adjusted < frame.options.alpha
    ]
    above = ", more than any metric" if _value(best) > max(map(_value, metrics)) else ""
    tested = f", and tested to be better than {listed(worse)}" if worse else ""
    return f"{'It is not' if len(metrics) == 1 else 'None is'} shown to beat every sentinel; the best of those, {figures}{above}{tested}."


def _floor(frame: Frame, board: Board) -> str:
    metrics = [line for line in metrics_of(board) if "accuracy" in line.cells]
    if board.floor is None or board.floor.value is None or not metrics:
        return ""
    above = [line.label for line in metrics if (row := line.cells.get("above_floor")) and row.low is not None and row.low > 0]
    held = [line.cells.get("accuracy_heldout") for line in metrics]
    under = sum(row is not None and row.value is not None and row.value <= board.floor.value for row in held)
    said = f"Tying or guessing alone reaches {worded(board.floor)} (the floor); "
    if not above:
        said += "no metric's interval lies above it"
    else:
        said += f"the intervals of {'all' if len(above) == len(metrics) else len(above)} of {len(metrics)} metrics lie above it"
        said = said.replace(f"all of {len(metrics)} metrics", "all metrics" if len(metrics) > 1 else "the one metric")
    if under:
        said += f", and held out {'all lie' if under == len(metrics) else f'{under} of {len(metrics)} lie'} at or below it"
    return f"{said}."


def _people(board: Board) -> str:
    parts = []
    level = board.human_level
    if level is not None and level.value is not None:
        parts.append(f"One rater against the others reaches {worded(level)} on {amount(level.n_items, 'item')} (raw).")
    elif level is not None:
        parts.append(f"Human level {level.note or 'unknown'}.")
    if board.agreement is not None:
        words = agreement_in_words(board.agreement)
        parts.append(f"{words[:1].upper()}{words[1:]}.")
    return " ".join(parts)


def _constructed(frame: Frame) -> Iterator[str]:
    pairs = max((row.n_pairs for row in frame.by_slice.get("all", ())), default=0)
    yield (
        f"No person judged these answers: in each of the {pairs:,} pairs one answer is better by construction. The numbers say what "
        "the metrics notice, not how well they agree with people, and give no advice."
    )
    for board in frame.boards:
        metrics = metrics_of(board)
        if not metrics:
            continue
        top = [line for line in metrics if line.rank == metrics[0].rank]
        names = listed([line.label for line in top])
        row = accuracy_of(metrics[0])
        figures = f"{metrics[0].label} prefers the better answer in {worded(row)} of the pairs"
        if len(metrics) > 1 and len(top) == len(metrics):
            lead = f"the {len(metrics)} metrics cannot be told apart; {figures}"
        elif len(top) > 1:
            lead = f"{names} lead and cannot be told apart; {figures}"
        else:
            lead = figures
        yield f"{frame.title(board).capitalize()}: {lead}; guessing is right on half, and a tie is not right. {_sentinels(frame, board)}"
        grid = frame.grids.get((board.criterion, board.raters, board.grouping))
        if grid is not None:
            yield _phenomena(grid)


def _phenomena(grid: Grid) -> str:
    """Where every metric fails, and where none is shown to do better than guessing."""
    kept = [row for row in grid.rows if row.slice.startswith("task=") and row.n_pairs]
    if len(kept) < 2:
        return ""
    blind, unshown = [], []
    for row in kept:
        cells = [cell for cell in row.cells if cell is not None and cell.high is not None and cell.low is not None]
        if cells and all(cell.high is not None and cell.high < HALF for cell in cells):
            blind.append(row.slice.removeprefix("task="))
        elif cells and not any(cell.low is not None and cell.low > HALF for cell in cells):
            unshown.append(row.slice.removeprefix("task="))
    said = []
    if blind:
        said.append(f"Every metric is below one half with its whole interval on {listed(blind, 6)}")
    if unshown:
        said.append(f"no metric's interval lies above one half on {listed(unshown, 6)}")
    if not said:
        return ""
    fewest = min(row.n_pairs for row in kept)
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]} ({len(kept)} phenomena, from {amount(fewest, 'pair')} each: exploratory)."


def _unknown(frame: Frame) -> Iterator[str]:
    """What these data cannot say."""
    data = frame.done.data
    empty = [row.slice for grid in frame.grids.values() for row in grid.rows if not row.n_pairs]
    languages = sorted({example.language for example in data.examples})
    tasks = {example.task for example in data.examples if example.task is not None}
    raters = {judgment.rater for judgment in data.judgments} | {preference.rater for preference in data.preferences}
    said = []
    if empty:
        said.append(f"no data for {listed(list(dict.fromkeys(empty)), 8)}")
    said.append(f"nothing on languages other than {listed(languages)}")
    if len(tasks) == 1:
        said.append("on other tasks than this one")
    if not frame.constructed and len(raters) == 1:
        said.append("on what a second rater would say")
    yield f"What nobody can read off these data: {', '.join(said)}. Rank and accuracy hold for systems like these {len(data.systems)}."


def short(value: float | None) -> str:
    """Two decimals, for prose."""
    return number(value, 2)
