"""Given translations: a file of pairs, two line-aligned files, or a few pairs in the config. People's corrections, too.

Formats by the file's end: `.jsonl` (one object a line), `.csv` and `.tsv` (with a header). Texts are looked up after NFC and with
blanks collapsed within their lines; what is not there has no translation, or that of the translator `otherwise`.
"""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.errors import InputError, PluginError, did_you_mean
from harness_plugins.datasets.translators import pieces
from harness_plugins.datasets.translators.base import Translated, Translator, translator
from harness_plugins.datasets.translators.languages import base_of, check_tag

ABSENT = "not-in-table"
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\r\n?")
_SURROUNDED = re.compile(r"(\s*)(.*?)(\s*)\Z", re.DOTALL)


class TableTranslator:
    """Looks translations up in `file`, in `source_file` and `target_file` (line by line), in `entries` (a mapping), or several.

    `source_column` and `target_column`: columns or keys of `file`, by default `source` and `target`, else the languages' tags.
    `sentences`: a text that is not there is composed of its sentences, if all of them are. `otherwise`: another translator, by
    name or as a mapping, for what is not there, so that corrected segments stand before a machine's.
    Raises InputError naming both lines where one text has two different translations, unless `duplicates` is `first`.
    """

    def __init__(
        self,
        source: str,
        target: str,
        *,
        file: str | Path | None = None,
        source_file: str | Path | None = None,
        target_file: str | Path | None = None,
        entries: Mapping[str, str] | None = None,
        source_column: str | None = None,
        target_column: str | None = None,
        sentences: bool = False,
        duplicates: Literal["error", "first"] = "error",
        otherwise: str | Mapping[str, Any] | None = None,
    ) -> None:
        self.source, self.target = check_tag(source, "source"), check_tag(target, "target")
        if (source_file is None) != (target_file is None):
            raise PluginError("translator 'table': source_file and target_file go together, line by line")
        if file is None and source_file is None and entries is None:
            raise PluginError("translator 'table': give `file`, or `source_file` and `target_file`, or `entries`")
        if not isinstance(sentences, bool):
            raise PluginError(f"translator 'table': sentences is true or false, got {sentences!r:.60}")
        if duplicates not in ("error", "first"):
            raise PluginError(f"translator 'table': duplicates is error or first, got {duplicates!r:.60}")
        found: list[tuple[str, str, str]] = []
        if file is not None:
            found += _pairs(Path(file).expanduser(), _columns(source, source_column), _columns(target, target_column, "target"))
        if source_file is not None and target_file is not None:
            found += _aligned(Path(source_file).expanduser(), Path(target_file).expanduser())
        if entries is not None:
            found += _given(entries)
        self._table, digest = _tabled(found, duplicates == "first")
        self._sentences = sentences
        self._otherwise: Translator | None = translator(otherwise, source, target) if otherwise is not None else None
        self.unit = self._otherwise.unit if self._otherwise is not None else "text"
        self.signature = f"table|languages:{source}-{target}|entries:{len(self._table)}|sha256:{digest[:12]}"
        self.signature += f"|sentences:{str(sentences).lower()}|v:1"
        if self._otherwise is not None:
            self.signature += f"|otherwise:({self._otherwise.signature})"

    def __len__(self) -> int:
        return len(self._table)

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """One result a text, in order."""
        done = [self._looked_up(text) for text in texts]
        open_ = [place for place, result in enumerate(done) if result.text is None]
        if self._otherwise is not None and open_:
            for place, result in zip(open_, self._otherwise.translate([texts[place] for place in open_]), strict=True):
                done[place] = result
        return done

    def _looked_up(self, text: str) -> Translated:
        match = _SURROUNDED.match(text)
        assert match is not None  # it matches everything
        before, middle, after = match.groups()
        if not middle:
            return Translated(text)
        found = self._table.get(_key(middle))
        if found is not None:
            return Translated(f"{before}{found}{after}")
        composed = self._composed(text) if self._sentences else None
        return Translated(composed) if composed is not None else Translated(None, ABSENT)

    def _composed(self, text: str) -> str | None:
        """The text of the longest runs of its sentences that are there, each line for itself; None where one is not."""
        for cut in (pieces.lines(text), pieces.sentences(text)):
            made = self._covered(cut)
            if made is not None:
                return made
        return None

    def _covered(self, cut: list[str]) -> str | None:
        done, place, last = [cut[0]], 1, len(cut) - 1
        while place < last:
            for end in range(last, place, -2):  # cut[place:end] is a run of sentences with the blanks between them
                run = "".join(cut[place:end])
                found = self._table.get(_key(run)) if "\n" not in run else None
                if found is not None:
                    done += [found, cut[end]]
                    place = end + 1
                    break
            else:
                return None
        return "".join(done)


