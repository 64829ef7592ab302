"""Tasks whose subject is the source language itself, which no translation can keep: found by rules on what is asked.

The rules look for the task ("words that rhyme with", "how many letters"), not for the word: a story about a spelling contest is
an ordinary row. One table for each language, read from top to bottom; the first rule that fits gives the reason.
"""

import re
from typing import NamedTuple

from harness_plugins.datasets.agree import quoted


class Bound(NamedTuple):
    """Why a row cannot be translated: `reason` in kebab-case, and the words that say so."""

    reason: str
    words: str


_EN_MAKE = r"(?:write|make|create|compose|generate|give|find|list|name|tell|provide|suggest|think of|come up with|invent|say|craft|construct|produce|form)"
_EN_LANGUAGE = (
    r"(?:english|swedish|danish|norwegian|finnish|german|french|spanish|italian|portuguese|dutch|polish|russian|chinese|mandarin|japanese|"
    r"korean|arabic|turkish|greek|latin|hebrew|hindi|esperanto|icelandic|ukrainian|vietnamese|thai|indonesian|swahili|gaelic|welsh|irish)"
)
_DA_MAKE = r"(?:skriv|lav|opret|digt|generer|generér|giv|find|nævn|list|foreslå|kom med|konstruer|konstruér|dan|opfind|sig)"
_DA_LANGUAGE = (
    r"(?:engelsk|svensk|dansk|norsk|finsk|tysk|fransk|spansk|italiensk|portugisisk|hollandsk|polsk|russisk|kinesisk|japansk|koreansk|"
    r"arabisk|tyrkisk|græsk|latin|hebraisk|hindi|esperanto|islandsk|ukrainsk)"
)
_NUMBERS_EN = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|an?)"

