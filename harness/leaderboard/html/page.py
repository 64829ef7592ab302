"""A leaderboard as one self-contained page: the board with its metrics' standing beside it, models, pairs, answers."""

import json
from dataclasses import dataclass
from pathlib import Path

from harness.leaderboard.html import standing, words
from harness.leaderboard.html.answers import read_answers
from harness.leaderboard.html.grid import grid, models_in_order
from harness.leaderboard.html.items import ItemView, item_views
from harness.leaderboard.html.pair_tables import PairView, pair_views
from harness.leaderboard.html.pairs import Difference, Pair, differences, pairs_shown
from harness.leaderboard.records import Board, Results
from harness.report.html import dots
from harness.report.html.page import document

ANSWERS = 8_000  # answers of all models together that a page holds
_MOST, _LEAST = 60, 4  # items of a task
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class _Answers:
    """What stands in the part with two models side by side; `told` says what it leaves out."""

    pairs: tuple[PairView, ...]
    items: tuple[ItemView, ...]
    tasks: tuple[str, ...]
    told: tuple[str, ...]
    problems: tuple[str, ...]


def page(board: Board, results: Results) -> str:
    """The page's text, to be written as UTF-8: it opens from a file, offline, and reads without its script.

    All texts are escaped and cut to what a page can bear; of a task's items a few are shown, the same of every model, and
    the page says how many. Differences between two models are computed over all items.
    """
    names = models_in_order(board)
    return document(
        "board.html",
        _HERE / "templates",
        css=[_HERE / "static" / "board.css"],
        script=[_HERE / "static" / "board.js"],
        title=words.named(board.name) or "Leaderboard",
        subtitle=_subtitle(board),
        board=board,
        answer=words.answer(board),
        warnings=[words.shown(one) for one in board.warnings],
        notes=[words.shown(one) for one in board.notes],
        grid=grid(board),
        plot=standing.standings_plot(board),
        standings=standing.standings_table(board),
        columns=standing.columns_table(board),
        models=standing.model_pages(board),
        names=[words.named(name) for name in names],
        sides=_sides(board, results, names),
        made=_made(board),
        symbols=dots.symbols(),
    )


def _sides(board: Board, results: Results, names: tuple[str, ...]) -> _Answers:
    tasks = {task.name: task for task in board.tasks}
    n_tasks = len({column.task for column in board.columns})
    most = max(_LEAST, min(_MOST, ANSWERS // max(1, len(names) * n_tasks)))
    pairs = pairs_shown(board, len(names))
    found: dict[Pair, list[Difference]] = {pair: [] for pair in pairs}
    items: list[ItemView] = []
    shown: list[str] = []
    problems: list[str] = []
    n_items = 0
    for place, answers in enumerate(read_answers(board, results, names, most)):
        for pair, rows in differences(board, answers, pairs).items():
            found[pair] += rows
        items += item_views(answers, place, tasks.get(answers.task))
        shown.append(words.named(answers.task))
        problems += [words.shown(one, 600) for one in answers.problems]
        n_items += answers.n
    told = []
    if len(items) < n_items:
        told.append(
            f"{len(items):,} of {n_items:,} items are here, at most {most} of a task, the same of every model: two thirds"
        )
        told[-1] += " drawn by chance, the others where the models differ most, which are not like the rest."
        told[-1] += " The tables above are over all items."
    if pairs and pairs[-1][1] + 1 < len(names):
        n = pairs[-1][1] + 1
        told.append(
            f"Tables of pairs are here for the {n} models that stand first; harness leaderboard diff compares any two runs."
        )
    return _Answers(pair_views(board, names, found), tuple(items), tuple(shown), tuple(told), tuple(problems))


def _subtitle(board: Board) -> str:
    languages = sorted({task.language for task in board.tasks if task.language})
    said = [f"{len(board.models):,} models on {len(board.tasks):,} tasks"]
    return " · ".join(said + ([f"in {', '.join(words.named(one) for one in languages)}"] if languages else []))


def _made(board: Board) -> str:
    facts = {**board.made, "seed": board.seed, "resamples": board.resamples, "confidence": board.confidence}
    return words.shown(json.dumps(facts, ensure_ascii=False, indent=2, default=str), 100_000)
