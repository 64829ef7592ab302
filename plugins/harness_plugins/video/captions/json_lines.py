"""JSON Lines: an object a line with `start` and `end` in seconds, `text`, and maybe `speaker`."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from harness_plugins.video.captions.cues import Cue, Problem, checked, clock
from harness_plugins.video.captions.markup import plain_text

_MOST = 1e9  # seconds: no video is longer


def read_json_lines(lines: Sequence[str]) -> Iterator[Cue | Problem]:
    """The cues, and what is wrong with those that cannot be used. Other keys are left alone; empty lines are none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            yield Problem(number, "no-json", f"{error}: {line.strip()!r:.60}")
            continue
        yield _cue(row, number)


def _cue(row: Any, line: int) -> Cue | Problem:
    if not isinstance(row, dict):
        return Problem(line, "wrong-keys", f"an object with start, end and text is wanted, got {row!r:.60}")
    missing = [key for key in ("start", "end", "text") if row.get(key) is None]
    if missing:
        return Problem(line, "wrong-keys", f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    times: list[float] = []
    for key in ("start", "end"):
        seconds = _seconds(row[key])
        if seconds is None:
            return Problem(
                line, "wrong-time", f"{key} is {row[key]!r:.40}; it is seconds from the start, or a time as 00:01:02.500"
            )
        times.append(seconds)
    text, speaker = row["text"], row.get("speaker")
    for key, value in (("text", text), ("speaker", "" if speaker is None else speaker)):
        if not isinstance(value, str):
            return Problem(line, "wrong-keys", f"{key} is {value!r:.40}; it is a string")
    return checked(times[0], times[1], plain_text(text), line, plain_text(speaker) or None if speaker else None)


def _seconds(value: Any) -> float | None:
    if isinstance(value, str):
        return clock(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _MOST else None
