"""A request as the tokens that a model reads: its chat template, with nothing in a message able to end that message."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from harness.errors import PluginError
from harness_plugins.judges.local_choices import Tokens

_TAIL = 48  # signs of the prompt's end that can decide how what follows is cut into tokens


class Prompts:
    """Renders messages for one tokenizer, and cuts them and the allowed answers into tokens."""

    def __init__(self, tokenizer: Any, name: str) -> None:
        self._tokenizer = tokenizer
        self.name = name
        special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
        special |= set(tokenizer.all_special_tokens)
        longest_first = sorted((token for token in special if len(token) > 1), key=lambda token: (-len(token), token))
        self._special = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self.answer_tokens = lru_cache(maxsize=4096)(self._answer_tokens)

    @property
    def has_template(self) -> bool:
        """Whether the tokenizer comes with a chat template."""
        return bool(self._tokenizer.chat_template)

    def render(self, messages: Sequence[tuple[str, str]]) -> str:
        """The text that the model goes on from.

        Special tokens that stand in a message, such as `<|im_end|>`, get a space after their first sign: they are text there,
        and must not end the message. A template that knows no system gets the system's text before the user's. Without a
        template the messages stand one after the other, a blank line between them.
        """
        harmless = [(role, self._special.sub(_broken, text)) for role, text in messages]
        if not self.has_template:
            return "\n\n".join(text for _, text in harmless) + "\n\n"
        try:
            return self._templated(harmless)
        except Exception as error:  # a template raises what it likes, jinja's errors among it
            merged = _without_system(harmless)
            if merged == harmless:
                raise PluginError(f"model {self.name!r}: its chat template refuses these messages ({error})") from error
        try:
            return self._templated(merged)
        except Exception as error:  # as above
            raise PluginError(f"model {self.name!r}: its chat template refuses these messages ({error})") from error

    def tokens(self, rendered: str) -> list[int]:
        """The tokens of a rendered prompt; the template has put the special ones there."""
        templated = self.has_template
        found: list[int] = self._tokenizer(rendered, add_special_tokens=not templated)["input_ids"]
        return found

    def choice_tokens(self, rendered: str, choices: tuple[str, ...]) -> tuple[Tokens, ...]:
        """The tokens of each choice where it follows the prompt: what they are depends on the last signs before it."""
        return tuple(self.answer_tokens(rendered[-_TAIL:], choice) for choice in choices)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text without special tokens."""
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=True)
        return text

    def decode_token(self, token: int) -> str:
        """One token as text, special ones included."""
        text: str = self._tokenizer.decode([token])
        return text

    @property
    def end(self) -> int | None:
        """The token that ends a text."""
        token: int | None = self._tokenizer.eos_token_id
        return token

    def _answer_tokens(self, tail: str, choice: str) -> Tokens:
        before = self._plain(tail)
        both = self._plain(tail + choice)
        if both[: len(before)] == before:
            return tuple(both[len(before) :])
        return tuple(
            self._plain(choice)
        )  # they grow together: the prompt's tokens are what they are, so the choice's stand alone

    def _plain(self, text: str) -> list[int]:
        found: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    def _templated(self, messages: Sequence[tuple[str, str]]) -> str:
        conversation = [{"role": role, "content": text} for role, text in messages]
        rendered: str = self._tokenizer.apply_chat_template(
            conversation,
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,  # templates that know it leave room for a verdict instead of an essay; others ignore it
        )
        return rendered


def _without_system(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The system's text put before the first message of the user."""
    system = [text for role, text in messages if role == "system"]
    others = [(role, text) for role, text in messages if role != "system"]
    first = next((index for index, (role, _) in enumerate(others) if role == "user"), None)
    if not system or first is None:
        return list(messages)
    others[first] = ("user", "\n\n".join([*system, others[first][1]]))
    return others


def _broken(token: re.Match[str]) -> str:
    return f"{token[0][0]} {token[0][1:]}"
