"""The answer in words: which metrics lead on each criterion, whether they beat what knows nothing, and what nobody knows.

No sentence claims more than the tests: metrics of one rank "cannot be told apart", and only an adjusted p counts as a difference.
"""

from collections.abc import Collection

from harness.records import MetaRow
from harness.report.construction import constructed_answer
from harness.report.frame import Frame, amount, listed, worded
from harness.report.layout import agreement_in_words, number
from harness.report.standing import accuracy_of, best_sentinel, better_than, leader, metrics_of, value_of
from harness.report.views import Board, Line

_UNSEEN = 6  # gaps that the last sentence names


def answer(frame: Frame, advice: str = "") -> tuple[str, ...]:
    """A few sentences each: all criteria, the `advice` in words, each criterion, how far people agree, and what stays unknown."""
    compared = [board for board in frame.boards if metrics_of(board)]
    if not compared:
        return (_nothing(frame),)
    if frame.constructed:
        said = list(constructed_answer(frame))
    else:
        said = [_together(frame, compared), advice, *(_one(frame, board) for board in frame.boards)]
        said += [_nobody(criterion) for criterion in _without_board(frame)]
        said.append(_people(frame))
    return tuple(sentence for sentence in (*said, _unknown(frame)) if sentence)


def _nothing(frame: Frame) -> str:
    rows = frame.by_slice.get("all", ())
    shown = {board.grouping for board in frame.boards}
    pairs = max((row.n_pairs for row in rows if row.grouping in shown), default=0)
    if pairs:
        return (
            f"Nothing can be said of any metric: none has a score for both answers of any of the {amount(pairs, 'pair')} judged."
        )
    notes = dict.fromkeys(
        row.note.removeprefix("no data: ") for row in rows if (row.note or "").startswith("no data: ") and row.note
    )
    reason = "; ".join(list(notes)[:3])
    return f"Nothing can be said of any metric: no two judged answers could be compared{f' ({reason})' if reason else ''}."


def _together(frame: Frame, compared: list[Board]) -> str:
    """Does any metric beat every sentinel, and on which criteria?"""
    ahead = [(frame.title(board), [line.label for line in metrics_of(board) if line.beats]) for board in compared]
    some = [(title, names) for title, names in ahead if names]
    where = f"on {ahead[0][0]}" if len(ahead) == 1 else f"on any of the {len(ahead)} criteria"
    if not some:
        return (
            f"No metric is shown to beat every sentinel {where}. Sentinels know nothing of quality (they count characters or "
            "compare with the source, say), so these data do not show that any of the metrics measures it."
        )
    if len(ahead) == 1:
        return f"Shown to beat every sentinel (metrics that know nothing of quality) {where}: {listed(some[0][1])}."
    parts = "; ".join(f"on {title} {listed(names)}" for title, names in some[:6])
    rest = [title for title, names in ahead if not names]
    return (
        f"On {len(some)} of {len(ahead)} criteria at least one metric is shown to beat every sentinel (metrics that know "
        f"nothing of quality): {parts}{f'; none on {listed(rest)}' if rest else ''}."
    )


def _one(frame: Frame, board: Board) -> str:
    title = frame.title(board)
    metrics = metrics_of(board)
    if not metrics:
        return _nobody(title)
    verdicts = [line for line in metrics if "accuracy" not in line.cells]
    scored = [line for line in metrics if line not in verdicts]
    lead = _lead(frame, board, scored) if scored else ""
    parts = [lead, _verdicts(verdicts), _floor(board, scored), _sentinels(frame, board, scored)]
    return f"On {title}, {' '.join(part for part in parts if part)}"


def _nobody(title: str) -> str:
    return f"On {title}, nobody knows: no pair of answers has both a judgment and a score."


def _without_board(frame: Frame) -> list[str]:
    """Criteria that were asked for and have nothing to compare."""
    there = {board.criterion for board in frame.every_board}
    return [criterion for criterion in frame.options.criteria or frame.done.data.criteria if criterion not in there]


