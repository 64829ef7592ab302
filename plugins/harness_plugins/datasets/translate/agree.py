"""Words that a row's fields share: what is to become the same in each of them, and whether it did."""

# ruff: noqa: E501 - patterns are read by the line

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from harness_plugins.datasets.translate.protect import phrase

_QUOTED = re.compile(
    r"\"(?P<a>[^\"\n]{1,120})\"|“(?P<b>[^“”\n]{1,120})”|”(?P<e>[^”\n]{1,120})”|«(?P<c>[^«»\n]{1,120})»|(?<!\w)['‘](?P<d>[^'‘’\n]{1,60})['’](?!\w)"
)
# Quoted strings before another one in a list: `the keys "a", "b" and "c"`.
_LISTING = re.compile(r"(?:[\"“”'‘’«»][^\"“”«»\n]{1,60}[\"“”'‘’«»]\s*(?:,|and|or|og|eller|,\s*and|/)\s*)+\Z")
# A quoted string is the string itself where words like these stand before it.
_EXACT = re.compile(
    r"\b(?:exact(?:ly)?|verbatim|literal(?:ly)?|strings?|commands?|buttons?|keys?|tags?|labels?|prefix|suffix|keywords?|hashtags?|regex|regular expressions?|regulær\w* udtryk|patterns?|"
    r"(?:error )?messages?|errors?|warnings?|prints?|says?|displays?|shows?|menu|setting|option named|fejl(?:meddelelse\w*)?|meddelelsen|beskeden|nøgle(?:n|rne)|"
    r"passwords?|codes?|codewords?|headers?|columns?|fields?|files?|folders?|variables?|functions?|markers?|tokens?|signature|præcis|nøjagtig\w*|strengen|"
    r"knappen|kommandoen|koden|feltet|kolonnen|filen|mærket|etiketten)\W+(?:\w+\W+){0,3}\Z",
    re.I,
)
_TERM_WORDS = 12
_ANSWER = 300  # characters of an answer that may be a stretch of the input
_LISTED = 12
_COMMON = """
about above after again alle also although always among andre another answer answers because been before being below best better
between blev blive bliver both bruge bruges came change choose classify come compare complete consider contain contains convert
could create decide deres describe determine dette different disse does doing done down each efter either eksempel eller else
endnu even every example examples explain explanation fact facts find first follow following fordi form from følgende gave
general generate gerne gets give given gives givet giving goes going good great group haft havde have having help here high
however hver hvilke hvilken hvilket hvis hvor hvordan hvorfor identify ikke include including indeholder inden information ingen
input instruction instructions into just keep kind know known kunne large last lave least less ligger like list liste little
long look made main make makes making mange many mean means meget mellem might more most much must måde name need needs never
next noget nogle number numbers often også once only opgave option options ord other output over own paragraph part parts
passage people person phrase place please point problem provide provided question questions read reason result return rewrite
right same samme says second sentence sentences several shall should show sige since sine skal skriv skrive skulle some
something sort spørgsmål state statement still such suggest sure svar sætning sætninger take task tekst tekste tell text than
that their them then there these they thing things think this those though three through til tilføj time times title today
together topic translate true type under until upon used useful user uses using usually various very vælg være været want ways
well were what when where whether which while will with within without word words work would write writing wrong year years your
"""
_PLAIN = frozenset(_COMMON.split())
_WORD = re.compile(r"[^\W\d_]{4,}")


class Link(NamedTuple):
    """A phrase that stands in several fields. `verbatim`: it stays as it is; else it gets one translation."""

    term: str
    verbatim: bool


def quoted(text: str) -> list[tuple[str, str]]:
    """Quoted strings, each with the text before it."""
    return [
        (next(part for part in match.groups() if part is not None).strip(), text[: match.start()])
        for match in _QUOTED.finditer(text)
    ]


def quoted_links(texts: Mapping[str, str], kept: str = "") -> list[Link]:
    """Quoted strings that stand in another field too, or that are meant to the letter ("the exact phrase", "the button").

    `kept`: what of the row stays as it is (program text, JSON); what stands in it too is kept as well.
    """
    found: dict[str, bool] = {}
    for name, text in texts.items():
        others = "\n".join(other for key, other in texts.items() if key != name)
        for string, before in quoted(text):
            term = string.strip(" .,;:!?")
            if not term or len(term.split()) > _TERM_WORDS or not re.search(r"\w", term):
                continue
            exact = bool(_EXACT.search(_LISTING.sub("", before)[-60:])) or phrase(term).search(kept) is not None
            if exact or phrase(term).search(others):
                found[term.casefold()] = found.get(term.casefold(), False) or exact
    return [Link(term, exact) for term, exact in sorted(found.items())]


