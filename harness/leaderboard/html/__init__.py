"""The leaderboard as one HTML page that opens offline: `page(board, results)` gives its text."""

from harness.leaderboard.html.page import page

__all__ = ["page"]
