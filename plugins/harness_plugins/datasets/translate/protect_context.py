"""Strings that stay because of what the row around them speaks of: options of commands, names in program text, codes, numerals.

*-name* is a word with a dash in most texts, and an option in one about a command; *NO* is a refusal, and a formula in one about
compounds. A row is therefore read as a whole first.
"""

# ruff: noqa: E501 - patterns are read by the line

import re
from collections.abc import Iterable

_SHELL = re.compile(
    r"\b(?:command[- ]line|terminal|shell|bash|linux|unix|powershell|sudo|kommandolinje\w*|(?:the|this|same|following) (?:command|option|flag|switch)s?|"
    r"kommando(?:en|er)?|flag(?:et)?)\b",
    re.I,
)
# An option with one dash; not the second half of two compounds ("ind- og -udgang").
_OPTION = re.compile(
    r"(?<![-–] og )(?<![-–] eller )(?<![-–] and )(?<![-–] or )(?<=[\s(\"'])-[A-Za-z][\w-]*(?: \+?\d+)?(?=[\s.,;:)\"']|\Z)"
)

_ROMAN_ROW = re.compile(r"\broman (?:numerals?|numbers?)\b|\bromer(?:tal\w*|ske tal)\b", re.I)
_ROMAN = re.compile(r"\b(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
_ENGLISH_I = re.compile(r"I\b(?=\s+[a-z]|'|’)")

_CHEMISTRY = re.compile(
    r"\b(?:chemical|compounds?|molecules?|molecular|elements? with|formula of|reacts?|oxides?|acids?|kemisk\w*|forbindelsen?|molekyle\w*|grundstof\w*|reagerer|syre)\b",
    re.I,
)
_ELEMENT = "H|He|Li|Be|B|C|N|O|F|Ne|Na|Mg|Al|Si|P|S|Cl|Ar|K|Ca|Sc|Ti|V|Cr|Mn|Fe|Co|Ni|Cu|Zn|Ga|Ge|As|Se|Br|Kr|Rb|Sr|Zr|Mo|Ag|Cd|Sn|Sb|Te|I|Xe|Cs|Ba|W|Pt|Au|Hg|Pb|Bi|U"
_FORMULA = re.compile(rf"(?<![\w-])(?:\(?(?:{_ELEMENT})\)?\d*){{2,}}(?:[+-](?!\w))?(?!\w)")

# What a code, a sign or a formula is called, before it.
_CODE_NOUN = re.compile(
    r"\b(?i:codes?|formula|symbols?|ticker|abbreviat\w+|acronym|initials|call ?sign|registration|number plate|model|gene|protein|airport|station|"
    r"currency|written|spelled|stamped|koden?|formlen|symbolet|forkortelsen|initialerne|nummerpladen|modellen|skrives|skrevet)"
    r"(?:\s+(?:is|are|called|named|as|er))?[\s:]+[\"'“(]?(?P<keep>[A-ZÆØÅ]{2,8})\b(?![\"'”]?\s+[A-ZÆØÅ]{2,})"
)

# What a name in program text is called, before or after it.
_KIND = (
    r"tables?|columns?|fields?|variables?|functions?|methods?|class(?:es)?|parameters?|arguments?|attributes?|propert(?:y|ies)|keys?|"
    r"commands?|modules?|packages?|constants?|tabellen|kolonnen|feltet|variablen|funktionen|metoden|klassen|parameteren|argumentet|attributten|nøglen|kommandoen|modulet"
)
_NAMED = re.compile(rf"\b(?:{_KIND})\s+(?:named\s+|called\s+|kaldet\s+|ved navn\s+)?[`\"'“]?(?P<keep>[A-Za-z_]\w*)", re.I)
_NAMED_BEFORE = re.compile(
    r"\bthe\s+[`\"'“]?(?P<keep>[a-z_]\w*)[`\"'”]?\s+(?:table|column|variable|function|method|class|parameter|argument|attribute)\b"
)
_SMALL = """a an the of in on to for from with by is are was were has have had that which and or not as at it this these those all any each
if else then does do can will takes returns called named into than when where whose used using be i en et den det og er der som af
på til med for om har kan skal"""
_NO_NAME = frozenset(_SMALL.split())


def literals_in(texts: Iterable[str], kept: str) -> frozenset[str]:
    """Strings of a row that are kept wherever they stand, in the same case: options, Roman numerals, formulas, codes.

    `kept`: the row's program text.
    """
    whole = "\n".join(texts)
    row = f"{whole}\n{kept}"
    found: set[str] = set()
    if _SHELL.search(row):
        found.update(match[0] for match in _OPTION.finditer(whole))
    if _ROMAN_ROW.search(whole):
        found.update(match[0] for match in _ROMAN.finditer(whole) if match[0] and not _ENGLISH_I.match(whole, match.start()))
    if _CHEMISTRY.search(whole):
        found.update(
            match[0]
            for match in _FORMULA.finditer(whole)
            if sum(map(str.isupper, match[0])) > 1 or any(map(str.isdigit, match[0]))
        )
    found.update(match["keep"] for match in _CODE_NOUN.finditer(whole))
    return frozenset(found)


def literal_spans(text: str, literals: frozenset[str]) -> list[tuple[int, int]]:
    """Where these strings stand, as they are written."""
    if not literals:
        return []
    body = "|".join(sorted(map(re.escape, literals), key=len, reverse=True))
    return [match.span() for match in re.finditer(rf"(?<!\w)(?:{body})(?!\w)", text)]


def code_words(kept: str) -> frozenset[str]:
    """The names that stand in program text."""
    return frozenset(re.findall(r"[A-Za-z_]\w+", kept))


def named_spans(text: str, words: frozenset[str]) -> list[tuple[int, int]]:
    """Where the text names something of its program text: "the table orders", "the orders table"."""
    if not words:
        return []
    return [
        match.span("keep")
        for pattern in (_NAMED, _NAMED_BEFORE)
        for match in pattern.finditer(text)
        if match["keep"] in words and match["keep"].lower() not in _NO_NAME
    ]
