"""The experiment's leaderboard: its models, or those that the config names, on tasks."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.cache import Cache
from harness.experiment import ExperimentConfig
from harness.leaderboard.config import LeaderboardConfig, anchored, resolved
from harness.leaderboard.records import Board
from harness.pipeline.trust import METAEVALUATE, folder_name
from harness.registry import Registry
from harness.store import Run
from harness.whole_files import replace_file

LEADERBOARD, BOARD = "leaderboard", "leaderboard.json"
Progress = Callable[[str, int, int], None]


def rank_models(
    config: ExperimentConfig, registry: Registry, folder: Path, progress: Progress, command: Sequence[str]
) -> tuple[dict[str, Any] | None, list[str]]:
    """What the manifest says of the board, and what failed; the results lie in the folder `leaderboard` of the run."""
    board = config.leaderboard
    if board is None:
        return None, []
    judged = [str(folder / METAEVALUATE / folder_name(ref)) for ref in config.judgments]
    asked = msgspec.structs.replace(
        board,
        output=str(folder / LEADERBOARD),
        trainings=str(folder) if config.trainings else board.trainings,
        metaevaluations=(*board.metaevaluations, *judged),
    )
    return _run(asked, registry, folder / LEADERBOARD, progress, command)


def _run(
    board: LeaderboardConfig, registry: Registry, folder: Path, progress: Progress, command: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    from harness.leaderboard.check import check_leaderboard
    from harness.leaderboard.run import run_leaderboard  # loads lm-eval

    board = check_leaderboard(board, registry)
    with Run.open(folder, config=resolved(anchored(board)), command=command) as run, Cache() as cache:
        summary = run_leaderboard(run, board, registry, progress, cache=cache)
        told: dict[str, Any] = msgspec.to_builtins(summary)
        counts = {"results": summary.done + summary.reused, "failures": len(summary.failures)}
        run.finish("done", counts=counts, described={"leaderboard": told})
    failures = [f"{one.model} on {one.task}: {one.error}" for one in summary.failures]
    if summary.done + summary.reused:
        write_board(folder, board, registry)
    return told, failures


def write_board(folder: Path, config: LeaderboardConfig, registry: Registry) -> Board:
    """The board of the run folder, written beside its results: as a page, CSV, Markdown, and as JSON with all that it holds."""
    from harness.leaderboard.export import board_csv, board_markdown
    from harness.leaderboard.html.page import page
    from harness.leaderboard.opened import open_board

    opened = open_board(folder, name=config.name, registry=lambda: registry)
    texts = {
        "leaderboard.html": page(opened.board, opened.results),
        "leaderboard.csv": board_csv(opened.board),
        "leaderboard.md": board_markdown(opened.board),
    }
    for name, text in texts.items():
        replace_file(folder / name, text.encode("utf-8", "backslashreplace"))
    replace_file(folder / BOARD, msgspec.json.format(msgspec.json.encode(opened.board), indent=2) + b"\n")
    return opened.board


def read_board(folder: Path) -> Board | None:
    """The board of an experiment's run folder; None where none was made, or where it is not of this version."""
    try:
        return msgspec.json.decode((folder / LEADERBOARD / BOARD).read_bytes(), type=Board)
    except (OSError, msgspec.MsgspecError):
        return None
