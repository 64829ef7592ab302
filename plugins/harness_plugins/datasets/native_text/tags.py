"""HTML as a run of tags and texts, in time that grows with its length whatever is wrong with it.

The standard library's parser takes quadratic time for tags and comments that do not end, and stops with an error at some marked
sections (`<![`), in versions of Python that are in use. What is here follows the tokenizer of the HTML standard (§13.2.5) as far
as the text needs it: comments, declarations and processing instructions are passed over, scripts and styles end at their own end
tag only, and a `<` before anything but a letter is text.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

_OPENING = re.compile(r"<(?=[a-zA-Z/!?])")
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*+)((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""")
_TORN = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)([^>]*+)>")  # a quotation mark that is never closed
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]++)\s*+(?:=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++)))?""")
_RAW = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "textarea", "title")}


class Tag(NamedTuple):
    """A start tag (`name`), or an end tag (`closes`), with its attributes as they are written."""

    name: str
    closes: bool
    written: str

    def attributes(self) -> dict[str, str]:
        """Names in small letters with their values, of which the first counts."""
        found: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(self.written):
            found.setdefault(name.lower(), unescape("".join(values)))
        return found


def tags_and_texts(markup: str) -> Iterator[Tag | str]:
    """Tags, and the texts between them with their entities resolved."""
    at, end = 0, len(markup)
    while at < end:
        opening = _OPENING.search(markup, at)
        if opening is None:
            yield unescape(markup[at:])
            return
        start = opening.start()
        if start > at:
            yield unescape(markup[at:start])
        if markup[start + 1] in "!?":
            at = _behind(markup, "-->" if markup.startswith("<!--", start) else ">", start + 2)
            continue
        found = _TAG.match(markup, start) or _TORN.match(markup, start)
        if found is None:  # `</` before no letter, or a tag that the end of the page cut off
            at = _behind(markup, ">", start)
            continue
        tag = Tag(found.group(2).lower(), bool(found.group(1)), found.group(3))
        yield tag
        at = found.end()
        if not tag.closes and tag.name in _RAW:
            closing = _RAW[tag.name].search(markup, at)
            stop = closing.start() if closing else end
            if tag.name in ("title", "textarea"):
                yield unescape(markup[at:stop])
            at = stop


def _behind(markup: str, mark: str, start: int) -> int:
    """The place behind the next mark, or the end."""
    found = markup.find(mark, start)
    return len(markup) if found < 0 else found + len(mark)
