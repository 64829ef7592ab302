"""What speaks against a fragment: each filter is one function that gives a reason, or None.

The words are Swedish ones (with some English), since the text is: a filter that knows nothing of a language finds nothing in it.
Patterns were written from what Swedish pages say in general and looked at on the texts of `zaragoza-construction-faq` (adverts)
and on SweQUAD's contexts; how they do on fragments that were labelled beforehand is in decision 43.
"""

import re
from collections.abc import Sequence

from harness_plugins.datasets.native_text.fragment import Filter, Fragment, Reason
from harness_plugins.datasets.native_text.fragments_languages import foreign_language
from harness_plugins.datasets.native_text.fragments_personal import personal_data

_SENTENCE_END = re.compile(r"""[.!?…][\s"'”’»)\]]*\Z|[\w)]["”»]\Z""")
_CUT = re.compile(r"(?i)(?:,|;|\b(?:och|eller|samt|men|att|som|av|för|med|till))\Z")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+|\n|\Z)")
_SHORT = 25  # words up to which a block that says such a thing says nothing else


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("(?i)" + "|".join(rf"(?:{pattern})" for pattern in patterns))


_MENU = _any(
    r"\b(?:läs mer|läs vidare|läs hela|klicka här|visa (?:mer|alla|fler)|skriv ut|tipsa|lyssna på sidan)\b",
    r"\b(?:till toppen|till innehållet|hoppa till|gå till (?:start|sök|inneh)|tillbaka till|föregående sida|nästa sida)",
    r"\b(?:dela (?:på|via|sidan|artikeln)|logga in|mina sidor|kontakta oss|följ oss|nyhetsbrev|prenumerera)\b",
    r"\b(?:sök på (?:webbplatsen|sidan)|webbkarta|tillgänglighetsredogörelse|om webbplatsen|sidansvarig)\b",
    r"\bsenast (?:uppdaterad|granskad|ändrad)\b|\bsidan uppdaterades\b|\bpublicerad(?:es)? (?:den )?\d",
    r"\bhjälpte (?:informationen|sidan)\b|\bladda ner\b|\bbeställ (?:här|trycksak)|\brelaterad(?:e)? (?:länkar|information)\b",
    r"\blänk till annan webbplats\b|\böppnas i nytt fönster\b",
    r"\b(?:read more|click here|back to top|skip to content|sign in|subscribe)\b",
)
_COOKIES = _any(
    r"\b(?:vi|webbplatsen|sidan|sajten|denna webbplats)\b[^.]{0,40}\banvänder\b[^.]{0,20}\b(?:kakor|cookies)\b",
    r"\b(?:acceptera|godkänn|tillåt|hantera)\w*\b[^.]{0,20}\b(?:kakor|cookies)\b",
    r"\b(?:this (?:site|website)|we) uses? cookies\b",
)
_COPYRIGHT = re.compile(
    r"(?:©|\([cC]\)|\b[cC]opyright\b)\s*(?:©\s*)?(?:\d{4}|[A-ZÅÄÖ])|(?i:\balla rättigheter (?:är )?förbehållna\b)"
    r"|(?i:\ball rights reserved\b|\bansvarig utgivare\s*:)"
)
_OUTAGE = _any(
    r"\bplanerat underhåll\b", r"\bförekomma störningar\b", r"\bvi beklagar eventuella\b", r"\bjavascript\b[^.]{0,30}\baktiver"
)
_CALL = _any(
    r"\A(?:köp|beställ|boka|ring|kontakta|mejla|maila|hör av dig|skaffa|prova|testa|välj|anlita|begär|få|läs mer)\b[^.!?]{0,60}"
    r"\b(?:oss|nu|idag|online|offert\w*|rådgivning|konsultation|hembesök|gratis|kostnadsfri\w*|erbjudande\w*|rabatt\w*|medlem)\b",
    r"\b(?:kontakta|ring|mejla|maila|anlita|boka|beställ(?:a)? (?:från|hos|av)|hör av dig till|vänd dig till) oss\b",
    r"\b(?:vi|hos oss|vårt team|våra (?:experter|konsulter|hantverkare))\b[^.!?]{0,60}"
    r"\b(?:hjälper dig|erbjuder|skräddarsy\w*|garanterar|levererar till|står redo)\b",
    r"\b(?:kostnadsfri|gratis|fri)\w*\s+(?:offert|konsultation|rådgivning|hembesök|besiktning|frakt|provperiod)\w*",
    r"\b(?:fri frakt|bästa pris\w*|begränsat erbjudande|kampanjpris|läs mer om våra tjänster|buy now|order now)\b",
    r"\Apassa på (?:nu|att (?:köpa|beställa|boka|prova|anmäla))\b[^.!?]*!",
)
_FIRM = re.compile(r"\b[A-ZÅÄÖ][\w&-]{1,40}(?:\s[A-ZÅÄÖ][\w&-]{1,40}){0,2}\s(?:AB|HB|KB|Aktiebolag)\b")
_SERVES = (
    r"(?:hjälper|erbjuder|utför|levererar|hanterar|samordnar|ansvarar|projekterar|tillhandahåller|säkerställer|bistår|"
    r"rekommenderar|"
    r"genomför|dokumenterar|offererar|inkluderar|anlitar|installerar|lämnar|deklarerar|granskar|upprättar|planerar|kontrollerar|"
    r"innehar|sköter|bygger|monterar|renoverar|besiktigar|garanterar|tar|gör|skriver|ger|har|följer|använder|håller|arbetar)"
)
_FIRM_SERVES = re.compile(
    rf"\A(?:[Vv]i på |[Hh]os )?{_FIRM.pattern}\s+(?:\w+\s+)?{_SERVES}\b"
    rf"|\b(?:kontakta|ring|boka|anlita|hos|via|av)\s+{_FIRM.pattern}"
)
_SIGNS_OFF = re.compile(
    rf"\A{_FIRM.pattern}\s+(?:\w+\s+)?\w+r\b|\bmed {_FIRM.pattern}\W*\Z"
)  # the last sentence, in the present tense
_CODE = re.compile(
    r"^\s*(?:def |class |import |from \w+ import|#include|public |private |function\s+\w*\(|var |let |const |return\b.*;)"
    r"|^\s*(?:if\s*\(.*\)\s*\{|for\s*\(|while\s*\(|<\?php|SELECT\s.+\sFROM\b|\d{2,5}\s+(?:PRINT|GOTO|LET|FOR|POKE|INPUT)\b)"
    r"|[;{}]\s*$|</?\w{1,20}[^<>]{0,200}>\s*$|\b\w{1,60}\([^()]{0,200}\)\s*;"
)
_MOJIBAKE = re.compile(
    r"Ã[\u0080-\u00bf\u0152-\u2122]|Â[\u00a0-\u00bf]|â€[\u0080-\u00bf\u0152-\u2122]|ï»¿|\ufffd|[\u0080-\u0084\u0086-\u009f]"
    r"|[a-zåäö]\?[a-zåäö]|&(?:[a-z]{2,8}|#\d{2,5});|\\u00[0-9a-f]{2}"
)
_HYPHENS = re.compile(r"\u00ad|[a-zåäö]- ?\n[a-zåäö]|(?<=[a-zåäö]{3})-(?=(?:männen|ningen|heten|ningar)\b)")
_MARKUP = re.compile(r"(?m)#{2,6} \w|\*\*\w|\]\(https?:|^[ \t]*\|.*\|[ \t]*$|\[\d+\]|\{\{|\}\}|<br ?/?>")
_ELSEWHERE = _any(
    r"\b(?:se|jfr|jämför|i|av|enligt|på|från)\s+(?:(?:även|också|ovanstående|nedanstående|följande)\s+)?"
    r"(?:figur|bild|tabell|diagram|faktaruta|bilaga|kapitel|avsnitt|not|fotnot)\b\.?\s*\d+",
    r"\b(?:se|jfr|jämför) (?:även |också )?(?:på )?(?:sidan?|sid|s)\b\.?\s*\d+",
    r"\b(?:figur|bild|tabell|diagramm|kart|faktarut|rut|länk|list)(?:en|et|an|arna|orna)\s+"
    r"(?:ovan|nedan|till (?:höger|vänster))\b",
    r"\b(?:ovanstående|nedanstående)\s+(?:figur|bild|tabell|diagram|karta|länk|lista|text|avsnitt)\w*",
    r"\bi (?:nästa|föregående|förra|tidigare|ett senare|senare|följande|det här|detta|kommande) (?:kapitel|avsnitt)\w*",
    r"\b(?:som|vilket) (?:vi|jag) (?:snart|senare|strax|tidigare|redan|nyss)?\s*(?:ska|skall|kommer att|har|nämnde|såg|beskrev)\b"
    r"[^.]{0,20}\b(?:se|introducera|återkomma|beskriva|nämnt|sett|beskrivit|berättat|visa|ovan|nedan|tidigare|längre fram)\b",
    r"\b(?:jag|vi) (?:återkommer|ska återkomma|skall återkomma)\b",
    r"\bsom (?:jag|vi) (?:nämnde|beskrev|såg|sade|sa) (?:tidigare|ovan)\b",
    r"\bmer om (?:\w{1,40} ){1,4}(?:längre fram|senare|nedan|följer|i (?:nästa|avsnitt|kapitel))\b",
    r"\b(?:se|läs) (?:(?:länk\w*|mer|rubriken) )?(?:ovan|nedan|längre (?:ned|fram|ner))\b",
    r"\b(?:som|vilket) (?:nämnts|nämndes|beskrivits|framgår|visas|sagts) (?:ovan|nedan|tidigare)\b",
)
_POINTER = _any(
    r"\A(?:läs (?:mer|om|även|vidare)|mer (?:information|om)|se (?:även|också|mer)|för mer information)\b",
    r"\A(?:här (?:hittar|kan) du|ta del av)\b",
)


