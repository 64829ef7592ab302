"""Paraphrases of documents: those that a corpus was planted with, a table of pairs, back-translation, or a function of one's own.

Where they come from a table: JSON Lines with `id` (of the document) or `source` (its text), and `paraphrase`. Back-translation:
two translators of the project (`to` the `pivot` language and `from` it), which keep what they translated.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError, PluginError
from harness.whole_files import replace_file
from harness_plugins.retro.by_name import by_name

Documents = Sequence[tuple[str, str, str]]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the documents: `usable` have a paraphrase; `missing` and `empty` have none, and are left out of both
    arms; `identical` ones, which are used, say the same as the document."""

    documents: int
    usable: int
    missing: int
    empty: int
    identical: int


def paraphrased(
    documents: Documents, how: Any, planted: Mapping[str, str], kept: Path
) -> tuple[list[tuple[str, str, str]], Counts]:
    """A paraphrase under the id of each document that has one, and what became of all. `kept`: where paraphrases that cost
    something are written, so that they are made once. Raises InputError where no document has one."""
    found = _found(documents, how, planted, kept)
    said: list[tuple[str, str, str]] = []
    missing = empty = identical = 0
    for id, text, language in documents:
        other = found.get(id)
        if other is None:
            missing += 1
        elif not other.strip():
            empty += 1
        else:
            identical += other.strip() == text.strip()
            said.append((id, other, language))
    if not said:
        raise InputError(f"none of the {len(documents)} documents has a paraphrase; look at what `paraphrases` names")
    return said, Counts(documents=len(documents), usable=len(said), missing=missing, empty=empty, identical=identical)


def check_paraphrases(how: Any) -> None:
    """Raises PluginError for a function of one's own that cannot be loaded, InputError for a table that is not there and for
    back-translation without its parts; nothing is paraphrased."""
    if not isinstance(how, Mapping):
        return
    [(kind, value)] = how.items()
    if kind == "own":
        _own(value)
    elif kind == "back":
        _check_back(value)
    elif not isinstance(value, str) or not Path(value).expanduser().is_file():
        raise InputError(f"paraphrases: table is a file of JSON Lines, and there is none at {value!r:.200}")


def _found(documents: Documents, how: Any, planted: Mapping[str, str], kept: Path) -> Mapping[str, str]:
    if how == "planted":
        if not planted:
            raise InputError("paraphrases: planted needs a corpus of `planted` text; give a table, or back-translation")
        return planted
    [(kind, value)] = how.items()
    if kind == "table":
        return _table(Path(value).expanduser(), documents)
    make = _back(value, documents) if kind == "back" else _own(value)
    return _made(documents, make, kept)


def _table(path: Path, documents: Documents) -> dict[str, str]:
    by_text = {text.strip(): id for id, text, _ in documents}
    found: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise InputError(f"paraphrases: {path} cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            id = row["id"] if "id" in row else by_text.get(row["source"].strip())
            if id is not None:
                found[id] = str(row["paraphrase"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}, line {number}: expected {{"id" or "source": …, "paraphrase": …}} ({error!r:.80})'
            ) from error
    return found


def _back(value: Any, documents: Documents) -> Callable[[Sequence[str]], Sequence[str | None]]:
    from harness_plugins.datasets.translators.base import translator

    _check_back(value)
    language = documents[0][2]
    there, back = translator(value["to"], language, value["pivot"]), translator(value["from"], value["pivot"], language)

    def make(texts: Sequence[str]) -> list[str | None]:
        away = [one.text for one in there.translate(texts)]
        known = [place for place, text in enumerate(away) if text]
        home = back.translate([str(away[place]) for place in known])
        found: list[str | None] = [None] * len(texts)
        for place, one in zip(known, home, strict=True):
            found[place] = one.text
        return found

    return make


def _check_back(value: Any) -> None:
    if not isinstance(value, Mapping) or set(value) != {"pivot", "to", "from"}:
        raise InputError("paraphrases: back names `pivot` (a language), `to` and `from` (translators)")


def _own(target: Any) -> Callable[[Sequence[str]], Sequence[str | None]]:
    """A function of texts that gives as many paraphrases, None where it has none: an LLM's, say."""
    if not isinstance(target, str) or ":" not in target:
        raise PluginError(f"paraphrases: own is `package.module:name` of a function, got {target!r:.80}")
    made: Callable[[Sequence[str]], Sequence[str | None]] = by_name(target, f"paraphrases: {target!r}")
    if not callable(made):
        raise PluginError(f"paraphrases: {target!r} is a {type(made).__name__}, and not a function of texts")
    return made


def _made(documents: Documents, make: Callable[[Sequence[str]], Sequence[str | None]], kept: Path) -> dict[str, str]:
    """What `make` says of the documents, in portions that are kept: one that fails loses none before it."""
    found: dict[str, str | None] = {}
    if kept.is_file():
        found = {row[0]: row[1] for row in map(json.loads, kept.read_text("utf-8").splitlines())}
    open_ = [(id, text) for id, text, _ in documents if id not in found]
    for start in range(0, len(open_), 64):
        part = open_[start : start + 64]
        said = make([text for _, text in part])
        if len(said) != len(part):
            raise PluginError(f"paraphrases: {len(part)} texts were given and {len(said)} came back")
        found |= {id: other for (id, _), other in zip(part, said, strict=True)}
        kept.parent.mkdir(parents=True, exist_ok=True)
        replace_file(kept, "".join(json.dumps([id, other], ensure_ascii=False) + "\n" for id, other in found.items()).encode())
    return {id: other for id, other in found.items() if other is not None}
