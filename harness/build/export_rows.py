"""One row of an exported data set: its columns, out of an Example."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from harness.build.rows import response_of
from harness.records import Example, MediaPart, Message, TextPart

if TYPE_CHECKING:
    import pyarrow as pa

_TEXTS = ("id", "kind", "language", "task", "form")
_MORE = ("instruction", "response", "choices", "source", "cluster", "builder", "dataset", "licence", "meta")
_PART = ("type", "text", "uri", "sha256", "start", "end")
_encoder = msgspec.json.Encoder(order="sorted")


class Survey:
    """What must be known of all rows before the first is written: rows by split, whether any has media or is a document, and, by
    split, the first row of those that have a column at all."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.media = False
        self.documents = False
        self.first: dict[str, list[Example]] = {}
        self._seen: dict[str, set[str]] = {}

    def add(self, example: Example) -> None:
        split = self.split_of(example)
        self.rows[split] += 1
        self.documents = self.documents or example.kind == "document"
        seen = self._seen.setdefault(split, set())
        new = set(self._filled(example)) - seen
        if new:
            seen |= new
            self.first.setdefault(split, []).append(example)

    @staticmethod
    def split_of(example: Example) -> str:
        """Its split; `train` for a row that was given none."""
        return example.split or "train"

    def _filled(self, example: Example) -> Iterator[str]:
        """Names of the columns that may be empty and are not in this row."""
        values = {"task": example.task, "form": example.form, "source": example.source, "choices": example.choices}
        yield from (name for name, value in values.items() if value)
        if example.origin is not None:
            yield from (name for name in ("builder", "dataset", "licence") if getattr(example.origin, name) is not None)
        if example.kind == "document":
            yield "text"
            return
        yield from ("instruction",) * (example.instruction is not None) + ("response",) * (response_of(example) is not None)
        yield from ("messages",) * bool(example.messages)
        for part in (part for message in example.messages for part in message.parts if isinstance(part, MediaPart)):
            self.media = True
            yield from (f"messages.{name}" for name in ("uri", "sha256", "start", "end") if getattr(part, name) is not None)


def columns(survey: Survey) -> list[str]:
    """The columns in their order; `text` only where the build has documents."""
    return [*_TEXTS, "messages", *(["text"] if survey.documents else []), *_MORE]


def row_of(example: Example, survey: Survey) -> dict[str, Any]:
    """The row. `messages` ends with the response as the assistant's; a document has none, its text stands in `text`.

    `content` is a text; in a build with media it is a list of parts in every row.
    """
    response, origin = response_of(example), example.origin
    document = example.kind == "document"
    row: dict[str, Any] = {name: getattr(example, name) for name in _TEXTS}
    row["messages"] = [] if document else _messages(example, response, survey.media)
    if survey.documents:
        row["text"] = "\n\n".join(m.text for m in example.messages if m.role == "document") if document else None
    row["instruction"], row["response"] = (None, None) if document else (example.instruction, response)
    row["choices"], row["source"], row["cluster"] = list(example.choices), example.source, example.cluster
    row["builder"] = origin and origin.builder
    row["dataset"] = origin and origin.dataset
    row["licence"] = origin and origin.licence
    row["meta"] = _encoder.encode(example.meta).decode()
    return row


def schema(survey: Survey) -> "pa.Schema":
    """The Arrow schema of the rows."""
    import pyarrow as pa

    number = {"start", "end"}
    parts = pa.list_(pa.struct([pa.field(name, pa.float64() if name in number else pa.string()) for name in _PART]))
    content = parts if survey.media else pa.string()
    kinds = {
        "messages": pa.list_(pa.struct([pa.field("role", pa.string()), pa.field("content", content)])),
        "choices": pa.list_(pa.string()),
    }
    return pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in columns(survey)])


def _messages(example: Example, response: str | None, media: bool) -> list[dict[str, Any]]:
    messages = list(example.messages)
    if response is not None and not (messages and messages[-1].role == "assistant"):
        messages.append(Message(role="assistant", parts=(TextPart(text=response),)))
    return [{"role": m.role, "content": [_part(part) for part in m.parts] if media else m.text} for m in messages]


def _part(part: TextPart | MediaPart) -> dict[str, Any]:
    held: dict[str, Any] = dict.fromkeys(_PART)
    if isinstance(part, TextPart):
        return {**held, "type": "text", "text": part.text}
    return {**held, "type": part.media, **{name: getattr(part, name) for name in ("uri", "sha256", "start", "end")}}