def boilerplate(fragment: Fragment) -> Reason | None:
    """Menus, cookie notices, copyright lines, notices about the page itself: a short text that says such a thing."""
    text = fragment.text
    if fragment.share("navigation") > 0.5:
        return Reason("boilerplate", "navigation")
    if _COOKIES.search(text) and fragment.words < 4 * _SHORT:
        return Reason("boilerplate", "cookie notice")
    if _COPYRIGHT.search(text) and fragment.words <= _SHORT:
        return Reason("boilerplate", "copyright line")
    if _OUTAGE.search(text) and fragment.words <= 2 * _SHORT:
        return Reason("boilerplate", "notice about the site")
    if fragment.words <= _SHORT and (_POINTER.match(text) or (_MENU.search(text) and not _is_prose(text))):
        return Reason("boilerplate", "menu or pointer")
    return None


def footnote(fragment: Fragment) -> Reason | None:
    """A note to another text."""
    return Reason("footnote") if fragment.share("note") > 0.5 else None


def residue(fragment: Fragment) -> Reason | None:
    """What is left of lists and tables: mostly table cells, or mostly lines that are no sentences."""
    if fragment.share("table") > 0.5:
        return Reason("table-residue")
    lines = [line.strip() for line in fragment.text.splitlines() if line.strip()]
    loose = [line for line in lines if not _SENTENCE_END.search(line) and len(line.split()) <= 12]
    most = 0.9 if _introduces_list(fragment) else 0.6
    if len(lines) >= 3 and 2 * len(loose) > len(lines) and sum(map(len, loose)) > most * len(fragment.text):
        return Reason("list-residue", f"{len(loose)} of {len(lines)} lines are no sentences")
    digits = sum(map(str.isdigit, fragment.text))
    if digits > 0.2 * len(fragment.text):
        return Reason("table-residue", f"{digits} of {len(fragment.text)} characters are digits")
    return None