def _lead(frame: Frame, board: Board, metrics: list[Line]) -> str:
    first = leader([line for line in metrics if line.rank == metrics[0].rank])
    row = accuracy_of(first)
    assert row is not None  # metrics_of keeps only lines that have one
    figures = f"{_figures(first)} ({amount(row.n_items, 'item')}, {amount(row.n_pairs, 'pair')}{_missing(first)})"
    if len(metrics) == 1:
        return f"{first.label}, the only metric that is ranked, has {figures}."
    leaders = [line.label for line in metrics if line.rank == first.rank]
    if first.rank is None:
        return f"the {len(metrics)} metrics are not ranked; {first.label} has the highest number, {figures}."
    if len(leaders) == len(metrics):
        return f"the {len(metrics)} metrics cannot be told apart; the highest, {first.label}, has {figures}."
    beaten = better_than(frame, board, leaders)
    if len(leaders) == 1:
        others = "every other metric" if len(beaten) == len(metrics) - 1 else listed(beaten)
        return f"{first.label} leads, tested to be better than {others}, with {figures}."
    tested = f"; some of them are tested to be better than {listed(beaten)}" if beaten else ""
    return f"{listed(leaders)} lead and cannot be told apart{tested}. The highest, {first.label}, has {figures}."


def _verdicts(lines: list[Line]) -> str:
    """What direct verdicts on pairs reach: raw, for they are never calibrated, and beside no test with the metrics that score."""
    if not lines:
        return ""
    each = []
    for line in lines:
        row = accuracy_of(line)
        if row is not None:
            each.append(f"{line.label} {worded(row)} ({amount(row.n_pairs, 'pair')}{_missing(line)})")
    return f"Direct verdicts, raw and not tested against the others: {'; '.join(each[:8])}."


def _missing(line: Line) -> str:
    """What it scored, and what it has with the rest counted as wrong; nothing for a metric that scored all."""
    bound, row = line.missing_wrong, accuracy_of(line)
    if bound is None or row is None or row.coverage is None:
        return ""
    return f"; {row.coverage:.1%} have a score, and with the rest counted as wrong it has {worded(bound)}"


def _figures(line: Line) -> str:
    calibrated, held_out, raw = (line.cells.get(name) for name in ("accuracy", "accuracy_heldout", "accuracy_raw"))
    if calibrated is None or calibrated.value is None:
        return f"raw accuracy {worded(raw)}"
    aside = f" and held-out {worded(held_out)}" if held_out is not None and held_out.value is not None else ""
    return f"calibrated accuracy {worded(calibrated)}{aside}"


def _floor(board: Board, metrics: list[Line]) -> str:
    """How the metrics stand to what tying or guessing alone reaches."""
    calibrated = [line for line in metrics if "accuracy" in line.cells]
    if board.floor is None or board.floor.value is None or not calibrated:
        return ""
    above = sum((row := line.cells.get("above_floor")) is not None and row.low is not None and row.low > 0 for line in calibrated)
    held = [row.value for line in calibrated if (row := line.cells.get("accuracy_heldout")) and row.value is not None]
    under = sum(value <= board.floor.value for value in held)
    who = "no metric's interval lies" if not above else _of(above, len(calibrated))
    also = f"; held out, {_share(under, len(held))} at or below it" if under else ""
    return f"Tying or guessing alone reaches {number(board.floor.value)} (the floor): {who} above it{also}."


def _of(count: int, total: int) -> str:
    if total == 1:
        return "its interval lies"
    return "all intervals lie" if count == total else f"the interval of {count} of {total} metrics lies"


def _share(count: int, total: int) -> str:
    if total == 1:
        return "it is"
    return "all are" if count == total else f"{count} of {total} are"


