"""Texts at which an answer ends, looked for in its last tokens only."""

from collections.abc import Sequence
from typing import Any

_MORE = 2  # tokens beyond a stop text's own: the same letters may be cut into tokens differently


class Stops:
    """Stop texts for one tokenizer. `found(tokens)`, asked after every token, decodes only as many as a stop text can fill."""

    def __init__(self, tokenizer: Any, texts: Sequence[str], *, special: bool = True) -> None:
        self.texts = list(texts)
        self._tokenizer, self._special = tokenizer, special
        self._lengths = [len(tokenizer.encode(text, add_special_tokens=False)) + _MORE for text in self.texts]

    def found(self, tokens: Sequence[int]) -> bool:
        """Whether one of the texts stands in what these tokens end with; special tokens count as their text if `special`."""
        for text, length in zip(self.texts, self._lengths, strict=True):
            said = self._tokenizer.decode(list(tokens[-length:]), skip_special_tokens=not self._special)
            if text in said:
                return True
        return False
