"""Plain text of a cue: without tags, positions and entities, its lines joined by a space."""

import html
import re
from collections.abc import Sequence

_SUBRIP_TAG = re.compile(
    r"</?(?:b|i|u|s|em|strong|font|span|p|div|c|v|lang|ruby|rt|rp|tt|small|big|sub|sup)(?:[\s.][^<>]*)?/?>", re.IGNORECASE
)
_OVERRIDE = re.compile(r"\{(?:\\[^{}]*|[yYcCfFsS]:[^{}]*)\}")  # {\an8}, {\i1}: of SSA; {y:i}: of MicroDVD
_HARD_BREAK = re.compile(r"<br\s*/?>|\\[Nn]|\\h", re.IGNORECASE)
_WEBVTT_TAG = re.compile(r"<[^<>]*>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]+)>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")


def subrip_text(lines: Sequence[str]) -> str:
    """Text of an SRT cue. Only known tags are taken out: `a < b` and `<3` stay."""
    joined = _HARD_BREAK.sub(" ", " ".join(lines))
    return _tidy(_SUBRIP_TAG.sub("", _OVERRIDE.sub("", joined)))


def webvtt_text(lines: Sequence[str]) -> tuple[str, str | None]:
    """Text of a WebVTT cue, where everything in angle brackets is a tag, and its speaker where one voice says all of it."""
    joined = " ".join(lines)
    voices = {_tidy(voice) for voice in _VOICE.findall(joined)}
    return _tidy(_WEBVTT_TAG.sub("", joined)), next(iter(voices)) or None if len(voices) == 1 else None


def _tidy(text: str) -> str:
    """Entities resolved once, no control characters, single spaces."""
    return " ".join(_CONTROL.sub(" ", _ENTITY.sub(lambda found: html.unescape(found[0]), text)).split())
