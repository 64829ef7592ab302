"""A report as one self-contained HTML page: styles and script inside, nothing fetched, nothing run but that script."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.analysis_contents import Gallery
from harness.report.contents import Report
from harness.report.html import dots, text
from harness.report.html.figures import sections
from harness.report.html.palette import theme_css

_HERE = Path(__file__).parent
_STYLES = ("page.css", "figures.css", "tables.css", "cards.css", "print.css")


def render(report: Report) -> str:
    """The page's text, to be written as UTF-8. It opens from a file, offline, and reads without its script.

    Every text of the report is escaped; controls and overrides of direction are written out. A content security policy forbids
    all network and every script and style but the page's own, which it names by their SHA-256; pictures are those in the page.
    """
    return document(
        "page.html",
        pictures=any(isinstance(figure, Gallery) for section in report.sections for figure in section.figures),
        language=text.language_tag(report.language) or "en",
        report=report,
        sections=sections(report),
        symbols=dots.symbols(),
    )


def document(
    template: str,
    *folders: Path,
    language: str = "en",
    css: Sequence[Path] = (),
    script: Sequence[Path] = (),
    pictures: bool = False,
    **values: object,
) -> str:
    """The text of a page in the frame that all pages share; `css` and `script` are files added to the report's own.

    `pictures`: whether the page carries pictures, as `data:` addresses."""
    style = styles() + "".join(path.read_text(encoding="utf-8") for path in css)
    behaviour_ = behaviour() + "".join(path.read_text(encoding="utf-8") for path in script)
    return (
        environment(*folders)
        .get_template(template)
        .render(
            language=language, css=Markup(style), script=Markup(behaviour_), policy=policy(style, behaviour_, pictures), **values
        )
    )


def styles() -> str:
    """The style sheet of a report's page: colours of both themes, text, figures, tables, cards, paper."""
    return theme_css() + "".join((_HERE / "static" / name).read_text(encoding="utf-8") for name in _STYLES)


def behaviour() -> str:
    """The script of a report's page: theme, sorting, filtering, copying, contents."""
    return (_HERE / "static" / "report.js").read_text(encoding="utf-8")


def environment(*templates: Path) -> Environment:
    """Templates that escape every text and show what is invisible: those of the folders, and the report's own parts."""
    environment = Environment(
        loader=FileSystemLoader([*templates, _HERE / "templates"]),
        autoescape=True,
        finalize=text.clean,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(amount=text.amount, breakable=text.breakable, count=text.count, first_line=text.first_line)
    return environment


def policy(css: str, script: str, pictures: bool = False) -> str:
    """A content security policy that forbids all network and every style and script but these two; with `pictures`, those that
    the page itself carries are shown."""
    parts = (
        "default-src 'none'",
        f"style-src {_source(css)}",
        f"script-src {_source(script)}",
        *(("img-src data:",) if pictures else ()),
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(parts)


def _source(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
