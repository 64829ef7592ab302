"""Texts in pieces that engines take well: lines and sentences, and between them what is to stay as it is.

Every function returns pieces that, joined, are the text to the byte: those at even places (0, 2 …) stay as they are, those at odd
places are to be translated.
"""

import re

# What no engine sees: line breaks of every kind, tabs and other controls, and half characters.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MARKER = re.compile(r"(?:[-*+•–—·>#]+\s+)*(?:\(?\d{1,3}[.):]\s+|\(?[a-zåäöA-ZÅÄÖ]\)\s+)?")
_END = re.compile(r"""[.!?…]+["'”’»)\]]*(\s+)(?=["'“‘«”(\[¿¡]*[\w])""")
_ABBREVIATIONS = frozenset(
    """
    adr art avd bl bl.a ca chef d.v.s d.y d.ä dr dvs e.d e.g e.kr ekon eng etc ev ex exkl f.d f.eks f.kr f.ö fig forts fr
    fru h.r hr i.e inc inkl jfr jr kap kl kr ltd m.a.o m.fl m.h.a m.m max min mr mrs ms mt no nr o.d o.dyl o.s.v obs osv
    p.g.a pga ph.d prof resp s.a.s s.k sid skr sr st str t.ex t.o.m tel u.s ung vol vs ö.h.t
    """.split()  # noqa: SIM905
)
_HELD = re.compile(r"[^\W_]")


def lines(text: str) -> list[str]:
    """What stands between line breaks and other controls is to be translated, without the blanks around it."""
    pieces, kept = [], ""
    place = 0
    for match in [*_BREAKS.finditer(text), None]:
        line = text[place : match.start() if match else len(text)]
        before, middle, after = _stripped(line)
        kept += before
        if _HELD.search(middle):
            pieces += [kept, middle]
            kept = after
        else:
            kept += middle + after
        kept += match[0] if match else ""
        place = match.end() if match else place
    return [*pieces, kept]


def sentences(text: str) -> list[str]:
    """The sentences of each line; list markers (`-`, `1.`, `a)`, `#`, `>`) stay as they are."""
    found = [""]
    for number, piece in enumerate(lines(text)):
        if number % 2 == 0:
            found[-1] += piece
            continue
        marker = _MARKER.match(piece)
        if marker and _HELD.search(piece[marker.end() :]):
            found[-1] += marker[0]
            piece = piece[marker.end() :]
        for sentence, blank in _sentences(piece):
            if _HELD.search(sentence):
                found += [sentence, blank]
            else:
                found[-1] += sentence + blank
    return found


def _sentences(line: str) -> list[tuple[str, str]]:
    done, start = [], 0
    for match in _END.finditer(line):
        if not _is_end(line[start : match.start()], match[0], line[match.end() :]):
            continue
        done.append((line[start : match.start(1)], match[1]))
        start = match.end()
    return [*done, (line[start:], "")]


def _is_end(before: str, mark: str, after: str) -> bool:
    first = re.search(r"\w", after)
    if first is None or first[0].islower():
        return False
    if mark.strip() != ".":
        return True
    word = re.split(r"[\s(\[“\"]", before)[-1].lower()
    return word not in _ABBREVIATIONS and not re.fullmatch(r"(?:[^\W\d_]|(?:[^\W\d_]\.)+[^\W\d_])", word)


def _stripped(line: str) -> tuple[str, str, str]:
    middle = line.strip()
    if not middle:
        return line, "", ""
    start = line.index(middle)
    return line[:start], middle, line[start + len(middle) :]
