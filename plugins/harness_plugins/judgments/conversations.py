"""Conversations as vote sites export them, whatever the shape: what the user asked, and what the model answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import InputError
from harness.records import Message, TextPart

_USER, _MODEL = ("user", "human"), ("assistant", "gpt", "model", "bot")


@dataclass(frozen=True)
class Turn:
    """One user message and the model's answer to it; empty where the model said nothing."""

    asked: str
    answered: str


def read_turns(where: str, value: Any) -> tuple[Turn, ...]:
    """The turns of a conversation: a list of messages (or its JSON) with `role` and `content`, a text or a list of parts.

    A system message is left out. Raises InputError beginning with `where` for what is no conversation.
    """
    messages = _parsed(where, value)
    turns: list[Turn] = []
    asked: str | None = None
    for place, message in enumerate(messages):
        if not isinstance(message, Mapping) or "role" not in message or "content" not in message:
            raise InputError(f"{where}[{place}]: a message is an object with role and content")
        role, text = str(message["role"]).casefold(), content_text(f"{where}[{place}].content", message["content"])
        if role in _USER:
            if asked is not None:
                turns.append(Turn(asked, ""))
            asked = text
        elif role in _MODEL and asked is not None:
            turns.append(Turn(asked, text))
            asked = None
        elif role in _MODEL and turns:
            turns[-1] = Turn(turns[-1].asked, f"{turns[-1].answered}\n{text}")
        elif role != "system":
            raise InputError(f"{where}[{place}]: the role {role!r} is unexpected here; a user message comes first")
    if asked is not None:
        turns.append(Turn(asked, ""))
    if not turns:
        raise InputError(f"{where}: the conversation holds no user message")
    return tuple(turns)


def content_text(where: str, content: Any) -> str:
    """A message's text: itself, or the text parts of a list of parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
        return "\n".join(str(part.get("text") or "") for part in content if part.get("type", "text") == "text")
    raise InputError(f"{where}: expected a text or a list of parts, got {type(content).__name__}")


def user_messages(turns: tuple[Turn, ...]) -> tuple[Message, ...]:
    """What the user said, turn by turn: the models' earlier answers differ by side, so they belong to the outputs."""
    return tuple(Message(role="user", parts=(TextPart(text=turn.asked),)) for turn in turns)


def _parsed(where: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{where}: expected a list of messages, or its JSON: {error}") from error
    if not isinstance(value, list):
        raise InputError(f"{where}: expected a list of messages, got {type(value).__name__}")
    return value