def _sentinels(frame: Frame, board: Board, metrics: list[Line]) -> str:
    best = best_sentinel(board)
    if best is None or not metrics:
        return ""
    figures = f"The best sentinel, {best.label}, has {worded(accuracy_of(best))}"
    ahead = [line.label for line in metrics if line.beats]
    if ahead:
        return f"{figures}: {'all metrics are' if len(ahead) == len(metrics) > 1 else _are(ahead)} tested to beat every sentinel."
    worse = better_than(frame, board, [best.label])
    above = ", more than any metric" if value_of(best) > max(map(value_of, metrics)) else ""
    tested = ""
    if worse:
        every = "every metric" if len(worse) == len(metrics) > 1 else listed(worse)
        tested = f" That sentinel is tested to be better than {every}."
    return f"{figures}{above}; no metric is shown to beat every sentinel.{tested}"


def _are(names: list[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def _people(frame: Frame) -> str:
    """How far people agree with each other: what a metric's agreement with them can be held against."""
    known = [board for board in frame.boards if board.human_level is not None and board.human_level.value is not None]
    parts = []
    if known:
        levels = [f"{frame.title(board)} {worded(board.human_level)} ({_n(board.human_level)})" for board in known]
        parts.append(f"One rater against the others reaches, raw, on {listed(levels, 6)}.")
    unknown = [board for board in frame.boards if board not in known and board.human_level is not None]
    if unknown:
        where = "" if len(unknown) == len(frame.boards) else f" on {listed([frame.title(board) for board in unknown])}"
        reason = unknown[0].human_level.note if unknown[0].human_level is not None else None
        parts.append(f"How well one person would do is unknown{where} ({(reason or '').removeprefix('unknown: ') or 'no data'}).")
    words = [(frame.title(board), agreement_in_words(board.agreement)) for board in frame.boards if board.agreement is not None]
    if words:
        same = {said for _, said in words}
        if len(same) == 1:
            parts.append(f"{_capital(words[0][1])}.")
        else:
            said = [f"on {title} {text.removeprefix('raters agree: ')}" for title, text in words[:6]]
            parts.append(f"Raters agree: {'; '.join(said)}.")
    return " ".join(parts)


def _n(row: MetaRow | None) -> str:
    return "" if row is None else amount(row.n_items, "item")


def _unknown(frame: Frame) -> str:
    """What these data cannot say."""
    data = frame.done.data
    grids = frame.grids.values()
    known = {slice for slice, rows in frame.by_slice.items() if any(row.n_pairs for row in rows)}
    empty = dict.fromkeys(row.slice for grid in grids for row in grid.rows if not row.n_pairs and row.slice.count("=") == 1)
    languages = sorted({example.language for example in data.examples})
    tasks = sorted({example.task for example in data.examples if example.task is not None})
    said = []
    unseen = [words for slice in empty if slice not in known and (words := _in_words(slice, known, languages))]
    unseen = list(dict.fromkeys(unseen))
    said += unseen if len(unseen) <= _UNSEEN else [listed(unseen, _UNSEEN)]
    said.append(f"languages other than {listed(languages)}")
    if len(tasks) == 1:
        said.append(f"tasks other than {tasks[0]}")
    if not frame.constructed:
        said.append(f"systems unlike {'this one' if len(data.systems) == 1 else f'these {len(data.systems)}'}")
    return f"These data say nothing about {listed(said, len(said))}."


def _in_words(slice: str, known: Collection[str], languages: Collection[str]) -> str:
    """What an empty slice would hold; nothing for a dimension by which these data cannot be cut at all."""
    dimension, _, value = slice.partition("=")
    if dimension == "language" and value not in languages:  # a pair of languages, held against each other
        return "the same items in two languages" if len(languages) > 1 else ""
    if not any(other.startswith(f"{dimension}=") for other in known):
        return ""
    if dimension == "length":
        return f"items of {value} words" if value[-1:] != "+" else f"items of {value[:-1]} words or more"
    return {"form": f"{value} items", "task": f"task {value}", "systems": f"the systems {value}"}.get(
        dimension, f"{dimension.removeprefix('meta:')} {value}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
