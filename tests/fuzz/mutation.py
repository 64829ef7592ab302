"""Inputs made of valid ones: flipped, spliced, nested, in other encodings, and JSON with a value or a key it never had."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

WORDS: tuple[bytes, ...] = (
    b"null",
    b"true",
    b"false",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"nan",
    b".inf",
    b".nan",
    b"-0",
    b"0",
    b"-1",
    b"1e999",
    b"-1e999",
    b"1e-999",
    b"9" * 40,
    b"9" * 400,
    b"9" * 5000,
    b"-9223372036854775809",
    b"18446744073709551616",
    b"0x1f",
    b"1_000",
    b"1:30",
    b"010",
    b"1.5",
    b'""',
    b"''",
    b'"',
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udfff\\ud800",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xc3",
    "\u2028".encode(),
    "\u0085".encode(),
    "å".encode(),
    "\U0001f600".encode(),
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b",",
    b";",
    b":",
    b": ",
    b"- ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"{}",
    b"[]",
    b"[[]]",
    b'{"":0}',
    b"&a ",
    b"*a",
    b"<<: *a",
    b"!!python/object:os.system ",
    b"!!binary ",
    b"!!set ",
    b"!!str ",
    b"%YAML 9.9\n---\n",
    b"--- \n",
    b"...\n",
    b"? ",
    b"| ",
    b"> ",
    b"#",
    b"@",
    b"`",
    b"yes",
    b"no",
    b"~",
    b"2026-01-01",
    b"2026-13-45",
    b"=1+1",
    b"sep=;\n",
    b"<!DOCTYPE a>",
    b"&lt;",
    b"<a>",
    b"</a>",
    b"../../../../etc/passwd",
    b"/dev/null",
    b"con",
    b"%s%n",
    b"${HOME}",
    b"a" * 300,
    b" " * 300,
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**30, -(10**30), 2**63, 1.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf"), "", " ",
    "a", "\x00", "\ud800", "å", "1", "null", "2026-01-01", "a" * 1000, [], {}, [[]], [None], [1, "a", None], {"": None},
    {"a": 1},
    {"text": "a"}, [{}], [[[]]], {"a": {"a": {"a": []}}}, "x\ny", "\u2028", "=1", [0] * 50,
)  # fmt: skip


def mutated(seeds: Sequence[bytes], draw: random.Random) -> bytes:
    """One of the seeds, changed in one to four ways; one in fifty is left as it is, so that valid inputs stay among them."""
    data = draw.choice(seeds)
    if draw.random() < 0.02:
        return data
    if draw.random() < 0.5:
        data = _other_json(data, draw)
        if draw.random() < 0.6:
            return data
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        data = draw.choice(_WAYS)(data, seeds, draw)
    return data[:200_000]


def _flip(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    if not data:
        return data
    place = draw.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]


def _any_byte(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] + bytes([draw.randrange(256)]) + data[place + draw.randrange(2) :]


def _delete(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    start = draw.randrange(len(data) + 1)
    return data[:start] + data[start + draw.choice((1, 2, 5, 20, 100)) :]


def _cut(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def _twice(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    start = draw.randrange(len(data) + 1)
    piece = data[start : start + draw.choice((1, 4, 20, 200))]
    return data[:start] + piece * draw.choice((2, 2, 3, 50)) + data[start + len(piece) :]


def _word(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.choice(WORDS) + data[place + draw.choice((0, 0, 1, 4)) :]


def _value(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    """A word in place of what stands between two delimiters."""
    places = [place for place, byte in enumerate(data) if byte in b":,;\t\n[]{}="]
    if not places:
        return _word(data, seeds, draw)
    start = draw.choice(places) + 1
    end = next((place for place in places if place >= start), len(data))
    return data[:start] + draw.choice(WORDS) + data[end:]


def _splice(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    other = draw.choice(seeds)
    return data[: draw.randrange(len(data) + 1)] + other[draw.randrange(len(other) + 1) :]


def _move(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    lines = data.split(b"\n")
    place = draw.randrange(len(lines))
    line = lines.pop(place)
    for _ in range(draw.choice((1, 1, 2))):
        lines.insert(draw.randrange(len(lines) + 1), line)
    return b"\n".join(lines)


def _encoded(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(draw.choice(("utf-16", "utf-16-le", "utf-8-sig", "latin-1", "cp1252", "utf-32")), "replace")


def _nested(data: bytes, seeds: Sequence[bytes], draw: random.Random) -> bytes:
    place = draw.randrange(len(data) + 1)
    before, after = draw.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"- ", b""), (b"{a: ", b"}"), (b"(", b")"), (b"<a>", b"</a>")))
    depth = draw.choice((3, 30, 300, 3000))
    return data[:place] + before * depth + data[place : place + 5] + after * depth + data[place + 5 :]


_WAYS: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _flip, _flip, _any_byte, _delete, _delete, _cut, _twice, _word, _word, _word, _value, _value, _value, _splice, _move,
    _encoded, _nested,
)  # fmt: skip


def _other_json(data: bytes, draw: random.Random) -> bytes:
    """The same JSON (or one line of it) with something else somewhere in it; as it is where it is no JSON."""
    lines = data.split(b"\n")
    place = draw.randrange(len(lines))
    whole = len(lines) > 200 or not lines[place].strip()
    try:
        value = json.loads(data if whole else lines[place])
    except (ValueError, RecursionError):
        try:
            value, whole = json.loads(data), True
        except (ValueError, RecursionError):
            return data
    for _ in range(draw.choice((1, 1, 2))):
        value = _changed(value, draw)
    text = json.dumps(value, ensure_ascii=draw.random() < 0.5)
    if draw.random() < 0.1 and text.startswith("{") and len(text) > 2:
        first = text[1 : text.find(",")] if "," in text else text[1:-1]
        text = f"{{{first},{text[1:]}"  # a key twice
    made = text.encode("utf-8", "surrogatepass")
    if whole:
        return made
    lines[place] = made
    return b"\n".join(lines)


def _changed(value: Any, draw: random.Random) -> Any:
    """The value with one of its parts changed, moved or taken away."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        way = draw.random()
        if way < 0.6:
            return {**value, key: _changed(value[key], draw)}
        if way < 0.75:
            return {name: held for name, held in value.items() if name != key}
        if way < 0.85:
            return {**value, key: value[draw.choice(list(value))]}
        return {**value, draw.choice(("", "a", "id", "text", "value", key + "s", "\ud800")): draw.choice(VALUES)}
    if isinstance(value, list) and value and draw.random() < 0.85:
        place = draw.randrange(len(value))
        way = draw.random()
        if way < 0.6:
            return [*value[:place], _changed(value[place], draw), *value[place + 1 :]]
        if way < 0.75:
            return value[:place] + value[place + 1 :]
        return [*value, value[place]]
    if isinstance(value, str) and value and draw.random() < 0.3:
        place = draw.randrange(len(value))
        return value[:place] + draw.choice(("\x00", "\ud800", "\u2028", " ", "9", "=", "å", "")) + value[place + 1 :]
    return draw.choice(VALUES)
