"""What a licence string says beside the licences that it names: words that are harmless, and words that may restrict."""

import re
from typing import NamedTuple

from harness.report.texts import shown


class Beside(NamedTuple):
    """What stands beside the known names: `words` that nobody has read for harmless, and restrictions that they tell of.

    `words` is empty where nothing is left over that could mean something.
    """

    words: str
    non_commercial: bool
    share_alike: bool
    no_derivatives: bool


def beside(rest: str) -> Beside:
    """Reads the string without its licences' names (a `|` in the place of each)."""
    text = _STARRED.sub(r"\1", rest.strip())
    broken = shown(text) != text or len(text.splitlines()) > 1
    left = _left_over(text)
    if not left and not broken:
        return Beside("", False, False, False)
    return Beside(
        " ".join(shown(left).split()) or "characters that cannot be seen, or lines",
        non_commercial=bool(_NOT_COMMERCIAL.search(left)),
        share_alike=bool(_SHARE_ALIKE.search(left)),
        no_derivatives=bool(_NO_DERIVATIVES.search(left)),
    )


def with_names_for_links(text: str) -> str:
    """The string with links to well-known licences written as their names, links to licence files as `LICENSE`, and the GNU
    licences' long names as their short ones."""
    return _GNU_NAME.sub(_gnu, _LINK.sub(_linked, text))


def _linked(match: re.Match[str]) -> str:
    """A space on both sides, so that what stood beside the link is not read as part of the name."""
    address = match[0].rstrip(".,;:)").casefold()
    end = match[0][len(address) :]
    for pattern, name in _KNOWN_LINKS:
        if found := pattern.fullmatch(address):
            return f" {found.expand(name)} {end}"
    return f" LICENSE {end}" if _LICENCE_FILE.search(address) else match[0].replace("/", "\\")  # no name is read in an address


def _gnu(match: re.Match[str]) -> str:
    return {"lesser": "LGPL", "affero": "AGPL"}.get((match["gnu_sort"] or "").strip().casefold(), "GPL")


def _left_over(text: str) -> str:
    """The words that are not harmless, with their punctuation; a negation keeps all that stands with it."""
    kept = _PARTS.sub(lambda match: match[0] if _LOUD.search(match[1]) else " ", text)
    words = [word for word in re.split(r"[\s|,;:.()\[\]/&\"'“”–—-]+|\+(?=\s*[\w|])", kept) if word]
    if all(word.casefold() in _HARMLESS for word in words):
        return ""
    return " ".join(text.replace("|", " ").split()).strip(" ,;:.")


_STARRED = re.compile(r"\*(\w+)\*")
_HARMLESS_WORDS = """
licence licences license licenses licensed lisens licens licensen the a an of in as is are it its this that these each
all every by for under from see per and or both und och eller med under released available published distributed
copied states stated here to given covers come comes which where code data dataset datasets corpus text texts file
files folder folders repository package collection rows row material contents content documentation metadata sheet
readme copying md txt annotations dev test train original underlying international unported generic universal
public worldwide dedication copyright version debian spdx
"""
_HARMLESS = frozenset(_HARMLESS_WORDS.split())
# The name of a part before what it is: `Alpaca data`, `SweWiC dev/test`.
_PARTS = re.compile(
    r"\b([^\W\d_][\w-]*)\s+(?:data|dataset|corpus|code|texts?|seeds|questions|translations?|annotations|dev|test|train)\b",
    re.IGNORECASE,
)
_LOUD = re.compile(
    r"(?i)^(?:no|not|non|non-\w+|nor|never|none|only|just|but|except\w*|without|unless|until|excluding|minus|modified|custom|limited|"
    r"restricted|partial\w*|some|may|must|cannot|if|ej|inte|icke|ikke|ingen|inga|inget|bara|endast|kun|utom|förutom|utan|uden|"
    r"\w*commerc\w*|\w*kommers\w*|research|academic|educational|personal|private|internal|evaluation|forskning\w*)$"
)
_NO = r"\b(?:no|not|non|never|without|prohibit\w*|forbid\w*|forbidden|exclud\w*|except\w*|ej|inte|icke|ikke|ingen|utan|uden)"
_PURPOSE = r"(?:research|academ|scientific|scholar|educat|personal|private|internal|evaluation|hobby|non-?profit)\w*"
_NOT_COMMERCIAL = re.compile(
    rf"(?is){_NO}.*(?:commerc|kommers)|(?:commerc|kommers).*{_NO}|(?<![a-z])nc(?![a-z])|"
    rf"\b{_PURPOSE}(?:\W+\w+){{0,2}}?\W+(?:only|uses?|purposes?)\b|\b(?:for|only|solely)\W+(?:\w+\W+){{0,2}}?{_PURPOSE}|"
    r"\b(?:forskning|akademisk|undervisning|utbildning|privat)"
)
_SHARE_ALIKE = re.compile(r"(?i)share[\s-]*alike|copyleft|(?<![a-z])sa(?![a-z])")
_NO_DERIVATIVES = re.compile(rf"(?is){_NO}.*(?:deriv|adapt|modif|translat|bearbet)|noderiv|(?<![a-z])nd(?![a-z])")
_LINK = re.compile(r"https?://[^\s<>\"']+|www\.[^\s<>\"']+", re.IGNORECASE)
_CC = r"https?://(?:www\.)?creativecommons\.org"
_KNOWN_LINKS = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (_CC + r"/licenses/(by(?:-nc)?(?:-sa|-nd)?)/(\d\.\d)(?:/(?:legalcode|deed)?(?:\.\w\w)?)?", r"CC-\1-\2"),
        (_CC + r"/publicdomain/zero/1\.0(?:/(?:legalcode|deed)?(?:\.\w\w)?)?", "CC0-1.0"),
        (_CC + r"/publicdomain/mark/1\.0(?:/(?:deed)?(?:\.\w\w)?)?", "public domain"),
        (r"https?://(?:www\.)?opensource\.org/licenses?/mit(?:/|-license(?:\.php)?)?", "MIT"),
        (r"https?://(?:www\.)?apache\.org/licenses/license-2\.0(?:\.txt|\.html)?", "Apache-2.0"),
        (r"https?://(?:www\.)?gnu\.org/licenses/(a?gpl|lgpl)-(\d\.\d)(?:\.\w+)*", r"\1-\2"),
        (r"https?://(?:www\.)?spdx\.org/licenses/([a-z0-9.-]+?)(?:\.html)?", r"\1"),
    )
)
_LICENCE_FILE = re.compile(r"/(?:licen[cs]e|copying)(?:\.md|\.txt)?$")
_GNU_NAME = re.compile(
    r"\bGNU (?P<gnu_sort>lesser |affero )?general public licen[cs]e(?:,? version)?(?: v(?=\d))?", re.IGNORECASE
)
