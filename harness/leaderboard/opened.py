"""A folder as a board: its results, how far its metrics can be trusted, what its models have seen, as its config says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ConfigError
from harness.leaderboard.board import make_board
from harness.leaderboard.records import Board, Results
from harness.leaderboard.results import read_results


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A board and what it was made of."""

    board: Board
    results: Results


def open_board(
    folder: Path,
    *,
    name: str | None = None,
    metrics: Sequence[str] = (),
    metaevaluations: Sequence[str] = (),
    tasks: Sequence[str] = (),
    models: Sequence[str] = (),
    seed: int | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Opened:
    """The board of a leaderboard's run folder, or of any folder of lm-eval results.

    What the run's config says of meta-evaluations and seed holds where nothing else is said; `metrics` are columns beside the
    tasks' own. Raises InputError where there are no results.
    """
    from harness.leaderboard.evidence import SHIPPED
    from harness.leaderboard.trust import find_trust

    results = read_results(folder)
    said = config_of(folder)
    folders = [*metaevaluations, *(said.metaevaluations if said else ())]
    board = make_board(
        results,
        name=name or (said.name if said else folder.resolve().name),
        metrics=metrics,
        trust=find_trust(folders, results=results, shipped=Path(SHIPPED).is_file()),
        seed=seed if seed is not None else (said.seed if said else 0),
        resamples=resamples,
        confidence=confidence,
        tasks=tasks,
        models=models,
    )
    return Opened(board=board, results=results)


def config_of(folder: Path) -> Any:
    """The config of a leaderboard's run folder (`LeaderboardConfig`); None where the folder is no such run."""
    from harness.leaderboard.config import load_leaderboard

    file = folder / "config.yaml"
    if not (folder / "manifest.json").is_file() or not file.is_file():
        return None
    try:
        return load_leaderboard(file)
    except ConfigError:  # the run of another command, with results below it
        return None
