"""What is wrong with a file of rows, in words that say what to do: its kind, its encoding, its JSON, halves of characters."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import InputError

_HALF = re.compile("[\ud800-\udfff]")
_HEAD = 64
_KINDS = (
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISDIR, "a folder"),
)
_STARTS = (
    (b"\x1f\x8b", "compressed (gzip); unpack it first (gunzip)"),
    (b"BZh", "compressed (bzip2); unpack it first"),
    (b"\xfd7zXZ", "compressed (xz); unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd); unpack it first"),
    (b"PK\x03\x04", "a ZIP archive (or a spreadsheet); unpack it, or save it as CSV in UTF-8"),
    (b"PAR1", "Parquet; give its name the ending .parquet"),
)
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class NoNumber(ValueError):
    """`NaN` or `Infinity` where JSON was meant."""


def check_readable(path: Path) -> None:
    """Raises InputError for what is no file (a device, a named pipe …), with what it is; nothing for a path that is not there."""
    if path.exists() and not path.is_file():
        mode = path.stat().st_mode
        what = next((word for test, word in _KINDS if test(mode)), "no file")
        raise InputError(f"{path}: it is {what}, not a file; rows are read twice, so save them as a file first")


def check_text(path: Path) -> None:
    """Raises InputError for a file whose first bytes are no UTF-8 text's: compressed, UTF-16, Parquet; or that is no file."""
    check_readable(path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    for start, what in _STARTS:
        if head.startswith(start):
            raise InputError(f"{path}: not UTF-8: the file is {what}")
    for mark, name in _MARKS:
        if head.startswith(mark):
            raise InputError(f"{path}: not UTF-8: the file is {name}; save it as UTF-8")
    if head[:4].count(0) >= 1 and head.count(0) * 3 > len(head):
        raise InputError(f"{path}: not UTF-8: it looks like UTF-16 without a byte order mark; save the file as UTF-8")


def not_utf8(path: Path, error: UnicodeDecodeError) -> InputError:
    """The error of a file that is not UTF-8, with the line and the byte, and what it looks like."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as found:
                byte = line[found.start]
                try:
                    likely = f"it looks like Latin-1 (Windows-1252), where this byte is {bytes([byte]).decode('cp1252')!r}; "
                except UnicodeDecodeError:
                    likely = ""
                return InputError(
                    f"{path}, line {number}: not UTF-8: the byte 0x{byte:02x} (column {found.start + 1}) is in no text of this "
                    f"encoding; {likely}save the file as UTF-8"
                )
    return InputError(f"{path}: not UTF-8 ({error.reason}); save the file as UTF-8")


def json_value(text: str, place: str) -> Any:
    """The JSON value; InputError at this place, with the reason. `NaN` and `Infinity`, which Python would read, are no JSON."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: no JSON: {reason(error)}") from error


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The value of each line that is not blank, with its number. InputError naming the line of what is no JSON, or no UTF-8."""
    check_text(path)
    number = 0
    try:
        with path.open("rb") as file:
            for some in file:
                for line in some.splitlines():  # a file of an old Mac ends its lines with \r alone
                    number += 1
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                    if text.strip():
                        yield number, json_value(text, f"{path}, line {number}")
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def decoder() -> json.JSONDecoder:
    """Reads JSON and nothing beyond it."""
    return json.JSONDecoder(parse_constant=_no_number)


def reason(error: Exception, line: int | None = None) -> str:
    """What is wrong with JSON, and where in its line (and, with the first line's number, in which line)."""
    if isinstance(error, json.JSONDecodeError):
        if line is not None:
            return f"{error.msg} (line {line + error.lineno - 1}, column {error.colno})"
        return f"{error.msg} (column {error.colno})"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def has_half(text: str) -> bool:
    """Whether half of a surrogate pair is in the text, which is no character and fits into no file."""
    return not text.isascii() and _HALF.search(text) is not None


def whole(value: Any) -> Any:
    """The value with U+FFFD for every half of a surrogate pair in it."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {whole(key): whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    return value


def deeper_than(most: int, value: Any) -> bool:
    """Whether lists and mappings lie more than `most` deep within each other; however deep, it ends."""
    level: list[Any] = [value]
    for _ in range(most + 1):
        level = [
            item
            for held in level
            if isinstance(held, dict | list | tuple)
            for item in (held.values() if isinstance(held, dict) else held)
            if isinstance(item, dict | list | tuple)
        ]
        if not level:
            return False
    return True


def _no_number(word: str) -> NoReturn:
    raise NoNumber(f"{word} is no JSON; write null, or leave the row out")
