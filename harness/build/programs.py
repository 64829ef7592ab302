"""Texts without the programs in them: code is in no language of people, and its comments are not what a row is written in."""

import re
from collections.abc import Sequence

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NAME = r"[A-Za-z_]\w*"
# lines that begin a program
_OPENING = re.compile(
    rf"""\s*(?:
    (?:async\s+)?def\s+\w+\s*\(.* | class\s+\w+\s*(?:\(.*\))?\s*(?::|\{{)\s*
    | import\s+[\w.]+(?:\s+as\s+\w+)?(?:,\s*[\w.]+)*\s*;? | from\s+[\w.]+\s+import\s+[\w*(].* | \#include\s*[<"].*
    | (?:export\s+)?(?:async\s+)?function\b\s*\w*\s*\(.* | (?:const|let|var)\s+[\w\[{{].*=.*
    | (?:public|private|protected|static)\s+(?:[\w<>\[\]]+\s+)+\w+\s*[(=;{{].* | (?:fn|func)\s+\w+\s*\(.*
    | (?:int|void|float|double|char|bool|string|String)\s+\w+\s*(?:\(|=|;).*
    | </?(?:html|head|body|div|span|table|tr|td|ul|ol|li|p|a|h[1-6]|form|input|script|style|!DOCTYPE)\b[^>]*>.*
    | (?:SELECT\s|INSERT\s+INTO|UPDATE\b.+\bSET|DELETE\s+FROM|CREATE\s+TABLE)\b.*
    | (?:for|while|if)\s*\(.*\)\s*\{{? | (?:for\s+[\w,\s]+\s+in\s+\S.*|while\s+\S.*|if\s+\S.*)(?:\(.*\)|==|[<>\]]).*:
    | {_NAME}(?:\.\w+|\[[^\]]*\])*\s*[-+*/]?=\s*[^=\s].* | print\s*\(.*\)\s*;?
    )""",
    re.VERBOSE,
)
_QUERY = re.compile(r"\s*(?:SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\b.+\bSET|DELETE\s+FROM|CREATE\s+TABLE)\b")
# lines that go on with one
_GOING_ON = re.compile(
    rf"""\s+\S.* | [\])}}]+[;,]?\s* | (?:\#|//|/\*|\*/|--\s).* | @\w.*
    | (?:return|else|elif|try|except|finally|with|raise|assert|yield)\b.*[:)\w]\s*
    | {_NAME}(?:\.\w+|\[[^\]]*\])*\(.*\)\s*;? | (?:FROM|WHERE|JOIN|LEFT\ JOIN|GROUP\ BY|ORDER\ BY|HAVING|LIMIT|AND|OR)\b.*""",
    re.VERBOSE,
)
_SIGNS = ("(", "{", "=", "SELECT ", "import ", "<", " INTO ")
_LINES = 2  # of a program, but for a query
_LONGEST = 500  # characters of a line that begins one


def may_hold_programs(texts: Sequence[str]) -> list[int]:
    """Which of the texts `without_programs` may find something in, at a glance: those of several lines, and queries."""
    return [place for place, one in enumerate(texts) if "\n" in one or "```" in one or " FROM " in one or " INTO " in one]


def without_programs(text: str) -> str | None:
    """The text without fenced code and without programs that stand in it as lines of their own; None where there are none.

    A program begins with a line that only programs have (`def f(x):`, `import json`, `x = 1`, `SELECT … FROM …`) and goes on with
    lines of that kind, indented ones, comments, and what stands between triple quotes. One such line is none
    yet, except a query.
    """
    fenced = "```" in text
    if fenced:
        text = _FENCED.sub(" ", text)
    if not any(sign in text for sign in _SIGNS):
        return text if fenced else None
    lines = text.split("\n")
    code = _code_lines(lines)
    if not code:
        return text if fenced else None
    return "\n".join(line for number, line in enumerate(lines) if number not in code)


def _code_lines(lines: list[str]) -> set[int]:
    """The numbers of the lines that belong to programs."""
    code: set[int] = set()
    place = 0
    while place < len(lines):
        if not _opens(lines[place]):
            place += 1
            continue
        end = _end_of(lines, place)
        said = [number for number in range(place, end) if lines[number].strip()]
        if len(said) >= _LINES or _QUERY.match(lines[place]):
            code.update(range(place, end))
        place = end
    return code


def _opens(line: str) -> bool:
    return len(line) <= _LONGEST and _OPENING.fullmatch(line) is not None


def _end_of(lines: list[str], begin: int) -> int:
    """Behind the last line of the program that begins on a line."""
    quotes, end = "", begin
    for place in range(begin, len(lines)):
        line = lines[place]
        if not (quotes or not line.strip() or _opens(line) or _GOING_ON.fullmatch(line)):
            break
        for mark in ('"""', "'''"):
            if (not quotes or quotes == mark) and line.count(mark) % 2:
                quotes = "" if quotes else mark
                break
        if line.strip():
            end = place + 1
    return end
