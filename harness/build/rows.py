"""What a builder yields beside examples: rows that it set aside, each with its reason; and the fields of a row.

**In which language a field is to be.** Every field of a row (`fields_of`) is held against the row's `language`, unless the row
says otherwise in `meta["languages"]`: {field name: tag}, for example `{"instruction": "en"}` of a row whose English instruction
is answered in Swedish. The tag `und` stands for a field that is not to be looked at: code, a list of names, text in two
languages. In a row of the task `translation` that says nothing, only the response is held against `language`: its other fields
hold text in the other language. Fenced code blocks and programs (`harness.build.programs`) are left out
in any case.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.records import Example, Message, TextPart


class SetAside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A row that does not become part of the data, and why.

    `stage`: who set it aside (a builder's name, or a step: `language`, `filter`, `duplicate`, `near-duplicate`,
    `contamination`); `reason`: a short code in kebab-case, by which such rows are counted (`palindrome`, `too-short`);
    `detail`: what was found, for people; `example`: the row as far as it had come; `source`: what it was made from.
    """

    id: str
    stage: str
    reason: str
    detail: str | None = None
    example: Example | None = None
    source: str | None = None


class Built(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """One line of a builder's segment: an example, or a row set aside."""

    example: Example | None = None
    aside: SetAside | None = None

    @property
    def id(self) -> str:
        """The row's id, whichever it is."""
        if self.example is not None:
            return self.example.id
        assert self.aside is not None  # a line holds one of the two
        return self.aside.id


def response_of(example: Example) -> str | None:
    """What a model is to answer: the first reference; None for a document, or where there is none."""
    return example.references[0] if example.references else None


def fields_of(example: Example) -> dict[str, str]:
    """The texts of an example that somebody reads, by name: `instruction`, `response`, and for other kinds `message-1` …

    A chat has its turns as `system`, `user-1`, `assistant-2` … (numbered by place); a document has `document`.
    """
    texts: dict[str, str] = {}
    if len(example.messages) == 1 and example.messages[0].role == "user":
        texts["instruction"] = example.messages[0].text
    else:
        for place, message in enumerate(example.messages, 1):
            alone = message.role in ("system", "document") and message.role not in texts
            texts[message.role if alone else f"{message.role}-{place}"] = message.text
    response = response_of(example)
    if response is not None:
        texts["response"] = response
    return texts


def language_of(example: Example, field: str) -> str:
    """The tag of the language that a field is to be in, as the row declares it; `und`: it is not looked at (see above)."""
    declared = example.meta.get("languages")
    if isinstance(declared, Mapping) and field in declared:
        return str(declared[field] or "und")
    if example.task == "translation" and declared is None and field != "response":
        return "und"
    return example.language


def instruction_example(
    id: str, instruction: str, response: str, *, language: str, system: str | None = None, **fields: Any
) -> Example:
    """An example of instruction data: one user message (after a system message, if any), and the response as its reference."""
    messages = [Message(role="user", parts=(TextPart(text=instruction),))]
    if system is not None:
        messages.insert(0, Message(role="system", parts=(TextPart(text=system),)))
    return Example(
        id=id,
        kind=fields.pop("kind", "instruction"),
        language=language,
        messages=tuple(messages),
        references=(response,),
        **fields,
    )
