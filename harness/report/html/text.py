"""Texts and figures as a page shows them: invisible characters made visible, numbers short, identifiers safe in an address."""

import math
import re

from markupsafe import Markup, escape

from harness.report.contents import Mark
from harness.report.layout import number

# Controls, direction overrides and isolates, zero-width spaces and joins of words, interlinear marks, surrogates, tag characters:
# they would hide or reorder text. Tab, newline, the joiners of Persian or emoji and plain direction marks stay.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAK_AFTER = re.compile(r"([,:=|/_+])")


def visible(text: str) -> str:
    """The text with every control, override or zero-width character written out: `⟨U+202E⟩`."""
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text)


def clean(value: object) -> object:
    """What a template prints: texts with visible controls, markup that was built here as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def finite(value: float | int | None) -> float | None:
    """The number, or None for a missing, infinite or undefined one."""
    return None if value is None or not math.isfinite(value) else float(value)


def share(value: float | None, digits: int = 3) -> str:
    """A share or a correlation: `.605`, `−.012`; a dash where there is none."""
    return number(finite(value), digits).replace("-", "−")


def figure(value: float | None, digits: int | None = None) -> str:
    """A number of any size in about three figures, or with so many decimals: `.605`, `4.25`, `41.3`, `1910`."""
    value = finite(value)
    if value is None:
        return "–"
    size = abs(value)
    if 0 < size < 0.0005 or size >= 1e9:
        return f"{value:.1e}".replace("-", "−")
    if digits is not None:
        return share(value, digits)
    return share(value, 3 if size < 1.0005 else 2 if size < 10 else 1 if size < 1000 else 0)


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """`[.571, .640]`; nothing where there is none."""
    return "" if finite(low) is None or finite(high) is None else f"[{share(low, digits)}, {share(high, digits)}]"


def bounds(mark: Mark) -> str:
    """The interval of a number of any size: `[58.0, 66.4]`; nothing where there is none."""
    low, high = finite(mark.low), finite(mark.high)
    return "" if low is None or high is None else f"[{figure(low)}, {figure(high)}]"


def count(number_of: int) -> str:
    """`1,910`, `60,000`."""
    return f"{number_of:,}"


def amount(number_of: int, noun: str) -> str:
    """`1 item`, `191 items`."""
    return f"{count(number_of)} {noun}{'' if number_of == 1 else 's'}"


def extent(n_items: int, n_pairs: int) -> str:
    """`191 items · 1910 pairs`; what is zero is left out unless both are."""
    parts = [amount(n, noun) for n, noun in ((n_items, "item"), (n_pairs, "pair")) if n]
    return " · ".join(parts) or "no data"


def breakable(text: str) -> Markup:
    """A label that may break after its punctuation."""
    return Markup("<wbr>").join(escape(part) for part in _BREAK_AFTER.sub("\\1\n", visible(text)).split("\n"))


def first_line(text: str) -> str:
    """The beginning of a text on one line, for a summary."""
    return " ".join(text[:200].split())


def label(text: str) -> Markup:
    """A metric's label: its name, then its parameters more quietly."""
    name, colon, parameters = text.partition(":")
    if not colon:
        return Markup("<b>{}</b>").format(breakable(name))
    return Markup('<b>{}</b><wbr><span class="parameters">{}</span>').format(breakable(name), breakable(colon + parameters))


def slice_name(name: str) -> str:
    """`form: short` of `form=short`."""
    dimension, equals, value = name.partition("=")
    return f"{dimension}: {value}" if equals else ("all items" if name == "all" else name)


def anchor(identifier: str) -> str:
    """An identifier that is safe in `id` and in an address: letters, digits, `-` and `_`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", identifier).strip("-") or "part"


def language_tag(tag: str) -> str | None:
    """The tag when it has the form of BCP 47, for `lang`."""
    return tag if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", tag) else None
