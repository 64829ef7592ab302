"""The documentation's pages as tests read them: fenced blocks with their marks, headings, links."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"<!-- docs: (?P<word>[a-z]+) ?(?P<rest>[^>]*?) ?-->\s*\Z")
_SAVED = re.compile(r"[Ss]ave (?:this|it) as `(?P<name>[^`]+)`[^\n]*\n\s*(?:<!--[^\n]*-->\s*)?\Z")
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block. `saved`: the file that the page says to save it as; `mark`: skip, data or slow, and `reason` its rest."""

    language: str
    text: str
    line: int
    saved: str | None = None
    mark: str | None = None
    reason: str = ""


def pages() -> list[Path]:
    """All pages of the site, by path."""
    return sorted(path for path in DOCS.rglob("*.md") if "_tools" not in path.parts)


def blocks(page: Path) -> Iterator[Block]:
    """The page's fenced blocks in their order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        before = text[: found.start()]
        mark, saved = _MARK.search(before), _SAVED.search(before)
        yield Block(
            language=found["language"],
            text=found["text"],
            line=before.count("\n") + 1,
            saved=None if saved is None else saved["name"],
            mark=None if mark is None else mark["word"],
            reason="" if mark is None else mark["rest"],
        )


def links(page: Path) -> list[str]:
    """Targets of the page's links, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [found["target"] for found in _LINK.finditer(prose)]


def anchors(page: Path) -> set[str]:
    """Anchors of the page's headings, as GitHub and the site make them."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return {anchor(heading) for heading in re.findall(r"^#{1,6} +(.+?)\s*#*$", prose, flags=re.MULTILINE)}


def anchor(heading: str) -> str:
    """`What it *says*` → `what-it-says`."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    kept = [sign for sign in plain.lower() if sign in " -_" or unicodedata.category(sign)[0] in "LN"]
    return "".join(kept).replace(" ", "-")
