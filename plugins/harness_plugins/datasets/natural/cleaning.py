"""From what a language model replied to an instruction that can be used, or the reason why it cannot.

`cleaned` takes away what surrounds an instruction (chatter, labels, quotation marks, an answer that the model went on to write);
`flaw` says what is wrong with what is left, beside its response. Both know Swedish and English, and leave other languages' words
alone. Reasons: `empty`, `refusal`, `chatter`, `label`, `mentions-the-text`, `echo`, `several`, `not-a-sentence`.
"""

import re
import unicodedata

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
_FENCE = re.compile(r"\A```\w*\n(.*?)\n?```\s*\Z", re.DOTALL)
_POLITE = r"sure|certainly|of course|absolutely|okay|ok|great|självklart|visst|javisst|absolut|okej|naturligtvis|gärna"
_OPENING = re.compile(
    rf"\A(?:(?:{_POLITE})\b[ \t]*[!.,:–-]*\s*)?"
    r"(?:(?:here(?:'s| is| are)|this is|the following is|här (?:är|kommer|följer)|det här är|detta är)\b[^:\n.?!]{0,80}:\s*)",
    re.IGNORECASE,
)
_INTERJECTION = re.compile(rf"\A(?:{_POLITE})[ \t]*[!.:]\s+", re.IGNORECASE)
_LABEL = re.compile(
    r"\A[ \t]*(?:[#>*_]+[ \t]*)?(?:the[ \t]+)?"
    r"(?:instruction|question|prompt|task|request|query|user|instruktion|instruktionen|fråga|frågan|uppgift|uppmaning|användare)"
    r"[ \t]*\d{0,2}[ \t]*(?:\((?:in )?\w+\)[ \t]*)?(?:\*\*)?[ \t]*[:：][ \t]*(?:\*\*)?\s*",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\A[ \t]*(?:[-*•–][ \t]+|\(?\d{1,2}[.)][ \t]+)")
_ANSWER = re.compile(
    r"\n\s*(?:[#>*_]+[ \t]*)?(?:answer|response|output|assistant|explanation|note|svar|utdata|assistent|förklaring|obs|kommentar)"
    r"[ \t]*(?:\*\*)?[ \t]*[:：].*\Z",
    re.IGNORECASE | re.DOTALL,
)
_QUOTES = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "”": "”",
    "„": "“",
    "«": "»",
    "»": "»",
    "‘": "’",
    "’": "’",
    "**": "**",
    "*": "*",
}
_REFUSAL = re.compile(
    r"\b(?:as an ai\b|as a language model|i(?:'m| am) (?:sorry|unable|not able)|i (?:cannot|can't|can not)\b"
    r"|som (?:en )?(?:ai|språkmodell)\b|jag (?:kan|får) (?:tyvärr )?inte (?:hjälpa|svara|skriva|utföra)|tyvärr kan jag inte)",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"\A(?:" + _POLITE + r")\s*[!,.:]|\b(?:hope (?:this|that) helps|let me know if|happy to help|feel free to|"
    r"hoppas (?:att )?(?:det|detta|den) (?:här )?hjälper|hör av dig om|säg till om du|jag hjälper (?:dig )?gärna)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?:\A|[\n.?!\"”])\s*(?:#+\s*)?(?:instruction|response|input|output|instruktion|svar|indata|utdata)\s*[:：]", re.IGNORECASE
)
_FENCE_NAME = re.compile(r"</?\w+-\d{6,}>|\btext-\d{6,}")
_PARTS_EN = r"(?:text|passage|excerpt|paragraph|article|document|extract|fragment)s?"
_PARTS_SV = r"(?:texten|stycket|textstycket|utdraget|artikeln|avsnittet|dokumentet)"
_THE_TEXT = re.compile(
    rf"\b(?:the|this|that|above|following|provided|given|preceding)\s+(?:\w+\s+)?{_PARTS_EN}\b"
    rf"|\b{_PARTS_EN}\s+(?:above|below|provided|given)\b"
    rf"|\b(?:i|enligt|av|ur|från|om|utifrån|läs|sammanfatta|och)\s+(?:(?:den|det)\s+\w+\s+)?{_PARTS_SV}\b"
    rf"|\b(?:{_PARTS_SV}|text|stycke|utdrag)\s+(?:ovan|nedan|ovanför|nedanför)\b|\A{_PARTS_SV}\b"
    r"|\b(?:ovanstående|nedanstående|följande|föregående|denna|detta|given)\s+"
    r"(?:text|stycke|textstycke|utdrag|artikel|avsnitt|dokument)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w+")
_RUN = 4  # words of which a copied stretch is made
_COPIED = 0.5  # of an instruction's runs may stand in the response, at most


def cleaned(reply: str) -> str:
    """The instruction in a reply, on one line; empty where nothing is left."""
    text = unicodedata.normalize("NFC", reply).replace("\r\n", "\n")
    text = _THOUGHT.sub("", text).strip()
    fenced = _FENCE.match(text)
    text = fenced[1].strip() if fenced else text
    before = None
    while text != before:  # each layer may hide another: `Sure! Here it is: "Instruction: …"`
        before = text
        for around in (_OPENING, _INTERJECTION, _LABEL, _ITEM):
            shorter = around.sub("", text, count=1).strip()
            text = shorter or text
        text = _unquoted(_ANSWER.sub("", text).strip())
    first = re.split(r"\n\s*\n", text, maxsplit=1)[0]
    return _unquoted(" ".join(first.split()))


def flaw(instruction: str, response: str) -> str | None:
    """The reason why an instruction cannot be used; None where nothing speaks against it."""
    words = _WORDS.findall(instruction.casefold())
    if not words:
        return "empty"
    if _REFUSAL.search(instruction):
        return "refusal"
    if _CHATTER.search(instruction):
        return "chatter"
    if _LABELLED.search(instruction) or _FENCE_NAME.search(instruction):
        return "label"
    if _THE_TEXT.search(instruction):
        return "mentions-the-text"
    if copied(instruction, response) > _COPIED:
        return "echo"
    if instruction.count("?") > 4 or len(re.findall(r"(?:^|\s)\d{1,2}[.)]\s", instruction)) > 1:
        return "several"
    if len(words) < 2 or not any(character.isalpha() for character in instruction):
        return "not-a-sentence"
    return None


def copied(instruction: str, response: str) -> float:
    """The share of the instruction's runs of four words that stand in the response; 0 where it has no such run."""
    runs = _runs(instruction)
    return len(runs & _runs(response)) / len(runs) if runs else 0.0


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORDS.findall(text.casefold())
    return {tuple(words[place : place + _RUN]) for place in range(len(words) - _RUN + 1)}


def _unquoted(text: str) -> str:
    for opening, closing in _QUOTES.items():
        inner = text[len(opening) : -len(closing)]
        if len(text) > 2 * len(opening) and text.startswith(opening) and text.endswith(closing) and closing not in inner:
            return inner.strip()
    return text