def stray_heading(fragment: Fragment) -> Reason | None:
    """Begins with a short line that is no sentence and introduces nothing: another text's heading, or a menu's end."""
    first, _, rest = fragment.text.partition("\n")
    loose = not _SENTENCE_END.search(first.strip()) and not first.rstrip().endswith((":", ",")) and len(first.split()) <= 8
    return Reason("stray-heading", first.strip()[:60]) if rest.strip() and loose else None


def advert(fragment: Fragment) -> Reason | None:
    """Calls to buy, book or get in touch; a firm, by name, that says what it does for customers, or has the last word."""
    sentences = [found.group().strip() for found in _SENTENCE.finditer(fragment.text)]
    found = [one for one in sentences if _CALL.search(one) or _FIRM_SERVES.search(one)]
    if not found and sentences and _SIGNS_OFF.search(sentences[-1]):
        found = sentences[-1:]
    return Reason("advert", found[0][:120]) if found else None


def personal(fragment: Fragment) -> Reason | None:
    """Addresses, numbers and identifiers of people; the detail says kinds and how many, never which."""
    kinds: dict[str, int] = {}
    for one in personal_data(fragment.text):
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    return Reason("personal-data", ", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items()))) if kinds else None


def code(fragment: Fragment) -> Reason | None:
    """Program text: blocks that are set as such, or lines of which a quarter look like it."""
    if fragment.share("code") > 0.3:
        return Reason("code")
    lines = [line for line in fragment.text.splitlines() if line.strip()]
    hits = sum(_CODE.search(line) is not None for line in lines)
    return Reason("code", f"{hits} of {len(lines)} lines") if hits >= 2 and 4 * hits > len(lines) else None


def wrong_encoding(fragment: Fragment) -> Reason | None:
    """Letters that were read in the wrong encoding (`Ã¥` for å), lost (`?`, U+FFFD), or left as entities."""
    found = _MOJIBAKE.search(fragment.text)
    return Reason("wrong-encoding", repr(found.group())) if found else None


def broken_layout(fragment: Fragment) -> Reason | None:
    """Soft hyphens, words broken at a line's end, marks of a markup language within the text."""
    found = _HYPHENS.search(fragment.text) or (None if fragment.share("code") else _MARKUP.search(fragment.text))
    return Reason("broken-layout", repr(found.group())) if found else None


def unfinished(fragment: Fragment) -> Reason | None:
    """Begins within a sentence (a small letter), or does not end with the end of one, nor with a list that it introduced."""
    text = fragment.text.strip()
    if text[:1].islower():
        return Reason("unfinished", "begins with a small letter")
    listed = bool(fragment.blocks) and fragment.blocks[-1].kind == "list" and _introduces_list(fragment)
    if _SENTENCE_END.search(text) or (listed and not _CUT.search(text)):
        return None
    return Reason("unfinished", f"ends with {text[-20:]!r}")


def elsewhere(fragment: Fragment) -> Reason | None:
    """Points at what is not there: "se figuren ovan", "i nästa kapitel", "som vi snart skall se"."""
    found = _ELSEWHERE.search(fragment.text)
    return Reason("refers-elsewhere", found.group()[:60]) if found else None


BLOCK_FILTERS: Sequence[Filter] = (boilerplate, footnote, code, wrong_encoding, foreign_language)
FRAGMENT_FILTERS: Sequence[Filter] = (
    personal,
    wrong_encoding,
    broken_layout,
    code,
    residue,
    stray_heading,
    advert,
    unfinished,
    elsewhere,
    foreign_language,
)
NAMES: dict[str, Filter] = {
    one.__name__.replace("_", "-"): one
    for one in (
        boilerplate,
        footnote,
        residue,
        stray_heading,
        advert,
        personal,
        code,
        wrong_encoding,
        broken_layout,
        unfinished,
        elsewhere,
        foreign_language,
    )
}


def _introduces_list(fragment: Fragment) -> bool:
    """Holds a list, and a paragraph of six words or more before it."""
    kinds = [block.kind for block in fragment.blocks]
    if "list" not in kinds or kinds[0] != "paragraph":
        return False
    first = fragment.blocks[kinds.index("list")].start - fragment.start
    return len(fragment.text[:first].split()) >= 6


def _is_prose(text: str) -> bool:
    """Ends as a sentence does, and is long enough to be one that says something."""
    return bool(_SENTENCE_END.search(text.strip())) and len(text.split()) >= 12
