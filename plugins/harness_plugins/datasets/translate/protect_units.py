"""Numbers with their units: a translator that turns 5 miles into 5 km changes what a row says, so they are put over by table."""

# ruff: noqa: E501 - patterns are read by the line

import re
from collections.abc import Iterable

_NUMBER = r"\d+(?:[.,/]\d+)*"
# Symbols are the same in every language.
_SYMBOLS = (
    "°C|°F|°|km/h|m/s|mph|kph|kWh|MWh|Wh|kW|MW|GHz|MHz|kHz|Hz|km²|m²|cm²|mm²|m³|cm³|km2|m2|m3|km|hm|dm|cm|mm|µm|nm|kg|mg|µg|hg|"
    "ml|cl|dl|kPa|hPa|Pa|psi|mAh|kcal|cal|kJ|kB|KB|MB|GB|TB|Mbps|Gbps|fps|dpi|ft|in|yd|mi|lbs?|oz|tbsp|tsp|gal|m|g|l|L|W|V|A|K|s|h"
)
# Words, with what they are in the target language: English and Danish into Swedish.
_WORDS: dict[tuple[str, str], dict[str, str]] = {
    ("en", "sv"): {
        "mile": "engelsk mil", "miles": "engelska mil", "foot": "fot", "feet": "fot", "inch": "tum", "inches": "tum", "yard": "yard",
        "yards": "yard", "pound": "pund", "pounds": "pund", "ounce": "uns", "ounces": "uns", "gallon": "gallon", "gallons": "gallon",
        "pint": "pint", "pints": "pint", "quart": "quart", "quarts": "quart", "acre": "acre", "acres": "acre", "cup": "kopp",
        "cups": "koppar", "tablespoon": "matsked", "tablespoons": "matskedar", "teaspoon": "tesked", "teaspoons": "teskedar",
        "tbsp": "msk", "tsp": "tsk", "miles per hour": "engelska mil i timmen", "degrees fahrenheit": "grader Fahrenheit",
        "degrees celsius": "grader Celsius", "fahrenheit": "Fahrenheit", "celsius": "Celsius",
    },
    ("da", "sv"): {
        "tommer": "tum", "fod": "fot", "pund": "pund", "spiseskefuld": "matsked", "spiseskefulde": "matskedar", "spsk": "msk",
        "teskefuld": "tesked", "teskefulde": "teskedar", "tsk": "tsk", "fahrenheit": "Fahrenheit", "celsius": "Celsius",
    },
}  # fmt: skip
# Bare mentions of these become what the table says, too, in a row that has a number with one of them.
_IMPERIAL = r"(?:miles?|feet|foot|inch(?:es)?|yards?|pounds?|ounces?|gallons?|pints?|quarts?|acres?|fahrenheit|tommer|fod|pund)"
# Numbers in words before them; two feet are a body's.
_COUNT = (
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|hundred|thousand|million|"
    r"half an?|a dozen|to|tre|fire|fem|seks|syv|otte|ni|ti|elleve|tolv|\w{2,6}ten|tyve|tredive|fyrre|\w*(?:halvtreds|tres|halvfjerds|firs|halvfems)|hundrede|tusind)"
)
_BODY = re.compile(r"(?:two|four)\s+feet", re.I)
_METRIC = re.compile(
    r"\b(?:kilo|centi|milli|deci)?(?:meter|metre|gram|gramme|liter|litre)s?\b|\bkilos?\b|\bcelsius\b|\b(?:km|cm|mm|kg)\b|°C", re.I
)
_OTHER = re.compile(rf"\b{_IMPERIAL}\b|°F|\bmph\b", re.I)
_CROWN = re.compile(r"\bkron(?:a|or|an|orna|e|er|en|erne)\b|\bcrowns?\b|\b(?:kr|SEK|DKK|NOK)\b", re.I)
_CURRENCY = re.compile(r"\b(?:dollars?|euros?|pounds?|yen|cents?|rupees?|USD|EUR|GBP)\b|[$€£¥]", re.I)


def bare_units(texts: Iterable[str], source: str, target: str) -> dict[str, str]:
    """What unit words become in a row that counts in them, also where they stand without a number ("How many inches …")."""
    words = _WORDS.get((source[:2], target[:2]), {})
    whole = "\n".join(texts)
    counted = rf"(?:{_NUMBER}|{_COUNT})[\s-]*{_IMPERIAL}\b"
    if not words or not any(_BODY.fullmatch(match[0]) is None for match in re.finditer(counted, whole, re.I)):
        return {}
    return {
        word: becomes
        for word, becomes in words.items()
        if re.fullmatch(_IMPERIAL, word) and re.search(rf"\b{word}\b", whole, re.I)
    }


def units_kept(source: str, target: str) -> bool:
    """Whether no metric unit and no crown came in that the source does not have, where it counts in other ones."""
    if _CROWN.search(target) and not _CROWN.search(source) and _CURRENCY.search(source):
        return False
    return len(_METRIC.findall(target)) <= len(_METRIC.findall(source)) or not _OTHER.search(source)


def with_units(text: str, source: str, target: str) -> list[tuple[int, int, str]]:
    """Numbers with units: start, end, and what they become. A unit without a symbol or a table for the pair is left out."""
    words = _WORDS.get((source[:2], target[:2]), {})
    found: list[tuple[int, int, str]] = []
    for match in re.finditer(rf"(?<![\w.,]){_NUMBER}\s?(?:{_SYMBOLS})(?![\w²³/°])", text):
        if not re.search(r"\s(?:in|s|A|K|h|m|l|L|a)\Z", match[0]) or re.search(r"\s(?:m|h|l|s|L)\Z", match[0]):
            found.append((match.start(), match.end(), _symbol(match[0], words)))
    if words:
        names = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        for match in re.finditer(rf"(?<![\w.,])(?P<n>{_NUMBER})(?P<gap>[\s-])(?P<unit>{names})\b\.?(?=\W|\Z)", text, re.I):
            unit = words[match["unit"].lower()]
            end = match.end("unit")
            found.append((match.start(), end, f"{match['n']}{match['gap']}{unit}"))
    return found


def _symbol(measure: str, words: dict[str, str]) -> str:
    """A measure with what its unit is called; kitchen spoons have a word of their own in each language."""
    match = re.fullmatch(r"(.*?\s?)(tbsp|tsp|spsk|tsk)", measure)
    return f"{match[1]}{words.get(match[2], match[2])}" if match else measure