def _key(text: str) -> str:
    text = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n")).strip()


def _columns(tag: str, given: str | None, default: str = "source") -> list[str]:
    return [given] if given is not None else [default, tag, base_of(tag)]


def _tabled(found: Sequence[tuple[str, str, str]], first: bool) -> tuple[dict[str, str], str]:
    """The table, and the sha256 of its content, which the order of entries does not change."""
    table: dict[str, str] = {}
    places: dict[str, str] = {}
    for source, target, place in found:
        key = _key(source)
        if not key:
            continue
        earlier = table.setdefault(key, target)
        if not first and _key(earlier) != _key(target):
            raise InputError(
                f"{place}: {source!r:.80} is translated as {target!r:.80}, and as {earlier!r:.80} in {places[key]}. "
                "Keep one of them, or give `duplicates: first`"
            )
        places.setdefault(key, place)
    sha = hashlib.sha256()
    for key in sorted(table):
        sha.update(json.dumps([key, table[key]]).encode("ascii") + b"\n")
    return table, sha.hexdigest()


def _given(entries: Any) -> list[tuple[str, str, str]]:
    if not isinstance(entries, Mapping) or not all(isinstance(text, str) for pair in entries.items() for text in pair):
        raise PluginError("translator 'table': entries is a mapping of texts to their translations (quote numbers)")
    return [(source, target, f"entries, {source!r:.40}") for source, target in entries.items()]


def _aligned(first: Path, second: Path) -> Iterator[tuple[str, str, str]]:
    sources, targets = _read(first).split("\n"), _read(second).split("\n")
    for lines in (sources, targets):
        if lines and not lines[-1]:
            lines.pop()
    if len(sources) != len(targets):
        raise InputError(f"{first} has {len(sources):,} lines and {second} {len(targets):,}: they are to be aligned line by line")
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), 1):
        if source.strip() and target.strip():
            yield source.strip(), target.strip(), f"{second}, line {number}"


def _pairs(path: Path, sources: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    rows = {".jsonl": _json_rows, ".csv": _csv_rows, ".tsv": _csv_rows}.get(path.suffix.lower())
    if rows is None:
        raise InputError(f"{path}: a table of translations ends in .jsonl, .csv or .tsv (or give source_file and target_file)")
    for place, row in rows(path):
        source, target = (_cell(place, row, names) for names in (sources, targets))
        if target is not None and source is not None:
            yield source, target, place


def _cell(place: str, row: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The text under the first of the names that is there; None where it is null or empty, as in a row nobody has filled in."""
    name = next((name for name in names if name in row), None)
    if name is None:
        raise InputError(f"{place}: there is no {' or '.join(map(repr, names))}.{did_you_mean(names[0], map(str, row))}")
    value = row[name]
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InputError(f"{place}: {name!r} is to be a text, got {value!r:.60}")
    return value


def _json_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(_read(path).split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{path}, line {number}: this is no JSON ({error.msg})") from error
            if not isinstance(row, dict):
                raise InputError(f"{path}, line {number}: expected an object with keys and values, got {line[:60]!r}")
            yield f"{path}, line {number}", row


def _csv_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    tabbed = path.suffix.lower() == ".tsv"
    reader = csv.reader(io.StringIO(_read(path), newline=""), delimiter="\t" if tabbed else ",", strict=not tabbed)
    header: list[str] | None = None
    try:
        for row in reader:
            if not row:
                continue
            if header is None:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                raise InputError(f"{path}, line {reader.line_num}: {len(row)} columns, and the header has {len(header)}")
            yield f"{path}, line {reader.line_num}", dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}") from error
