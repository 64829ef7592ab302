"""Words that look like one of the other language and mean another thing: Danish *frokost* is lunch, Swedish *frukost* breakfast.

Only words whose translation is the same nearly everywhere stand in the tables; the check lets pass what another word of the source
accounts for (*morgenmad* becomes *frukost*).
"""

# ruff: noqa: E501 - tables are read by the line

import re
from functools import cache
from typing import NamedTuple


class _Friend(NamedTuple):
    forms: dict[str, str]
    wrong: re.Pattern[str]
    rightly: re.Pattern[str]


# pair → (forms = translations; what a careless translator writes; what of the source may become that).
_TABLES: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {
    ("da", "sv"): (
        ("frokost=lunch frokosten=lunchen frokoster=luncher", r"frukost\w*", r"morgenmad\w*|morgenbord\w*"),
        ("rolig=lugn roligt=lugnt rolige=lugna", r"rolig(?:t|a|are|ast)?", r"sjov\w*|morsom\w*|skæg\w*|underholdende"),
        ("by=stad byen=staden byer=städer byerne=städerna byens=stadens", r"by(?:n|ar|arna|ns)?", r"landsby\w*"),
        ("blød=mjuk blødt=mjukt bløde=mjuka", r"blöt(?:t|a)?", r"våd\w*|gennemblødt\w*"),
        ("semester=termin semesteret=terminen semestre=terminer", r"semest(?:er|ern|rar)", r"ferie\w*"),
        ("tilbud=erbjudande tilbuddet=erbjudandet tilbuddene=erbjudandena", r"tillbud(?:et|en)?", r"hændelse\w*|uheld\w*"),
    ),
    ("en", "sv"): (
        ("billion=miljard billions=miljarder", r"biljon(?:er)?", r"trillions?"),
        ("eventually=så_småningom", r"eventuellt", r"possibly|perhaps|potentially"),
        ("chef=kock chefs=kockar", r"chef(?:en|er|erna)?", r"boss\w*|managers?|heads?|chiefs?|directors?|leaders?|executives?"),
        ("semester=termin semesters=terminer", r"semest(?:er|ern|rar)", r"holidays?|vacations?"),
        ("fabric=tyg fabrics=tyger", r"fabrik(?:en|er|erna)?", r"factor(?:y|ies)|plants?|mills?"),
        ("preservative=konserveringsmedel preservatives=konserveringsmedel", r"preservativ\w*", r"condoms?"),
    ),
}  # fmt: skip


def false_friends(text: str, source: str, target: str) -> list[tuple[int, int, str]]:
    """Where such words stand: start, end, and their translation."""
    found = []
    for friend in _friends(source[:2], target[:2]):
        for match in re.finditer(rf"\b(?:{'|'.join(friend.forms)})\b", text, re.I):
            becomes = friend.forms[match[0].lower()]
            found.append((match.start(), match.end(), becomes[0].upper() + becomes[1:] if match[0][0].isupper() else becomes))
    return sorted(found)


def friends_kept(text: str, translated: str, languages: tuple[str, str]) -> bool:
    """Whether no such word became the one that it only looks like."""
    for friend in _friends(languages[0][:2], languages[1][:2]):
        if not re.search(rf"\b(?:{'|'.join(friend.forms)})\b", text, re.I):
            continue
        if len(friend.wrong.findall(translated)) > len(friend.rightly.findall(text)):
            return False
    return True


@cache
def _friends(source: str, target: str) -> list[_Friend]:
    friends = []
    for forms, wrong, rightly in _TABLES.get((source, target), ()):
        pairs = [pair.partition("=") for pair in forms.split()]
        table = {form: becomes.replace("_", " ") for form, _, becomes in pairs}
        friends.append(_Friend(table, re.compile(rf"\b(?:{wrong})\b", re.I), re.compile(rf"\b(?:{rightly})\b", re.I)))
    return friends
