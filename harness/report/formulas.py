"""Cells that a spreadsheet would take for formulas, made plain text."""

# What a spreadsheet takes for a formula at the start of a cell; a tab or a carriage return is skipped before it looks.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: float | int | str | None) -> float | int | str:
    """The cell with an apostrophe before a text that would be a formula; numbers stay, None is an empty cell."""
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
