"""The records of an Argilla export, in whichever of its shapes they come: nested or flat, Argilla 2 or 1."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import InputError
from harness.whole_files import read_file
from harness_plugins.judgments.export_study import shaped

_OWN = ("id", "external_id", "status", "_server_id", "score")
_NESTED = ("fields", "metadata", "responses", "suggestions", "vectors")
_FILES = ("records.json", "*.parquet", "data/*.parquet", "*.jsonl", "data/*.jsonl")


class Response(NamedTuple):
    """One person's answer to one question; `status` None where the export does not say.

    `user` is the user's id; where the export has none, a name that no other record's answers have, and `known` is False.
    """

    question: str
    user: str
    value: Any
    status: str | None
    known: bool = True


@dataclass(frozen=True)
class Record:
    """One record: what it shows (fields and metadata) and what people answered."""

    id: str
    values: Mapping[str, Any]
    responses: tuple[Response, ...]


def read_records(path: str | Path) -> tuple[Path, list[Record]]:
    """The file that was read, and its records; raises InputError naming the file and the record."""
    path = Path(path).expanduser()
    file = _file(path)
    rows = _parquet(file) if file.suffix == ".parquet" else _json(file)
    if not rows:
        raise InputError(f"{file}: it holds no records; export the dataset with its records")
    records = []
    for number, row in enumerate(rows, 1):
        with shaped(str(file), f"record {number}"):
            records.append(_record(file, number, row))
    return file, records


def _file(path: Path) -> Path:
    if not path.is_dir():
        if path.suffix not in (".json", ".jsonl", ".ndjson", ".parquet"):
            raise InputError(f"{path}: an Argilla export is a folder (Dataset.to_disk) or a .json, .jsonl or .parquet file")
        return path
    for pattern in _FILES:
        found = sorted(file for file in path.glob(pattern) if file.is_file())
        if len(found) > 1:
            raise InputError(f"{path}: it holds {len(found)} files of records ({found[0].name}, {found[1].name} …); name one")
        if found:
            return found[0]
    raise InputError(f"{path}: no records.json, Parquet or JSON Lines file lies in it; export the dataset with its records")


def _json(file: Path) -> list[Any]:
    try:
        text = read_file(file).decode("utf-8")
        if file.suffix == ".json":
            rows = json.loads(text)
            return rows if isinstance(rows, list) else list(rows.values()) if isinstance(rows, dict) else []
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}; check the path") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not JSON: {error}; export the dataset again") from error


def _parquet(file: Path) -> list[Any]:
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_table(file).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"{file}: cannot be read as Parquet: {error}") from error


def _record(file: Path, number: int, row: Any) -> Record:
    if not isinstance(row, dict):
        raise InputError(f"{file}, record {number}: expected an object, got {type(row).__name__}")
    own = row.get("id") or row.get("external_id") or row.get("_server_id") or number
    if isinstance(row.get("fields"), dict):
        values = {**_mapping(row.get("metadata")), **row["fields"]}
        return Record(str(own), values, tuple(_named(number, _nested(row.get("responses") or ()))))
    responses = tuple(_named(number, _flat(row)))
    asked = {response.question for response in responses}
    values = {
        key: value
        for key, value in row.items()
        if key not in _OWN and key not in asked and key not in ("metadata", "vectors") and not _is_about(key)
    }
    return Record(str(own), {**_mapping(row.get("metadata")), **values}, responses)


def _named(number: int, responses: Iterable[Response]) -> Iterator[Response]:
    """The answers; those without a user's id get the record's number, and a further one for a second such to a question."""
    unknown: Counter[str] = Counter()
    for response in responses:
        if response.user:
            yield response
            continue
        unknown[response.question] += 1
        again = f".{unknown[response.question]}" if unknown[response.question] > 1 else ""
        yield response._replace(user=f"unknown-{number}{again}", known=False)


def _id(user: Any) -> str:
    """Empty where there is none: a deleted user, mostly."""
    return "" if user is None else str(user).strip()


def _nested(responses: Any) -> Iterator[Response]:
    """Argilla 2: question → answers; Argilla 1: a list of users, each with the values of all questions."""
    if isinstance(responses, dict):
        for question, answers in responses.items():
            for answer in answers or ():
                yield Response(question, _id(answer.get("user_id")), answer.get("value"), answer.get("status"))
        return
    for said in responses:
        for question, answer in (said.get("values") or {}).items():
            value = answer.get("value") if isinstance(answer, dict) else answer
            yield Response(question, _id(said.get("user_id")), value, said.get("status"))


def _flat(row: Mapping[str, Any]) -> Iterator[Response]:
    """Argilla 2: three columns a question; Argilla 1: a column a question, a list of answers or a list of each of their parts."""
    for key, value in row.items():
        if key.endswith(".responses"):
            question = key.removesuffix(".responses")
            users, statuses = row.get(f"{key}.users") or (), row.get(f"{key}.status") or ()
            for place, said in enumerate(value or ()):
                user = users[place] if place < len(users) else None
                yield Response(question, _id(user), said, statuses[place] if place < len(statuses) else None)
        elif isinstance(value, dict) and {"user_id", "value"} <= set(value):
            statuses = value.get("status") or [None] * len(value["value"])
            for user, said, status in zip(value["user_id"], value["value"], statuses, strict=True):
                yield Response(key, _id(user), said, status)
        elif (
            isinstance(value, list) and value and all(isinstance(one, dict) and {"user_id", "value"} <= set(one) for one in value)
        ):
            for one in value:
                yield Response(key, _id(one["user_id"]), one["value"], one.get("status"))


def _is_about(key: str) -> bool:
    """Columns beside a question: responses' users and statuses, and suggestions, which are a model's."""
    parts: Sequence[str] = (".responses", ".responses.users", ".responses.status", ".suggestion", ".suggestion.score")
    return key.endswith((*parts, ".suggestion.agent", "-suggestion", "-suggestion-metadata"))


def _mapping(value: Any) -> dict[str, Any]:
    """Metadata: an object, or (Argilla 1) its JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
