"""Pages as HTML: Jinja with everything escaped, the owner's Markdown without raw HTML, and the interface's strings."""

from functools import cache
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

HERE = Path(__file__).parent
LANGUAGES = ("sv", "en")


class Pages:
    """The templates of a folder, and the interface's strings by language."""

    def __init__(self, folder: Path = HERE / "pages") -> None:
        escape = select_autoescape(default=True, default_for_string=True)
        loader = FileSystemLoader(folder)
        self._templates = Environment(
            loader=loader, autoescape=escape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self.strings = {language: interface(language) for language in LANGUAGES}

    def render(self, name: str, language: str, **values: object) -> str:
        """The page in this interface language (English where there is no such interface)."""
        words = self.strings.get(language, self.strings["en"])
        return self._templates.get_template(name).render(language=language, t=words, **values)


@cache
def interface(language: str) -> dict[str, str]:
    """The interface's strings in `sv` or `en`: key → text with {places}."""
    return yaml.safe_load((HERE / "texts" / f"{language}.yaml").read_text(encoding="utf-8"))


def markdown(text: str) -> Markup:
    """Markdown as HTML that cannot run or load anything: tags are shown as text, there are no images, links open apart."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = renderer.parse(text)
    for token in (child for block in tokens for child in block.children or []):
        if token.type == "link_open":
            token.attrs.update({"target": "_blank", "rel": "noopener noreferrer"})
    return Markup(renderer.renderer.render(tokens, renderer.options, {}))  # markdown-it has escaped every text


def preferred(accepts: str | None, languages: tuple[str, ...]) -> str:
    """The interface language to start in: the first of a browser's Accept-Language that the study has, else the study's first."""
    for part in (accepts or "")[:500].split(","):
        tag = part.split(";")[0].strip().lower().split("-")[0]
        if tag in languages:
            return tag
    return languages[0]
