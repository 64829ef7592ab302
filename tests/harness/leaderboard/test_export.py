"""Boards as CSV and Markdown hold every number, and nothing in a name does anything."""

import csv
import io
from unicodedata import category

import msgspec
from boards import hand_made_board

from harness.leaderboard.export import CSV_COLUMNS, MEAN, board_csv, board_markdown, escaped, is_export


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


def test_nothing_in_a_text_steers_a_terminal_or_turns_a_line_around() -> None:
    evil = "red\x1b[31m\x07\u202egnp.exe\u2028\x85 a\u00a0b 👩\u200d💻 å"
    board = hand_made_board()
    board = msgspec.structs.replace(board, name=evil, notes=(evil,), standings=tuple(
        msgspec.structs.replace(one, note=evil) for one in board.standings
    ))  # fmt: skip
    for text in (board_markdown(board), board_csv(board)):
        assert all(category(character) not in ("Cc", "Zl", "Zp", "Cs") or character == "\n" for character in text)
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
        assert "👩\u200d💻 å" in text
    assert "red\\x1b[31m\\x07\\u202egnp.exe\\u2028\\x85 a\u00a0b" in board_csv(board)


def test_what_arithmetic_leaves_of_a_zero_is_zero() -> None:
    board = hand_made_board()
    tiny = msgspec.structs.replace(board.cells[0], value=0.0, low=3.47e-18, high=-5.6e-17)
    text = board_markdown(msgspec.structs.replace(board, cells=(tiny, *board.cells[1:])))
    assert "0.000 \\[0.000, 0.000\\]" in text


def test_exports_are_told_from_other_peoples_files() -> None:
    board = hand_made_board()
    made = {"csv": board_csv(board).encode(), "md": board_markdown(board).encode(), "json": msgspec.json.encode(board)}
    for kind, data in made.items():
        assert is_export(data, kind)
        assert not is_export(b"years of work", kind)
        assert not is_export(b"# notes\n" + data[3:-1] + b" and mine\n", kind)
    assert not is_export(b"<!doctype html><title>mine</title>", "html")
