"""What captions say that nobody speaks: sounds in brackets, song between notes, names of speakers. On request it is taken out."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from harness.errors import did_you_mean
from harness_plugins.video.captions.cues import Cue

_SIGNS = "♪♫♩♬"
_TURN = r"(?:^|(?<=[.!?…] ))"
_CAPITAL = r"[^\W\d_a-zåäöæøüéß]"
_RULES: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "sounds": ((re.compile(r"\[[^\[\]]*\]|\([^()]*\)|（[^（）]*）"), " "),),
    "song": ((re.compile(rf"[{_SIGNS}][^{_SIGNS}]*(?:[{_SIGNS}]+|\Z)"), " "),),
    # A name before a colon is in capitals: "ANNA: Kom!"; a dash stands at the start, or where the next speaker begins
    "speakers": (
        (re.compile(rf"{_TURN}(?:[-–—] ?)?{_CAPITAL}(?:{_CAPITAL}|[ .'-])*\d*: ?", re.MULTILINE), ""),
        (re.compile(rf"{_TURN}[-–—] ?(?=\S)", re.MULTILINE), ""),
    ),
}
KINDS = tuple(_RULES)
# Where a cue begins with a dash, another speaker begins with one, too, whatever the first one's words end with
_DASHED = re.compile(r"\s*[-–—] ?\S")
_SECOND = re.compile(rf"\s[-–—] ?(?={_CAPITAL})")


def kinds_of(value: Any) -> tuple[str, ...]:
    """What is to be taken out, from a config's list; ValueError for what is unknown."""
    kinds = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"leave_out: unknown kind {kind!r:.80}.{did_you_mean(str(kind), KINDS)}")
    return tuple(kind for kind in KINDS if kind in kinds)


def only_speech(text: str, kinds: Collection[str]) -> str:
    """The text without what these kinds are, blanks tidied."""
    turns = "speakers" in kinds and _DASHED.match(text) is not None
    for kind in KINDS:
        if kind in kinds:
            for pattern, instead in _RULES[kind]:
                text = pattern.sub(instead, text)
    if turns:
        text = _SECOND.sub(" ", text)
    return " ".join(text.split()) if kinds else text


def spoken_cues(cues: Sequence[Cue], kinds: Collection[str]) -> tuple[list[Cue], list[Cue]]:
    """The cues without what is taken out; and those in which no letter and no digit is left, as they stood."""
    kept, empty = [], []
    for cue in cues:
        text = only_speech(cue.text, kinds)
        if any(map(str.isalnum, text)):
            kept.append(cue._replace(text=text))
        else:
            empty.append(cue)
    return kept, empty