def answer_terms(texts: Mapping[str, str], answer: str) -> list[str]:
    """What of the answer stands word for word in what is asked: the whole of it, or items of a list that it is."""
    whole = answer.strip().strip(".!?\"'“”").strip()
    if not whole or len(whole) > _ANSWER or ("\n" in whole and len(whole.splitlines()) > _LISTED):
        return []
    asked = "\n".join(texts.values())
    if "\n" not in whole and _holds(asked, whole):
        return [whole]
    items = [item.strip().strip(".-*• ").strip() for item in re.split(r"[\n,;]|\s->\s|:\s", answer)]
    items = [re.sub(r"^\(?[\da-zA-Z][.)]\s+", "", item) for item in items if item]
    short = [item for item in items if len(item.split()) <= 5 and re.search(r"[^\W\d_]{2}", item) and _holds(asked, item)]
    if len(items) > _LISTED or len(short) * 2 < len(items):
        return []
    return list(dict.fromkeys(short))


def shared_words(texts: Mapping[str, str], most: int = 8) -> list[str]:
    """Words of content that stand in two fields or more, the longest first: what is likely to be the subject of the row."""
    fields: dict[str, set[str]] = {}
    for name, text in texts.items():
        for word in _WORD.findall(text):
            if word.casefold() not in _PLAIN:
                fields.setdefault(word.casefold(), set()).add(name)
    common = [word for word, names in fields.items() if len(names) >= 2]
    return sorted(sorted(common), key=len, reverse=True)[:most]


_DEFINED = re.compile(
    r"\b(?:the (?:term|concept|notion|phrase|expression)(?: of)?|begrebet|termen|udtrykket|fænomenet)\s+[\"“'‘]?(?P<a>[^\W\d_]+(?:[ -][^\W\d_]+){0,2})|"
    r"\bmeant by (?:the )?(?:term )?[\"“'‘]?(?P<b>[^\W\d_]+(?:[ -][^\W\d_]+){0,2})|"
    r"^\W*(?P<c>[^\W\d_]+(?: [^\W\d_]+)?) (?:is defined as|refers to|defineres som)",
    re.I | re.M,
)


def defined_terms(texts: Mapping[str, str]) -> list[str]:
    """Terms that the row names as such ("the term opportunity cost means …") and uses in two fields: its longest stretch of words."""
    found: dict[str, None] = {}
    for text in texts.values():
        for match in _DEFINED.finditer(text):
            words = next(part for part in match.groups() if part).casefold().split()
            for length in range(len(words), 0, -1):
                term = " ".join(words[:length])
                held = sum(_holds(other, term) for other in texts.values())
                if held > 1 and words[length - 1] not in _PLAIN and len(words[length - 1]) > 3:
                    found[term] = None
                    break
    return list(found)


_DETERMINERS = {
    "en": "a|an|the|this|that|these|those|each|every|my|your|his|her|its|our|their|of|no|some|any|which|what",
    "da": "en|et|den|det|de|denne|dette|disse|hver|hvert|min|mit|din|dit|hans|hendes|sin|sit|vores|deres|af|ingen|intet|hvilken|hvilket",
}


def noun_like(texts: Iterable[str], word: str, language: str) -> bool:
    """Whether the word, in every text that holds it, stands behind a determiner (or an adjective after one) at least once."""
    before = _DETERMINERS.get(language[:2])
    if before is None:
        return False
    pattern = re.compile(rf"\b(?:{before})\s+(?:\w+\s+)?{re.escape(word)}\b", re.I)
    return all(pattern.search(text) or len(text.split()) <= 3 for text in texts if phrase(word).search(text))


def delimited(text: str, term: str) -> bool:
    """Whether the term stands by itself in the text: a line, an item of a list, an option between commas or slashes."""
    edge = r"(?:^|[,;:/|()\[\]\"“”'‘’\n]|\bor\b|\band\b|\beller\b|\bog\b|\boch\b|[-•*]|\(?\b[\w]{1,2}[.)])\s*"
    after = r"\s*(?:$|[,;:/|()\[\]\"“”'‘’\n.?!]|\bor\b|\band\b|\beller\b|\bog\b|\boch\b)"
    return re.search(f"{edge}{re.escape(term)}{after}", text, re.I | re.M) is not None


def agrees(text: str, term: str, exact: bool) -> bool:
    """Whether the text holds the term: word for word, or (not `exact`) in another form of its words."""
    term = term.strip().strip(".!?\"'“”").strip()
    if not term or phrase(term).search(text):
        return True
    if exact:
        return False
    words = [re.escape(word[: max(3, round(len(word) * 0.7))]) for word in re.findall(r"\w+", term)]
    return bool(words) and re.search(r"(?<!\w)" + r"\w*\W+(?:\w+\W+)?".join(words), text, re.I) is not None


def common_stem(texts: Iterable[str]) -> set[str]:
    """Beginnings of words that all the texts hold."""
    stems = [
        {word.casefold()[:3] for word in re.findall(r"[^\W\d_]{3,}", text) if word.casefold() not in _PLAIN} for text in texts
    ]
    return set.intersection(*stems) if stems else set()


def _holds(text: str, term: str) -> bool:
    return phrase(term).search(text) is not None
