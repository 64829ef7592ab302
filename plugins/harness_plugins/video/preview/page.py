"""The preview as one self-contained HTML page."""

from pathlib import Path

from harness.report.html.page import document
from harness.report.html.text import language_tag
from harness_plugins.video.preview.contents import Preview

_HERE = Path(__file__).parent


def preview_html(page: Preview) -> str:
    """The page's text: frames stand in it as `data:` addresses, every text is escaped, nothing is fetched."""
    return document(
        "preview.html",
        _HERE / "templates",
        css=[_HERE / "static" / "preview.css"],
        pictures=True,
        page=page,
        clock=clock,
        tag=language_tag,
    )


def clock(seconds: float | None) -> str:
    """`0:02.4`, `1:02:03.0`; a dash for none."""
    if seconds is None:
        return "–"
    tenths = round(seconds * 10)
    hours, minutes, rest = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