# reason, pattern. `{make}` and `{lang}` stand for verbs that ask for something and for names of languages.
_TABLE: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("palindrome", r"\bpalindrom\w*"),
        ("rhyme", r"\brhym(?:e|es|ing|ed)\s+(?:with|words?|pairs?|couplets?|schemes?|poems?|verses?|lines?|dictionary)|\bwords?\b.{0,20}\brhym(?:e|es|ing)\b"),
        ("rhyme", r"\b(?:that|which|must|should|lines?|verses?|poem|song|it|make|does|do|to|in)\s+(?:\w+\s+){0,2}rhymes?\b(?!\s+(?:or|nor) reason)"),
        ("rhyme", r"\b{make}\b[^.?!\n]{{0,60}}\b(?:limericks?|nursery rhymes?|rhymes?|couplets?|sonnets?|raps?|rap song|ballads?|villanelles?|jingles?)\b"),
        ("syllables", r"\b{make}\b[^.?!\n]{{0,60}}\b(?:haikus?|tankas?|senry[uū]s?|cinquains?)\b"),
        ("syllables", r"\bsyllab(?:les?|ic\w*|if\w*)\b"),
        ("anagram", r"\banagrams?\b|\bunscrambl\w*|\b(?:re-?arrang|scrambl|jumbl|shuffl)\w*\b.{0,30}\bletters?\b|\bletters?\b.{0,30}\b(?:re-?arrang|scrambl|jumbl)\w*|\bword (?:scramble|jumble|ladder)\b"),
        ("letters", r"\b(?:how many|number of|count(?:ing)? (?:of )?(?:all )?the|count)\s+(?:\w+\s+){{0,3}}(?:letters?|vowels?|consonants?|characters)\b(?!\s+(?:in|of) (?:the )?(?:story|play|novel|book|film|movie|series|show|cast))"),
        ("letters", r"\bhow (?:many|often)\b.{0,20}\b(?:times )?(?:does |do )?(?:the )?(?:letter )[\"'“‘]?\w[\"'”’]?\b|\bhow many (?:['\"“‘]?[a-z]['\"”’]?s|['\"“‘][a-z]['\"”’])\b"),
        ("letters", r"\b(?:start|starts|starting|begin|begins|beginning|end|ends|ending)\s+(?:\w+\s+){{0,2}}(?:with|in|by)\s+(?:(?:the|a|an|each|every|this|same|that)\s+)*(?:\w+\s+)?(?:letters?|vowels?|consonants?)\b"),
        ("letters", r"\b(?:start|starts|starting|begin|begins|beginning|end|ends|ending)\s+(?:with|in)\s+(?:[\"'“‘][A-Za-z]{{1,2}}[\"'”’]|[A-Z]\b(?![.:)]))"),
        ("letters", r"\b(?:contain\w*|includ\w*|us(?:e|es|ing)|without|omit\w*|avoid\w*|lack\w*|remov\w*|delet\w*|replac\w*|has|have|with)\s+(?:\w+\s+){{0,3}}(?:the )?letters?\s+(?:[\"'“‘]?[A-Za-z][\"'”’]?)(?:\W|$)|\blipogram\w*|\bpangram\w*"),
        ("letters", r"\b(?:first|second|third|fourth|fifth|last|middle|missing|silent|double|repeated|capital|upper-?case|lower-?case|\d+(?:st|nd|rd|th))\s+(?:letters?|vowels?|consonants?)\b(?!\s+(?:to|from|of (?:recommendation|application|credit|complaint)))"),
        ("letters", r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten)-letter\b|\bletters? of (?:the|each|every|this|a) (?:word|name|sentence|string)\b|\bspell(?:ed|s|ing)?\s+(?:\w+\s+){{0,4}}(?:backwards?|in reverse)"),
        ("letters", r"\brevers(?:e|es|ed|ing)\s+(?:\w+\s+){{0,3}}(?:words?|letters|characters|spelling|sentence|phrase)\b|\b(?:read|written|spelled|spelt) backwards?\b|\bpig latin\b|\bmorse\b|\bcaesar (?:cipher|shift)\b|\bcipher\b"),
        ("alphabet", r"\balphabeti[cs]\w*|\balphabetis\w*|\balphabetiz\w*"),
        ("acrostic", r"\bacrostic\w*|\babecedarian\b"),
        ("acronym", r"\b(?:acronyms?|initialisms?|backronyms?|mnemonics?)\b|\bstands?\s+for\b.{0,60}\?|\bwhat (?:does|do|did)\b.{0,60}\b(?:stands?|short|abbreviat\w+)\s+for\b|\babbreviat(?:ion|ions|ed)\b.{0,30}\b(?:for|of|mean|means)\b"),
        ("alliteration", r"\balliterat\w*"),
        ("tongue-twister", r"\btongue[- ]?twisters?\b"),
        ("pun", r"\b(?:puns?|wordplay|word play|plays? on words|double entendres?|spoonerisms?|malapropisms?|portmanteaus?|knock[- ]knock)\b"),
        ("homonym", r"\bhomo(?:phone|nym|graph)s?\b|\bsounds? (?:the same|alike|like the word)\b|\b(?:double|two|different|multiple|several) meanings?\b.{0,30}\bwords?\b|\bwords?\b.{0,40}\b(?:double|two|different|multiple|several) meanings?\b"),
        ("spelling", r"\b(?:mis|re)?spell(?:s|ed|ing|ings)?\b(?=.{0,60}\b(?:errors?|mistakes?|correct\w*|check|words?|sentences?|text|following|right|wrong|properly|rules?|british|american)\b)(?!\s+out\b)|\bmisspel\w*|\b(?:correct\w*|check|fix|proper|right|wrong|british|american)\s+(?:\w+\s+){{0,3}}spelling"),
        ("spelling", r"\bhow (?:do|would|should|can|is|to)\b.{0,30}\bspel(?:l|led|t)\b|\bspell\s+(?:out )?(?:the (?:word|name|number|following)|this (?:word|name)|[\"'“‘])|\btypos?\b|\borthograph\w*"),
        ("pronunciation", r"\bpronounc\w*|\bpronunciation\b|\bphonetic\w*|\bIPA\b|\bphonem\w*|\b(?:stressed|long|short) vowels?\b"),
        ("crossword", r"\bcross-?words?\b|\bhangman\b|\bscrabble\b|\bword search\b|\bwordle\b"),
        ("grammar", r"\bgrammat?ic\w*\b(?!\s+(?:school))|\bgrammar\b(?=.{0,60}\b(?:errors?|mistakes?|correct\w*|check|fix|rules?|sentence|text|improve|issues?|english)\b)|\b(?:correct\w*|check|fix|improve|edit)\b.{0,60}\bgrammar\b|\bungrammatical\w*"),
        ("grammar", r"\b(?:past|present|future|perfect|continuous|progressive|simple)\s+(?:\w+\s+)?(?:tense|participles?|forms?)\b|\b(?:passive|active)\s+voice\b|\bconjugat\w*|\b(?:verb|noun|word|plural|singular|comparative|superlative|possessive)\s+(?:tenses?|forms?)\b"),
        ("grammar", r"\b(?:plurals?|singular|comparatives?|superlatives?|past participle|gerunds?|infinitives?|possessives?)\s+(?:\w+\s+)?(?:of|form|noun|for)\b|\bparts? of speech\b|\bPOS[- ]tag\w*|\bpars(?:e|ing)\b.{0,30}\b(?:sentence|dependenc|tree)\w*|\bdependency pars\w*"),
        ("grammar", r"\b(?:identify|find|underline|list|extract|name|highlight|label|count|which|what|circle|replace|insert|choose|fill in|select|add|classify|determine|tag)\b[^.?!\n]{{0,50}}\b(?:nouns?|verbs?|adverbs?|adjectives?|pronouns?|prepositions?|conjunctions?|determiners?|articles? \(|interjections?|clauses?|predicates?|antecedents?)\b"),
        ("grammar", r"\bcorrect (?:form|preposition|article|verb|tense|pronoun|conjunction)\b|\b(?:[\"'“‘]?a[\"'”’]? or [\"'“‘]?an[\"'”’]?)\b|\b(?:who|whose) (?:or|vs\.?|versus) (?:whom|who's)\b|\birregular (?:verb|noun|plural)s?\b|\bsubject[- ]verb agreement\b"),
        ("grammar", r"\b(?:correct|fix|find|identify|spot|proofread|remove|mark)\b[^.?!\n]{{0,40}}\b(?:errors?|mistakes?)\b[^.?!\n]{{0,40}}\b(?:sentences?|texts?|paragraphs?|passages?|essays?|emails?|letters?|writing)\b|\bproof-?read\w*"),
        ("punctuation", r"\b(?:punctuat\w*|apostrophes?|commas?|semicolons?|hyphens?|capitali[sz]\w*)\b(?=.{0,40}\b(?:errors?|mistakes?|correct\w*|missing|add|fix|sentence|text|paragraph|following)\b)|\b(?:add|fix|correct|insert|missing|check)\b.{0,40}\b(?:punctuation|apostrophes?|commas?|capitali[sz]ation)\b"),
        ("morphology", r"\b(?:prefix|suffix|affix)(?:es)?\b(?=.{0,30}\b(?:words?|to|of|from|add|with|mean\w*)\b)|\b(?:compound|root) words?\b|\betymolog\w*|\b(?:origin|root)s? of the (?:word|name|term|phrase|expression)\b|\bword formation\b"),
        ("idiom", r"\b(?:idioms?|idiomatic|slang)\b|\b(?:explain|mean\w*|complete|finish|origin|continue|interpret|use|what)\b.{0,40}\b(?:proverbs?|saying|figures? of speech)\b"),
        ("word-position", r"\b(?:first|second|third|fourth|fifth|last|middle|longest|shortest|n-?th|\d+(?:st|nd|rd|th)|every other)\s+words?\s+(?:of|in|from)\b|\b(?:longest|shortest) words?\b|\bwords? (?:order|count|positions?)\b|\bindex of the word\b"),
        ("translation", r"\btranslat(?:e|es|ed|ing|ion|ions)\b[^.?!\n]{{0,120}}\b(?:in|into|to|from|between|of)\s+(?:\w+\s+)?{lang}\b|\b{lang}\b[^.?!\n]{{0,40}}\btranslat\w+|\btranslate (?:the |this |these |it|following|[\"'“‘])(?!.{{0,60}}\b(?:sql|code|python|java|query)\b)"),
        ("translation", r"\bhow (?:do|would|can|to)\b.{0,20}\bsay\b.{0,60}\bin {lang}\b|\b(?:in|into) {lang}\s*[:?]|\b(?:what|which) language\b.{0,40}\b(?:is|written|sentence|text|this)\b|\b(?:identify|detect|determine)\b.{0,20}\blanguage\b"),
        ("translation", r"\b{lang} (?:words?|equivalents?|names?|terms?|phrases?|expressions?|vocabulary) (?:for|of|meaning)\b|\b(?:american|british) english\b"),
    ),
    "da": (
        ("palindrome", r"\bpalindrom\w*"),
        ("rhyme", r"\brim(?:e|er|ede|ende|met)\s+(?:på|med|ord)|\b(?:der|som|skal|ord|linjer?|vers|digte?t?|sang(?:en)?|det|at)\s+(?:\w+\s+){{0,2}}rime[rs]?\b|\brimord\w*|\brimpar\w*"),
        ("rhyme", r"\b{make}\b[^.?!\n]{{0,60}}\b(?:limericks?|børnerim|rim|remser?|sonet(?:ter)?|raps?|rapsang|ballader?)\b|\bhvad rimer\b"),
        ("syllables", r"\b{make}\b[^.?!\n]{{0,60}}\b(?:haikuer|haikudigte?|haiku)\b|\bstavelse\w*"),
        ("anagram", r"\banagram\w*|\b(?:omarranger|omrokér|byt om på|bland)\w*\b.{0,30}\bbogstaver\w*|\bbogstaver\w*\b.{0,40}\b(?:omarrang|ombytt|blandet)\w*"),
        ("letters", r"\b(?:hvor mange|antal(?:let)? af|antal(?:let)?|tæl)\s+(?:\w+\s+){{0,3}}(?:bogstav\w*|vokal\w*|konsonant\w*|tegn)\b|\bhvor mange (?:gange|['\"“”][a-zæøå]['\"“”])\b.{0,30}\bbogstav\w*"),
        ("letters", r"\b(?:start|begynd|slut|end)(?:er|e|ende)\s+(?:\w+\s+){{0,2}}(?:med|på)\s+(?:(?:det|et|den|samme|hvert)\s+)*(?:\w+\s+)?(?:bogstav\w*|vokal\w*|konsonant\w*|[\"'”“][A-Za-zÆØÅæøå]{{1,2}}[\"'”“]|[A-ZÆØÅ]\b)"),
        ("letters", r"\b(?:bogstavet|forbogstav\w*|begyndelsesbogstav\w*|(?:første|sidste|andet|tredje|midterste|manglende|store|små) bogstav(?:er)?)\b|\b(?:vend|stav|læs|skriv)\w*\b.{0,30}\bbaglæns\b|\bomvendt rækkefølge af bogstav|\bmorse\w*|\b(?:cæsar)?kryptering\w*"),
        ("alphabet", r"\balfabetisk\w*|\balfabetiser\w*"),
        ("acrostic", r"\bakrostikon\w*"),
        ("acronym", r"\bakronym\w*|\bforkortelse\w*|\bhvad står\b.{0,40}\bfor\b|\binitialord\w*|\bhuskeregel\w*"),
        ("alliteration", r"\b(?:alliteration|bogstavrim|allitterer|allitteration)\w*"),
        ("tongue-twister", r"\btungebrækker\w*|\btungevrider\w*"),
        ("pun", r"\bordspil\w*|\bbanke[- ]?på\b"),
        ("homonym", r"\bhomo(?:fon|nym|graf)\w*|\b(?:to|flere|forskellige) betydninger\b.{0,30}\bord|\bord(?:et)?\b.{0,40}\b(?:to|flere|forskellige) betydninger\b"),
        ("spelling", r"\bstav(?:e|er|es|ede|et|ning|ningen|ninger|efejl\w*|ekontrol\w*|emåde\w*)\b(?=.{0,80}\b(?:fejl\w*|ret|rigtig\w*|korrekt\w*|ord\w*|forkert\w*|sætning\w*|tekst\w*)\b)|\bstavefejl\w*|\bhvordan staver?\b|\bretskriv\w*"),
        ("spelling", r"\b(?:ret|find|korrig\w*|rett?e)\b.{0,40}\b(?:stav|slåfejl|tastefejl)\w*"),
        ("pronunciation", r"\budtal(?:e|en|es|er|t)\b(?=.{0,40}\b(?:ord\w*|hvordan|rigtig\w*|korrekt\w*|[\"'”“]\w+))|\bhvordan udtale\w*|\blydskrift\w*|\bfonetisk\w*"),
        ("crossword", r"\bkryds-?(?:\s?og\s?tværs|ord\w*)|\bgalgespil\w*|\bhangman\b|\bscrabble\b|\bwordfeud\b"),
        ("grammar", r"\bgrammati\w*"),
        ("grammar", r"\b(?:datid|nutid|førnutid|fremtid|datids\w*|navnemåde|bydeform|infinitiv|imperativ|præteritum|præsens|perfektum|passiv form|aktiv form|bøj|bøjning\w*|bestemt form|ubestemt form|gradbøj\w*)\b|\b(?:flertal|ental)(?:sform\w*)?\s+(?:af|form)\b|\bi (?:flertal|ental|datid)\b"),
        ("grammar", r"\b(?:find|identific\w+|understreg\w*|nævn|list|udtræk|marker\w*|tæl|hvilke[nt]?|hvad er|erstat|indsæt|vælg|klassific\w+|angiv)\b[^.?!\n]{{0,50}}\b(?:navneord\w*|substantiv\w*|verb(?:er|et|erne|um)?|udsagnsord\w*|adjektiv\w*|tillægsord\w*|biord\w*|adverb\w*|pronom\w+|stedord\w*|præposition\w*|forholdsord\w*|ordklasse\w*|led\w* i sætning\w*)\b"),
        ("grammar", r"\b(?:ret|find|korriger|rette?|fjern|markér|udpeg)\b[^.?!\n]{{0,40}}\bfejl(?:en|ene)?\b[^.?!\n]{{0,60}}\b(?:sætning\w*|tekst\w*|afsnit\w*|stil\w*|brev\w*|e-?mail\w*)\b|\blæs korrektur\b|\bkorrekturlæs\w*"),
        ("punctuation", r"\btegnsæt\w*|\bkomma(?:fejl|tering)\w*|\b(?:ret|sæt|indsæt|tilføj|mangle\w*|korrekt\w*)\b.{0,30}\b(?:komma\w*|apostrof\w*)"),
        ("morphology", r"\b(?:præfiks|suffiks|forstavelse|endelse)\w*\b(?=.{0,40}\b(?:ord\w*|sættes|navn\w*))|\bsammensatte? ord\b|\betymolog\w*|\b(?:oprindelse|rod)\w* (?:af|til) ord\w*"),
        ("idiom", r"\b(?:idiom\w*|talemåde\w*|faste? udtryk\w*|slang\w*)\b|\b(?:forklar|betyder|færdiggør|oprindelse\w*|hvad)\b.{0,40}\bordsprog\w*|\b(?:forklar|betyder)\b.{0,30}\budtryk(?:ket)?\b"),
        ("word-position", r"\b(?:første|andet|tredje|fjerde|femte|sidste|længste|korteste|\d+\.)\s+ord\s+(?:i|af|fra)\b|\b(?:længste|korteste) ord\b"),
        ("translation", r"\bover(?:sæt|sætte|sættes|sat|sættelse\w*)\b[^.?!\n]{{0,120}}\b(?:til|fra|på)\s+(?:\w+\s+)?{lang}\b|\boversæt (?:følgende|denne|dette|det|sætningen|teksten|ordet|[\"'”“])|\b(?:hvad|hvordan)\b.{0,60}\bpå {lang}\b|\bpå {lang}\s*[:?]"),
        ("translation", r"\bhvilket sprog\b.{0,40}\b(?:er|skrevet|sætning\w*|tekst\w*)\b|\b{lang}e? ord for\b"),
    ),
}  # fmt: skip
_FILLED = {"en": {"make": _EN_MAKE, "lang": _EN_LANGUAGE}, "da": {"make": _DA_MAKE, "lang": _DA_LANGUAGE}}
# A task about program text may speak of letters and palindromes: its answer is code, which is kept.
_PROGRAM = {
    "en": r"\b(?:functions?|programs?|scripts?|code|algorithms?|regex\w*|regular expressions?|python|java(?:script)?|c\+\+|sql|method|class|bash|html|css|query|excel)\b",
    "da": r"\b(?:funktion\w*|program\w*|script\w*|kode\w*|algoritme\w*|regex\w*|regulær\w* udtryk|python|java(?:script)?|c\+\+|sql|metode\w*|klasse\w*|bash|html|css|forespørgsel)\b",
}  # fmt: skip
_OF_CODE = {
    "palindrome",
    "anagram",
    "letters",
    "alphabet",
    "word-position",
    "spelling",
    "punctuation",
    "grammar",
    "morphology",
    "translation",
}
_GENERIC = 9  # words of an instruction ("Answer the following question.") behind which the input is what is asked
_ASKED = 40  # words of an input that can be a question of its own


