"""What a language model's reply says as a translation: the text alone, or why it is none. Better none than a wrong one."""

import re

from harness_plugins.datasets.translators.base import Translated

CHATTER, REFUSED, LENGTH, LINES, UNTRANSLATED, EMPTY = "chatter", "refused", "length", "line-breaks", "untranslated", "empty"
_FENCE_LINES = r"\s*<(?P<label>[^<>\n]+)-{code}>[ \t]*\n(?P<text>.*?)\n?[ \t]*</(?P=label)-{code}>\s*"
_CODE_BLOCK = re.compile(r"```[\w-]*\n(?P<text>.*)\n```", re.DOTALL)
_QUOTES = (('"', '"'), ("“", "”"), ("”", "”"), ("»", "«"), ("«", "»"), ("'", "'"))
# A line before the translation that only says that it comes, in the languages that models say it in.
_OPENING = re.compile(
    r"(?:(?:sure|certainly|of course|okay|ok|absolut|självklart|visst|javisst)\b[^\n]{0,40}[!.,:]\s*)?"
    r"(?:(?:here|below|this)(?:'s| is| are)?\b[^\n:]{0,80}|(?:the |your )?(?:\w+ )?(?:translation|translated text)\b[^\n:]{0,60}"
    r"|här (?:är|kommer|följer)\b[^\n:]{0,80}|(?:den )?(?:\w+ )?översättning(?:en)?\b[^\n:]{0,60}|swedish|svenska|på svenska"
    r"|(?:the |your )?(?:paraphrased?|rewritten|reworded|rephrased)(?: (?:text|version|passage|sentence))?"
    r"|(?:den )?(?:omskriv(?:ning|en|na)|parafras(?:erad|erade)?|omformuler(?:ing|ad|ade))(?:en)?(?: (?:text|version)(?:en)?)?)"
    r":\s*(?=\S)",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:\A|\n)\W{0,3}(?:notes?|\w+'s note|please note|explanation|obs|anm|anmärkning|notera|förklaring)\b[^\n]{0,30}[:!.]"
    r"|\b(?:let me know if|i hope this helps|hope that helps|hör av dig om du|hoppas (?:att )?det hjälper|as requested)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\A\W*(?:i(?:'m| am) sorry|sorry,|i apologi[sz]e|i can(?:no|')t|i am (?:not able|unable)|i'm (?:not able|unable)|as an ai\b"
    r"|jag är ledsen|tyvärr kan jag|jag kan (?:tyvärr )?inte (?:hjälpa|översätta|skriva om|parafrasera|omformulera)"
    r"|som en (?:ai|språkmodell))",
    re.IGNORECASE,
)
_WORDS = 6  # from which a text that comes back as it was is no name or number any more
_SLACK = 60  # characters


def read_reply(reply: str, source: str, code: str, ratio: float = 2.5) -> Translated:
    """The translation of `source` that the reply is, freed of a fence, a code block, quotes or one opening line around it.

    None with the reason: `chatter` (notes, a fence in the middle), `refused`, `length` (`ratio` times the source's, or less than
    that part of it), `line-breaks` (other lines than the source), `untranslated` (six words or more, unchanged), `empty`.
    """
    text = _unwrapped(reply.replace("\r\n", "\n").strip(), source, code)
    if not text:
        return Translated(None, EMPTY)
    if _REFUSAL.search(text) and not _REFUSAL.search(source):
        return Translated(None, REFUSED)
    if code in text or (_NOTE.search(text) and not _NOTE.search(source)):
        return Translated(None, CHATTER)
    if len(text) > ratio * len(source) + _SLACK or len(source) > ratio * len(text) + _SLACK:
        return Translated(None, LENGTH)
    fitted = _lines_as_in(text, source)
    if fitted is None:
        return Translated(None, LINES)
    if len(source.split()) >= _WORDS and _plain(fitted) == _plain(source):
        return Translated(None, UNTRANSLATED)
    return Translated(fitted)


def _unwrapped(text: str, source: str, code: str) -> str:
    opening = _OPENING.match(text)
    if opening is not None and _OPENING.match(source) is None:
        text = text[opening.end() :].strip()
    fenced = re.fullmatch(_FENCE_LINES.format(code=re.escape(code)), text, re.DOTALL)
    text = fenced["text"].strip() if fenced else text
    block = _CODE_BLOCK.fullmatch(text)
    if block is not None and "```" not in source:
        text = block["text"].strip()
    for first, last in _QUOTES:
        inner = text[1:-1]
        around = len(text) > 1 and text[0] == first and text[-1] == last and first not in inner and last not in inner
        if around and not (source[:1] in "\"“”»«'" or source[-1:] in "\"“”»«'"):
            return inner.strip()
    return text


def _lines_as_in(text: str, source: str) -> str | None:
    """The lines of the text with the blank lines of the source; None where there are more or fewer of them."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    wanted = source.split("\n")
    if len(lines) != sum(bool(line.strip()) for line in wanted):
        return None
    rest = iter(lines)
    return "\n".join(_indented(next(rest), line) if line.strip() else line for line in wanted)


def _indented(line: str, source: str) -> str:
    return source[: len(source) - len(source.lstrip())] + line.lstrip()


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
