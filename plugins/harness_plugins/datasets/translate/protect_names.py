"""Which words of a text are names: they stay as they are unless the other language has a name of its own for the thing."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

# Capitalised words that are translated all the same.
_TRANSLATED = {
    "en": """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december spring summer autumn winter christmas easter halloween thanksgiving ramadan hanukkah god
    lord bible quran internet web english swedish danish norwegian finnish german french spanish italian portuguese dutch
    polish russian chinese japanese korean arabic turkish greek latin hebrew hindi european american british irish
    scottish welsh canadian australian african asian indian mexican brazilian egyptian roman nordic scandinavian christian
    christianity muslim islam islamic jewish judaism buddhist buddhism hindu hinduism catholic protestant england scotland
    ireland britain wales germany france spain italy portugal netherlands holland belgium switzerland austria poland
    czechia hungary greece turkey russia ukraine norway sweden denmark finland iceland estonia latvia lithuania america
    africa asia europe australia antarctica china japan korea india egypt brazil mexico cuba romania bulgaria serbia
    croatia slovenia slovakia albania macedonia cyprus malta luxembourg lebanon syria iraq iran jordan israel palestine
    ethiopia morocco algeria tunisia libya kenya tanzania zambia philippines thailand cambodia mongolia copenhagen rome
    moscow athens warsaw prague vienna geneva brussels munich cologne lisbon beijing cairo jerusalem venice florence milan
    naples gothenburg atlantic pacific baltic mediterranean arctic antarctic north south east west northern southern
    eastern western earth sun moon universe president prime minister king queen prince princess emperor pope doctor
    professor mr mrs ms miss sir dear university college school hospital museum church street road avenue river lake sea
    ocean mountain island city state states united kingdom republic union world war nations council parliament congress
    government court ministry department party army navy question answer title name date subject author input output text
    sentence example note summary hello hi yes no thanks""",
    "da": """gud jorden solen månen internettet bibelen koranen danmark københavn norge sverige finland island tyskland england
    frankrig spanien italien portugal holland nederlandene belgien schweiz østrig polen tjekkiet ungarn grækenland tyrkiet
    rusland ukraine estland letland litauen amerika afrika asien europa australien antarktis kina japan korea indien
    egypten brasilien mexico rumænien bulgarien serbien kroatien slovenien slovakiet cypern libanon syrien irak iran
    jordan israel palæstina etiopien marokko algeriet tunesien libyen filippinerne thailand rom moskva athen warszawa prag
    wien bruxelles münchen köln lissabon beijing kairo jerusalem venedig firenze milano napoli göteborg atlanterhavet
    stillehavet østersøen middelhavet nordsøen bornholm sjælland fyn jylland skåne nordpolen sydpolen usa storbritannien
    irland skotland de i jer deres dem jeres færøerne grønland øresund helsingør spørgsmål svar titel navn dato emne
    forfatter tekst sætning eksempel kære hej ja nej tak""",
}
# Given names that are words as well: they are names where they are capitalised inside a sentence, whatever else the text says.
_GIVEN = {
    "en": """will rose mark grace hope faith joy bill jack frank art pat sue rob bob drew grant chase hunter lily
    daisy violet ivy olive ruby pearl amber jade ginger dawn melody harmony iris heather holly hazel willow robin jay
    skip miles max rich nick dean gene dale glen cliff heath wade ray reed basil penny patience prudence charity
    chance chip chuck don josh lance victor sage skye sandy rusty buddy colt forrest gale guy hank lane marina peg
    pierce randy trip""",
    "da": "bo bjørn sten dag liv vibe maj ask storm ravn lærke rose viol falk bror even kaj mark frank sander sol svend vår",
}
_MODAL = re.compile(
    r"\s+(?:I|you|he|she|it|we|they|there|this|that|the|these|those|a|an|my|your|his|her|its|our|their|any|all|not)\b"
)
_SMALL = """
an and are as at but by can could de den der det did do does du eller en er et for fra from han he her his hun hvad hvem hvis
hvor i if ikke in is it jeg kan may med men my not når of og on or our på she should skal so som that the their these they
this those til to vi vil was we when while will with would you your
"""
_FUNCTION = frozenset(_SMALL.split())
_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
_START = re.compile(r"""(?:\A|[.!?:;…\n]|[-•*>|)\]]|\d\.)[\s"'“”‘’«»(\[*_]*\Z|["“”«»(\[*_]\Z""")
_LONG, _LONGER = 7, 10  # letters of a name that may come back as a common noun of like spelling, or in another spelling
_LANGUAGES = frozenset({"en", "da", "sv", "nb", "nn", "no", "nl", "fr", "es", "it", "pt"})


def names_in(texts: Iterable[str], language: str) -> frozenset[str]:
    """Capitalised words inside sentences that never stand in lower case; lines in title case do not count.

    Only for languages that capitalise names alone (German gives none).
    """
    if language[:2] not in _LANGUAGES:
        return frozenset()
    known = frozenset(_TRANSLATED.get(language[:2], "").split()) | _FUNCTION
    found: set[str] = set()
    lower: set[str] = set()
    for text in texts:
        for line in text.splitlines():
            words = list(_WORD.finditer(line))
            lower.update(word[0] for word in words if word[0][0].islower())
            content = [word[0] for word in words if word[0].lower() not in _FUNCTION]
            titled = sum(word[0].isupper() for word in content)
            if len(content) >= 3 and titled > 0.85 * len(content) and not line.rstrip().endswith((".", "!", "?")):
                continue
            for word in words:
                if not _START.search(line[: word.start()]):
                    found.update(part for part in _parts(word[0]) if _is_name(part))
    genitive = "" if language[:2] == "en" else "s"  # Danmarks
    given = frozenset(_GIVEN.get(language[:2], "").split())
    named = frozenset(word for word in found if word.lower() in given)
    return named | frozenset(
        word for word in found - lower if not {word.lower(), word.lower().removesuffix(genitive)} & (known | lower)
    )


def is_kept(name: str, text: str) -> bool:
    """Whether the name is in the text, as it is or (a long one) as the other language writes it: Eiffeltornet, kommissionen."""
    if name in text:
        return True
    if len(name) > 4 and re.search(rf"\b{re.escape(name.rstrip('aeiouy'))}(?:us|os|es|is|as|on)\b", text):
        return True  # Neptune, Neptunus; Homer, Homeros
    if len(name) < _LONG:
        return False
    return any(
        (len(name) >= _LONGER or word[0][0].islower())
        and abs(len(word[0]) - len(name)) <= 3
        and SequenceMatcher(None, name.casefold(), word[0].casefold(), autojunk=False).ratio() >= 0.75
        for word in _WORD.finditer(text)
    )


def name_spans(text: str, names: frozenset[str]) -> list[tuple[int, int]]:
    """Where these names stand; names beside each other are one span."""
    spans: list[tuple[int, int]] = []
    for word in re.finditer(r"[^\W\d_]+(?:[’'][^\W\d_]+)*", text):
        stem = _stem(word[0])
        if stem not in names or (stem == "Will" and _START.search(text[: word.start()]) and _MODAL.match(text, word.end())):
            continue
        if spans and text[spans[-1][1] : word.start()] in (" ", "-", ". "):
            spans[-1] = (spans[-1][0], word.start() + len(stem))
        else:
            spans.append((word.start(), word.start() + len(stem)))
    return spans


def _parts(word: str) -> list[str]:
    """The parts of a compound that can be names: `Louvre` of `Louvre-museet`, both of `Anne-Marie`."""
    return [_stem(part) for part in word.split("-")]


def _is_name(word: str) -> bool:
    return word[0].isupper() and len(word) > 1 and not word.isupper() and not word.startswith(("I'", "I’"))


def _stem(word: str) -> str:
    """A name without its genitive."""
    return re.sub(r"['’]s?\Z", "", word)
