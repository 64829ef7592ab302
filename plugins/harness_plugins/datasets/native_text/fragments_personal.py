"""Personal data in a text, by kind and place. What was found is never part of a message."""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}\b")
_PHONE = re.compile(
    r"(?<![\w/.,:-])(?<!\d[\s\u00a0])(?:\+\s?[1-9]\d{1,2}|00[1-9]\d|0(?=[1-9]))(?:[\s\u00a0]?\(0\))?[\s\u00a0-]{0,2}\d"
    r"(?:[\s\u00a0]?[-–/]?[\s\u00a0]?\d){5,11}(?![\w/]|[.,-]\d)"
)
_SERVICE = re.compile(r"0(?:20|77\d|200|900|939|944)")  # numbers that belong to no person: free, shared cost, pay
_PERSON = re.compile(
    r"(?<![\d-])(?:(?:18|19|20)\d{2}|\d{2})(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]|[6-8]\d|9[01])\s?[-+]?\s?\d{4}(?![\d-])"
)
_STREET = re.compile(
    r"\b(?:[A-ZÅÄÖ][\wåäöé-]{2,40}(?:gatan|vägen|gränd(?:en)?|stigen|all[ée]n?|torget|backen|kajen|plan|platsen|esplanaden)"
    r"|(?:[A-ZÅÄÖ][\wåäöé-]{1,40}\s){1,2}(?:[Gg]atan?|[Vv]äg(?:en)?|[Ss]tig(?:en)?|[Tt]org(?:et)?|[Gg]ränd|[Pp]lats|[Aa]llé))"
    r"\s+\d{1,3}\s?(?:[A-Ha-h]\b)?(?!\s*(?:kap|§|%|kr|procent|meter|km|m\b|år\b|\d))"
)
_POSTCODE = re.compile(r"(?<!\d)(?:S(?:E)?-)?\d{3}[\s\u00a0]\d{2}[\s\u00a0]+[A-ZÅÄÖ][a-zåäö]{2,}")
_BOX = re.compile(r"\b[Bb]ox\s+\d{1,5},?\s*(?=\d{3})")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[\s\u00a0]?[A-Z0-9]{4}){2,7}(?:[\s\u00a0]?[A-Z0-9]{1,3})?(?!\w)")
_CARD = re.compile(
    r"(?<![\d.,-])[2-6]\d{3}(?:[\s\u00a0-]?\d{4}){2}[\s\u00a0-]?\d{1,7}(?![\d-]|[.,]\d)|(?<!\d)3[47]\d{2}[\s-]?\d{6}[\s-]?\d{5}(?!\d)"
)
_IP = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


class Personal(NamedTuple):
    """A piece of personal data: its kind (`e-mail`, `phone`, `personal-identity-number`, `street-address`, `iban`, `card`,
    `ip-address`), and where it stands."""

    kind: str
    start: int
    end: int


def personal_data(text: str) -> list[Personal]:
    """What a text holds of it, in the order of its places; where two overlap, the one with the stricter check."""
    found: list[Personal] = []
    for one in _all(text):
        if not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    values = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in values) % 10 == 0


def is_person_number(text: str) -> bool:
    """Whether it is a Swedish personal identity or coordination number: a date (of which the day may be 60 more) and a digit that
    checks (Luhn over ten digits). Numbers of organisations have no month in that place."""
    digits = re.sub(r"\D", "", text)
    century, short = (digits[:2], digits[2:]) if len(digits) == 12 else ("", digits)
    if len(short) != 10 or not luhn(short):
        return False
    day = int(short[4:6])
    years = [int(century + short[:2])] if century else [1900 + int(short[:2]), 2000 + int(short[:2])]
    return any(_is_date(year, int(short[2:4]), day - 60 if day > 60 else day) for year in years)


def is_iban(text: str) -> bool:
    """Whether the check digits of an account number are right (ISO 13616: remainder 1 modulo 97)."""
    plain = re.sub(r"\s", "", text)
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def _all(text: str) -> Iterator[Personal]:
    """The kinds in the order of how sure they are."""
    for found in _EMAIL.finditer(text):
        yield Personal("e-mail", *found.span())
    for found in _IBAN.finditer(text):
        if is_iban(found.group()):
            yield Personal("iban", *found.span())
    for found in _PERSON.finditer(text):
        if is_person_number(found.group()):
            yield Personal("personal-identity-number", *found.span())
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found.group())
        if 13 <= len(digits) <= 19 and luhn(digits):
            yield Personal("card", *found.span())
    for found in _IP.finditer(text):
        parts = [int(part) for part in found.group().split(".")]
        if max(parts) < 256 and max(parts) > 9:  # else it is a version, or the number of a section
            yield Personal("ip-address", *found.span())
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found.group())
        separated = bool(re.search(r"[\s\u00a0-]", found.group())) or found.group().startswith(("+", "07"))
        if 8 <= len(digits) <= 13 and separated and not _SERVICE.match(digits):
            yield Personal("phone", *found.span())
    for pattern in (_STREET, _POSTCODE, _BOX):
        for found in pattern.finditer(text):
            yield Personal("street-address", *found.span())


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
