"""A file of captions becomes cues: by its ending, whatever its encoding and its line ends."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import InputError
from harness.whole_files import read_file
from harness_plugins.video.captions.cues import Captions, Cue, Problem
from harness_plugins.video.captions.json_lines import read_json_lines
from harness_plugins.video.captions.subrip import read_subrip
from harness_plugins.video.captions.webvtt import is_webvtt, read_webvtt

_READERS: Mapping[str, Callable[[Sequence[str]], Iterator[Cue | Problem]]] = {
    ".srt": read_subrip,
    ".vtt": read_webvtt,
    ".jsonl": read_json_lines,
}
SUFFIXES = tuple(_READERS)

# A byte order mark of UTF-32 begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_captions(path: str | Path, encoding: str | None = None) -> Captions:
    """The cues of an `.srt`, `.vtt` or `.jsonl` file, times in seconds, and what is wrong with those that were left out.

    Read by its byte order mark, else in `encoding`, else as UTF-8; SRT that is in truth WebVTT is read as such. Text is as it
    stands, without tags, in SRT and WebVTT on one line. A cue without a letter or a digit is left out, and one that stands there
    twice, with the same times, text and speaker, the second time.
    InputError for a file that cannot be read, and for one without a single usable cue.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: captions are files that end in {', '.join(SUFFIXES)}")
    lines = _lines(_text(path, encoding))
    if reader is read_subrip and is_webvtt(lines):
        reader = read_webvtt
    if reader is read_webvtt and not is_webvtt(lines):
        raise InputError(f"{path}: not WebVTT: its first line is not WEBVTT but {(lines or [''])[0]!r:.40}")
    found = list(_once(reader(lines)))
    problems = tuple(sorted(one for one in found if isinstance(one, Problem)))
    cues = tuple(sorted((one for one in found if isinstance(one, Cue)), key=lambda cue: (cue.start, cue.end, cue.line)))
    if not cues:
        why = f"line {problems[0].line}: {problems[0].detail}" if problems else "it is empty"
        raise InputError(f"{path}: no caption in it can be used ({why})")
    return Captions(cues, problems)


def _once(found: Iterable[Cue | Problem]) -> Iterator[Cue | Problem]:
    """Without cues that are there already."""
    lines: dict[tuple[object, ...], int] = {}
    for one in found:
        if isinstance(one, Cue):
            before = lines.setdefault((one.start, one.end, one.text, one.speaker), one.line)
            if before != one.line:
                yield Problem(one.line, "repeated", f"stands in line {before} already: {one.text!r:.60}")
                continue
        yield one


def _text(path: Path, encoding: str | None) -> str:
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", None))
    name = marked or encoding or "utf-8"
    try:
        return data[len(mark) :].decode(name)
    except LookupError:
        raise InputError(f"{path}: {encoding!r} is no encoding that is known; give one as utf-8 or cp1252") from None
    except UnicodeError as error:
        at = len(mark) + error.start if isinstance(error, UnicodeDecodeError) else 0
        line = data[:at].count(b"\n") + 1
        raise InputError(
            f"{path}:{line}: byte 0x{data[at]:02x} is not {name}; give the file's `encoding`, as cp1252 for many older ones"
        ) from None


def _lines(text: str) -> list[str]:
    """Lines apart by \\n, \\r\\n or \\r alone: other marks that part lines may stand in a caption."""
    return re.split(r"\r\n|\n|\r", text)
