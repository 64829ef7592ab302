"""A data card as Markdown for a hub's README: everything but its own words is escaped."""

from collections.abc import Iterator, Sequence

from harness.build.card_contents import Bars, Block, Card, Code, Panel, Rows, Shown
from harness.report.contents import DataTable, Words
from harness.report.escaping import fenced, inline, table
from harness.report.texts import shown

ROWS = 60  # of a table
_STEPS = "▁▂▃▄▅▆▇█"


def card_markdown(card: Card) -> str:
    """The card's text, without front matter. Long tables are cut and say so."""
    return "\n\n".join(part for part in _parts(card) if part) + "\n"


def _parts(card: Card) -> Iterator[str]:
    yield f"# {_line(card.title)}"
    yield _line(card.subtitle)
    yield "\n\n".join(_line(sentence) for sentence in card.answer)
    if card.warnings:
        yield "## Before you use it"
        yield _list(card.warnings)
    for section in card.sections:
        yield f"## {_line(section.title)}"
        yield _line(section.lead)
        for block in section.blocks:
            if block.title:
                yield f"### {_line(block.title)}"
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Words():
            yield _list(block.paragraphs) if block.listed else "\n\n".join(map(_line, block.paragraphs))
        case DataTable():
            yield _line(block.caption)
            yield from _table(block)
        case Bars():
            yield _line(block.caption)
            rows = [[_line(panel.label), f"`{_sparks(panel)}`", _ends(panel), _line(panel.summary)] for panel in block.panels]
            yield table(["of", "rows by value", "bars", "summary"], rows, [False] * 4) if rows else "No data."
        case Rows():
            yield _line(block.caption)
            for row in block.rows:
                yield from _row(row)
        case Code():
            yield fenced(shown(block.text, 100_000), block.language)


def _table(block: DataTable) -> Iterator[str]:
    if not block.rows:
        yield "No data."
        return
    rows = [[_cell(cell) for cell in row] for row in block.rows[:ROWS]]
    yield table([_line(column.name) for column in block.columns], rows, [column.numeric for column in block.columns])
    if len(block.rows) > ROWS:
        yield f"The first {ROWS} of {len(block.rows):,} rows; card.html holds all."


def _row(row: Shown) -> Iterator[str]:
    note = f" ({_line(row.note)})" if row.note else ""
    yield f"**{_line(row.id)}** {_line(row.label)}{note}"
    for field in row.fields:
        yield f"{_line(field.name)}:\n\n{fenced(shown(field.text))}"


def _cell(value: float | int | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return _line(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _sparks(panel: Panel) -> str:
    """A block a bin, of eight heights; a bin of few rows still shows."""
    most = max((n for _, n in panel.bins), default=0)
    return "".join(" " if not n else _STEPS[min(7, (n * 8 - 1) // most)] for _, n in panel.bins) or " "


def _ends(panel: Panel) -> str:
    held = [name for name, n in panel.bins if n]
    return f"{held[0]} … {held[-1]}" if len(held) > 1 else "".join(held)


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {_line(sentence)}" for sentence in sentences)


def _line(text: str) -> str:
    return inline(shown(text))
