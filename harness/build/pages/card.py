"""A data card as one self-contained HTML page."""

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from harness.build.card_contents import Bars, Block, Card, Code, Panel, Rows
from harness.report.contents import DataTable, Words
from harness.report.html.elements import element
from harness.report.html.figures import Names
from harness.report.html.page import document
from harness.report.html.tables import from_contents
from harness.report.texts import shown

HERE = Path(__file__).parent
STYLE = HERE / "static" / "build.css"  # what the pages of builds add to the report's style sheet
_WIDTH, _HEIGHT = 240, 72


@dataclass(frozen=True)
class BlockView:
    """A block for the template of its kind."""

    kind: str
    id: str
    title: str
    caption: str
    view: object
    empty: bool


@dataclass(frozen=True)
class SectionView:
    """A section with its blocks."""

    id: str
    title: str
    lead: str
    blocks: tuple[BlockView, ...]


@dataclass(frozen=True)
class PanelView:
    """A histogram, drawn."""

    label: str
    drawing: Markup
    low: str
    high: str
    summary: str


def card_html(card: Card) -> str:
    """The page's text; it opens from a file, asks nothing of any network, and holds no markup but its own."""
    names = Names()
    return document(
        "card.html",
        HERE / "templates",
        css=[STYLE],
        card=card,
        sections=[
            SectionView(names.take(one.id), one.title, one.lead, tuple(_view(block, names) for block in one.blocks))
            for one in card.sections
        ],
    )


def bars(panel: Panel) -> Markup:
    """The bars of a histogram as SVG; the whole of it is described in words beside it."""
    most = max((n for _, n in panel.bins), default=0) or 1
    step = _WIDTH / max(1, len(panel.bins))
    drawn = []
    for place, (name, n) in enumerate(panel.bins):
        if n:
            height = max(1.5, n / most * (_HEIGHT - 2))
            title = element("title", f"{name}: {n:,}")
            drawn.append(
                element("rect", title, x=place * step + 0.5, y=_HEIGHT - height, width=max(1.0, step - 1), height=height)
            )
    line = element("line", x1=0, x2=_WIDTH, y1=_HEIGHT, y2=_HEIGHT)
    label = f"{panel.label}: {panel.summary}"
    return element("svg", *drawn, line, viewBox=f"0 0 {_WIDTH} {_HEIGHT + 1}", class_="bars", role="img", aria_label=label)


def _view(block: Block, names: Names) -> BlockView:
    name = names.take(block.id)
    match block:
        case Words():
            return BlockView("words", name, block.title, "", block, not block.paragraphs)
        case DataTable():
            return BlockView("table", name, block.title, block.caption, from_contents(block, name), not block.rows)
        case Bars():
            return BlockView("bars", name, block.title, block.caption, [_panel(one) for one in block.panels], not block.panels)
        case Rows():
            return BlockView("rows", name, block.title, block.caption, block.rows, False)
        case Code():
            return BlockView("code", name, block.title, "", shown(block.text, 100_000), not block.text)


def _panel(panel: Panel) -> PanelView:
    first, last = (panel.bins[0][0], panel.bins[-1][0]) if panel.bins else ("", "")
    return PanelView(panel.label, bars(panel), first, last, panel.summary)
