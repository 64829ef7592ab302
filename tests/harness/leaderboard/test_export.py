"""Boards as CSV and Markdown hold every number, and nothing in a name does anything."""

import csv
import io

from boards import hand_made_board

from harness.leaderboard.export import CSV_COLUMNS, MEAN, board_csv, board_markdown, escaped


def test_csv_has_a_row_for_every_cell_and_every_mean() -> None:
    board = hand_made_board()
    rows = list(csv.DictReader(io.StringIO(board_csv(board))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == len(board.cells) + len(board.standings)
    first = rows[0]
    assert (first["model"], first["task"], first["metric"]) == ("tuned", "sv_choice", "acc")
    assert (float(first["value"]), float(first["low"]), float(first["high"])) == (0.75, 0.61, 0.86)
    assert (first["rank"], first["cluster"], first["trust"]) == ("1", "1", "by-key")
    chrf = next(row for row in rows if (row["model"], row["metric"]) == ("tuned", "chrf"))
    assert (chrf["trust"], float(chrf["trust_value"]), float(chrf["trust_floor"]), chrf["seen"]) == ("agrees", 0.71, 0.55, "3")
    mean = next(row for row in rows if row["task"] == MEAN)
    assert (mean["model"], float(mean["value"]), mean["cluster"]) == ("tuned", 0.644, "1")


def test_missing_numbers_are_empty_cells() -> None:
    rows = list(csv.DictReader(io.StringIO(board_csv(hand_made_board()))))
    gone = next(row for row in rows if row["status"] == "missing")
    assert (gone["value"], gone["low"], gone["rank"]) == ("", "", "")


def test_names_are_no_formulas_in_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(board_csv(hand_made_board()))))
    assert {row["model"] for row in rows} == {"tuned", "untuned", "'=org/other <b>7b</b>"}


def test_markdown_says_values_intervals_clusters_trust_and_notes() -> None:
    text = board_markdown(hand_made_board())
    assert "0.750 \\[0.610, 0.860\\] 1/1" in text
    assert "⚠ 3 seen" in text
    assert "| sv\\_translate | chrf | agrees | 0.710 \\[0.660, 0.750\\] | 0.550 | 192 | gec-sv |" in text
    assert "CUDA out of memory" in text
    assert "95 % intervals" in text


def test_names_are_no_markup_in_markdown() -> None:
    text = board_markdown(hand_made_board())
    assert "<b>" not in text
    assert "=org/other &lt;b\\>7b&lt;/b\\>" in text
    assert escaped("a|b\n# c [d](e) `f`") == "a\\|b \\# c \\[d\\]\\(e\\) \\`f\\`"


def test_every_table_row_has_as_many_cells_as_its_head() -> None:
    width = None
    for line in board_markdown(hand_made_board()).splitlines():
        if not line.startswith("|"):
            width = None
            continue
        cells = len([place for place, character in enumerate(line) if character == "|" and line[place - 1] != "\\"])
        width = width or cells
        assert cells == width, line
