"""Text that is data, put into GitHub-flavoured Markdown so that it stays text: no markup, links, images, mentions or HTML."""

import re

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$])")
_TRIGGER = re.compile(r"://|www\.|@|#\d|mailto:|xmpp:", re.IGNORECASE)  # what becomes a link or a mention by itself
_BLOCK = re.compile(r"^(\s*)([#+=-]|\d+[.)](?=\s|$))")  # what begins a heading, a list or a rule


def inline(text: str) -> str:
    """The text on one line, for a paragraph or a cell; words that would become links stand in code spans."""
    line = " ".join(text.split())
    safe = " ".join(_word(word) for word in line.split(" "))
    return _BLOCK.sub(_not_a_block, safe, count=1)


def fenced(text: str, language: str = "text") -> str:
    """The text as a code block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def table(columns: list[str], rows: list[list[str]], numeric: list[bool]) -> str:
    """A table of cells that are safe already."""
    rule = ["--:" if right else ":--" for right in numeric]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def _word(word: str) -> str:
    if not _TRIGGER.search(word):
        return _MARKUP.sub(r"\\\1", word)
    body = word.rstrip(",.;:)")
    rest = _MARKUP.sub(r"\\\1", word[len(body) :])
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if body.startswith("`") or body.endswith("`") else ""
    # A pipe ends a cell even in a code span; a backslash before it is shown outside tables, so it is a look-alike.
    return f"{ticks}{pad}{body.replace('|', '¦')}{pad}{ticks}{rest}"


def _not_a_block(match: re.Match[str]) -> str:
    blank, mark = match.groups()
    return f"{blank}{mark[:-1]}\\{mark[-1]}"
