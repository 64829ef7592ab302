"""Files with one segment or one score a line, as the WMT metrics tasks lay them out."""

import math
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.whole_files import read_file

NO_TRANSLATION = "[No translation supplied]"  # the metrics tasks' own mark of a segment that a system left out


def read_segments(path: Path, expected: int | None = None, field: str | None = None) -> list[str | None]:
    """One text a line; None where none was supplied. `.jsonl`: the string `field` of each line's object.

    Lines end at newlines only: segments may hold other characters that Unicode calls line ends. Raises InputError naming the
    file and the line, also where the number of lines is not `expected`.
    """
    lines = _lines(path)
    texts: list[str | None] = []
    for number, line in enumerate(lines, 1):
        text = _field(path, number, line, field) if path.suffix == ".jsonl" else line
        texts.append(None if text.strip() == NO_TRANSLATION else text)
    if expected is not None and len(texts) != expected:
        raise InputError(f"{path}: {len(texts)} segments, the source has {expected}; a line is missing or one too many")
    return texts


def read_scores(path: Path, expected: int) -> dict[str, list[float | None]]:
    """System → one score a segment, None where missing. A line is `system score`; a system's lines stand in segment order.

    Raises InputError naming the file and the line, and the system that has not `expected` scores.
    """
    scores: dict[str, list[float | None]] = {}
    for number, line in enumerate(_lines(path), 1):
        parts = line.split()
        if len(parts) != 2:
            raise InputError(f"{path}, line {number}: expected `system score`, got {line!r:.80}")
        scores.setdefault(parts[0], []).append(_score(path, number, parts[1]))
    for system, values in scores.items():
        if len(values) != expected:
            raise InputError(f"{path}: {len(values)} scores of {system}, the source has {expected} segments")
    return scores


def _lines(path: Path) -> list[str]:
    try:
        text = read_file(path).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _score(path: Path, number: int, word: str) -> float | None:
    if word == "None":
        return None
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}, line {number}: the score must be a number or None, got {word!r}")
    return value


def _field(path: Path, number: int, line: str, field: str | None) -> str:
    try:
        row = msgspec.json.decode(line, type=dict)
    except msgspec.DecodeError as error:
        raise InputError(f"{path}, line {number}: {error}; each line is a JSON object") from error
    text = row.get(field)
    if not isinstance(text, str):
        raise InputError(f"{path}, line {number}: no text in the field {field!r}; found {', '.join(map(str, row)) or 'no field'}")
    return text
