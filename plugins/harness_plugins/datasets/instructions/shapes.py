"""Which format an instruction set has, told by its fields, and the rows in one of its records."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import repeat
from typing import Any

from harness.errors import InputError, did_you_mean
from harness_plugins.datasets.file_faults import whole
from harness_plugins.datasets.instructions.chats import messages_rows, oasst_rows, sharegpt_rows, turns_rows
from harness_plugins.datasets.instructions.files import Found
from harness_plugins.datasets.instructions.rows import OUTPUT, Row, row_digest, source_document, whole_row

_NOTHING = {"", "none", "none.", "<noinput>", "n/a", "no input", "ingen", "ingen.", "inga", "inga."}
_EXTRA = ("input", "constraints")


def format_of(found: Found) -> str:
    """The format of the record, by the fields that it has; InputError naming them where none fits."""
    keys = set(found.record)
    for name, wanted in RECOGNISED:
        if wanted <= keys:
            return name
    raise InputError(
        f"{found.place}: no format of instruction sets has these fields: {whole(', '.join(sorted(map(str, keys)))) or '(none)'}. "
        f"Give format: {', '.join(sorted(READERS))}"
    )


def rows_in(found: Found, format: str) -> Iterator[Row]:
    """The rows of a record; a row without a question or an answer says so in `odd`. InputError for a record of another make."""
    reader = READERS.get(format)
    if reader is None:
        raise ValueError(f"unknown format {format!r}.{did_you_mean(format, READERS)}")
    try:
        yield from map(whole_row, repeat(found.place), reader(found))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        what = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{found.place}: no {format} record: {what}") from error


def _row(found: Found, texts: Mapping[str, Any], name: object = None, **fields: Any) -> Row:
    """The row, with what is missing in it said; texts that are empty or say that they are are left out."""
    kept: dict[str, str] = {}
    no_number = None
    for key, value in texts.items():
        if value is None:
            continue
        if not isinstance(value, str):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"{found.place}: {key} is to be text, got {type(value).__name__}")
            if isinstance(value, float) and not math.isfinite(value):
                no_number = no_number or ("not-a-number", f"{found.place}: {key} is {value}, which is no number")
                continue
            value = str(value)
        if value.strip() and not (key in _EXTRA and value.strip().casefold() in _NOTHING):
            kept[key] = value.strip("\n").rstrip() if key != OUTPUT else value.strip()
    odd = None
    if not any(key in kept for key in ("instruction", "input")):
        odd = ("no-instruction", f"{found.place}: neither instruction nor input")
    elif OUTPUT not in kept:
        odd = ("no-output", f"{found.place}: the record has no answer")
    odd = no_number or odd
    named = str(name) if isinstance(name, str | int) and str(name).strip() else row_digest(kept)
    return Row(named, kept, cluster=source_document(kept), odd=odd, **fields)


def _alpaca(found: Found) -> Iterator[Row]:
    record = found.record
    texts = {key: record.get(key) for key in ("system", "instruction", "input", "constraints")}
    row = _row(found, {**texts, OUTPUT: record["output"]}, record.get("id"), task=_word(record.get("category")))
    document = _word(record.get("document"))
    yield replace(row, cluster=document) if document is not None else row


def _self_instruct(found: Found) -> Iterator[Row]:
    record, instances = found.record, found.record["instances"]
    name, task = record.get("id"), _word(record.get("name"))
    if not instances:
        yield _row(found, {"instruction": record["instruction"]}, name, task=task)
    for place, instance in enumerate(instances, 1):
        texts = {"instruction": record["instruction"], "input": instance.get("input"), OUTPUT: instance.get("output")}
        yield _row(found, texts, f"{name}-{place}" if name is not None and len(instances) > 1 else name, task=task)


def _unnatural(found: Found) -> Iterator[Row]:
    """Instruction and input apart where the text that was shown is no more than these two, else what was shown."""
    record = found.record
    for instance in record["instances"]:
        shown, given = instance.get("instruction_with_input"), instance.get("input")
        texts = {"instruction": record["instruction"], "input": given}
        if shown and "".join(shown.split()) not in ("".join(f"{record['instruction']}{given or ''}".split()),):
            texts = {"instruction": shown}
        yield _row(found, {**texts, "constraints": instance.get("constraints"), OUTPUT: instance.get("output")})


def _natural(found: Found) -> Iterator[Row]:
    """A task of Natural Instructions as published: one definition, many instances, each with one or more answers."""
    definition = found.record["Definition"]
    definition = "\n".join(definition) if isinstance(definition, list) else definition
    task = next(iter(found.record.get("Categories") or []), None)
    for instance in found.record["Instances"]:
        answers = instance["output"] if isinstance(instance["output"], list) else [instance["output"]]
        texts = {"instruction": definition, "input": instance.get("input")}
        texts.update({OUTPUT if place == 1 else f"{OUTPUT}-{place}": answer for place, answer in enumerate(answers, 1)})
        yield _row(found, texts, instance.get("id"), task=_word(task))


def _dolly(found: Found) -> Iterator[Row]:
    record = found.record
    texts = {"instruction": record["instruction"], "input": record.get("context"), OUTPUT: record["response"]}
    yield _row(found, texts, record.get("id"), task=_word(record.get("category")))


def _questions(found: Found) -> Iterator[Row]:
    record = found.record
    question, answer = (record.get(short, record.get(long)) for short, long in (("q", "question"), ("a", "answer")))
    texts = {"instruction": question, "input": record.get("context"), OUTPUT: answer}
    yield _row(found, texts, record.get("id"), task=_word(record.get("category")))


def _word(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


READERS: dict[str, Callable[[Found], Iterator[Row]]] = {
    "alpaca": _alpaca,
    "self-instruct": _self_instruct,
    "unnatural-instructions": _unnatural,
    "natural-instructions": _natural,
    "dolly": _dolly,
    "oasst": oasst_rows,
    "oasst-messages": oasst_rows,  # grouped into trees before they come here
    "sharegpt": sharegpt_rows,
    "messages": messages_rows,
    "turns": turns_rows,
    "questions": _questions,
}
# The first format all of whose fields a record has is the one it is read as.
RECOGNISED: tuple[tuple[str, set[str]], ...] = (
    ("natural-instructions", {"Definition", "Instances"}),
    ("oasst", {"prompt", "message_tree_id"}),
    ("oasst-messages", {"message_id", "parent_id", "text", "role"}),
    ("sharegpt", {"conversations"}),
    ("messages", {"messages"}),
    ("turns", {"question_id", "turns"}),
    ("dolly", {"instruction", "response"}),
    ("alpaca", {"instruction", "output"}),
    ("self-instruct", {"instruction", "instances"}),
    ("questions", {"q", "a"}),
    ("questions", {"question", "answer"}),
)


def recognised(found: Found) -> str:
    """`format_of`, telling unnatural instructions from self-instruct's seeds, whose fields they share."""
    name = format_of(found)
    instances = found.record.get("instances")
    if name == "self-instruct" and isinstance(instances, list) and instances and isinstance(instances[0], Mapping):
        return "unnatural-instructions" if "instruction_with_input" in instances[0] else name
    return name
