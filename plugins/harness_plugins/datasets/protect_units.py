"""Numbers with their units: a translator that turns 5 miles into 5 km changes what a row says, so they are put over by table."""

import re

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
        "tbsp": "msk", "tsp": "tsk", "kilometer": "kilometer", "kilometers": "kilometer", "kilometre": "kilometer",
        "kilometres": "kilometer", "meter": "meter", "meters": "meter", "metre": "meter", "metres": "meter",
        "centimeter": "centimeter", "centimeters": "centimeter", "centimetres": "centimeter", "millimeter": "millimeter",
        "millimeters": "millimeter", "kilogram": "kilogram", "kilograms": "kilogram", "gram": "gram", "grams": "gram",
        "liter": "liter", "liters": "liter", "litre": "liter", "litres": "liter", "milliliter": "milliliter",
        "milliliters": "milliliter", "hectare": "hektar", "hectares": "hektar", "miles per hour": "engelska mil i timmen",
        "degrees fahrenheit": "grader Fahrenheit", "degrees celsius": "grader Celsius", "stone": "stone",
    },
    ("da", "sv"): {
        "tommer": "tum", "fod": "fot", "pund": "pund", "kilometer": "kilometer", "meter": "meter", "centimeter": "centimeter",
        "millimeter": "millimeter", "kilogram": "kilogram", "kilo": "kilo", "gram": "gram", "liter": "liter",
        "deciliter": "deciliter", "spiseskefuld": "matsked", "spiseskefulde": "matskedar", "spsk": "msk", "teskefuld": "tesked",
        "teskefulde": "teskedar", "tsk": "tsk", "hektar": "hektar",
    },
}  # fmt: skip
# Units of measures that nobody may convert; a bare mention counts where a number has one of them.
CONVERTIBLE = re.compile(
    r"\b(?:miles?|feet|foot|inch(?:es)?|yards?|pounds?|ounces?|gallons?|pints?|quarts?|acres?|fahrenheit|celsius|kilomet(?:er|re)s?|"
    r"centimet(?:er|re)s?|millimet(?:er|re)s?|met(?:er|re)s?|kilograms?|kilos?|grams?|lit(?:er|re)s?|tommer|fod|pund)\b",
    re.I,
)


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
