"""What captions hold beside what is said, and rules that take it out: sounds, songs, names of speakers, dashes."""

import re
from collections.abc import Callable, Collection, Mapping

from harness.errors import PluginError, did_you_mean

_SOUND = re.compile(r"\[[^\[\]]*\]|\([^()]*\)")
_SONG = re.compile(r"[♪♫][^♪♫]*[♪♫]|[♪♫]")
_NAME = re.compile(r"^([-–—]*\s*)([^\W\d_][\w .'’-]{0,30}):\s+", re.MULTILINE)
_DASH = re.compile(r"^\s*[-–—]{1,2}(?=\s*\w)", re.MULTILINE)


def rules_of(names: Collection[str]) -> tuple[Callable[[str], str], ...]:
    """The rules of these names, always in the same order; PluginError for a name that is none.

    `songs`: what stands between notes, ♪ … ♪, and notes; `sounds`: what stands in brackets or parentheses; `names`: a name in
    capitals with a colon at the start of a line; `dashes`: those that begin a line. Nothing is taken out
    unless it is asked for.
    """
    if isinstance(names, str):
        names = (names,)
    for name in names:
        if name not in _RULES:
            raise PluginError(f"remove: captions have no {name!r:.40} to take out.{did_you_mean(str(name), _RULES)}")
    return tuple(rule for name, rule in _RULES.items() if name in names)


def _without_songs(text: str) -> str:
    return _SONG.sub(" ", text)


def _without_sounds(text: str) -> str:
    return _SOUND.sub(" ", text)


def _without_names(text: str) -> str:
    """Without `ANNA:` and `- DR. ÅBERG:`; a name has no small letter, so `Obs: …` stays."""
    return _NAME.sub(lambda found: found[1] if found[2] == found[2].upper() else found[0], text)


def _without_dashes(text: str) -> str:
    return _DASH.sub("", text)


_RULES: Mapping[str, Callable[[str], str]] = {
    "songs": _without_songs,
    "sounds": _without_sounds,
    "names": _without_names,
    "dashes": _without_dashes,
}