def language_bound(instruction: str, given: str, answer: str, language: str) -> Bound | None:
    """The first rule that the task fits: None where it is no task about the language itself, or the language has no table."""
    key = language[:2]
    if key not in _TABLE:
        return None
    asked = [instruction]
    if given and len(instruction.split()) <= _GENERIC and len(given.split()) <= _ASKED:
        asked.append(given)
    program = re.search(_PROGRAM[key], "\n".join(asked), re.I) is not None
    defined = any(_DEFINITION[key].search(text) for text in asked)
    for reason, pattern in _TABLE[key]:
        if program and reason in _OF_CODE:
            continue
        compiled = re.compile(_fill(pattern, key), re.I | re.S)
        for text in asked:
            match = compiled.search(text)
            if match and not _mentioned(text, match, key) and not (defined and not quoted(answer)):
                return Bound(reason, " ".join(match[0].split()))
    return None


def _fill(pattern: str, key: str) -> str:
    for name, value in _FILLED[key].items():
        pattern = pattern.replace("{" + name + "}", value)
    return pattern.replace("{{", "{").replace("}}", "}")


# A question for a notion ("What is a palindrome?"): its answer can be put over unless it quotes examples.
_DEFINITION = {
    "en": re.compile(r"\b(?:what (?:is|are|does)|define|explain(?: briefly)?,? what)\s+(?:(?:a|an|the term)\s+)?[\w -]{3,30}?\s*(?:\?|is\b|are\b|means?\b|$)", re.I),
    "da": re.compile(r"\b(?:hvad er|definer|definér|forklar(?: kort)?,? hvad)\s+(?:(?:en|et|begrebet)\s+)?[\w -]{3,30}?\s*(?:\?|er\b|betyder\b|$)", re.I),
}  # fmt: skip
_ABOUT = {
    "en": re.compile(
        r"\b(?:about|on the (?:topic|theme|subject) of|regarding|titled|called|named|of a|for (?:a|an|my|our|the)|who (?:won|wins|teach\w*|loves?|hates?)|"
        r"no|not|without|need not|doesn't have to|don't|do not)\s+(?:\w+\s+){0,4}\Z", re.I),
    "da": re.compile(r"\b(?:om|med temaet|kaldet|for en|der hedder|til en|ingen|ikke|uden)\s+(?:\w+\s+){0,4}\Z", re.I),
}  # fmt: skip


def _mentioned(text: str, match: re.Match[str], key: str) -> bool:
    """Whether the text only speaks of the thing: a story about it, a contest in it, or that it is not asked for."""
    before = text[: match.start()]
    sentence = re.split(r"[.?!\n]", before)[-1]
    return bool(_ABOUT[key].search(sentence))
