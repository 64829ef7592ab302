"""Rows of the data home for lm-eval tasks: `custom_dataset: !function data.rows` with the file and its columns in the YAML.

It needs nothing but the standard library and `datasets`, so that the tasks run under plain `lm_eval --include_path tasks`.
The data home is the folder HARNESS_DATA, else `harness` in the user's data folder; `harness data get NAME` fills it.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def rows(
    file: str | list[str],
    sha256: str | list[str] | None = None,
    format: str = "jsonl",
    other: str | None = None,
    other_sha256: str | None = None,
    get: str | None = None,
    cluster: str | list[str] | None = None,
    **_: Any,
) -> dict[str, Any]:
    """{"test": the rows of the file as a `datasets.Dataset`}; columns as the file has them, texts as they stand.

    `format`: `jsonl`; `swequad` (contexts with questions and choices, flattened); `gec` (`original` and `reference`); `lines`
    (one text a line, as `text`; `other`: a second file with the same number of lines, as `other`); `conllu` (the sentences of
    each document, joined, as `text`). `file` and `sha256` (of the pinned file): one each, or lists. `get`: the name for
    `harness data get`. `cluster`: the column (`meta.id`: inside a column) by which rows belong together, or several whose values
    do so in any order; it becomes `cluster_id`. ValueError for another file, FileNotFoundError for none.
    """
    import datasets

    files = [file] if isinstance(file, str) else file
    pinned = [sha256] * len(files) if sha256 is None or isinstance(sha256, str) else sha256
    found: list[dict[str, Any]] = []
    for name, digest in zip(files, pinned, strict=True):
        found += _read(_found(name, get, digest), format)
    if other is not None:
        beside = _lines(_found(other, get, other_sha256))
        if len(beside) != len(found):
            raise ValueError(f"{file} has {len(found)} lines and {other} {len(beside)}: they do not belong together")
        found = [{**row, "other": line} for row, line in zip(found, beside, strict=True)]
    if cluster is not None:
        found = [{**row, "cluster_id": _cluster(row, cluster)} for row in found]
    return {"test": datasets.Dataset.from_list([{"row": number, **row} for number, row in enumerate(found)])}


def by_character(doc: dict[str, Any], results: Any) -> dict[str, tuple[float, int]]:
    """The log-likelihood of a text with its number of characters: what makes models of different tokenizers comparable."""
    loglikelihood = results[0][0] if isinstance(results[0], (tuple, list)) else results[0]
    return {"character_perplexity": (loglikelihood, len(doc["text"]))}


def character_perplexity(items: list[tuple[float, int]]) -> float:
    """exp of the summed negative log-likelihood over the summed characters (Holmström & Doostmohammadi 2023)."""
    return math.exp(-math.fsum(value for value, _ in items) / sum(count for _, count in items))


def _read(path: Path, format: str) -> list[dict[str, Any]]:
    if format == "jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if format == "swequad":
        return list(_swequad(json.loads(path.read_text(encoding="utf-8"))))
    if format == "gec":
        items = json.loads(path.read_text(encoding="utf-8"))["data"]
        return [{key: item[key].strip() for key in ("original", "reference")} for item in items]
    if format == "conllu":
        return [{"text": text} for text in _documents(path)]
    if format == "lines":
        return [{"text": line} for line in _lines(path)]
    raise ValueError(f"format is jsonl, swequad, gec, lines or conllu, got {format!r}")


def _cluster(row: dict[str, Any], columns: str | list[str]) -> str:
    """What the row belongs to."""

    def value(column: str) -> str:
        found: Any = row
        for key in column.split("."):
            found = found[key]
        return str(found)

    if isinstance(columns, str):
        return value(columns)
    return hashlib.sha256("\0".join(sorted(map(value, columns))).encode()).hexdigest()[:16]


def _found(file: str, get: str | None, sha256: str | None) -> Path:
    named = os.environ.get("HARNESS_DATA")
    xdg = os.environ.get("XDG_DATA_HOME")
    home = Path(named).expanduser() if named else (Path(xdg) if xdg else Path.home() / ".local" / "share") / "harness"
    path = home / file
    if not path.is_file():
        how = f"run `harness data get {get}`, or " if get else ""
        raise FileNotFoundError(f"{path} is absent: {how}set HARNESS_DATA to a folder that holds {file}")
    if sha256 is not None and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ValueError(f"{path} is not the file that this task was made for (its sha256 differs): get it again")
    return path


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").splitlines()


def _swequad(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a question: `context`, `question`, `choices` in an order that says nothing of the right one, `label`."""
    for place, entry in enumerate(content["data"]):
        texts = sorted({choice["text"].strip() for choice in entry["choices"]})
        texts.sort(key=lambda text: hashlib.sha256(f"{entry['question']}\0{text}".encode()).digest())
        right = next(choice["text"].strip() for choice in entry["choices"] if choice["type"] == "Correct answer")
        context = entry["context"].replace("\r\n", "\n")
        yield {
            "context": context,
            "question": entry["question"].strip(),
            "choices": texts,
            "label": texts.index(right),
            "entry": place,
        }


def _documents(path: Path) -> Iterator[str]:
    """The documents of a treebank (`# newdoc id`), their sentences joined by blanks."""
    said: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# newdoc") and said:
            yield " ".join(said)
            said = []
        elif line.startswith("# text = "):
            said.append(line.removeprefix("# text = "))
    if said:
        yield " ".join(said)
