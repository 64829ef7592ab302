"""Plain text of a cue: without tags, positions and entities."""

import html
import re
from collections.abc import Sequence

_SUBRIP_TAG = re.compile(
    r"</?(?:b|i|u|s|em|strong|font|span|p|div|c|v|lang|ruby|rt|rp|tt|small|big|sub|sup)(?:[\s.][^<>]*)?/?>|<(?:\d+:)+\d+[.,]\d+>",
    re.IGNORECASE,
)
_OVERRIDE = re.compile(r"\{(?:\\[^{}]*|[yYcCfFsS]:[^{}]*)\}")  # {\an8}, {\i1}: of SSA; {y:i}: of MicroDVD
_HARD_BREAK = re.compile(r"<br\s*/?>|\\[Nn]|\\h", re.IGNORECASE)
_WEBVTT_TAG = re.compile(r"</?[A-Za-z][^<>]*>|</?>|<[\d:.]+>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]+)>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")


def subrip_text(lines: Sequence[str]) -> str:
    """Text of an SRT cue. Only known tags are taken out: `a < b` and `<3` stay."""
    joined = _HARD_BREAK.sub("\n", "\n".join(lines))
    return _tidy(_SUBRIP_TAG.sub("", _OVERRIDE.sub("", joined)))


def webvtt_text(lines: Sequence[str]) -> tuple[str, str | None]:
    """Text of a WebVTT cue, and its speaker where one voice says all of it.

    A tag begins with `<` and a letter or a time, so `2 < 3 and 5 > 4` stays.
    """
    joined = "\n".join(lines)
    voices = {_tidy(voice) for voice in _VOICE.findall(joined)}
    return _tidy(_WEBVTT_TAG.sub("", _OVERRIDE.sub("", joined))), next(iter(voices)) or None if len(voices) == 1 else None


def plain_text(text: str) -> str:
    """Text without markup: control characters (those of ASCII and Latin 1, and U+FEFF) become spaces, and any run of blanks one;
    lines stay, empty ones do not."""
    lines = (" ".join(_CONTROL.sub(" ", line).split()) for line in re.split(r"\r\n|\n|\r", text))
    return "\n".join(filter(None, lines))


def _tidy(text: str) -> str:
    """Entities resolved, once, and lines joined by a blank: they only lay it out."""
    return " ".join(plain_text(_ENTITY.sub(lambda found: html.unescape(found[0]), text)).split())
