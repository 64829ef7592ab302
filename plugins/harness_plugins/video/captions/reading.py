"""A file of captions becomes cues: by its ending, whatever its encoding and its line ends."""

import codecs
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import InputError
from harness.whole_files import read_file
from harness_plugins.video.captions.cues import Captions, Cue, Problem, has_word
from harness_plugins.video.captions.json_lines import read_json_lines
from harness_plugins.video.captions.markup import plain_text
from harness_plugins.video.captions.spoken import rules_of
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


def read_captions(path: str | Path, encoding: str | None = None, remove: Collection[str] = ()) -> Captions:
    """The cues of an `.srt`, `.vtt` or `.jsonl` file, times in seconds, and what is wrong with those that were left out.

    Read by its byte order mark, else in `encoding`, else as UTF-8; SRT that is in truth WebVTT is read as such. Text is as it
    stands, without tags, unless `remove` names what else is to be taken out (`spoken.rules_of`). A cue without a letter or a
    digit is left out, and one that stands there twice, with the same times, text and speaker, the second time.
    InputError for a file that cannot be read, and for one without a single usable cue.
    """
    rules = rules_of(remove)
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: captions are files that end in {', '.join(SUFFIXES)}")
    lines = _lines(_text(path, encoding))
    if reader is read_subrip and is_webvtt(lines):
        reader = read_webvtt
    if reader is read_webvtt and not is_webvtt(lines):
        raise InputError(f"{path}: not WebVTT: its first line is not WEBVTT but {(lines or [''])[0]!r:.40}")
    found = list(
        _once(_said(one, rules, reader is not read_json_lines) if isinstance(one, Cue) else one for one in reader(lines))
    )
    problems = tuple(sorted(one for one in found if isinstance(one, Problem)))
    cues = tuple(sorted((one for one in found if isinstance(one, Cue)), key=lambda cue: (cue.start, cue.end, cue.line)))
    if not cues:
        why = f"line {problems[0].line}: {problems[0].detail}" if problems else "it is empty"
        raise InputError(f"{path}: no caption in it can be used ({why})")
    return Captions(cues, problems)


def _said(cue: Cue, rules: Sequence[Callable[[str], str]], one_line: bool) -> Cue | Problem:
    """The cue after the rules; on one line where lines only lay it out."""
    text = cue.text
    for rule in rules:
        text = rule(text)
    text = " ".join(text.split()) if one_line else plain_text(text)
    if not has_word(text):
        return Problem(cue.line, "no-text", f"nothing is left of {cue.text!r:.60}, from {cue.start:g} to {cue.end:g} s")
    return cue._replace(text=text)


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
