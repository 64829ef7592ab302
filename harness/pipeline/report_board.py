"""What an experiment's report shows of its leaderboard."""

from collections.abc import Iterator

from harness.pipeline.finished import Finished
from harness.report.contents import Figure


def board_figures(done: Finished) -> Iterator[Figure]:
    """Standings and columns of the board; nothing where there is none."""
    yield from ()
