"""The verdict in a judge's reply: the last one that is well formed, never one that the judged text may have put there.

A verdict is a line `VERDICT 482937: 2` (or `OMDÖME`), or a JSON object with `code` and `verdict`; with several criteria a line
each, `VERDICT 482937 correctness: 2`, or `verdicts` by criterion. The rules, in order:

1. What a model thinks aloud before its reply (up to `</think>`) is not read. Where a text of the call holds such marks, they
   count only in a reply that begins with `<think>`.
2. A verdict with a code of the call, that of its answers or that of its other texts, is the judge's own: no text of the call
   holds either (`fences.Codes`), so neither a quotation, a code block, nor a repetition of what was judged can bring one. Of
   several the last counts.
3. Without such a one, a verdict with no code (or a wrong one) counts where no text of the call holds the word VERDICT or OMDÖME:
   it then cannot be repeated from there. Else there is none, whatever its value, so that nobody gains by forging some of them.
4. Without any, a reply that is nothing but the value counts (`2`, `B`, `B > A`), unless a text of the call may have given it: for
   ratings, where one holds any number of the scale; for the others, where a line of one reads the same way.
5. The one that counts is checked: whole, on the scale, each answer ranked once. If it fails there is none; no earlier one stands
   in.

Wide and composed forms are folded first (NFKC), in the reply and in the texts alike; invisible characters are not removed, and
so cannot be made to join what they separate.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness_plugins.judges.criteria import WholeScale
from harness_plugins.judges.prompts import Form
from harness_plugins.judges.values import Value, choice, ranking, ranking_of_json, rating, rating_of_json

PARSER = "1"  # the version of all that is decided here and in `values`
_KEYWORD = re.compile(r"verdict|omdöme", re.IGNORECASE)
_LINE = re.compile(
    r"^[ \t*_#`~•–—-]{0,40}(?:verdict|omdöme)[ \t*_`(\[#-]{0,20}(?P<code>\d{4,40})?[ \t*_`)\]]{0,20}"
    r"(?P<label>[^\W\d][^:=\n]{0,80})?[:=](?P<value>[^\n]{0,400})$",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER = re.compile(r"\d+")
_PLAIN = re.compile(r'(?:(?:VERDICT|OMDÖME) (\d+): (\d{1,9})|\{\s*"code":\s*(\d+),\s*"verdict":\s*(\d{1,9})\s*\})\s*\Z', re.ASCII)
_OBJECTS = 200  # attempts at reading an object in one reply
_THOUGHT = "</think>"


@dataclass(frozen=True)
class Asked:
    """What replies to calls of one kind may say. `labels`: folded names and labels → criterion; `choices`: all replies."""

    form: Form
    criteria: tuple[str, ...]
    labels: Mapping[str, str]
    scale: WholeScale
    answers: int
    choices: tuple[str, ...] = ()

    def value(self, text: str) -> Value | None:
        """The value that a text says."""
        if self.form == "direct":
            return rating(text, self.scale)
        return choice(text) if self.form == "pair" else ranking(text, self.answers)

    def value_of_json(self, value: Any) -> Value | None:
        """The value that JSON holds."""
        if self.form == "direct":
            return rating_of_json(value, self.scale)
        if self.form == "pair":
            return choice(value) if isinstance(value, str) else None
        return ranking_of_json(value, self.answers)


class _Found(NamedTuple):
    criterion: str
    start: int
    owned: bool
    value: Value | None


def read(reply: str, asked: Asked, codes: Sequence[str], texts: Sequence[str]) -> dict[str, Value | None]:
    """The verdict on each criterion that was asked about; None where the reply holds none.

    `codes`: of the call; `texts`: the call's texts as they were shown. Spans in the values are places in `reply`, left out where
    folding moved them.
    """
    if asked.choices:
        chosen = asked.value(reply.strip()) if reply.strip() in asked.choices else None
        return dict.fromkeys(asked.criteria, chosen)
    plain = _PLAIN.match(reply) if asked.form == "direct" and len(asked.criteria) == 1 else None
    if plain is not None and (plain[1] or plain[3]) in codes:  # what nearly all replies are: the same as below, in less time
        group = 2 if plain[1] else 4
        found_value = int(plain[group])
        here = Value(float(found_value), span=plain.span(group)) if found_value in asked.scale.values else None
        return {asked.criteria[0]: here}
    text = _folded(reply)
    start = _after_thoughts(text, texts) if _THOUGHT in text or "<think>" in text else 0
    found = [*_lines(text, start, asked, codes), *_objects(text, start, asked, codes)]
    if found:
        read = {name: _last([each for each in found if each.criterion == name], texts) for name in asked.criteria}
    else:
        read = dict.fromkeys(asked.criteria, _bare(text[start:], start, asked, texts) if len(asked.criteria) == 1 else None)
    if text is reply:
        return read
    return {name: None if value is None else value._replace(span=None) for name, value in read.items()}


def _folded(text: str) -> str:
    return text if text.isascii() or unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text)


def _after_thoughts(text: str, texts: Sequence[str]) -> int:
    """Where the reply proper begins; its end if it never does."""
    begun, forged = text.lstrip().startswith("<think>"), any("think>" in _folded(each) for each in texts)
    if forged and not begun:
        return 0
    end = text.find(_THOUGHT) if forged else text.rfind(_THOUGHT)
    if end >= 0:
        return end + len(_THOUGHT)
    return len(text) if begun else 0


def _lines(text: str, start: int, asked: Asked, codes: Sequence[str]) -> Iterator[_Found]:
    for line in _LINE.finditer(text, start):
        label = (line["label"] or "").strip(" \t*_`").casefold()
        name = asked.labels.get(label) if label else asked.criteria[0] if len(asked.criteria) == 1 else None
        if name is not None:
            value, place = asked.value(line["value"].rstrip()), line.start("value")
            if value is not None and value.span is not None:
                value = value._replace(span=(place + value.span[0], place + value.span[1]))
            yield _Found(name, line.start(), line["code"] in codes, value)


def _objects(text: str, start: int, asked: Asked, codes: Sequence[str]) -> Iterator[_Found]:
    """Verdicts in JSON objects. Keys and code must stand there as they are: what is written as an escape does not count."""
    for first, last, content in _json_objects(text, start):
        source = text[first:last]
        if not _KEYWORD.search(source):
            continue
        given = content.get("code")
        owned = type(given) in (int, str) and str(given) in codes and str(given) in source
        verdicts = content.get("verdicts", content.get("omdömen"))
        single = content.get("verdict", content.get("omdöme"))
        named = {} if not isinstance(verdicts, dict) else verdicts
        for name in asked.criteria:
            label = next((key for key in named if asked.labels.get(key.strip().casefold()) == name), None)
            raw = named[label] if label is not None else single if len(asked.criteria) == 1 else None
            if raw is not None:
                value = asked.value_of_json(raw)
                yield _Found(name, first, owned, None if value is None else value._replace(span=_span(source, first, label, raw)))


def _json_objects(text: str, start: int) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """The outermost JSON objects in the text that name no key twice: first place, end, content."""
    place = text.find("{", start)
    for _ in range(_OBJECTS):
        if place < 0:
            return
        end = place + 1
        try:
            content, end = _DECODER.raw_decode(text, place)
            yield place, end, content
        except (ValueError, RecursionError):
            pass
        place = text.find("{", end)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice")
    return content


def _no_constant(word: str) -> Any:
    raise ValueError(word)


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def _span(source: str, first: int, label: str | None, raw: Any) -> tuple[int, int] | None:
    """Where the number or letter stands in the text, of an object that begins at `first`."""
    key = r"(?:verdict|omdöme)" if label is None else re.escape(label)
    places = list(re.finditer(rf'"{key}"\s*:\s*"?({re.escape(str(raw))})', source))
    return None if not places else (first + places[-1].start(1), first + places[-1].end(1))


def _last(found: Sequence[_Found], texts: Sequence[str]) -> Value | None:
    owned = [each for each in found if each.owned]
    if not owned and any(_KEYWORD.search(_folded(text)) for text in texts):
        return None
    counted = owned or found
    return max(counted, key=lambda each: each.start).value if counted else None


def _bare(text: str, start: int, asked: Asked, texts: Sequence[str]) -> Value | None:
    plain = text.strip()
    value = asked.value(plain) if plain and "\n" not in plain else None
    if value is None or _taken(asked, texts):
        return None
    if value.span is None:
        return value
    place = start + text.index(plain)
    return value._replace(span=(place + value.span[0], place + value.span[1]))


def _taken(asked: Asked, texts: Sequence[str]) -> bool:
    """Whether a text of the call may have given a bare value."""
    folded = map(_folded, texts)
    if asked.form == "direct":
        return any(int(run) in asked.scale.values for text in folded for run in _NUMBER.findall(text) if len(run) < 10)
    return any(asked.value(line.strip()) is not None for text in folded for line in text.splitlines())
