"""The items of a task as lm-eval's samples keep them, one line an item and filter, read into one record an item."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError
from harness.leaderboard.file_tasks import TaskEntry, metric_name
from harness.leaderboard.file_values import LONGEST, finite, without_half_characters
from harness.leaderboard.records import Item
from harness.leaderboard.result_files import ResultFile

LONGEST_LINE = 16_000_000  # bytes
_NO_METRIC = frozenset(
    {
        "doc_id",
        "doc",
        "target",
        "arguments",
        "resps",
        "filtered_resps",
        "filter",
        "metrics",
        "doc_hash",
        "prompt_hash",
        "target_hash",
    }
)


def read_samples(file: ResultFile, entry: TaskEntry) -> Iterator[Item]:
    """The items in the order of the file; none where no samples were kept. A torn last line is left out.

    What the filters say of one item is one item, its answers those of the first filter. A document that comes again is an item of
    its own whose `meta["repeats"]` is the first one's key; they are one cluster. InputError with file and line, or where a file
    of samples holds none.
    """
    path = find_samples(file, entry.info.name)
    if path is None:
        return
    merged: dict[Any, dict[str, Any]] = {}
    for number, sample in _lines(path):
        try:
            _add(merged, sample, entry, file.clusters.get(entry.info.name), f"{path}, line {number}")
        except RecursionError:
            raise InputError(f"{path}, line {number}: nested too deeply") from None
    if not merged:
        raise InputError(f"{path} holds no sample")
    met: dict[str, int] = {}
    for fields in merged.values():
        key = fields["key"]
        met[key] = met.get(key, 0) + 1
        if met[key] > 1:  # the same document twice: two items, told apart in the same way in every model
            fields["key"] = f"{key}#{met[key]}"
            fields["meta"] = {"cluster": key, **fields["meta"], "repeats": key}
        yield Item(**fields)


def find_samples(file: ResultFile, task: str) -> Path | None:
    """The samples that lie beside a file of results: those of its date, else without one, else the latest."""
    words = {task, re.sub(r"\W", "_", task)}
    found: list[tuple[bool, bool, str, Path]] = []
    for path in sorted(file.path.parent.glob("*.jsonl")):
        if not is_own_file(path):
            continue
        for word in words:
            if path.name == f"samples_{word}.jsonl" or (
                not path.name.startswith("samples_") and path.name.endswith(f"_{word}.jsonl")
            ):
                found.append((file.stamp is None, True, "", path))
            elif path.name.startswith(f"samples_{word}_"):
                stamp = path.name.removeprefix(f"samples_{word}_").removesuffix(".jsonl")
                if re.fullmatch(r"\d{4}-\d{2}-\d{2}T[\d\-.:]+", stamp):
                    found.append((stamp == file.stamp, False, stamp, path))
    return max(found)[3] if found else None


def is_own_file(path: Path) -> bool:
    """Whether it is a regular file that lies here: a link may lead anywhere, and a pipe never ends."""
    return path.is_file() and not path.is_symlink()


def count_items(path: Path) -> int:
    """Documents in a file of samples, whatever the number of filters."""
    return len({json.dumps(sample.get("doc_id", number)) for number, sample in _lines(path)})


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise InputError(f"{path}, line {number}: longer than {LONGEST_LINE:,} bytes, which is no sample")
            if not line.strip():
                continue
            try:
                sample = _decoded(line)
            except ValueError as error:
                if not line.endswith(b"\n"):
                    return  # cut short while it was written
                raise InputError(f"{path}, line {number}: no JSON ({error})") from None
            if not isinstance(sample, dict):
                raise InputError(f"{path}, line {number}: a sample is to be an object, got {type(sample).__name__}")
            yield number, sample


def _decoded(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):  # Python writes NaN, Infinity and half characters, which are no JSON
        try:
            return without_half_characters(json.loads(line))
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _add(merged: dict[Any, dict[str, Any]], sample: dict[str, Any], entry: TaskEntry, cluster: str | None, where: str) -> None:
    doc = sample.get("doc")
    told = sample.get("doc_id")
    key = sample.get("doc_hash")
    if not isinstance(key, str) or not key:
        key = sha256(json.dumps(doc, sort_keys=True).encode()).hexdigest() if doc is not None else f"doc {told}"
    place = (key, json.dumps(told))
    fields = merged.get(place)
    if fields is None:
        requests = _requests(sample.get("arguments"))
        choice = entry.info.output_type == "multiple_choice"
        fields = merged[place] = {
            "key": key[:LONGEST],
            "prompt": _shown(requests[0][0]) if requests and requests[0] else None,
            "target": None if sample.get("target") is None else _shown(sample["target"]),
            "choices": tuple(_shown(request[1]).strip() for request in requests if len(request) > 1) if choice else (),
            "answers": tuple(_answers(sample.get("filtered_resps", sample.get("resps")), choice)),
            "values": {},
            "meta": {} if told is None else {"doc_id": told},
        }
        targets = sample.get("target")
        if isinstance(targets, list) and targets and all(isinstance(one, str) for one in targets):
            fields["meta"]["targets"] = targets  # several right answers, of which `target` shows the list
        if entry.shots and isinstance(doc, dict):  # the prompt holds other items too
            fields["meta"]["texts"] = list(_strings(doc))
        group = doc.get(cluster or "cluster_id") if isinstance(doc, dict) else None
        if isinstance(group, (str, int)):
            fields["meta"]["cluster"] = str(group)
    chosen_by = sample.get("filter")
    named = sample.get("metrics")
    metrics = named if isinstance(named, list) else [name for name in sample if name not in _NO_METRIC]
    for metric in metrics:
        if not isinstance(metric, str) or metric not in sample:
            raise InputError(f"{where}: 'metrics' names {str(metric)[:80]!r}, which the line does not hold")
        name = metric_name(metric, chosen_by if isinstance(chosen_by, str) else "")
        value = sample[metric]
        if isinstance(value, (bool, int, float)):
            fields["values"][name] = finite(float(value) if isinstance(value, bool) else value)
        elif isinstance(value, list):
            fields["values"][name] = None
            fields["meta"].setdefault("parts", {})[name] = value
        elif value is None:
            fields["values"][name] = None


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)) and depth < 5:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one, depth + 1)


def _requests(arguments: Any) -> list[list[Any]]:
    """The prompts as lists: lm-eval writes `{"gen_args_0": {"arg_0": …}}`, older versions `[[…], …]`."""
    if isinstance(arguments, dict):
        return [list(request.values()) for request in arguments.values() if isinstance(request, dict)]
    if isinstance(arguments, list):
        return [request for request in arguments if isinstance(request, list)]
    return []


def _answers(replies: Any, choice: bool) -> Iterator[str]:
    """What was said, or of each choice its log-likelihood."""
    if not isinstance(replies, list):
        return
    for reply in replies:
        while isinstance(reply, list) and len(reply) == 1:
            reply = reply[0]
        if isinstance(reply, list) and choice:
            yield _shown(reply[0]) if reply else ""
        elif isinstance(reply, list):
            yield from (_shown(one) for one in chain.from_iterable(one if isinstance(one, list) else [one] for one in reply))
        else:
            yield _shown(reply)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
