"""Values in files from elsewhere, of which nothing is believed: a finite number, a count, a short text, an object, or nothing."""

import math
from collections.abc import Mapping
from typing import Any

LONGEST = 2_000  # characters of a name or a word that a file from elsewhere says


def object_at(content: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """What lies under the keys, {} where it is absent or no object."""
    found: Any = content
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def finite(value: Any) -> float | None:
    """A finite number, also as text (lm-eval writes times so); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def count_of(value: Any) -> int | None:
    """A whole number of 0 and more; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def text_of(value: Any) -> str | None:
    """A text that is not empty, cut to `LONGEST`; None for anything else."""
    return value[:LONGEST] if isinstance(value, str) and value else None


def is_plain(value: Any) -> bool:
    """Whether it is a number, yes or no, or a text of at most `LONGEST`."""
    return (
        value is not None and isinstance(value, (str, int, float, bool)) and (not isinstance(value, str) or len(value) <= LONGEST)
    )


def without_half_characters(value: Any) -> Any:
    """JSON whose texts can be written as UTF-8: half a character (a lone surrogate) becomes its escape."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [without_half_characters(one) for one in value]
    if isinstance(value, dict):
        return {without_half_characters(key): without_half_characters(one) for key, one in value.items()}
    return value
