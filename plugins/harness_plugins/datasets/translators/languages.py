"""Languages as the engines call them: BCP-47 tags to the codes of ISO 639-3, of vocabularies, and to English names."""

import re
from collections.abc import Iterable

from harness.errors import PluginError

# tag: (codes of ISO 639-3 and other tags by which an engine may know it, the likeliest first; its English name)
_KNOWN: dict[str, tuple[str, str]] = {
    "af": ("afr", "Afrikaans"),
    "am": ("amh", "Amharic"),
    "ar": ("arb ara", "Arabic"),
    "az": ("azj aze", "Azerbaijani"),
    "be": ("bel", "Belarusian"),
    "bg": ("bul", "Bulgarian"),
    "bn": ("ben", "Bengali"),
    "bs": ("bos hbs", "Bosnian"),
    "ca": ("cat", "Catalan"),
    "cs": ("ces", "Czech"),
    "cy": ("cym", "Welsh"),
    "da": ("dan", "Danish"),
    "de": ("deu", "German"),
    "el": ("ell", "Greek"),
    "en": ("eng", "English"),
    "eo": ("epo", "Esperanto"),
    "es": ("spa", "Spanish"),
    "et": ("est ekk", "Estonian"),
    "eu": ("eus", "Basque"),
    "fa": ("pes fas", "Persian"),
    "fi": ("fin", "Finnish"),
    "fil": ("tgl fil tl", "Filipino"),
    "fo": ("fao", "Faroese"),
    "fr": ("fra", "French"),
    "ga": ("gle", "Irish"),
    "gl": ("glg", "Galician"),
    "gu": ("guj", "Gujarati"),
    "he": ("heb iw", "Hebrew"),
    "hi": ("hin", "Hindi"),
    "hr": ("hrv hbs", "Croatian"),
    "hu": ("hun", "Hungarian"),
    "hy": ("hye", "Armenian"),
    "id": ("ind", "Indonesian"),
    "is": ("isl", "Icelandic"),
    "it": ("ita", "Italian"),
    "ja": ("jpn", "Japanese"),
    "ka": ("kat", "Georgian"),
    "kk": ("kaz", "Kazakh"),
    "km": ("khm", "Khmer"),
    "ko": ("kor", "Korean"),
    "ku": ("kmr kur", "Kurdish"),
    "lb": ("ltz", "Luxembourgish"),
    "lt": ("lit", "Lithuanian"),
    "lv": ("lvs lav", "Latvian"),
    "mk": ("mkd", "Macedonian"),
    "ml": ("mal", "Malayalam"),
    "mr": ("mar", "Marathi"),
    "ms": ("zsm msa", "Malay"),
    "mt": ("mlt", "Maltese"),
    "my": ("mya", "Burmese"),
    "nb": ("nob no nor", "Norwegian Bokmål"),
    "ne": ("npi nep", "Nepali"),
    "nl": ("nld", "Dutch"),
    "nn": ("nno no nor", "Norwegian Nynorsk"),
    "no": ("nob nb nor", "Norwegian"),
    "pa": ("pan", "Punjabi"),
    "pl": ("pol", "Polish"),
    "ps": ("pbt pus", "Pashto"),
    "pt": ("por", "Portuguese"),
    "ro": ("ron", "Romanian"),
    "ru": ("rus", "Russian"),
    "se": ("sme", "Northern Sami"),
    "sk": ("slk", "Slovak"),
    "sl": ("slv", "Slovenian"),
    "so": ("som", "Somali"),
    "sq": ("als sqi", "Albanian"),
    "sr": ("srp hbs", "Serbian"),
    "sv": ("swe", "Swedish"),
    "sw": ("swh swa", "Swahili"),
    "ta": ("tam", "Tamil"),
    "te": ("tel", "Telugu"),
    "th": ("tha", "Thai"),
    "ti": ("tir", "Tigrinya"),
    "tr": ("tur", "Turkish"),
    "uk": ("ukr", "Ukrainian"),
    "ur": ("urd", "Urdu"),
    "uz": ("uzn uzb", "Uzbek"),
    "vi": ("vie", "Vietnamese"),
    "yi": ("ydd yid", "Yiddish"),
    "zh": ("zho cmn", "Chinese"),
}
_SCRIPTS = {"zh": "Hans", "ar": "Arab", "sr": "Cyrl"}  # where a vocabulary has several and the tag names none; else Latin
_REGIONS = {"TW": "Hant", "HK": "Hant", "MO": "Hant"}
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


def check_tag(tag: object, what: str) -> str:
    """The tag; PluginError where it is no BCP-47 tag."""
    if not isinstance(tag, str) or not _TAG.match(tag):
        raise PluginError(f"{what} is a language tag such as `sv`, got {tag!r:.60}")
    return tag


def base_of(tag: str) -> str:
    """The language alone: `sv` of `sv-SE`."""
    return tag.split("-")[0].lower()


def script_of(tag: str) -> str:
    """The script of a tag that names one, or that is usual for it: `Hant` of `zh-Hant` and of `zh-TW`, `Latn` of `sv`."""
    parts = tag.split("-")[1:]
    named = [part.title() for part in parts if len(part) == 4 and part.isalpha()]
    regional = [_REGIONS[part.upper()] for part in parts if base_of(tag) == "zh" and part.upper() in _REGIONS]
    return (named or regional or [_SCRIPTS.get(base_of(tag), "Latn")])[0]


def iso3(tag: str) -> str:
    """The code of ISO 639-3: `swe`. PluginError for a language of two letters that this table lacks."""
    return _codes(tag)[0]


def names(tag: str) -> list[str]:
    """Every name by which an engine may know the language, the tag's own first: `sv`, `swe`."""
    return list(dict.fromkeys([tag.replace("-", "_"), base_of(tag), *_codes(tag)]))


def english(tag: str) -> str:
    """The language's English name; the tag itself where this table lacks it."""
    return _KNOWN[base_of(tag)][1] if base_of(tag) in _KNOWN else tag


def in_vocabulary(tag: str, form: str, vocabulary: Iterable[str]) -> str | None:
    """The token that stands for the language in a vocabulary, None where there is none.

    `form` holds `{}` for the language: `>>{}<<` finds `>>swe<<` for `sv`, `{}` finds `swe_Latn` or `sv_SE`.
    """
    tokens = set(vocabulary)
    known = names(tag)
    for name in (f"{known[0]}_{script_of(tag)}", *known[:1]):
        if form.format(name) in tokens:
            return form.format(name)
    for name in known:
        before, after = form.split("{}")
        found = [token for token in tokens if token.startswith(f"{before}{name}_") and token.endswith(after)]
        wanted = form.format(f"{name}_{script_of(tag)}")
        for token in (wanted, form.format(name)):
            if token in tokens:
                return token
        if len(found) == 1:
            return found[0]
    return None


def _codes(tag: str) -> list[str]:
    base = base_of(tag)
    if base in _KNOWN:
        return _KNOWN[base][0].split()
    if len(base) == 3:
        return [base]
    raise PluginError(f"the language {tag!r} is not in this table; give its code of three letters (ISO 639-3)")
