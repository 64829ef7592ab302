"""A row of an instruction set, whatever set it comes from: its texts by field, and how they become an example."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.records import Example, Message, Origin, Role, TextPart
from harness_plugins.datasets.file_faults import has_half, whole

OUTPUT = "output"
_LABEL = re.compile(r"^\s*[^\W\d_]{3,20}\s*:\s*")
_PASSAGE = 12  # words that a line has at least to be a passage of its own


@dataclass(frozen=True)
class Row:
    """A row before it becomes an example. `texts`: field → text, in the order in which they are read.

    Fields of a single question are `system`, `instruction`, `input`, `constraints`; of a chat `system`, `user-1`,
    `assistant-2` …; answers are `output`, `output-2` …. `name` is stable within its set. `cluster`: what the row was made from,
    if that is not itself. `language`: where the set says it of each row. `odd`: why it cannot be used, and what was found.
    """

    name: str
    texts: Mapping[str, str]
    task: str | None = None
    cluster: str | None = None
    language: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    odd: tuple[str, str] | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """The answers, the one to learn from first."""
        return tuple(text for name, text in self.texts.items() if is_output(name))

    @property
    def is_chat(self) -> bool:
        """Whether there is more than one question."""
        return any(name.startswith("assistant-") for name in self.texts)


def is_output(name: str) -> bool:
    """Whether the field is an answer."""
    return name == OUTPUT or name.startswith(f"{OUTPUT}-")


def row_digest(texts: Mapping[str, str]) -> str:
    """Sixteen hexadecimal digits that follow from the texts."""
    return hashlib.sha256(json.dumps(dict(texts), ensure_ascii=True).encode("ascii")).hexdigest()[:16]


def whole_row(place: str, row: Row) -> Row:
    """The row; where half of a surrogate pair is in it, which fits into no file, an odd one with U+FFFD in its place."""
    strings = (row.name, *row.texts, *row.texts.values(), row.task, row.cluster, row.language, *(row.odd or ()))
    held = next((name for name, text in row.texts.items() if has_half(text)), None)
    if held is None and not any(text is not None and has_half(text) for text in strings):
        return row
    detail = f"{place}: {held or 'the row'} holds half of a surrogate pair, which is no character"
    return Row(whole(row.name), whole(dict(row.texts)), odd=("half-a-character", detail))


def source_document(texts: Mapping[str, str]) -> str | None:
    """A digest of the passage that a question is about, so that questions about one passage stay together; None without one.

    The passage is the longest line of the input, without a label before it ("Passage:"), if it has a dozen words.
    """
    line = max(texts.get("input", "").splitlines(), key=len, default="")
    passage = " ".join(_LABEL.sub("", line).split())
    if len(passage.split()) < _PASSAGE:
        return None
    return hashlib.sha256(passage.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def example_of(row: Row, texts: Mapping[str, str], *, dataset: str, language: str, origin: Origin, **fields: Any) -> Example:
    """The example that a row becomes, with these texts (its own, or their translations) in its fields."""
    return Example(
        id=f"{dataset}/{row.name}",
        kind="chat" if row.is_chat else "instruction",
        language=language,
        task=row.task,
        messages=_messages(texts),
        references=tuple(text for name, text in texts.items() if is_output(name)),
        cluster_id=None if row.cluster is None else f"{dataset}/{row.cluster}",
        origin=origin,
        **fields,
    )


def _messages(texts: Mapping[str, str]) -> tuple[Message, ...]:
    """Instruction, input and constraints make one message: the input after a blank line, the constraints on their own line."""
    messages: list[Message] = []
    question = texts.get("instruction", "")
    for name, text in texts.items():
        if name == "system":
            messages.append(_message("system", text))
        elif name == "input" and text:
            question = f"{question.rstrip()}\n\n{text}" if question.strip() else text
        elif name == "constraints" and text:
            question = f"{question.rstrip()}\n{text}"
        elif name.startswith("user-"):
            messages.append(_message("user", text))
        elif name.startswith("assistant-"):
            messages.append(_message("assistant", text))
    if question:
        messages.append(_message("user", question))
    return tuple(messages)


def _message(role: Role, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text=text),))
